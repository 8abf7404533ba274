"""The cache, as an admin sees it: how it does today, and a way to make it forget.

What a reader would get wrong: counts are of all processes together, seconds late; the breaker and the line of this one edge process only.
"""

import datetime as dt
import uuid
from enum import StrEnum
from typing import Any

import msgspec
from flask import Blueprint

from broadsheet.caching.breaker import State
from broadsheet.caching.cache import Cache
from broadsheet.caching.counts import MethodCounts, counts_of
from broadsheet.caching.store import Store
from broadsheet.contracts.base import Role
from broadsheet.errors import FieldError, InvalidInput
from web.edge.authentication import principal
from web.edge.backends import backends
from web.edge.endpoints import Registry, endpoint

#: Answers that belong to no organization are counted under this.
_EVERYBODY = ""


class CountedFor(StrEnum):
    """Whose questions were counted."""

    ORGANIZATION = "organization"
    INSTALLATION = "installation"


class MethodUse(msgspec.Struct, frozen=True, kw_only=True):
    """One method's questions of today (UTC).

    ``hits`` and ``stale`` came from the cache, ``misses`` were computed, ``waits`` shared what somebody else was computing.
    ``hit_ratio`` is the first two by all four, ``None`` before the first question. ``refreshes`` were computed while the stale answer was
    given, ``bypassed`` are questions asked while Redis was away. ``bytes`` of results were sent from Redis.
    """

    method: str
    counted_for: CountedFor
    hits: int
    stale: int
    misses: int
    waits: int
    hit_ratio: float | None
    refreshes: int
    bypassed: int
    bytes: int


class RedisUse(msgspec.Struct, frozen=True, kw_only=True):
    """Redis itself. What it does not tell is ``None``; a ``limit_bytes`` of 0 is none."""

    answers: bool
    memory_bytes: int | None = None
    limit_bytes: int | None = None
    evicted_keys: int | None = None


class ProcessUse(msgspec.Struct, frozen=True, kw_only=True):
    """The process of the edge that has answered. ``told_of_changes`` says whether Redis tells it which copies to drop."""

    breaker: State
    breaker_opened: int
    errors: int
    told_of_changes: bool


class CacheUse(msgspec.Struct, frozen=True, kw_only=True):
    """How the cache does."""

    day: dt.date
    methods: list[MethodUse]
    redis: RedisUse
    process: ProcessUse


class Invalidation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be forgotten: exactly one of the two."""

    report_id: uuid.UUID | None = None
    source_id: uuid.UUID | None = None


def blueprint(registry: Registry) -> Blueprint:
    """``/cache``."""
    api = Blueprint("cache", __name__)

    @endpoint(api, registry, "GET", "/cache", returns=CacheUse)
    def cache_use() -> CacheUse:
        """How the cache does today (admin)."""
        principal().require(Role.ADMIN)
        cache = backends().cache
        return CacheUse(
            day=dt.datetime.now(dt.UTC).date(),
            methods=_methods(cache.store, principal().organization_id),
            redis=_redis(cache.store),
            process=_process(cache),
        )

    @endpoint(api, registry, "POST", "/cache/invalidations", body=Invalidation, status=204)
    def invalidate(body: Invalidation) -> None:
        """Let no answer made of a report, or of a data source, count any more (admin)."""
        principal().require(Role.ADMIN)
        if body.report_id is not None and body.source_id is None:
            backends().catalog.forget_report(principal(), str(body.report_id))
        elif body.source_id is not None and body.report_id is None:
            backends().catalog.source_refreshed(principal(), str(body.source_id))
        else:
            mistake = FieldError("", "Exactly one of report_id and source_id")
            raise InvalidInput("The body has mistakes", errors=(mistake,))

    return api


def _methods(store: Store, organization_id: str) -> list[MethodUse]:
    if not store.available:
        return []
    own = [_use(counts, CountedFor.ORGANIZATION) for counts in counts_of(store, organization_id)]
    return own + [_use(counts, CountedFor.INSTALLATION) for counts in counts_of(store, _EVERYBODY)]


def _use(counts: MethodCounts, counted_for: CountedFor) -> MethodUse:
    kept = counts.hits + counts.stale
    asked = kept + counts.misses + counts.waits
    ratio = kept / asked if asked else None
    return MethodUse(counted_for=counted_for, hit_ratio=ratio, **msgspec.structs.asdict(counts))


def _redis(store: Store) -> RedisUse:
    """Asked in one round trip. A Redis that answers but refuses ``INFO`` (an access list may) answers."""
    if not store.available:
        return RedisUse(answers=False)
    found: list[Any] = []
    with store.losing(), store.pipeline() as pipeline:
        pipeline.ping()
        pipeline.info("memory")
        pipeline.info("stats")
        found = pipeline.execute(raise_on_error=False)
    if not found:
        return RedisUse(answers=False)
    told = {name: value for part in found if isinstance(part, dict) for name, value in part.items()}
    return RedisUse(
        answers=True,
        memory_bytes=told.get("used_memory"),
        limit_bytes=told.get("maxmemory"),
        evicted_keys=told.get("evicted_keys"),
    )


def _process(cache: Cache) -> ProcessUse:
    store = cache.store
    return ProcessUse(
        breaker=store.breaker.state,
        breaker_opened=store.breaker.opened,
        errors=store.errors,
        told_of_changes=cache.near is not None and cache.near.told,
    )
