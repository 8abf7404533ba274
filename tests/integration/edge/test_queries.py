"""What a page shows: the document, the results of its queries, and how they are cached."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from broadsheet.ids import new_id
from tests.support.database import rows
from tests.support.system import Member, System
from tests.support.texts import one_query
from tests.support.waiting import until
from tests.support.wire import Wire
from tests.support.workplace import PUNCTUALITY, Json, add_report, add_source, data, replica_address, source_order, workplace

CHOICES = """params:
  carrier: {type: choice, label: Airline, options: "select carrier, name from airlines order by name", default: UA}
  since: {type: date, default: 2013-01-01}
  airports: {type: list, of: text, default: []}"""
COUNTED = """select count(*) as flights, min(time_hour)::date as first
from flights
where carrier = :carrier and time_hour >= :since and (cardinality(:airports) = 0 or origin = any(:airports))"""


@pytest.fixture(scope="module")
def counted(reader: Member) -> Json:
    return add_report(reader, one_query(COUNTED, front=CHOICES))


@pytest.fixture(scope="module")
def punctuality(reader: Member) -> Json:
    return add_report(reader, PUNCTUALITY)


def _fresh(reader: Member, what: str) -> Json:
    """A report whose answer nobody can have asked for before."""
    return add_report(reader, sql=f"select '{what}' as what, count(*) as n from airlines")


def _flights(system: System, where: str) -> int:
    [(count,)] = rows(system.stack, f"select count(*) from flights where {where}", database="flights")
    return int(count)


class TestView:
    def test_the_document_has_its_blocks_in_order(self, reader: Member, punctuality: Json) -> None:
        view = reader.api.get(f"/reports/{punctuality['id']}/view").json
        assert view["report"] == {
            "id": punctuality["id"], "title": punctuality["title"], "description": punctuality["description"], "version": 1
        }  # fmt: skip
        fences = re.findall(r"^```(metric|chart|table)", PUNCTUALITY, flags=re.MULTILINE)
        assert [block["kind"] for block in view["blocks"] if block["kind"] != "markdown"] == fences

    def test_texts_say_what_the_data_say(self, reader: Member, punctuality: Json) -> None:
        view = reader.api.get(f"/reports/{punctuality['id']}/view?param.carrier=HA").json
        assert "Hawaiian Airlines Inc." in view["blocks"][0]["html"]
        assert "342" in view["blocks"][0]["html"]

    def test_parameters_come_with_value_default_and_options(self, reader: Member, counted: Json) -> None:
        view = reader.api.get(f"/reports/{counted['id']}/view?param.carrier=AA&param.airports=JFK&param.airports=EWR").json
        carrier, since, airports = view["params"]
        assert (carrier["type"], carrier["label"], carrier["value"], carrier["default"]) == ("choice", "Airline", "AA", "UA")
        assert len(carrier["options"]) == 16
        assert {"value": "UA", "label": "United Air Lines Inc."} in carrier["options"]
        assert (since["type"], since["value"]) == ("date", "2013-01-01")
        assert (airports["type"], airports["of"], airports["value"]) == ("list", "text", ["JFK", "EWR"])

    def test_a_chart_is_a_whole_specification_without_its_rows(self, reader: Member, punctuality: Json) -> None:
        charts = [b for b in reader.api.get(f"/reports/{punctuality['id']}/view").json["blocks"] if b["kind"] == "chart"]
        assert charts
        for chart in charts:
            assert "vega-lite" in chart["spec"]["$schema"]
            assert chart["spec"]["data"] == {"name": "rows"}


class TestData:
    def test_a_result_comes_by_column_with_types(self, reader: Member, airlines: Json) -> None:
        answer = data(reader, airlines)
        assert answer.json["columns"] == [{"name": "carrier", "type": "text"}, {"name": "name", "type": "text"}]
        carriers, names = answer.json["data"]
        assert (len(carriers), carriers[0], names[0]) == (16, "9E", "Endeavor Air Inc.")
        assert (answer.json["row_count"], answer.json["truncated"]) == (16, False)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", answer.json["as_of"])
        assert int(answer.headers["age"]) >= 0

    def test_every_type_arrives_as_itself(self, reader: Member) -> None:
        sql = """select 1 as whole, 1.5::float8 as float, 12345678901234567890.123456789 as exact, true as flag, date '2013-01-02' as day,
            timestamptz '2013-01-02 03:04:05+00' as moment, '{"a": [1, null]}'::json as tree, null::text as nothing, 'ä' as text"""
        answer = data(reader, add_report(reader, sql=sql))
        assert {column["name"]: column["type"] for column in answer.json["columns"]} == {
            "whole": "integer", "float": "number", "exact": "numeric", "flag": "boolean", "day": "date", "moment": "timestamp",
            "tree": "json", "nothing": "text", "text": "text",
        }  # fmt: skip
        assert b"12345678901234567890.123456789" in answer.body
        whole, number, _, flag, day, moment, tree, nothing, text = [column[0] for column in answer.json["data"]]
        assert (whole, number, flag, day, moment) == (1, 1.5, True, "2013-01-02", "2013-01-02T03:04:05Z")
        assert (tree, nothing, text) == ({"a": [1, None]}, None, "ä")

    def test_defaults_count_where_nothing_is_chosen(self, system: System, reader: Member, counted: Json) -> None:
        assert data(reader, counted).json["data"] == [[_flights(system, "carrier = 'UA'")], ["2013-01-01"]]

    def test_a_choice_a_date_and_a_list_are_bound(self, system: System, reader: Member, counted: Json) -> None:
        answer = data(reader, counted, arguments="param.carrier=AA&param.since=2013-06-01&param.airports=JFK&param.airports=LGA")
        where = "carrier = 'AA' and time_hour >= '2013-06-01' and origin in ('JFK', 'LGA')"
        assert answer.json["data"] == [[_flights(system, where)], ["2013-06-01"]]

    def test_an_empty_value_is_the_default(self, reader: Member, counted: Json) -> None:
        assert data(reader, counted, arguments="param.carrier=&param.since=").body == data(reader, counted).body

    def test_a_limit_cuts_and_says_so(self, reader: Member, airlines: Json) -> None:
        answer = data(reader, airlines, arguments="limit=3").json
        assert (answer["row_count"], answer["truncated"], len(answer["data"][0])) == (3, True, 3)

    def test_a_person_sees_only_the_rows_of_the_persons_attributes(self, system: System, reader: Member) -> None:
        report = add_report(reader, sql="select carrier from airlines where carrier = :user.carrier")
        one, other = viewers = [system.member(reader, reader.principal.role) for _ in range(2)]
        for member, carrier in zip(viewers, ("UA", "AA"), strict=True):
            reader.api.call("PATCH", f"/users/{member.principal.user_id}", {"attributes": {"carrier": carrier}})
        until(lambda: data(one, report).json["data"] == [["UA"]], within_seconds=5)
        until(lambda: data(other, report).json["data"] == [["AA"]], within_seconds=5)
        assert data(one, report).json["data"] == [["UA"]]


class TestCache:
    def test_the_first_answer_is_a_miss_and_the_next_a_hit_with_the_same_bytes(self, reader: Member) -> None:
        report = _fresh(reader, "first")
        first, second = data(reader, report), data(reader, report)
        assert (first.headers["broadsheet-cache"], second.headers["broadsheet-cache"]) == ("miss", "hit")
        assert first.body == second.body
        assert first.headers["etag"] == second.headers["etag"]

    def test_whoever_has_the_answer_is_told_that_it_still_holds(self, reader: Member, airlines: Json) -> None:
        etag = data(reader, airlines).headers["etag"]
        again = data(reader, airlines, If_None_Match=etag)
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", etag)
        assert data(reader, airlines, If_None_Match='"another"').status == 200

    def test_other_parameters_are_another_answer(self, reader: Member, counted: Json) -> None:
        assert data(reader, counted, arguments="param.carrier=B6").body != data(reader, counted, arguments="param.carrier=DL").body

    def test_another_organization_never_sees_cached_rows(self, system: System, reader: Member) -> None:
        sql = "select current_database()::text as name, count(*) as tables from information_schema.tables where table_name = 'airlines'"
        assert data(reader, add_report(reader, sql=sql)).json["data"] == [["flights"], [1]]
        other = system.organization()
        endpoints = system.stack.endpoints
        add_source(system, other, database="postgres", user=endpoints.superuser, password=endpoints.superuser_password)
        answer = data(other, add_report(other, sql=sql))
        assert answer.headers["broadsheet-cache"] == "miss"
        assert answer.json["data"] == [["postgres"], [0]]

    def test_an_equal_data_source_of_another_organization_is_asked_itself(self, system: System, reader: Member) -> None:
        sql = "select 'shared by accident' as what"
        data(reader, add_report(reader, sql=sql))
        assert data(reader, add_report(reader, sql=sql)).headers["broadsheet-cache"] == "hit"
        other = workplace(system, replicas=[replica_address(system)])
        assert data(other, add_report(other, sql=sql)).headers["broadsheet-cache"] == "miss"

    def test_a_changed_data_source_is_asked_again(self, system: System) -> None:
        member = workplace(system)
        report = _fresh(member, "changed")
        assert [data(member, report).headers["broadsheet-cache"] for _ in range(2)] == ["miss", "hit"]
        [source] = member.api.get("/data-sources").json["items"]
        member.api.call("PATCH", f"/data-sources/{source['id']}", {"replicas": [replica_address(system)]})
        assert data(member, report).headers["broadsheet-cache"] == "miss"

    def test_without_redis_every_answer_is_right_and_hits_come_back_with_it(
        self, system: System, reader: Member, airlines: Json
    ) -> None:
        expected = data(reader, airlines).json["data"]
        redis = system.stack.server("redis")
        redis.kill()
        try:
            answers = [data(reader, airlines) for _ in range(3)]
            assert [(answer.status, answer.headers["broadsheet-cache"]) for answer in answers] == [(200, "miss")] * 3
            assert all(answer.json["data"] == expected for answer in answers)
            assert reader.api.get(f"/reports/{airlines['id']}/view").status == 200
            assert add_report(reader, title="Made without Redis")["version"] == 1
        finally:
            redis.restart()
        until(lambda: data(reader, airlines).headers["broadsheet-cache"] == "hit", what="a hit after Redis came back")

    def test_without_the_replica_the_primary_answers(self, system: System, reader: Member) -> None:
        assert data(reader, _fresh(reader, "with the replica")).status == 200
        replica = system.stack.server("postgres-replica")
        replica.kill()
        try:
            answer = data(reader, add_report(reader, sql="select pg_is_in_recovery() as on_replica, count(*) as n from airlines"))
            assert answer.json["data"] == [[False], [16]]
            assert reader.api.get("/reports").status == 200
            assert reader.api.get("/runs").status == 200
        finally:
            replica.restart()

    def test_a_replica_that_is_there_answers(self, system: System) -> None:
        member = workplace(system, replicas=[replica_address(system)])
        assert _is_on_replica(member)

    def test_queries_go_back_to_a_replica_that_is_back(self, system: System) -> None:
        member = workplace(system, replicas=[replica_address(system)])
        replica = system.stack.server("postgres-replica")
        replica.kill()
        try:
            assert not _is_on_replica(member)
        finally:
            replica.restart()
        until(lambda: _is_on_replica(member), what="an answer of the replica")


def _is_on_replica(member: Member) -> bool:
    """Where a query that was never asked before is answered."""
    sql = f"select pg_is_in_recovery() as on_replica, '{new_id()}' as never_asked_before"
    return bool(data(member, add_report(member, sql=sql)).json["data"][0] == [True])


def test_a_data_source_that_hangs_is_given_up_and_holds_up_no_other(system: System) -> None:
    reader = workplace(system)
    order = source_order(system, name="hangs")
    sql = "select carrier, name from airlines where carrier <> :without"
    params = "  without: {type: text, default: none}"
    with closing(Wire(order["host"], order["port"])) as wire:
        add_source(system, reader, name="hangs", host="127.0.0.1", port=wire.port)
        report = add_report(reader, text=_reading("hangs", sql, params))
        assert data(reader, report, arguments="param.without=AA").status == 200
        wire.hold()
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(data, reader, report, arguments="param.without=UA")
            other = add_report(reader, text=_reading("flights", sql, params))
            assert data(reader, other, arguments="param.without=DL").status == 200
            answer = waiting.result(40)
        assert (answer.status, answer.json["code"]) == (503, "source_unavailable")
        wire.let_go()
        assert data(reader, report, arguments="param.without=B6").status == 200


def _reading(source: str, sql: str, params: str) -> str:
    return f"---\ntitle: Reads {source}\nsource: {source}\nparams:\n{params}\n---\n```sql numbers\n{sql}\n```\n"
