"""What a person is told about a run."""

import datetime as dt
from typing import Any

import pytest

from broadsheet.contracts.runs import Format, Run, RunError, RunState
from services.notifications.rules import is_told, words


def _run(**changes: Any) -> Run:
    values: dict[str, Any] = {
        "id": "1",
        "organization_id": "o",
        "report_id": "r",
        "report_title": "Airline punctuality",
        "report_version": 1,
        "params": {},
        "formats": [Format.PDF, Format.XLSX],
        "query": None,
        "state": RunState.SUCCEEDED,
        "attempts": 1,
        "progress": None,
        "error": None,
        "artifacts": [],
        "edition_id": None,
        "requested_by": "u",
        "requested_at": dt.datetime(2026, 3, 1, tzinfo=dt.UTC),
        "started_at": None,
        "finished_at": None,
    }
    return Run(**(values | changes))


def test_a_finished_run_is_told_with_its_report_and_formats() -> None:
    assert words(_run()) == ("Airline punctuality is ready", "Your PDF, XLSX can be downloaded")


def test_a_failed_run_is_told_with_its_reason() -> None:
    run = _run(state=RunState.FAILED, error=RunError(code="query_failed", message='column "delya" does not exist'))
    assert words(run) == ("Airline punctuality failed", 'The PDF, XLSX could not be made: column "delya" does not exist')


def test_a_failed_run_without_a_reason_is_told_as_that() -> None:
    assert "No reason is known" in words(_run(state=RunState.FAILED))[1]


@pytest.mark.parametrize(("state", "told"), [(RunState.SUCCEEDED, True), (RunState.FAILED, True), (RunState.CANCELLED, False)])
def test_whoever_cancelled_a_run_is_not_told_that_it_was(state: RunState, told: bool) -> None:
    assert is_told(_run(state=state)) is told
