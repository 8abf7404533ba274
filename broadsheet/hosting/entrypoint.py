"""The RPC entrypoint of a service: arguments arrive typed by the contract, errors leave as themselves.

The class names its contract in ``contract``; ``@rpc`` methods carry the names of the contract's methods. Answers go back transient and
without publisher confirms (measured: twice the calls per second of Nameko's defaults); the caller repeats what it misses.
"""

import contextlib
import functools
import sys
import threading
from collections.abc import Callable
from typing import Any

import kombu
import structlog
from nameko.constants import AMQP_URI_CONFIG_KEY, NON_PERSISTENT
from nameko.exceptions import ContainerBeingKilled
from nameko.rpc import Rpc

from broadsheet import errors
from broadsheet.broker import BROKER_ERRORS
from broadsheet.errors import BroadsheetError, MalformedRequest
from broadsheet.hosting.calls import CallConsumer
from broadsheet.logs import logger
from broadsheet.rpc import wire
from broadsheet.rpc.signatures import signature
from broadsheet.rpc.transport import EXCHANGE

_CONNECT_SECONDS = 5.0


class _Replies:
    """The channel on which answers go out: transient, unconfirmed, on one connection that is made anew when it dies."""

    def __init__(self, amqp_url: str):
        self._url = amqp_url
        self._channel: Any = None
        self._lock = threading.Lock()

    def publish(self, body: bytes, content_type: str, reply_to: str, correlation_id: str) -> None:
        """Send an answer. Raises one of ``BROKER_ERRORS``."""
        with self._lock:
            for attempt in (1, 2):
                try:
                    if self._channel is None:
                        connection = kombu.Connection(self._url, connect_timeout=_CONNECT_SECONDS)
                        self._channel = connection.channel()
                    properties = {"correlation_id": correlation_id, "delivery_mode": NON_PERSISTENT}
                    message = self._channel.prepare_message(body, 0, content_type, wire.CONTENT_ENCODING, properties=properties)
                    self._channel.basic_publish(message, exchange=EXCHANGE, routing_key=reply_to)
                    return
                except BROKER_ERRORS:
                    self.close()
                    if attempt == 2:
                        raise

    def close(self) -> None:
        """Drop the connection."""
        channel, self._channel = self._channel, None
        if channel is not None:
            with contextlib.suppress(*BROKER_ERRORS):
                channel.connection.client.close()


class _ReplyingConsumer(CallConsumer):
    """Answers with results as plain data and with our errors as themselves."""

    def __init__(self) -> None:
        super().__init__()
        self._replies: _Replies | None = None

    def handle_result(self, message: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
        if self._replies is None:
            self._replies = _Replies(self.container.config[AMQP_URI_CONFIG_KEY])
            self.queue_consumer.revived.append(self._replies.close)
        try:
            body = wire.encode({"result": result, "error": None if exc_info is None else _wire_error(exc_info[1])})
        except (TypeError, ValueError):
            exc_info = sys.exc_info()
            body = wire.encode({"result": None, "error": _wire_error(exc_info[1])})
        try:
            self._replies.publish(
                body, message.content_type, message.properties["reply_to"], message.properties.get("correlation_id", "")
            )
        except BROKER_ERRORS as lost:  # an error that leaves here would end the process
            logger(__name__).warning("rpc.answer_lost", error=str(lost) or type(lost).__name__)
        self.queue_consumer.ack_message(message)
        return result, exc_info


def _wire_error(error: BaseException) -> dict[str, Any]:
    if isinstance(error, BroadsheetError):
        return {"broadsheet": errors.to_wire(error)}
    logger(__name__).error("rpc.failed", error=repr(error), exc_info=error)
    return {"broadsheet": errors.to_wire(BroadsheetError())}


class ContractRpc(Rpc):  # type: ignore[misc]
    """One method of the service's contract."""

    rpc_consumer = _ReplyingConsumer()

    def __init__(self, **kwargs: Any):
        super().__init__(expected_exceptions=(BroadsheetError,), **kwargs)

    def handle_message(self, body: Any, message: Any) -> None:
        contract = self.container.service_cls.contract
        method = signature(contract, self.method_name)
        if not isinstance(body, dict) or not isinstance(body.get("kwargs"), dict):
            raise MalformedRequest("An RPC message needs arguments by name")
        arguments = method.unpack(body["kwargs"])
        context = self.unpack_message_headers(message)

        def handle_result(worker_ctx: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
            return self.rpc_consumer.handle_result(message, result, exc_info)

        try:
            self.container.spawn_worker(self, (), arguments, context_data=context, handle_result=handle_result)
        except ContainerBeingKilled:
            self.rpc_consumer.requeue_message(message)


def rpc(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of the contract. What it answers may come from the cache, if the contract says so (``answers`` of the service)."""

    @functools.wraps(method)
    def served(self: Any, **arguments: Any) -> Any:
        return self.answers.serve(method.__name__, arguments, lambda: method(self, **arguments))

    declared: Callable[..., Any] = ContractRpc.decorator(served)
    return declared


def bind_request_id(worker_ctx: Any) -> None:
    """Put the request id that came with a call into this worker's log lines and onward calls."""
    structlog.contextvars.clear_contextvars()
    if request_id := worker_ctx.data.get("request_id"):
        structlog.contextvars.bind_contextvars(request_id=request_id)
