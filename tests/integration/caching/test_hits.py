"""A hit is between the edge and Redis: no service hears of it."""

import pytest

from broadsheet.errors import Forbidden, NotFound
from broadsheet.ids import new_id
from tests.support.reading import ENOUGH, services_paused, settled, state
from tests.support.system import Member, System
from tests.support.workplace import Json, add_report, data, viewer_of

SERVICES = ("queries", "catalog", "accounts", "runs", "notifications")


@pytest.fixture(scope="module")
def report(reader: Member) -> Json:
    return add_report(reader, sql="select 'read again and again' as what, count(*) as n from airlines")


def test_a_hit_sends_nothing_over_amqp(system: System, reader: Member, report: Json) -> None:
    expected = settled(reader, report).body
    with services_paused(system, *SERVICES):
        answers = [data(reader, report) for _ in range(ENOUGH)]
    assert [state(answer) for answer in answers] == ["hit"] * ENOUGH
    assert {answer.body for answer in answers} == {expected}


def test_a_view_and_a_report_that_were_read_are_there_without_their_services(system: System, reader: Member, report: Json) -> None:
    paths = [f"/reports/{report['id']}/view", f"/reports/{report['id']}", "/data-sources"]
    before = [reader.api.get(path).body for path in paths]
    with services_paused(system, *SERVICES):
        assert [reader.api.get(path).body for path in paths] == before


def test_a_report_that_is_not_there_is_remembered_as_that(system: System, reader: Member) -> None:
    path = f"/reports/{new_id()}"
    assert reader.api.get(path).status == 404
    with services_paused(system, "catalog"):
        again = reader.api.get(path)
    assert (again.status, again.json["code"]) == (404, NotFound.code)


def test_what_somebody_may_not_is_remembered_as_that(system: System, reader: Member) -> None:
    viewer = viewer_of(system, reader)
    assert viewer.api.get("/users").status == 403
    with services_paused(system, "accounts"):
        again = viewer.api.get("/users")
        theirs = reader.api.get("/me")
    assert (again.status, again.json["code"], theirs.status) == (403, Forbidden.code, 200)
    assert reader.api.get("/users").status == 200


def test_a_report_that_comes_into_being_is_not_missing_any_more(reader: Member) -> None:
    made = add_report(reader, title="Soon gone")
    path = f"/reports/{made['id']}"
    assert reader.api.get(path).status == 200
    assert reader.api.call("DELETE", path).status == 204
    assert [reader.api.get(path).status for _ in range(ENOUGH)] == [404] * ENOUGH


def test_a_reader_who_has_it_is_told_so_without_the_services(system: System, reader: Member, report: Json) -> None:
    etag = settled(reader, report).headers["etag"]
    with services_paused(system, *SERVICES):
        answer = data(reader, report, If_None_Match=etag)
    assert (answer.status, answer.body) == (304, b"")
