"""Who asks, and what that allows."""

from typing import Any

import pytest

from broadsheet.contracts.base import Principal, Role
from broadsheet.errors import Forbidden


def _principal(**changes: Any) -> Principal:
    values: dict[str, Any] = {"organization_id": "o", "user_id": "u", "role": Role.VIEWER} | changes
    return Principal(**values)


@pytest.mark.parametrize("own", list(Role))
@pytest.mark.parametrize("needed", list(Role))
def test_a_role_may_do_what_the_ones_before_it_may(own: Role, needed: Role) -> None:
    order = ["viewer", "author", "admin"]
    assert own.includes(needed) is (order.index(own) >= order.index(needed))


def test_a_missing_role_is_told_with_both_names() -> None:
    with pytest.raises(Forbidden, match=r"role author; yours is viewer"):
        _principal().require(Role.AUTHOR)


def test_equal_scopes_are_of_one_organization_with_equal_attributes() -> None:
    assert _principal(attributes={"a": 1, "b": 2}).scope() == _principal(user_id="other", attributes={"b": 2, "a": 1}).scope()
    assert _principal(attributes={"a": 1}).scope() != _principal(attributes={"a": 2}).scope()
    assert _principal().scope() != _principal(organization_id="other").scope()
