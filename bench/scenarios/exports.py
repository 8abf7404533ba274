"""One million rows as CSV through a whole run, against ``psql \\copy`` on the same machine: the worker's time and its peak memory."""

import contextlib
import datetime as dt
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

from sqlalchemy.engine import make_url

from bench.report import Figure, at_most, interleaved
from bench.rig import Rig
from broadsheet.ids import new_id

_ROWS = 1_000_000
_ROUNDS = 3
_PASSWORD = "bench"
_REPORT = """---
title: Line items
source: tpch
---
```sql items
select * from lineitem
```
"""


def measure(rig: Rig) -> Iterator[Figure]:
    """Exports of TPC-H lineitem."""
    rig.say(f"loading {_ROWS:,} rows of TPC-H lineitem")
    _load(rig)
    rig.add_source("tpch", "tpch", "tpch_reader", _PASSWORD)
    report_id = rig.add_report(_REPORT)
    worker = rig.system.processes["renderer"].pid
    assert worker is not None
    sizes: list[int] = []
    peaks: list[float] = []

    def ours() -> float:
        pathlib.Path(f"/proc/{worker}/clear_refs").write_text("5")  # start the high-water mark anew (proc(5))
        run = _finished(rig, report_id)
        sizes.append(run["artifacts"][0]["size_bytes"])
        assert run["artifacts"][0]["row_count"] == _ROWS
        peaks.append(_peak_mb(worker))
        return _seconds(run)

    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        rig.say(f"CSV, {_ROUNDS} times each")
        seconds, baseline = interleaved(_ROUNDS, ours, lambda: _psql(rig, pathlib.Path(folder) / "items.csv"))
        assert (pathlib.Path(folder) / "items.csv").stat().st_size == sizes[0]
    ratio = seconds / baseline
    yield Figure(f"CSV, {_ROWS:,} × 16, worker time", f"{seconds:.2f} s", f"{baseline:.2f} s (psql \\copy)", f"{ratio:.2f} ×", "≤ 1.2 ×",
                 at_most(ratio, 1.2))  # fmt: skip
    yield Figure("the same, the worker's peak memory", f"{max(peaks):.0f} MB", target="≤ 120 MB", holds=max(peaks) <= 120)


def _load(rig: Rig) -> None:
    with contextlib.closing(rig.sql()) as connection, connection.cursor() as cursor:
        cursor.execute("create database tpch")
        cursor.execute(f"create role tpch_reader login password '{_PASSWORD}'")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        command = [
            str(pathlib.Path(sys.executable).with_name("tpchgen-cli")),
            "csv",
            "-s",
            "0.2",
            "--tables",
            "lineitem",
            "--output-dir",
            folder,
        ]
        subprocess.run(command, check=True, timeout=300, capture_output=True)
        path = next(pathlib.Path(folder).rglob("lineitem*.csv"))
        with contextlib.closing(rig.sql("tpch")) as connection, connection.cursor() as cursor, path.open() as rows:
            cursor.execute(_TABLE)
            cursor.copy_expert("copy generated from stdin with (format csv, header)", rows)
            cursor.execute("create table lineitem as select * from generated limit %s", (_ROWS,))
            cursor.execute("grant select on lineitem to tpch_reader")
            cursor.execute("vacuum analyze lineitem")


_TABLE = """
create unlogged table generated (
    l_orderkey bigint, l_partkey bigint, l_suppkey bigint, l_linenumber integer, l_quantity numeric(15, 2), l_extendedprice numeric(15, 2),
    l_discount numeric(15, 2), l_tax numeric(15, 2), l_returnflag text, l_linestatus text, l_shipdate date, l_commitdate date,
    l_receiptdate date, l_shipinstruct text, l_shipmode text, l_comment text)
"""


def _psql(rig: Rig, path: pathlib.Path) -> float:
    url = make_url(rig.system.stack.endpoints.primary_url("tpch")).set(
        drivername="postgresql", username="tpch_reader", password=_PASSWORD
    )
    command = ["psql", url.render_as_string(hide_password=False), "-qc", f"\\copy (select * from lineitem) to '{path}' csv header"]
    began = time.perf_counter()
    subprocess.run(command, check=True, timeout=300, env=os.environ)
    return time.perf_counter() - began


def _finished(rig: Rig, report_id: str) -> dict[str, Any]:
    answer = rig.admin.api.post(f"/reports/{report_id}/runs", {"formats": ["csv"]}, Idempotency_Key=new_id())
    run: dict[str, Any] = answer.json
    while run["state"] in ("queued", "running"):
        time.sleep(0.1)
        run = rig.admin.api.get(f"/runs/{run['id']}").json
    assert run["state"] == "succeeded", run
    return run


def _seconds(run: dict[str, Any]) -> float:
    return (dt.datetime.fromisoformat(run["finished_at"]) - dt.datetime.fromisoformat(run["started_at"])).total_seconds()


def _peak_mb(pid: int) -> float:
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError("no VmHWM")
