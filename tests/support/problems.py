"""The one shape of an error at the edge, asserted in one place."""

from typing import Any

from broadsheet.errors import by_code
from tests.support.api import Answer

_NEEDED = {"type", "title", "status", "detail", "code", "request_id"}
_KNOWN = _NEEDED | {"errors"}
_MISTAKE = {"pointer", "message", "line", "column", "hint"}


def assert_problem(answer: Answer, status: int, code: str | None = None) -> Any:
    """The answer is a problem document (RFC 9457) with this status (and code); gives the document."""
    assert answer.status == status, answer.body[:1000]
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json
    assert set(problem) >= _NEEDED
    assert set(problem) <= _KNOWN
    assert problem["status"] == status
    assert problem["type"] == f"urn:broadsheet:problem:{problem['code']}"
    assert problem["code"] in by_code()
    assert problem["title"]
    assert problem["detail"]
    assert problem["request_id"] == answer.headers["x-request-id"]
    for mistake in problem.get("errors", ()):
        assert {"pointer", "message"} <= set(mistake) <= _MISTAKE
        assert mistake["message"]
    if code is not None:
        assert problem["code"] == code, problem
    return problem
