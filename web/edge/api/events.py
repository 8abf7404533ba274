"""What happens, as it happens: server-sent events (HTML Living Standard, 9.2)."""

from flask import Blueprint, Response, request

from web.edge.authentication import principal
from web.edge.backends import backends
from web.edge.endpoints import Registry, endpoint

EVENT_STREAM = "text/event-stream"


def blueprint(registry: Registry) -> Blueprint:
    """``/events``."""
    api = Blueprint("events", __name__)

    @endpoint(api, registry, "GET", "/events", returns=str, media_type=EVENT_STREAM)
    def events() -> Response:
        """Events ``run``, ``notification`` and ``report``; ``Last-Event-ID`` replays what was missed."""
        who = principal()
        stream = backends().pages.listen(who.organization_id, who.user_id, request.headers.get("Last-Event-ID"))
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return Response(stream, headers=headers, content_type=EVENT_STREAM)

    return api
