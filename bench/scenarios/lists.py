"""Pages of lists at a million rows per table against the first page at a thousand.

Rows are copies of one real row with ids (and times) of their own, all of one organization and one person: the largest list there can be.
No page comes from the cache: each request has a cursor that was never used before, a little beside the one before it. As a table has
either a thousand rows or a million, the baseline is measured before and again after.
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
_REQUESTS = 40
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
    _fill(rig, connection, listed, _FEW)
    before = _pages_ms(rig, listed, _FEW + 1)
    _fill(rig, connection, listed, _MANY)
    many = _pages_ms(rig, listed, _MANY + 1, _MANY // 2, _PAGE + 1)
    _fill(rig, connection, listed, _FEW)
    after = _pages_ms(rig, listed, _FEW + 1 + _REQUESTS)
    slowest, baseline = max(many), (before[0] + after[0]) / 2
    pages = ", ".join(f"{where} {ms:.1f}" for where, ms in zip(("first", "middle", "last"), many, strict=True))
    ratio = slowest / baseline
    return Figure(f"page of {listed.name}, {_MANY:,} rows", f"{pages} ms", f"{baseline:.1f} ms ({_FEW:,} rows)", f"{ratio:.2f} ×",
                  "≤ 1.3 ×", at_most(ratio, 1.3))  # fmt: skip


def _pages_ms(rig: Rig, listed: _List, *after: int) -> list[float]:
    """The median time of a page after each of these rows, in turns, each with cursors of its own."""
    address = f"{rig.system.url}/api/v1/{listed.name}?limit={_PAGE}&cursor="
    cursors = [listed.cursor(row + request) for request in range(_REQUESTS) for row in after]
    times = times_ms([address + cursor for cursor in cursors], {"Authorization": f"Bearer {rig.admin.api.token}"})
    return [median(times[place :: len(after)]) for place in range(len(after))]


def _one_of_each(rig: Rig) -> None:
    """A finished run, and with it a report and a notification."""
    answer = rig.admin.api.post(f"/reports/{rig.add_report(_REPORT)}/runs", {"formats": ["csv"]})
    run_id = answer.json["id"]
    until(lambda: rig.admin.api.get(f"/runs/{run_id}").json["state"] == "succeeded", what="the run")
    until(lambda: rig.admin.api.get("/notifications").json["items"], what="the notification")


def _fill(rig: Rig, connection: Any, listed: _List, rows: int) -> None:
    """Give the table so many copies, and wait until the replica has them as well."""
    with connection.cursor() as cursor:
        cursor.execute("set synchronous_commit = off")
        cursor.execute("set session_replication_role = replica")  # no foreign keys are looked up: there is nothing to find
        cursor.execute(f"delete from {listed.table} where id > '{_id(rows)}' and id <= '{_id(_MANY)}'")
        cursor.execute(
            "select column_name from information_schema.columns where table_schema || '.' || table_name = %s", (listed.table,)
        )
        columns = [name for (name,) in cursor.fetchall()]
        values = ", ".join(listed.own.get(name, f'one."{name}"') for name in columns)
        names = ", ".join(f'"{name}"' for name in columns)
        cursor.execute(
            f"insert into {listed.table} ({names}) select {values} "
            f"from (select * from {listed.table} where organization_id = %s order by id desc limit 1) one, "
            f"generate_series(1, {rows}) n on conflict do nothing",
            (rig.admin.principal.organization_id,),
        )
        cursor.execute(f"vacuum ({'full, ' if rows == _FEW else ''}analyze) {listed.table}")
    until(lambda: _replayed(connection), within_seconds=60, what="the replica's replay")


def _replayed(connection: Any) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select coalesce(bool_and(replay_lsn >= pg_current_wal_flush_lsn()), true) from pg_stat_replication")
        done: bool = cursor.fetchone()[0]
        return done
