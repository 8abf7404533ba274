"""Idle memory of Broadsheet's own processes, one of each, and how long ``make up`` takes on a prepared machine."""

import os
import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

from bench.report import Figure
from bench.rig import Rig
from broadsheet.local.ports import free_port

ROOT = pathlib.Path(__file__).parents[2]


def measure(rig: Rig) -> Iterator[Figure]:
    """Footprint."""
    sizes = {name: _proportional_mb(process.pid) for name, process in rig.system.processes.items() if process.pid is not None}
    total = sum(sizes.values())
    rig.say("idle memory: " + ", ".join(f"{name} {size:.0f}" for name, size in sizes.items()) + " MB")
    yield Figure(
        "all processes idle, proportional set size (the edge with one worker)",
        f"{total:.0f} MB",
        target="≤ 600 MB",
        holds=total <= 600,
    )
    rig.say("make up on a prepared machine")
    seconds = _up_seconds()
    yield Figure(
        "make up on a prepared machine, new data folder, sample report finished",
        f"{seconds:.0f} s",
        target="≤ 45 s",
        holds=seconds <= 45,
    )


def _proportional_mb(pid: int) -> float:
    """The process and, of gunicorn's, its master and one of its workers."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sum(map(_one_mb, [pid, *map(int, children[:1])]))


def _one_mb(pid: int) -> float:
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError("no Pss")


def _up_seconds() -> float:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        pathlib.Path(folder).chmod(0o755)
        environment = {**os.environ, "BROADSHEET_HOME": f"{folder}/home", "BROADSHEET_PORT": str(free_port())}
        began = time.perf_counter()
        try:
            subprocess.run(["make", "up"], cwd=ROOT, env=environment, check=True, timeout=600, capture_output=True)
            return time.perf_counter() - began
        finally:
            subprocess.run(
                [sys.executable, "-m", "broadsheet.local", "reset"],
                cwd=ROOT,
                env=environment,
                timeout=120,
                capture_output=True,
                check=False,
            )
