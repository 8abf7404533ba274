"""Keyset pagination: cursors that come back as they were, and nothing else."""

import base64
import datetime as dt
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.errors import InvalidInput
from broadsheet.ids import new_id
from broadsheet.pages import MAX_LIMIT, RowId, RowTime, clamp, cut, decode_cursor, encode_cursor

_TIMES = st.datetimes(timezones=st.just(dt.UTC))


@given(_TIMES, st.uuids())
def test_a_cursor_gives_its_sort_key_back(time: dt.datetime, row_id: object) -> None:
    assert decode_cursor(encode_cursor(time, str(row_id)), tuple[RowTime, RowId]) == (time, str(row_id))


@given(st.integers(min_value=0, max_value=2**31 - 1))
def test_a_cursor_of_a_number_gives_it_back(version: int) -> None:
    assert decode_cursor(encode_cursor(version), tuple[int]) == (version,)


@given(st.text())
def test_text_that_is_no_cursor_is_invalid_input(text: str) -> None:
    with pytest.raises(InvalidInput):
        decode_cursor(text, tuple[RowTime, RowId])


@given(st.binary())
def test_bytes_in_the_clothes_of_a_cursor_are_invalid_input(content: bytes) -> None:
    with pytest.raises(InvalidInput):
        decode_cursor(base64.urlsafe_b64encode(content).decode(), tuple[RowId])


def test_a_cursor_of_another_list_is_invalid_input() -> None:
    with pytest.raises(InvalidInput) as refused:
        decode_cursor(encode_cursor(7), tuple[RowId])
    assert refused.value.errors[0].pointer == "/cursor"


def test_a_cursor_whose_id_is_no_id_is_invalid_input() -> None:
    with pytest.raises(InvalidInput):
        decode_cursor(encode_cursor("drop table"), tuple[RowId])


def test_a_cursor_can_be_part_of_an_address() -> None:
    assert all(c.isalnum() or c in "-_" for c in encode_cursor(dt.datetime.now(dt.UTC), new_id()))


@pytest.mark.parametrize(("asked", "given_out"), [(-5, 1), (0, 1), (1, 1), (50, 50), (MAX_LIMIT, MAX_LIMIT), (10**9, MAX_LIMIT)])
def test_a_page_has_between_one_row_and_the_most(asked: int, given_out: int) -> None:
    assert clamp(asked) == given_out


@given(st.lists(st.integers(), unique=True), st.integers(min_value=1, max_value=7))
def test_pages_put_together_are_the_whole_list_in_order(keys: list[int], limit: int) -> None:
    keys.sort()
    assert _all_pages(keys, limit) == keys


def _all_pages(keys: Sequence[int], limit: int) -> list[int]:
    found: list[int] = []
    cursor: str | None = None
    while True:
        after = decode_cursor(cursor, tuple[int])[0] if cursor else None
        rows = [key for key in keys if after is None or key > after][: limit + 1]
        page, cursor = cut(rows, limit, encode_cursor)
        assert len(page) <= limit
        found += page
        if cursor is None:
            return found
