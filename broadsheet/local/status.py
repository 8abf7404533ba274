"""What the supervisor lets others know: one small file in the home, replaced as a whole at every change.

`up` shows it while things start, `status` at any time. It is a report, not a lock: whether a supervisor lives is asked of the lock.
"""

import threading
import time
from pathlib import Path
from typing import Literal

import msgspec

Phase = Literal["starting", "running", "failed", "stopping", "stopped"]


class PartStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One server or process. ``since`` is in seconds since 1970, when it entered ``state``; ``restarts`` counts its crashes."""

    name: str
    kind: Literal["server", "process"]
    state: str
    pid: int | None = None
    port: int | None = None
    since: float = 0.0
    restarts: int = 0


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why the start failed, as a person is told."""

    name: str
    reason: str
    log_tail: tuple[str, ...] = ()
    advice: str = ""


class Step(msgspec.Struct, frozen=True):
    """Something that happened during the start: who and what."""

    name: str
    what: str


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The whole. ``steps`` only grows during one start."""

    phase: Phase
    pid: int
    started: float
    steps: tuple[Step, ...] = ()
    parts: tuple[PartStatus, ...] = ()
    failure: Failure | None = None


def read_status(path: Path) -> Status | None:
    """The last report, or None if there is none that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Status)
    except (OSError, msgspec.DecodeError):
        return None


class StatusFile:
    """Writes the report; safe from any thread."""

    def __init__(self, path: Path, pid: int):
        self._path = path
        self._lock = threading.Lock()
        self._status = Status(phase="starting", pid=pid, started=time.time())
        self._parts: dict[str, PartStatus] = {}
        self._write()

    @property
    def status(self) -> Status:
        return self._status

    def phase(self, phase: Phase, failure: Failure | None = None) -> None:
        with self._lock:
            self._status = msgspec.structs.replace(self._status, phase=phase, failure=failure)
            self._write()

    def step(self, name: str, what: str) -> None:
        with self._lock:
            self._status = msgspec.structs.replace(self._status, steps=(*self._status.steps, Step(name, what)))
            self._write()

    def part(self, part: PartStatus) -> None:
        """Replace the entry of that name; ``since`` is set here if the state is new."""
        with self._lock:
            before = self._parts.get(part.name)
            since = before.since if before is not None and before.state == part.state else time.time()
            self._parts[part.name] = msgspec.structs.replace(part, since=since)
            self._status = msgspec.structs.replace(self._status, parts=tuple(self._parts.values()))
            self._write()

    def _write(self) -> None:
        replacement = self._path.with_suffix(".new")
        replacement.write_bytes(msgspec.json.encode(self._status))
        replacement.replace(self._path)
