"""One run, from claim to completion. Every step may be killed: what was not completed is taken over by another worker.

The message that brings a run here is a hint; the claim decides. Whatever goes wrong becomes the run's error with words for a person,
or another attempt.
"""

from collections.abc import Callable

import msgspec
import structlog

from broadsheet.contracts.runs import Claim, RunError, RunRequested, Runs
from broadsheet.errors import BroadsheetError, Cancelled, LeaseLost, NotClaimable, NotFound, SourceUnavailable, Unavailable
from broadsheet.logs import logger
from broadsheet.messaging.kafka import Done, Outcome, Rejected, Retry
from jobs.renderer.lease import Draining, Lease
from jobs.renderer.publishing import Publisher

#: Errors that another attempt may not meet again.
_PASSING = (SourceUnavailable, Unavailable)


class Worker:
    """Does runs, one at a time."""

    def __init__(
        self, name: str, runs: Runs, publisher: Publisher, *, heartbeat_seconds: float, drain_at: Callable[[], float | None]
    ):
        self._name = name
        self._runs = runs
        self._publisher = publisher
        self._heartbeat_seconds = heartbeat_seconds
        self._drain_at = drain_at
        self._log = logger(__name__)

    def step(self, payload: bytes) -> Outcome:
        """Handle one ``RunRequested`` message."""
        try:
            event = msgspec.json.decode(payload, type=RunRequested)
        except msgspec.DecodeError as error:
            return Rejected(f"not a RunRequested: {error}")
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(run_id=event.run_id, organization_id=event.organization_id)
        try:
            claim = self._runs.claim(event.run_id, self._name)
        except (NotClaimable, NotFound) as error:
            self._log.debug("run.not_claimed", reason=error.message)
            return Done()
        except Unavailable as error:
            return Retry(error.message)
        self._do(claim)
        return Done()

    def _do(self, claim: Claim) -> None:
        self._log.info("run.claimed", attempt=claim.run.attempts, report=claim.run.report_title)
        with Lease(self._runs, claim, heartbeat_seconds=self._heartbeat_seconds, drain_at=self._drain_at) as lease:
            try:
                self._publisher.publish(lease)
                self._log.info("run.succeeded")
            except Exception as error:
                # What was interrupted says that it was, not why: the lease knows.
                self._end(lease, lease.reason or error)

    def _end(self, lease: Lease, error: Exception) -> None:
        if isinstance(error, Draining):
            self._hand_back(lease)
        elif isinstance(error, (Cancelled, LeaseLost)):
            self._log.info("run.stopped", reason=error.message)
        elif isinstance(error, BroadsheetError):
            self._fail(lease, error)
        else:
            self._log.error("run.crashed", exc_info=error)
            self._fail(lease, BroadsheetError(f"The file could not be made: {type(error).__name__}"), retryable=True)

    def _hand_back(self, lease: Lease) -> None:
        try:
            self._runs.release(lease.run.id, lease.token)
            self._log.info("run.handed_back")
        except BroadsheetError as refused:
            self._log.warning("run.not_handed_back", reason=refused.message)  # the lease expires and the run is tried again

    def _fail(self, lease: Lease, error: BroadsheetError, *, retryable: bool = False) -> None:
        self._log.warning("run.failed", code=error.code, error=error.message)
        reported = RunError(code=error.code, message=error.message)
        try:
            self._runs.fail(lease.run.id, lease.token, reported, retryable or isinstance(error, _PASSING))
        except (LeaseLost, Cancelled, Unavailable) as refused:
            self._log.warning("run.failure_not_recorded", reason=refused.message)  # the lease expires and the run is tried again
