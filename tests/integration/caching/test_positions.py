"""Positions in a real Redis: they only ever grow, once for each change, and a Redis that takes nothing forgets instead."""

from collections.abc import Iterator

import pytest
import redis

from broadsheet.caching.store import EPOCH, HIGHEST, Store, position_key
from broadsheet.ids import new_id
from broadsheet.positions import position
from tests.support.reading import redis_of
from tests.support.system import System

LOW, HIGH = position(1, "0/100"), position(1, "0/200")
#: Where a tag is that had no position, after a change at those.
AFTER_LOW, AFTER_HIGH = position(1, "0/101"), position(1, "0/201")


@pytest.fixture
def client(system: System) -> Iterator["redis.Redis"]:
    """A database of its own: the system's epoch is none of these tests' business."""
    with redis_of(system, database=15) as client:
        client.flushdb()
        yield client
        client.flushdb()


@pytest.fixture
def store(client: "redis.Redis") -> Store:
    return Store(client)


def _at(client: "redis.Redis", tag: str = "report:1") -> str | None:
    found = client.get(position_key("e.1", tag))
    assert found is None or isinstance(found, bytes)
    return None if found is None else found.decode()


def _move(store: Store, where: str, *tags: str, token: str | None = None, epoch: str = "e.1") -> bool:
    return store.move(token or new_id(), epoch, where, tags or ("report:1",))


def test_a_change_moves_every_tag_to_its_commit_or_beyond(client: "redis.Redis", store: Store) -> None:
    assert _move(store, LOW, "report:1", "reports:1")
    assert (_at(client, "report:1"), _at(client, "reports:1"), client.get(EPOCH)) == (AFTER_LOW, AFTER_LOW, b"e.1")
    assert _move(store, HIGH)
    assert (_at(client, "report:1"), _at(client, "reports:1")) == (HIGH, AFTER_LOW)


def test_another_change_at_the_same_position_moves_it_by_one(client: "redis.Redis", store: Store) -> None:
    assert _move(store, LOW)
    assert _move(store, LOW)
    assert _at(client) == position(1, "0/102")


def test_a_change_counts_once_however_often_it_is_told(client: "redis.Redis", store: Store) -> None:
    for _ in range(3):
        assert _move(store, LOW, token="the same")
    assert _at(client) == AFTER_LOW


def test_an_older_change_that_comes_late_still_ends_what_is_there(client: "redis.Redis", store: Store) -> None:
    assert _move(store, HIGH)
    assert _move(store, LOW)
    assert _at(client) == position(1, "0/202")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("00000001" + "000000FF" + "FFFFFFFF", "00000001" + "00000100" + "00000000"),
        ("00000001" + "0000FFFF" + "FFFFFFFF", "00000001" + "00010000" + "00000000"),
        ("00000001" + "00000000" + "0000000F", "00000001" + "00000000" + "00000010"),
        ("0000000A" + "FFFFFF00" + "00000000", "0000000A" + "FFFFFF00" + "00000001"),
        ("FFFFFFFF" + "FFFFFF00" + "FFFFFFFE", "FFFFFFFF" + "FFFFFF00" + "FFFFFFFF"),
        ("FFFFFFFF" + "000000FF" + "FFFFFFFF", "FFFFFFFF" + "00000100" + "00000000"),
    ],
)
def test_one_more_carries_as_numbers_do(client: "redis.Redis", store: Store, before: str, after: str) -> None:
    assert store.plant("e.1", before, ["report:1"])
    assert _move(store, before)
    assert _at(client) == after


def test_a_tag_without_a_position_gets_one_and_a_known_one_stays(client: "redis.Redis", store: Store) -> None:
    assert _move(store, HIGH)
    assert store.plant("e.1", HIGH, ["report:1", "report:2"]) == {"report:1": AFTER_HIGH, "report:2": AFTER_HIGH}
    later = position(1, "0/300")
    assert store.plant("e.1", later, ["report:1", "report:3"]) == {"report:1": AFTER_HIGH, "report:3": later}


def test_a_position_that_was_lost_comes_back_beyond_every_one_that_was_moved(client: "redis.Redis", store: Store) -> None:
    """An answer of before a change that was told may stand under any position up to that."""
    assert _move(store, HIGH)
    client.delete(position_key("e.1", "report:1"))
    assert store.plant("e.1", LOW, ["report:1"]) == {"report:1": AFTER_HIGH}
    client.delete(position_key("e.1", "report:1"))
    assert _move(store, LOW)
    assert _at(client) == position(1, "0/202")


def test_what_was_never_told_does_not_hold_again_under_the_position_it_was_computed_under(
    client: "redis.Redis", store: Store
) -> None:
    """The commit was written but not visible when the position was planted; then the position was evicted, and the change told."""
    assert store.plant("e.1", LOW, ["report:1"]) == {"report:1": LOW}
    client.delete(position_key("e.1", "report:1"))
    assert _move(store, LOW)
    assert _at(client) == AFTER_LOW


@pytest.mark.parametrize("damage", [b"garbage", b"", b"F" * 23])
def test_a_highest_position_that_is_none_does_no_harm(client: "redis.Redis", store: Store, damage: bytes) -> None:
    assert _move(store, HIGH)
    client.set(HIGHEST, damage)
    assert _move(store, HIGH)
    assert store.plant("e.1", HIGH, ["report:2"]) is not None
    assert (_at(client), client.get(HIGHEST)) == (position(1, "0/202"), position(1, "0/202").encode())


def test_positions_and_changes_do_not_stay_for_ever(client: "redis.Redis", store: Store) -> None:
    assert _move(store, LOW, token="one")
    assert all(0 < client.ttl(key) <= 7 * 24 * 3600 for key in (position_key("e.1", "report:1"), "bs:t:one"))
    assert client.ttl(EPOCH) == -1


def test_after_a_failover_positions_begin_again_in_an_epoch_of_their_own(client: "redis.Redis", store: Store) -> None:
    assert _move(store, HIGH)
    assert _move(store, LOW, epoch="e.2")
    assert client.get(EPOCH) == b"e.2"
    assert client.get(position_key("e.2", "report:1")) == AFTER_LOW.encode()


@pytest.mark.parametrize("damage", ["garbage", "", "zz" * 12, "00"])
def test_a_position_that_is_none_ends_what_depends_on_it(client: "redis.Redis", store: Store, damage: str) -> None:
    client.set(position_key("e.1", "report:1"), damage)
    assert _move(store, LOW)
    assert _at(client) in (None, LOW)


def test_a_position_of_another_type_is_removed_by_the_next_change(client: "redis.Redis", store: Store) -> None:
    client.rpush(position_key("e.1", "report:1"), "a", "list")
    assert _move(store, LOW)
    assert _at(client) is None


def test_a_full_redis_still_forgets(client: "redis.Redis", store: Store) -> None:
    assert _move(store, LOW)
    before = {name: client.config_get(name)[name] for name in ("maxmemory", "maxmemory-policy")}
    client.config_set("maxmemory-policy", "noeviction")
    client.config_set("maxmemory", "1mb")
    try:
        assert not store.write({"bs:a:e.1:x": (b"answer", 10.0)})
        assert _move(store, HIGH)
        assert _at(client) is None
    finally:
        for name, value in before.items():
            client.config_set(name, value)
    assert _move(store, HIGH)
    assert _at(client) == AFTER_HIGH
