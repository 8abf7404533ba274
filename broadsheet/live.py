"""The live log: what open pages should see now, as one bounded Redis stream.

The relay and the ``runs`` service append; each edge process reads the stream once and gives every page its share. A page that comes back
with ``Last-Event-ID`` is replayed what the stream still holds; it is a hint log, PostgreSQL is the truth.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
import redis

STREAM = "broadsheet:live"
_MAX_EVENTS = 10_000


class LiveEvent(msgspec.Struct, frozen=True):
    """One thing to show. ``id`` is the stream's, ``data`` JSON."""

    id: str
    kind: str
    organization_id: str
    user_id: str | None
    data: bytes


class _Payload(msgspec.Struct):
    organization_id: str
    user_id: str | None
    data: msgspec.Raw


class LiveLog:
    """The stream behind one Redis connection pool."""

    def __init__(self, client: "redis.Redis"):
        self._redis = client

    def append(self, kind: str, payload: bytes) -> None:
        """Add one event; ``payload`` is JSON ``{organization_id, user_id, data}``. Raises ``redis.RedisError``."""
        self._redis.xadd(STREAM, {b"kind": kind.encode(), b"payload": payload}, maxlen=_MAX_EVENTS, approximate=True)

    def publish(self, kind: str, data: Any, *, organization_id: str, user_id: str | None) -> None:
        """Add one event that nobody misses if it is lost (progress): Redis trouble is not the caller's."""
        payload = msgspec.json.encode({"organization_id": organization_id, "user_id": user_id, "data": data})
        try:
            self.append(kind, payload)
        except redis.RedisError:
            return

    def newest_id(self) -> str:
        """The id after which everything is new."""
        entries: Any = self._redis.xrevrange(STREAM, count=1)
        return entries[0][0].decode() if entries else "0-0"

    def after(self, event_id: str, *, count: int = 1000) -> list[LiveEvent]:
        """Events after ``event_id`` that the stream still holds. A malformed id gives nothing."""
        try:
            entries: Any = self._redis.xrange(STREAM, min=f"({event_id}", count=count)
        except redis.ResponseError:
            return []
        return [_event(entry_id, values) for entry_id, values in entries]

    def follow(self, event_id: str, *, block_seconds: float) -> Iterator[LiveEvent]:
        """New events after ``event_id``, waiting up to ``block_seconds`` for the first."""
        found: Any = self._redis.xread({STREAM: event_id}, count=500, block=int(block_seconds * 1000))
        streams = found.items() if isinstance(found, dict) else found or []
        for _, entries in streams:
            rows = entries[0] if entries and isinstance(entries[0], list) else entries
            for entry_id, values in rows:
                yield _event(entry_id, values)


def _event(entry_id: bytes, values: dict[bytes, bytes]) -> LiveEvent:
    payload = msgspec.json.decode(values[b"payload"], type=_Payload)
    return LiveEvent(entry_id.decode(), values[b"kind"].decode(), payload.organization_id, payload.user_id, bytes(payload.data))
