"""A change that an old reader could not read fails here; any other is written by ``python -m tests.unit.contracts.golden``."""

from typing import Any

import pytest

from tests.unit.contracts import golden

NOW = golden.current()
HOW = "run `python -m tests.unit.contracts.golden`, and commit what it writes"


@pytest.mark.parametrize("name", sorted({*NOW, *golden.stored()}))
def test_an_old_reader_can_read_the_contract(name: str) -> None:
    known = golden.stored()
    assert name in NOW, f"{name} is gone: old processes still send it (raise its version, or --accept-breaks)"
    assert name in known, f"{name} is new: {HOW}"
    assert golden.breaks(known[name], NOW[name]) == [], "old processes could not read this (raise its version, or --accept-breaks)"
    assert known[name] == NOW[name], f"{name} changed in a way that everybody can read: {HOW}"


def _record(**changes: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}, "required": ["a"]} | changes


def test_a_new_field_with_a_default_can_be_read() -> None:
    new = _record(properties={"a": {"type": "string"}, "b": {"type": "integer"}, "c": {"type": "string"}})
    assert golden.breaks(_record(), new) == []


@pytest.mark.parametrize(
    ("new", "problem"),
    [
        (_record(properties={"a": {"type": "string"}}), "the field b is gone"),
        (_record(properties={"a": {"type": "string"}, "b": {"type": "string"}}), "the field b has another type"),
        (_record(required=["a", "b"]), "the field b is needed now"),
        (_record(additionalProperties=False), "its additionalProperties changed"),
    ],
)
def test_what_an_old_reader_could_not_read_is_named(new: dict[str, Any], problem: str) -> None:
    assert golden.breaks(_record(), new) == [problem]


def test_a_new_field_of_a_record_that_refuses_unknown_ones_is_a_break() -> None:
    old, new = _record(additionalProperties=False), _record(additionalProperties=False)
    new["properties"] = new["properties"] | {"c": {"type": "string"}}
    assert golden.breaks(old, new) == ["old readers refuse the unknown field c"]


def test_a_new_value_of_an_enumeration_is_a_break() -> None:
    assert golden.breaks({"enum": ["a"]}, {"enum": ["a", "b"]}) == ["its enum changed"]


@pytest.mark.parametrize("name", ["Run.v1", "RunFinished.v1", "RunRequested.v1", "Principal.v1", "WireError.v1", "Runs_claim.v1"])
def test_what_crosses_processes_is_among_the_contracts(name: str) -> None:
    assert name in NOW
