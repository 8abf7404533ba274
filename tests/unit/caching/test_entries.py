"""What Redis gives back is the entry as it was written, or nothing."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.caching.entries import _MAGIC, Entry, _check, decode, encode, etag_of, seal, unseal

ENTRY = Entry(True, b'{"rows":[1,2,3]}', {"report:1": "0" * 24}, 1.0, 2.0, 3.0, 0.5, 0.5)
RAW = encode(ENTRY)
SEALED = seal(b"some bytes of a result")

entries = st.builds(
    Entry,
    ok=st.booleans(),
    value=st.binary(max_size=64),
    tags=st.none() | st.dictionaries(st.text(max_size=8), st.text("0123456789ABCDEF", max_size=24), max_size=3),
    stored_at=st.floats(0, 2e9),
    fresh_until=st.floats(0, 2e9),
    stale_until=st.floats(0, 2e9),
    cost_seconds=st.floats(0, 100),
    read_at=st.floats(0, 2e9),
)


@given(entries)
def test_an_entry_comes_back_as_it_was(entry: Entry) -> None:
    assert decode(encode(entry)) == entry


@pytest.mark.parametrize("length", range(len(RAW)))
def test_an_entry_cut_short_is_nothing(length: int) -> None:
    assert decode(RAW[:length]) is None


@given(st.integers(0, len(RAW) - 1), st.integers(1, 255))
def test_an_entry_with_one_damaged_byte_is_nothing(index: int, change: int) -> None:
    damaged = bytearray(RAW)
    damaged[index] ^= change
    assert decode(bytes(damaged)) is None


@given(st.binary(max_size=200))
def test_foreign_bytes_are_nothing(raw: bytes) -> None:
    assert decode(raw) is None
    assert unseal(raw) is None


def test_nothing_is_nothing() -> None:
    assert decode(None) is None
    assert unseal(None) is None


def test_an_entry_of_an_older_version_is_nothing() -> None:
    assert decode(b"BS%c" % 0 + RAW[3:]) is None
    assert unseal(b"BS%c" % 0 + SEALED[3:]) is None


@given(st.binary(min_size=1, max_size=8))
def test_an_entry_with_more_behind_it_is_nothing(more: bytes) -> None:
    assert decode(RAW + more) is None
    assert unseal(SEALED + more) is None


def test_a_whole_message_that_is_no_entry_is_nothing() -> None:
    """As a version with another shape would leave it, checksum and all."""
    for foreign in ([True, b"x"], {"ok": True}, 7, [True, "x", None, "a", 2.0, 3.0, 0.5, 0.5]):
        body = msgspec.msgpack.encode(foreign)
        assert decode(_MAGIC + _check(body) + body) is None


@given(st.binary(max_size=64))
def test_sealed_bytes_come_back_as_they_were(body: bytes) -> None:
    assert unseal(seal(body)) == body


@pytest.mark.parametrize("length", range(len(SEALED)))
def test_sealed_bytes_cut_short_are_nothing(length: int) -> None:
    assert unseal(SEALED[:length]) is None


@given(st.integers(0, len(SEALED) - 1), st.integers(1, 255))
def test_sealed_bytes_with_one_damaged_byte_are_nothing(index: int, change: int) -> None:
    damaged = bytearray(SEALED)
    damaged[index] ^= change
    assert unseal(bytes(damaged)) is None


def test_equal_bytes_have_equal_entity_tags_and_others_do_not() -> None:
    assert etag_of(b"rows") == etag_of(b"rows")
    assert etag_of(b"rows") != etag_of(b"other rows")
