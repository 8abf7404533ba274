"""Sign-in, sessions and CSRF."""

import json

from tests.support.api import Api
from tests.support.system import Member, System


def _sign_in(system: System, member: Member) -> tuple[str, str]:
    answer = Api(system.url).post("/session", {"email": member.email, "password": member.password})
    assert answer.status == 200
    cookie = answer.headers["set-cookie"].split(";")[0]
    return cookie, answer.json["csrf_token"]


def test_a_person_signs_in_and_is_known_by_the_cookie(system: System, admin: Member) -> None:
    cookie, csrf_token = _sign_in(system, admin)
    me = Api(system.url).get("/me", Cookie=cookie)
    assert me.json["user"]["email"] == admin.email
    assert me.json["csrf_token"] == csrf_token


def test_a_wrong_password_and_an_unknown_address_are_told_in_the_same_words(system: System, admin: Member) -> None:
    wrong = Api(system.url).post("/session", {"email": admin.email, "password": "not the password"})
    unknown = Api(system.url).post("/session", {"email": "nobody@example.com", "password": "not the password"})
    assert wrong.status == unknown.status == 401
    assert wrong.json["code"] == "wrong_credentials"
    assert {**wrong.json, "request_id": ""} == {**unknown.json, "request_id": ""}


def test_an_unsafe_method_under_a_cookie_needs_the_csrf_token(system: System, admin: Member) -> None:
    cookie, csrf_token = _sign_in(system, admin)
    api = Api(system.url)
    refused = api.call("POST", "/tokens", {"name": "x"}, {"Cookie": cookie})
    assert (refused.status, refused.json["code"]) == (403, "csrf_failed")
    accepted = api.call("POST", "/tokens", {"name": "x"}, {"Cookie": cookie, "X-CSRF-Token": csrf_token})
    assert accepted.status == 201


def test_a_closed_session_no_longer_counts(system: System, admin: Member) -> None:
    cookie, csrf_token = _sign_in(system, admin)
    api = Api(system.url)
    assert api.call("DELETE", "/session", None, {"Cookie": cookie, "X-CSRF-Token": csrf_token}).status == 204
    assert api.get("/me", Cookie=cookie).status == 401


def test_the_session_cookie_is_out_of_reach_of_scripts(system: System, admin: Member) -> None:
    answer = Api(system.url).post("/session", {"email": admin.email, "password": admin.password})
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "SameSite=Lax" in answer.headers["set-cookie"]
    assert admin.password not in json.dumps(answer.json)
