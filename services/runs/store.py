"""The SQL of runs. Every change locks its row first, so that decisions of ``rules`` hold until they are written."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.runs.models import artifacts, editions, fencing_tokens, runs

Row = sa.RowMapping


def add_run(session: Session, values: dict[str, Any]) -> Row | None:
    """The new run, or ``None`` when its idempotency key is there already."""
    statement = insert(runs).values(**values).on_conflict_do_nothing(constraint="runs_idempotency_key")
    return session.execute(statement.returning(runs)).mappings().one_or_none()


def run_by_key(session: Session, organization_id: str, user_id: str, key: str) -> Row | None:
    query = sa.select(runs).where(
        runs.c.organization_id == organization_id, runs.c.requested_by == user_id, runs.c.idempotency_key == key
    )
    return session.execute(query).mappings().one_or_none()


def run(session: Session, run_id: str, *, lock: bool = False) -> Row | None:
    query = sa.select(runs).where(runs.c.id == run_id)
    return session.execute(query.with_for_update() if lock else query).mappings().one_or_none()


def runs_page(
    session: Session, organization_id: str, user_id: str | None, report_id: str | None, before: str | None, limit: int
) -> Sequence[Row]:
    query = sa.select(runs).where(runs.c.organization_id == organization_id).order_by(runs.c.id.desc()).limit(limit)
    if user_id is not None:
        query = query.where(runs.c.requested_by == user_id)
    if report_id is not None:
        query = query.where(runs.c.report_id == report_id)
    if before is not None:
        query = query.where(runs.c.id < before)
    return session.execute(query).mappings().all()


def change_run(session: Session, run_id: str, **values: Any) -> None:
    session.execute(runs.update().where(runs.c.id == run_id).values(**values))


def next_token(session: Session) -> int:
    token: int = session.scalar(sa.select(fencing_tokens.next_value()))  # type: ignore[assignment]
    return token


def lock_organization(session: Session, organization_id: str) -> None:
    """Let claims of one organization happen one after another, so that its limit holds."""
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(organization_id, 0))))


def running_count(session: Session, organization_id: str, at_most: int) -> int:
    """How many runs of the organization are running, counted up to ``at_most``."""
    query = sa.select(runs.c.id).where(runs.c.organization_id == organization_id, runs.c.state == "running").limit(at_most)
    return len(session.execute(query).all())


def next_waiting(session: Session, organization_id: str) -> Row | None:
    """The organization's oldest queued run."""
    query = (
        sa.select(runs)
        .where(runs.c.organization_id == organization_id, runs.c.state == "queued")
        .order_by(runs.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return session.execute(query).mappings().one_or_none()


def expired(session: Session, now: dt.datetime, limit: int) -> Sequence[Row]:
    query = (
        sa.select(runs)
        .where(runs.c.state == "running", runs.c.lease_expires_at < now)
        .order_by(runs.c.lease_expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return session.execute(query).mappings().all()


def forgotten(session: Session, offered_before: dt.datetime, limit: int) -> Sequence[Row]:
    """Queued runs that were offered long ago and that nobody claimed."""
    query = (
        sa.select(runs)
        .where(runs.c.state == "queued", runs.c.offered_at < offered_before)
        .order_by(runs.c.offered_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return session.execute(query).mappings().all()


def add_edition(session: Session, values: dict[str, Any], files: list[dict[str, Any]]) -> None:
    session.execute(editions.insert().values(**values))
    if files:
        session.execute(artifacts.insert(), files)


def artifacts_of(session: Session, run_ids: Sequence[str]) -> dict[str, list[Row]]:
    """Artifacts by run; runs without an edition are not in it. ``edition_id`` is in every row."""
    if not run_ids:
        return {}
    query = (
        sa.select(editions.c.run_id, artifacts)
        .join(artifacts, artifacts.c.edition_id == editions.c.id)
        .where(editions.c.run_id.in_(run_ids), artifacts.c.kind == "artifact")
        .order_by(artifacts.c.edition_id, artifacts.c.name)
    )
    found: dict[str, list[Row]] = {}
    for row in session.execute(query).mappings():
        found.setdefault(row["run_id"], []).append(row)
    return found


def editions_page(
    session: Session, organization_id: str, report_id: str, scope: list[Any] | None, before: str | None, limit: int
) -> Sequence[Row]:
    """Editions of a report, newest first; of one scope, unless it is ``None``."""
    query = (
        sa.select(editions)
        .where(editions.c.organization_id == organization_id, editions.c.report_id == report_id)
        .order_by(editions.c.id.desc())
        .limit(limit)
    )
    if scope is not None:
        query = query.where(editions.c.scope == scope)
    if before is not None:
        query = query.where(editions.c.id < before)
    return session.execute(query).mappings().all()
