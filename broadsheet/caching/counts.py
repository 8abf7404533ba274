"""How the cache does: hits, misses, stale answers, waits and bytes, by method and organization, and what is read most.

Each process counts in memory and adds to Redis every few seconds, so a hit costs no round trip for its count. Counts are per day (UTC);
those of a process that is killed in between are lost, which nobody minds.
"""

import datetime as dt
import threading
from collections import Counter
from enum import StrEnum
from typing import Any

import msgspec

from broadsheet.caching.store import Store

_FLUSH_SECONDS = 2.0
_DAY_SECONDS = 8 * 24 * 3600
#: What is read most is remembered for this long, and so many of each report and data source.
_HOT_SECONDS = 2 * 24 * 3600
_MOST_HOT = 200
_MOST_WAITING = 20_000


class Outcome(StrEnum):
    """What happened to a question."""

    HIT = "hits"
    STALE = "stale"
    MISS = "misses"
    WAIT = "waits"
    REFRESH = "refreshes"
    BYTES = "bytes"
    BYPASS = "bypassed"


class Counts:
    """The counts of one process."""

    def __init__(self, store: Store):
        self._store = store
        self._waiting: Counter[tuple[str, str, str]] = Counter()
        self._reads: Counter[tuple[str, bytes]] = Counter()
        self._closed = threading.Event()
        self.totals: Counter[tuple[str, str]] = Counter()
        threading.Thread(target=self._flush_forever, name="cache-counts", daemon=True).start()

    def add(self, organization_id: str, method: str, outcome: Outcome, number: int = 1) -> None:
        """Count."""
        self._waiting[organization_id, method, outcome.value] += number
        self.totals[method, outcome.value] += number

    def read(self, tags: Any, question: bytes) -> None:
        """Somebody read the answer to ``question`` (what computes it again), which depends on ``tags``."""
        if len(self._reads) < _MOST_WAITING:
            for tag in tags:
                self._reads[tag, question] += 1

    def flush(self) -> None:
        """Add to Redis what was counted since."""
        if not (self._waiting or self._reads) or not self._store.available:
            return
        counted, self._waiting = self._waiting, Counter()
        reads, self._reads = self._reads, Counter()
        counted, reads = counted.copy(), reads.copy()  # another thread may be about to add to those
        with self._store.losing(), self._store.pipeline() as pipeline:
            for (organization_id, method, outcome), number in counted.items():
                key = _day_key(organization_id)
                pipeline.hincrby(key, f"{method}|{outcome}", number)
            for key in {_day_key(organization_id) for organization_id, _, _ in counted}:
                pipeline.expire(key, _DAY_SECONDS)
            for (tag, question), number in reads.items():
                pipeline.zincrby(_hot_key(tag), number, question)
            for tag in {tag for tag, _ in reads}:
                pipeline.zremrangebyrank(_hot_key(tag), 0, -_MOST_HOT - 1)
                pipeline.expire(_hot_key(tag), _HOT_SECONDS)
            pipeline.execute()

    def close(self) -> None:
        """Stop counting."""
        self._closed.set()

    def _flush_forever(self) -> None:
        while not self._closed.wait(_FLUSH_SECONDS):
            self.flush()


class MethodCounts(msgspec.Struct, frozen=True):
    """One method's counts of today (UTC)."""

    method: str
    hits: int = 0
    stale: int = 0
    misses: int = 0
    waits: int = 0
    refreshes: int = 0
    bypassed: int = 0
    bytes: int = 0


def counts_of(store: Store, organization_id: str) -> list[MethodCounts]:
    """What all processes counted today for an organization, by method. Empty when Redis does not answer."""
    found: dict[str, dict[str, int]] = {}
    with store.losing() as redis:
        raw: Any = redis.hgetall(_day_key(organization_id))
        for field, number in raw.items():
            method, _, outcome = field.decode().partition("|")
            if outcome in MethodCounts.__struct_fields__ and number.isdigit():  # else another version's, or damaged
                found.setdefault(method, {})[outcome] = int(number)
    return [MethodCounts(method, **numbers) for method, numbers in sorted(found.items())]


def most_read(store: Store, tag: str, count: int) -> list[bytes]:
    """The questions most read whose answers depend on ``tag``, most read first."""
    with store.losing() as redis:
        found: Any = redis.zrevrange(_hot_key(tag), 0, count - 1)
        return list(found)
    return []


def _day_key(organization_id: str) -> str:
    return f"bs:c:{organization_id}:{dt.datetime.now(dt.UTC):%Y%m%d}"


def _hot_key(tag: str) -> str:
    return f"bs:h:{tag}"
