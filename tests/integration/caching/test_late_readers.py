"""Who asks while an answer is being computed is given nothing that was over before they asked."""

import datetime as dt
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

import pytest

from broadsheet.ids import new_id
from tests.support.api import Answer
from tests.support.flights import Gate, closed_gate
from tests.support.system import Member, System
from tests.support.texts import one_query
from tests.support.workplace import Json, add_report, data, workplace

LATE = 4
#: Long enough for a reader to have joined what is under way.
JOINED_SECONDS = 0.5


@pytest.fixture(scope="module")
def reader(system: System) -> Member:
    """Of the primary alone: the gate of a replica is its own."""
    return workplace(system)


def _gated(reader: Member, gate: Gate) -> Json:
    return add_report(reader, sql=f"{gate.sql} and '{new_id()}' is not null")


def _early_and_late(reader: Member, report: Json, gate: Gate, change: Callable[[], object]) -> tuple[Answer, list[Answer]]:
    """One reader's query is under way when ``change`` happens; what they get, and those who asked after it."""
    with ThreadPoolExecutor(1 + LATE) as pool:
        early: Future[Answer] = pool.submit(data, reader, report)
        gate.wait_for_query()
        change()
        late = [pool.submit(data, reader, report) for _ in range(LATE)]
        wait(late, timeout=JOINED_SECONDS)
        gate.open()
        return early.result(30), [one.result(30) for one in late]


def _time(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def test_who_asks_after_a_change_gets_the_new_version_though_the_old_one_is_being_computed(system: System, reader: Member) -> None:
    with closed_gate(system) as gate:
        report = _gated(reader, gate)
        new = one_query("select 2 as one")
        early, late = _early_and_late(reader, report, gate, lambda: reader.api.call("PUT", f"/reports/{report['id']}", new))
    assert early.json["data"] == [[1]]
    assert [answer.json["data"] for answer in late] == [[[2]]] * LATE
    assert data(reader, report).json["data"] == [[2]]


def test_who_asks_after_a_mistake_was_put_right_does_not_hear_of_it(system: System, reader: Member) -> None:
    with closed_gate(system) as gate:
        report = add_report(reader, sql=f"select 1 / (random() * 0)::int as one, '{new_id()}' as what from ({gate.sql}) as gated")
        right = one_query("select 2 as one")
        early, late = _early_and_late(reader, report, gate, lambda: reader.api.call("PUT", f"/reports/{report['id']}", right))
    assert (early.status, early.json["code"]) == (422, "query_failed")
    assert [answer.json.get("data") for answer in late] == [[[2]]] * LATE


def test_who_asks_after_the_data_were_refreshed_gets_data_of_after_it(system: System, reader: Member) -> None:
    [source] = reader.api.get("/data-sources").json["items"]
    refreshed: list[Json] = []
    with closed_gate(system) as gate:
        report = _gated(reader, gate)
        early, late = _early_and_late(
            reader, report, gate, lambda: refreshed.append(reader.api.post(f"/data-sources/{source['id']}/refreshed").json)
        )
    since = _time(refreshed[0]["refreshed_at"])
    assert _time(early.json["as_of"]) < since
    assert all(_time(answer.json["as_of"]) >= since for answer in late)


def test_who_asks_after_a_report_was_forgotten_gets_data_of_after_it(system: System, reader: Member) -> None:
    with closed_gate(system) as gate:
        report = _gated(reader, gate)
        early, late = _early_and_late(
            reader, report, gate, lambda: reader.api.post("/cache/invalidations", {"report_id": report["id"]})
        )
    assert all(_time(answer.json["as_of"]) > _time(early.json["as_of"]) for answer in late)
    assert _time(data(reader, report).json["as_of"]) > _time(early.json["as_of"])


def test_the_age_of_an_answer_is_that_of_the_data_it_was_made_of(reader: Member) -> None:
    """A new version with the same query has a new claim of the old result."""
    sql = f"select clock_timestamp()::text as at, '{new_id()}' as what"
    report = add_report(reader, sql=sql)
    first = data(reader, report).json["as_of"]
    time.sleep(1.2)
    assert reader.api.call("PUT", f"/reports/{report['id']}", one_query(sql, title="Another title")).status == 200
    assert data(reader, report).json["as_of"] == first
    assert reader.api.get(f"/reports/{report['id']}/view").json["as_of"] >= first
    assert data(reader, report, Cache_Control="max-age=60").json["as_of"] == first
    assert data(reader, report, Cache_Control="max-age=1").json["as_of"] > first
