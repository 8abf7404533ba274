"""Kafka: a producer that loses nothing, and a consumer loop whose steps say what came of a message.

The producer is idempotent and waits for all replicas. The loop runs each message on a worker thread while it keeps polling with its
partitions paused, so that a long step never leaves the consumer group (KIP-62). Offsets are stored after a step's outcome and committed
in the background, because a commit that is waited for waits as long as the broker is away; a message is a hint, so seeing one twice does
no harm.
"""

import concurrent.futures
import random
import threading
import time
from collections.abc import Callable
from typing import Any

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from broadsheet.logs import logger


class Done(msgspec.Struct, frozen=True):
    """The message needs nothing more."""


class Retry(msgspec.Struct, frozen=True):
    """Try this message again, a little later."""

    reason: str
    after_seconds: float = 0.5


class Rejected(msgspec.Struct, frozen=True):
    """The message can never be handled; it goes to the dead letters as it came."""

    reason: str


Outcome = Done | Retry | Rejected
Step = Callable[[bytes], Outcome]

_MAX_RETRIES = 8
_DEAD_SUFFIX = ".dead"
#: A broker that was away is found again within a second or so; librdkafka's defaults are 10 and 60 seconds.
_CONNECTION = {"reconnect.backoff.ms": 200, "reconnect.backoff.max.ms": 1_000, "socket.timeout.ms": 10_000}


class EventProducer:
    """Writes events to topics. Not shared with a fork."""

    def __init__(self, bootstrap: str, *, delivery_seconds: float = 30.0):
        self._producer = Producer(
            {
                **_CONNECTION,
                "bootstrap.servers": bootstrap,
                "enable.idempotence": True,
                "acks": "all",
                "linger.ms": 0,
                "delivery.timeout.ms": int(delivery_seconds * 1000),
                "client.id": "broadsheet",
            }
        )
        self._flush_seconds = delivery_seconds + 1

    def send(self, messages: list[tuple[str, str, bytes]], headers: dict[str, str] | None = None) -> None:
        """Write ``(topic, key, payload)`` messages, all of them or raise :class:`KafkaException`."""
        failures: list[KafkaError] = []

        def delivered(error: KafkaError | None, _: Message) -> None:
            if error is not None:
                failures.append(error)

        for topic, key, payload in messages:
            self._producer.produce(topic, payload, key=key, headers=dict(headers or {}), on_delivery=delivered)
        left = self._producer.flush(self._flush_seconds)
        if failures or left:
            raise KafkaException(failures[0] if failures else KafkaError(KafkaError._MSG_TIMED_OUT))


def ensure_topics(bootstrap: str, topics: list[str], *, partitions: int = 6, timeout_seconds: float = 10.0) -> None:
    """Create topics that are not there. Raises :class:`KafkaException` when the broker does not answer."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    there = admin.list_topics(timeout=timeout_seconds).topics
    missing = [NewTopic(topic, num_partitions=partitions, replication_factor=1) for topic in topics if topic not in there]
    for future in admin.create_topics(missing, request_timeout=timeout_seconds).values() if missing else ():
        try:
            future.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise


class ConsumerLoop:
    """Takes messages of ``topics`` for ``group``, one at a time, until :meth:`stop`.

    A consumer that is silent for ``session_seconds`` loses its partitions to others.
    """

    def __init__(self, bootstrap: str, *, group: str, topics: list[str], step: Step, session_seconds: float = 10.0):
        self._bootstrap = bootstrap
        self._topics = topics
        self._step = step
        self._stopping = threading.Event()
        self._holding = False
        self._log = logger(__name__)
        self._consumer = Consumer(
            {
                **_CONNECTION,
                "bootstrap.servers": bootstrap,
                "group.id": group,
                "enable.auto.offset.store": False,
                "auto.commit.interval.ms": 500,
                "auto.offset.reset": "earliest",
                "partition.assignment.strategy": "cooperative-sticky",
                "session.timeout.ms": int(session_seconds * 1000),
                "heartbeat.interval.ms": int(min(1.0, session_seconds / 3) * 1000),
                "fetch.wait.max.ms": 100,
                "topic.metadata.refresh.interval.ms": 5_000,
                "allow.auto.create.topics": True,
            }
        )
        self._dead_letters: EventProducer | None = None

    def stop(self) -> None:
        """Take no further message; the one under way is finished first."""
        self._stopping.set()

    def run(self) -> None:
        """Work until stopped. Broker trouble is waited out."""
        self._consumer.subscribe(self._topics, on_assign=self._assigned)
        try:
            with concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="step") as executor:
                while not self._stopping.is_set():
                    message = self._consumer.poll(0.5)
                    if message is None:
                        continue
                    if message.error():
                        self._log.warning("kafka.trouble", error=str(message.error()))
                        continue
                    self._handle(message, executor)
        finally:
            self._consumer.close()

    def _handle(self, message: Message, executor: concurrent.futures.Executor) -> None:
        payload = message.value() or b""
        for attempt in range(_MAX_RETRIES):
            outcome = self._run_step(payload, executor)
            if isinstance(outcome, Retry) and attempt < _MAX_RETRIES - 1 and not self._stopping.is_set():
                self._wait(min(30.0, outcome.after_seconds * 2**attempt) * random.uniform(0.5, 1.0))
                continue
            break
        if isinstance(outcome, Rejected):
            self._reject(message, outcome.reason)
        elif isinstance(outcome, Retry):
            # Not lost: the message is a hint, and the reconciler offers again what PostgreSQL still holds as queued.
            self._log.warning("message.given_up", reason=outcome.reason, topic=message.topic())
        self._commit(message)

    def _run_step(self, payload: bytes, executor: concurrent.futures.Executor) -> Outcome:
        future = executor.submit(self._step, payload)
        try:
            while not concurrent.futures.wait([future], timeout=0.2).done:
                self._stay_in_the_group()
            return future.result()
        except Exception as error:
            self._log.exception("step.failed")
            return Retry(repr(error))
        finally:
            self._take_messages()

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self._stopping.is_set() and (left := end - time.monotonic()) > 0:
            self._stopping.wait(min(0.2, left))
            self._stay_in_the_group()
        self._take_messages()

    def _stay_in_the_group(self) -> None:
        """Poll without taking a message."""
        if not self._holding:
            self._holding = True
            self._consumer.pause(self._consumer.assignment())
        self._consumer.poll(0)

    def _take_messages(self) -> None:
        if self._holding:
            self._holding = False
            self._consumer.resume(self._consumer.assignment())

    def _assigned(self, consumer: Any, partitions: Any) -> None:
        """Partitions come in the middle of a step too, and one that was paused, lost and given back is still paused."""
        self._log.info("kafka.assigned", partitions=len(partitions))
        consumer.incremental_assign(partitions)
        if self._holding:
            consumer.pause(partitions)
        else:
            consumer.resume(partitions)

    def _reject(self, message: Message, reason: str) -> None:
        if self._dead_letters is None:
            self._dead_letters = EventProducer(self._bootstrap)
        topic = f"{message.topic()}{_DEAD_SUFFIX}"
        self._log.error("message.rejected", reason=reason, dead_letters=topic)
        self._dead_letters.send(
            [(topic, (message.key() or b"").decode(errors="replace"), message.value() or b"")], {"reason": reason}
        )

    def _commit(self, message: Message) -> None:
        try:
            self._consumer.store_offsets(message=message)
        except KafkaException as error:
            self._log.info("kafka.partition_is_anothers", error=str(error))  # seen again there: a hint does no harm twice
