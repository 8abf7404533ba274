"""What was changed is not read as it was before, by any worker of the edge, from the answer to the change on."""

import time

from tests.support.api import Answer, Api
from tests.support.reading import ENOUGH, at_once, settled
from tests.support.system import Member, System
from tests.support.texts import one_query
from tests.support.workplace import Json, add_report, data, viewer_of, workplace

#: How long a token may be taken for good after it was revoked.
PROMPT_SECONDS = 1.0


def _change(member: Member, report: Json, sql: str) -> Answer:
    answer = member.api.call("PUT", f"/reports/{report['id']}", one_query(sql, title="Changed"))
    assert answer.status == 200, answer.body
    return answer


def test_after_a_change_every_reader_sees_the_new_version(reader: Member) -> None:
    report = add_report(reader, sql="select 1 as version")
    settled(reader, report)
    for version in range(2, 5):
        _change(reader, report, f"select {version} as version")
        assert [data(reader, report).json["data"] for _ in range(ENOUGH)] == [[[version]]] * ENOUGH
        seen = {reader.api.get(f"/reports/{report['id']}").json["version"] for _ in range(ENOUGH)}
        views = {reader.api.get(f"/reports/{report['id']}/view").json["report"]["version"] for _ in range(ENOUGH)}
        assert (seen, views) == ({version}, {version})


def test_many_readers_while_it_changes_end_at_the_new_version(reader: Member) -> None:
    report = add_report(reader, sql="select 0 as version")
    for version in range(1, 6):
        _change(reader, report, f"select {version} as version")
        seen = at_once(8, lambda: data(reader, report).json["data"][0][0])
        assert set(seen) == {version}


def test_a_data_source_that_is_gone_gives_nothing_that_was_read_of_it(system: System) -> None:
    admin = workplace(system)
    report = add_report(admin)
    settled(admin, report)
    [source] = admin.api.get("/data-sources").json["items"]
    assert admin.api.call("DELETE", f"/data-sources/{source['id']}").status == 204
    assert {data(admin, report).status for _ in range(ENOUGH)} == {404}


def _refused_soon(api: Api, path: str, headers: dict[str, str] | None = None) -> None:
    """Nobody takes the credential for good once a second is over."""
    time.sleep(PROMPT_SECONDS)
    assert [api.call("GET", path, None, headers).status for _ in range(ENOUGH)] == [401] * ENOUGH


def test_a_revoked_token_is_refused_by_every_worker_within_a_second(system: System, admin: Member) -> None:
    made = admin.api.post("/tokens", {"name": "short-lived"}).json
    api = Api(system.url, made["token"])
    assert [api.get("/me").status for _ in range(ENOUGH)] == [200] * ENOUGH
    assert admin.api.call("DELETE", f"/tokens/{made['id']}").status == 204
    _refused_soon(api, "/me")


def test_a_session_that_was_ended_is_refused_by_every_worker_within_a_second(system: System, admin: Member) -> None:
    opened = Api(system.url).post("/session", {"email": admin.email, "password": admin.password})
    cookie = {"Cookie": opened.headers["set-cookie"].split(";")[0]}
    nobody = Api(system.url)
    assert [nobody.call("GET", "/me", None, cookie).status for _ in range(ENOUGH)] == [200] * ENOUGH
    csrf = {"X-CSRF-Token": nobody.call("GET", "/me", None, cookie).json["csrf_token"]}
    assert nobody.call("DELETE", "/session", None, cookie | csrf).status == 204
    _refused_soon(nobody, "/me", cookie)


def test_a_person_who_was_deleted_is_refused_by_every_worker_within_a_second(system: System, admin: Member) -> None:
    viewer = viewer_of(system, admin)
    assert [viewer.api.get("/me").status for _ in range(ENOUGH)] == [200] * ENOUGH
    assert admin.api.call("DELETE", f"/users/{viewer.principal.user_id}").status == 204
    _refused_soon(viewer.api, "/me")


def test_a_person_who_got_another_role_has_it_everywhere(system: System, admin: Member) -> None:
    viewer = viewer_of(system, admin)
    assert {viewer.api.get("/me").json["user"]["role"] for _ in range(ENOUGH)} == {"viewer"}
    assert admin.api.call("PATCH", f"/users/{viewer.principal.user_id}", {"role": "author"}).status == 200
    time.sleep(PROMPT_SECONDS)
    assert {viewer.api.get("/me").json["user"]["role"] for _ in range(ENOUGH)} == {"author"}
