"""Evaluates the ``{{ … }}`` of a Markdown text. What comes out of data is text, never markup.

Values are escaped with HTML entities, not backslashes: an entity can never open, close or continue a Markdown construct, wherever the
author put the expression (a heading, a table cell, a link). The result is Markdown and goes through ``documents.markdown`` as any text.
What is missing (no such row, null, division by zero) is shown as "–". Which expressions are allowed is decided in ``expressions``.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from itertools import islice
from typing import Any, overload

import msgspec
from jinja2 import ChainableUndefined
from jinja2.exceptions import TemplateError
from jinja2.runtime import Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from broadsheet.documents import formats
from broadsheet.documents.expressions import NotAllowed, parse_expression, queries_read, segments
from broadsheet.documents.model import Parameter, Value
from broadsheet.documents.parameters import pick

LARGEST_OUTPUT_CHARACTERS = 2 * 1024 * 1024
LONGEST_VALUE = 10_000
MOST_ITEMS_SHOWN = 100

_SPECIAL = re.compile(r"[\\`*_{}\[\]()#!|<>&~\"'$]")
_LINE_START = re.compile(r"[-+=:]+(?=\s|$)|\d{1,9}\.(?=\s|$)")
_NO_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")


class ParameterText(msgspec.Struct, frozen=True, eq=False):
    """A parameter as expressions see it: ``{{ carrier.value }}``, ``{{ carrier.label }}``, ``{{ carrier }}`` (its label).

    It compares as its value, so that ``carrier == "UA"`` means what it says.
    """

    value: Value
    label: str

    def __eq__(self, other: object) -> bool:
        return bool(self.value == _bare(other))

    def __hash__(self) -> int:
        return hash(self.label)

    def __lt__(self, other: Any) -> bool:
        return bool(self.value < _bare(other))

    def __gt__(self, other: Any) -> bool:
        return bool(self.value > _bare(other))

    def __le__(self, other: Any) -> bool:
        return bool(self.value <= _bare(other))

    def __ge__(self, other: Any) -> bool:
        return bool(self.value >= _bare(other))

    def __bool__(self) -> bool:
        return bool(self.value)


class ResultRows(msgspec.Struct, frozen=True):
    """A query's result as expressions see it: ``{{ delays.rows[0].flights }}``, ``{{ delays.row_count }}``."""

    rows: Sequence[Mapping[str, Any]]
    row_count: int


class ColumnRows(Sequence[Mapping[str, Any]]):
    """Rows over columnar data; a row is built when it is read. ``columns[i]`` holds the values of ``names[i]``."""

    def __init__(self, names: Sequence[str], columns: Sequence[Sequence[Any]]):
        self.names = names
        self.columns = columns

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    @overload
    def __getitem__(self, index: int) -> Mapping[str, Any]: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Mapping[str, Any]]: ...

    def __getitem__(self, index: int | slice) -> Mapping[str, Any] | Sequence[Mapping[str, Any]]:
        if isinstance(index, slice):
            return ColumnRows(self.names, [column[index] for column in self.columns])
        return dict(zip(self.names, [column[index] for column in self.columns], strict=True))


class TextContext(msgspec.Struct, frozen=True):
    """What the expressions of a report may read, by name."""

    parameters: Mapping[str, ParameterText] = {}
    results: Mapping[str, ResultRows] = {}


def parameter_text(parameter: Parameter, value: Value, label: str | None = None) -> ParameterText:
    """A parameter's value with the words for it: ``label`` if the caller knows it (queried options), else from fixed options."""
    if label is None:
        items = value if isinstance(value, list) else [value]
        options = [pick(parameter.options, item) for item in items]
        words = [option.label if option else formats.format_value(item) if not _is_plain_number(item) else str(item)
                 for option, item in zip(options, items, strict=True)]  # fmt: skip
        label = ", ".join(words) if words else formats.MISSING
    return ParameterText(value, label)


def _is_plain_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def used_queries(text: str) -> set[str]:
    """The names of the queries whose results a Markdown text reads: every ``NAME`` in ``NAME.rows`` and ``NAME.row_count``."""
    return queries_read(text)


def evaluate(text: str, context: TextContext) -> str:
    """The Markdown text with every expression replaced by its escaped value; never more than a bounded size (then cut with "…")."""
    parts: list[str] = []
    size = 0
    names: dict[str, Any] = {**context.results, **context.parameters}
    for segment in segments(text):
        part = text[segment.start : segment.end] if segment.expression is None else _evaluated(segment.expression, names)
        size += len(part)
        if size > LARGEST_OUTPUT_CHARACTERS:
            parts.append("…")
            break
        parts.append(part)
    return "".join(parts)


def _evaluated(expression: str, names: Mapping[str, Any]) -> str:
    try:
        run = _compiled(expression)
        value = run(**names)
    except (
        NotAllowed,
        TemplateError,
        ArithmeticError,
        TypeError,
        ValueError,
        LookupError,
        AttributeError,
        RecursionError,
        SyntaxError,
    ):
        return formats.MISSING
    return escape(_shown(value))


@cache
def _environment() -> "_Environment":
    return _Environment(undefined=ChainableUndefined, autoescape=False, cache_size=0)


def _compiled(expression: str) -> Callable[..., Any]:
    parse_expression(expression)
    return _environment().compile_expression(expression, undefined_to_none=False)


class _Environment(ImmutableSandboxedEnvironment):
    """Reaches nothing but the fields of the two records, list indexes and columns."""

    intercepted_binops = frozenset(["+", "-", "*", "/", "//", "%", "**"])
    intercepted_unops = frozenset(["-", "+"])

    def __init__(self, **options: Any):
        super().__init__(**options)
        self.globals = {}
        self.tests = {}
        self.filters = {
            "number": _number, "date": _date, "percent": _percent, "default": _default, "round": _round, "upper": _upper, "lower": _lower,
        }  # fmt: skip

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Undefined):
            return obj
        if isinstance(obj, ParameterText) and argument in ("value", "label"):
            return obj.label if argument == "label" else obj.value
        if isinstance(obj, ResultRows) and argument in ("rows", "row_count"):
            return obj.rows if argument == "rows" else obj.row_count
        if isinstance(obj, Mapping) and isinstance(argument, str) and argument in obj:
            return obj[argument]
        if (
            isinstance(obj, Sequence)
            and not isinstance(obj, str)
            and isinstance(argument, int)
            and -len(obj) <= argument < len(obj)
        ):
            return obj[argument]
        return self.undefined(obj=obj, name=argument)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        raise NotAllowed("Calls are not allowed in an expression")

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "**":
            raise NotAllowed("`**` is not allowed in an expression")
        return self.binop_table[operator](_as_number(left), _as_number(right))

    def call_unop(self, context: Any, operator: str, arg: Any) -> Any:
        return self.unop_table[operator](_as_number(arg))


def _bare(value: Any) -> Any:
    return value.value if isinstance(value, ParameterText) else value


def _as_number(value: Any) -> float:
    """Only numbers are calculated with, as floats, so that nothing can grow."""
    value = _bare(value)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return value if isinstance(value, int) and abs(value) < 2**53 else float(value)
    raise TypeError("not a number")


def _shown(value: Any) -> str:
    if isinstance(value, ParameterText):
        return value.label
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_shown(item) for item in islice(value, MOST_ITEMS_SHOWN)) or formats.MISSING
    return formats.format_value(value) if isinstance(value, str | int | float | Decimal | dt.date) else formats.MISSING


def escape(value: str) -> str:
    """``value`` as Markdown that shows exactly this text, on one line."""
    text = " ".join(_NO_CONTROL.sub("", value[:LONGEST_VALUE]).split())
    text = _SPECIAL.sub(_entity, text)
    if start := _LINE_START.match(text):
        text = "".join(f"&#{ord(char)};" for char in start.group()) + text[start.end() :]
    return text


def _entity(found: re.Match[str]) -> str:
    return f"&#{ord(found.group())};"


def _missing(value: Any) -> bool:
    return isinstance(value, Undefined) or _bare(value) is None


def _number(value: Any, format: str = "") -> Any:
    if _missing(value):
        return None
    number = _as_number(value)
    return formats.format_number(number, format) if format else formats.format_value(number)


def _percent(value: Any, digits: int = 1) -> Any:
    return None if _missing(value) else formats.format_number(_as_number(value), f".{max(0, min(int(digits), 20))}%")


def _round(value: Any, digits: int = 0) -> Any:
    return None if _missing(value) else formats.format_number(_as_number(value), f".{max(0, min(int(digits), 20))}f")


def _date(value: Any, format: str = "%-d %B %Y") -> Any:
    value = _bare(value)
    if isinstance(value, str):
        value = dt.datetime.fromisoformat(value) if "T" in value or ":" in value else dt.date.fromisoformat(value)
    return formats.format_date(value, str(format)[:100]) if isinstance(value, dt.date) else None


def _default(value: Any, other: Any = "") -> Any:
    return other if _missing(value) or _bare(value) == "" else value


def _upper(value: Any) -> str:
    return _shown(value)[:LONGEST_VALUE].upper()


def _lower(value: Any) -> str:
    return _shown(value)[:LONGEST_VALUE].lower()
