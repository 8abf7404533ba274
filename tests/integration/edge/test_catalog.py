"""Reports with immutable versions, and data sources whose passwords never come back."""

import json

import pytest

from broadsheet.ids import new_id
from tests.support.database import rows
from tests.support.problems import assert_problem
from tests.support.system import Member, System
from tests.support.texts import one_query
from tests.support.workplace import Json, add_report, add_source, data, source_order, workplace


class TestReports:
    def test_a_new_report_is_there_as_version_one(self, admin: Member) -> None:
        text = one_query(title="Airlines", front="description: All of them")
        answer = admin.api.post("/reports", text)
        assert answer.status == 201
        assert answer.headers["location"] == f"/api/v1/reports/{answer.json['id']}"
        assert answer.headers["etag"] == '"v1"'
        found = admin.api.get(f"/reports/{answer.json['id']}")
        assert found.json == answer.json
        shown = {name: found.json[name] for name in ("title", "description", "version", "text", "updated_by")}
        assert shown == {
            "title": "Airlines",
            "description": "All of them",
            "version": 1,
            "text": text,
            "updated_by": admin.principal.user_id,
        }

    def test_a_report_does_not_tell_its_organization(self, admin: Member) -> None:
        assert "organization_id" not in add_report(admin)

    def test_every_version_stays_as_it_was(self, admin: Member) -> None:
        report = add_report(admin, title="One")
        for title in ("Two", "Three"):
            admin.api.call("PUT", f"/reports/{report['id']}", one_query(title=title))
        versions = admin.api.get(f"/reports/{report['id']}/versions").json["items"]
        assert [(item["version"], item["title"]) for item in versions] == [(3, "Three"), (2, "Two"), (1, "One")]
        for version, title in enumerate(("One", "Two", "Three"), start=1):
            found = admin.api.get(f"/reports/{report['id']}/versions/{version}").json
            assert (found["version"], found["text"]) == (version, one_query(title=title))

    def test_versions_come_page_by_page(self, admin: Member) -> None:
        report = add_report(admin, title="1")
        for title in range(2, 6):
            admin.api.call("PUT", f"/reports/{report['id']}", one_query(title=str(title)))
        first = admin.api.get(f"/reports/{report['id']}/versions?limit=3").json
        rest = admin.api.get(f"/reports/{report['id']}/versions?limit=3&cursor={first['next_cursor']}").json
        assert [item["version"] for item in first["items"] + rest["items"]] == [5, 4, 3, 2, 1]
        assert rest["next_cursor"] is None

    @pytest.mark.parametrize("version", ["2", "0", "2147483648", "9" * 40])
    def test_a_version_that_is_not_there_is_not_found(self, airlines: Json, reader: Member, version: str) -> None:
        assert_problem(reader.api.get(f"/reports/{airlines['id']}/versions/{version}"), 404, "not_found")

    def test_an_equal_text_is_no_new_version(self, admin: Member) -> None:
        report = add_report(admin)
        again = admin.api.call("PUT", f"/reports/{report['id']}", report["text"])
        assert again.status == 200
        assert again.json == report
        assert len(admin.api.get(f"/reports/{report['id']}/versions").json["items"]) == 1

    def test_a_change_of_an_old_version_is_refused(self, admin: Member) -> None:
        report = add_report(admin)
        path, headers = f"/reports/{report['id']}", {"If-Match": '"v1"'}
        assert admin.api.call("PUT", path, one_query(title="First"), headers).headers["etag"] == '"v2"'
        problem = assert_problem(admin.api.call("PUT", path, one_query(title="Second"), headers), 412, "precondition_failed")
        assert "version 2" in problem["detail"]
        assert admin.api.get(path).json["title"] == "First"

    def test_without_a_condition_the_last_one_wins(self, admin: Member) -> None:
        path = f"/reports/{add_report(admin)['id']}"
        admin.api.call("PUT", path, one_query(title="First"))
        assert admin.api.call("PUT", path, one_query(title="Second"), {"If-Match": "*"}).json["version"] == 3

    def test_a_deleted_report_is_not_there_any_more(self, admin: Member) -> None:
        path = f"/reports/{add_report(admin)['id']}"
        assert admin.api.call("DELETE", path).status == 204
        for below in ("", "/versions", "/versions/1", "/view", "/queries/numbers/data", "/editions"):
            assert_problem(admin.api.get(f"{path}{below}"), 404, "not_found")
        assert_problem(admin.api.call("DELETE", path), 404, "not_found")
        assert_problem(admin.api.post(f"{path}/runs", {"formats": ["csv"]}), 404, "not_found")
        assert admin.api.get("/reports").json["items"] == []

    def test_reports_are_listed_last_changed_first(self, admin: Member) -> None:
        first, second = add_report(admin, title="First"), add_report(admin, title="Second")
        assert [item["id"] for item in admin.api.get("/reports").json["items"]] == [second["id"], first["id"]]
        admin.api.call("PUT", f"/reports/{first['id']}", one_query(title="First again"))
        assert [item["title"] for item in admin.api.get("/reports").json["items"]] == ["First again", "Second"]

    def test_pages_stay_put_while_others_add_reports(self, admin: Member) -> None:
        made = [add_report(admin, title=str(number))["id"] for number in range(5)]
        first = admin.api.get("/reports?limit=2").json
        add_report(admin, title="in between")
        seen = [item["id"] for item in first["items"]]
        cursor = first["next_cursor"]
        while cursor is not None:
            page = admin.api.get(f"/reports?limit=2&cursor={cursor}").json
            seen += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]
        assert seen == list(reversed(made))

    def test_who_writes_sees_it_at_once(self, admin: Member) -> None:
        for number in range(10):
            report = add_report(admin, title=str(number))
            assert admin.api.get(f"/reports/{report['id']}").json["title"] == str(number)


class TestDataSources:
    def test_a_data_source_comes_back_without_its_password(self, system: System, admin: Member) -> None:
        password = f"secret {new_id()}"
        made = add_source(system, admin, password=password)
        changed = admin.api.call("PATCH", f"/data-sources/{made['id']}", {"password": f"{password}2"})
        shown = [made, changed.json, admin.api.get("/data-sources").json, admin.api.get(f"/data-sources/{made['id']}").json]
        assert "password" not in json.dumps(shown)
        assert password not in json.dumps(shown)

    def test_a_password_is_nowhere_in_clear(self, system: System, admin: Member) -> None:
        password = f"secret-{new_id()}"
        made = add_source(system, admin, password=password)
        admin.api.post(f"/data-sources/{made['id']}/test")
        data(admin, add_report(admin))
        [(row,)] = rows(system.stack, "select row_to_json(s)::text from catalog.data_sources s where id = %s", made["id"])
        assert password not in row
        assert password not in system.log()

    def test_a_password_that_works_is_not_in_any_log_either(self, system: System) -> None:
        admin = workplace(system)
        assert data(admin, add_report(admin)).status == 200
        assert source_order(system)["password"] not in system.log()

    def test_a_data_source_that_answers_says_so(self, system: System, admin: Member) -> None:
        made = add_source(system, admin)
        report = admin.api.post(f"/data-sources/{made['id']}/test").json
        assert report["ok"] is True
        assert int(report["server_version"].split(".")[0]) >= 15

    def test_a_name_is_taken_once_in_an_organization_and_free_in_another(self, system: System, admin: Member) -> None:
        add_source(system, admin)
        assert_problem(admin.api.post("/data-sources", source_order(system)), 409, "conflict")
        add_source(system, system.organization())

    def test_every_mistake_of_a_data_source_is_told_at_once(self, system: System, admin: Member) -> None:
        order = source_order(system, name="!", kind="oracle", host="a/b", port=0, replicas=["x"])
        problem = assert_problem(admin.api.post("/data-sources", order), 422, "invalid_input")
        assert [mistake["pointer"] for mistake in problem["errors"]] == ["/name", "/kind", "/host", "/port", "/replicas/0"]

    def test_a_change_is_held_to_the_same_rules(self, system: System, admin: Member) -> None:
        made = add_source(system, admin)
        answer = admin.api.call("PATCH", f"/data-sources/{made['id']}", {"host": "evil.example.com/?", "port": 99999})
        problem = assert_problem(answer, 422, "invalid_input")
        assert [mistake["pointer"] for mistake in problem["errors"]] == ["/host", "/port"]

    def test_a_changed_data_source_is_read_anew_at_once(self, system: System, admin: Member) -> None:
        made = add_source(system, admin, port=1)
        report = add_report(admin)
        assert_problem(data(admin, report), 503, "source_unavailable")
        admin.api.call("PATCH", f"/data-sources/{made['id']}", {"port": source_order(system)["port"]})
        assert data(admin, report).json["row_count"] == 16

    def test_data_sources_are_listed_page_by_page_by_name(self, system: System, admin: Member) -> None:
        names = ["sales", "costs", "stock", "people", "a-1"]
        for name in names:
            add_source(system, admin, name=name)
        first = admin.api.get("/data-sources?limit=2").json
        add_source(system, admin, name="before-all")
        seen = [item["name"] for item in first["items"]]
        cursor = first["next_cursor"]
        while cursor is not None:
            page = admin.api.get(f"/data-sources?limit=2&cursor={cursor}").json
            seen += [item["name"] for item in page["items"]]
            cursor = page["next_cursor"]
        assert seen == ["a-1", "costs", "people", "sales", "stock"]

    def test_a_removed_data_source_is_not_read_any_more(self, system: System, admin: Member) -> None:
        made = add_source(system, admin)
        report = add_report(admin)
        assert data(admin, report).status == 200
        assert admin.api.call("DELETE", f"/data-sources/{made['id']}").status == 204
        assert_problem(data(admin, report), 404, "not_found")
