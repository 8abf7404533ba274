"""A worker's hold on a run: a heartbeat on a thread of its own while the work goes on, and one place that knows whether to stop.

The work asks :meth:`Lease.should_stop`, and what blocks (a query) registers how it can be stopped. Without an answer to heartbeats for a
whole lease the worker must assume that somebody else owns the run.
"""

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from broadsheet.contracts.runs import Claim, Progress, Runs
from broadsheet.errors import BroadsheetError, Cancelled, LeaseLost
from broadsheet.logs import logger


class Draining(Exception):
    """The worker is told to stop: the run is handed back."""


class Lease:
    """One claimed run. Use as a context: the heartbeat ends with the block."""

    def __init__(self, runs: Runs, claim: Claim, *, heartbeat_seconds: float, drain_at: Callable[[], float | None]):
        self.run = claim.run
        self.principal = claim.principal
        self.token = claim.token
        self._runs = runs
        self._lease_seconds = claim.lease_seconds
        self._every = heartbeat_seconds
        self._drain_at = drain_at
        self._over = threading.Event()
        self._stopped = threading.Event()
        self._reason: Exception | None = None
        self._progress: Progress | None = None
        self._stoppers: list[Callable[[], None]] = []
        self._guard = threading.Lock()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._log = logger(__name__)

    def progress(self, done: int, total: int | None, unit: str) -> None:
        """How far the work is; sent with the next heartbeat."""
        self._progress = Progress(done=done, total=total, unit=unit)

    @property
    def reason(self) -> Exception | None:
        """Why the work has become pointless, if it has."""
        return self._reason

    def should_stop(self) -> bool:
        """Whether the work has become pointless."""
        return self._reason is not None

    def check(self) -> None:
        """Raise why the work has become pointless: :class:`Cancelled`, :class:`LeaseLost` or :class:`Draining`."""
        if self._reason is not None:
            raise self._reason

    def pause(self, seconds: float) -> None:
        """Wait, at most until the work has become pointless; then raise as :meth:`check` does."""
        self._stopped.wait(seconds)
        self.check()

    def on_stop(self, stop: Callable[[], None]) -> None:
        """Call ``stop`` when the work becomes pointless."""
        with self._guard:
            self._stoppers.append(stop)
            if self._reason is None:
                return
        stop()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join(timeout=30)

    def _beat(self) -> None:
        answered = time.monotonic()
        while not self._over.wait(self._every):
            drain_at = self._drain_at()
            if drain_at is not None and time.monotonic() > drain_at:
                return self._stop(Draining())
            progress, self._progress = self._progress, None
            try:
                self._runs.heartbeat(self.run.id, self.token, progress)
                answered = time.monotonic()
            except (Cancelled, LeaseLost) as error:
                return self._stop(error)
            except BroadsheetError as error:
                self._log.warning("heartbeat.unanswered", run_id=self.run.id, error=error.message)
                if time.monotonic() - answered > self._lease_seconds:
                    return self._stop(LeaseLost("Nobody answered the heartbeat for a whole lease"))
        return None

    def _stop(self, reason: Exception) -> None:
        with self._guard:
            self._reason = reason
            self._stopped.set()
            stoppers = list(self._stoppers)
        for stop in stoppers:
            stop()
