"""The AMQP side of a caller: many concurrent calls over two connections, with a deadline on each.

One connection publishes, one consumes this process's reply queue; answers find their caller by correlation id. Works with threads and,
where a process patched the standard library (gevent in the edge, eventlet in services), with greenlets. A lost connection fails the
calls under way at once with :class:`Unavailable`, and is rebuilt with backoff and jitter. Messages are transient and unconfirmed: a
call is repeated by whoever wants its answer, so a confirm would only cost time.
"""

import contextlib
import random
import threading
import time
import uuid
from typing import Any

import kombu
import msgspec

from broadsheet.broker import BROKER_ERRORS
from broadsheet.errors import CallTimedOut, Unavailable
from broadsheet.logs import logger
from broadsheet.rpc import wire
from broadsheet.rpc.wire import Reply, Request

EXCHANGE = "broadsheet-rpc"
_CONNECT_TIMEOUT = 5.0
_HEARTBEAT = 20
#: How long a call that nobody waits for may lie in its queue.
_CAST_SECONDS = 10.0
#: Most answers come sooner; only then is it worth a look whether nobody listens at all, and again after twice the time, and so on.
_SOON = 0.2
#: Time enough for the broker to give a call back. What was read that long after a call need not be read again for it.
_GIVEN_BACK = 0.1


class _Pending:
    """One call that waits for its answer."""

    __slots__ = ("_done", "answer", "failure")

    def __init__(self) -> None:
        self._done = threading.Event()
        self.answer: Reply | None = None
        self.failure: Exception | None = None

    def resolve(self, answer: Reply | None = None, failure: Exception | None = None) -> None:
        self.answer, self.failure = answer, failure
        self._done.set()

    def wait(self, timeout_seconds: float) -> bool:
        return self._done.wait(timeout_seconds)


class AmqpTransport:
    """Calls over AMQP. Start it once per process, after any forking and patching; :meth:`close` ends it."""

    def __init__(self, amqp_url: str, *, name: str, in_flight: int = 256):
        self._url = amqp_url
        self._reply_to = str(uuid.uuid4())
        self._queue_name = f"rpc.reply-{name}-{self._reply_to}"
        self._pending: dict[str, _Pending] = {}
        self._slots = threading.BoundedSemaphore(in_flight)
        self._publish_lock = threading.Lock()
        self._publishing: Any = None  # a channel of a connection of its own
        self._returned_read = 0.0
        self._listening = threading.Event()
        self._closed = threading.Event()
        self._log = logger(__name__)
        self._thread = threading.Thread(target=self._listen_forever, name="rpc-replies", daemon=True)
        self._thread.start()

    def call(
        self, service: str, method: str, arguments: dict[str, Any], *, timeout_seconds: float, headers: dict[str, str]
    ) -> Reply:
        """The reply. A call that nobody took in ``timeout_seconds`` is dropped by the broker, not carried out for nobody.

        Raises :class:`CallTimedOut` when no answer came in time, :class:`Unavailable` when the broker or the service is not there or
        too many calls are under way.
        """
        if not self._slots.acquire(blocking=False):
            raise Unavailable("Too many calls are under way", retry_after_seconds=1.0)
        deadline = time.monotonic() + timeout_seconds
        correlation_id = str(uuid.uuid4())
        pending = self._pending[correlation_id] = _Pending()
        try:
            if not self._listening.wait(timeout_seconds):
                raise Unavailable("The message broker does not answer", retry_after_seconds=2.0)
            self._publish(f"{service}.{method}", arguments, correlation_id, headers, timeout_seconds)
            if not self._answered(pending, deadline):
                raise CallTimedOut(f"{service}.{method} did not answer within {timeout_seconds:g} s", retry_after_seconds=2.0)
            if pending.failure is not None:
                raise pending.failure
            assert pending.answer is not None
            return pending.answer
        finally:
            self._pending.pop(correlation_id, None)
            self._slots.release()

    def cast(self, service: str, method: str, arguments: dict[str, Any], headers: dict[str, str]) -> bool:
        """Ask for something and wait for nothing: an answer is dropped. Whether the broker took it."""
        try:
            self._publish(f"{service}.{method}", arguments, str(uuid.uuid4()), headers, _CAST_SECONDS)
        except Unavailable:
            return False
        return True

    def close(self) -> None:
        """Stop; calls under way fail."""
        self._closed.set()
        self._thread.join(timeout=3)
        self._fail_all("This process is stopping")
        with self._publish_lock:
            self._drop_publishing()

    def _answered(self, pending: _Pending, deadline: float) -> bool:
        """Wait for an answer until ``deadline``; when it does not come soon, look whether the broker gave the call back."""
        published, pause = time.monotonic(), _SOON
        while (left := deadline - time.monotonic()) > 0:
            if pending.wait(min(pause, left)):
                return True
            self._read_returned(published + _GIVEN_BACK)
            pause *= 2
        return pending.wait(0)

    def _read_returned(self, unless_since: float) -> None:
        """What could not be delivered comes back on the publishing connection, which nobody reads otherwise.

        Reading it holds up who wants to publish, so that many who wait read it together: ``unless_since`` is when it need not be read.
        """
        with self._publish_lock:
            if self._publishing is None or self._returned_read >= unless_since:
                return
            try:
                with contextlib.suppress(TimeoutError):
                    while True:
                        self._publishing.connection.client.drain_events(timeout=0.001)
            except BROKER_ERRORS:
                self._drop_publishing()
            self._returned_read = time.monotonic()

    def _publish(
        self, routing_key: str, arguments: dict[str, Any], correlation_id: str, headers: dict[str, str], seconds: float
    ) -> None:
        body = wire.encode(Request(arguments))
        properties = {
            "reply_to": self._reply_to,
            "correlation_id": correlation_id,
            "delivery_mode": 1,
            "expiration": str(max(1, round(seconds * 1000))),
        }
        with self._publish_lock:
            for attempt in (1, 2):  # a connection that died while idle shows itself only when used
                try:
                    if self._publishing is None:
                        self._publishing = self._connect()
                    message = self._publishing.prepare_message(
                        body, 0, wire.CONTENT_TYPE, wire.CONTENT_ENCODING, headers=headers, properties=dict(properties)
                    )
                    self._publishing.basic_publish(message, exchange=EXCHANGE, routing_key=routing_key, mandatory=True)
                    return
                except BROKER_ERRORS as error:
                    self._drop_publishing()
                    if attempt == 2:
                        raise Unavailable("The message broker does not answer", retry_after_seconds=2.0) from error

    def _connect(self) -> Any:
        connection = kombu.Connection(self._url, connect_timeout=_CONNECT_TIMEOUT)
        connection.ensure_connection(max_retries=1, timeout=_CONNECT_TIMEOUT)
        channel = connection.channel()
        channel.events["basic_return"].add(self._returned)
        return channel

    def _drop_publishing(self) -> None:
        if self._publishing is not None:
            with contextlib.suppress(*BROKER_ERRORS):
                self._publishing.connection.client.close()
            self._publishing = None

    def _returned(self, exception: Any, exchange: str, routing_key: str, message: Any) -> None:
        """Nobody listens there: tell the caller now rather than at its deadline."""
        pending = self._pending.get(message.properties.get("correlation_id", ""))
        if pending is not None:
            pending.resolve(failure=Unavailable(f"{routing_key.split('.')[0]} is not running", retry_after_seconds=2.0))

    def _listen_forever(self) -> None:
        failures = 0
        while not self._closed.is_set():
            try:
                self._listen()
                failures = 0
            except BROKER_ERRORS as error:
                failures = 1 if self._listening.is_set() else failures + 1
                self._listening.clear()
                self._fail_all("The connection to the message broker was lost")
                with self._publish_lock:
                    self._drop_publishing()  # it is dead too, and would swallow the next call without an error
                if not self._closed.is_set():
                    self._log.warning("rpc.reconnecting", error=str(error) or type(error).__name__, failures=failures)
                    self._closed.wait(min(5.0, 0.1 * 2**failures) * random.uniform(0.5, 1.0))

    def _listen(self) -> None:
        with kombu.Connection(self._url, connect_timeout=_CONNECT_TIMEOUT, heartbeat=_HEARTBEAT) as connection:
            connection.ensure_connection(max_retries=1, timeout=_CONNECT_TIMEOUT)
            channel = connection.channel()
            exchange = kombu.Exchange(EXCHANGE, type="topic", durable=True)
            queue = kombu.Queue(self._queue_name, exchange, self._reply_to, durable=False, auto_delete=True, expires=300)
            queue(channel).declare()
            channel.basic_consume(self._queue_name, no_ack=True, callback=self._received, consumer_tag="replies")
            self._listening.set()
            checked = time.monotonic()
            while not self._closed.is_set():
                with contextlib.suppress(TimeoutError):
                    connection.drain_events(timeout=1.0)
                if time.monotonic() - checked >= 1.0:
                    connection.heartbeat_check()
                    checked = time.monotonic()
            self._listening.clear()

    def _received(self, message: Any) -> None:
        pending = self._pending.get(message.properties.get("correlation_id"))
        if pending is None:
            return
        try:
            pending.resolve(answer=wire.decode_reply(message.body))
        except msgspec.DecodeError:
            pending.resolve(failure=Unavailable("The answer of a service could not be read", retry_after_seconds=2.0))

    def _fail_all(self, reason: str) -> None:
        for pending in list(self._pending.values()):
            pending.resolve(failure=Unavailable(reason, retry_after_seconds=2.0))
