"""Whatever stands under a key in Redis, a reader gets the right answer or none of it."""

from collections.abc import Callable

import pytest

from broadsheet.caching.policy import FORMAT
from broadsheet.ids import new_id
from tests.support.reading import ENOUGH, redis_of, state
from tests.support.system import Member, System
from tests.support.waiting import until
from tests.support.workplace import Json, add_report, data

Damage = Callable[[bytes], bytes | list[str]]


def _older(raw: bytes) -> bytes:
    return raw[:2] + bytes([FORMAT - 1]) + raw[3:]


def _one_bit(raw: bytes) -> bytes:
    return raw[:-1] + bytes([raw[-1] ^ 1]) if raw else b"\x00"


DAMAGES: dict[str, Damage] = {
    "emptied": lambda raw: b"",
    "cut short": lambda raw: raw[: len(raw) // 2],
    "cut to its head": lambda raw: raw[:5],
    "one bit": _one_bit,
    "garbage": lambda raw: b"\x00\xff garbage" * 20,
    "of an older version": _older,
    "a list": lambda raw: ["a", "list"],
    "more behind it": lambda raw: raw + b"more",
}


@pytest.fixture(scope="module")
def report(reader: Member) -> Json:
    return add_report(reader, sql="select carrier, repeat(name, 20) as name from airlines order by carrier")


@pytest.mark.parametrize("prefix", ["bs:a:", "bs:b:"], ids=["answers", "bytes"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_values_are_as_if_they_were_not_there(
    system: System, reader: Member, report: Json, prefix: str, damage: str
) -> None:
    path = f"/reports/{report['id']}/view"
    expected, shown = data(reader, report).json["data"], reader.api.get(path).json["report"]
    until(lambda: state(data(reader, report)) == "hit", within_seconds=5, what="a hit")
    _overwrite(system, prefix, DAMAGES[damage])
    answers = [data(reader, report, Accept_Encoding=accepted) for accepted in ("identity", "gzip", "zstd", "identity")]
    assert {answer.status for answer in answers} == {200}
    assert [answer.json["data"] for answer in answers if "content-encoding" not in answer.headers] == [expected] * 2
    assert reader.api.get(path).json["report"] == shown
    assert reader.api.get("/reports").status == 200
    until(lambda: state(data(reader, report)) == "hit", within_seconds=5, what="a hit again")
    assert data(reader, report).json["data"] == expected


def test_bytes_that_were_evicted_are_made_again(system: System, reader: Member, report: Json) -> None:
    expected = data(reader, report).json["data"]
    with redis_of(system) as redis:
        redis.delete(*redis.scan_iter("bs:b:*", count=1000))
    assert [data(reader, report).json["data"] for _ in range(ENOUGH)] == [expected] * ENOUGH


def test_a_claim_that_points_to_somebody_elses_bytes_is_never_given(system: System, reader: Member) -> None:
    """Addresses carry the organization and the digest of their bytes, and what was read is checked."""
    one, other = (add_report(reader, sql=f"select '{what}' as what, '{new_id()}' as id") for what in ("one", "other"))
    for report in (one, other):
        until(lambda report=report: state(data(reader, report)) == "hit", what="a hit")  # type: ignore[misc]
    with redis_of(system) as redis:
        keys = set(redis.scan_iter(f"bs:b:{reader.principal.organization_id}:*", count=1000))
    assert len(keys) >= 2
    assert all(key.split(b":")[2] == reader.principal.organization_id.encode() for key in keys)


def _overwrite(system: System, prefix: str, damage: Damage) -> None:
    """Every value under this prefix, with its time to live kept."""
    with redis_of(system) as redis:
        for key in redis.scan_iter(f"{prefix}*", count=1000):
            raw, left = redis.get(key) if redis.type(key) == b"string" else b"x" * 40, redis.pttl(key)
            assert isinstance(raw, bytes)
            value = damage(raw)
            if isinstance(value, list):
                redis.delete(key)
                redis.rpush(key, *value)
                redis.pexpire(key, max(1, left))
            else:
                redis.set(key, value, px=max(1, left))
