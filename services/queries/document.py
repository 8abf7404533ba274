"""Turns a report that somebody reads into the document to show: parameters with their options, blocks in order.

``answers`` is how a query's rows are got (through the cache); this module knows nothing of Nameko, Redis or SQL.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from broadsheet.contracts.catalog import ReportText
from broadsheet.contracts.queries import (
    ChartBlock,
    MarkdownBlock,
    MetricBlock,
    TableBlock,
    View,
    ViewBlock,
    ViewColumn,
    ViewOption,
    ViewParameter,
    ViewReport,
)
from broadsheet.documents import markdown, parameters, templating
from broadsheet.documents.model import Block, Chart, Markdown, Metric, Option, Parameter, Report, Table
from broadsheet.documents.templating import ColumnRows, ResultRows, TextContext
from broadsheet.reading import Reading, today
from broadsheet.rendering.chart import vega_lite


class Rows(msgspec.Struct, frozen=True):
    """A query's rows by column. ``types`` are the API's; ``as_of`` is POSIX seconds."""

    names: list[str]
    types: list[str]
    columns: list[list[Any]]
    as_of: float


#: Rows of a named query.
Answers = Callable[[str], Rows]


def queries_before_showing(report: Report) -> set[str]:
    """Queries whose rows the texts say something of, and those of charts (the types of their columns decide the picture)."""
    texts = [templating.used_queries(block.text) for block in report.blocks if isinstance(block, Markdown)]
    charts = {block.query for block in report.blocks if isinstance(block, Chart)}
    return set().union(*texts) | charts


def build(
    text: ReportText,
    reading: Reading,
    options: Mapping[str, tuple[Option, ...]],
    rows: Mapping[str, Rows],
    missing: list[str],
) -> View:
    """The document to show.

    ``options`` of queried choices by parameter, ``rows`` of :func:`queries_before_showing` by query (without those that failed),
    ``missing`` the parameters that must be chosen first.
    """
    context = TextContext(
        parameters={
            parameter.name: templating.parameter_text(parameter, value, _label(parameter, value, options))
            for parameter in reading.report.parameters
            for value in [reading.values[parameter.name]]
        },
        results={name: _result(found) for name, found in rows.items()},
    )
    as_of = min((found.as_of for found in rows.values()), default=dt.datetime.now(dt.UTC).timestamp())
    return View(
        report=ViewReport(id=text.id, title=text.title, description=text.description, version=text.version),
        params=_parameters(reading, options),
        blocks=[] if missing else [_block(block, context, rows) for block in reading.report.blocks],
        as_of=dt.datetime.fromtimestamp(as_of, dt.UTC),
        missing=missing,
    )


def _result(rows: Rows) -> ResultRows:
    return ResultRows(ColumnRows(rows.names, rows.columns), len(rows.columns[0]) if rows.columns else 0)


def _parameters(reading: Reading, options: Mapping[str, tuple[Option, ...]]) -> list[ViewParameter]:
    values = parameters.to_json(reading.values)
    defaults = parameters.to_json(parameters.defaults(reading.report, today=today(reading.principal)))
    return [
        ViewParameter(
            name=parameter.name,
            type=parameter.type.value,
            label=parameter.label,
            value=values[parameter.name],
            default=defaults[parameter.name],
            options=_options(parameter, options),
            of=parameter.of.value,
            minimum=parameter.minimum,
            maximum=parameter.maximum,
        )
        for parameter in reading.report.parameters
    ]


def _options(parameter: Parameter, queried: Mapping[str, tuple[Option, ...]]) -> list[ViewOption] | None:
    found = queried.get(parameter.name, parameter.options)
    return [ViewOption(value=option.value, label=option.label) for option in found] or None


def _label(parameter: Parameter, value: Any, queried: Mapping[str, tuple[Option, ...]]) -> str | None:
    options = queried.get(parameter.name)
    if options is None:
        return None
    option = parameters.pick(options, value)
    return option.label if option else None


def _block(block: Block, context: TextContext, rows: Mapping[str, Rows]) -> ViewBlock:
    if isinstance(block, Markdown):
        return MarkdownBlock(html=markdown.html(templating.evaluate(block.text, context)))
    if isinstance(block, Table):
        columns = [
            ViewColumn(name=c.name, label=c.label, format=c.format, align=c.align, bars=c.bars, hidden=c.hidden)
            for c in block.columns
        ]
        return TableBlock(query=block.query, title=block.title, limit=block.limit, columns=columns, totals=list(block.totals))
    if isinstance(block, Metric):
        return MetricBlock(
            query=block.query, label=block.label, value=block.value, agg=block.agg, format=block.format, unit=block.unit
        )
    found = rows.get(block.query)  # a query that failed has no picture; the page asks for its data and shows why
    spec = vega_lite(block, list(zip(found.names, found.types, strict=True))) if found is not None else {}
    return ChartBlock(query=block.query, spec=spec, title=block.title, height=block.height)
