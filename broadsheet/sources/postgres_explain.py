"""Asks PostgreSQL how it would run a query, without running it, and whether an index would help.

An index is tried with HypoPG where the database has it: hypothetical indexes are of one session, take no disk, need no right to write, and
exist on a standby and in a read-only transaction too; they are gone again when this returns. Source: https://hypopg.readthedocs.io
"""

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import msgspec

from broadsheet.errors import QueryFailed
from broadsheet.sources.binding import quote
from broadsheet.sources.indexes import Candidate, candidates
from broadsheet.sources.plans import WORTH_A_WORD_ROWS, Node, PlanHint, PlanReport, TableName, cost, node, tables, work

#: Answers one statement. Author's text is only ever behind ``explain``.
Ask = Callable[[str], list[tuple[Any, ...]]]

EXPLAIN_JSON = "explain (verbose, format json) "
_EXPLAIN_LINES = "explain "
_MOST_TRIED = 8
_MOST_SAID = 3
_LEAST_FACTOR = 1.5
#: A shorter index that is nearly as good is the better one.
_AS_GOOD = 0.9

_HYPOPG = """
select quote_ident(n.nspname) from pg_extension as e join pg_namespace as n on n.oid = e.extnamespace where e.extname = 'hypopg'
"""
_TABLES = """
select n.nspname::text, c.relname::text, c.reltuples::float8, coalesce(json_agg(i.columns) filter (where i.columns is not null), '[]')::text
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
left join lateral (
    select (select json_agg(a.attname order by k.position)
            from unnest(x.indkey::int2[]) with ordinality as k (number, position)
            join pg_attribute as a on a.attrelid = c.oid and a.attnum = k.number) as columns
    from pg_index as x where x.indrelid = c.oid and x.indpred is null
) as i on true
where (n.nspname, c.relname) in ({names}) and c.relkind in ('r', 'm')
group by 1, 2, 3
"""


class _Facts(msgspec.Struct, frozen=True):
    """What the catalogue says of the tables of a plan: rows, and the columns of the indexes that are there."""

    rows: dict[TableName, float]
    indexes: set[Candidate]

    def lacks(self, candidate: Candidate) -> bool:
        """Whether the table is large enough for an index, and none begins with these columns."""
        width = len(candidate.columns)
        there = any(index.table == candidate.table and index.columns[:width] == candidate.columns for index in self.indexes)
        return not there and self.rows.get(candidate.table, 0.0) >= WORTH_A_WORD_ROWS


def explain(ask: Ask, statement: str) -> PlanReport:
    """How ``statement`` would be run, and what would make it cheaper. Raises what ``ask`` raises."""
    root = _plan(ask, statement)
    lines = tuple(line for (line,) in ask(_EXPLAIN_LINES + statement))
    facts = _facts(ask, tables(root))
    wanted = [candidate for candidate in candidates(root) if facts.lacks(candidate)][:_MOST_TRIED]
    hypopg = ask(_HYPOPG)
    hints = _tried(ask, hypopg[0][0], statement, cost(root), wanted) if hypopg else _untried(root, wanted)
    return PlanReport(cost=cost(root), rows=root.rows, lines=lines, hints=(*work(root, facts.rows), *hints))


def _plan(ask: Ask, statement: str) -> Node:
    [(answered,)] = ask(EXPLAIN_JSON + statement)
    return node(json.loads(answered)[0]["Plan"])


def _facts(ask: Ask, names: Iterable[TableName]) -> _Facts:
    listed = ", ".join(f"({quote(schema)}, {quote(name)})" for schema, name in sorted(names))
    rows = ask(_TABLES.format(names=listed)) if listed else []
    indexes = {Candidate((row[0], row[1]), tuple(columns)) for row in rows for columns in json.loads(row[3])}
    return _Facts({(row[0], row[1]): row[2] for row in rows}, indexes)


def _tried(ask: Ask, schema: str, statement: str, before: float, wanted: list[Candidate]) -> list[PlanHint]:
    """Those that the planner would use and gain by: the best of each table, best first."""
    factors: dict[Candidate, float] = {}
    for candidate in wanted:
        with suppress(QueryFailed):  # of a type that has no order: the transaction goes on behind the savepoint
            factors[candidate] = before / max(_cost_with(ask, schema, statement, candidate), 0.01)
    best: dict[TableName, Candidate] = {}
    for candidate in sorted(factors, key=lambda candidate: -factors[candidate]):
        if factors[candidate] >= _LEAST_FACTOR and not _is_padded(candidate, factors):
            best.setdefault(candidate.table, candidate)
    return [_checked(candidate, factors[candidate]) for candidate in list(best.values())[:_MOST_SAID]]


def _cost_with(ask: Ask, schema: str, statement: str, candidate: Candidate) -> float:
    ask("savepoint before_index")
    try:
        # The statement is a literal, made of quoted identifiers.
        ask(f"select indexname from {schema}.hypopg_create_index({quote(candidate.qualified)})")  # noqa: S608
        return cost(_plan(ask, statement))
    finally:
        ask("rollback to savepoint before_index")
        ask(f"select {schema}.hypopg_reset()")


def _is_padded(candidate: Candidate, factors: dict[Candidate, float]) -> bool:
    """Whether another index with fewer columns of these does about as much."""
    return any(
        other.table == candidate.table
        and len(other.columns) < len(candidate.columns)
        and set(other.columns) < set(candidate.columns)
        and factor >= _AS_GOOD * factors[candidate]
        for other, factor in factors.items()
    )


def _checked(candidate: Candidate, factor: float) -> PlanHint:
    shown = f"{factor:.1f}" if factor < 10 else f"{factor:,.0f}"
    message = f"An index on {candidate.spoken} would make this {shown} × cheaper."
    return PlanHint(kind="index", message=message, statement=candidate.statement, factor=round(factor, 1))


def _untried(root: Node, wanted: list[Candidate]) -> list[PlanHint]:
    """Guesses, for tables that are read from end to end now."""
    scanned = {found.table for found in root.all() if found.kind == "Seq Scan" and "Filter" in found.fields}
    longest = [
        candidate
        for candidate in wanted
        if candidate.table in scanned
        and not any(set(candidate.columns) < set(o.columns) for o in wanted if o.table == candidate.table)
    ]
    return [
        PlanHint(
            kind="index",
            message=f"An index on {candidate.spoken} may help (not checked: the server has no HypoPG).",
            statement=candidate.statement,
        )
        for candidate in longest[:_MOST_SAID]
    ]
