"""Cached answers: final bytes in Redis, computed once.

A key carries everything the answer depends on, so two organizations never share one. Redis that is gone, slow or full is a miss, never
an error. Equal misses of one process wait for one computation (single flight).
"""

import gzip
import hashlib
import threading
import time
from collections.abc import Callable
from typing import Any

import msgspec
import redis

from broadsheet.logs import logger

_PREFIX = "broadsheet:answer:"


class Answer(msgspec.Struct, frozen=True):
    """Bytes that can be sent as they are, with what a client may know about them.

    ``stored_at`` and ``as_of`` are POSIX seconds (UTC); ``etag`` is a strong one, without quotes.
    """

    body: bytes
    etag: str
    as_of: float
    stored_at: float


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Answer).decode


def answer_key(*parts: Any) -> str:
    """The key of what ``parts`` (JSON values) determine."""
    return hashlib.blake2b(msgspec.json.encode(parts, order="deterministic"), digest_size=24).hexdigest()


def answer(body: bytes, *, as_of: float) -> Answer:
    """``body`` with its entity tag."""
    return Answer(body, hashlib.blake2b(body, digest_size=16).hexdigest(), as_of, time.time())


class Cache:
    """Answers behind one Redis client."""

    def __init__(self, client: "redis.Redis"):
        self._redis = client
        self._flights: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()
        self._log = logger(__name__)

    def get(self, key: str) -> Answer | None:
        """The answer, or ``None`` when there is none, or Redis does not say."""
        try:
            raw: Any = self._redis.get(_PREFIX + key)
        except redis.RedisError as error:
            self._log.warning("cache.unavailable", error=str(error))
            return None
        if raw is None:
            return None
        try:
            return _decode(gzip.decompress(raw))
        except (msgspec.DecodeError, OSError, EOFError):
            return None  # written by another version, or damaged: compute it again

    def put(self, key: str, value: Answer, *, ttl_seconds: int) -> bool:
        """Keep an answer; whether Redis took it."""
        try:
            self._redis.set(_PREFIX + key, gzip.compress(_encode(value), compresslevel=1), ex=max(1, ttl_seconds))
        except redis.RedisError as error:
            self._log.warning("cache.unavailable", error=str(error))
            return False
        return True

    def get_or_compute(
        self, key: str, compute: Callable[[], Answer], *, ttl_seconds: int, max_age_seconds: float | None = None
    ) -> tuple[Answer, bool, bool]:
        """The answer, whether it was there already, and whether it is in Redis now. Equal misses of this process compute once.

        An answer computed more than ``max_age_seconds`` ago does not count, unless it was computed while this call waited.
        """
        oldest = time.time() - max_age_seconds if max_age_seconds is not None else 0.0

        def fresh() -> Answer | None:
            found = self.get(key)
            return found if found is not None and found.stored_at >= oldest else None

        if (found := fresh()) is not None:
            return found, True, True
        with self._guard:
            flight = self._flights.setdefault(key, threading.Lock())
        try:
            with flight:
                if (found := fresh()) is not None:
                    return found, True, True
                computed = compute()
                return computed, False, self.put(key, computed, ttl_seconds=ttl_seconds)
        finally:
            with self._guard:
                self._flights.pop(key, None)
