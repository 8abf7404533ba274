"""What a query will cost by its database's own estimate, in plain words for its author.

A plan is PostgreSQL's ``explain (verbose, format json)``, read here and judged; nothing here asks a database. What a reader would get
wrong: in a parallel plan the rows of a node are those of *one* process. Source of the formula that brings them back:
``get_parallel_divisor`` in PostgreSQL's src/backend/optimizer/path/costsize.c.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

#: Tables and sorts smaller than this are not worth a word.
WORTH_A_WORD_ROWS = 10_000
#: A full scan is one that throws most of what it reads away; one that keeps more than this is only large.
_KEPT_SHARE = 0.5

TableName = tuple[str, str]


class PlanHint(msgspec.Struct, frozen=True, kw_only=True):
    """One thing an author should know.

    ``kind`` is ``full_scan``, ``sort`` or ``index``. ``statement`` makes the index that is spoken of; ``factor`` is how many times cheaper
    the query would be with it, where the server was asked (``None``: it may help, nobody has checked).
    """

    kind: str
    message: str
    statement: str | None = None
    factor: float | None = None


class PlanReport(msgspec.Struct, frozen=True, kw_only=True):
    """``cost`` is in the planner's own unit (about one page read in a row), ``rows`` an estimate, ``lines`` the plan as psql shows it."""

    cost: float
    rows: int
    lines: tuple[str, ...]
    hints: tuple[PlanHint, ...]


class Node(msgspec.Struct, frozen=True):
    """A node of a plan with what stands above it: ``processes`` share its work."""

    fields: Mapping[str, Any]
    processes: float
    children: tuple["Node", ...]

    @property
    def kind(self) -> str:
        return str(self.fields["Node Type"])

    @property
    def rows(self) -> int:
        """How many rows it gives, of all processes together."""
        return round(float(self.fields["Plan Rows"]) * self.processes)

    @property
    def table(self) -> TableName | None:
        """Schema and name, for a node that reads a table."""
        name = self.fields.get("Relation Name")
        return None if name is None else (str(self.fields.get("Schema", "public")), str(name))

    def all(self) -> Iterator["Node"]:
        """This one and all below, from the top."""
        yield self
        for child in self.children:
            yield from child.all()


def node(fields: Mapping[str, Any], processes: float = 1.0) -> Node:
    """The plan that ``explain (format json)`` gave under ``Plan``."""
    below = processes
    if (workers := fields.get("Workers Planned")) is not None:
        below = workers + max(0.0, 1.0 - 0.3 * workers)
    return Node(fields, processes, tuple(node(child, below) for child in fields.get("Plans", ())))


def tables(root: Node) -> set[TableName]:
    """Every table that is read."""
    return {found.table for found in root.all() if found.table is not None}


def cost(root: Node) -> float:
    return float(root.fields["Total Cost"])


def work(root: Node, table_rows: Mapping[TableName, float]) -> list[PlanHint]:
    """What is read from end to end and what is sorted; ``table_rows`` are the server's own estimates."""
    hints = [_scan_hint(found, table_rows.get(found.table or ("", ""), 0.0)) for found in root.all() if found.kind == "Seq Scan"]
    hints += [_sort_hint(found) for found in root.all() if found.kind in ("Sort", "Incremental Sort")]
    return list(dict.fromkeys(hint for hint in hints if hint is not None))


def _scan_hint(scan: Node, of_rows: float) -> PlanHint | None:
    _, name = scan.table or ("", "a table")
    read = max(round(of_rows), scan.rows)
    if read < WORTH_A_WORD_ROWS:
        return None
    if "Filter" in scan.fields and scan.rows < _KEPT_SHARE * read:
        message = f"Reads all {read:,} rows of {name} to keep about {scan.rows:,} (a full scan)."
    else:
        message = f"Reads all {read:,} rows of {name}."
    return PlanHint(kind="full_scan", message=message)


def _sort_hint(sort: Node) -> PlanHint | None:
    rows = sort.children[0].rows if sort.children else sort.rows
    return PlanHint(kind="sort", message=f"Sorts about {rows:,} rows.") if rows >= WORTH_A_WORD_ROWS else None
