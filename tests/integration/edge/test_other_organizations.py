"""Another organization's things are not there: on every endpoint that takes an id, byte for byte as if the id were unknown."""

from collections.abc import Iterator
from typing import Any

import pytest

from broadsheet.ids import new_id
from tests.integration.edge.test_problem_shape import PATHS, PLAIN
from tests.support.api import Answer
from tests.support.problems import assert_problem
from tests.support.system import Member, System
from tests.support.texts import one_query
from tests.support.workplace import add_report, make, workplace

#: Bodies that are right, by the record that an endpoint takes; a new record needs a line here.
BODIES: dict[str, Any] = {
    "RunBody": {"formats": ["csv"]},
    "UserChange": {"name": "Mallory"},
    "DataSourceChange": {"user": "mallory"},
}


def _operations() -> Iterator[tuple[str, str]]:
    for path, operations in sorted(PATHS.items()):
        for method in operations:
            if any(part.endswith("_id}") for part in path.split("/")):
                yield method.upper(), path


@pytest.fixture(scope="module")
def theirs(system: System) -> dict[str, str]:
    """One of everything, in another organization, by the names of path parameters."""
    other = workplace(system)
    report = add_report(other)
    run = make(other, report, "csv")
    return {
        "report_id": report["id"],
        "run_id": run["id"],
        "name": run["artifacts"][0]["name"],
        "source_id": other.api.get("/data-sources").json["items"][0]["id"],
        "token_id": other.api.get("/tokens").json["items"][0]["id"],
        "user_id": other.principal.user_id,
    }


def _call(member: Member, method: str, path: str, ids: dict[str, str]) -> Answer:
    for name in [part[1:-1] for part in path.split("/") if part.startswith("{")]:
        path = path.replace(f"{{{name}}}", ids.get(name) or PLAIN[name])
    return member.api.call(method, path, _body(PATHS, method, path, ids), {"X-Request-ID": "the-same"})


def _body(paths: Any, method: str, path: str, ids: dict[str, str]) -> Any:
    declared = next(
        operations[method.lower()]
        for template, operations in paths.items()
        if method.lower() in operations and _fits(template, path)
    )
    if "requestBody" not in declared:
        return None
    [(media_type, content)] = declared["requestBody"]["content"].items()
    return one_query() if media_type == "text/markdown" else BODIES[content["schema"]["$ref"].rpartition("/")[2]]


def _fits(template: str, path: str) -> bool:
    parts, found = template.split("/"), path.split("/")
    return len(parts) == len(found) and all(a == b or a.startswith("{") for a, b in zip(parts, found, strict=True))


@pytest.mark.parametrize(("method", "path"), list(_operations()))
def test_another_organizations_id_cannot_be_told_from_an_unknown_one(
    reader: Member, theirs: dict[str, str], method: str, path: str
) -> None:
    unknown = _call(reader, method, path, {**theirs, **{name: new_id() for name in theirs if name.endswith("_id")}})
    found = _call(reader, method, path, theirs)
    assert_problem(found, 404, "not_found")
    assert found.status == unknown.status
    assert found.body == unknown.body
    assert {**found.headers, "date": ""} == {**unknown.headers, "date": ""}


def test_their_things_do_not_appear_in_lists(reader: Member, theirs: dict[str, str]) -> None:
    for path in ("/reports", "/runs", "/data-sources", "/tokens", "/users", f"/runs?report_id={theirs['report_id']}"):
        shown = reader.api.get(path).body.decode()
        assert [name for name, value in theirs.items() if name.endswith("_id") and value in shown.replace("next_cursor", "")] == []
