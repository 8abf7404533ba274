"""Pages of lists at a million rows per table against the first page at a thousand.

Rows are copies of one real row with ids (and times) of their own, all of one organization and one person: the largest list there can be.
No page comes from the cache: each request has a cursor that was never used before, a little beside the one before it. There is a small
table beside the large one, and by turns one or the other has the table's name.
"""

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from bench.load import times_ms
from bench.report import Figure, at_most, median
from bench.rig import Rig
from broadsheet.pages import encode_cursor
from tests.support.waiting import until

_MANY, _FEW = 1_000_000, 1_000
_PAGE = 50
_ROUNDS = 4
_REQUESTS = 15
_NEWEST = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
_REPORT = """---
title: Listed
source: flights
---
```sql airlines
select carrier from airlines
```
"""


class _List(msgspec.Struct, frozen=True):
    """A list and its table. ``own`` are the columns that differ from row to row, as SQL of the row's number ``n``."""

    name: str
    table: str
    own: dict[str, str]
    cursor: Callable[[int], str]


def _id(n: int) -> str:
    return f"01700000-0000-7000-8000-{n:012x}"


_ID = "('01700000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid"
_LISTS = (
    _List("runs", "runs.runs", {"id": _ID, "idempotency_key": "null"}, lambda n: encode_cursor(_id(n))),
    _List(
        "reports",
        "catalog.reports",
        {"id": _ID, "updated_at": f"timestamptz '{_NEWEST.isoformat()}' + n * interval '1 second'"},
        lambda n: encode_cursor(_NEWEST + n * dt.timedelta(seconds=1), _id(n)),
    ),
    _List("notifications", "notifications.notifications", {"id": _ID, "event_id": _ID}, lambda n: encode_cursor(_id(n))),
)


def measure(rig: Rig) -> Iterator[Figure]:
    """Keyset pagination."""
    rig.add_flights()
    _one_of_each(rig)
    for listed in _LISTS:
        with contextlib.closing(rig.sql("broadsheet")) as connection:
            yield _pages(rig, connection, listed)


def _pages(rig: Rig, connection: Any, listed: _List) -> Figure:
    rig.say(f"pages of {listed.name} at {_FEW:,} and {_MANY:,} rows")
    small, large = f"{listed.table}_small", f"{listed.table}_large"
    owner = _one(connection, "select tableowner from pg_tables where schemaname || '.' || tablename = %s", listed.table)
    _execute(connection, f"create table {small} (like {listed.table} including all)")
    _execute(connection, f"alter table {small} owner to {owner}")
    _fill(rig, connection, listed, small, _FEW)
    _fill(rig, connection, listed, listed.table, _MANY)
    few: list[float] = []
    many: list[list[float]] = [[], [], []]
    for number in range(_ROUNDS):
        with _in_its_place(connection, listed.table, small, large):
            few += _pages_ms(rig, listed, number, _FEW + 1)[0]
        for times, more in zip(many, _pages_ms(rig, listed, number, _MANY + 1, _MANY // 2, _PAGE + 1), strict=True):
            times += more
    slowest, baseline = max(map(median, many)), median(few)
    pages = ", ".join(f"{where} {median(times):.1f}" for where, times in zip(("first", "middle", "last"), many, strict=True))
    ratio = slowest / baseline
    return Figure(f"page of {listed.name}, {_MANY:,} rows", f"{pages} ms", f"{baseline:.1f} ms (first of {_FEW:,})", f"{ratio:.2f} ×",
                  "≤ 1.3 ×", at_most(ratio, 1.3))  # fmt: skip


@contextlib.contextmanager
def _in_its_place(connection: Any, table: str, small: str, large: str) -> Iterator[None]:
    """Let the small table be the table for a while."""
    _swap(connection, (table, large), (small, table))
    try:
        yield
    finally:
        _swap(connection, (table, small), (large, table))


def _swap(connection: Any, *renamed: tuple[str, str]) -> None:
    renames = [f"alter table {old} rename to {new.partition('.')[2]}" for old, new in renamed]
    _execute(connection, "; ".join(["begin", *renames, "commit"]))
    _wait_for_replica(connection)


def _pages_ms(rig: Rig, listed: _List, number: int, *after: int) -> list[list[float]]:
    """The times of pages after each of these rows, in turns. No two requests of one ``number`` or of two have the same cursor."""
    address = f"{rig.system.url}/api/v1/{listed.name}?limit={_PAGE}&cursor="
    requests = range(number * _REQUESTS, (number + 1) * _REQUESTS)
    cursors = [listed.cursor(row + request) for request in requests for row in after]
    times = times_ms([address + cursor for cursor in cursors], {"Authorization": f"Bearer {rig.admin.api.token}"})
    return [times[place :: len(after)] for place in range(len(after))]


def _one_of_each(rig: Rig) -> None:
    """A finished run, and with it a report and a notification."""
    answer = rig.admin.api.post(f"/reports/{rig.add_report(_REPORT)}/runs", {"formats": ["csv"]})
    run_id = answer.json["id"]
    until(lambda: rig.admin.api.get(f"/runs/{run_id}").json["state"] == "succeeded", what="the run")
    until(lambda: rig.admin.api.get("/notifications").json["items"], what="the notification")


def _fill(rig: Rig, connection: Any, listed: _List, table: str, rows: int) -> None:
    """Put so many copies of the newest row of the list into ``table``, and wait until the replica has them as well."""
    columns = _one(
        connection,
        "select array_agg(column_name::text) from information_schema.columns where table_schema || '.' || table_name = %s",
        listed.table,
    )
    values = ", ".join(listed.own.get(name, f'one."{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    newest = (
        f"select * from {listed.table} where organization_id = '{rig.admin.principal.organization_id}' order by id desc limit 1"
    )
    _execute(connection, "set synchronous_commit = off")
    _execute(connection, f"insert into {table} ({names}) select {values} from ({newest}) one, generate_series(1, {rows}) n")
    _execute(connection, f"vacuum analyze {table}")
    _wait_for_replica(connection)


def _wait_for_replica(connection: Any) -> None:
    replayed = "select coalesce(bool_and(replay_lsn >= pg_current_wal_flush_lsn()), true) from pg_stat_replication"
    until(lambda: _one(connection, replayed), within_seconds=60, what="the replica's replay")


def _execute(connection: Any, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _one(connection: Any, query: str, *values: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchone()[0]
