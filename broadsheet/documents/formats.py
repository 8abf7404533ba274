"""How one value is shown: a subset of d3-format for numbers and of strftime for dates.

The browser formats with d3-format, files with this module; both must show the same text, so this follows d3's algorithm
(github.com/d3/d3-format, 3.1) on binary doubles, with JavaScript's rounding of ties away from zero and its real minus sign (U+2212).

Numbers: ``[+][$][,][.precision][~][type]`` with type ``f d % e g s`` or none. Dates: ``%Y %y %m %-m %b %B %d %-d %e %j %q %a %A %H %I
%M %S %p %L %Z %%``. Without a format the type decides, see :func:`format_value`.
"""

import datetime as dt
import json
import math
import re
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

import msgspec

#: What is shown where there is no value.
MISSING = "–"
MINUS = "\u2212"

_SPECIFIER = re.compile(r"(\+)?(\$)?(,)?(?:\.(\d{1,2}))?(~)?([fd%egs])?", re.ASCII)
_DIRECTIVE = re.compile(r"%(-?[A-Za-z%])")
DATE_DIRECTIVES = frozenset(
    ("Y", "y", "m", "-m", "b", "B", "d", "-d", "e", "j", "q", "a", "A", "H", "-H", "I", "-I", "M", "S", "p", "L", "Z", "%")
)
_PREFIXES = ("y", "z", "a", "f", "p", "n", "µ", "m", "", "k", "M", "G", "T", "P", "E", "Z", "Y")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_EXACT = Context(prec=1200, rounding=ROUND_HALF_UP)
_LARGEST_EXACT = 2**53


class NumberFormat(msgspec.Struct, frozen=True):
    """A parsed number format. ``precision`` is ``None`` if it was not written; ``type`` is one of ``f d % e g s`` or empty."""

    plus: bool = False
    currency: bool = False
    grouping: bool = False
    precision: int | None = None
    trim: bool = False
    type: str = ""


def is_date_format(text: str) -> bool:
    """Does this format dates (``%b %Y``) rather than numbers (``.1%``)?"""
    return bool(_DIRECTIVE.search(text)) and not _SPECIFIER.fullmatch(text)


def parse_number_format(text: str) -> NumberFormat:
    """Parse a number format; raises ``ValueError`` with a message for a person."""
    found = _SPECIFIER.fullmatch(text)
    if not found:
        raise ValueError(f"`{text[:40]}` is not a number format")
    plus, currency, comma, precision, trim, kind = found.groups()
    if currency and kind == "%":
        raise ValueError(f"`{text}` asks for `$` and `%` together")
    if precision is not None and int(precision) > 20:
        raise ValueError(f"`{text}` asks for more than 20 digits")
    return NumberFormat(bool(plus), bool(currency), bool(comma), int(precision) if precision else None, bool(trim), kind or "")


def mistake_in(text: str) -> tuple[str, str] | None:
    """Message and hint if ``text`` is no format that is supported."""
    if is_date_format(text):
        if len(text) > 100:
            return "The format is longer than 100 characters", "for example `%b %Y`"
        unknown = [found for found in _DIRECTIVE.findall(text) if found not in DATE_DIRECTIVES]
        return (f"`%{unknown[0]}` is not a known part of a date format", "for example `%Y-%m-%d` or `%b %Y`") if unknown else None
    try:
        parse_number_format(text)
    except ValueError as error:
        return str(error), "for example `,.1f`, `.1%`, `$,.2f`, `+d`, or `%b %Y` for dates"
    return None


def format_value(value: Any, format: str | None = None, type: str | None = None) -> str:
    """The text for one cell. ``type`` is the column's (text integer number numeric boolean date timestamp json).

    Null gives "–". A format that does not fit the value (a date format for a text) is ignored. Without one: integers ``,d``; numbers
    ``,.2~f``, below 1 ``.3~g``; dates ``%Y-%m-%d``, timestamps ``%Y-%m-%d %H:%M``; booleans yes/no; the rest as text.
    """
    value = _typed(value, type)
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float | Decimal):
        return _number_cell(value, format)
    if isinstance(value, dt.date):
        default = "%Y-%m-%d %H:%M" if isinstance(value, dt.datetime) else "%Y-%m-%d"
        return format_date(value, format if format and is_date_format(format) else default)
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _typed(value: Any, type: str | None) -> Any:
    """Dates and timestamps travel as text in JSON; the column's type tells them apart from texts."""
    if isinstance(value, str) and type in ("date", "timestamp"):
        try:
            return dt.date.fromisoformat(value) if type == "date" else dt.datetime.fromisoformat(value)
        except ValueError:
            return value
    if isinstance(value, str) and type in ("numeric", "number", "integer"):
        try:
            return Decimal(value)
        except ArithmeticError:
            return value
    return value


def _number_cell(value: int | float | Decimal, format: str | None) -> str:
    if format and not is_date_format(format):
        return format_number(value, format)
    if isinstance(value, int):
        return format_number(value, ",d")
    number = float(value)
    return format_number(number, ",.2~f" if abs(number) >= 1 or number == 0 else ".3~g")


def format_number(value: int | float | Decimal, format: str) -> str:
    """``value`` as d3-format shows it. Integers beyond 2**53 keep their digits with ``d``. Raises ``ValueError`` for a wrong format."""
    spec = parse_number_format(format)
    if isinstance(value, int) and abs(value) > _LARGEST_EXACT and spec.type == "d":
        number, body, suffix = math.copysign(1.0, value), str(abs(value)), ""
    else:
        number = _double(value)
        body, suffix = _digits(abs(number), spec)
    if math.isnan(number):
        return "NaN"
    negative = number < 0 and (spec.plus or any(char in "123456789I" for char in body.split("e")[0]))
    sign = MINUS if negative else "+" if spec.plus else ""
    whole, rest = re.fullmatch(r"(\d*)(.*)", body, re.DOTALL).groups()  # type: ignore[union-attr]
    if spec.grouping and whole:
        whole = f"{int(whole):,}"
    return f"{sign}{'$' if spec.currency else ''}{whole}{rest}{suffix}"


def _double(value: int | float | Decimal) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _digits(number: float, spec: NumberFormat) -> tuple[str, str]:
    """Digits and suffix for a number that is not negative."""
    if not math.isfinite(number):
        return ("Infinity" if number > 0 else "NaN"), ""
    kind, trim, precision = spec.type or "g", spec.trim, spec.precision
    if not spec.type and precision is None:
        precision, trim = 12, True
    elif not spec.type:
        trim = True
    precision = 6 if precision is None else precision
    suffix = ""
    if kind in "gs":
        precision = max(1, min(21, precision))
    match kind:
        case "d":
            body = _to_fixed(number, 0) if number <= _LARGEST_EXACT else format(Decimal(repr(number)), "f")
        case "f":
            body = _to_fixed(number, precision)
        case "%":
            body, suffix = _to_fixed(number * 100, precision), "%"
        case "e":
            body = _to_exponential(number, precision)
        case "g":
            body = _to_precision(number, precision)
        case _:
            body, suffix = _with_prefix(number, precision)
    return (_trimmed(body) if trim else body), suffix


def _trimmed(body: str) -> str:
    mantissa, mark, exponent = body.partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return mantissa + mark + exponent


def _to_fixed(number: float, precision: int) -> str:
    """ECMAScript ``Number.prototype.toFixed``."""
    if number >= 1e21:
        return repr(number) if math.isfinite(number) else "Infinity"
    return format(_EXACT.quantize(Decimal(number), Decimal(1).scaleb(-precision)), "f")


def _parts(number: float, digits: int) -> tuple[str, int]:
    """``digits`` significant digits and the decimal exponent of the first, ties away from zero."""
    if number == 0:
        return "0" * digits, 0
    exact = Decimal(number)
    exponent = exact.adjusted()
    rounded = _EXACT.quantize(exact, Decimal(1).scaleb(exponent - digits + 1))
    if rounded.adjusted() > exponent:
        exponent += 1
    return "".join(map(str, rounded.as_tuple().digits))[:digits], exponent


def _to_exponential(number: float, precision: int) -> str:
    digits, exponent = _parts(number, precision + 1)
    return f"{digits[0]}{'.' + digits[1:] if precision else ''}e{exponent:+d}"


def _to_precision(number: float, precision: int) -> str:
    digits, exponent = _parts(number, precision)
    if exponent < -6 or exponent >= precision:
        return _to_exponential(number, precision - 1)
    if exponent < 0:
        return "0." + "0" * (-exponent - 1) + digits
    return digits[: exponent + 1] + ("." + digits[exponent + 1 :] if exponent + 1 < precision else "")


def _with_prefix(number: float, precision: int) -> tuple[str, str]:
    """SI prefixes: d3's ``formatPrefixAuto``."""
    if number == 0:
        return _to_precision(number, precision), ""
    digits, exponent = _parts(number, precision)
    step = max(-8, min(8, exponent // 3))
    point = exponent - step * 3 + 1
    if point == precision:
        body = digits
    elif point > precision:
        body = digits + "0" * (point - precision)
    elif point > 0:
        body = digits[:point] + "." + digits[point:]
    else:
        body = "0." + "0" * -point + _parts(number, max(1, precision + point - 1))[0]
    return body, _PREFIXES[8 + step]


def format_date(value: dt.date, format: str) -> str:
    """``value`` by a strftime pattern, in English whatever the locale of the machine."""
    return _DIRECTIVE.sub(lambda found: _date_part(value, found.group(1)), format)


def _date_part(value: dt.date, part: str) -> str:
    moment = value if isinstance(value, dt.datetime) else dt.datetime.combine(value, dt.time())
    zone = moment.strftime("%z") or ("" if not isinstance(value, dt.datetime) else "+0000")
    parts = {
        "Y": f"{moment.year:04d}", "y": f"{moment.year % 100:02d}", "m": f"{moment.month:02d}", "-m": str(moment.month),
        "b": _MONTHS[moment.month - 1][:3], "B": _MONTHS[moment.month - 1], "d": f"{moment.day:02d}", "-d": str(moment.day),
        "e": f"{moment.day:2d}", "j": f"{moment.timetuple().tm_yday:03d}", "q": str((moment.month + 2) // 3),
        "a": _DAYS[moment.weekday()][:3], "A": _DAYS[moment.weekday()], "H": f"{moment.hour:02d}", "-H": str(moment.hour),
        "I": f"{(moment.hour + 11) % 12 + 1:02d}", "-I": str((moment.hour + 11) % 12 + 1), "M": f"{moment.minute:02d}",
        "S": f"{moment.second:02d}", "p": "AM" if moment.hour < 12 else "PM", "L": f"{moment.microsecond // 1000:03d}", "Z": zone,
        "%": "%",
    }  # fmt: skip
    return parts.get(part, "%" + part)
