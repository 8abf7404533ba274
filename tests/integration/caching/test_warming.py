"""What is read most is computed again after its data have changed, before anybody asks."""

import time

import msgspec

from broadsheet.caching.counts import most_read
from broadsheet.caching.store import Store
from broadsheet.contracts.catalog import report_tag, source_tag
from broadsheet.ids import new_id
from services.queries.warming import questions
from tests.support.reading import redis_of, settled, state
from tests.support.system import Member, System
from tests.support.texts import one_query
from tests.support.waiting import until
from tests.support.workplace import Json, add_report, data


def _report(reader: Member) -> Json:
    return add_report(reader, sql=f"select clock_timestamp()::text as at, '{new_id()}' as id")


def _counted(system: System, tag: str) -> None:
    """Reads are counted in memory and added to Redis every few seconds."""
    with redis_of(system) as redis:
        store = Store(redis)
        until(lambda: most_read(store, tag, 10), within_seconds=6, what="the reads being counted")


def _source_id(reader: Member) -> str:
    [source] = reader.api.get("/data-sources").json["items"]
    return str(source["id"])


def test_after_a_refresh_of_the_data_the_first_reader_gets_a_hit(system: System, reader: Member) -> None:
    report, source_id = _report(reader), _source_id(reader)
    before = settled(reader, report)
    _counted(system, source_tag(source_id))
    _counted(system, report_tag(report["id"]))
    executed = _answers(system)
    assert reader.api.post(f"/data-sources/{source_id}/refreshed").status == 200
    _wait_for_another(system, executed)
    first = data(reader, report)
    assert (state(first), first.json["as_of"] > before.json["as_of"]) == ("hit", True)


def test_after_a_new_version_of_a_report_the_first_reader_gets_a_hit(system: System, reader: Member) -> None:
    report = _report(reader)
    settled(reader, report)
    _counted(system, report_tag(report["id"]))
    executed = _answers(system)
    changed = reader.api.call("PUT", f"/reports/{report['id']}", one_query(f"select 'changed' as what, '{new_id()}' as id"))
    assert changed.status == 200
    _wait_for_another(system, executed)
    first = data(reader, report)
    assert (state(first), first.json["data"][0]) == ("hit", ["changed"])


def test_without_a_reader_nothing_is_computed(system: System, reader: Member) -> None:
    report, source_id = _report(reader), _source_id(reader)
    with redis_of(system) as redis:
        redis.delete(f"bs:h:{source_tag(source_id)}")
    assert reader.api.post(f"/data-sources/{source_id}/refreshed").status == 200
    assert state(data(reader, report)) == "miss"


def test_what_was_counted_by_another_version_or_damaged_is_left_out(system: System, reader: Member) -> None:
    order = {"report_id": new_id(), "params": {}}
    principal = msgspec.to_builtins(reader.principal)
    counted = [
        ["data", {"principal": principal, "order": order, "query": "numbers"}],
        ["data", {"principal": principal, "order": order, "query": "numbers", "unknown": 1}],
        ["data", {"order": order}],
        ["explain", {"principal": principal, "order": order, "query": "numbers"}],
        ["source_schema", {"principal": principal, "source_id": new_id()}],
        ["__init__", {}],
        ["gone", {}],
        {"data": 1},
        7,
    ]
    raw = [msgspec.json.encode(question) for question in counted] + [b"", b"\xff garbage"]
    with redis_of(system, database=13) as redis:
        redis.delete("bs:h:report:1")
        redis.zadd("bs:h:report:1", dict.fromkeys(raw, 1.0))
        found = list(questions(Store(redis), "report:1"))
        redis.flushdb()
    assert [(name, arguments["query"]) for name, arguments in found] == [("data", "numbers")]


def _wait_for_another(system: System, executed: set[bytes]) -> None:
    until(lambda: _answers(system) - executed, within_seconds=8, what="the answer being computed again")
    time.sleep(0.3)  # the claim is stored right after its bytes


def _answers(system: System) -> set[bytes]:
    """Addresses of final bytes: a new one is a query that was executed."""
    with redis_of(system) as redis:
        return set(redis.scan_iter("bs:b:*", count=1000))
