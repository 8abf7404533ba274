"""Keeps one part alive: waits for its end and starts it again, with growing pauses, until told to stop.

A part that ran for a while before it ended starts over with the shortest pause: a crash now and then costs a fraction of a second, a
part that cannot start does not burn the machine.
"""

import random
import subprocess
import threading
import time
from typing import Literal, Protocol

from broadsheet.local.failure import ServerFailed
from broadsheet.local.journal import Journal
from broadsheet.local.servers.base import exit_text
from broadsheet.local.status import PartStatus, StatusFile

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 15.0
#: Whoever ran this long is not in a crash loop.
STEADY_SECONDS = 20.0


class Part(Protocol):
    """A server or a Broadsheet process."""

    @property
    def name(self) -> str: ...
    @property
    def port(self) -> int | None: ...
    @property
    def pid(self) -> int | None: ...
    @property
    def process(self) -> subprocess.Popen[bytes] | None: ...
    def start(self) -> None: ...
    def wait_ready(self) -> None: ...
    def stop(self) -> None: ...


def pause_seconds(failures: int, chance: float) -> float:
    """How long to wait before the next start after ``failures`` quick ends; ``chance`` in [0, 1) spreads it over half to full."""
    whole: float = min(FIRST_PAUSE_SECONDS * 2**failures, LONGEST_PAUSE_SECONDS)
    return whole * (0.5 + chance / 2)


class Keeper:
    """One thread per part. The part must have been started and be ready."""

    def __init__(self, part: Part, kind: Literal["server", "process"], journal: Journal, status: StatusFile):
        self._part = part
        self.kind = kind
        self._journal = journal
        self._status = status
        self._stopping = threading.Event()
        self._restarts = 0
        self._thread = threading.Thread(target=self._keep, name=f"keeper of {part.name}", daemon=True)

    def begin(self) -> None:
        self._report("ready")
        self._thread.start()

    def let_go(self) -> None:
        """From now on its end is final. Returns at once."""
        self._stopping.set()

    def stop(self) -> None:
        """Stop the part and wait for the keeper."""
        self.let_go()
        self._report("stopping")
        self._part.stop()
        self._thread.join(30)
        self._part.stop()  # in case the keeper was just starting it
        self._report("stopped")

    def _keep(self) -> None:
        failures = 0
        while True:
            failures = 0 if self._await_end() > STEADY_SECONDS else failures + 1
            if self._stopping.is_set():
                return
            self._restarts += 1
            pause = pause_seconds(failures - 1 if failures else 0, random.random())
            ended = exit_text(self._part.process)
            self._report("restarting")
            self._journal.note(f"{self._part.name} ended ({ended}); starting it again in {pause:.1f} s")
            if self._stopping.wait(pause):
                return
            self._start_again()

    def _await_end(self) -> float:
        """Seconds until the part's process ended."""
        began = time.monotonic()
        process = self._part.process
        if process is not None:
            process.wait()
        return time.monotonic() - began

    def _start_again(self) -> None:
        try:
            self._part.stop()  # what a killed leader left of its group
            if self._stopping.is_set():
                return
            self._part.start()
            self._report("starting")
            self._part.wait_ready()
        except ServerFailed as failure:
            self._journal.note(f"{failure}" + "".join(f"\n    {line}" for line in failure.log_tail))
            self._part.stop()
            return
        self._report("ready")
        self._journal.note(f"{self._part.name} is back (process {self._part.pid})")

    def _report(self, state: str) -> None:
        part = self._part
        self._status.part(
            PartStatus(name=part.name, kind=self.kind, state=state, pid=part.pid, port=part.port, restarts=self._restarts)
        )
