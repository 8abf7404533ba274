"""Calls between processes: typed, bounded in time, and refused as what they are."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import kombu
import msgspec
import pytest

from broadsheet.contracts.accounts import Accounts, NewUser
from broadsheet.contracts.base import Principal, Role
from broadsheet.contracts.catalog import Catalog
from broadsheet.errors import CallTimedOut, Forbidden, InvalidReport, NotFound, Unauthenticated, Unavailable
from broadsheet.ids import new_id
from broadsheet.rpc import wire
from broadsheet.rpc.client import remote
from broadsheet.rpc.transport import EXCHANGE, AmqpTransport
from broadsheet.settings import load
from tests.support.system import Member, System
from tests.support.waiting import until
from web.edge.app import create_app
from web.edge.backends import connect

_ARGUMENTS = {"a": [1, None]}


@pytest.fixture
def transport(system: System) -> Any:
    transport = AmqpTransport(system.stack.endpoints.amqp_url, name="test-rpc", in_flight=4)
    yield transport
    transport.close()


def test_an_error_of_a_service_arrives_as_itself(system: System, admin: Member) -> None:
    catalog = system.remote(Catalog)
    with pytest.raises(NotFound, match="no such report"):
        catalog.get_report(admin.principal, new_id())
    with pytest.raises(Unauthenticated):
        system.remote(Accounts).authenticate("nothing")
    with pytest.raises(InvalidReport) as refused:
        catalog.create_report(admin.principal, "---\ntitel: x\n---\n")
    assert refused.value.errors[0].line is not None


def test_a_service_checks_the_role_itself(system: System, admin: Member) -> None:
    viewer = Principal(organization_id=admin.principal.organization_id, user_id=new_id(), role=Role.VIEWER)
    with pytest.raises(Forbidden):
        system.remote(Accounts).create_user(viewer, NewUser(email="a@example.com", name="A", password="x" * 12))


@pytest.mark.parametrize(
    "arguments", [{}, {"token": 7}, {"token": "x", "surprise": 1}, {"token": None}], ids=["none", "type", "unknown", "null"]
)
def test_arguments_that_do_not_fit_are_refused_and_the_service_goes_on(
    system: System, transport: AmqpTransport, arguments: dict[str, Any]
) -> None:
    reply = transport.call("accounts", "authenticate", arguments, timeout_seconds=10, headers={})
    assert reply.error is not None
    assert reply.error["broadsheet"]["code"] == "invalid_input"
    with pytest.raises(Unauthenticated):
        remote(Accounts, transport).authenticate("nothing")


def test_a_service_that_is_not_there_is_told_at_once_not_at_the_deadline(transport: AmqpTransport) -> None:
    with pytest.raises(Unavailable, match="nobody is not running"):
        transport.call("nobody", "anything", {}, timeout_seconds=60, headers={})


def test_a_broker_that_is_not_there_is_unavailable() -> None:
    transport = AmqpTransport("amqp://guest:guest@127.0.0.1:1/", name="test-nowhere")
    try:
        with pytest.raises(Unavailable):
            transport.call("accounts", "authenticate", {"token": "x"}, timeout_seconds=0.5, headers={})
    finally:
        transport.close()


def test_a_method_that_is_not_there_is_answered_with_an_error(transport: AmqpTransport) -> None:
    reply = transport.call("accounts", "drop_everything", {}, timeout_seconds=10, headers={})
    assert reply.error is not None
    assert (bytes(reply.result), reply.error["broadsheet"]["code"]) == (b"null", "internal")


def test_a_stopped_service_costs_its_callers_no_time_and_is_called_again_once_it_is_back(
    system: System, admin: Member, transport: AmqpTransport
) -> None:
    accounts = remote(Accounts, transport)
    process = system.processes["accounts"]
    process.stop()
    began = time.monotonic()
    with pytest.raises(Unavailable, match="accounts is not running"):
        accounts.list_tokens(admin.principal)
    assert time.monotonic() - began < 1
    process.start()
    until(lambda: _answers(accounts, admin), what="accounts answering again")


def test_one_of_two_processes_of_a_service_may_stop(system: System, admin: Member, transport: AmqpTransport) -> None:
    other = system.another("accounts")
    other.start()
    try:
        other.wait_ready()
        until(lambda: _consumers(system, "rpc-accounts-calls") == 2, what="a second consumer")
    finally:
        other.stop()
    assert len(remote(Accounts, transport).list_tokens(admin.principal).items) == 1


def test_a_call_that_a_killed_service_has_not_begun_is_taken_by_its_successor(
    system: System, admin: Member, transport: AmqpTransport
) -> None:
    process = system.processes["accounts"]
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    until(lambda: process.pid is None, what="the end of accounts")
    answers: list[Any] = []
    caller = threading.Thread(
        target=lambda: answers.append(remote(Accounts, transport, timeout_seconds=30).list_tokens(admin.principal))
    )
    caller.start()
    process.start()
    caller.join(timeout=40)
    assert len(answers[0].items) == 1


def test_a_call_is_not_carried_out_once_its_caller_has_given_up(system: System, transport: AmqpTransport) -> None:
    with _silent_service(system) as silent:
        with pytest.raises(CallTimedOut):
            transport.call(silent.name, "anything", {}, timeout_seconds=0.3, headers={})
        until(lambda: silent.get() is None, within_seconds=2, what="the call being dropped")


def test_what_nobody_waits_for_is_asked_as_a_call_is_with_headers_of_its_own(system: System, transport: AmqpTransport) -> None:
    with _silent_service(system) as silent:
        caller = threading.Thread(target=_wait_in_vain, args=(transport, silent.name))
        caller.start()
        call = until(silent.get, what="the call")
        assert transport.cast(silent.name, "anything", _ARGUMENTS, {"nameko.refresh": "1.5"})
        message = until(silent.get, what="the message")
        caller.join()
    assert msgspec.json.decode(message.body) == {"args": [], "kwargs": _ARGUMENTS}
    assert (message.body, message.content_type, message.delivery_info["routing_key"]) == (
        call.body,
        wire.CONTENT_TYPE,
        call.delivery_info["routing_key"],
    )
    assert (call.headers, message.headers) == ({}, {"nameko.refresh": "1.5"})


def test_what_nobody_waits_for_raises_nothing_when_the_broker_is_away() -> None:
    transport = AmqpTransport("amqp://guest:guest@127.0.0.1:1/", name="test-nowhere")
    try:
        assert not transport.cast("accounts", "authenticate", {"token": "x"}, {})
    finally:
        transport.close()


def test_a_caller_that_speaks_plain_json_is_answered_in_kind(system: System) -> None:
    with _connection(system) as connection, _silent_service(system) as answers:
        connection.Producer().publish(
            {"args": [], "kwargs": {"token": "nothing"}},
            serializer="json",
            exchange=EXCHANGE,
            routing_key="accounts.authenticate",
            reply_to=f"{answers.name}.reply",
            correlation_id="7",
        )
        reply = until(answers.get, what="an answer")
    assert (reply.content_type, reply.properties["correlation_id"]) == ("application/json", "7")
    assert reply.decode()["error"]["broadsheet"]["code"] == "unauthenticated"


def test_more_calls_than_may_be_under_way_are_refused_at_once(system: System, transport: AmqpTransport) -> None:
    with _silent_service(system) as silent:
        waiting = [threading.Thread(target=_wait_in_vain, args=(transport, silent.name)) for _ in range(4)]
        for thread in waiting:
            thread.start()
        for _ in waiting:
            until(silent.get, what="a call under way")
        began = time.monotonic()
        with pytest.raises(Unavailable, match="Too many calls") as refused:
            transport.call(silent.name, "anything", {}, timeout_seconds=5, headers={})
        assert (refused.value.retry_after_seconds, time.monotonic() - began < 0.5) == (1.0, True)
        for thread in waiting:
            thread.join()
        with pytest.raises(CallTimedOut):  # there is room again
            transport.call(silent.name, "anything", {}, timeout_seconds=0.1, headers={})


def test_the_edge_says_503_and_when_to_come_back_when_too_many_calls_are_under_way(system: System) -> None:
    environment = {**system.environment(None), "BROADSHEET_RPC_IN_FLIGHT": "0"}
    backends = connect(load(environment))
    try:
        client = create_app(backends).test_client()
        answer = client.get("/api/v1/me", headers={"Authorization": f"Bearer bst_{new_id()}"})
    finally:
        backends.transport.close()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert msgspec.json.decode(answer.data)["code"] == "unavailable"


def _answers(accounts: Accounts, admin: Member) -> bool:
    try:
        return len(accounts.list_tokens(admin.principal).items) == 1
    except Unavailable:
        return False


def _wait_in_vain(transport: AmqpTransport, service: str) -> None:
    with contextlib.suppress(CallTimedOut):
        transport.call(service, "anything", _ARGUMENTS, timeout_seconds=2, headers={})


class _Silent:
    """A service that takes no call: its queue, to look into."""

    def __init__(self, name: str, queue: Any):
        self.name = name
        self._queue = queue

    def get(self) -> Any:
        """The next call, or ``None``."""
        return self._queue.get(no_ack=True, accept=[wire.SERIALIZER, "json"])


@contextlib.contextmanager
def _silent_service(system: System) -> Iterator[_Silent]:
    name = f"silent-{new_id()}"
    with _connection(system) as connection:
        exchange = kombu.Exchange(EXCHANGE, type="topic", durable=True)
        queue = kombu.Queue(name, exchange, f"{name}.*", durable=False, exclusive=True)(connection.default_channel)
        queue.declare()
        yield _Silent(name, queue)


def _consumers(system: System, queue: str) -> int:
    with _connection(system) as connection:
        found: int = kombu.Queue(queue)(connection.default_channel).queue_declare(passive=True).consumer_count
        return found


def _connection(system: System) -> Any:
    return kombu.Connection(system.stack.endpoints.amqp_url)
