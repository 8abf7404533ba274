"""The queue in which calls wait for a service: it goes when the service does.

Nameko's own queue stays for ever, and a call to a service that was stopped would wait there until its caller gives up. Here the last
process that stops removes the queue, so that RabbitMQ gives calls back at once; one that was killed leaves it for a moment, in which
its successor finds the calls that wait. The exchange has a name of its own: on Nameko's, an older process might take each call as well.
"""

import contextlib
from typing import Any

import kombu
from nameko.constants import AMQP_URI_CONFIG_KEY
from nameko.rpc import RpcConsumer, get_rpc_exchange

from broadsheet.broker import BROKER_ERRORS
from broadsheet.hosting.consuming import QuickQueueConsumer

#: How long a queue stays that nobody consumes: what a busy machine needs to start a process again.
_EXPIRES_SECONDS = 10.0
_CONNECT_SECONDS = 5.0


class CallConsumer(RpcConsumer):  # type: ignore[misc]
    """Nameko's consumer of calls, on a queue that does not outlive its service."""

    queue_consumer = QuickQueueConsumer()
    queue: kombu.Queue | None

    def setup(self) -> None:
        if self.queue is not None:
            return
        super().setup()
        service = self.container.service_name
        self.queue = kombu.Queue(
            f"rpc-{service}-calls",
            get_rpc_exchange(self.container.config),
            f"{service}.*",
            durable=True,
            expires=_EXPIRES_SECONDS,
        )

    def unregister_provider(self, provider: Any) -> None:
        super().unregister_provider(provider)
        if not self._providers:
            self._remove_queue()

    def _remove_queue(self) -> None:
        """Unless another process consumes it, or calls wait there that came in the last moment: those find a successor, or expire."""
        assert self.queue is not None
        broker = kombu.Connection(self.container.config[AMQP_URI_CONFIG_KEY], connect_timeout=_CONNECT_SECONDS)
        with contextlib.suppress(*BROKER_ERRORS), broker as connection:
            connection.channel().queue_delete(self.queue.name, if_unused=True, if_empty=True)
