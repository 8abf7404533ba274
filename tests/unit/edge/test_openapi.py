"""``openapi.json``: generated from the declared endpoints, complete and sound."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from web.edge import api, openapi
from web.edge.endpoints import Registry
from web.edge.problems import MEDIA_TYPE


@pytest.fixture(scope="module")
def registry() -> Registry:
    return api.install(Flask("test"))


@pytest.fixture(scope="module")
def document(registry: Registry) -> Any:
    return json.loads(json.dumps(openapi.document(registry, api.BASE)))


def test_every_declared_endpoint_is_described(registry: Registry, document: Any) -> None:
    described = {(method.upper(), path) for path, operations in document["paths"].items() for method in operations}
    assert len(described) == len(registry)
    assert {method for method, _ in described} == {declared.method for declared in registry}


def test_every_route_below_the_api_is_declared(document: Any) -> None:
    app = Flask("test")
    api.install(app)
    routes = {
        (method, openapi._PATH_ARGUMENT.sub(r"{\2}", rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(api.BASE)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == {(method.upper(), path) for path, operations in document["paths"].items() for method in operations}


def test_every_operation_has_a_name_of_its_own(document: Any) -> None:
    names = Counter(operation["operationId"] for operation in _operations(document))
    assert [name for name, count in names.items() if count > 1] == []


def test_every_reference_leads_somewhere(document: Any) -> None:
    for reference in _references(document):
        found = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert found


def test_every_operation_says_what_it_does(document: Any) -> None:
    assert [
        operation["operationId"] for operation in _operations(document) if not operation["summary"].endswith((".", "=…``."))
    ] == []


def test_every_operation_says_what_an_error_looks_like(document: Any) -> None:
    for operation in _operations(document):
        assert MEDIA_TYPE in operation["responses"]["default"]["content"]


def test_every_part_of_a_path_is_a_described_parameter(document: Any) -> None:
    for path, operations in document["paths"].items():
        for operation in operations.values():
            named = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"}
            assert named == {part.strip("{}") for part in path.split("/") if part.startswith("{")}


def test_only_signing_in_is_open_to_everybody(document: Any) -> None:
    assert [operation["operationId"] for operation in _operations(document) if operation.get("security") == []] == ["post_session"]


def test_ids_are_declared_as_ids(document: Any) -> None:
    for operation in _operations(document):
        for parameter in operation["parameters"]:
            if parameter["in"] == "path" and parameter["name"].endswith("_id"):
                assert parameter["schema"] == {"type": "string", "format": "uuid"}


def _operations(document: Any) -> Iterator[Any]:
    for operations in document["paths"].values():
        yield from operations.values()


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for inner in part.values():
            yield from _references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _references(inner)
