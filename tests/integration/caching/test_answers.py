"""The cache of one process over a real Redis: what it keeps, for how long, and under which positions."""

import time
from collections.abc import Callable, Iterator

import msgspec
import pytest
import redis

from broadsheet.caching.cache import Cache, State
from broadsheet.caching.computing import current
from broadsheet.caching.counts import Counts
from broadsheet.caching.entries import Entry, decode, encode
from broadsheet.caching.policy import Policy, Question
from broadsheet.caching.store import EPOCH, Store, answer_key, position_key
from broadsheet.errors import Forbidden, SourceUnavailable
from broadsheet.ids import new_id
from broadsheet.positions import PRIMARY, position, read_floor
from tests.support.reading import redis_of
from tests.support.system import System

NOW = position(1, "0/100")
LATER = position(1, "0/200")
#: Where a tag is that had no position, after a change at ``LATER``.
MOVED = position(1, "0/201")
KEPT = Policy(ttl_seconds=100.0)


@pytest.fixture
def client(system: System) -> Iterator["redis.Redis"]:
    """A database of its own: the system's epoch is none of these tests' business."""
    with redis_of(system, database=14) as client:
        client.flushdb()
        yield client
        client.flushdb()


@pytest.fixture
def store(client: "redis.Redis") -> Store:
    return Store(client)


@pytest.fixture
def cache(store: Store) -> Iterator[Cache]:
    """Of a service whose primary is at ``NOW``."""
    counts = Counts(store)
    yield Cache(store, counts=counts, position=lambda: ("e.1", NOW), most_bytes=1000)
    counts.close()


def _question(*tags: str, **changes: float) -> Question:
    return msgspec.structs.replace(Question(method="m", organization_id="o", key=new_id(), tags=tags or ("report:1",)), **changes)


def _answers(value: object) -> Callable[[], bytes]:
    return lambda: msgspec.json.encode(value)


def _never() -> bytes:
    raise AssertionError("this is not to be computed")


def _kept(client: "redis.Redis", question: Question) -> Entry | None:
    raw = client.get(answer_key("e.1", question.key))
    assert raw is None or isinstance(raw, bytes)
    return decode(raw)


def test_an_answer_is_computed_once_and_then_found(cache: Cache) -> None:
    question = _question()
    assert cache.serve(question, KEPT, _answers(1))[1] is State.MISS
    entry, state = cache.serve(question, Policy(ttl_seconds=100.0, exclusive=True), _never)
    assert (entry.value, state) == (b"1", State.HIT)
    assert cache.look(question).state is State.HIT


def test_what_changes_while_it_is_computed_ends_it(cache: Cache, store: Store) -> None:
    question = _question("report:1", "reports:1")

    def compute() -> bytes:
        assert store.move(new_id(), "e.1", LATER, ["reports:1"])
        return b"1"

    assert cache.serve(question, KEPT, compute)[0].value == b"1"
    assert cache.look(question).entry is None


def test_a_commit_that_becomes_visible_under_the_same_position_ends_it(cache: Cache, store: Store) -> None:
    question = _question()
    cache.serve(question, KEPT, _answers("before it was visible"))
    assert store.move(new_id(), "e.1", NOW, ["report:1"])
    assert cache.look(question).entry is None


def test_whoever_computes_reads_nothing_older_than_the_positions(cache: Cache, store: Store) -> None:
    assert store.move(new_id(), "e.1", LATER, ["reports:1"])
    floors: list[str | None] = []

    def compute() -> bytes:
        floors.append(read_floor.get())
        return b"1"

    cache.serve(_question("report:1", "reports:1"), KEPT, compute)
    assert (floors, read_floor.get()) == ([MOVED], None)


def test_what_is_found_out_on_the_way_counts_from_there_on(cache: Cache, store: Store, client: "redis.Redis") -> None:
    question = _question("credential:1")
    cache.serve(question, KEPT, _answers(0))  # plants its position
    assert store.move(new_id(), "e.1", LATER, ["user:1"])
    client.delete(answer_key("e.1", question.key))
    floors: list[str | None] = []

    def compute() -> bytes:
        floors.append(read_floor.get())
        cache.depends_on("user:1")
        floors.append(read_floor.get())
        return b"1"

    cache.serve(question, KEPT, compute)
    kept = _kept(client, question)
    assert kept is not None
    assert kept.tags == {"credential:1": NOW, "user:1": MOVED}
    assert (floors, read_floor.get()) == ([NOW, MOVED], None)
    assert store.move(new_id(), "e.1", LATER, ["user:1"])
    assert cache.look(question).entry is None


def test_without_redis_the_primary_is_read_and_nothing_kept(cache: Cache, client: "redis.Redis") -> None:
    cache.store.breaker.failed()
    cache.store.breaker.failed()
    cache.store.breaker.failed()
    floors: list[str | None] = []

    def compute() -> bytes:
        floors.append(read_floor.get())
        return b"1"

    entry, state = cache.serve(_question(), KEPT, compute)
    assert (entry.value, entry.tags, state, floors) == (b"1", None, State.MISS, [PRIMARY])
    assert list(client.scan_iter("bs:a:*")) == []


def test_a_process_without_a_database_keeps_nothing_whose_positions_nobody_knows(store: Store, client: "redis.Redis") -> None:
    counts = Counts(store)
    question = _question()
    Cache(store, counts=counts).serve(question, KEPT, _answers(1))
    counts.close()
    assert _kept(client, question) is None


def test_a_refusal_is_kept_for_a_few_seconds_and_a_failure_not(cache: Cache, client: "redis.Redis") -> None:
    refused, failed = _question(), _question()

    def refuse() -> bytes:
        raise Forbidden("No")

    def fail() -> bytes:
        raise SourceUnavailable

    entry, _ = cache.serve(refused, KEPT, refuse)
    assert not entry.ok
    assert 0 < client.pttl(answer_key("e.1", refused.key)) <= 5000
    with pytest.raises(SourceUnavailable):
        cache.serve(failed, KEPT, fail)
    assert _kept(client, failed) is None


def test_what_is_too_large_is_given_and_not_kept(cache: Cache, client: "redis.Redis") -> None:
    question = _question()
    assert len(cache.serve(question, KEPT, _answers("x" * 1000))[0].value) == 1002
    assert _kept(client, question) is None


def test_what_was_stored_together_does_not_end_together(cache: Cache) -> None:
    lives = []
    for _ in range(40):
        entry, _ = cache.serve(_question(), KEPT, _answers(1))
        lives.append(entry.fresh_until - entry.stored_at)
    assert 90 <= min(lives) < max(lives) <= 100
    assert max(lives) - min(lives) > 2


def test_an_answer_is_no_longer_fresh_than_what_it_is_made_of(cache: Cache) -> None:
    until = time.time() + 3.0

    def compute() -> bytes:
        computation = current()
        assert computation is not None
        computation.used({"source:1": NOW}, until)
        return b"1"

    entry, _ = cache.serve(_question(), KEPT, compute)
    assert entry.fresh_until == until
    assert entry.tags == {"report:1": NOW, "source:1": NOW}


@pytest.mark.parametrize(("left_seconds", "least", "most"), [(0.1, 0.8, 1.0), (1.0, 0.22, 0.52), (10.0, 0.0, 0.02)])
def test_the_sooner_it_ends_the_more_readers_take_it_for_stale(
    cache: Cache, client: "redis.Redis", left_seconds: float, least: float, most: float
) -> None:
    """It took a second to compute: a reader takes it for stale with probability exp(-left), as in the paper."""
    question = _question()
    cache.serve(question, KEPT, _answers(1))
    kept = _kept(client, question)
    assert kept is not None
    looks = 400
    stale = 0
    for _ in range(looks):
        now = time.time()
        entry = msgspec.structs.replace(kept, cost_seconds=1.0, fresh_until=now + left_seconds, stale_until=now + 100)
        stale += cache._judge(entry) is State.STALE
    assert least <= stale / looks <= most


def test_of_all_who_find_it_stale_one_may_refresh_it(cache: Cache) -> None:
    question = _question()
    assert [cache.may_refresh(question, 1.0) for _ in range(5)] == [True, False, False, False, False]
    assert cache.may_refresh(question, 2.0)


def test_an_answer_of_another_epoch_is_nothing(cache: Cache, client: "redis.Redis") -> None:
    question = _question()
    cache.serve(question, KEPT, _answers(1))
    client.set(EPOCH, "e.2")
    assert cache.look(question).entry is None


def test_a_position_that_was_evicted_ends_what_depended_on_it(cache: Cache, client: "redis.Redis") -> None:
    question = _question()
    cache.serve(question, KEPT, _answers(1))
    client.delete(position_key("e.1", "report:1"))
    assert cache.look(question).entry is None


def test_an_asker_who_wants_it_younger_does_not_get_it(cache: Cache, client: "redis.Redis") -> None:
    question = _question()
    cache.serve(question, KEPT, _answers(1))
    kept = _kept(client, question)
    assert kept is not None
    client.set(answer_key("e.1", question.key), encode(msgspec.structs.replace(kept, read_at=kept.stored_at - 30)))
    assert cache.look(msgspec.structs.replace(question, max_age_seconds=29.0)).entry is None
    assert cache.look(msgspec.structs.replace(question, max_age_seconds=60.0)).entry is not None
