"""``python -m jobs.relay``: moves outbox rows to Kafka, Nameko events and the live log, woken by NOTIFY."""

import random
import select
import signal
import sys
import threading
from functools import partial

import psycopg2
import redis
from confluent_kafka import KafkaException

from broadsheet import logs, settings
from broadsheet.caching.store import Store
from broadsheet.contracts.runs import RunRequested
from broadsheet.live import LiveLog
from broadsheet.messaging.events import EventPublisher
from broadsheet.messaging.kafka import EventProducer, ensure_topics
from broadsheet.schemas import SCHEMAS
from jobs.relay.outboxes import BATCH, Outboxes
from jobs.relay.sending import Sender

#: How often every outbox is looked at, woken or not.
_POLL_SECONDS = 1.0
#: How long Kafka may take; everything else waits behind it, and what it did not take stays in the outbox.
_DELIVERY_SECONDS = 5.0


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    try:
        configured = settings.load(require=("database_url", "amqp_url", "redis_url", "kafka_bootstrap"))
    except settings.SettingsInvalid as error:
        sys.exit(f"relay: {error}")
    logs.configure("relay", configured.log_level, configured.log_format)
    log = logs.logger(__name__)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    client = redis.Redis.from_url(configured.redis_url, socket_timeout=2, socket_connect_timeout=2)
    producer = EventProducer(configured.kafka_bootstrap, delivery_seconds=_DELIVERY_SECONDS)
    sender = Sender(producer, EventPublisher(configured.amqp_url), LiveLog(client), Store(client))
    failures = 0
    while not stopping.is_set():
        try:
            ensure_topics(configured.kafka_bootstrap, [RunRequested.name])
            log.info("relay.started")
            relay(Outboxes(configured.database_url), sender, stopping)
            failures = 0
        except (psycopg2.Error, KafkaException) as error:
            failures += 1
            log.warning("relay.waiting", error=str(error).strip(), failures=failures)
            stopping.wait(min(5.0, 0.1 * 2**failures) * random.uniform(0.5, 1.0))
    log.info("relay.stopped")


def relay(outboxes: Outboxes, sender: Sender, stopping: threading.Event) -> None:
    """Empty the outboxes, for ever: those that were written to at once, all of them now and then."""
    try:
        waiting = set(SCHEMAS)
        while not stopping.is_set():
            for schema in sorted(waiting):
                while outboxes.drain(schema, partial(sender.send, position=outboxes.position)) == BATCH and not stopping.is_set():
                    pass
            readable, _, _ = select.select([outboxes], [], [], _POLL_SECONDS)
            waiting = outboxes.woken_for() if readable else set(SCHEMAS)
    finally:
        outboxes.close()


if __name__ == "__main__":
    main()
