"""The RPC entrypoint of a service: arguments arrive typed by the contract, errors leave as themselves.

The class names its contract in ``contract``; ``@rpc`` methods carry the names of the contract's methods. Answers go back transient and
without publisher confirms (measured: twice the calls per second of Nameko's defaults); the caller repeats what it misses.
"""

import functools
import sys
from collections.abc import Callable
from typing import Any

import msgspec
import structlog
from nameko.amqp.publish import Publisher
from nameko.constants import AMQP_URI_CONFIG_KEY, NON_PERSISTENT
from nameko.exceptions import ContainerBeingKilled
from nameko.rpc import Rpc, RpcConsumer, get_rpc_exchange

from broadsheet import errors
from broadsheet.broker import BROKER_ERRORS
from broadsheet.errors import BroadsheetError, MalformedRequest
from broadsheet.hosting.consuming import QuickQueueConsumer
from broadsheet.logs import logger
from broadsheet.rpc.signatures import signature


class _ReplyPublisher(Publisher):  # type: ignore[misc]
    use_confirms = False
    delivery_mode = NON_PERSISTENT


class _ReplyingConsumer(RpcConsumer):  # type: ignore[misc]
    """Answers with results as plain data and with our errors as themselves."""

    queue_consumer = QuickQueueConsumer()

    def handle_result(self, message: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
        error = None if exc_info is None else _wire_error(exc_info[1])
        publisher = _ReplyPublisher(self.container.config[AMQP_URI_CONFIG_KEY], serializer="json")
        try:
            publisher.publish(
                {"result": result, "error": error},
                exchange=get_rpc_exchange(self.container.config),
                routing_key=message.properties["reply_to"],
                correlation_id=message.properties.get("correlation_id"),
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
            if exc_info is None:
                try:
                    result = msgspec.to_builtins(result)
                except TypeError:
                    result, exc_info = None, sys.exc_info()
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
