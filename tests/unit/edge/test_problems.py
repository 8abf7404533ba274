"""Every error as a problem document."""

from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException, default_exceptions

from broadsheet.errors import BroadsheetError, FieldError, InvalidReport, Unauthenticated, Unavailable, by_code
from web.edge import problems


@pytest.fixture
def app() -> Iterator[Flask]:
    app = Flask("test")
    with app.test_request_context():
        yield app


@pytest.mark.parametrize("cls", by_code().values(), ids=lambda cls: cls.__name__)
def test_an_error_becomes_a_problem_with_its_status_and_code(app: Flask, cls: type[BroadsheetError]) -> None:
    made = problems.response(cls("What went wrong"))
    assert made.status_code == cls.status
    assert made.content_type == "application/problem+json"
    assert made.get_json(force=True) == {
        "type": f"urn:broadsheet:problem:{cls.code}",
        "title": cls.title,
        "status": cls.status,
        "detail": "What went wrong",
        "code": cls.code,
        "request_id": "",
    }


def test_mistakes_keep_their_place(app: Flask) -> None:
    made = problems.response(InvalidReport(errors=(FieldError("", "Unknown key", line=3, column=5, hint="did you mean x?"),)))
    assert made.get_json(force=True)["errors"] == [
        {"pointer": "", "message": "Unknown key", "line": 3, "column": 5, "hint": "did you mean x?"}
    ]


def test_who_should_come_back_later_is_told_when(app: Flask) -> None:
    assert problems.response(Unavailable(retry_after_seconds=0.2)).headers["Retry-After"] == "1"
    assert problems.response(Unavailable(retry_after_seconds=7.4)).headers["Retry-After"] == "7"
    assert "Retry-After" not in problems.response(Unavailable()).headers


def test_who_should_sign_in_is_told_how(app: Flask) -> None:
    assert problems.response(Unauthenticated()).headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("cls", default_exceptions.values(), ids=lambda cls: cls.__name__)
def test_what_the_framework_raises_keeps_its_class_of_status(app: Flask, cls: type[HTTPException]) -> None:
    made = problems._from_http(cls())
    assert made.content_type == "application/problem+json"
    assert made.status_code // 100 == (cls.code or 500) // 100
    assert made.get_json(force=True)["status"] == made.status_code
