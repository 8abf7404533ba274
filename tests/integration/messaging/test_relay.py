"""The relay process: what is in an outbox arrives, in order, whatever was down meanwhile."""

import json
from collections import defaultdict

import pytest
import redis
from confluent_kafka import Consumer

from broadsheet.ids import new_id
from broadsheet.live import LiveLog
from broadsheet.messaging.kafka import ensure_topics
from tests.support.database import rows
from tests.support.system import System
from tests.support.waiting import until

ADD = "insert into runs.outbox (destination, name, key, payload) select %s, %s, unnest(%s::text[]), unnest(%s::bytea[])"
WAITING = "select count(*) from runs.outbox where name = %s"


@pytest.fixture
def topic(system: System) -> str:
    name = f"test.{new_id()}"
    ensure_topics(system.stack.endpoints.kafka_bootstrap, [name], partitions=3)
    return name


def _say(system: System, destination: str, name: str, messages: list[tuple[str, bytes]]) -> None:
    """Write rows as a service does, all in one transaction, and wake the relay."""
    rows(system.stack, ADD, destination, name, [key for key, _ in messages], [payload for _, payload in messages])
    rows(system.stack, "select pg_notify('broadsheet_outbox', 'runs')")


def _waiting(system: System, name: str) -> int:
    [(count,)] = rows(system.stack, WAITING, name)
    return int(count)


def _arrived(system: System, topic: str, number: int) -> dict[str, list[bytes]]:
    """The messages of a topic by key, once there are so many."""
    bootstrap = system.stack.endpoints.kafka_bootstrap
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": new_id(), "auto.offset.reset": "earliest"})
    found: dict[str, list[bytes]] = defaultdict(list)
    try:
        consumer.subscribe([topic])

        def enough() -> bool:
            for message in consumer.consume(500, timeout=0.5):
                if message.error() is None:
                    found[(message.key() or b"").decode()].append(message.value() or b"")
            return sum(len(payloads) for payloads in found.values()) >= number

        until(enough, what=f"{number} messages in {topic}", within_seconds=60)
        return found
    finally:
        consumer.close()


def _live(system: System, kind: str) -> list[str]:
    with redis.Redis.from_url(system.stack.endpoints.redis_url, socket_timeout=5) as client:
        return [json.loads(event.data)["n"] for event in LiveLog(client).after("0-0", count=100_000) if event.kind == kind]


def _live_rows(numbers: range) -> list[tuple[str, bytes]]:
    return [("key", json.dumps({"organization_id": new_id(), "user_id": None, "data": {"n": n}}).encode()) for n in numbers]


def test_what_is_said_of_one_key_arrives_in_order(system: System, topic: str) -> None:
    said = [(f"key-{number % 5}", str(number).encode()) for number in range(200)]
    _say(system, "kafka", topic, said)
    found = _arrived(system, topic, 200)
    assert {key: [int(payload) for payload in payloads] for key, payloads in found.items()} == {
        f"key-{rest}": list(range(rest, 200, 5)) for rest in range(5)
    }
    until(lambda: _waiting(system, topic) == 0, what="the outbox being empty")


def test_more_than_one_batch_arrives_whole(system: System, topic: str) -> None:
    _say(system, "kafka", topic, [("key", str(number).encode()) for number in range(1200)])
    assert [int(payload) for payload in _arrived(system, topic, 1200)["key"]] == list(range(1200))


def test_an_event_that_nobody_listens_to_waits_and_holds_nobody_up(system: System, topic: str) -> None:
    name = f"nobody.{new_id()}"
    _say(system, "event", name, [("key", b"{}")])
    _say(system, "kafka", topic, [("key", b"next")])
    assert _arrived(system, topic, 1)["key"] == [b"next"]
    assert _waiting(system, name) == 1
    rows(system.stack, "delete from runs.outbox where name = %s", name)


def test_without_redis_live_rows_wait_and_others_go_on(system: System, topic: str) -> None:
    kind, server = f"test-{new_id()}", system.stack.server("redis")
    server.kill()
    try:
        _say(system, "live", kind, _live_rows(range(5)))
        _say(system, "kafka", topic, [("key", b"next")])
        assert _arrived(system, topic, 1)["key"] == [b"next"]
        assert _waiting(system, kind) == 5
    finally:
        server.restart()
    until(lambda: _waiting(system, kind) == 0, what="the live rows leaving")
    assert _live(system, kind) == list(range(5))


def test_without_kafka_its_rows_wait_and_arrive_in_order_when_it_is_back(system: System, topic: str) -> None:
    kind, server = f"test-{new_id()}", system.stack.server("kafka")
    server.kill()
    try:
        _say(system, "live", kind, _live_rows(range(3)))
        until(lambda: _live(system, kind) == [0, 1, 2], what="live rows arriving without Kafka")
        _say(system, "kafka", topic, [("key", str(number).encode()) for number in range(20)])
    finally:
        server.restart()
    arrived = _arrived(system, topic, 20)["key"]
    assert list(dict.fromkeys(int(payload) for payload in arrived)) == list(range(20))
    until(lambda: _waiting(system, topic) == 0, what="the outbox being empty", within_seconds=60)


def test_a_destination_that_takes_nothing_holds_up_no_other(system: System, topic: str) -> None:
    nobody = f"nobody.{new_id()}"
    _say(system, "event", nobody, [("key", b"{}")] * 600)
    try:
        _say(system, "kafka", topic, [("key", b"after them")])
        assert _arrived(system, topic, 1)["key"] == [b"after them"]
        assert _waiting(system, nobody) == 600
    finally:
        rows(system.stack, "delete from runs.outbox where name = %s", nobody)
