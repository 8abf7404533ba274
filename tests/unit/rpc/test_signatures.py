"""What a contract's method takes and gives, checked at both ends."""

import datetime as dt
from typing import Any, Protocol

import msgspec
import pytest

from broadsheet.contracts.accounts import Accounts
from broadsheet.contracts.base import Principal, Record, Role
from broadsheet.contracts.catalog import Catalog
from broadsheet.contracts.notifications import Notifications
from broadsheet.contracts.queries import Queries
from broadsheet.contracts.runs import Format, RunOrder, Runs
from broadsheet.errors import InvalidInput
from broadsheet.rpc.client import _REPEATABLE
from broadsheet.rpc.signatures import Signature, methods, service_name, signature

CONTRACTS = (Accounts, Catalog, Notifications, Queries, Runs)


class Order(Record, frozen=True, kw_only=True):
    name: str
    at: dt.datetime
    roles: list[Role] = []


class Shop(Protocol):
    def order(self, principal: Principal, order: Order, count: int = 1, note: str | None = None) -> list[Order]:
        """Something to call."""

    def _own(self) -> None:
        """Not for callers."""


def _principal(**changes: Any) -> Principal:
    values: dict[str, Any] = {"organization_id": "o", "user_id": "u", "role": Role.AUTHOR} | changes
    return Principal(**values)


def _order(**changes: Any) -> Order:
    values: dict[str, Any] = {"name": "a", "at": dt.datetime(2026, 3, 1, tzinfo=dt.UTC), "roles": [Role.ADMIN]} | changes
    return Order(**values)


def _packed(method: Signature, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return msgspec.to_builtins(method.without_defaults(method.named(args, kwargs)))


def _over_the_wire(data: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(data))


def test_arguments_arrive_as_they_were_given() -> None:
    method = signature(Shop, "order")
    packed = _packed(method, (_principal(), _order()), {"note": "soon"})
    assert method.unpack(_over_the_wire(packed)) == {
        "principal": _principal(),
        "order": _order(),
        "count": 1,
        "note": "soon",
    }


def test_what_is_not_given_has_its_default_at_the_other_end() -> None:
    method = signature(Shop, "order")
    packed = _packed(method, (_principal(), _order()), {})
    assert "count" not in packed
    assert method.unpack(packed)["count"] == 1


def test_a_result_arrives_in_its_type() -> None:
    method = signature(Shop, "order")
    assert method.decode_result(msgspec.json.encode([_order()])) == [_order()]


@pytest.mark.parametrize(
    "changes",
    [{"count": "many"}, {"order": {"name": "a"}}, {"order": None}, {"principal": {"organization_id": "o"}}, {"surprise": 1}],
    ids=["wrong type", "missing field", "null", "half a record", "unknown argument"],
)
def test_arguments_that_do_not_fit_are_refused_at_the_border(changes: dict[str, Any]) -> None:
    method = signature(Shop, "order")
    packed = _over_the_wire(_packed(method, (_principal(), _order()), {}))
    with pytest.raises(InvalidInput, match=r"^shop\.order: "):
        method.unpack(packed | changes)


def test_a_missing_argument_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match="order"):
        signature(Shop, "order").unpack({"principal": msgspec.to_builtins(_principal())})


def test_a_name_that_starts_with_an_underscore_cannot_be_called() -> None:
    assert methods(Shop) == ["order"]


def test_a_service_has_the_name_of_its_contract() -> None:
    assert [service_name(contract) for contract in CONTRACTS] == ["accounts", "catalog", "notifications", "queries", "runs"]


@pytest.mark.parametrize(("contract", "name"), [(c, name) for c in CONTRACTS for name in methods(c)])
def test_every_method_of_every_contract_has_types(contract: type, name: str) -> None:
    built = Signature(contract, name)
    assert built.service == service_name(contract)
    msgspec.json.schema(built.arguments)
    msgspec.json.schema(built.returns)


@pytest.mark.parametrize(
    "name", ["request", "cancel", "retry", "claim", "complete", "fail", "release", "sign_in", "create_user", "mark_read"]
)
def test_what_changes_something_is_not_sent_twice(name: str) -> None:
    assert not name.startswith(_REPEATABLE)


def test_an_order_of_a_run_keeps_its_formats_over_the_wire() -> None:
    method = signature(Runs, "request")
    order = RunOrder(report_id="r", formats=[Format.CSV, Format.PDF], params={"since": "2013-01-01", "list": [1, 2]})
    assert method.unpack(_over_the_wire(_packed(method, (_principal(), order), {})))["order"] == order
