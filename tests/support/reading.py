"""Readers of a query's result who watch the cache: how an answer was come by, many readers at once, and what a data source was asked."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TypeVar

import redis

from broadsheet.ids import new_id
from tests.support.api import Answer
from tests.support.faults import paused
from tests.support.system import Member, System
from tests.support.waiting import until
from tests.support.workplace import Json, data

T = TypeVar("T")

#: Enough reads, each on a connection of its own, that every worker of the edge gets some.
ENOUGH = 20

#: So much of a server's log is looked at for what was just executed.
_LOG_BYTES = 16 << 20
_OF_THE_SAMPLE = '"dbname":"flights"'
_EXECUTED = re.compile('"message":"(statement|execute [^:]*): ')


def state(answer: Answer) -> str:
    """``hit``, ``stale`` or ``miss``."""
    assert answer.status == 200, answer.body[:500]
    return answer.headers["broadsheet-cache"]


def settled(member: Member, report: Json, query: str = "numbers") -> Answer:
    """A report's result, once it is a hit wherever it is asked for."""
    until(lambda: all(state(data(member, report, query)) == "hit" for _ in range(6)), what="hits")
    return data(member, report, query)


def at_once(readers: int, read: Callable[[], T]) -> list[T]:
    """What so many readers got who all asked at the same time."""
    with ThreadPoolExecutor(readers) as pool:
        return [reading.result() for reading in [pool.submit(read) for _ in range(readers)]]


def redis_of(system: System, *, database: int = 0) -> "redis.Redis":
    """A test's own connection to Redis; the system is in database 0."""
    return redis.Redis.from_url(system.stack.server("redis").url.removesuffix("0") + str(database), socket_timeout=5)  # type: ignore[attr-defined]


def executions(system: System, marker: str) -> int:
    """How often a data source was asked something with ``marker`` in it, by the word of the servers' own logs."""
    return sum(_executions(system, server, marker) for server in ("postgres", "postgres-replica"))


def _executions(system: System, server: str, marker: str) -> int:
    log, last = system.stack.home.path / server / "statements" / "statements.json", new_id()
    begins = max(0, log.stat().st_size - _LOG_BYTES)
    system.stack.server(server).query(f"select '{last}'")  # type: ignore[attr-defined]

    def said() -> str | None:
        with log.open("rb") as lines:
            lines.seek(begins)
            text = lines.read().decode(errors="replace")
        return text if last in text else None

    lines = until(said, within_seconds=5, what="the log of statements") or ""
    return sum(marker in line and _OF_THE_SAMPLE in line and _EXECUTED.search(line) is not None for line in lines.splitlines())


@contextmanager
def services_paused(system: System, *names: str) -> Iterator[None]:
    """Nobody of these answers during the block."""
    with ExitStack() as stack:
        for name in names:
            stack.enter_context(paused(system.processes[name]))
        yield
