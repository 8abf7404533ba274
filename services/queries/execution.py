"""Runs SQL against data sources from a green process: in native threads, a bounded number at once per data source, through the cache.

The SQL text has every parameter and attribute bound, so text, organization and data source say all that an answer depends on.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from eventlet import tpool
from eventlet.semaphore import Semaphore
from nameko.extensions import DependencyProvider

from broadsheet.caching import Answer, Cache, answer, answer_key
from broadsheet.contracts.catalog import SourceConnection
from broadsheet.errors import SourceUnavailable
from broadsheet.hosting.providers import settings_of
from broadsheet.hosting.redis import redis_client
from broadsheet.sources.pool import SourcePool

T = TypeVar("T")

#: Bump when the bytes of an answer change, so that older ones are never read.
ANSWER_VERSION = 2


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """SQL with everything bound, and all else that its answer depends on."""

    organization_id: str
    source: SourceConnection
    sql: str
    limit: int
    time_zone: str

    def identity(self) -> tuple[str, str, int, str, int, str]:
        """What makes two questions the same one."""
        return (self.organization_id, self.source.id, self.source.revision, self.sql, self.limit, self.time_zone)


class Answered(msgspec.Struct, frozen=True):
    """An answer, where it is kept, whether it was there before, and whether Redis has it now."""

    key: str
    answer: Answer
    hit: bool
    stored: bool

    def columns(self) -> tuple[list[str], list[list[Any]]]:
        """Names and values of the columns, out of the JSON."""
        result = msgspec.json.decode(self.answer.body)
        return [column["name"] for column in result["columns"]], result["data"]


class Executor:
    """Answers to SQL, from the cache or computed once."""

    def __init__(self, pool: SourcePool, cache: Cache, *, concurrency: int, wait_seconds: float):
        self._pool = pool
        self._cache = cache
        self._places: dict[str, Semaphore] = defaultdict(lambda: Semaphore(concurrency))
        self._wait_seconds = wait_seconds

    def answer(self, question: Question, *, ttl_seconds: int, max_age_seconds: float | None = None) -> Answered:
        """The first rows as JSON, no older than ``max_age_seconds``. Raises ``QueryFailed`` and its kin, ``SourceUnavailable``."""
        key = answer_key("data", ANSWER_VERSION, *question.identity())

        def compute() -> Answer:
            return self._in_turn(question.source.id, lambda: self._execute(question))

        found, hit, stored = self._cache.get_or_compute(key, compute, ttl_seconds=ttl_seconds, max_age_seconds=max_age_seconds)
        return Answered(key, found, hit, stored)

    def ask(self, source: SourceConnection, sql: str, *, limit: int) -> list[dict[str, Any]]:
        """Rows of a question about the data source itself, never cached."""

        def execute() -> list[dict[str, Any]]:
            with self._pool.get(source).snapshot() as snapshot:
                rows: list[dict[str, Any]] = snapshot.fetch(sql, limit=limit).table.to_pylist()
                return rows

        return self._in_turn(source.id, execute)

    def close(self) -> None:
        """Close idle connections."""
        self._pool.close()

    def _execute(self, question: Question) -> Answer:
        from broadsheet.sources.results import json_result  # Arrow is loaded by the first query, not by the start

        with self._pool.get(question.source).snapshot(time_zone=question.time_zone) as snapshot:
            result = snapshot.fetch(question.sql, limit=question.limit)
            as_of: dt.datetime = snapshot.as_of
        return answer(json_result(result.table, as_of, result.truncated, question.time_zone), as_of=as_of.timestamp())

    def _in_turn(self, source_id: str, work: Callable[[], T]) -> T:
        place = self._places[source_id]
        if not place.acquire(timeout=self._wait_seconds):
            raise SourceUnavailable("Too many queries wait for this data source; try again in a moment", retry_after_seconds=5.0)
        try:
            done: T = tpool.execute(work)
            return done
        finally:
            place.release()


class ExecutorProvider(DependencyProvider):
    """The executor of this process."""

    def setup(self) -> None:
        settings = settings_of(self.container)
        pool = SourcePool(settings.secret_key, statement_timeout_seconds=settings.query_timeout_seconds)
        self._executor = Executor(
            pool,
            Cache(redis_client(settings)),
            concurrency=settings.query_concurrency,
            wait_seconds=settings.query_timeout_seconds,
        )

    def stop(self) -> None:
        self._executor.close()

    def get_dependency(self, worker_ctx: Any) -> Executor:
        return self._executor
