"""Entry points of notifications: what happened becomes what a person is told, once."""

import datetime as dt
from typing import Any

import msgspec

from broadsheet import outbox, pages
from broadsheet.caching.changes import changed
from broadsheet.contracts.base import Principal
from broadsheet.contracts.notifications import Inbox, Notification, Notifications, inbox_tag
from broadsheet.contracts.runs import RunFinished
from broadsheet.hosting.caching import AnswersProvider
from broadsheet.hosting.consuming import on_event
from broadsheet.hosting.entrypoint import rpc
from broadsheet.hosting.providers import DatabaseProvider, SettingsProvider
from broadsheet.ids import new_id
from services.notifications import models, rules, store


class NotificationsService:
    """Owns what people were told."""

    name = "notifications"
    contract = Notifications

    db = DatabaseProvider("notifications")
    answers = AnswersProvider()
    settings = SettingsProvider()

    @on_event("runs", "run_finished")
    def on_run_finished(self, payload: dict[str, Any]) -> None:
        event = msgspec.convert(payload, RunFinished)
        run = event.run
        if not rules.is_told(run):
            return
        title, body = rules.words(run)
        values = {
            "id": new_id(),
            "organization_id": run.organization_id,
            "user_id": run.requested_by,
            "event_id": event.id,
            "channel": "inbox",
            "kind": "run_finished",
            "title": title,
            "body": body,
            "run_id": run.id,
            "report_id": run.report_id,
            "state": run.state.value,
        }
        with self.db.write() as session:
            row = store.add(session, values)
            if row is not None:
                shown = _notification(row)
                owner = {"organization_id": run.organization_id, "user_id": run.requested_by}
                outbox.add_live(session, models.outbox, "notification", shown, **owner)
                changed(session, models.outbox, inbox_tag(run.requested_by))

    @rpc
    def inbox(self, principal: Principal, limit: int = 50, cursor: str | None = None) -> Inbox:
        limit = pages.clamp(limit)
        before = pages.decode_cursor(cursor, tuple[pages.RowId])[0] if cursor else None
        with self.db.read() as session:
            rows = store.page(session, principal.organization_id, principal.user_id, before, limit + 1)
            unread = store.unread(session, principal.organization_id, principal.user_id)
        items, next_cursor = pages.cut(rows, limit, lambda row: pages.encode_cursor(row["id"]))
        return Inbox(items=[_notification(row) for row in items], next_cursor=next_cursor, unread=unread)

    @rpc
    def mark_read(self, principal: Principal, ids: list[str] | None = None) -> int:
        with self.db.write() as session:
            store.mark_read(session, principal.organization_id, principal.user_id, ids, dt.datetime.now(dt.UTC))
            changed(session, models.outbox, inbox_tag(principal.user_id))
            return store.unread(session, principal.organization_id, principal.user_id)


def _notification(row: Any) -> Notification:
    fields = ("id", "kind", "title", "body", "run_id", "report_id", "state", "created_at", "read_at")
    return Notification(**{field: row[field] for field in fields})
