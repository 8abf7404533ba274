"""The four fenced blocks: what each may say, and the record it becomes.

An option may stand in the fence's first line or in the YAML below it; every block has one table of keys. References (queries,
parameters) are resolved later, by the parser, when everything has been read.
"""

import re
from collections.abc import Callable

import msgspec

from broadsheet.documents import formats, placeholders
from broadsheet.documents.attributes import FenceInfo
from broadsheet.documents.chartspec import check_spec
from broadsheet.documents.declarations import name_mistake
from broadsheet.documents.frontmatter import source_name
from broadsheet.documents.keys import Keys, name_of
from broadsheet.documents.model import Chart, Column, Metric, Position, Query, Table
from broadsheet.documents.sourcetext import Fragment, Mistakes, did_you_mean
from broadsheet.documents.sqlcheck import check_sql
from broadsheet.documents.yamltext import Entry, MapNode, Node, read_yaml, to_plain

SQL_KEYS = ("source",)
CHART_KEYS = ("data", "title", "height", "mark", "x", "y", "color", "stack", "horizontal", "x_title", "y_title", "format", "spec")
TABLE_KEYS = ("data", "title", "limit", "totals", "columns")
METRIC_KEYS = ("data", "value", "agg", "label", "format", "unit")
COLUMN_KEYS = ("label", "format", "align", "bars", "hidden")
KEYS = {"sql": SQL_KEYS, "chart": CHART_KEYS, "table": TABLE_KEYS, "metric": METRIC_KEYS}

MARKS = ("line", "area", "bar", "point", "pie")
AGGREGATES = ("first", "last", "sum", "mean", "min", "max", "count")
ALIGNMENTS = ("left", "center", "right")
MOST_ROWS_SHOWN = 10_000
MOST_COLUMNS = 500

_MARK_SYNONYMS = {
    "scatter": "point",
    "dot": "point",
    "circle": "point",
    "column": "bar",
    "donut": "pie",
    "arc": "pie",
    "lines": "line",
}
_AGGREGATE_SYNONYMS = {"avg": "mean", "average": "mean", "total": "sum", "minimum": "min", "maximum": "max"}
_NOT_IN_SPEC = ("mark", "x", "y", "color", "stack", "horizontal", "x_title", "y_title", "format")


class Fence(msgspec.Struct, frozen=True):
    """One fenced block as it stands in the file."""

    info: FenceInfo
    body: Fragment


def read_query(fence: Fence, mistakes: Mistakes) -> Query | None:
    info, body = fence.info, fence.body
    keys = Keys(info.attributes, SQL_KEYS, "a query", mistakes)
    check_sql(body, mistakes, empty_at=info.position)
    if info.name is None:
        mistakes.add(info.position, "A query needs a name", "write the name after `sql`: ```sql delays")
        return None
    if wrong := name_mistake(info.name, "a query"):
        mistakes.add(info.name_position, *wrong)
    used = placeholders.find(body.text)
    return Query(
        name=info.name,
        sql=body.text.rstrip("\n"),
        source=source_name(keys),
        parameters=tuple(dict.fromkeys(use.name for use in used if not use.is_attribute)),
        attributes=tuple(dict.fromkeys(use.name for use in used if use.is_attribute)),
        position=info.position,
    )


class Reference(msgspec.Struct, frozen=True):
    """A block names a query, whether or not the rest of the block is right."""

    query: str
    position: Position


View = Table | Chart | Metric


def read_view(fence: Fence, mistakes: Mistakes) -> tuple[View | None, Reference | None]:
    """A table, chart or metric (``None`` if it has mistakes) and the query it names."""
    info = fence.info
    if info.name is not None:
        hint = f"write ```{info.kind} {{data={info.name[:60]}}}"
        mistakes.add(info.name_position, f"A {info.kind} has no name; it shows the query given as `data`", hint)
    entries, readable = _options(fence, mistakes)
    keys = Keys(entries, KEYS[info.kind], f"a {info.kind}", mistakes)
    if "data" not in keys:
        mistakes.add(info.position, f"This {info.kind} does not say which query it shows", f"write ```{info.kind} {{data=NAME}}")
        return None, None
    reader: Callable[[Keys, FenceInfo], View | None] = {"chart": _chart, "table": _table, "metric": _metric}[info.kind]
    query = keys.text("data")
    reference = Reference(query, keys.position("data", info.position)) if query else None
    return (reader(keys, info) if readable else None), reference


def _options(fence: Fence, mistakes: Mistakes) -> tuple[list[Entry], bool]:
    """The options of both places, and whether all could be read; one that stands in both is a mistake."""
    before = mistakes.count
    root = read_yaml(fence.body, mistakes)
    readable = root is not None or mistakes.count == before
    if root is not None and not isinstance(root, MapNode):
        mistakes.add(
            root.position, f"Options of a {fence.info.kind} are `key: value` lines", f"for example `{KEYS[fence.info.kind][1]}: …`"
        )
        root = None
    given = {entry.key: entry for entry in fence.info.attributes}
    for entry in root.entries if root else ():
        if entry.key in given:
            mistakes.add(
                entry.position, f"`{entry.key[:60]}` is already given in the first line of this block", "remove one of them"
            )
        else:
            given[entry.key] = entry
    return list(given.values()), readable


def _format(keys: Keys) -> str | None:
    text = keys.text("format", longest=100)
    if text is not None and (wrong := formats.mistake_in(text)):
        keys.mistakes.add(keys.entries["format"].value.position, *wrong)
        return None
    return text


def _chart(keys: Keys, info: FenceInfo) -> Chart | None:
    query, title = keys.text("data"), keys.text("title")
    height = keys.integer("height", 40, 2_000) or 280
    if (spec_node := keys.node("spec")) is not None:
        for key in _NOT_IN_SPEC:
            if key in keys:
                keys.mistakes.add(
                    keys.entries[key].position, f"`{key}` and `spec` exclude each other", f"say `{key}` in the specification"
                )
        if not check_spec(spec_node, keys.mistakes) or query is None:
            return None
        return Chart(query=query, title=title, height=height, spec=to_plain(spec_node), position=info.position)
    mark = keys.one_of("mark", MARKS, _MARK_SYNONYMS)
    missing = [key for key in ("mark", "x", "y") if key not in keys]
    if missing:
        hint = "for example `mark: line`, `x: month`, `y: delay`; or a whole Vega-Lite `spec:`"
        keys.mistakes.add(info.position, "This chart has no " + ", no ".join(f"`{key}`" for key in missing), hint)
    y, x = keys.names("y"), keys.text("x")
    if mark == "pie" and len(y) > 1:
        keys.mistakes.add(keys.entries["y"].value.position, "A pie shows one column", "keep one name in `y`")
    if len(y) > 1 and "color" in keys:
        keys.mistakes.add(
            keys.entries["color"].position, "`color` and several columns in `y` exclude each other", "keep one of them"
        )
    chart = Chart(
        query=query or "", title=title, mark=mark, x=x, y=y, color=keys.text("color"), stack=keys.boolean("stack", True),
        horizontal=keys.boolean("horizontal", False), x_title=keys.text("x_title"), y_title=keys.text("y_title"), format=_format(keys),
        height=height, position=info.position,
    )  # fmt: skip
    return chart if query and mark and x and y else None


def _table(keys: Keys, info: FenceInfo) -> Table | None:
    query = keys.text("data")
    columns = _columns(keys.node("columns"), keys.mistakes)
    limit = keys.integer("limit", 1, MOST_ROWS_SHOWN)
    table = Table(query or "", keys.text("title"), limit, columns, keys.names("totals"), info.position)
    return table if query else None


def _columns(node: Node | None, mistakes: Mistakes) -> tuple[Column, ...]:
    if node is None:
        return ()
    if not isinstance(node, MapNode):
        mistakes.add(
            node.position, f"`columns` must be a mapping, not {name_of(node)}", "write `columns:` and then `name: {label: …}`"
        )
        return ()
    if len(node.entries) > MOST_COLUMNS:
        mistakes.add(node.entries[MOST_COLUMNS].position, f"A table may describe at most {MOST_COLUMNS} columns")
    return tuple(_column(entry, mistakes) for entry in node.entries[:MOST_COLUMNS])


def _column(entry: Entry, mistakes: Mistakes) -> Column:
    if not isinstance(entry.value, MapNode):
        mistakes.add(entry.value.position, f"The column `{entry.key[:60]}` must be a mapping, not {name_of(entry.value)}",
                     f"write `{entry.key[:60]}: {{label: …}}`")  # fmt: skip
        return Column(entry.key)
    keys = Keys(entry.value.entries, COLUMN_KEYS, f"the column `{entry.key[:60]}`", mistakes)
    align = keys.one_of("align", ALIGNMENTS, {"centre": "center"})
    return Column(entry.key, keys.text("label"), _format(keys), align, keys.boolean("bars", False), keys.boolean("hidden", False))


def _metric(keys: Keys, info: FenceInfo) -> Metric | None:
    query, value = keys.text("data"), keys.text("value")
    if "value" not in keys:
        keys.mistakes.add(info.position, "This metric does not say which column it shows", "add `value=COLUMN`")
    label = keys.text("label") or re.sub("_", " ", value or "").capitalize()
    agg = keys.one_of("agg", AGGREGATES, _AGGREGATE_SYNONYMS) or "first"
    metric = Metric(query or "", value or "", label, agg, _format(keys), keys.text("unit", longest=40), info.position)
    return metric if query and value else None


def reference_mistake(query: str, known: frozenset[str]) -> tuple[str, str] | None:
    """Message and hint if ``query`` is not among the report's queries."""
    if query in known:
        return None
    hint = did_you_mean(query, known) or ("define it: ```sql " + query[:60] if not known else "define it in a ```sql block")
    return f"There is no query `{query[:60]}` in this report", hint
