"""The typed model of a report file: what the parser gives and every renderer reads.

Rendering never touches the text again. All records are frozen; positions are 1-based and only there for messages.
"""

import datetime as dt
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

#: What a parameter can be worth once it is read. A list binds as an array.
Value = str | int | float | Decimal | bool | dt.date | dt.datetime | list[Any] | None


class Position(msgspec.Struct, frozen=True):
    line: int
    column: int


class ParameterType(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    LIST = "list"
    BOOLEAN = "boolean"


class Option(msgspec.Struct, frozen=True):
    """One thing to choose: the value that is bound and the words that are shown."""

    value: Any
    label: str


class Parameter(msgspec.Struct, frozen=True):
    """A typed input of a report.

    ``options`` is a fixed tuple, or ``options_query`` a ``select`` whose first column is the value and second (if any) the label.
    ``of`` is the element type of a list. ``default`` is already of the parameter's type, or relative to the day of the request
    (``default_expression``: ``today - 7d``). ``required`` (no default was written): the reader must choose, an empty value is refused.
    """

    name: str
    type: ParameterType
    label: str
    default: Value = None
    options: tuple[Option, ...] = ()
    options_query: str | None = None
    of: ParameterType = ParameterType.TEXT
    minimum: float | None = None
    maximum: float | None = None
    position: Position = Position(1, 1)
    required: bool = False
    default_expression: str | None = None


class Query(msgspec.Struct, frozen=True):
    """A named SQL query. ``parameters`` are the declared names it uses, in order of first use, without duplicates.

    ``attributes`` are those of who asks: ``user.region``, ``org.slug``.
    """

    name: str
    sql: str
    source: str | None = None
    parameters: tuple[str, ...] = ()
    position: Position = Position(1, 1)
    attributes: tuple[str, ...] = ()


class Column(msgspec.Struct, frozen=True):
    """How a table shows one column. ``format`` is a format specification as in ``documents.formats``."""

    name: str
    label: str | None = None
    format: str | None = None
    align: str | None = None
    bars: bool = False
    hidden: bool = False


class Markdown(msgspec.Struct, frozen=True, tag="markdown"):
    """CommonMark with tables; ``text`` may hold ``{{ … }}`` expressions."""

    text: str
    position: Position = Position(1, 1)


class Table(msgspec.Struct, frozen=True, tag="table"):
    query: str
    title: str | None = None
    limit: int | None = None
    columns: tuple[Column, ...] = ()
    totals: tuple[str, ...] = ()
    position: Position = Position(1, 1)


class Chart(msgspec.Struct, frozen=True, tag="chart"):
    """A chart in the short form, or a whole Vega-Lite ``spec``.

    Short form: ``mark`` (line, area, bar, point, pie), ``x``, ``y`` (one or several columns), ``color``, ``stack``, ``x_title`` and
    so on. Exactly one of ``mark`` and ``spec`` is set. ``height`` is in pixels of the screen.
    """

    query: str
    title: str | None = None
    mark: str | None = None
    x: str | None = None
    y: tuple[str, ...] = ()
    color: str | None = None
    stack: bool = True
    horizontal: bool = False
    x_title: str | None = None
    y_title: str | None = None
    format: str | None = None
    height: int = 280
    spec: dict[str, Any] | None = None
    position: Position = Position(1, 1)


class Metric(msgspec.Struct, frozen=True, tag="metric"):
    """One number: ``agg`` (first, last, sum, mean, min, max, count) over the column ``value``."""

    query: str
    value: str
    label: str
    agg: str = "first"
    format: str | None = None
    unit: str | None = None
    position: Position = Position(1, 1)


Block = Markdown | Table | Chart | Metric


class Page(msgspec.Struct, frozen=True):
    size: str = "A4"
    orientation: str = "portrait"


class Report(msgspec.Struct, frozen=True):
    """A whole report file."""

    title: str
    blocks: tuple[Block, ...]
    description: str = ""
    source: str | None = None
    freshness_seconds: int | None = None
    parameters: tuple[Parameter, ...] = ()
    queries: tuple[Query, ...] = ()
    page: Page = Page()
    version: int = 1

    def query(self, name: str) -> Query:
        """The query of that name; raises ``KeyError``."""
        for query in self.queries:
            if query.name == name:
                return query
        raise KeyError(name)

    def parameter(self, name: str) -> Parameter:
        """The parameter of that name; raises ``KeyError``."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        raise KeyError(name)


class Mistake(msgspec.Struct, frozen=True):
    """One thing wrong with a report text. ``line`` and ``column`` are 1-based."""

    line: int
    column: int
    message: str
    hint: str | None = None
