"""Calls between processes: Broadsheet's RPC against Nameko with its own defaults, the same echo of 1 kB on the same broker."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from typing import IO

from bench.report import Figure, interleaved
from bench.rig import ROOT, Rig

_ROUNDS = 3
_SECONDS = 3
_AT_ONCE = 16


def measure(rig: Rig) -> Iterator[Figure]:
    """Internal RPC."""
    rig.say("internal RPC, ours and Nameko's")
    with _side(rig, "bench.echo.serve", "bench.echo.ask") as ours, _side(rig, "bench.echo.plain", "bench.echo.ask_plain") as plain:
        for side in (ours, plain):
            side.rate(_AT_ONCE, 1)
        rates = interleaved(
            _ROUNDS,
            partial(ours.rate, _AT_ONCE, _SECONDS),
            partial(plain.rate, _AT_ONCE, _SECONDS),
            partial(ours.rate, 1, 1),
            partial(plain.rate, 1, 1),
        )
    ratio = rates[0] / rates[1]
    yield Figure(f"internal RPC, 1 kB, pipelined {_AT_ONCE}", f"{rates[0]:,.0f} calls/s", f"{rates[1]:,.0f} calls/s (nameko)",
                 f"{ratio:.2f} ×", "≥ 2 ×", ratio >= 2)  # fmt: skip
    yield Figure(
        "the same, one at a time", f"{1000 / rates[2]:.1f} ms", f"{1000 / rates[3]:.1f} ms (nameko)", f"{rates[3] / rates[2]:.2f} ×"
    )


class _Side:
    """A service and whoever calls it."""

    def __init__(self, questions: IO[str], answers: IO[str]):
        self._questions = questions
        self._answers = answers

    def rate(self, at_once: int, seconds: int) -> float:
        """Calls per second with so many under way."""
        self._questions.write(f"{at_once} {seconds}\n")
        self._questions.flush()
        return float(self._answers.readline())


@contextlib.contextmanager
def _side(rig: Rig, service: str, caller: str) -> Iterator[_Side]:
    environment = {**os.environ, **rig.environment, "BROADSHEET_LOG_LEVEL": "WARNING"}
    with subprocess.Popen([sys.executable, "-m", service], env=environment, cwd=ROOT) as served:
        try:
            with subprocess.Popen(
                [sys.executable, "-m", caller],
                env=environment,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            ) as calling:
                assert calling.stdin is not None
                assert calling.stdout is not None
                assert calling.stdout.readline() == "ready\n"
                yield _Side(calling.stdin, calling.stdout)
        finally:
            served.terminate()
