"""Cache keys and answers; Redis itself is in the integration tests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.caching import answer, answer_key

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(alphabet=st.characters(exclude_categories=("Cs",))),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(_JSON, max_size=4), st.lists(_JSON, max_size=4))
def test_two_keys_are_equal_exactly_when_their_parts_are(one: list[object], other: list[object]) -> None:
    assert (answer_key(*one) == answer_key(*other)) == (_typed(one) == _typed(other))


def test_the_order_of_names_does_not_matter() -> None:
    assert answer_key({"a": 1, "b": 2}) == answer_key({"b": 2, "a": 1})


@pytest.mark.parametrize("other", [("ab", "c"), ("a", "bc", ""), ("abc",), (["a", "bc"],)])
def test_parts_do_not_run_into_each_other(other: tuple[object, ...]) -> None:
    assert answer_key("a", "bc") != answer_key(*other)


def test_two_organizations_never_share_a_key() -> None:
    assert answer_key("data", 1, "organization-1", "select 1") != answer_key("data", 1, "organization-2", "select 1")


def test_equal_bytes_have_equal_entity_tags_and_others_do_not() -> None:
    assert answer(b"rows", as_of=1.0).etag == answer(b"rows", as_of=2.0).etag
    assert answer(b"rows", as_of=1.0).etag != answer(b"other rows", as_of=1.0).etag


def _typed(value: object) -> object:
    """Tells ``True`` from ``1``, as JSON does."""
    if isinstance(value, list):
        return [_typed(item) for item in value]
    if isinstance(value, dict):
        return {name: _typed(item) for name, item in value.items()}
    return (type(value), value)
