"""The error hierarchy: stable codes, and errors that cross RPC as themselves."""

import msgspec
import pytest

from broadsheet import errors
from broadsheet.errors import BroadsheetError, FieldError, InvalidReport, by_code, from_wire, to_wire


def _classes(cls: type[BroadsheetError] = BroadsheetError) -> list[type[BroadsheetError]]:
    return [cls] + [leaf for child in cls.__subclasses__() for leaf in _classes(child)]


def _wire(**changes: object) -> dict[str, object]:
    return {"code": "not_found", "message": "There is no such report", **changes}


def test_no_two_errors_share_a_code() -> None:
    codes = [cls.code for cls in _classes()]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("cls", _classes(), ids=lambda cls: cls.__name__)
def test_an_error_crosses_the_wire_as_itself(cls: type[BroadsheetError]) -> None:
    sent = cls("What went wrong", errors=(FieldError("/a", "b", line=1, column=2, hint="c"),), retry_after_seconds=1.5)
    came = from_wire(msgspec.json.decode(msgspec.json.encode(to_wire(sent))))
    assert type(came) is cls
    assert (came.message, came.errors, came.retry_after_seconds) == (sent.message, sent.errors, sent.retry_after_seconds)


@pytest.mark.parametrize("cls", _classes(), ids=lambda cls: cls.__name__)
def test_an_error_has_a_status_and_words_for_a_person(cls: type[BroadsheetError]) -> None:
    assert 400 <= cls.status <= 599
    assert cls.title
    assert cls().message == cls.title


def test_the_table_holds_every_class() -> None:
    assert set(by_code().values()) == set(_classes())


def test_an_unknown_code_of_a_newer_peer_becomes_the_base_error_with_its_words() -> None:
    came = from_wire(_wire(code="invented_tomorrow"))
    assert type(came) is BroadsheetError
    assert came.message == "There is no such report"


def test_a_newer_peer_may_send_more_than_we_know() -> None:
    assert type(from_wire(_wire(invented="tomorrow"))) is errors.NotFound


def test_a_field_error_leaves_out_what_it_does_not_know() -> None:
    assert msgspec.json.encode(FieldError("/name", "A name is needed")) == b'{"pointer":"/name","message":"A name is needed"}'


def test_all_mistakes_of_a_report_stay_with_the_error() -> None:
    mistakes = tuple(FieldError("", f"mistake {line}", line=line, column=1) for line in range(1, 6))
    assert from_wire(to_wire(InvalidReport(errors=mistakes))).errors == mistakes
