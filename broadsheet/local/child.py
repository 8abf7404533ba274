"""Child processes that never outlive their parent by accident, and the sweep for those that did.

Three things hold on to a child: it is told by the kernel when its parent dies (``PR_SET_PDEATHSIG``, set by ``setpriv``), it leads
a process group of its own, and it carries its home in ``BROADSHEET_STACK``. What a reader would get wrong: the kernel sends that
signal when the *thread* that forked ends, not the process, so all children are forked by one thread that lives as long as the spawner.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO

import msgspec

from broadsheet.local.signals import send

#: The variable that names the home a process belongs to; set for children only, never in a person's shell.
MARKER = "BROADSHEET_STACK"


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """How to start a child: what, where, with which whole environment, as which account, and how it hears of its parent's death."""

    name: str
    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    account: str | None = None
    death_signal: signal.Signals = signal.SIGKILL


class Spawner:
    """Starts the children of one home. ``close`` ends them all at once through the kernel, so stop them first."""

    def __init__(self, home: Path):
        self._home = home
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")

    def spawn(self, launch: Launch, output: int | IO[bytes]) -> subprocess.Popen[bytes]:
        """Start it, with ``output`` as standard output and error. Raises OSError if the program cannot be executed."""
        return self._thread.submit(self._spawn, launch, output).result()

    def _spawn(self, launch: Launch, output: int | IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*_guard(launch), *launch.argv],
            cwd=launch.cwd,
            env={**launch.env, MARKER: str(self._home)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def close(self) -> None:
        self._thread.shutdown()


def _guard(launch: Launch) -> list[str]:
    setpriv = shutil.which("setpriv") or "/usr/bin/setpriv"
    guard = [setpriv, f"--pdeathsig={launch.death_signal.name.removeprefix('SIG')}"]
    if launch.account is not None:
        guard += [f"--reuid={launch.account}", f"--regid={launch.account}", "--init-groups"]
    return [*guard, "--"]


def end(process: subprocess.Popen[bytes], stop_signal: signal.Signals, grace_seconds: float) -> None:
    """Ask the process to stop, insist after the grace, and leave nothing of its group."""
    if process.poll() is None:
        process.send_signal(stop_signal)
        try:
            process.wait(grace_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
    kill_group(process)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to the process and what it left in its group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


def members(home: Path) -> list[int]:
    """Ids of the processes that belong to ``home``: children carry the marker; PostgreSQL, which wipes its environment to show a
    title, is known by its program and its working folder inside the home. Ourselves and our ancestors are never among them."""
    spared = _ancestors()
    return [pid for pid in _all_processes() if pid not in spared and _belongs(pid, home)]


def sweep(home: Path, *, grace_seconds: float = 5.0) -> list[int]:
    """End whatever still runs for ``home`` though its parent is gone. Gives the ids of what was found."""
    found = members(home)
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in members(home):
            send(pid, number, still=partial(_belongs, pid, home))
        deadline = time.monotonic() + grace_seconds
        while members(home) and time.monotonic() < deadline:
            time.sleep(0.05)
    return found


def _belongs(pid: int, home: Path) -> bool:
    process = Path("/proc") / str(pid)
    try:
        if f"{MARKER}={home}".encode() in (process / "environ").read_bytes().split(b"\0"):
            return True
        return os.readlink(process / "exe").endswith("/postgres") and Path(os.readlink(process / "cwd")).is_relative_to(home)
    except OSError:
        return False


def _all_processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _ancestors() -> set[int]:
    line, pid = {os.getpid()}, os.getppid()
    while pid > 1:
        line.add(pid)
        pid = _parent(pid)
    return line | {1}


def _parent(pid: int) -> int:
    try:
        return int((Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0
