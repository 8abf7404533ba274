"""Where the relay takes rows: Kafka, Nameko events, the live log. What could not be sent stays in the outbox."""

from collections.abc import Iterator, Sequence

import redis
from confluent_kafka import KafkaException

from broadsheet.broker import BROKER_ERRORS
from broadsheet.live import LiveLog
from broadsheet.logs import logger
from broadsheet.messaging.events import EventPublisher
from broadsheet.messaging.kafka import EventProducer
from broadsheet.outbox import Destination
from jobs.relay.outboxes import OutboxRow


class Sender:
    """The three destinations. One that is down keeps only its own rows waiting."""

    def __init__(self, kafka: EventProducer, events: EventPublisher, live: LiveLog):
        self._kafka = kafka
        self._events = events
        self._live = live
        self._log = logger(__name__)

    def send(self, rows: Sequence[OutboxRow]) -> Iterator[int]:
        """Send rows and give the ids of those that arrived."""
        yield from self._send_live([row for row in rows if row.destination is Destination.LIVE])
        yield from self._send_events([row for row in rows if row.destination is Destination.EVENT])
        yield from self._send_kafka([row for row in rows if row.destination is Destination.KAFKA])

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
