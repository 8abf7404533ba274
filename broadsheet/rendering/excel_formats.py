"""The report's formats in the words of Excel (ECMA-376, part 1, section 18.8.31), which can say fewer things.

What Excel can't say becomes the default of the column's type: a cell keeps its value and its type whatever its format.
"""

import re

from broadsheet.documents.formats import is_date_format, parse_number_format

DEFAULT_FORMATS = {
    "integer": "#,##0",
    "number": "#,##0.##########",
    "numeric": "#,##0.##########",
    "date": "yyyy-mm-dd",
    "timestamp": "yyyy-mm-dd hh:mm:ss",
}


def excel_format(format: str | None, kind: str) -> str | None:
    """A d3 number format or strftime pattern as Excel's number format; what Excel can't say becomes the type's default."""
    default = DEFAULT_FORMATS.get(kind)
    if format is None or default is None:
        return default
    if kind in ("date", "timestamp"):
        return _excel_date_format(format) if is_date_format(format) else default
    try:
        spec = parse_number_format(format)
    except ValueError:
        return default
    whole = "#,##0" if spec.grouping else "0"
    digits = 6 if spec.precision is None else spec.precision
    optional = "#" if spec.trim else "0"
    match spec.type:
        case "f":
            pattern = whole + (f".{optional * digits}" if digits else "")
        case "%":
            pattern = whole + (f".{optional * digits}" if digits else "") + "%"
        case "d":
            pattern = whole
        case "e":
            pattern = "0" + (f".{'0' * digits}" if digits else "") + "E+00"
        case _:
            return default
    pattern = ('"$"' if spec.currency else "") + pattern
    return f"+{pattern};-{pattern};{pattern}" if spec.plus else pattern


_EXCEL_DATE_PARTS = {
    **{
        "Y": "yyyy",
        "y": "yy",
        "m": "mm",
        "-m": "m",
        "b": "mmm",
        "B": "mmmm",
        "d": "dd",
        "-d": "d",
        "e": "d",
        "a": "ddd",
        "A": "dddd",
    },
    **{"H": "hh", "-H": "h", "I": "hh", "-I": "h", "M": "mm", "S": "ss", "p": "AM/PM", "%": '"%"'},
}


def _excel_date_format(format: str) -> str:
    parts = re.split(r"(%-?[A-Za-z%])", format)
    if any(part[1:] not in _EXCEL_DATE_PARTS for part in parts[1::2]):
        return DEFAULT_FORMATS["timestamp"]
    made = [_EXCEL_DATE_PARTS[part[1:]] if index % 2 else _literal(part) for index, part in enumerate(parts)]
    return "".join(made)


def _literal(text: str) -> str:
    return re.sub(r"[^\s\-/:,.]+", lambda found: '"' + found.group().replace('"', "") + '"', text)
