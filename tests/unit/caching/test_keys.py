"""Who shares an answer: decided by the key alone, so the key has everything the answer may depend on, and nothing else."""

import datetime as dt
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from broadsheet.caching import policy as policies
from broadsheet.caching.policy import By, Policy, digest, policy_of, question
from broadsheet.contracts.accounts import Accounts
from broadsheet.contracts.base import Principal, Role
from broadsheet.contracts.catalog import Catalog
from broadsheet.contracts.notifications import Notifications
from broadsheet.contracts.queries import Queries, ReadOrder
from broadsheet.contracts.runs import Runs
from broadsheet.rpc.signatures import methods, signature

CONTRACTS = (Accounts, Catalog, Notifications, Queries, Runs)
CACHED = [(contract, name, policy) for contract in CONTRACTS for name in methods(contract) if (policy := policy_of(contract, name))]
OF_ONE = [(contract, name, policy) for contract, name, policy in CACHED if policy.by is not By.NOBODY]
_names = [f"{contract.__name__}.{name}" for contract, name, _ in CACHED]

_text = st.text(max_size=6, alphabet=st.characters(exclude_categories=("Cs",)))
_values: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from(["", "1", "true", "null", "a", "b"]), st.lists(_text, max_size=2)
)
_attributes = st.dictionaries(st.sampled_from(["carrier", "region", "a"]), _values, max_size=2)
principals = st.builds(
    Principal,
    organization_id=st.sampled_from(["o1", "o2", "o1u1"]),
    user_id=st.sampled_from(["u1", "u2", ""]),
    role=st.sampled_from(Role),
    time_zone=st.sampled_from(["UTC", "Pacific/Auckland"]),
    attributes=_attributes,
    organization_attributes=_attributes,
)

#: An argument of each name, and another.
_ARGUMENTS: dict[str, tuple[Any, Any]] = {
    "token": ("one", "other"),
    "user_id": ("one", "other"),
    "report_id": ("one", "other"),
    "source_id": ("one", "other"),
    "name": ("one", "other"),
    "query": ("one", "other"),
    "version": (None, 1),
    "limit": (50, 51),
    "cursor": (None, "next"),
    "order": (ReadOrder(report_id="one"), ReadOrder(report_id="one", params={"a": "1"})),
}


def _arguments(contract: type, name: str, changed: str | None = None) -> dict[str, Any]:
    names = [parameter.name for parameter in signature(contract, name).parameters if parameter.name != "principal"]
    return {argument: _ARGUMENTS[argument][argument == changed] for argument in names}


def _key(policy: Policy, method: str, principal: Principal | None, arguments: dict[str, Any]) -> str:
    who = {} if principal is None else {"principal": principal}
    return question(policy, method, {**who, **arguments}).key


def _decisive(by: By, principal: Principal) -> Any:
    """What of a principal an answer may depend on, said once more and differently."""
    asked = msgspec.json.decode(msgspec.json.encode(principal))
    parts = {
        By.ORGANIZATION: ["organization_id"],
        By.ROLE: ["organization_id", "role"],
        By.PERSON: ["organization_id", "role", "user_id"],
        By.SCOPE: ["organization_id", "role", "time_zone", "attributes", "organization_attributes"],
    }[by]
    return repr([_sorted(asked[part]) for part in parts])  # repr tells True from 1


def _sorted(value: Any) -> Any:
    return sorted(value.items()) if isinstance(value, dict) else value


@pytest.mark.parametrize(("contract", "name", "policy"), OF_ONE, ids=lambda value: value if isinstance(value, str) else "")
@settings(max_examples=40)
@given(one=principals, other=principals)
def test_two_principals_share_a_key_exactly_when_what_their_answers_depend_on_is_equal(
    contract: type, name: str, policy: Policy, one: Principal, other: Principal
) -> None:
    arguments = _arguments(contract, name)
    shared = _key(policy, name, one, arguments) == _key(policy, name, other, arguments)
    assert shared == (_decisive(policy.by, one) == _decisive(policy.by, other))


@pytest.mark.parametrize("by", [by for by in By if by is not By.NOBODY])
@settings(max_examples=40)
@given(one=principals, other=principals)
def test_two_organizations_never_share_a_key(by: By, one: Principal, other: Principal) -> None:
    assume(one.organization_id != other.organization_id)
    policy = Policy(ttl_seconds=1.0, by=by)
    assert _key(policy, "m", one, {"id": "1"}) != _key(policy, "m", other, {"id": "1"})


@settings(max_examples=40)
@given(one=principals, other=principals)
def test_two_scopes_never_share_a_result(one: Principal, other: Principal) -> None:
    assume(repr(one.scope()) != repr(other.scope()))
    policy = policy_of(Queries, "data")
    assert policy is not None
    assert _key(policy, "data", one, _arguments(Queries, "data")) != _key(policy, "data", other, _arguments(Queries, "data"))


@pytest.mark.parametrize(("contract", "name", "policy"), CACHED, ids=_names)
def test_every_argument_decides(contract: type, name: str, policy: Policy) -> None:
    principal = None if policy.by is By.NOBODY else Principal(organization_id="o", user_id="u", role=Role.ADMIN)
    keys = {_key(policy, name, principal, _arguments(contract, name, changed)) for changed in (None, *_arguments(contract, name))}
    assert len(keys) == 1 + len(_arguments(contract, name))


@pytest.mark.parametrize(("contract", "name", "policy"), CACHED, ids=_names)
def test_caller_and_service_ask_the_same_question_however_it_was_spelled(contract: type, name: str, policy: Policy) -> None:
    method = signature(contract, name)
    principal = Principal(organization_id="o", user_id="u", role=Role.ADMIN, attributes={"b": [1], "a": None})
    arguments = {"principal": principal, **_arguments(contract, name)}
    named = {parameter.name: arguments[parameter.name] for parameter in method.parameters}
    defaults = {p.name for p in method.parameters if p.default is not p.empty and p.default == named[p.name]}
    spellings = [
        method.named((), named),
        method.named(tuple(named.values()), {}),
        method.named((), {argument: value for argument, value in reversed(named.items()) if argument not in defaults}),
        method.unpack(msgspec.to_builtins(named)),
        method.unpack(msgspec.json.decode(msgspec.json.encode(named))),
    ]
    assert len({repr(question(policy, name, spelling)) for spelling in spellings}) == 1


@pytest.mark.parametrize(("contract", "name", "policy"), CACHED, ids=_names)
def test_another_method_is_another_question(contract: type, name: str, policy: Policy) -> None:
    principal = None if policy.by is By.NOBODY else Principal(organization_id="o", user_id="u", role=Role.ADMIN)
    assert _key(policy, "a.b", principal, _arguments(contract, name)) != _key(policy, "a.c", principal, _arguments(contract, name))


def test_how_old_an_answer_may_be_is_no_part_of_the_question() -> None:
    policy = policy_of(Queries, "view")
    assert policy is not None
    principal = Principal(organization_id="o", user_id="u", role=Role.ADMIN)
    patient, hasty = (
        question(policy, "queries.view", {"principal": principal, "order": ReadOrder(report_id="r", max_age_seconds=age)})
        for age in (None, 0.0)
    )
    assert (patient.key, patient.max_age_seconds, hasty.max_age_seconds) == (hasty.key, None, 0.0)


def test_what_today_means_is_part_of_the_key_of_a_scope(monkeypatch: pytest.MonkeyPatch) -> None:
    principal = Principal(organization_id="o", user_id="u", role=Role.VIEWER)
    policy = Policy(ttl_seconds=1.0, by=By.SCOPE)
    keys = set()
    for day in (1, 2):
        monkeypatch.setattr(policies, "dt", _Calendar(day))
        keys.add(_key(policy, "m", principal, {}))
    assert len(keys) == 2


class _Calendar:
    """A module of dates in which it is always one day."""

    def __init__(self, day: int):
        self.datetime = self
        self._day = day

    def now(self, zone: dt.tzinfo) -> dt.datetime:
        return dt.datetime(2026, 1, self._day, tzinfo=zone)


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(_json, max_size=4), st.lists(_json, max_size=4))
def test_two_digests_are_equal_exactly_when_their_parts_are(one: list[Any], other: list[Any]) -> None:
    assert (digest(*one) == digest(*other)) == (_typed(one) == _typed(other))


def _typed(value: Any) -> Any:
    """Tells ``True`` from ``1``, as JSON does."""
    if isinstance(value, list):
        return [_typed(item) for item in value]
    if isinstance(value, dict):
        return {name: _typed(item) for name, item in value.items()}
    return (type(value), value)


@pytest.mark.parametrize("other", [("ab", "c"), ("a", "bc", ""), ("abc",), (["a", "bc"],)])
def test_parts_do_not_run_into_each_other(other: tuple[Any, ...]) -> None:
    assert digest("a", "bc") != digest(*other)
