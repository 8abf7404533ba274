"""How a service consumes from RabbitMQ: as Nameko does, but back within a second or two after the broker was away.

Nameko's consumer waits 2, 4, 6, … up to 30 seconds between attempts to connect, and gives an event that failed back to its queue at once:
while the database is away, that is a busy loop.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import eventlet
import kombu.pools
from nameko.events import EventHandler
from nameko.messaging import QueueConsumer

from broadsheet.broker import BROKER_ERRORS
from broadsheet.logs import logger

_FIRST_PAUSE_SECONDS = 0.2
_PAUSE_STEP_SECONDS = 0.3
_LONGEST_PAUSE_SECONDS = 2.0
_EVENT_AGAIN_SECONDS = 1.0


class QuickQueueConsumer(QueueConsumer):  # type: ignore[misc]
    """Nameko's consumer, more eager to come back."""

    def __init__(self) -> None:
        super().__init__()
        #: Called when the connection to the broker is back: other connections died with the last one.
        self.revived: list[Callable[[], None]] = []

    @contextmanager
    def establish_connection(self) -> Iterator[Any]:
        with self.connection.clone() as connection:
            connection.ensure_connection(
                self.on_connection_error,
                self.connect_max_retries,
                interval_start=_FIRST_PAUSE_SECONDS,
                interval_step=_PAUSE_STEP_SECONDS,
                interval_max=_LONGEST_PAUSE_SECONDS,
            )
            yield connection

    def on_connection_revived(self) -> None:
        """The connections that answers go out on died with the last one, and would swallow an answer each without an error."""
        kombu.pools.reset()
        for hear in self.revived:
            hear()

    def ack_message(self, message: Any) -> None:
        with _broker_may_be_gone():
            super().ack_message(message)

    def requeue_message(self, message: Any) -> None:
        with _broker_may_be_gone():
            super().requeue_message(message)


@contextmanager
def _broker_may_be_gone() -> Iterator[None]:
    """Let a message be whose connection has died: the broker gives it out again. An error that leaves here would end the process."""
    try:
        yield
    except BROKER_ERRORS as error:
        logger(__name__).warning("message.left_to_the_broker", error=str(error) or type(error).__name__)


class OnEvent(EventHandler):  # type: ignore[misc]
    """A method that hears another service's events; one that fails is heard again, a little later."""

    queue_consumer = QuickQueueConsumer()

    def __init__(self, source_service: str, event_type: str, **kwargs: Any):
        super().__init__(source_service, event_type, requeue_on_error=True, **kwargs)

    def handle_message_processed(self, message: Any, result: Any = None, exc_info: Any = None) -> None:
        if exc_info is not None:
            eventlet.sleep(_EVENT_AGAIN_SECONDS)
        super().handle_message_processed(message, result, exc_info)


on_event = OnEvent.decorator
