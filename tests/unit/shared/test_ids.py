"""Identifiers."""

import uuid

import pytest

from broadsheet.ids import is_id, new_id


def test_new_ids_sort_by_the_time_they_were_made() -> None:
    made = [new_id() for _ in range(1000)]
    assert made == sorted(made)
    assert len(set(made)) == 1000


def test_a_new_id_is_a_uuid_of_version_seven() -> None:
    assert uuid.UUID(new_id()).version == 7


@pytest.mark.parametrize("text", [str(uuid.uuid4()), str(uuid.uuid4()).upper(), new_id()])
def test_any_uuid_could_be_an_id(text: str) -> None:
    assert is_id(text)


@pytest.mark.parametrize(
    "text", ["", "7", "flights", uuid.uuid4().urn, f"{{{uuid.uuid4()}}}", uuid.uuid4().hex, f"{uuid.uuid4()}\n"]
)
def test_what_the_database_would_not_take_as_an_id_is_none(text: str) -> None:
    assert not is_id(text)
