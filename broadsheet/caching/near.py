"""Copies of answers in this process, dropped when Redis says that a position has moved (client-side caching in broadcasting mode).

What a reader would get wrong: a copy is only as good as the line on which news of changes comes. Redis is asked for a sign of life several
times a second; while none comes, a copy counts for at most one second since it was read.

Source: Redis documentation, "Client-side caching reference", broadcasting mode over RESP3.
"""

import random
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import redis

from broadsheet.caching.connections import connected
from broadsheet.caching.store import EPOCH, POSITIONS
from broadsheet.logs import logger

#: Without a sign of life for this long, what comes on the line can't be trusted to be all.
_SILENCE_SECONDS = 0.7
_PING_SECONDS = 0.25
#: How long a copy counts without the line.
_ALONE_SECONDS = 1.0
_MOST_COPIES = 20_000
_MOST_MOVED = 50_000


class Copy(msgspec.Struct, frozen=True):
    """A value with the tags and positions it was read under. ``read_at`` and ``until`` are monotonic seconds."""

    value: Any
    tags: Mapping[str, str]
    read_at: float
    until: float


class Near:
    """The copies of one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._copies: OrderedDict[str, Copy] = OrderedDict()
        self._keys: dict[str, set[str]] = {}
        self._moved: dict[str, int] = {}
        self._sequence = 0
        self._floor = 0
        self._heard = -1.0
        self._lock = threading.Lock()

    def get(self, key: str) -> Copy | None:
        """The copy, if it still counts."""
        copy = self._copies.get(key)
        if copy is None:
            return None
        now = self._clock()
        if now < copy.until and (now - self._heard < _SILENCE_SECONDS or now - copy.read_at < _ALONE_SECONDS):
            return copy
        return None

    def mark(self) -> int:
        """Take this before reading what will be put: what moves in between makes the put void."""
        return self._sequence

    def put(self, key: str, value: Any, tags: Mapping[str, str], *, mark: int, seconds: float) -> None:
        """Keep a copy, unless one of its tags has moved since ``mark``."""
        with self._lock:
            if mark < self._floor or any(self._moved.get(tag, -1) > mark for tag in tags):
                return
            now = self._clock()
            self._drop(key)
            self._copies[key] = Copy(value, tags, now, now + seconds)
            for tag in tags:
                self._keys.setdefault(tag, set()).add(key)
            while len(self._copies) > _MOST_COPIES:
                self._drop(next(iter(self._copies)))

    def moved(self, tag: str) -> None:
        """Drop every copy that depends on ``tag``."""
        with self._lock:
            self._sequence += 1
            self._moved[tag] = self._sequence
            for key in list(self._keys.get(tag, ())):
                self._drop(key)
            if len(self._moved) > _MOST_MOVED:
                self._moved.clear()
                self._floor = self._sequence

    def clear(self) -> None:
        """Drop everything."""
        with self._lock:
            self._sequence += 1
            self._floor = self._sequence
            self._copies.clear()
            self._keys.clear()

    @property
    def told(self) -> bool:
        """Whether news of changes comes in; without it, copies count for a moment only."""
        return self._clock() - self._heard < _SILENCE_SECONDS

    def heard(self) -> None:
        """The line is alive."""
        self._heard = self._clock()

    def _drop(self, key: str) -> None:
        copy = self._copies.pop(key, None)
        for tag in copy.tags if copy is not None else ():
            keys = self._keys.get(tag)
            if keys is not None:
                keys.discard(key)
                if not keys:
                    del self._keys[tag]


class Line:
    """The connection on which Redis tells of positions that moved. Comes back by itself."""

    def __init__(self, redis_url: str, near: Near):
        self._pool = redis.ConnectionPool.from_url(
            redis_url, protocol=3, socket_timeout=_SILENCE_SECONDS, socket_connect_timeout=_SILENCE_SECONDS, retry=None
        )
        self._near = near
        self._closed = threading.Event()
        self._log = logger(__name__)
        threading.Thread(target=self._listen_forever, name="cache-line", daemon=True).start()

    def close(self) -> None:
        """Stop listening; copies then count for a second."""
        self._closed.set()

    def _listen_forever(self) -> None:
        failures = 0
        while not self._closed.is_set():
            connection: Any = None
            try:
                connection = connected(self._pool)
                connection._parser.set_invalidation_push_handler(self._told)  # the one way in which redis-py gives them
                connection.send_command("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", POSITIONS)
                connection.read_response()
                self._near.clear()  # what moved while nobody listened
                failures = 0
                self._listen(connection)
            except (redis.RedisError, OSError) as error:
                failures += 1
                if failures == 1:
                    self._log.warning("cache.line_lost", error=str(error) or type(error).__name__)
                self._closed.wait(min(2.0, 0.05 * 2 ** min(failures, 8)) * random.uniform(0.5, 1.0))
            finally:
                if connection is not None:
                    connection.disconnect()

    def _listen(self, connection: Any) -> None:
        while not self._closed.is_set():
            self._near.heard()
            if not connection.can_read(timeout=_PING_SECONDS):
                connection.send_command("PING")
            connection.read_response(push_request=True)

    def _told(self, message: Any) -> None:
        for key in message[1] or [None]:
            name = key.decode(errors="replace") if key is not None else EPOCH
            if name == EPOCH:
                self._near.clear()
            else:
                self._near.moved(name.removeprefix(POSITIONS).partition(":")[2])
