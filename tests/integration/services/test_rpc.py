"""Calls between processes: typed, bounded in time, and refused as what they are."""

from typing import Any

import pytest

from broadsheet.contracts.accounts import Accounts, NewUser
from broadsheet.contracts.base import Principal, Role
from broadsheet.contracts.catalog import Catalog
from broadsheet.errors import Forbidden, InvalidReport, NotFound, Unauthenticated, Unavailable
from broadsheet.ids import new_id
from broadsheet.rpc.client import remote
from broadsheet.rpc.transport import AmqpTransport
from tests.support.system import Member, System
from tests.support.waiting import until


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


def test_a_service_that_comes_back_is_called_again_by_itself(system: System, admin: Member, transport: AmqpTransport) -> None:
    accounts = remote(Accounts, transport, timeout_seconds=1)
    process = system.processes["accounts"]
    process.stop()
    with pytest.raises(Unavailable):
        accounts.list_tokens(admin.principal)
    process.start()

    def answers() -> bool:
        try:
            return len(accounts.list_tokens(admin.principal).items) == 1
        except Unavailable:
            return False

    until(answers, what="accounts answering again")
