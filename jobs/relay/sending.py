"""Where the relay takes rows: the cache's positions first, then the live log, Nameko events, Kafka.

What could not be sent stays in the outbox.
"""

from collections.abc import Callable, Iterator, Sequence

import msgspec
import redis
from confluent_kafka import KafkaException

from broadsheet.broker import BROKER_ERRORS
from broadsheet.caching.store import Store
from broadsheet.live import LiveLog
from broadsheet.logs import logger
from broadsheet.messaging.events import EventPublisher
from broadsheet.messaging.kafka import EventProducer
from broadsheet.outbox import Destination
from jobs.relay.outboxes import OutboxRow

#: Says (epoch, position) of the primary.
Position = Callable[[], tuple[str, str]]


class Sender:
    """The destinations. One that is down keeps only its own rows waiting; what hears of a change hears it after the cache."""

    def __init__(self, kafka: EventProducer, events: EventPublisher, live: LiveLog, cache: Store):
        self._cache = cache
        self._kafka = kafka
        self._events = events
        self._live = live
        self._log = logger(__name__)

    def send(self, rows: Sequence[OutboxRow], position: Position) -> Iterator[int]:
        """Send rows and give the ids of those that arrived. ``position`` says where the primary is, if somebody needs to know."""
        yield from self._move_positions([row for row in rows if row.destination is Destination.CACHE], position)
        yield from self._send_live([row for row in rows if row.destination is Destination.LIVE])
        yield from self._send_events([row for row in rows if row.destination is Destination.EVENT])
        yield from self._send_kafka([row for row in rows if row.destination is Destination.KAFKA])

    def _move_positions(self, rows: Sequence[OutboxRow], position: Position) -> Iterator[int]:
        if not rows:
            return
        epoch, now = position()
        for row in rows:
            if not self._cache.move(row.name, epoch, now, msgspec.json.decode(row.payload, type=list[str])):
                self._log.warning("relay.redis_down", waiting=len(rows))
                return
            yield row.id

    def _send_kafka(self, rows: Sequence[OutboxRow]) -> Iterator[int]:
        if not rows:
            return
        try:
            self._kafka.send([(row.name, row.key, row.payload) for row in rows])
        except (KafkaException, BufferError) as error:
            self._log.warning("relay.kafka_down", error=str(error), waiting=len(rows))
            return
        yield from (row.id for row in rows)

    def _send_events(self, rows: Sequence[OutboxRow]) -> Iterator[int]:
        try:
            for row in rows:
                if self._events.publish(row.name, row.payload, str(row.id)):
                    yield row.id
                else:
                    self._log.warning("relay.nobody_listens", event_name=row.name)
        except BROKER_ERRORS as error:
            self._events.close()
            self._log.warning("relay.broker_down", error=str(error) or type(error).__name__, waiting=len(rows))

    def _send_live(self, rows: Sequence[OutboxRow]) -> Iterator[int]:
        try:
            for row in rows:
                self._live.append(row.name, row.payload)
                yield row.id
        except redis.RedisError as error:
            self._log.warning("relay.redis_down", error=str(error), waiting=len(rows))
