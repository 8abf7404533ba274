"""The cache as an admin sees it, and the ways to make it forget: by report, by data source, and at the end of a job."""

import pytest

from broadsheet.contracts.base import Role
from broadsheet.ids import new_id
from tests.support.faults import paused
from tests.support.problems import assert_problem
from tests.support.system import Member, System
from tests.support.waiting import until
from tests.support.workplace import Json, add_report, data, viewer_of, workplace


@pytest.fixture(scope="module")
def author(system: System, reader: Member) -> Member:
    return system.member(reader, Role.AUTHOR)


@pytest.fixture(scope="module")
def viewer(system: System, reader: Member) -> Member:
    return viewer_of(system, reader)


def _source(member: Member) -> Json:
    [source] = member.api.get("/data-sources").json["items"]
    found: Json = source
    return found


def _methods(member: Member) -> dict[str, Json]:
    return {method["method"]: method for method in member.api.get("/cache").json["methods"]}


def _look(member: Member, *, answers: bool) -> Json | None:
    shown: Json = member.api.get("/cache").json
    return shown if shown["redis"]["answers"] is answers else None


class TestUse:
    def test_questions_are_counted_by_method(self, system: System) -> None:
        admin = workplace(system)
        report = add_report(admin)
        body = data(admin, report).body
        assert data(admin, report).headers["broadsheet-cache"] == "hit"

        def counted() -> Json | None:
            """Processes add what they counted one after another."""
            found = _methods(admin).get("queries.data", {})
            return found if found.get("hits") and found.get("misses") else None

        assert until(counted, within_seconds=10, what="counts") == {
            "method": "queries.data",
            "counted_for": "organization",
            "hits": 1,
            "stale": 0,
            "misses": 1,
            "waits": 0,
            "hit_ratio": 0.5,
            "refreshes": 0,
            "bypassed": 0,
            "bytes": len(body),
        }

    def test_sign_in_checks_belong_to_the_whole_installation(self, reader: Member) -> None:
        shown = until(lambda: _methods(reader).get("accounts.authenticate"), within_seconds=10, what="counts")
        assert shown["counted_for"] == "installation"
        assert 0.0 <= shown["hit_ratio"] <= 1.0

    def test_an_organization_sees_nothing_of_the_use_of_another(self, system: System, reader: Member, airlines: Json) -> None:
        data(reader, airlines)
        until(lambda: "queries.data" in _methods(reader), within_seconds=10, what="counts")
        assert "queries.data" not in _methods(system.organization())

    def test_redis_and_the_process_that_answers_say_how_they_are(self, reader: Member) -> None:
        until(lambda: reader.api.get("/cache").json["process"]["told_of_changes"], within_seconds=10, what="the line to Redis")
        shown = reader.api.get("/cache").json
        assert shown["redis"]["answers"]
        assert 0 < shown["redis"]["memory_bytes"] < shown["redis"]["limit_bytes"]
        assert shown["redis"]["evicted_keys"] == 0
        assert shown["process"]["breaker"] == "closed"

    def test_a_redis_that_does_not_answer_is_told_and_so_is_its_return(self, system: System, reader: Member) -> None:
        with paused(system.stack.server("redis")):
            away = until(lambda: _look(reader, answers=False), within_seconds=10, what="Redis being missed")
            assert away["redis"] == {"answers": False, "memory_bytes": None, "limit_bytes": None, "evicted_keys": None}
            assert (away["methods"], away["process"]["errors"] > 0) == ([], True)
        back = until(lambda: _look(reader, answers=True), within_seconds=20, what="Redis being asked again")
        assert back["redis"]["memory_bytes"] > 0

    def test_it_is_for_admins(self, author: Member, viewer: Member) -> None:
        assert_problem(author.api.get("/cache"), 403, "forbidden")
        assert_problem(viewer.api.get("/cache"), 403, "forbidden")


class TestInvalidations:
    def test_what_was_made_of_a_report_that_is_forgotten_is_made_again(self, system: System) -> None:
        admin = workplace(system)
        report = add_report(admin)
        view = f"/reports/{report['id']}/view"
        admin.api.get(view)
        assert admin.api.get(view).headers["broadsheet-cache"] == "hit"
        before = data(admin, report).json["as_of"]
        assert data(admin, report).json["as_of"] == before
        answer = admin.api.post("/cache/invalidations", {"report_id": report["id"]})
        assert (answer.status, answer.body) == (204, b"")
        assert admin.api.get(view).headers["broadsheet-cache"] == "miss"
        after = data(admin, report).json["as_of"]
        assert after > before
        assert data(admin, report).json["as_of"] == after

    def test_a_data_source_that_is_forgotten_is_asked_again(self, reader: Member) -> None:
        report = add_report(reader)
        before = data(reader, report).json["as_of"]
        assert reader.api.post("/cache/invalidations", {"source_id": _source(reader)["id"]}).status == 204
        assert data(reader, report).json["as_of"] > before

    @pytest.mark.parametrize("body", [{}, {"report_id": None}, {"report_id": new_id(), "source_id": new_id()}])
    def test_exactly_one_thing_is_forgotten_at_a_time(self, reader: Member, body: Json) -> None:
        problem = assert_problem(reader.api.post("/cache/invalidations", body), 422, "invalid_input")
        assert problem["errors"] == [{"pointer": "", "message": "Exactly one of report_id and source_id"}]

    @pytest.mark.parametrize("body", [{"report_id": "7"}, {"source_id": 7}, {"everything": True}])
    def test_what_is_no_id_is_a_mistake(self, reader: Member, body: Json) -> None:
        assert_problem(reader.api.post("/cache/invalidations", body), 422, "invalid_input")

    def test_another_organizations_things_cannot_be_told_from_unknown_ones(self, system: System, reader: Member) -> None:
        other = workplace(system)
        theirs = {"report_id": add_report(other)["id"], "source_id": _source(other)["id"]}
        for name, value in theirs.items():
            found = assert_problem(reader.api.post("/cache/invalidations", {name: value}), 404, "not_found")
            unknown = assert_problem(reader.api.post("/cache/invalidations", {name: new_id()}), 404, "not_found")
            assert {**found, "request_id": ""} == {**unknown, "request_id": ""}

    def test_it_is_for_admins(self, reader: Member, author: Member, viewer: Member, airlines: Json) -> None:
        for member in (author, viewer):
            for body in ({"report_id": airlines["id"]}, {"source_id": _source(reader)["id"]}):
                assert_problem(member.api.post("/cache/invalidations", body), 403, "forbidden")


class TestRefreshed:
    def test_an_author_says_that_data_has_changed_and_readers_see_it_at_once(self, system: System) -> None:
        admin = workplace(system)
        author = system.member(admin, Role.AUTHOR)
        report = add_report(admin)
        before = data(admin, report).json["as_of"]
        assert data(admin, report).json["as_of"] == before
        answer = author.api.post(f"/data-sources/{_source(admin)['id']}/refreshed")
        assert answer.status == 200
        assert answer.json["refreshed_at"] > before
        assert data(admin, report).json["as_of"] >= answer.json["refreshed_at"]

    def test_the_data_source_says_when_that_was(self, system: System) -> None:
        admin = workplace(system)
        source = _source(admin)
        assert source["refreshed_at"] is None
        refreshed = admin.api.post(f"/data-sources/{source['id']}/refreshed").json
        assert _source(admin) == refreshed
        assert admin.api.get(f"/data-sources/{source['id']}").json == refreshed

    def test_a_viewer_may_not_say_so(self, reader: Member, viewer: Member) -> None:
        assert_problem(viewer.api.post(f"/data-sources/{_source(reader)['id']}/refreshed"), 403, "forbidden")
