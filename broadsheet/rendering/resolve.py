"""An edition's blocks with everything worked out: text evaluated, numbers computed and formatted, charts with their rows.

PDF and HTML lay out what this gives; the live page uses the same functions for its metrics and texts, so that all of them say the same.
A reader would get wrong that cells are *text* here: formats are applied once, in :mod:`broadsheet.documents.formats`.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from broadsheet.documents.formats import format_value, is_date_format
from broadsheet.documents.model import Chart, Column, Markdown, Metric, Report, Table, Value
from broadsheet.documents.templating import (
    ColumnRows,
    ParameterText,
    ResultRows,
    TextContext,
    evaluate,
    parameter_text,
    used_queries,
)
from broadsheet.errors import RenderFailed, ResultTooLarge
from broadsheet.rendering.base import Edition
from broadsheet.rendering.chart import vega_lite
from broadsheet.sources.columns import api_type, as_decimal
from broadsheet.sources.results import json_column

#: Beyond these a page is no longer read, and a compiler of pages takes minutes and gigabytes.
MOST_TABLE_ROWS = 5_000
MOST_CHART_ROWS = 50_000
_NUMBERS = ("integer", "number", "numeric")


class ResolvedMarkdown(msgspec.Struct, frozen=True):
    """CommonMark without expressions."""

    text: str


class ResolvedColumn(msgspec.Struct, frozen=True):
    """``bars`` holds, for each row, a share from 0 to 1 of the largest value, or ``None``; empty if the column has no bars."""

    name: str
    label: str
    type: str
    align: str
    bars: tuple[float | None, ...] = ()


class ResolvedTable(msgspec.Struct, frozen=True):
    """``cells[row][column]`` and ``totals[column]`` are text. ``row_count`` is the query's; ``cells`` may hold fewer."""

    title: str | None
    columns: tuple[ResolvedColumn, ...]
    cells: tuple[tuple[str, ...], ...]
    totals: tuple[str, ...]
    row_count: int


class ResolvedChart(msgspec.Struct, frozen=True):
    """A Vega-Lite ``spec`` and its rows as JSON values; times are what the clock on the wall shows, written as if in UTC."""

    title: str | None
    height: int
    spec: dict[str, Any]
    rows: tuple[dict[str, Any], ...]


class ResolvedMetric(msgspec.Struct, frozen=True):
    label: str
    text: str
    unit: str | None


ResolvedBlock = ResolvedMarkdown | ResolvedTable | ResolvedChart | ResolvedMetric


class ResolvedParameter(msgspec.Struct, frozen=True):
    label: str
    text: str


def resolve(edition: Edition) -> list[ResolvedBlock]:
    """Every block in order. Raises ``ResultTooLarge`` for a table or chart that no page can hold, ``RenderFailed`` for a missing column."""
    tables = _LocalTables(edition)
    context = _context(edition, tables)
    return [_resolved(block, tables, context) for block in edition.report.blocks]


def _resolved(block: Markdown | Table | Chart | Metric, tables: "_LocalTables", context: TextContext) -> ResolvedBlock:
    match block:
        case Markdown():
            return ResolvedMarkdown(evaluate(block.text, context))
        case Table():
            return resolved_table(block, tables[block.query])
        case Chart():
            return _resolved_chart(block, tables[block.query])
        case Metric():
            return resolved_metric(block, tables[block.query])


class _LocalTables:
    """The edition's tables, each read once, with times as the clock on the wall shows them."""

    def __init__(self, edition: Edition) -> None:
        self._edition = edition
        self._read: dict[str, pa.Table] = {}

    def __getitem__(self, query: str) -> pa.Table:
        if query not in self._read:
            self._read[query] = _local(self._edition.rows.table(query), self._edition.time_zone)
        return self._read[query]


def text_context(
    report: Report, values: Mapping[str, Value], labels: Mapping[str, str], results: Mapping[str, pa.Table]
) -> TextContext:
    """What the ``{{ … }}`` of a report's texts read. ``results`` needs only the queries that texts use."""
    return TextContext(
        parameters=parameter_texts(report, values, labels),
        results={
            name: ResultRows(ColumnRows(table.column_names, _values_of(table)), table.num_rows) for name, table in results.items()
        },
    )


def parameter_texts(report: Report, values: Mapping[str, Value], labels: Mapping[str, str]) -> dict[str, ParameterText]:
    return {
        parameter.name: parameter_text(parameter, values.get(parameter.name, parameter.default), labels.get(parameter.name))
        for parameter in report.parameters
    }


def _context(edition: Edition, tables: _LocalTables) -> TextContext:
    names = {query.name for query in edition.report.queries}
    used = {name for block in edition.report.blocks if isinstance(block, Markdown) for name in used_queries(block.text)} & names
    return text_context(edition.report, edition.values, edition.labels, {name: tables[name] for name in used})


def resolved_parameters(edition: Edition) -> list[ResolvedParameter]:
    """The parameters in words, in the order of the report."""
    texts = parameter_texts(edition.report, edition.values, edition.labels)
    return [
        ResolvedParameter(parameter.label or parameter.name, texts[parameter.name].label) for parameter in edition.report.parameters
    ]


def as_of_text(edition: Edition) -> str:
    """``24 November 2026, 06:12 (UTC)``."""
    local = edition.as_of.astimezone(ZoneInfo(edition.time_zone))
    return f"{local.day} {local:%B %Y, %H:%M} ({edition.time_zone})"


def metric_value(metric: Metric, table: pa.Table) -> Any:
    """The number of a metric: ``first last sum mean min max count`` over its column; ``None`` if there is nothing to say it of."""
    column, field = _column(table, metric.value, f"The metric {metric.label!r}")
    if metric.agg == "count":
        return len(column) - column.null_count
    if metric.agg in ("first", "last"):
        return _values(column, field)[0 if metric.agg == "first" else -1] if len(column) else None
    if api_type(field) not in _NUMBERS:
        if metric.agg in ("min", "max"):
            return pc.min_max(column)[metric.agg].as_py()
        raise RenderFailed(f"The metric {metric.label!r} can't take the {metric.agg} of {metric.value}, which is no number.")
    known = [value for value in _values(column, field) if value is not None]
    if not known:
        return None
    match metric.agg:
        case "sum":
            return sum(known)
        case "mean":
            return sum(known) / len(known)
        case "min":
            return min(known)
        case _:
            return max(known)


def resolved_metric(metric: Metric, table: pa.Table) -> ResolvedMetric:
    value = metric_value(metric, table)
    kind = None if isinstance(value, int | float | Decimal) else api_type(table.schema.field(metric.value))
    return ResolvedMetric(metric.label, format_value(value, metric.format, kind), metric.unit)


def resolved_table(block: Table, table: pa.Table) -> ResolvedTable:
    """The rows a table shows (its ``limit``), formatted; totals are of those rows."""
    shown = table if block.limit is None else table.slice(0, block.limit)
    if shown.num_rows > MOST_TABLE_ROWS:
        raise ResultTooLarge(
            f"The table {block.title or block.query} has {shown.num_rows:,} rows; a page holds {MOST_TABLE_ROWS:,}. "
            "Give it a limit, or ask for XLSX or CSV, which hold them all."
        )
    said = {column.name: column for column in block.columns}
    _check_columns(block, table)
    names = [*[column.name for column in block.columns], *[name for name in table.column_names if name not in said]]
    columns, cells, totals = [], [], []
    for name in names:
        column = said.get(name, Column(name))
        if column.hidden:
            continue
        values, field = _column(shown, name, f"The table {block.title or block.query}")
        typed = _values(values, field)
        kind = api_type(field)
        columns.append(
            ResolvedColumn(
                name,
                column.label or name.replace("_", " "),
                kind,
                column.align or _align(kind),
                _bars(typed) if column.bars else (),
            )
        )
        cells.append([_cell(value, column.format, kind) for value in typed])
        totals.append(_total(typed, column.format, kind) if name in block.totals else "")
    rows = tuple(zip(*cells, strict=True)) if cells else ()
    return ResolvedTable(block.title, tuple(columns), rows, tuple(totals) if block.totals else (), table.num_rows)


def _check_columns(block: Table, table: pa.Table) -> None:
    for name in [*[column.name for column in block.columns], *block.totals]:
        _column(table, name, f"The table {block.title or block.query}")


def _resolved_chart(block: Chart, table: pa.Table) -> ResolvedChart:
    what = f"The chart {block.title or block.query}"
    if table.num_rows > MOST_CHART_ROWS:
        raise ResultTooLarge(f"{what} has {table.num_rows:,} rows; a drawing holds {MOST_CHART_ROWS:,}. Aggregate in the query.")
    for name in (block.x, *block.y, block.color):
        if name is not None:
            _column(table, name, what)
    spec = vega_lite(block, [(field.name, api_type(field)) for field in table.schema])
    return ResolvedChart(block.title, block.height, spec, tuple(chart_rows(table)))


def chart_rows(table: pa.Table) -> list[dict[str, Any]]:
    """The rows as Vega reads them: numbers as doubles, times as RFC 3339."""
    columns = []
    for index, field in enumerate(table.schema):
        values = json_column(table.column(index), field)
        columns.append([float(value) if isinstance(value, Decimal) else value for value in values])
    return [dict(zip(table.column_names, row, strict=True)) for row in zip(*columns, strict=True)] if columns else []


def _local(table: pa.Table, time_zone: str) -> pa.Table:
    """Moments become what the clock on the wall shows in ``time_zone``."""
    for index, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type) and field.type.tz is not None:
            column = table.column(index)
            local = pc.local_timestamp(pc.cast(column, pa.timestamp(field.type.unit, time_zone)))
            table = table.set_column(index, pa.field(field.name, local.type, metadata=field.metadata), local)
    return table


def _column(table: pa.Table, name: str, what: str) -> tuple[pa.ChunkedArray, pa.Field]:
    index = table.schema.get_all_field_indices(name)
    if not index:
        raise RenderFailed(
            f"{what} shows the column {name}, which its query does not give; it gives {', '.join(table.column_names)}."
        )
    return table.column(index[0]), table.schema.field(index[0])


def _values_of(table: pa.Table) -> list[list[Any]]:
    return [_values(table.column(index), field) for index, field in enumerate(table.schema)]


def _values(column: pa.ChunkedArray, field: pa.Field) -> list[Any]:
    """Python values: numeric as ``Decimal``, dates and times as such, or as text where Python's calendar ends."""
    match api_type(field):
        case "numeric":
            return [as_decimal(value) for value in column.to_pylist()]
        case "date" | "timestamp":
            try:
                return list(column.to_pylist())
            except (ValueError, OverflowError):
                return list(pc.cast(column, pa.string()).to_pylist())
    return list(column.to_pylist())


def _cell(value: Any, format: str | None, kind: str) -> str:
    if isinstance(value, dt.datetime) and not (format and is_date_format(format)):
        format = "%Y-%m-%d" if value.time() == dt.time() else None
    return format_value(value, format, kind)


def _align(kind: str) -> str:
    return "right" if kind in _NUMBERS else "left"


def _bars(values: Sequence[Any]) -> tuple[float | None, ...]:
    numbers = [
        float(value) if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else None for value in values
    ]
    largest = max((abs(number) for number in numbers if number is not None), default=0.0)
    return tuple(None if number is None or not largest else abs(number) / largest for number in numbers)


def _total(values: Sequence[Any], format: str | None, kind: str) -> str:
    known = [value for value in values if isinstance(value, int | float | Decimal) and not isinstance(value, bool)]
    return format_value(sum(known), format, kind) if known else ""
