"""A contract as something to call: ``remote(Runs, transport).get(principal, run_id)``.

Errors of the other side come back as themselves. Whether a call may be repeated is the caller's knowledge: reads are (names in
``_REPEATABLE``), and a repeated call shares the deadline of the first.
"""

import time
from typing import Any, TypeVar, cast

import structlog

from broadsheet import errors
from broadsheet.errors import BroadsheetError, CallTimedOut, Unavailable
from broadsheet.rpc.signatures import methods, service_name, signature
from broadsheet.rpc.transport import AmqpTransport

Contract = TypeVar("Contract")

_REPEATABLE = ("get", "list", "authenticate", "view", "data", "connection", "inbox", "heartbeat", "check")


class Remote:
    """Calls of one contract over one transport."""

    def __init__(self, contract: type, transport: AmqpTransport, timeout_seconds: float):
        for name in methods(contract):
            setattr(self, name, _call(contract, name, transport, timeout_seconds))


def remote(contract: type[Contract], transport: AmqpTransport, *, timeout_seconds: float = 10.0) -> Contract:
    """The service behind ``contract``, typed as the contract itself."""
    return cast(Contract, Remote(contract, transport, timeout_seconds))


def _call(contract: type, name: str, transport: AmqpTransport, timeout_seconds: float) -> Any:
    method = signature(contract, name)
    service = service_name(contract)
    repeatable = name.startswith(_REPEATABLE)

    def call(*args: Any, **kwargs: Any) -> Any:
        deadline = time.monotonic() + timeout_seconds
        arguments = method.pack(args, kwargs)
        headers = _trace_headers()
        attempt_seconds = timeout_seconds / 2 if repeatable else timeout_seconds
        try:
            reply = transport.call(service, name, arguments, timeout_seconds=attempt_seconds, headers=headers)
        except Unavailable as error:
            left = deadline - time.monotonic()
            if not repeatable or left <= 0 or (not isinstance(error, CallTimedOut) and "lost" not in error.message):
                raise
            reply = transport.call(service, name, arguments, timeout_seconds=left, headers=headers)
        return _result(method, reply)

    return call


def _result(method: Any, reply: Any) -> Any:
    if reply["error"] is None:
        return method.unpack_result(reply["result"])
    broadsheet_error = reply["error"].get("broadsheet")
    if broadsheet_error is not None:
        raise errors.from_wire(broadsheet_error)
    raise BroadsheetError(f"{method.service}.{method.method} failed")


def _trace_headers() -> dict[str, str]:
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    return {"nameko.request_id": str(request_id)} if request_id else {}
