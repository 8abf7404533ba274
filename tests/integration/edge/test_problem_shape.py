"""Every error has one shape, on every route and with every method: driven by the document that describes the API."""

import json
import uuid
from typing import Any

import pytest
from flask import Flask

from tests.support.api import Api
from tests.support.problems import assert_problem
from tests.support.system import Member, System
from web.edge import api, openapi

DOCUMENT = json.loads(json.dumps(openapi.document(api.install(Flask("test")), api.BASE)))
PATHS: dict[str, Any] = DOCUMENT["paths"]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
PLAIN = {"version": "1", "query": "numbers", "name": "file.csv"}


def address(path: str) -> str:
    """An address of this path where nothing is."""
    for parameter in [part[1:-1] for part in path.split("/") if part.startswith("{")]:
        path = path.replace(f"{{{parameter}}}", PLAIN.get(parameter, str(uuid.uuid4())))
    return path


@pytest.mark.parametrize("path", sorted(PATHS))
def test_whoever_is_not_signed_in_gets_a_problem(system: System, path: str) -> None:
    for method, operation in PATHS[path].items():
        if operation.get("security") != []:
            answer = Api(system.url).call(method.upper(), address(path))
            assert_problem(answer, 401, "unauthenticated")
            assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("path", sorted(PATHS))
def test_a_method_that_is_not_there_gets_a_problem_with_those_that_are(reader: Member, path: str) -> None:
    declared = {method.upper() for method in PATHS[path]}
    for method in set(METHODS) - declared:
        answer = reader.api.call(method, address(path))
        assert_problem(answer, 405, "method_not_allowed")
        assert declared <= set(answer.headers["allow"].split(", "))


@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v2/reports", "/api/v1/reports/7", "/api/v1/runs/x"]
)
def test_an_address_that_is_not_there_gets_a_problem_with_every_method(reader: Member, path: str) -> None:
    for method in METHODS:
        assert_problem(reader.api.beside(method, path), 404, "not_found")


@pytest.mark.parametrize(
    "path", ["/assets/nothing.js", "/api/v1/../../etc/passwd", "/assets/../pyproject.toml", "/api/v1/%00", "/api/v1/%ff"]
)
def test_no_address_is_our_fault(reader: Member, path: str) -> None:
    assert_problem(reader.api.beside("GET", path), 404, "not_found")


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/openapi.json"])
def test_pages_beside_the_api_answer_wrong_methods_with_problems(system: System, path: str) -> None:
    assert_problem(Api(system.url).beside("DELETE", path), 405, "method_not_allowed")


def test_the_served_document_is_the_generated_one(system: System) -> None:
    assert Api(system.url).get("/openapi.json").json == DOCUMENT


def test_a_request_keeps_the_id_that_it_came_with(reader: Member) -> None:
    problem = assert_problem(reader.api.call("GET", "/nothing", None, {"X-Request-ID": "from-the-proxy-7"}), 404)
    assert problem["request_id"] == "from-the-proxy-7"
