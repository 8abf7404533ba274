"""Redis dead, silent, slow, full, emptied: every answer is right, none is an error, and hits come back by themselves."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import redis

from broadsheet.caching.breaker import Breaker, State
from broadsheet.caching.near import Line, Near
from broadsheet.caching.store import EPOCH, Store
from broadsheet.ids import new_id
from tests.support.faults import paused
from tests.support.reading import at_once, executions, redis_of, settled, state
from tests.support.system import Member, System
from tests.support.waiting import until
from tests.support.workplace import Json, add_report, data

READS = 12


@pytest.fixture
def report(reader: Member) -> Json:
    report = add_report(reader, sql=f"select carrier, '{new_id()}' as what from airlines order by carrier")
    settled(reader, report)
    return report


def _right(reader: Member, report: Json, expected: object) -> set[str]:
    """Reads from everywhere, and a view; gives how the answers were come by."""
    answers = at_once(4, lambda: [data(reader, report) for _ in range(READS // 4)])
    assert all(answer.json["data"] == expected for some in answers for answer in some if state(answer))
    assert reader.api.get(f"/reports/{report['id']}/view").status == 200
    assert reader.api.get("/reports").status == 200
    return {state(answer) for some in answers for answer in some}


def _back(reader: Member, report: Json) -> None:
    until(lambda: all(state(data(reader, report)) == "hit" for _ in range(6)), within_seconds=12, what="hits again")


def test_a_redis_that_is_dead_costs_hits_and_nothing_else(system: System, reader: Member, report: Json) -> None:
    expected = data(reader, report).json["data"]
    redis = system.stack.server("redis")
    redis.kill()
    try:
        _right(reader, report, expected)
    finally:
        redis.restart()
    _back(reader, report)


def test_without_redis_a_query_is_executed_once_for_one_reader_and_a_few_times_for_many(system: System, reader: Member) -> None:
    """Nobody can tell whether what was under way still holds, so who joined it shares the next one with all who came meanwhile."""
    alone, together = new_id(), new_id()
    one, many = (add_report(reader, sql=f"select 1 as one, '{marker}' as what from pg_sleep(0.2)") for marker in (alone, together))
    redis = system.stack.server("redis")
    redis.kill()
    try:
        assert state(data(reader, one)) == "miss"
        answers = at_once(20, lambda: data(reader, many))
    finally:
        redis.restart()
    assert [answer.json["data"] for answer in answers] == [[[1], [together]]] * 20
    assert executions(system, alone) == 1
    assert 1 <= executions(system, together) <= 10
    _back(reader, many)


def test_a_redis_that_accepts_and_never_answers_is_left_alone_after_a_moment(system: System, reader: Member, report: Json) -> None:
    expected = data(reader, report).json["data"]
    with paused(system.stack.server("redis")):
        _right(reader, report, expected)
        _right(reader, report, expected)
    _back(reader, report)


def test_a_redis_that_is_slow_is_given_up_on_and_tried_again(system: System, reader: Member, report: Json) -> None:
    expected = data(reader, report).json["data"]
    with _slow(system):
        _right(reader, report, expected)
    _back(reader, report)


def test_a_redis_that_is_emptied_is_filled_again(system: System, reader: Member, report: Json) -> None:
    expected = data(reader, report).json["data"]
    redis_of(system).flushall()
    assert _right(reader, report, expected) <= {"hit", "miss"}
    _back(reader, report)


def test_a_redis_that_is_full_answers_what_it_has_and_keeps_nothing_new(system: System, reader: Member, report: Json) -> None:
    expected = data(reader, report).json["data"]
    with _full(system):
        assert _right(reader, report, expected) == {"hit"}
        new = add_report(reader, sql=f"select 1 as one, '{new_id()}' as what")
        assert [data(reader, new).json["data"][0] for _ in range(4)] == [[1]] * 4
        assert reader.api.get(f"/reports/{new['id']}/view").status == 200
    _back(reader, new)


def test_an_epoch_of_somebody_else_ends_everything_and_is_put_right(system: System, reader: Member, report: Json) -> None:
    expected = data(reader, report).json["data"]
    own = redis_of(system).get(EPOCH)
    redis_of(system).set(EPOCH, "7777.9")
    assert state(data(reader, report)) == "miss" or redis_of(system).get(EPOCH) == own
    assert _right(reader, report, expected)
    until(lambda: redis_of(system).get(EPOCH) == own, within_seconds=7, what="the right epoch")
    _back(reader, report)


@pytest.mark.parametrize("damage", [b"\xff\xfe\xfd", b"", b"x" * 1000])
def test_an_epoch_that_is_no_text_does_no_harm(system: System, reader: Member, report: Json, damage: bytes) -> None:
    expected = data(reader, report).json["data"]
    redis_of(system).set(EPOCH, damage)
    _right(reader, report, expected)
    _back(reader, report)


def test_an_epoch_of_another_type_does_no_harm(system: System, reader: Member, report: Json) -> None:
    expected = data(reader, report).json["data"]
    with redis_of(system) as redis:
        redis.pipeline().delete(EPOCH).rpush(EPOCH, "a", "list").execute()
    _right(reader, report, expected)
    _back(reader, report)


def test_the_breaker_opens_and_closes_by_itself(system: System) -> None:
    breaker = Breaker(rest_seconds=0.05, longest_seconds=0.2)
    with redis_of(system) as client:
        client.connection_pool.connection_kwargs["socket_timeout"] = 0.1
        store = Store(client, breaker)
        assert store.read(["bs:test"]) == [None]
        with paused(system.stack.server("redis")):
            assert [store.read(["bs:test"]) for _ in range(3)] == [None] * 3
            assert (breaker.state is State.CLOSED, breaker.opened) == (False, 1)
            began = time.monotonic()
            assert [store.read(["bs:test"]) for _ in range(200)] == [None] * 200
            assert time.monotonic() - began < 2.0
        until(lambda: store.read(["bs:test"]) == [None], within_seconds=3, what="Redis being asked again")
        assert breaker.state is State.CLOSED


def test_connections_that_are_lost_again_and_again_are_made_again(system: System) -> None:
    """redis-py's pools count what they ever made: theirs would be used up after these few."""
    name = f"lost-{new_id()}"
    with (
        redis_of(system) as other,
        redis.Redis.from_url(f"{system.stack.endpoints.redis_url}?max_connections=3&client_name={name}") as client,
    ):
        store = Store(client)
        for _ in range(10):
            assert store.read(["bs:test"]) == [None]
            assert _disconnected(other, name) == 1
        assert store.read(["bs:test"]) == [None]
        assert store.errors == 0


def test_the_line_on_which_changes_are_told_comes_back_again_and_again(system: System) -> None:
    name, near = f"line-{new_id()}", Near()
    line = Line(f"{system.stack.endpoints.redis_url}?max_connections=3&client_name={name}", near)
    try:
        with redis_of(system) as other:
            for _ in range(6):
                until(lambda: near.told and _disconnected(other, name), within_seconds=5, what="the line")
            until(lambda: _named(other, name) and near.told, within_seconds=5, what="the line again")
    finally:
        line.close()


def _named(client: "redis.Redis", name: str) -> list[str]:
    return [str(one["id"]) for one in client.client_list() if one["name"] == name]


def _disconnected(client: "redis.Redis", name: str) -> int:
    """How many connections of this name there were."""
    return sum(client.client_kill_filter(_id=number) for number in _named(client, name))


@contextmanager
def _full(system: System) -> Iterator[None]:
    with redis_of(system) as client:
        before = {name: client.config_get(name)[name] for name in ("maxmemory", "maxmemory-policy")}
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", "1mb")
        try:
            yield
        finally:
            for name, value in before.items():
                client.config_set(name, value)


@contextmanager
def _slow(system: System) -> Iterator[None]:
    """Redis is busy half of the time, longer at a time than anybody waits."""
    ended = False

    def busy() -> None:
        while not ended:
            with paused(system.stack.server("redis")):
                time.sleep(0.4)
            time.sleep(0.2)

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(busy)
        try:
            yield
        finally:
            ended = True
            working.result(10)
