"""Puts the values of parameters into SQL as typed literals, so that nothing a reader types is ever SQL.

Why literals, when every driver binds parameters: ``COPY (…) TO STDOUT`` takes none, and the same query must mean the same in a
bulk export as on the page. A literal stands in parentheses, ``('2013-01-01'::date)``: it behaves as a bound parameter in every place where
one is allowed and can't merge with what the author wrote around it (``E'…'`` continued on a next line, ``interval :x``, ``- :n``). Text
carries no type, as with a bound parameter: PostgreSQL takes the type that the place asks for (``uuid``, an enum, ``text``).

psycopg2's ``adapt`` is not used: without a connection it escapes backslashes by a process-wide guess of
``standard_conforming_strings``. Text with a backslash or a line break becomes an ``E''`` string, which means the same under either setting
and keeps the line numbers of the author's query.
"""

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal

from broadsheet.documents.model import ParameterType, Value
from broadsheet.documents.placeholders import substitute
from broadsheet.errors import FieldError, InvalidParameters

_ARRAY_TYPES = {
    ParameterType.TEXT: "text",
    ParameterType.CHOICE: "text",
    ParameterType.NUMBER: "numeric",
    ParameterType.DATE: "date",
    ParameterType.BOOLEAN: "boolean",
}
_ESCAPES = str.maketrans({"'": "''", "\\": "\\\\", "\n": "\\n", "\r": "\\r"})


def bind(
    sql: str,
    values: Mapping[str, Value],
    attributes: Mapping[str, Value] | None = None,
    element_types: Mapping[str, ParameterType] | None = None,
) -> str:
    """``sql`` with each ``:name`` replaced by a literal of its value.

    ``attributes`` holds ``user.NAME`` and ``org.NAME``; one that is missing binds as ``NULL``, which compares with nothing: who has no
    region sees no region. ``element_types`` gives the type of an array by name (needed for an empty list; default: by its elements).
    Raises ``InvalidParameters`` for a declared parameter without a value and for what PostgreSQL can't store (NUL, lone surrogates).
    """
    attributes, element_types = attributes or {}, element_types or {}

    def render(name: str) -> str:
        if "." in name:
            return literal(attributes.get(name), name)
        if name not in values:
            raise _invalid(name, "has no value")
        return literal(values[name], name, element_types.get(name))

    return substitute(sql, render)


def literal(value: Value, name: str = "", element_type: ParameterType | None = None) -> str:
    """The value as a PostgreSQL expression in parentheses."""
    if isinstance(value, list | tuple):
        return f"({_array(value, name, element_type)})"
    return f"({_scalar(value, name)})"


def quote(text: str, name: str = "") -> str:
    """The text as a PostgreSQL string constant."""
    if "\0" in text:
        raise _invalid(name, "contains the character NUL, which no text in PostgreSQL can hold")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _invalid(name, "contains half a surrogate pair, which is not a character") from None
    if "\\" in text or "\n" in text or "\r" in text:
        return f"E'{text.translate(_ESCAPES)}'"
    return "'" + text.replace("'", "''") + "'"


def _scalar(value: object, name: str) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case int():
            return str(value)
        case float():
            return f"'{_float(value)}'::float8"
        case Decimal():
            if value.is_infinite() or value.is_snan():
                raise _invalid(name, f"is {value}, which is not a number that can be compared")
            return f"'{value}'::numeric"
        case dt.datetime():
            return f"'{value.isoformat()}'::{'timestamptz' if value.tzinfo else 'timestamp'}"
        case dt.date():
            return f"'{value.isoformat()}'::date"
        case str():
            return quote(value, name)
    raise _invalid(name, f"is a {type(value).__name__}, which can't be sent to a database")


def _float(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(value)


def _array(values: Sequence[object], name: str, element_type: ParameterType | None) -> str:
    type_name = _ARRAY_TYPES.get(element_type) if element_type else _array_type(values)
    return f"ARRAY[{','.join(_scalar(value, name) for value in values)}]::{type_name or 'text'}[]"


def _array_type(values: Sequence[object]) -> str:
    """By the elements: all of one kind, or text."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return "boolean"
    if kinds and kinds <= {int}:
        return "bigint" if all(abs(value) < 2**63 for value in values if isinstance(value, int)) else "numeric"
    if kinds and kinds <= {int, float}:
        return "float8"
    if kinds and kinds <= {int, float, Decimal}:
        return "numeric"
    if kinds == {dt.date}:
        return "date"
    return "text"


def _invalid(name: str, reason: str) -> InvalidParameters:
    message = f"The parameter {name or '?'} {reason}."
    return InvalidParameters(message, errors=(FieldError(f"/params/{name}", message),))
