"""The consumer loop on a real Kafka: what comes of a message."""

import threading
from collections.abc import Callable, Iterator

import pytest
from confluent_kafka import Consumer, Message

from broadsheet.ids import new_id
from broadsheet.local.stack import Stack
from broadsheet.messaging.kafka import ConsumerLoop, Done, EventProducer, Outcome, Rejected, Retry, ensure_topics
from tests.support.waiting import until

Start = Callable[[Callable[[bytes], Outcome]], ConsumerLoop]


@pytest.fixture
def topic(stack: Stack) -> str:
    name = f"test.{new_id()}"
    ensure_topics(stack.endpoints.kafka_bootstrap, [name, f"{name}.dead"], partitions=1)
    return name


@pytest.fixture
def producer(stack: Stack) -> EventProducer:
    return EventProducer(stack.endpoints.kafka_bootstrap)


@pytest.fixture
def start(stack: Stack, topic: str) -> Iterator[Start]:
    """Starts a loop of the topic's one group; all are stopped at the end."""
    started: list[tuple[ConsumerLoop, threading.Thread]] = []

    def start_one(step: Callable[[bytes], Outcome]) -> ConsumerLoop:
        loop = ConsumerLoop(stack.endpoints.kafka_bootstrap, group=f"group.{topic}", topics=[topic], step=step)
        thread = threading.Thread(target=loop.run)
        thread.start()
        started.append((loop, thread))
        return loop

    yield start_one
    for loop, _ in started:
        loop.stop()
    for _, thread in started:
        thread.join(30)


def _first(stack: Stack, topic: str) -> Message:
    consumer = Consumer(
        {"bootstrap.servers": stack.endpoints.kafka_bootstrap, "group.id": new_id(), "auto.offset.reset": "earliest"}
    )
    try:
        consumer.subscribe([topic])

        def look() -> Message | None:
            message = consumer.poll(0.5)
            return message if message is not None and message.error() is None else None

        found = until(look, what=f"a message in {topic}")
        assert found is not None
        return found
    finally:
        consumer.close()


def test_messages_that_are_done_come_once_and_in_order(topic: str, producer: EventProducer, start: Start) -> None:
    seen: list[bytes] = []

    def step(payload: bytes) -> Outcome:
        seen.append(payload)
        return Done()

    sent = [str(number).encode() for number in range(20)]
    producer.send([(topic, "key", payload) for payload in sent])
    start(step)
    until(lambda: len(seen) == 20, what="all messages")
    assert seen == sent


def test_a_message_to_be_tried_again_is_tried_again_before_the_next(topic: str, producer: EventProducer, start: Start) -> None:
    seen: list[bytes] = []

    def step(payload: bytes) -> Outcome:
        seen.append(payload)
        return Retry("not yet", after_seconds=0.05) if len(seen) < 3 else Done()

    producer.send([(topic, "key", b"first"), (topic, "key", b"second")])
    start(step)
    until(lambda: b"second" in seen, what="the second message")
    assert seen == [b"first", b"first", b"first", b"second"]


def test_a_step_that_breaks_is_tried_again(topic: str, producer: EventProducer, start: Start) -> None:
    seen: list[bytes] = []

    def step(payload: bytes) -> Outcome:
        seen.append(payload)
        if len(seen) == 1:
            raise RuntimeError("broken")
        return Done()

    producer.send([(topic, "key", b"only")])
    start(step)
    until(lambda: len(seen) == 2, what="the second try")


def test_a_rejected_message_lies_with_the_dead_letters_as_it_came_and_the_next_is_taken(
    stack: Stack, topic: str, producer: EventProducer, start: Start
) -> None:
    seen: list[bytes] = []

    def step(payload: bytes) -> Outcome:
        seen.append(payload)
        return Rejected("no such thing") if payload.startswith(b"\xff") else Done()

    unreadable = b"\xff\x00 not a message {"
    producer.send([(topic, "key", unreadable), (topic, "key", b"next")])
    start(step)
    until(lambda: seen == [unreadable, b"next"], what="both messages")
    dead = _first(stack, f"{topic}.dead")
    assert (dead.value(), dead.key()) == (unreadable, b"key")
    assert dict(dead.headers() or []) == {"reason": b"no such thing"}


def test_what_was_done_does_not_come_again_after_a_restart(topic: str, producer: EventProducer, start: Start) -> None:
    seen: list[bytes] = []

    def step(payload: bytes) -> Outcome:
        seen.append(payload)
        return Done()

    producer.send([(topic, "key", b"before")])
    loop = start(step)
    until(lambda: seen == [b"before"], what="the first message")
    producer.send([(topic, "key", b"also before")])
    until(lambda: len(seen) == 2, what="the second message")
    loop.stop()
    producer.send([(topic, "key", b"after")])
    start(step)
    until(lambda: b"after" in seen, what="the message after the restart")
    assert seen.count(b"before") == 1


def test_a_loop_that_is_told_to_stop_finishes_the_message_under_way(topic: str, producer: EventProducer, start: Start) -> None:
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def step(payload: bytes) -> Outcome:
        begun.set()
        go_on.wait(30)
        ended.set()
        return Done()

    producer.send([(topic, "key", b"long")])
    loop = start(step)
    assert begun.wait(30)
    loop.stop()
    go_on.set()
    assert ended.wait(30)


def test_topics_can_be_ensured_again(stack: Stack, topic: str) -> None:
    ensure_topics(stack.endpoints.kafka_bootstrap, [topic, f"{topic}.dead"], partitions=1)
