"""Judges a statement by PostgreSQL's plan for it on the tables of a large installation. ``EXPLAIN`` alone: nothing is executed.

Ids in a collected statement are those of the tests, of which the large tables know nothing, and an estimate of one row hides every sort.
So each is asked twice: with the most common value of its column (the giant's) and with a rare one. What a node costs is told by how many
rows it *reads*, which a plan does not say of an index scan with a filter: it is asked again with the index's condition alone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg2
from psycopg2.extensions import cursor as Cursor

from tests.indexing.collecting import Shape
from tests.indexing.findings import KINDS, Finding

Plan = dict[str, Any]

#: More rows than this are many, in a table, in a sort or in a read.
MANY_ROWS = 10_000
_COMPARED = re.compile(
    r"(?P<schema>\w+)\.(?P<table>\w+)\.(?P<column>\w+)\s*(?P<operator><=|>=|=|<|>)\s*'(?P<id>[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})'"
)
_STATISTICS = """
select schemaname, tablename, attname, (most_common_vals::text::text[])[1], histogram_bounds::text::text[]
from pg_stats
where schemaname = any(%s) and (most_common_vals is not null or histogram_bounds is not null)
"""
_SIZES = """
select n.nspname || '.' || c.relname, c.reltuples
from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' and n.nspname = any(%s)
"""
_PREDICATES = """
select n.nspname || '.' || c.relname, pg_get_expr(indpred, indrelid)
from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
where indpred is not null and n.nspname = any(%s)
"""
_INDEX_SCANS = ("Index Scan", "Index Only Scan")
_COLUMN = re.compile(r"\b(?:\w+\.)?(\w+)(?:\)?::\w+)? (=|<>|<=|>=|<|>|IS|~~)")
#: Nodes that take all of their input before they give a row: a LIMIT above does not reach below.
_BLOCKING = {"Sort", "Hash", "HashAggregate", "SetOp", "Aggregate"}


@dataclass(frozen=True)
class _Values:
    """Of one column: the most common, a rare one, and one in the middle."""

    common: str
    rare: str
    middle: str


@dataclass(frozen=True)
class _Node:
    """A node of a plan, with how much of it is wanted (0 to 1) and how often it is done."""

    plan: Plan
    wanted: float
    times: float
    above: tuple[Plan, ...]


class Judge:
    """Knows the large tables of some schemas. ``cursor`` is the superuser's, in autocommit."""

    def __init__(self, cursor: Cursor, schemas: list[str]):
        self._cursor = cursor
        self._schemas = schemas
        cursor.execute("set max_parallel_workers_per_gather = 0")
        cursor.execute(_SIZES, (schemas,))
        self._sizes: dict[str, float] = dict(cursor.fetchall())
        cursor.execute(_PREDICATES, (schemas,))
        self._predicates: dict[str, str] = dict(cursor.fetchall())
        cursor.execute(_STATISTICS, (schemas,))
        self._values = {(schema, table, column): _of_column(common, bounds) for schema, table, column, common, bounds in cursor}
        #: Indexes that some plan uses, as ``schema.index``.
        self.used: set[str] = set()

    def judge(self, shape: Shape) -> list[Finding]:
        """Everything wrong with the statements of one shape, exempt or not; at most one finding of a kind for a table."""
        found: dict[tuple[str, str], Finding] = {}
        for example in shape.examples:
            for statement in dict.fromkeys((self._with_ids(example, "common"), self._with_ids(example, "rare"))):
                for finding in self._judge(shape, statement):
                    found.setdefault((finding.kind, finding.subject), finding)
        return list(found.values())

    def explain(self, statement: str, role: str | None = None) -> Plan:
        """The plan, as the role sees it. Raises ``psycopg2.Error``."""
        schema = (role or "").removeprefix("broadsheet_")
        self._cursor.execute(f"set search_path = {schema if schema in self._schemas else 'pg_catalog'}")
        self._cursor.execute("reset role" if role is None else f'set role "{role}"')
        try:
            self._cursor.execute(f"explain (format json, verbose) {statement}")
            plan: Plan = self._cursor.fetchone()[0][0]["Plan"]
        finally:
            self._cursor.execute("reset role")
        return plan

    def _with_ids(self, statement: str, which: str) -> str:
        """The statement about other rows: those of the most common, or of a rare value."""

        def other(match: re.Match[str]) -> str:
            values = self._values.get((match["schema"], match["table"], match["column"]))
            if values is None:
                return match.group()
            value = getattr(values, which) if match["operator"] == "=" else values.middle
            return match.group().replace(match["id"], value)

        return _COMPARED.sub(other, statement)

    def _judge(self, shape: Shape, statement: str) -> Iterator[Finding]:
        def finding(kind: str, subject: str, what: str, advice: str) -> Finding:
            methods = tuple(sorted(shape.methods))
            return Finding(
                kind, subject, what, f"{advice}, or say in the query why not: /* exempt {kind}: … */", methods, statement
            )

        try:
            plan = self.explain(statement, shape.role)
        except psycopg2.Error as error:
            yield Finding("not-explained", shape.role, str(error).strip(), "make EXPLAIN work", tuple(shape.methods), statement)
            return
        for node in _nodes(plan):
            if "Index Name" in node.plan:
                self.used.add(f"{self._schema_of(node)}.{node.plan['Index Name']}")
            if "Relation Name" in node.plan and "Scan" in node.plan["Node Type"]:
                yield from self._judge_scan(node, finding)
            if node.plan["Node Type"] in ("Sort", "Incremental Sort"):
                yield from self._judge_sort(node, finding)

    def _judge_scan(self, node: _Node, finding: Any) -> Iterator[Finding]:
        table = f"{node.plan['Schema']}.{node.plan['Relation Name']}"
        size = self._sizes.get(table, 0.0)
        reads = self._examined(node.plan, size) * node.wanted * node.times
        index = f"an index on {table} ({', '.join(_columns(node)) or '…'})"
        if (node.plan["Node Type"] == "Seq Scan" and size > MANY_ROWS) or (self._is_whole_index(node.plan) and reads > MANY_ROWS):
            yield finding("full-scan", table, f"all {size:,.0f} rows are read", f"create {index}")
        elif node.times > 1 and reads > MANY_ROWS and self._examined(node.plan, size) > 1:
            yield finding(
                "nested-loop",
                table,
                f"{reads:,.0f} rows are read in {node.times:,.0f} rounds",
                f"join in one go, or create {index}",
            )
        elif reads > MANY_ROWS:
            yield finding(
                "many-rows", table, f"{reads:,.0f} of {size:,.0f} rows are read", f"give it a limit and a cursor, or create {index}"
            )

    def _judge_sort(self, node: _Node, finding: Any) -> Iterator[Finding]:
        [below] = node.plan["Plans"]
        rows = below["Plan Rows"] * (node.wanted if node.plan["Node Type"] == "Incremental Sort" else 1.0)
        if rows > MANY_ROWS:
            keys = [key.replace(" DESC", "").rpartition(".")[2] for key in node.plan["Sort Key"]]
            table = _table_below(node.plan)
            wanted = dict.fromkeys([*_columns_below(node.plan), *keys])
            advice = f"create an index on {table} ({', '.join(wanted)}) that gives this order"
            yield finding("sort", table, f"{rows:,.0f} rows are sorted by {', '.join(keys)}", advice)

    def _examined(self, plan: Plan, size: float) -> float:
        """How many rows a scan looks at before its filter, if nothing stops it."""
        if plan["Node Type"] == "Seq Scan":
            return size
        if plan["Node Type"] == "Bitmap Heap Scan":
            return float(plan["Plans"][0]["Plan Rows"])
        if plan["Node Type"] in _INDEX_SCANS and "Filter" in plan:
            return self._matching_index(plan, size)
        return float(plan["Plan Rows"])

    def _is_whole_index(self, plan: Plan) -> bool:
        """Whether an index is read from end to end, which is a full scan in another order."""
        if plan["Node Type"] not in _INDEX_SCANS or "Index Cond" in plan:
            return False
        return f"{plan['Schema']}.{plan['Index Name']}" not in self._predicates

    def _matching_index(self, plan: Plan, size: float) -> float:
        partial = self._predicates.get(f"{plan['Schema']}.{plan['Index Name']}")
        if partial is None and "Index Cond" not in plan:
            return size
        # the predicate of a partial index says its columns without a table
        table = f"select * from {plan['Schema']}.{plan['Relation Name']}" + (f" where {partial}" if partial else "")
        condition = f" where {plan['Index Cond']}" if "Index Cond" in plan else ""
        try:
            read = self.explain(f"select from ({table}) as {plan['Alias']}{condition}")["Plan Rows"]
        except psycopg2.Error:  # the condition is about another table's row: a lookup of a join
            read = plan["Plan Rows"]
        return max(float(plan["Plan Rows"]), float(read))

    def _schema_of(self, node: _Node) -> str:
        """Of an index: a bitmap's index is told without its table's schema, its heap scan has it."""
        for plan in (node.plan, *reversed(node.above)):
            if "Schema" in plan:
                return str(plan["Schema"])
        return ""


def needed(findings: list[Finding], shape: Shape) -> list[Finding]:
    """Those that the statement is not exempt from."""
    return [finding for finding in findings if not shape.is_exempt(finding.kind)]


def bad_exemptions(shape: Shape, findings: list[Finding]) -> list[Finding]:
    """Exemptions of an unknown kind, without a reason, or from what does not happen."""
    found = []
    kinds = {finding.kind for finding in findings}
    for kind, reason in shape.exemptions:
        if kind not in KINDS:
            what, advice = "there is no such exemption", f"one of {', '.join(KINDS)}"
        elif not reason:
            what, advice = "it gives no reason", f"write /* exempt {kind}: the reason */"
        elif kind not in kinds and kind != "repeated":  # which depends on how many rows a test happened to make
            what, advice = "nothing is wrong any more", "remove it"
        else:
            continue
        found.append(Finding("exemption", kind, what, advice, tuple(sorted(shape.methods)), shape.examples[0]))
    return found


def _of_column(common: str | None, bounds: list[str] | None) -> _Values:
    first = common if common is not None else bounds[len(bounds) // 3]  # type: ignore[index]
    if not bounds:
        return _Values(first, first, first)
    return _Values(first, bounds[len(bounds) * 2 // 3], bounds[len(bounds) // 2])


def _nodes(plan: Plan, wanted: float = 1.0, times: float = 1.0, above: tuple[Plan, ...] = ()) -> Iterator[_Node]:
    yield _Node(plan, wanted, times, above)
    children = plan.get("Plans", [])
    kind = plan["Node Type"]
    for child in children:
        relation = child.get("Parent Relationship")
        below, again = wanted, times
        if kind == "Limit":
            below = wanted * min(1.0, plan["Plan Rows"] / max(1.0, child["Plan Rows"]))
        elif kind in _BLOCKING:
            below = 1.0
        if relation == "InitPlan":
            below, again = 1.0, 1.0
        elif relation == "SubPlan":
            below, again = 1.0, max(1.0, times * plan["Plan Rows"] * wanted)
        elif kind == "Nested Loop" and relation == "Inner":
            below, again = 1.0, max(1.0, times * children[0]["Plan Rows"] * wanted)
        yield from _nodes(child, below, again, (*above, plan))


def _columns(node: _Node) -> list[str]:
    """What an index for this scan would have: columns compared for equality first."""
    conditions = " ".join(str(node.plan.get(name, "")) for name in ("Index Cond", "Recheck Cond", "Filter"))
    found = _COLUMN.findall(conditions)
    equal = [column for column, operator in found if operator == "="]
    keys = [key.replace(" DESC", "").rpartition(".")[2] for plan in node.above if "Sort Key" in plan for key in plan["Sort Key"]]
    return list(dict.fromkeys([*equal, *keys, *(column for column, _ in found)]))


def _columns_below(plan: Plan) -> list[str]:
    return [column for node in _nodes(plan) if "Relation Name" in node.plan for column in _columns(_Node(node.plan, 1.0, 1.0, ()))]


def _table_below(plan: Plan) -> str:
    for node in _nodes(plan):
        if "Relation Name" in node.plan:
            return f"{node.plan['Schema']}.{node.plan['Relation Name']}"
    return "…"
