"""Editions for tests: a report, and rows in memory."""

import datetime as dt

import pyarrow as pa

from broadsheet.documents.model import Markdown, Query, Report
from broadsheet.rendering.base import Edition, TablesInMemory
from broadsheet.sources.columns import TYPE_KEY

AS_OF = dt.datetime(2026, 3, 1, 6, 30, tzinfo=dt.UTC)

HOSTILE = [
    '#import "@preview/x:1.0.0" #{panic()} $x$ *b* _i_ `c` <label> @ref \\ // --',
    "=cmd|'/c calc'!A1",
    "+1+1",
    "<script>alert(1)</script>",
    "https://example.com/",
    "{{ 7 * 7 }} {% raw %}",
    "control \x01\x08\x1b here",
    "x" * 40_000,
    "‮עברית 漢字 🗞️",
    "",
]


def table(**columns) -> pa.Table:
    """Columns by name: a list, or (Arrow type, list), or (Arrow type, list, type of the API)."""
    fields, arrays = [], []
    for name, given in columns.items():
        kind, values, api = (*given, None)[:3] if isinstance(given, tuple) else (None, given, None)
        array = pa.array(values, kind)
        arrays.append(array)
        fields.append(pa.field(name, array.type, metadata={TYPE_KEY: api.encode()} if api else None))
    return pa.table(arrays, schema=pa.schema(fields))


def edition(*blocks, title="Punctuality", time_zone="UTC", values=None, labels=None, rows=None, **report) -> Edition:
    rows = rows or {"flights": table(carrier=["UA", "DL"], delay=[12.5, None], flights=[58665, 48110])}
    queries = tuple(Query(name, "select 1") for name in rows)
    return Edition(
        report=Report(title=title, blocks=blocks or (Markdown("Hello"),), queries=queries, **report),
        report_id="r",
        version=3,
        as_of=AS_OF,
        rows=TablesInMemory(rows),
        values=values or {},
        labels=labels or {},
        time_zone=time_zone,
    )
