"""Who sees an event of the live log, and in which order."""

import pytest

from broadsheet.live import LiveEvent
from web.edge.pages import _frame, _is_for, _order


def _event(**changes: object) -> LiveEvent:
    values = {"id": "5-0", "kind": "run", "organization_id": "o1", "user_id": "u1", "data": b"{}"} | changes
    return LiveEvent(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("event", "sees"),
    [
        (_event(), True),
        (_event(user_id="u2"), False),
        (_event(user_id=None), True),
        (_event(organization_id="o2"), False),
        (_event(organization_id="o2", user_id=None), False),
    ],
)
def test_a_person_sees_what_is_for_the_person_or_for_the_whole_organization(event: LiveEvent, sees: bool) -> None:
    assert _is_for(event, "o1", "u1") is sees


def test_ids_are_ordered_as_numbers_not_as_text() -> None:
    assert _order("") < _order("9-1") < _order("10-0") < _order("10-2") < _order("10-10")


def test_an_event_is_framed_for_the_browser_with_its_id() -> None:
    assert _frame(_event()) == b"id: 5-0\nevent: run\ndata: {}\n\n"
