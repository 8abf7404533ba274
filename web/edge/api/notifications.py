"""The inbox."""

import msgspec
from flask import Blueprint

from broadsheet.contracts.notifications import Inbox
from broadsheet.errors import FieldError, InvalidInput
from broadsheet.ids import is_id
from web.edge.authentication import principal
from web.edge.backends import backends
from web.edge.endpoints import Registry, endpoint

_MAX_IDS = 500


class MarkRead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which notifications: these, or all."""

    ids: list[str] = []
    all: bool = False


class Unread(msgspec.Struct, frozen=True):
    """How many are still unread, counted up to 100."""

    unread: int


def blueprint(registry: Registry) -> Blueprint:
    """``/notifications``."""
    api = Blueprint("notifications", __name__)

    @endpoint(api, registry, "GET", "/notifications", returns=Inbox)
    def inbox(limit: int = 50, cursor: str | None = None) -> Inbox:
        """One's notifications, newest first."""
        return backends().notifications.inbox(principal(), limit, cursor)

    @endpoint(api, registry, "POST", "/notifications/read", body=MarkRead, returns=Unread)
    def mark_read(body: MarkRead) -> Unread:
        """Mark notifications as read."""
        problems = [FieldError(f"/ids/{i}", "This is not an id") for i, id_ in enumerate(body.ids) if not is_id(id_)]
        if len(body.ids) > _MAX_IDS:
            problems.append(FieldError("/ids", f"At most {_MAX_IDS} at once"))
        if problems:
            raise InvalidInput("The body has mistakes", errors=tuple(problems))
        return Unread(backends().notifications.mark_read(principal(), None if body.all else body.ids))

    return api
