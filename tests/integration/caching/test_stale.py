"""A stale answer is given at once, and refreshed once."""

import time

from broadsheet.ids import new_id
from tests.support.reading import at_once, executions, redis_of, state
from tests.support.system import Member, System
from tests.support.waiting import until
from tests.support.workplace import Json, add_report, data


def _report(reader: Member, *, seconds: int, marker: str = "") -> Json:
    sql = f"select clock_timestamp()::text as at, '{marker or new_id()}' as what from pg_sleep(0.2)"
    return add_report(reader, sql=sql, front=f"freshness: {seconds}s")


def _at(reader: Member, report: Json) -> str:
    return str(data(reader, report).json["data"][0][0])


def test_thirty_readers_of_a_stale_answer_get_it_at_once_and_one_refresh_runs(system: System, reader: Member) -> None:
    marker = new_id()
    report = _report(reader, seconds=3, marker=marker)
    first = data(reader, report)
    time.sleep(3.0)
    answers = at_once(30, lambda: data(reader, report))
    until(lambda: state(data(reader, report)) == "hit", within_seconds=3, what="the refreshed answer")
    again = data(reader, report)
    assert again.json["as_of"] > first.json["as_of"]
    seen = {(state(answer), answer.body) for answer in answers}
    assert ("stale", first.body) in seen
    assert seen <= {("stale", first.body), ("hit", again.body)}
    assert executions(system, marker) == 2


def test_an_answer_that_is_beyond_stale_is_computed_while_its_reader_waits(reader: Member) -> None:
    report = _report(reader, seconds=1)
    before = _at(reader, report)
    until(lambda: _gone(reader, report, before), within_seconds=10, what="an answer of its own")


def _gone(reader: Member, report: Json, before: str) -> bool:
    """Nobody looked for longer than it lasts: fresh for a second, stale for another."""
    time.sleep(2.2)
    answer = data(reader, report)
    return state(answer) == "miss" and answer.json["data"][0][0] > before


def test_whoever_wants_it_newer_than_it_is_gets_it_newer(reader: Member) -> None:
    report = _report(reader, seconds=300)
    before = _at(reader, report)
    assert data(reader, report, Cache_Control="no-cache").json["data"][0][0] > before


def test_a_ticket_to_refresh_ends_by_itself_for_its_holder_may_have_died(system: System, reader: Member) -> None:
    with redis_of(system) as redis:
        left = [redis.pttl(key) for key in redis.scan_iter("bs:r:*", count=1000)]
    assert all(milliseconds <= 10_000 for milliseconds in left)
    assert -1 not in left
