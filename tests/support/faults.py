"""Killing, pausing and bringing back real processes, by their ids."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from broadsheet.local.process import Process
from tests.support.system import System
from tests.support.waiting import until


def kill(process: Process) -> None:
    """SIGKILL to the process and all of its group, as when a machine goes."""
    running = process.process
    assert running is not None
    os.killpg(running.pid, signal.SIGKILL)
    running.wait(10)


def terminate(process: Process, *, within_seconds: float = 20.0) -> int:
    """SIGTERM; gives the exit code."""
    running = process.process
    assert running is not None
    running.send_signal(signal.SIGTERM)
    return running.wait(within_seconds)


@contextmanager
def paused(process: Process) -> Iterator[None]:
    """SIGSTOP for as long as the block takes, then SIGCONT."""
    pid = process.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        until(lambda: _state(pid) == "T", what="the process being stopped")
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def bring_back(system: System) -> None:
    """Start again whatever a test has left dead, servers first."""
    for server in system.stack.servers:
        if not server.is_running:
            server.restart()
    for process in system.processes.values():
        if process.pid is None:
            process.start()
    system.processes["edge"].wait_ready()


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
