"""Nameko events from a plain process: published to ``{service}.events``, persistent, mandatory and confirmed.

An event that no queue takes (its reader has never run yet) is reported as not sent, so that its outbox row stays.
"""

import contextlib
from typing import Any

import kombu
import msgspec

from broadsheet.broker import BROKER_ERRORS

_CONNECT_TIMEOUT_SECONDS = 5.0
_PUBLISH_TIMEOUT_SECONDS = 10.0


class EventPublisher:
    """One confirmed AMQP channel, opened when it is needed. Raises one of ``BROKER_ERRORS`` when the broker is gone."""

    def __init__(self, amqp_url: str):
        self._url = amqp_url
        self._producer: kombu.Producer | None = None
        self._returned: set[str] = set()
        self._exchanges: set[str] = set()

    def publish(self, name: str, payload: bytes, message_id: str) -> bool:
        """Publish one event named ``service.event``; whether a queue took it."""
        service, _, event = name.partition(".")
        producer = self._producer or self._connect()
        exchange = kombu.Exchange(f"{service}.events", type="topic", durable=True, auto_delete=False)
        if exchange.name not in self._exchanges:
            exchange(producer.channel).declare()
            self._exchanges.add(exchange.name)
        self._returned.clear()
        producer.publish(
            msgspec.json.decode(payload),
            serializer="json",
            exchange=exchange.name,
            routing_key=event,
            message_id=message_id,
            delivery_mode=2,
            mandatory=True,
            confirm_timeout=_PUBLISH_TIMEOUT_SECONDS,
        )
        return message_id not in self._returned

    def close(self) -> None:
        """Drop the connection; the next publish opens a new one."""
        producer, self._producer = self._producer, None
        self._exchanges.clear()
        if producer is not None:
            with contextlib.suppress(*BROKER_ERRORS):
                producer.connection.close()

    def _connect(self) -> kombu.Producer:
        connection = kombu.Connection(
            self._url, connect_timeout=_CONNECT_TIMEOUT_SECONDS, transport_options={"confirm_publish": True}
        )
        connection.ensure_connection(max_retries=1, timeout=_CONNECT_TIMEOUT_SECONDS)
        self._producer = kombu.Producer(connection.channel(), on_return=self._on_return, auto_declare=False)
        return self._producer

    def _on_return(self, exception: Any, exchange: str, routing_key: str, message: Any) -> None:
        self._returned.add(message.properties.get("message_id", ""))
