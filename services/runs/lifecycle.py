"""Moves a run along: each function is one transition of ``rules``, with what has to be said about it, in the caller's transaction."""

import datetime as dt
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from broadsheet import outbox
from broadsheet.caching.changes import changed
from broadsheet.contracts.base import Principal
from broadsheet.contracts.runs import (
    Artifact,
    Claim,
    Edition,
    Format,
    NewEdition,
    Progress,
    Run,
    RunError,
    RunFinished,
    RunRequested,
    RunState,
    editions_tag,
)
from broadsheet.errors import NotClaimable, NotFound
from broadsheet.settings import Settings
from services.runs import models, rules, store

_IDENTITY = ("id", "organization_id", "requested_by", "report_id", "report_title", "report_version")
_ORDER = ("params", "query", "attempts", "requested_at", "started_at", "finished_at")


def now() -> dt.datetime:
    """The time, in UTC."""
    return dt.datetime.now(dt.UTC)


def offer(session: Session, run: Run) -> None:
    """Tell the workers that a run waits, and the pages how it stands."""
    event = RunRequested(run_id=run.id, organization_id=run.organization_id)
    outbox.add(session, models.outbox, outbox.Destination.KAFKA, event, key=run.organization_id)
    show(session, run)


def show(session: Session, run: Run) -> None:
    """Show the run as it is now on its owner's open pages."""
    outbox.add_live(session, models.outbox, "run", run.view(), organization_id=run.organization_id, user_id=run.requested_by)


def finish(session: Session, run_id: str, state: RunState, **values: Any) -> Run:
    """A run's end, whichever: the state, and the one event of it."""
    ended = {"state": state.value, "finished_at": now(), "lease_token": None, "lease_expires_at": None, "worker": None}
    store.change_run(session, run_id, **(ended | values))
    run = load(session, run_id)
    outbox.add(session, models.outbox, outbox.Destination.EVENT, RunFinished(run=run), key=run.id)
    show(session, run)
    waiting = store.next_waiting(session, run.organization_id)
    if waiting is not None:
        store.change_run(session, waiting["id"], offered_at=now())
        offer(session, to_run(waiting, []))
    return run


def claim(session: Session, run_id: str, worker: str, settings: Settings) -> Claim:
    """Give the run to a worker. Raises :class:`NotClaimable`."""
    row = _locked(session, run_id)
    rules.require_claimable(RunState(row["state"]))
    store.lock_organization(session, row["organization_id"])
    if store.running_count(session, row["organization_id"], settings.run_concurrency) >= settings.run_concurrency:
        raise NotClaimable(f"The organization has {settings.run_concurrency} runs under way; this one follows")
    token = store.next_token(session)
    store.change_run(
        session,
        run_id,
        state=RunState.RUNNING.value,
        attempts=row["attempts"] + 1,
        worker=worker,
        lease_token=token,
        lease_expires_at=now() + dt.timedelta(seconds=settings.lease_seconds),
        started_at=row["started_at"] or now(),
        progress=None,
        error=None,
    )
    run = load(session, run_id)
    show(session, run)
    principal = msgspec.convert(row["principal"], Principal)
    return Claim(run=run, principal=principal, token=token, lease_seconds=settings.lease_seconds)


def heartbeat(session: Session, run_id: str, token: int, progress: Progress | None, settings: Settings) -> Run:
    """Extend the lease. Raises :class:`LeaseLost`, :class:`Cancelled`."""
    row = owned(session, run_id, token)
    values: dict[str, Any] = {"lease_expires_at": now() + dt.timedelta(seconds=settings.lease_seconds)}
    if progress is not None:
        values["progress"] = msgspec.to_builtins(progress)
    store.change_run(session, run_id, **values)
    return to_run({**row, **values}, [])


def complete(session: Session, run_id: str, token: int, edition: NewEdition) -> Run:
    """Publish the edition and end the run."""
    row = owned(session, run_id, token)
    principal = msgspec.convert(row["principal"], Principal)
    copied = {name: row[name] for name in ("organization_id", "report_id", "report_version", "params")}
    values = copied | {"id": edition.id, "run_id": run_id, "scope": principal.scope(), "as_of": edition.as_of}
    files = [
        {"edition_id": edition.id, "kind": kind, **msgspec.to_builtins(file)}
        for kind, found in (("artifact", edition.artifacts), ("rows", edition.rows))
        for file in found
    ]
    store.add_edition(session, values, files)
    changed(session, models.outbox, editions_tag(row["report_id"]))
    return finish(session, run_id, RunState.SUCCEEDED, progress=None)


def lose_attempt(session: Session, row: store.Row, error: RunError, settings: Settings) -> Run:
    """An attempt ended without a result: queue the run again, or fail it when its attempts are used up."""
    wire = msgspec.to_builtins(error)
    if rules.after_lost_attempt(row["attempts"], settings.run_attempts) is RunState.FAILED:
        return finish(session, row["id"], RunState.FAILED, error=wire, progress=None)
    return requeue(session, row["id"], error=wire)


def requeue(session: Session, run_id: str, **values: Any) -> Run:
    """Back into the queue, and offered at once."""
    cleared = {"state": RunState.QUEUED.value, "worker": None, "lease_token": None, "lease_expires_at": None, "progress": None}
    store.change_run(session, run_id, **(cleared | {"offered_at": now(), "finished_at": None} | values))
    run = load(session, run_id)
    offer(session, run)
    return run


def owned(session: Session, run_id: str, token: int) -> store.Row:
    """The locked row, if ``token`` owns it. Raises :class:`LeaseLost`, :class:`Cancelled`."""
    row = _locked(session, run_id)
    rules.require_owner(RunState(row["state"]), row["lease_token"], token)
    return row


def load(session: Session, run_id: str) -> Run:
    """The run with its artifacts. Raises :class:`NotFound`."""
    row = store.run(session, run_id)
    if row is None:
        raise NotFound("There is no such run")
    return to_run(row, store.artifacts_of(session, [run_id]).get(run_id, []))


def to_run(row: Any, files: list[store.Row]) -> Run:
    """A row and its artifacts as the contract's record."""
    return Run(
        **{name: row[name] for name in (*_IDENTITY, *_ORDER)},
        formats=[Format(name) for name in row["formats"]],
        state=RunState(row["state"]),
        progress=msgspec.convert(row["progress"], Progress | None),
        error=msgspec.convert(row["error"], RunError | None),
        artifacts=[_artifact(file) for file in files],
        edition_id=files[0]["edition_id"] if files else None,
    )


def _artifact(row: Any) -> Artifact:
    fields = ("name", "format", "media_type", "size_bytes", "sha256", "row_count", "location")
    return Artifact(**{field: row[field] for field in fields})


def _locked(session: Session, run_id: str) -> store.Row:
    row = store.run(session, run_id, lock=True)
    if row is None:
        raise NotFound("There is no such run")
    return row


def to_edition(row: Any, files: list[store.Row]) -> Edition:
    """A row and its artifacts as the contract's record."""
    fields = ("id", "report_id", "report_version", "params", "as_of", "published_at")
    return Edition(**{field: row[field] for field in fields}, artifacts=[_artifact(file) for file in files])
