"""How a declared view reads what comes in and writes what goes out."""

import json
from typing import Any

import msgspec
import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from web.edge import problems
from web.edge.endpoints import Registry, _pointer, endpoint


class Thing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    sizes: list[int] = []
    rest: dict[str, Any] = {}


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    app = Flask("test", static_folder=None)
    problems.install(app)
    registry: Registry = []
    things = Blueprint("things", __name__)

    @endpoint(things, registry, "POST", "/things", body=Thing, returns=Thing, status=201)
    def create(body: Thing) -> Thing:
        """Give the thing back."""
        return body

    @endpoint(things, registry, "PUT", "/text", body=str, returns=str)
    def text(body: str) -> dict[str, str]:
        """Give the text back."""
        return {"text": body}

    @endpoint(things, registry, "GET", "/things", returns=dict)
    def listed(limit: int = 50, name: str | None = None) -> dict[str, Any]:
        """Give the arguments back."""
        return {"limit": limit, "name": name}

    @endpoint(things, registry, "DELETE", "/things/<uuid:thing_id>", status=204)
    def remove(thing_id: str) -> None:
        """Nothing."""

    @endpoint(things, registry, "GET", "/bug", returns=dict)
    def bug() -> None:
        """Our own fault."""
        raise RuntimeError("secret details")

    app.register_blueprint(things)
    return app.test_client()


def _post(client: FlaskClient, body: Any, content_type: str = "application/json") -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post("/things", data=raw, content_type=content_type)


def _problem(response: Any, status: int, code: str) -> Any:
    assert response.status_code == status, response.data
    assert response.content_type == "application/problem+json"
    assert response.json["code"] == code
    return response.json


def test_a_right_body_arrives_typed_and_an_answer_leaves_as_json(client: FlaskClient) -> None:
    answer = _post(client, {"name": "a", "sizes": [1, 2]})
    assert answer.status_code == 201
    assert answer.json == {"name": "a", "sizes": [1, 2], "rest": {}}
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("body", [b"", b"{", b"{'name': 'a'}", b"\xff\xfe", b'{"name": "\\ud800"}', b'{"name": "a",}'])
def test_what_is_not_json_is_malformed(client: FlaskClient, body: bytes) -> None:
    _problem(_post(client, body), 400, "malformed_request")


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_json_that_is_nested_too_deep_is_malformed(client: FlaskClient, opening: bytes) -> None:
    _problem(_post(client, b'{"name": "a", "rest": {"x": ' + opening * 100_000), 400, "malformed_request")


def test_a_little_nesting_is_fine(client: FlaskClient) -> None:
    assert _post(client, {"name": "a", "rest": {"x": [[[{"y": [1]}]]]}}).status_code == 201


@pytest.mark.parametrize("body", [b'{"name": "a\\u0000b"}', b'{"name": "a", "rest": {"\\u0000": 1}}'])
def test_nul_characters_are_refused_wherever_they_are(client: FlaskClient, body: bytes) -> None:
    _problem(_post(client, body), 400, "malformed_request")


def test_a_backslash_before_u0000_is_just_text(client: FlaskClient) -> None:
    assert _post(client, {"name": "\\u0000"}).json["name"] == "\\u0000"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"name": 7}, "/name"),
        ({}, ""),
        ({"name": "a", "nmae": "b"}, ""),
        ({"name": "a", "sizes": [1, "two"]}, "/sizes/1"),
        ({"name": "a", "sizes": None}, "/sizes"),
        ([], ""),
        (None, ""),
    ],
    ids=["type", "missing", "unknown", "item", "null", "list", "nothing"],
)
def test_a_body_that_does_not_fit_is_told_with_the_place(client: FlaskClient, body: Any, pointer: str) -> None:
    [problem] = _problem(_post(client, body), 422, "invalid_input")["errors"]
    assert problem["message"]
    assert problem["pointer"] == pointer


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""])
def test_json_has_to_say_that_it_is(client: FlaskClient, content_type: str) -> None:
    _problem(_post(client, {"name": "a"}, content_type), 415, "unsupported_media_type")


def test_a_charset_after_the_content_type_is_fine(client: FlaskClient) -> None:
    assert _post(client, {"name": "a"}, "application/json; charset=utf-8").status_code == 201


@pytest.mark.parametrize("content_type", ["text/markdown", "text/markdown; charset=utf-8", "text/plain"])
def test_a_text_comes_as_markdown_or_plain(client: FlaskClient, content_type: str) -> None:
    assert client.put("/text", data="# Grüße".encode(), content_type=content_type).json == {"text": "# Grüße"}


def test_a_text_that_is_not_utf_8_is_told_with_the_byte(client: FlaskClient) -> None:
    problem = _problem(client.put("/text", data=b"abc\xff", content_type="text/markdown"), 400, "malformed_request")
    assert "byte 3 is 0xff" in problem["detail"]


def test_arguments_of_the_query_string_arrive_by_their_types(client: FlaskClient) -> None:
    assert client.get("/things?limit=7&name=a").json == {"limit": 7, "name": "a"}
    assert client.get("/things").json == {"limit": 50, "name": None}


@pytest.mark.parametrize("limit", ["", "many", "1.5", "0x10", "9" * 5000, "∞"])
def test_an_argument_of_the_wrong_type_is_told_by_name(client: FlaskClient, limit: str) -> None:
    [problem] = _problem(client.get("/things", query_string={"limit": limit}), 422, "invalid_input")["errors"]
    assert problem["pointer"] == "/query/limit"


def test_no_answer_has_no_body(client: FlaskClient) -> None:
    answer = client.delete("/things/0190a7a0-0000-7000-8000-000000000000")
    assert (answer.status_code, answer.data) == (204, b"")


def test_what_is_no_id_is_not_found(client: FlaskClient) -> None:
    _problem(client.delete("/things/seven"), 404, "not_found")


def test_a_wrong_method_is_told_with_the_right_ones(client: FlaskClient) -> None:
    answer = client.put("/things")
    _problem(answer, 405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]


def test_our_own_fault_tells_nothing_of_its_details(client: FlaskClient) -> None:
    _problem(client.get("/bug"), 500, "internal")
    assert b"secret" not in client.get("/bug").data


@given(st.binary(max_size=200))
def test_no_body_is_our_fault(client: FlaskClient, body: bytes) -> None:
    assert _post(client, body).status_code in (201, 400, 422)


@pytest.mark.parametrize(
    ("path", "pointer"), [("", ""), (".name`", "/name"), (".sizes[1]`", "/sizes/1"), (".a.b[0].c`", "/a/b/0/c"), (".a[...]`", "/a")]
)
def test_a_place_in_a_body_becomes_a_json_pointer(path: str, pointer: str) -> None:
    assert _pointer(path) == pointer
