"""Indexes that could make a query cheaper, read off its plan's conditions: columns compared by equality first, then one range or the order.

That order is what a B-tree can use: it walks one contiguous piece only while the columns before are fixed. Source: PostgreSQL manual,
section 11.3 (multicolumn indexes). These are guesses; whether one helps, the server says (:mod:`broadsheet.sources.postgres_explain`).
"""

import re
from collections.abc import Iterator

import msgspec
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from broadsheet.sources.plans import Node, TableName

_CONDITIONS = ("Filter", "Index Cond", "Recheck Cond", "Hash Cond", "Merge Cond", "Join Filter")
_RANGES = (exp.GT, exp.GTE, exp.LT, exp.LTE)
_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*")
_SORT_KEY = re.compile(r"(?:(?P<alias>\w+)\.)(?P<column>\w+)(?: DESC)?(?: NULLS (?:FIRST|LAST))?")
_MOST_COLUMNS = 4
#: Words that are no name without quotes: ``pg_get_keywords()`` of PostgreSQL 15, categories R and T.
_RESERVED = frozenset(
    """
    all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation column
    concurrently constraint create cross current_catalog current_date current_role current_schema current_time current_timestamp
    current_user default deferrable desc distinct do else end except false fetch for foreign freeze from full grant group having
    ilike in initially inner intersect into is isnull join lateral leading left like limit localtime localtimestamp natural not
    notnull null offset on only or order outer overlaps placing primary references returning right select session_user similar
    some symmetric table tablesample then to trailing true union unique user using variadic verbose when where window with
    """.split()  # noqa: SIM905 - as a list it would be a page
)


class Candidate(msgspec.Struct, frozen=True):
    """An index that is not there yet."""

    table: TableName
    columns: tuple[str, ...]

    @property
    def spoken(self) -> str:
        """``flights(carrier, time_hour)``"""
        return f"{self.table[1]}({', '.join(self.columns)})"

    @property
    def statement(self) -> str:
        """What makes it, as an administrator would write it."""
        schema, name = self.table
        return self._made_on(_identifier(name) if schema == "public" else self._qualified)

    @property
    def qualified(self) -> str:
        """What makes it, whatever the search path is."""
        return self._made_on(self._qualified)

    @property
    def _qualified(self) -> str:
        return ".".join(map(_identifier, self.table))

    def _made_on(self, table: str) -> str:
        return f"create index on {table} ({', '.join(map(_identifier, self.columns))})"


class Uses(msgspec.Struct):
    """How a query uses the columns of one table."""

    table: TableName
    equal: list[str] = []
    ranges: list[str] = []
    joined: list[str] = []
    order: list[str] = []


def candidates(root: Node) -> list[Candidate]:
    """Indexes worth trying, each once, in the order of the plan."""
    uses = {str(node.fields["Alias"]): Uses(node.table) for node in root.all() if node.table and "Alias" in node.fields}
    for condition in _conditions(root):
        _note(condition, uses)
    for node in root.all():
        _note_order(node.fields.get("Sort Key", ()), uses)
    return list(dict.fromkeys(candidate for used in uses.values() for candidate in _of(used)))


def _of(used: Uses) -> Iterator[Candidate]:
    equal = used.equal[:_MOST_COLUMNS]
    tails = [[column] for column in (*used.ranges, *used.joined)] + [used.order]
    for tail in ([], *tails):
        columns = tuple(dict.fromkeys([*equal, *tail]))
        if columns:
            yield Candidate(used.table, columns[: _MOST_COLUMNS + 1])
    for column in used.joined:
        yield Candidate(used.table, (column,))


def _conditions(root: Node) -> Iterator[exp.Expression]:
    """Each comparison that must hold, taken out of its conjunction."""
    for node in root.all():
        for name in _CONDITIONS:
            if (text := node.fields.get(name)) is not None:
                yield from _conjuncts(text)


def _conjuncts(text: str) -> Iterator[exp.Expression]:
    try:
        parsed = sqlglot.parse_one(text, read="postgres")
    except SqlglotError:
        return  # PostgreSQL prints what sqlglot can't read; then there is no guess
    waiting = [parsed]
    while waiting:
        found = waiting.pop(0)
        if isinstance(found, exp.Paren):
            waiting.insert(0, found.this)
        elif isinstance(found, exp.And):
            waiting[:0] = [found.this, found.expression]
        elif isinstance(found, exp.Expression):
            yield found


def _note(condition: exp.Expression, uses: dict[str, Uses]) -> None:
    if isinstance(condition, exp.Is):
        _add(condition.this, uses, "equal")
    if not isinstance(condition, exp.EQ | exp.GT | exp.GTE | exp.LT | exp.LTE):
        return
    sides = (condition.this, condition.expression)
    for side, other in (sides, sides[::-1]):
        if other.find(exp.Column) is None:
            _add(side, uses, "ranges" if isinstance(condition, _RANGES) else "equal")
        elif isinstance(condition, exp.EQ):
            _add(side, uses, "joined")


def _add(side: exp.Expression, uses: dict[str, Uses], how: str) -> None:
    """The column itself, or as text: PostgreSQL shows every comparison of a ``varchar`` as one of text."""
    while isinstance(side, exp.Paren) or (isinstance(side, exp.Cast) and side.to.is_type("text")):
        side = side.this
    if isinstance(side, exp.Column) and side.table in uses:
        columns: list[str] = getattr(uses[side.table], how)
        if side.name not in columns:
            columns.append(side.name)


def _note_order(keys: list[str], uses: dict[str, Uses]) -> None:
    """An order by plain columns of one table, all in one direction: that an index can give."""
    found = [_SORT_KEY.fullmatch(key) for key in keys]
    aliases = {match["alias"] for match in found if match}
    if not all(found) or len(aliases) != 1 or len({key.endswith(" DESC") for key in keys}) != 1:
        return
    if (used := uses.get(aliases.pop())) is not None and not used.order:
        used.order.extend(match["column"] for match in found if match)


def _identifier(name: str) -> str:
    return name if _PLAIN.fullmatch(name) and name not in _RESERVED else '"' + name.replace('"', '""') + '"'
