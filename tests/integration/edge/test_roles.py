"""Who may do what, people of an organization, and API tokens."""

import json
from typing import Any

import pytest

from broadsheet.contracts.base import Role
from broadsheet.crypto import token_hash
from broadsheet.ids import new_id
from tests.support.api import Api
from tests.support.database import rows
from tests.support.problems import assert_problem
from tests.support.system import PASSWORD, Member, System
from tests.support.texts import one_query
from tests.support.waiting import until
from tests.support.workplace import Json, add_report, source_order, viewer_of


@pytest.fixture(scope="module")
def viewer(system: System, reader: Member) -> Member:
    return viewer_of(system, reader)


@pytest.fixture(scope="module")
def author(system: System, reader: Member) -> Member:
    return system.member(reader, Role.AUTHOR)


def _new_user(**changes: Any) -> Json:
    return {"email": f"{new_id()}@example.com", "name": "Grace", "password": PASSWORD, "role": "viewer"} | changes


def _add_user(admin: Member, **changes: Any) -> Json:
    answer = admin.api.post("/users", _new_user(**changes))
    assert answer.status == 201, answer.body
    made: Json = answer.json
    return made


def _sign_in(system: System, email: str, password: str = PASSWORD) -> Any:
    return Api(system.url).post("/session", {"email": email, "password": password})


def _cookie(system: System, email: str) -> str:
    return str(_sign_in(system, email).headers["set-cookie"].split(";")[0])


class TestViewer:
    def test_a_viewer_reads_and_runs(self, viewer: Member, airlines: Json) -> None:
        assert viewer.api.get(f"/reports/{airlines['id']}").status == 200
        assert viewer.api.get(f"/reports/{airlines['id']}/view").status == 200
        assert viewer.api.get(f"/reports/{airlines['id']}/queries/numbers/data").status == 200
        assert viewer.api.post(f"/reports/{airlines['id']}/runs", {"formats": ["csv"]}).status == 202

    def test_a_viewer_changes_no_report(self, viewer: Member, airlines: Json) -> None:
        assert_problem(viewer.api.post("/reports", one_query()), 403, "forbidden")
        assert_problem(viewer.api.call("PUT", f"/reports/{airlines['id']}", one_query()), 403, "forbidden")
        assert_problem(viewer.api.call("DELETE", f"/reports/{airlines['id']}"), 403, "forbidden")

    def test_a_viewer_touches_no_data_source(self, system: System, reader: Member, viewer: Member) -> None:
        source_id = reader.api.get("/data-sources").json["items"][0]["id"]
        assert_problem(viewer.api.post("/data-sources", source_order(system, name="mine")), 403, "forbidden")
        assert_problem(viewer.api.call("PATCH", f"/data-sources/{source_id}", {"host": "mine"}), 403, "forbidden")
        assert_problem(viewer.api.call("DELETE", f"/data-sources/{source_id}"), 403, "forbidden")
        assert_problem(viewer.api.post(f"/data-sources/{source_id}/test"), 403, "forbidden")
        assert_problem(viewer.api.get(f"/data-sources/{source_id}/schema"), 403, "forbidden")

    def test_a_viewer_sees_and_changes_no_people_but_oneself(self, reader: Member, viewer: Member) -> None:
        assert_problem(viewer.api.get("/users"), 403, "forbidden")
        assert_problem(viewer.api.post("/users", _new_user()), 403, "forbidden")
        assert_problem(viewer.api.get(f"/users/{reader.principal.user_id}"), 403, "forbidden")
        assert_problem(viewer.api.call("PATCH", f"/users/{viewer.principal.user_id}", {"role": "admin"}), 403, "forbidden")
        assert_problem(viewer.api.call("DELETE", f"/users/{reader.principal.user_id}"), 403, "forbidden")
        assert viewer.api.get(f"/users/{viewer.principal.user_id}").json["email"] == viewer.email

    def test_a_viewer_sees_nobody_elses_runs(self, reader: Member, viewer: Member, airlines: Json) -> None:
        run = reader.api.post(f"/reports/{airlines['id']}/runs", {"formats": ["csv"]}).json
        assert_problem(viewer.api.get(f"/runs/{run['id']}"), 404, "not_found")
        assert_problem(viewer.api.post(f"/runs/{run['id']}/cancel"), 404, "not_found")
        assert run["id"] not in [item["id"] for item in viewer.api.get("/runs").json["items"]]

    def test_an_admin_sees_everybodys_runs(self, reader: Member, viewer: Member, airlines: Json) -> None:
        run = viewer.api.post(f"/reports/{airlines['id']}/runs", {"formats": ["csv"]}).json
        assert reader.api.get(f"/runs/{run['id']}").status == 200
        assert run["id"] in [item["id"] for item in reader.api.get("/runs").json["items"]]


class TestAuthor:
    def test_an_author_writes_reports(self, author: Member) -> None:
        report = add_report(author)
        assert author.api.call("PUT", f"/reports/{report['id']}", one_query(title="Another")).json["version"] == 2
        assert author.api.call("DELETE", f"/reports/{report['id']}").status == 204

    def test_an_author_sees_what_there_is_to_query(self, reader: Member, author: Member) -> None:
        [source] = author.api.get("/data-sources").json["items"]
        tables = author.api.get(f"/data-sources/{source['id']}/schema").json
        assert {"airlines", "airports", "flights", "planes", "weather"} <= {table["name"] for table in tables}
        [carriers] = [table for table in tables if table["name"] == "airlines"]
        assert carriers["columns"] == [{"name": "carrier", "type": "text"}, {"name": "name", "type": "text"}]

    def test_an_author_makes_no_data_source_and_no_people(self, system: System, author: Member) -> None:
        assert_problem(author.api.post("/data-sources", source_order(system, name="mine")), 403, "forbidden")
        assert_problem(author.api.post("/users", _new_user()), 403, "forbidden")


class TestPeople:
    def test_a_new_person_can_sign_in_with_the_role_that_was_given(self, system: System, admin: Member) -> None:
        made = _add_user(admin, role="author", time_zone="Europe/Berlin", attributes={"region": "north"})
        me = _sign_in(system, made["email"]).json
        assert me["user"] == admin.api.get(f"/users/{made['id']}").json
        assert (me["user"]["role"], me["user"]["time_zone"]) == ("author", "Europe/Berlin")
        assert me["organization"]["id"] == admin.principal.organization_id

    def test_an_address_is_the_same_in_capitals(self, system: System, admin: Member) -> None:
        made = _add_user(admin)
        assert _sign_in(system, f" {made['email'].upper()} ").status == 200

    def test_an_address_that_is_taken_is_a_conflict(self, admin: Member) -> None:
        made = _add_user(admin)
        assert_problem(admin.api.post("/users", _new_user(email=made["email"].upper())), 409, "conflict")

    def test_every_mistake_of_a_new_person_is_told_at_once(self, admin: Member) -> None:
        problem = assert_problem(
            admin.api.post("/users", _new_user(email="x", name="", password="x", time_zone="x")), 422, "invalid_input"
        )
        assert [mistake["pointer"] for mistake in problem["errors"]] == ["/email", "/name", "/password", "/time_zone"]

    def test_an_unknown_role_is_refused(self, admin: Member) -> None:
        assert_problem(admin.api.post("/users", _new_user(role="owner")), 422, "invalid_input")

    def test_a_change_changes_only_what_is_given(self, admin: Member) -> None:
        made = _add_user(admin)
        changed = admin.api.call("PATCH", f"/users/{made['id']}", {"name": "Grace Hopper"}).json
        assert changed["name"] == "Grace Hopper"
        assert {**changed, "name": "", "created_at": ""} == {**made, "name": "", "created_at": ""}

    def test_a_change_to_no_name_is_refused(self, admin: Member) -> None:
        made = _add_user(admin)
        assert_problem(admin.api.call("PATCH", f"/users/{made['id']}", {"name": " "}), 422, "invalid_input")

    def test_the_last_admin_can_neither_go_nor_step_down(self, admin: Member) -> None:
        own = f"/users/{admin.principal.user_id}"
        assert_problem(admin.api.call("DELETE", own), 409, "conflict")
        assert_problem(admin.api.call("PATCH", own, {"role": "viewer"}), 409, "conflict")
        assert admin.api.get("/me").json["user"]["role"] == "admin"

    def test_an_admin_can_go_when_there_is_another(self, system: System, admin: Member) -> None:
        system.member(admin, Role.ADMIN)
        assert admin.api.call("DELETE", f"/users/{admin.principal.user_id}").status == 204

    def test_the_sessions_and_tokens_of_a_removed_person_end(self, system: System, admin: Member) -> None:
        gone = system.member(admin, Role.VIEWER)
        cookie = _cookie(system, gone.email)
        assert admin.api.call("DELETE", f"/users/{gone.principal.user_id}").status == 204
        until(lambda: gone.api.get("/me").status == 401, within_seconds=5, what="the token ending")
        until(lambda: Api(system.url).get("/me", Cookie=cookie).status == 401, within_seconds=5, what="the session ending")
        assert_problem(_sign_in(system, gone.email), 401, "wrong_credentials")

    def test_a_new_password_ends_sessions_and_tokens_and_is_the_only_one_that_counts(self, system: System, admin: Member) -> None:
        person = system.member(admin, Role.VIEWER)
        cookie = _cookie(system, person.email)
        admin.api.call("PATCH", f"/users/{person.principal.user_id}", {"password": "a wholly new password"})
        until(lambda: Api(system.url).get("/me", Cookie=cookie).status == 401, within_seconds=5, what="the session ending")
        assert_problem(_sign_in(system, person.email), 401, "wrong_credentials")
        assert _sign_in(system, person.email, "a wholly new password").status == 200

    def test_a_lower_role_counts_within_a_moment(self, system: System, admin: Member) -> None:
        author = system.member(admin, Role.AUTHOR)
        admin.api.call("PATCH", f"/users/{author.principal.user_id}", {"role": "viewer"})
        until(lambda: author.api.post("/reports", one_query()).status == 403, within_seconds=5, what="the lower role")

    def test_people_are_listed_page_by_page(self, admin: Member) -> None:
        made = {_add_user(admin)["id"] for _ in range(4)} | {admin.principal.user_id}
        seen: list[str] = []
        cursor = ""
        while cursor is not None:
            page = admin.api.get(f"/users?limit=2{cursor and '&cursor=' + cursor}").json
            seen += [user["id"] for user in page["items"]]
            cursor = page["next_cursor"]
        assert sorted(seen) == sorted(made)

    def test_no_password_ever_comes_back_or_lies_about(self, system: System, admin: Member) -> None:
        password = f"secret {new_id()}"
        made = _add_user(admin, password=password)
        shown = json.dumps([made, admin.api.get("/users").json, _sign_in(system, made["email"], password).json])
        assert "password" not in shown
        [(stored,)] = rows(system.stack, "select password_hash from accounts.users where id = %s", made["id"])
        assert stored.startswith("$argon2id$")
        assert password not in system.log()


class TestTokens:
    def test_a_token_is_shown_once_and_works(self, system: System, admin: Member) -> None:
        made = admin.api.post("/tokens", {"name": "for the nightly job"}).json
        assert Api(system.url, made["token"]).get("/me").json["user"]["id"] == admin.principal.user_id
        [listed] = [token for token in admin.api.get("/tokens").json["items"] if token["id"] == made["id"]]
        assert listed["token"] is None
        assert listed["name"] == "for the nightly job"
        assert made["token"].startswith(listed["prefix"])

    def test_tokens_are_listed_page_by_page_oldest_first(self, admin: Member) -> None:
        [own] = admin.api.get("/tokens").json["items"]
        made = [admin.api.post("/tokens", {"name": str(number)}).json["id"] for number in range(4)]
        seen: list[str] = []
        cursor = ""
        while cursor is not None:
            page = admin.api.get(f"/tokens?limit=2{cursor and '&cursor=' + cursor}").json
            seen += [token["id"] for token in page["items"]]
            cursor = page["next_cursor"]
        assert seen == [own["id"], *made]

    def test_a_token_is_stored_only_as_a_hash(self, system: System, admin: Member) -> None:
        made = admin.api.post("/tokens", {"name": "x"}).json
        [(row,)] = rows(system.stack, "select row_to_json(c)::text from accounts.credentials c where id = %s", made["id"])
        assert made["token"] not in row
        assert token_hash(made["token"]) in row
        assert made["token"] not in system.log()

    def test_a_revoked_token_ends_within_a_moment(self, system: System, admin: Member) -> None:
        made = admin.api.post("/tokens", {"name": "x"}).json
        api = Api(system.url, made["token"])
        assert api.get("/me").status == 200
        assert admin.api.call("DELETE", f"/tokens/{made['id']}").status == 204
        until(lambda: api.get("/me").status == 401, within_seconds=3, what="the token ending")

    def test_nobody_can_revoke_the_token_of_another(self, system: System, admin: Member) -> None:
        colleague = system.member(admin, Role.VIEWER)
        [token] = colleague.api.get("/tokens").json["items"]
        assert_problem(admin.api.call("DELETE", f"/tokens/{token['id']}"), 404, "not_found")

    def test_a_token_needs_no_csrf_token(self, admin: Member) -> None:
        assert admin.api.post("/tokens", {"name": "x"}).status == 201
        assert admin.api.get("/me").json["csrf_token"] == ""
