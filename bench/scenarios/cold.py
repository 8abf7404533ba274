"""Many readers of one report that nobody has read yet: how often its SQL is executed, and how long the last reader waits.

Executions are counted by PostgreSQL itself, not by us: the query looks into a table that nothing else reads, once per execution, and
``pg_stat_user_tables`` counts the looks. A backend hands its counts in only after a while, so the count is read once it has come to rest.
"""

import contextlib
import itertools
import time
from collections.abc import Iterator
from typing import Any

from bench.load import together
from bench.report import Figure, at_most, interleaved
from bench.rig import Rig

_READERS = 200
_ROUNDS = 3
#: PostgreSQL's PGSTAT_IDLE_INTERVAL (pgstat.c), and some.
_REST_SECONDS = 11.0
_SQL = """select carrier, sum(sqrt(distance * n)) as effort, (select max(n) from looked_at) as looked
from flights cross join generate_series(1, 16) n where {n} >= 0 group by carrier order by carrier"""
_REPORT = f"""---
title: Dear
source: flights
params:
  n: {{type: number, default: 0}}
---
```sql dear
{_SQL.format(n=":n")}
```
"""


def measure(rig: Rig) -> Iterator[Figure]:
    """Single flight across processes."""
    rig.add_flights()
    report_id = rig.add_report(_REPORT)
    with contextlib.closing(rig.sql("flights")) as connection:
        _execute(connection, "create table if not exists looked_at as select 1 as n")
        _execute(connection, "grant select on looked_at to flights_reader")
        _execute(connection, "vacuum analyze looked_at")
        numbers = itertools.count(1)

        def readers() -> float:
            path = f"/api/v1/reports/{report_id}/queries/dear/data?param.n={next(numbers)}"
            return max(together(rig.system.url + path, {"Authorization": f"Bearer {rig.admin.api.token}"}, _READERS))

        def direct() -> float:
            began = time.perf_counter()
            _execute(connection, _SQL.format(n=1))
            return time.perf_counter() - began

        rig.say(f"{_READERS} readers of one cold report, {_ROUNDS} times")
        direct()
        before = _looks(connection)
        slowest, alone = interleaved(_ROUNDS, readers, direct)
        executed = _looks(connection) - before - _ROUNDS
    yield Figure(f"{_READERS} readers of one cold report at once: executions", f"{executed / _ROUNDS:g}", "1 (its SQL, directly)",
                 target="1", holds=executed == _ROUNDS)  # fmt: skip
    ratio = slowest / alone
    yield Figure("the same, the slowest reader", f"{slowest:.2f} s", f"{alone:.2f} s", f"{ratio:.2f} ×", "≤ 1.5 ×",
                 at_most(ratio, 1.5))  # fmt: skip


def _execute(connection: Any, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _looks(connection: Any) -> int:
    """How often ``looked_at`` was read, by everybody, so far."""
    time.sleep(_REST_SECONDS)
    with connection.cursor() as cursor:
        cursor.execute("select pg_stat_force_next_flush()")
        cursor.execute("select seq_scan from pg_stat_user_tables where relname = 'looked_at'")
        count: int = cursor.fetchone()[0]
        return count
