"""How long a person waits for an answer, for a worker, and for the notification."""

import datetime as dt
import http.client
import json
import queue
import threading
import time
from collections.abc import Iterator
from typing import Any

from bench.report import Figure, median
from bench.rig import Rig
from broadsheet.ids import new_id

_REPORT = """---
title: Tiny
source: flights
---
```sql airlines
select carrier, name from airlines order by carrier
```
"""
_COUNT = 40
_WARM = 5


def measure(rig: Rig) -> Iterator[Figure]:
    """Runs of a tiny CSV report on an idle system, one after the other."""
    rig.add_flights()
    report_id = rig.add_report(_REPORT)
    rig.say(f"{_COUNT} tiny runs, one after the other")
    events: queue.Queue[tuple[float, str, Any]] = queue.Queue()
    threading.Thread(target=_listen, args=(rig, events), daemon=True).start()
    events.get(timeout=20)  # connected
    empty, accepted, claimed, notified = [], [], [], []
    for number in range(_COUNT + _WARM):
        began = time.perf_counter()
        rig.admin.api.get(f"/runs/{new_id()}")
        empty_ms = (time.perf_counter() - began) * 1000
        now, began = time.time(), time.perf_counter()
        answer = rig.admin.api.post(f"/reports/{report_id}/runs", {"formats": ["csv"]})
        accepted_ms = (time.perf_counter() - began) * 1000
        run_id = answer.json["id"]
        notified_at = _await(events, run_id)
        started = dt.datetime.fromisoformat(rig.admin.api.get(f"/runs/{run_id}").json["started_at"])
        if number >= _WARM:
            empty.append(empty_ms)
            accepted.append(accepted_ms)
            claimed.append((started.timestamp() - now) * 1000)
            notified.append((notified_at - now) * 1000)
    above = median(accepted) - median(empty)
    yield Figure("POST /runs → 202, p50", f"{median(accepted):.1f} ms", f"{median(empty):.1f} ms (one RPC)", f"+{above:.1f} ms",
                 "≤ +10 ms", above <= 10)  # fmt: skip
    yield Figure(
        "POST /runs → claimed by a worker, p50", f"{median(claimed):.0f} ms", target="≤ 60 ms", holds=median(claimed) <= 60
    )
    yield Figure(
        "POST /runs → notified on the open page, p50",
        f"{median(notified):.0f} ms",
        target="≤ 250 ms",
        holds=median(notified) <= 250,
    )


def _listen(rig: Rig, events: "queue.Queue[tuple[float, str, Any]]") -> None:
    connection = http.client.HTTPConnection(rig.admin.api.host, rig.admin.api.port, timeout=120)
    connection.request("GET", "/api/v1/events", headers={"Authorization": f"Bearer {rig.admin.api.token}"})
    response = connection.getresponse()
    kind = ""
    response.readline()
    events.put((time.time(), "connected", None))
    while True:
        line = response.readline().decode().strip("\n")
        if line.startswith("event: "):
            kind = line.removeprefix("event: ")
        elif line.startswith("data: "):
            events.put((time.time(), kind, json.loads(line.removeprefix("data: "))))


def _await(events: "queue.Queue[tuple[float, str, Any]]", run_id: str) -> float:
    while True:
        at, kind, data = events.get(timeout=60)
        if kind == "notification" and data["run_id"] == run_id:
            return at
