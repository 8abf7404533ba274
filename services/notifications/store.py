"""The SQL of notifications."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.notifications.models import notifications

Row = sa.RowMapping

#: Unread ones are counted up to here; more is "99+" for a person anyway.
MAX_UNREAD = 100


def add(session: Session, values: dict[str, Any]) -> Row | None:
    """The new notification, or ``None`` when this event was delivered to this person before."""
    statement = insert(notifications).values(**values).on_conflict_do_nothing(constraint="notifications_once")
    return session.execute(statement.returning(notifications)).mappings().one_or_none()


def page(session: Session, organization_id: str, user_id: str, before: str | None, limit: int) -> Sequence[Row]:
    query = _own(organization_id, user_id).order_by(notifications.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(notifications.c.id < before)
    return session.execute(query).mappings().all()


def unread(session: Session, organization_id: str, user_id: str) -> int:
    """How many are unread, counted up to :data:`MAX_UNREAD`."""
    query = (
        sa.select(notifications.c.id)
        .where(
            notifications.c.organization_id == organization_id,
            notifications.c.user_id == user_id,
            notifications.c.read_at.is_(None),
        )
        .limit(MAX_UNREAD)
    )
    return len(session.execute(query).all())


def mark_read(session: Session, organization_id: str, user_id: str, ids: Sequence[str] | None, now: dt.datetime) -> None:
    statement = notifications.update().where(
        notifications.c.organization_id == organization_id,
        notifications.c.user_id == user_id,
        notifications.c.read_at.is_(None),
    )
    if ids is not None:
        statement = statement.where(notifications.c.id.in_(ids))
    session.execute(statement.values(read_at=now))


def _own(organization_id: str, user_id: str) -> sa.Select[Any]:
    return sa.select(notifications).where(notifications.c.organization_id == organization_id, notifications.c.user_id == user_id)
