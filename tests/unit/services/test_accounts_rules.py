"""What makes an account valid."""

from typing import Any

import pytest

from broadsheet.contracts.accounts import NewUser
from broadsheet.errors import InvalidInput
from services.accounts.rules import check_change, check_user, normalized_email, time_zone_problems


def _user(**changes: Any) -> NewUser:
    values: dict[str, Any] = {"email": "ada@example.com", "name": "Ada", "password": "long enough to be one"} | changes
    return NewUser(**values)


def _pointers(user: NewUser) -> list[str]:
    with pytest.raises(InvalidInput) as refused:
        check_user(user)
    return [problem.pointer for problem in refused.value.errors]


def test_a_right_user_is_fine() -> None:
    check_user(_user())


def test_every_mistake_is_told_at_once() -> None:
    user = _user(email="nobody", name=" ", password="short", time_zone="Mars/Olympus")
    assert _pointers(user) == ["/email", "/name", "/password", "/time_zone"]


@pytest.mark.parametrize("email", ["", "ada", "@example.com", "ada@", "a b@example.com", "ada@@example.com", "a" * 65 + "@x.org"])
def test_what_is_no_address_is_refused(email: str) -> None:
    assert _pointers(_user(email=email)) == ["/email"]


@pytest.mark.parametrize("password", ["", "nine char", "x" * 201])
def test_a_password_that_is_too_short_or_too_long_is_refused(password: str) -> None:
    assert _pointers(_user(password=password)) == ["/password"]


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../../etc/passwd", "America", "/etc/localtime", "Europe/Berlin\0"])
def test_what_is_no_time_zone_is_refused(zone: str) -> None:
    assert [problem.pointer for problem in time_zone_problems(zone)] == ["/time_zone"]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"])
def test_iana_time_zones_are_fine(zone: str) -> None:
    assert time_zone_problems(zone) == []


def test_addresses_are_compared_without_case_and_space() -> None:
    assert normalized_email("  Ada@Example.COM ") == "ada@example.com"


def test_a_change_is_held_to_the_same_rules() -> None:
    with pytest.raises(InvalidInput) as refused:
        check_change({"name": "  ", "time_zone": "Mars/Olympus"}, "short")
    assert [problem.pointer for problem in refused.value.errors] == ["/name", "/time_zone", "/password"]


def test_a_change_of_nothing_is_fine() -> None:
    check_change({}, None)
