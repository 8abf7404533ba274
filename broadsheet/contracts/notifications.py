"""Notifications: a message to a person, in the inbox."""

import datetime as dt
from typing import Protocol

from broadsheet.caching.policy import By, cached
from broadsheet.contracts.base import Principal, Record


class Notification(Record, frozen=True, kw_only=True):
    id: str
    kind: str
    title: str
    body: str
    run_id: str | None
    report_id: str | None
    state: str | None
    created_at: dt.datetime
    read_at: dt.datetime | None = None


class Inbox(Record, frozen=True, kw_only=True):
    """One page of a person's notifications, newest first, with how many are unread in all (counted up to 100)."""

    items: list[Notification]
    next_cursor: str | None
    unread: int


def inbox_tag(user_id: str) -> str:
    """What a person's inbox depends on."""
    return f"inbox:{user_id}"


class Notifications(Protocol):
    """What a person was told."""

    @cached(ttl=3600.0, by=By.PERSON, depends=lambda principal, **_: [inbox_tag(principal.user_id)])
    def inbox(self, principal: Principal, limit: int = 50, cursor: str | None = None) -> Inbox:
        """The principal's notifications."""

    def mark_read(self, principal: Principal, ids: list[str] | None = None) -> int:
        """Mark these (all, when ``ids`` is ``None``) as read; returns how many are still unread."""
