"""Cached block reads against bare Flask and Redis, and what a miss costs above the database's own time."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import redis
from sqlalchemy.engine import make_url

from bench import bare
from bench.load import Load, latency_ms, loaded, requests_per_second
from bench.report import Figure, at_most, interleaved, median
from bench.rig import Rig
from broadsheet.local.ports import free_port
from tests.support.waiting import until

_REPORT = """---
title: Ten kilobytes
source: flights
params:
  n: {type: number, default: 0}
---
```sql block
select flight, carrier, origin, dest, dep_delay, arr_delay, distance, tailnum from flights where month = 1 and day = 1 and :n >= 0 limit 190
```
```sql one
select 1 as one, :n as n
```
"""
_ROUNDS = 3
_READERS = (1, 16, 128)


def measure(rig: Rig) -> Iterator[Figure]:
    """Reads."""
    rig.add_flights()
    report_id = rig.add_report(_REPORT)
    path = f"/api/v1/reports/{report_id}/queries/block/data"
    first = rig.admin.api.get(path)
    assert first.status == 200, first.body
    redis.Redis.from_url(rig.environment["BROADSHEET_REDIS_URL"]).set(bare.KEY, first.body)
    own = {"Authorization": f"Bearer {rig.admin.api.token}"}
    own_304 = {**own, "If-None-Match": first.headers["etag"]}
    bare_304 = {"If-None-Match": f'"{bare.ETAG}"'}
    with _bare_server(rig) as base:
        ours, floor = rig.system.url + path, f"{base}/answer"
        rig.say(f"cached reads of {len(first.body)} bytes")
        rates = interleaved(
            _ROUNDS,
            lambda: requests_per_second(ours, own),
            lambda: requests_per_second(floor, {}),
            lambda: requests_per_second(ours, own_304),
            lambda: requests_per_second(floor, bare_304),
            lambda: latency_ms(ours, own),
            lambda: latency_ms(floor, {}),
        )
        rig.say(f"the same with {', '.join(map(str, _READERS))} readers")
        growth = [_growth(readers, ours, own, floor) for readers in _READERS]
    yield _rate(f"cached block, {len(first.body) / 1000:.0f} kB, concurrency 16", rates[0], rates[1])
    yield _rate("the same with If-None-Match (304)", rates[2], rates[3])
    ratio = rates[4] / rates[5]
    yield Figure(
        "cached block, one at a time, p50",
        f"{rates[4]:.2f} ms",
        f"{rates[5]:.2f} ms",
        f"{ratio:.2f} ×",
        "≤ 1.5 ×",
        at_most(ratio, 1.5),
    )
    yield from growth
    yield _miss(rig, report_id)


def _rate(scenario: str, ours: float, floor: float) -> Figure:
    return Figure(
        scenario, f"{ours:,.0f} requests/s", f"{floor:,.0f} requests/s", f"{ours / floor:.2f} ×", "≥ 0.8 ×", ours / floor >= 0.8
    )


def _growth(readers: int, ours: str, headers: dict[str, str], floor: str) -> Figure:
    """What so many readers get who never pause, and how long one waits."""
    found: dict[str, list[Load]] = {ours: [], floor: []}
    for _ in range(_ROUNDS):
        found[ours].append(loaded(ours, headers, connections=readers, seconds=2))
        found[floor].append(loaded(floor, {}, connections=readers, seconds=2))
    own, base = (_middle(found[url]) for url in (ours, floor))
    ratio = own.requests_per_second / base.requests_per_second
    who = "1 reader" if readers == 1 else f"{readers} readers"
    return Figure(
        f"cached block, {who} without a pause",
        _load(own),
        _load(base),
        f"{ratio:.2f} ×",
    )


def _middle(loads: list[Load]) -> Load:
    """The median of each."""
    return Load(
        median([load.requests_per_second for load in loads]),
        median([load.p50_ms for load in loads]),
        median([load.p99_ms for load in loads]),
    )


def _load(load: Load) -> str:
    return f"{load.requests_per_second:,.0f}/s, p50 {load.p50_ms:.1f}, p99 {load.p99_ms:.1f} ms"


def _miss(rig: Rig, report_id: str) -> Figure:
    rig.say("a query that is not cached")
    assert rig.system.sample is not None
    sample = make_url(rig.system.sample.primary_url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = psycopg2.connect(sample)
    ours, direct = [], []
    for n in range(150):
        began = time.perf_counter()
        answer = rig.admin.api.get(f"/reports/{report_id}/queries/one/data?param.n={n + 1}")
        ours.append((time.perf_counter() - began) * 1000)
        assert answer.headers["broadsheet-cache"] == "miss", answer.body
        began = time.perf_counter()
        with connection.cursor() as cursor:
            cursor.execute("select 1 as one, %s as n", (n,))
            cursor.fetchall()
        direct.append((time.perf_counter() - began) * 1000)
    connection.close()
    above = median(ours) - median(direct)
    return Figure("select 1 through edge and queries, not cached, p50", f"{median(ours):.1f} ms", f"{median(direct):.1f} ms",
                  f"+{above:.1f} ms", "≤ +8 ms", above <= 8)  # fmt: skip


@contextmanager
def _bare_server(rig: Rig) -> Iterator[str]:
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "--no-control-socket",
        "-k",
        "gevent",
        "-w",
        "2",
        "--reuse-port",
        "-b",
        f"127.0.0.1:{port}",
    ]
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [*command, "bench.bare:build()"], env={**os.environ, **rig.environment}, cwd=root, stderr=subprocess.DEVNULL
    ) as server:
        base = f"http://127.0.0.1:{port}"
        try:
            until(lambda: _answers(base), what="the bare server")
            yield base
        finally:
            server.terminate()


def _answers(base: str) -> bool:
    try:
        return latency_ms(f"{base}/answer", {}, count=4) > 0
    except OSError:
        return False
