"""A contract as something to call: ``remote(Runs, transport).get(principal, run_id)``.

Errors of the other side come back as themselves. Whether a call may be repeated is the caller's knowledge: reads are (names in
``_REPEATABLE``), and a repeated call shares the deadline of the first. With a cache, methods that have a policy are looked up there first
(:mod:`broadsheet.rpc.cached`).
"""

import time
from typing import Any, TypeVar, cast

import structlog

from broadsheet import errors
from broadsheet.caching.cache import Cache
from broadsheet.caching.policy import policy_of
from broadsheet.errors import BroadsheetError, CallTimedOut, Unavailable
from broadsheet.rpc.cached import CachedCall
from broadsheet.rpc.signatures import Signature, methods, service_name, signature
from broadsheet.rpc.transport import AmqpTransport

Contract = TypeVar("Contract")

_REPEATABLE = ("get", "list", "authenticate", "view", "data", "connection", "inbox", "heartbeat", "check", "explain")


class Call:
    """One method of a contract over a transport."""

    def __init__(self, contract: type, name: str, transport: AmqpTransport, timeout_seconds: float):
        self.method: Signature = signature(contract, name)
        self._service = service_name(contract)
        self._name = name
        self._transport = transport
        self._timeout_seconds = timeout_seconds
        self._repeatable = name.startswith(_REPEATABLE)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.method.decode_result(self.send(self.method.named(args, kwargs)))

    def send(self, named: dict[str, Any]) -> bytes:
        """The result as JSON; every argument is in ``named``. Raises what the other side raised."""
        deadline = time.monotonic() + self._timeout_seconds
        arguments = self.method.without_defaults(named)
        headers = _trace_headers()
        attempt_seconds = self._timeout_seconds / 2 if self._repeatable else self._timeout_seconds
        try:
            reply = self._transport.call(self._service, self._name, arguments, timeout_seconds=attempt_seconds, headers=headers)
        except Unavailable as error:
            left = deadline - time.monotonic()
            if not self._repeatable or left <= 0 or (not isinstance(error, CallTimedOut) and "lost" not in error.message):
                raise
            reply = self._transport.call(self._service, self._name, arguments, timeout_seconds=left, headers=headers)
        if reply.error is None:
            return bytes(reply.result)
        broadsheet_error = reply.error.get("broadsheet")
        if broadsheet_error is not None:
            raise errors.from_wire(broadsheet_error)
        raise BroadsheetError(f"{self.method.service}.{self.method.method} failed")

    def cast(self, named: dict[str, Any], headers: dict[str, str]) -> None:
        """Ask for an answer that goes into the cache, and wait for nothing."""
        self._transport.cast(self._service, self._name, self.method.without_defaults(named), {**_trace_headers(), **headers})


class Remote:
    """Calls of one contract over one transport."""

    def __init__(self, contract: type, transport: AmqpTransport, timeout_seconds: float, cache: Cache | None):
        for name in methods(contract):
            call = Call(contract, name, transport, timeout_seconds)
            policy = policy_of(contract, name)
            setattr(self, name, call if policy is None else CachedCall(call, policy, cache))


def remote(
    contract: type[Contract], transport: AmqpTransport, *, timeout_seconds: float = 10.0, cache: Cache | None = None
) -> Contract:
    """The service behind ``contract``, typed as the contract itself."""
    return cast(Contract, Remote(contract, transport, timeout_seconds, cache))


def _trace_headers() -> dict[str, str]:
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    return {"nameko.request_id": str(request_id)} if request_id else {}
