"""Values of parameters: from text (a query string), from JSON or YAML, and back to JSON.

``from_text`` and ``from_plain`` raise ``ValueError`` with a message for a person. A number is an ``int`` if it is written as one, else a
``Decimal``, so that what is bound is what was written. ``to_json`` and ``from_plain`` are inverse.
"""

import datetime as dt
import re
from decimal import Decimal
from typing import Any

from broadsheet.documents.model import ParameterType, Value

LONGEST_TEXT = 10_000
LONGEST_LIST = 1_000

_NUMBER = re.compile(r"[+-]?(\d{1,38})?(\.\d{0,38})?([eE][+-]?\d{1,2})?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_BOOLEANS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
_RELATIVE = re.compile(r"today(?:\s*([+-])\s*(\d{1,5})\s*([dw]))?", re.ASCII)


def _shown(raw: object) -> str:
    text = str(raw)
    return f"`{text[:60]}…`" if len(text) > 60 else f"`{text}`"


def _number(text: str) -> int | Decimal:
    text = text.strip()
    if not _NUMBER.fullmatch(text) or not any(char.isdigit() for char in re.split("[eE]", text)[0]):
        raise ValueError(f"must be a number, not {_shown(text)}")
    return int(text) if re.fullmatch(r"[+-]?\d+", text) else Decimal(text)


def _date(text: str) -> dt.date:
    text = text.strip()
    try:
        if _DATE.fullmatch(text):
            return dt.date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{_shown(text)} is not a day of the calendar") from None
    raise ValueError(f"must be a date as 2013-01-31, not {_shown(text)}")


def _text(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"must have at most {LONGEST_TEXT:,} characters")
    if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise ValueError("holds a character that no database accepts")
    return text


def from_text(kind: ParameterType, text: str) -> Value:
    """The value that ``text`` writes, for a type that is not a list."""
    match kind:
        case ParameterType.NUMBER:
            return _number(text)
        case ParameterType.DATE:
            return _date(text)
        case ParameterType.BOOLEAN:
            if text.strip().lower() not in _BOOLEANS:
                raise ValueError(f"must be true or false, not {_shown(text)}")
            return _BOOLEANS[text.strip().lower()]
        case _:
            return _text(text)


def from_plain(kind: ParameterType, raw: object) -> Value:
    """The value that JSON or YAML data stands for, for a type that is not a list."""
    if kind is ParameterType.BOOLEAN:
        if isinstance(raw, bool):
            return raw
        raise ValueError(f"must be true or false, not {_shown(raw)}")
    if kind is ParameterType.NUMBER and isinstance(raw, int | float | Decimal) and not isinstance(raw, bool):
        return _number(str(raw))
    if kind is ParameterType.DATE and isinstance(raw, dt.date) and not isinstance(raw, dt.datetime):
        return raw
    if kind is ParameterType.CHOICE and isinstance(raw, str | int | float | Decimal | bool | dt.date):
        return _text(raw) if isinstance(raw, str) else raw
    if isinstance(raw, str):
        return from_text(kind, raw)
    wanted = {ParameterType.NUMBER: "a number", ParameterType.DATE: "a date as 2013-01-31"}.get(kind, "a text")
    raise ValueError(f"must be {wanted}, not {_shown(raw)}")


def to_text(value: Value) -> str:
    """The value as a query string carries it; ``from_text`` reads it back. A null is the empty text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(value)


def to_json(value: Value) -> Any:
    """The value as JSON data: dates in ISO form; a decimal as a number if a double holds it exactly, else as text."""
    if isinstance(value, list):
        return [to_json(item) for item in value]
    if isinstance(value, Decimal):
        number = float(value)
        return number if Decimal(repr(number)) == value else str(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    return value


def is_relative(text: str) -> bool:
    """Is this a date relative to the day of the request, as ``today`` or ``today - 7d``?"""
    return _RELATIVE.fullmatch(text.strip()) is not None


def relative_date(text: str, today: dt.date) -> dt.date:
    """``today``, ``today - 7d``, ``today + 2w``. Raises ``ValueError`` for anything else, or for a day beyond the calendar."""
    found = _RELATIVE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"must be a date or `today - 7d`, not {_shown(text)}")
    sign, count, unit = found.groups()
    if sign is None:
        return today
    days = int(count) * (7 if unit == "w" else 1)
    try:
        return today + dt.timedelta(days=-days if sign == "-" else days)
    except OverflowError:
        raise ValueError(f"{_shown(text)} is beyond the calendar") from None
