"""Which coding of the stored ones a client gets (RFC 9110, 12.5.3), and that nothing of it is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.caching.encodings import GZIP, IDENTITY, ZSTD, best, packed, unpacked

ALL = (IDENTITY, ZSTD, GZIP)


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("", IDENTITY),
        ("identity", IDENTITY),
        ("gzip", GZIP),
        ("zstd", ZSTD),
        ("gzip, zstd", ZSTD),
        ("gzip, deflate, br, zstd", ZSTD),
        ("gzip;q=1.0, zstd;q=0.5", GZIP),
        ("gzip;q=0.5, zstd;q=0.5", ZSTD),
        ("GZip", GZIP),
        ("gzip ; q=0.8 , zstd;q=0", GZIP),
        ("*", ZSTD),
        ("*;q=0", IDENTITY),
        ("*;q=0, gzip", GZIP),
        ("zstd;q=0, *", GZIP),
        ("gzip;q=0, zstd;q=0", IDENTITY),
        ("br", IDENTITY),
        ("deflate;q=1, br;q=0.9", IDENTITY),
        ("gzip;q=high", IDENTITY),
        (",,;;q=", IDENTITY),
    ],
)
def test_a_client_gets_the_best_it_takes(accepted: str, encoding: str) -> None:
    assert best(accepted, ALL) == encoding


def test_what_is_not_stored_is_not_sent() -> None:
    assert best("gzip, zstd", [IDENTITY]) == IDENTITY
    assert best("zstd", [GZIP]) == IDENTITY
    assert best("gzip", []) == IDENTITY


@given(st.text(max_size=40), st.lists(st.sampled_from(ALL), unique=True))
def test_any_header_gets_something_that_can_be_sent(accepted: str, stored: list[str]) -> None:
    assert best(accepted, stored) in {IDENTITY, *stored}


@given(st.binary(max_size=64), st.integers(0, 4000))
def test_every_stored_coding_gives_the_same_bytes_back(part: bytes, times: int) -> None:
    body = part * times
    assert {unpacked(content, encoding) for encoding, content in packed(body).items()} == {body}


def test_small_bytes_are_kept_as_they_are_and_large_ones_only_packed() -> None:
    assert list(packed(b"x" * 1023)) == [IDENTITY]
    assert set(packed(b"x" * 1024)) == {IDENTITY, ZSTD, GZIP}
    assert set(packed(b"x" * (64 * 1024 + 1))) == {ZSTD, GZIP}


def test_equal_bytes_are_packed_equally() -> None:
    assert packed(b"rows" * 1000) == packed(b"rows" * 1000)
