"""Runs: the life of a run, its edition and its artifacts."""

import datetime as dt
from enum import StrEnum
from typing import Any, ClassVar, Protocol
from urllib.parse import quote

from broadsheet.caching.policy import By, cached
from broadsheet.contracts.base import Event, PageOf, Principal, Record


class RunState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        """Whether nothing follows by itself."""
        return self in (RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED)


class Lane(StrEnum):
    INTERACTIVE = "interactive"
    SCHEDULED = "scheduled"


class Format(StrEnum):
    PDF = "pdf"
    XLSX = "xlsx"
    CSV = "csv"
    HTML = "html"


class RunOrder(Record, frozen=True, kw_only=True):
    """What is asked for. ``params`` are JSON values; ``query`` is needed for CSV of a report with several queries."""

    report_id: str
    formats: list[Format]
    params: dict[str, Any] = {}
    query: str | None = None
    idempotency_key: str | None = None
    lane: Lane = Lane.INTERACTIVE


class Progress(Record, frozen=True, kw_only=True):
    """``total`` is ``None`` while nobody can know it."""

    done: int
    total: int | None
    unit: str


class RunError(Record, frozen=True, kw_only=True):
    code: str
    message: str


class Artifact(Record, frozen=True, kw_only=True):
    """A file of an edition. ``location`` is its path in the artifact store; ``sha256`` is hexadecimal."""

    name: str
    format: str
    media_type: str
    size_bytes: int
    sha256: str
    row_count: int | None
    location: str


class ArtifactView(Record, frozen=True, kw_only=True):
    """An artifact as the API shows it. ``url`` is where it can be downloaded."""

    name: str
    format: str
    media_type: str
    size_bytes: int
    sha256: str
    row_count: int | None
    url: str


class RunView(Record, frozen=True, kw_only=True):
    """A run as the API and the live log show it."""

    id: str
    report_id: str
    report_title: str
    report_version: int
    params: dict[str, Any]
    formats: list[Format]
    query: str | None
    state: RunState
    attempts: int
    progress: Progress | None
    error: RunError | None
    artifacts: list[ArtifactView]
    edition_id: str | None
    requested_by: str
    requested_at: dt.datetime
    started_at: dt.datetime | None
    finished_at: dt.datetime | None


class Run(Record, frozen=True, kw_only=True):
    id: str
    organization_id: str
    report_id: str
    report_title: str
    report_version: int
    params: dict[str, Any]
    formats: list[Format]
    query: str | None
    state: RunState
    attempts: int
    progress: Progress | None
    error: RunError | None
    artifacts: list[Artifact]
    edition_id: str | None
    requested_by: str
    requested_at: dt.datetime
    started_at: dt.datetime | None
    finished_at: dt.datetime | None

    def view(self) -> RunView:
        """The run without what is only for us."""
        shown = {name: getattr(self, name) for name in RunView.__struct_fields__ if name != "artifacts"}
        return RunView(artifacts=[_artifact_view(self.id, artifact) for artifact in self.artifacts], **shown)


def _artifact_view(run_id: str, artifact: Artifact) -> ArtifactView:
    shown = {name: getattr(artifact, name) for name in ArtifactView.__struct_fields__ if name != "url"}
    return ArtifactView(url=f"/api/v1/runs/{run_id}/artifacts/{quote(artifact.name)}", **shown)


class Claim(Record, frozen=True, kw_only=True):
    """A worker's right to a run until the lease ends. ``token`` only ever grows; a stale one is refused (a fencing token)."""

    run: Run
    principal: Principal
    token: int
    lease_seconds: float


class NewEdition(Record, frozen=True, kw_only=True):
    """What a finished run publishes. ``rows`` are the stored results (Parquet), by query."""

    id: str
    as_of: dt.datetime
    artifacts: list[Artifact]
    rows: list[Artifact] = []


class Edition(Record, frozen=True, kw_only=True):
    id: str
    report_id: str
    report_version: int
    params: dict[str, Any]
    as_of: dt.datetime
    published_at: dt.datetime
    artifacts: list[Artifact]


class RunRequested(Event, frozen=True, kw_only=True):
    """A run waits for a worker. A hint: the claim decides."""

    name: ClassVar[str] = "broadsheet.runs.requested.v1"

    run_id: str
    organization_id: str


class RunFinished(Event, frozen=True, kw_only=True):
    """A run came to its end, whichever."""

    name: ClassVar[str] = "runs.run_finished"

    run: Run


def editions_tag(report_id: str) -> str:
    """What the archive of a report depends on."""
    return f"editions:{report_id}"


class Runs(Protocol):
    """The life of a run."""

    def request(self, principal: Principal, order: RunOrder) -> Run:
        """Queue a run; returns at once. Raises ``NotFound``, ``InvalidParameters``, ``InvalidInput``, ``Conflict`` (key used otherwise)."""

    def get(self, principal: Principal, run_id: str) -> Run:
        """Raises ``NotFound``: also for somebody else's run, unless an admin asks."""

    def list_runs(
        self, principal: Principal, report_id: str | None = None, limit: int = 50, cursor: str | None = None
    ) -> PageOf[Run]:
        """The principal's runs, newest first (all of the organization's for an admin)."""

    def cancel(self, principal: Principal, run_id: str) -> Run:
        """At once for whoever looks; the worker stops at its next heartbeat. A finished run stays as it is."""

    def retry(self, principal: Principal, run_id: str) -> Run:
        """A failed or cancelled run, queued again. Raises ``Conflict`` for others."""

    @cached(ttl=3600.0, by=By.SCOPE, depends=lambda report_id, **_: [editions_tag(report_id)])
    def list_editions(self, principal: Principal, report_id: str, limit: int = 50, cursor: str | None = None) -> PageOf[Edition]:
        """What was published, newest first."""

    def claim(self, run_id: str, worker: str) -> Claim:
        """For workers. Raises ``NotClaimable`` (done, cancelled, owned by another, organization at its limit)."""

    def heartbeat(self, run_id: str, token: int, progress: Progress | None = None) -> None:
        """Extends the lease. Raises ``LeaseLost``, ``Cancelled``."""

    def complete(self, run_id: str, token: int, edition: NewEdition) -> Run:
        """Publishes the edition. Raises ``LeaseLost``, ``Cancelled``; asking again with the same token is fine."""

    def fail(self, run_id: str, token: int, error: RunError, retryable: bool = False) -> Run:
        """Ends the attempt; a retryable failure queues the run again until its attempts are used up. Raises ``LeaseLost``."""

    def release(self, run_id: str, token: int) -> None:
        """Hand the run back untried, as a worker does that is told to stop."""
