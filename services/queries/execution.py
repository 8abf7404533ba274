"""Runs SQL against data sources from a green process: in native threads, a bounded number at once per data source, through the cache.

The SQL text has every parameter and attribute bound, so text, organization and data source say all that an answer depends on. Its answer is
kept apart from the claims that point to it: two readers, or two versions of a report, that ask the same share it.
"""

import datetime as dt
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
import structlog
from eventlet import spawn, spawn_n, tpool
from eventlet.timeout import Timeout
from nameko.extensions import DependencyProvider

from broadsheet import errors
from broadsheet.caching.cache import Cache, State
from broadsheet.caching.computing import current
from broadsheet.caching.policy import Policy, Question, digest
from broadsheet.contracts.catalog import SourceConnection, source_tag
from broadsheet.errors import SourceUnavailable
from broadsheet.hosting.caching import ProcessCache
from broadsheet.hosting.settings import settings_of
from broadsheet.sources.pool import SourcePool
from services.queries.bodies import Bodies, Body
from services.queries.interest import Interest
from services.queries.places import Places

T = TypeVar("T")

#: Bump when the bytes of an answer change, so that older ones are never read.
ANSWER_VERSION = 4
_METHOD = "queries.result"
#: What a query may take beyond its own timeout and its wait for a place.
_MARGIN_SECONDS = 3.0


class _Hung(Exception):
    """A native call has not come back."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """SQL with everything bound, and all else that its answer depends on. ``asker`` waits in a line of its own; the answer is anybody's."""

    organization_id: str
    source: SourceConnection
    sql: str
    limit: int
    time_zone: str
    asker: str
    ttl_seconds: float
    max_age_seconds: float | None = None

    def question(self) -> Question:
        """The question, as the cache knows it."""
        identity = (
            ANSWER_VERSION,
            self.organization_id,
            self.source.id,
            self.source.revision,
            self.sql,
            self.limit,
            self.time_zone,
        )
        return Question(
            method=_METHOD,
            organization_id=self.organization_id,
            key=digest(_METHOD, *identity),
            tags=(source_tag(self.source.id),),
            max_age_seconds=self.max_age_seconds,
        )


class Answered(msgspec.Struct, frozen=True):
    """Where an answer is, and whether the data source was not asked for it."""

    body: Body
    hit: bool


class Executor:
    """Answers to SQL, from the cache or computed once."""

    def __init__(self, pool: SourcePool, cache: Cache, bodies: Bodies, *, concurrency: int, wait_seconds: float, most_bytes: int):
        self._pool = pool
        self._cache = cache
        self._bodies = bodies
        self._places: dict[str, Places] = {}
        self._concurrency = concurrency
        self._wait_seconds = wait_seconds
        self._most_bytes = most_bytes
        self._interest = Interest(cache.store)

    def answer(self, asked: Asked) -> Answered:
        """Where the first rows are as JSON. Raises ``QueryFailed`` and its kin, ``SourceUnavailable``."""
        policy = Policy(ttl_seconds=asked.ttl_seconds, stale_seconds=stale_seconds(asked.ttl_seconds), exclusive=True)
        question = asked.question()
        computation = current()
        with self._interest.of(structlog.contextvars.get_contextvars().get("request_id"), question.key):
            entry, state = self._cache.serve(
                question,
                policy,
                lambda: self._computed(asked),
                newer_than=computation.newer_than if computation is not None else None,
                kept=asked.ttl_seconds > 0,
            )
        if computation is not None:
            computation.used(entry.tags, entry.fresh_until)
            computation.read(entry.read_at)
        if not entry.ok:
            raise errors.from_wire(msgspec.json.decode(entry.value))
        body = msgspec.json.decode(entry.value, type=Body)
        if computation is not None and not body.encodings:
            computation.used(None, 0.0)
        return Answered(body, state is State.HIT)

    def read(self, asked: Asked) -> tuple[Answered, bytes]:
        """The same, with the bytes."""
        return self.bytes_of(asked, self.answer(asked))

    def bytes_of(self, asked: Asked, answered: Answered) -> tuple[Answered, bytes]:
        """An answer with its bytes. What has got lost in between is computed again."""
        found = self._bodies.get(answered.body)
        if found is not None:
            return answered, found
        answered = self.answer(msgspec.structs.replace(asked, max_age_seconds=0.0))
        found = self._bodies.get(answered.body)
        return (answered, found) if found is not None else (answered, self._executed(asked)[0])

    def ask(self, source: SourceConnection, sql: str, *, limit: int, asker: str) -> list[dict[str, Any]]:
        """Rows of a question about the data source itself, never cached."""

        def execute() -> list[dict[str, Any]]:
            with self._pool.get(source).snapshot() as snapshot:
                rows: list[dict[str, Any]] = snapshot.fetch(sql, limit=limit).table.to_pylist()
                return rows

        return self._in_turn(source.id, asker, execute)

    def close(self) -> None:
        """Close idle connections."""
        self._pool.close()

    def _computed(self, asked: Asked) -> bytes:
        content, as_of = self._executed(asked)
        lifetime = asked.ttl_seconds + stale_seconds(asked.ttl_seconds)
        body = self._bodies.put(asked.organization_id, content, as_of=as_of.timestamp(), seconds=lifetime)
        if not body.encodings and (computation := current()) is not None:
            computation.used(None, 0.0)  # what points to nothing is not kept
        return msgspec.json.encode(body)

    def _executed(self, asked: Asked) -> tuple[bytes, dt.datetime]:
        source = self._pool.get(asked.source)
        snapshot = source.snapshot(time_zone=asked.time_zone, not_before=asked.source.refreshed_at)

        def execute() -> tuple[bytes, dt.datetime]:
            from broadsheet.sources.results import json_result  # Arrow is loaded by the first query, not by the start

            result = snapshot.fetch(asked.sql, limit=asked.limit, max_bytes=self._most_bytes)
            return json_result(result.table, snapshot.as_of, result.truncated, asked.time_zone), snapshot.as_of

        def cancel() -> None:
            tpool.execute(snapshot.cancel)

        try:
            with self._interest.watching(asked.question().key, cancel):
                return self._in_turn(asked.source.id, asked.asker, execute)
        finally:
            spawn_n(tpool.execute, snapshot.close)  # giving the connection back is not the reader's time

    def _in_turn(self, source_id: str, asker: str, work: Callable[[], T]) -> T:
        places = self._places.get(source_id)
        if places is None:
            places = self._places[source_id] = Places(self._concurrency, wait_seconds=self._wait_seconds)

        def held() -> T:
            """Keeps its place until the native thread is done, so that a source that hangs uses up its own places and no others."""
            with places.taken(asker):
                done: T = tpool.execute(work)
                return done

        running = spawn(held)
        try:
            with Timeout(2 * self._wait_seconds + _MARGIN_SECONDS, _Hung):
                answer: T = running.wait()
                return answer
        except _Hung:
            raise SourceUnavailable(
                "The data source has stopped answering; try again in a moment", retry_after_seconds=10.0
            ) from None

    def drop_idle(self) -> None:
        """Close connections that nobody has used for some minutes."""
        self._pool.drop_idle()


def stale_seconds(ttl_seconds: float) -> float:
    """How long after its time an answer is still given while it is computed again."""
    return min(ttl_seconds, 3600.0)


class ExecutorProvider(DependencyProvider):
    """The executor of this process."""

    process = ProcessCache()

    def setup(self) -> None:
        settings = settings_of(self.container)
        cache = self.process.get()
        self._executor = Executor(
            SourcePool(settings.secret_key, statement_timeout_seconds=settings.query_timeout_seconds),
            cache,
            Bodies(cache.store, most_bytes=settings.cache_answer_bytes),
            concurrency=settings.query_concurrency,
            wait_seconds=settings.query_timeout_seconds,
            most_bytes=settings.query_byte_limit,
        )

    def stop(self) -> None:
        self._executor.close()

    def get_dependency(self, worker_ctx: Any) -> Executor:
        return self._executor
