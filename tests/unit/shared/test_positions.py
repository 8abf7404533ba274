"""Positions compare as texts exactly as timeline and LSN do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet import positions
from broadsheet.positions import BEGINNING, PRIMARY, position

_halves = st.integers(min_value=0, max_value=2**32 - 1)
_places = st.tuples(_halves, _halves, _halves)


def _text(place: tuple[int, int, int]) -> str:
    timeline, high, low = place
    return position(timeline, f"{high:X}/{low:X}")


@given(_places, _places)
def test_positions_compare_as_timeline_and_lsn_do(one: tuple[int, int, int], other: tuple[int, int, int]) -> None:
    assert (_text(one) < _text(other)) == (one < other)


@given(_places)
def test_timeline_and_lsn_come_back_out_of_a_position(place: tuple[int, int, int]) -> None:
    text = _text(place)
    assert positions.is_position(text)
    assert positions.timeline_of(text) == place[0]
    assert positions.lsn_of(text) == f"{place[1]:X}/{place[2]:X}"


@given(_places)
def test_every_position_is_between_the_beginning_and_the_primary(place: tuple[int, int, int]) -> None:
    assert BEGINNING <= _text(place) < PRIMARY


def test_a_position_is_24_digits_of_timeline_and_lsn() -> None:
    assert position(1, "16/B374D848") == "0000000100000016B374D848"


def test_a_promotion_is_greater_than_all_before_it() -> None:
    assert position(2, "0/1") > position(1, "FFFFFFFF/FFFFFFFF")


@pytest.mark.parametrize(
    "text", ["", PRIMARY, "0" * 23, "0" * 25, "0000000100000016b374d848", "0000000100000016 374D848", "٠" * 24]
)
def test_what_is_no_position_is_refused(text: str) -> None:
    assert not positions.is_position(text)
    with pytest.raises(ValueError, match="not a position"):
        positions.lsn_of(text)
    with pytest.raises(ValueError, match="not a position"):
        positions.timeline_of(text)


@pytest.mark.parametrize(
    ("timeline", "lsn"), [(1, "16B374D848"), (1, ""), (1, "1/100000000"), (-1, "0/0"), (2**32, "0/0"), (1, "0/-1")]
)
def test_what_is_no_lsn_is_refused(timeline: int, lsn: str) -> None:
    with pytest.raises(ValueError, match=r"not a position|invalid literal"):
        position(timeline, lsn)


def test_an_epoch_changes_with_the_cluster_and_with_a_promotion() -> None:
    before, promoted = positions.epoch("6b05", position(1, "0/9")), positions.epoch("6b05", position(2, "0/1"))
    assert (before, promoted) == ("6b05.1", "6b05.2")
    assert (
        positions.system_of(before)
        == positions.system_of(promoted)
        != positions.system_of(positions.epoch("6b06", position(1, "0/9")))
    )


def test_a_read_floor_is_seen_only_in_its_context() -> None:
    assert positions.read_floor.get() is None
