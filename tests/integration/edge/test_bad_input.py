"""Bad input: the right status, a problem that a person can act on, and a system that goes on answering."""

import base64
import http.client
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from broadsheet.ids import new_id
from tests.support.api import Answer, Api
from tests.support.database import rows
from tests.support.problems import assert_problem
from tests.support.system import Member, System
from tests.support.texts import one_query
from tests.support.waiting import until
from tests.support.workplace import PUNCTUALITY, TERMINAL, Json, add_report, add_source, data, order_run, run_in, workplace

FIVE_MISTAKES = """---
title: Five mistakes
source: flights
colour: blue
params:
  since: {type: dat}
---

```sql numbers
select * from flights where carrier = :carrier
```

```table {data=nothing}
```

```chart {data=numbers}
mark: lin
x: a
y: b
```
"""


@pytest.fixture(autouse=True)
def _everything_still_answers(system: System) -> Iterator[None]:
    """Whatever a test of this file sends: afterwards every process is alive and the edge and all behind it answer."""
    before = {name: process.pid for name, process in system.processes.items()}
    yield
    assert Api(system.url).beside("GET", "/readyz").status == 200
    assert {name: process.pid for name, process in system.processes.items()} == before


@pytest.fixture(scope="module")
def punctuality(reader: Member) -> Json:
    return add_report(reader, PUNCTUALITY)


def _raw(member: Member, method: str, path: str, headers: dict[str, str], body: Any = b"") -> Answer:
    connection = http.client.HTTPConnection(member.api.host, member.api.port, timeout=30)
    try:
        connection.putrequest(method, f"/api/v1{path}")
        for name, value in ({"Authorization": f"Bearer {member.api.token}"} | headers).items():
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
    finally:
        connection.close()


class TestWhoAsks:
    def test_a_wrong_password_is_refused(self, system: System, admin: Member) -> None:
        assert_problem(Api(system.url).post("/session", {"email": admin.email, "password": "wrong"}), 401, "wrong_credentials")

    def test_an_expired_session_is_refused(self, system: System, admin: Member) -> None:
        answer = Api(system.url).post("/session", {"email": admin.email, "password": admin.password})
        cookie = answer.headers["set-cookie"].split(";")[0]
        rows(
            system.stack,
            "update accounts.credentials set expires_at = now() where user_id = %s and kind = 'session'",
            admin.principal.user_id,
        )
        assert_problem(Api(system.url).get("/me", Cookie=cookie), 401, "unauthenticated")

    @pytest.mark.parametrize("token", ["nonsense", "bst_" + "x" * 5000, "é", "a b", "'; drop table users --"])
    def test_a_token_that_is_none_is_refused(self, system: System, token: str) -> None:
        assert_problem(Api(system.url, token).get("/me"), 401, "unauthenticated")

    @pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "bearer", "Digest x", "é"])
    def test_an_authorization_of_another_kind_is_none(self, system: System, header: str) -> None:
        assert_problem(Api(system.url).get("/me", Authorization=header), 401, "unauthenticated")

    @pytest.mark.parametrize("cookie", ["broadsheet_session=", "broadsheet_session=x", "=;=", "a" * 4000])
    def test_a_strange_cookie_is_none(self, system: System, cookie: str) -> None:
        assert_problem(Api(system.url).get("/me", Cookie=cookie), 401, "unauthenticated")

    @pytest.mark.parametrize("email", ["", "a" * 100_000, "' or 1=1 --", "\U0001f600@example.com"])
    def test_a_strange_address_is_as_wrong_as_any(self, system: System, email: str) -> None:
        assert_problem(Api(system.url).post("/session", {"email": email, "password": "x" * 10_000}), 401, "wrong_credentials")


class TestBodies:
    @pytest.mark.parametrize("body", [b"{", b"", b"\xff", b'{"name": }', b"[" * 50_000, b'{"name": "a"'])
    def test_malformed_json_is_refused(self, reader: Member, body: bytes) -> None:
        assert_problem(reader.api.post("/tokens", body), 400, "malformed_request")

    def test_a_body_over_the_limit_is_refused_before_it_is_read(self, reader: Member) -> None:
        headers = {"Content-Type": "application/json", "Content-Length": "3000000"}
        assert_problem(_raw(reader, "POST", "/tokens", headers), 413, "body_too_large")

    def test_a_body_that_does_not_say_how_long_it_is_meets_the_limit_too(self, reader: Member) -> None:
        chunks = b"".join(b"100000\r\n" + b" " * 0x100000 + b"\r\n" for _ in range(3)) + b"0\r\n\r\n"
        answer = _raw(reader, "POST", "/tokens", {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}, chunks)
        assert_problem(answer, 413, "body_too_large")

    def test_a_report_over_the_limit_is_refused(self, reader: Member) -> None:
        headers = {"Content-Type": "text/markdown", "Content-Length": "3000000"}
        assert_problem(_raw(reader, "POST", "/reports", headers), 413, "body_too_large")

    @pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "nonsense", ""])
    def test_a_wrong_content_type_is_refused(self, reader: Member, content_type: str) -> None:
        answer = reader.api.call("POST", "/tokens", b'{"name": "a"}', {"Content-Type": content_type})
        assert_problem(answer, 415, "unsupported_media_type")

    def test_a_report_as_json_is_refused(self, reader: Member) -> None:
        assert_problem(reader.api.post("/reports", {"text": one_query()}), 415, "unsupported_media_type")

    def test_a_report_that_is_not_utf_8_is_refused(self, reader: Member) -> None:
        answer = reader.api.call("POST", "/reports", b"---\ntitle: \xff\n---\n", {"Content-Type": "text/markdown"})
        assert_problem(answer, 400, "malformed_request")

    def test_a_report_with_a_nul_character_is_refused(self, reader: Member) -> None:
        assert_problem(reader.api.post("/reports", one_query(title="A\0B")), 422, "invalid_report")

    @pytest.mark.parametrize("name", ["nmae", "password", "organization_id"])
    def test_an_unknown_field_is_refused_by_name(self, reader: Member, name: str) -> None:
        problem = assert_problem(reader.api.post("/tokens", {"name": "a", name: "b"}), 422, "invalid_input")
        assert name in problem["errors"][0]["message"]

    def test_an_unknown_format_is_refused_with_its_place(self, reader: Member, airlines: Json) -> None:
        problem = assert_problem(
            reader.api.post(f"/reports/{airlines['id']}/runs", {"formats": ["csv", "doc"]}), 422, "invalid_input"
        )
        assert problem["errors"][0]["pointer"] == "/formats/1"

    def test_a_notification_id_that_is_none_is_refused_with_its_place(self, reader: Member) -> None:
        ids = [new_id(), f"urn:uuid:{new_id()}", "7"]
        problem = assert_problem(reader.api.post("/notifications/read", {"ids": ids}), 422, "invalid_input")
        assert [mistake["pointer"] for mistake in problem["errors"]] == ["/ids/1", "/ids/2"]


class TestLists:
    LISTS = ("/reports", "/runs", "/users", "/notifications", "/tokens", "/data-sources")

    @pytest.mark.parametrize("path", LISTS)
    @pytest.mark.parametrize(
        "key",
        [
            "nonsense",
            b"[]",
            b'["X"]',
            b'["2026-01-01T00:00:00Z","x"]',
            b"[99999999999999999999]",
            b'["\\u0000"]',
            b"{}",
            b"[1e999]",
        ],
    )
    def test_a_cursor_that_no_list_gave_out_is_refused(self, reader: Member, path: str, key: Any) -> None:
        cursor = key if isinstance(key, str) else base64.urlsafe_b64encode(key).decode()
        problem = assert_problem(reader.api.get(f"{path}?cursor={cursor}"), 422, "invalid_input")
        assert problem["errors"][0]["pointer"] == "/cursor"

    def test_a_cursor_of_versions_that_no_column_could_hold_is_refused(self, reader: Member, airlines: Json) -> None:
        cursor = base64.urlsafe_b64encode(b"[99999999999]").decode()
        assert_problem(reader.api.get(f"/reports/{airlines['id']}/versions?cursor={cursor}"), 422, "invalid_input")

    @pytest.mark.parametrize("path", LISTS)
    @pytest.mark.parametrize("limit", ["many", "1.5", "", "%00", "NaN"])
    def test_a_limit_that_is_no_number_is_refused(self, reader: Member, path: str, limit: str) -> None:
        problem = assert_problem(reader.api.get(f"{path}?limit={limit}"), 422, "invalid_input")
        assert problem["errors"][0]["pointer"] == "/query/limit"

    @pytest.mark.parametrize("path", LISTS)
    @pytest.mark.parametrize("limit", [-1, 0, 201, 10**12, 10**30])
    def test_a_limit_out_of_range_gives_a_page_of_the_nearest_size(self, reader: Member, path: str, limit: int) -> None:
        answer = reader.api.get(f"{path}?limit={limit}")
        assert answer.status == 200
        assert len(answer.json["items"]) <= 200

    @pytest.mark.parametrize(
        "report_id", ["7", "", "urn:uuid:0190a7a0-0000-7000-8000-000000000000", "{0190a7a0-0000-7000-8000-000000000000}", "%00"]
    )
    def test_a_report_id_that_is_none_is_refused(self, reader: Member, report_id: str) -> None:
        assert_problem(reader.api.get(f"/runs?report_id={report_id}"), 422, "invalid_input")


class TestParameters:
    @pytest.mark.parametrize(
        ("arguments", "pointer"),
        [
            ("param.since=yesterday-ish", "/params/since"),
            ("param.since=2013-02-30", "/params/since"),
            ("param.snice=2013-01-01", "/params/snice"),
            ("param.since=2013-01-01&param.since=2013-01-02", "/params/since"),
            ("param.=x", "/params/"),
            ("param.carrier=%00", "/params/carrier"),
        ],
    )
    def test_a_wrong_parameter_is_told_by_name(self, reader: Member, punctuality: Json, arguments: str, pointer: str) -> None:
        problem = assert_problem(data(reader, punctuality, "summary", arguments), 422, "invalid_parameters")
        assert pointer in [mistake["pointer"] for mistake in problem["errors"]]

    def test_two_wrong_parameters_are_told_at_once(self, reader: Member, punctuality: Json) -> None:
        problem = assert_problem(data(reader, punctuality, "summary", "param.since=x&param.nope=1"), 422, "invalid_parameters")
        assert {mistake["pointer"] for mistake in problem["errors"]} == {"/params/since", "/params/nope"}

    @pytest.mark.parametrize(
        "params", [{"since": 7}, {"since": "x"}, {"nope": 1}, {"carrier": ["UA", "AA"]}, {"carrier": {}}, {"since": [[[[]]]]}]
    )
    def test_a_run_with_a_wrong_parameter_is_refused_before_it_starts(self, reader: Member, punctuality: Json, params: Any) -> None:
        body = {"formats": ["csv"], "query": "summary", "params": params}
        assert_problem(reader.api.post(f"/reports/{punctuality['id']}/runs", body), 422, "invalid_parameters")

    @pytest.mark.parametrize("limit", ["0", "-1", "x", ""])
    def test_a_limit_of_rows_below_one_is_refused(self, reader: Member, airlines: Json, limit: str) -> None:
        assert_problem(data(reader, airlines, arguments=f"limit={limit}"), 422, "invalid_input")

    def test_a_huge_limit_of_rows_is_the_most_there_is(self, reader: Member, airlines: Json) -> None:
        assert data(reader, airlines, arguments=f"limit={10**30}").json["row_count"] == 16

    @pytest.mark.parametrize("query", ["nothing", "%00", "..", "a%2Fb"])
    def test_a_query_that_is_not_there_is_not_found(self, reader: Member, airlines: Json, query: str) -> None:
        assert_problem(data(reader, airlines, query), 404, "not_found")

    def test_a_value_that_looks_like_sql_is_just_a_value(self, reader: Member) -> None:
        text = one_query(
            "select count(*) as n from airlines where carrier = :carrier", front="params:\n  carrier: {type: text, default: UA}"
        )
        report = add_report(reader, text)
        assert data(reader, report, arguments="param.carrier=UA").json["data"] == [[1]]
        assert data(reader, report, arguments="param.carrier=x'%20or%201=1%20--").json["data"] == [[0]]


class TestQueries:
    def test_sql_that_fails_is_told_with_its_line(self, reader: Member) -> None:
        report = add_report(reader, sql="select carrier,\n       delya\nfrom flights")
        problem = assert_problem(data(reader, report), 422, "query_failed")
        assert "delya" in problem["detail"]
        assert problem["errors"][0]["line"] == 9  # of the report: the query begins in line 8
        assert problem["errors"][0]["column"] == 8

    @pytest.mark.parametrize(
        "sql",
        [
            "delete from flights",
            "select 1; drop table flights",
            "with gone as (delete from flights returning 1) select * from gone",
            "select * into copy from flights",
        ],
    )
    def test_sql_that_says_that_it_writes_is_refused_when_the_report_is_saved(self, reader: Member, sql: str) -> None:
        problem = assert_problem(reader.api.post("/reports", one_query(sql)), 422, "invalid_report")
        assert problem["errors"][0]["line"] == 8

    def test_what_a_function_made_all_the_same_is_not_there_afterwards(self, system: System) -> None:
        """PostgreSQL before 16 lets a read-only transaction make large objects; it is rolled back, though."""
        member = workplace(system)
        data(member, add_report(member, sql="select lo_create(20130101)"))
        order_run(member, add_report(member, sql="select lo_create(20130102)"))
        until(lambda: member.api.get("/runs").json["items"][0]["state"] in TERMINAL)
        made = "select oid from pg_largeobject_metadata where oid in (20130101, 20130102)"
        assert rows(system.stack, made, database="flights") == []

    def test_sql_that_writes_behind_a_function_is_stopped_by_the_transaction(self, system: System, admin: Member) -> None:
        rows(system.stack, "create sequence if not exists public.tickets", database="flights")
        endpoints = system.stack.endpoints
        add_source(system, admin, user=endpoints.superuser, password=endpoints.superuser_password)
        report = add_report(admin, sql="select nextval('tickets') as ticket")
        assert_problem(data(admin, report), 422, "query_not_read_only")
        report = add_report(admin, sql="select set_config('transaction_read_only', 'off', true), nextval('tickets')")
        assert data(admin, report).status == 422
        assert rows(system.stack, "select is_called from tickets", database="flights") == [(False,)]

    def test_sql_that_runs_too_long_is_stopped_while_others_are_answered(self, reader: Member, airlines: Json) -> None:
        slow = add_report(reader, sql="select pg_sleep(60)::text as slept")
        answers: list[Answer] = []
        waiter = threading.Thread(target=lambda: answers.append(data(reader, slow)))
        waiter.start()
        assert data(reader, airlines).status == 200
        assert waiter.is_alive()
        waiter.join(30)
        problem = assert_problem(answers[0], 504, "query_timed_out")
        assert "5 seconds" in problem["detail"]

    def test_a_data_source_that_nobody_made_is_told_by_name(self, admin: Member) -> None:
        problem = assert_problem(data(admin, add_report(admin)), 404, "not_found")
        assert "'flights'" in problem["detail"]

    def test_a_data_source_that_does_not_answer_is_told_without_its_password(self, system: System, admin: Member) -> None:
        add_source(system, admin, port=1, password="dont-tell-this")
        answer = data(admin, add_report(admin))
        assert_problem(answer, 503, "source_unavailable")
        assert b"dont-tell-this" not in answer.body

    def test_a_wrong_password_of_a_data_source_is_told_without_it(self, system: System, admin: Member) -> None:
        source = add_source(system, admin, password="dont-tell-this")
        answer = data(admin, add_report(admin))
        assert_problem(answer, 503, "source_unavailable")
        assert b"dont-tell-this" not in answer.body
        report = admin.api.post(f"/data-sources/{source['id']}/test").json
        assert report["ok"] is False
        assert "dont-tell-this" not in json.dumps(report)

    def test_a_run_whose_sql_fails_fails_with_the_words_of_the_database(self, reader: Member) -> None:
        report = add_report(reader, sql="select delya from flights")
        run = run_in(reader.api, order_run(reader, report)["id"], "failed")
        assert run["error"]["code"] == "query_failed"
        assert "delya" in run["error"]["message"]
        assert run["attempts"] == 1


class TestReportTexts:
    def test_five_mistakes_are_told_at_once_with_their_places(self, reader: Member) -> None:
        problem = assert_problem(reader.api.post("/reports", FIVE_MISTAKES), 422, "invalid_report")
        assert [(mistake["line"], mistake["column"]) for mistake in problem["errors"]] == _places()
        assert all(mistake["hint"] for mistake in problem["errors"])

    def test_a_check_tells_the_same_without_saving(self, reader: Member) -> None:
        mistakes = reader.api.post("/reports/check", FIVE_MISTAKES).json["mistakes"]
        assert [(mistake["line"], mistake["column"]) for mistake in mistakes] == _places()

    def test_a_right_text_has_no_mistakes(self, reader: Member) -> None:
        assert reader.api.post("/reports/check", PUNCTUALITY).json == {"mistakes": []}

    def test_a_change_with_mistakes_leaves_the_report_as_it_is(self, reader: Member) -> None:
        report = add_report(reader)
        assert_problem(reader.api.call("PUT", f"/reports/{report['id']}", FIVE_MISTAKES), 422, "invalid_report")
        assert reader.api.get(f"/reports/{report['id']}").json["version"] == 1

    @pytest.mark.parametrize("text", ["", "no front matter", "---\n", "---\n[\n---\n", "---\ntitle: &a [*a]\n---\n"])
    def test_a_text_that_is_no_report_is_told_where(self, reader: Member, text: str) -> None:
        problem = assert_problem(reader.api.post("/reports", text), 422, "invalid_report")
        assert problem["errors"][0]["line"] >= 1


class TestHeaders:
    @pytest.mark.parametrize("tag", ['"v' + "9" * 4000 + '"', '"v99999999999999999999"', "é", 'W/"v1"', ""])
    def test_a_strange_if_match_does_not_match(self, reader: Member, airlines: Json, tag: str) -> None:
        answer = reader.api.call("PUT", f"/reports/{airlines['id']}", one_query(), {"If-Match": tag})
        assert_problem(answer, 412, "precondition_failed")

    @pytest.mark.parametrize("key", ["", "x" * 201])
    def test_a_strange_idempotency_key_is_refused(self, reader: Member, airlines: Json, key: str) -> None:
        answer = reader.api.call("POST", f"/reports/{airlines['id']}/runs", {"formats": ["csv"]}, {"Idempotency-Key": key})
        assert_problem(answer, 422, "invalid_input")

    @pytest.mark.parametrize("tag", ["*x", '"', "é", "," * 1000, '"' * 3000])
    def test_a_strange_if_none_match_gives_the_whole_answer(self, reader: Member, airlines: Json, tag: str) -> None:
        assert data(reader, airlines, If_None_Match=tag).status == 200

    @pytest.mark.parametrize("request_id", ["x" * 65, "é", "a\tb", ""])
    def test_a_strange_request_id_is_replaced(self, reader: Member, request_id: str) -> None:
        assert reader.api.get("/me", X_Request_ID=request_id).headers["x-request-id"] not in ("", request_id)

    @pytest.mark.parametrize("accept", ["", "text/html", "nonsense", "*/*;q=x"])
    def test_whatever_is_accepted_the_answer_is_json(self, reader: Member, accept: str) -> None:
        assert reader.api.get("/me", Accept=accept).headers["content-type"] == "application/json"


def _places() -> list[tuple[int, int]]:
    return [(4, 1), (6, 17), (10, 39), (13, 16), (17, 7)]
