"""Whatever happens in whatever order, nobody is given an answer that lacks a change which was told before they asked.

A model of a database (a primary whose commits become visible a moment after they are written, and a replica that is behind) with the real
caches of two processes over a real Redis. Hypothesis looks for an order of events that breaks the promise.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broadsheet.caching.cache import Cache
from broadsheet.caching.counts import Counts
from broadsheet.caching.policy import Policy, Question
from broadsheet.caching.store import EPOCH, HIGHEST, Store
from broadsheet.ids import new_id
from broadsheet.positions import BEGINNING, position, read_floor
from tests.support.reading import redis_of
from tests.support.system import System

TAGS = ("report:1", "report:2")
KEPT = Policy(ttl_seconds=100.0)


class Commit(NamedTuple):
    token: str
    tag: str
    lsn: int


class Event(NamedTuple):
    """Something that happens; ``number`` chooses among what it can happen to."""

    what: str
    number: int = 0


class Read(NamedTuple):
    """A read by one of two processes; ``during`` happens before and ``after`` behind the look into the database, if there is one."""

    process: int
    tag: str
    named_by_the_answer: bool
    from_replica: bool
    during: tuple[Event, ...]
    after: tuple[Event, ...]


class World:
    """The database, what was told of it, and the processes."""

    def __init__(self, client: "redis.Redis", counts: Counts):
        client.flushdb()
        self._redis = client
        self._store = Store(client)
        self._caches = [Cache(self._store, counts=counts, position=lambda: ("e.1", self._position())) for _ in range(2)]
        self._lsn = 0x100
        self._replayed = 0x100
        self._written: list[Commit] = []
        self._visible: set[Commit] = set()
        self._told: set[Commit] = set()

    def happens(self, event: Event) -> None:
        getattr(self, f"_{event.what}")(event.number)

    def read(self, read: Read) -> None:
        """Raises AssertionError when the promise is broken."""
        promised = {commit.token for commit in self._told if commit.tag == read.tag}
        cache = self._caches[read.process]
        own = f"credential:{read.tag}" if read.named_by_the_answer else read.tag
        question = Question(method="m", organization_id="o", key=own, tags=(own,))

        def compute() -> bytes:
            for event in read.during:
                self.happens(event)
            if read.named_by_the_answer:
                self._select(read)
                cache.depends_on(read.tag)
            found = self._select(read)
            for event in read.after:
                self.happens(event)
            return msgspec.json.encode(sorted(found))

        entry = cache.look(question).entry or cache.serve(question, KEPT, compute)[0]
        assert promised <= set(msgspec.json.decode(entry.value))

    def _select(self, read: Read) -> set[str]:
        """What the database says: the replica, if it has replayed what must be seen."""
        if read.from_replica and (read_floor.get() or BEGINNING) <= position(1, f"0/{self._replayed:X}"):
            return {commit.token for commit in self._written if commit.tag == read.tag and commit.lsn <= self._replayed}
        return {commit.token for commit in self._visible if commit.tag == read.tag}

    def _position(self) -> str:
        return position(1, f"0/{self._lsn:X}")

    def _write(self, number: int) -> Commit:
        """A commit record is written; nobody sees it yet."""
        self._lsn += 8
        commit = Commit(new_id(), TAGS[number % len(TAGS)], self._lsn)
        self._written.append(commit)
        return commit

    def _commit(self, number: int) -> None:
        """A whole write by a process that is killed before it can tell."""
        self._visible.add(self._write(number))

    def _change(self, number: int) -> None:
        """A whole write that is told at once."""
        commit = self._write(number)
        self._visible.add(commit)
        self._tell(commit)

    def _show(self, number: int) -> None:
        """A commit that was only written becomes visible; its writer tells of it, with a position of then."""
        hidden = [commit for commit in self._written if commit not in self._visible]
        if hidden:
            commit = hidden[number % len(hidden)]
            self._visible.add(commit)
            self._tell(commit)

    def _relay(self, number: int) -> None:
        """The relay tells of all that is visible, some of it once more, and deletes its rows."""
        for commit in sorted(self._visible):
            self._tell(commit)
        self._lsn += 4

    def _replay(self, number: int) -> None:
        self._replayed = self._lsn

    def _flush(self, number: int) -> None:
        self._redis.flushdb()

    def _evict(self, number: int) -> None:
        keys = sorted(key for key in self._redis.scan_iter("*", count=1000) if key.decode() not in (EPOCH, HIGHEST))
        if keys:
            self._redis.delete(keys[number % len(keys)])

    def _tell(self, commit: Commit) -> None:
        assert self._store.move(commit.token, "e.1", self._position(), [commit.tag])
        self._told.add(commit)


_events = st.builds(
    Event, st.sampled_from(["write", "commit", "change", "show", "relay", "replay", "flush", "evict"]), st.integers(0, 7)
)
_some: Any = st.lists(_events, max_size=3).map(tuple)
_reads = st.builds(Read, st.integers(0, 1), st.sampled_from(TAGS), st.booleans(), st.booleans(), _some, _some)


@pytest.fixture(scope="module")
def client(system: System) -> Iterator["redis.Redis"]:
    """A database of its own: the system's epoch is none of these tests' business."""
    with redis_of(system, database=12) as client:
        yield client
        client.flushdb()


@pytest.fixture(scope="module")
def counts(client: "redis.Redis") -> Iterator[Counts]:
    counts = Counts(Store(client))
    yield counts
    counts.close()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(_reads | _events, max_size=25))
def test_no_order_of_events_gives_an_answer_without_a_change_that_was_told(
    client: "redis.Redis", counts: Counts, order: list[Read | Event]
) -> None:
    world = World(client, counts)
    for one in order:
        if isinstance(one, Read):
            world.read(one)
        else:
            world.happens(one)
