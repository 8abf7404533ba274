"""Settings: read once, refused with every problem at once, documented from the same table."""

import re

import pytest

from broadsheet import settings
from broadsheet.settings import Settings, SettingsInvalid, load
from tests.support.system import ROOT


def test_without_variables_every_setting_has_its_default() -> None:
    assert load({}) == Settings()


def test_values_arrive_in_their_types() -> None:
    loaded = load(
        {
            "BROADSHEET_EDGE_WORKERS": "5",
            "BROADSHEET_LEASE_SECONDS": "2.5",
            "BROADSHEET_DATABASE_REPLICA_URLS": "postgresql://a, postgresql://b,",
            "BROADSHEET_REDIS_URL": "redis://somewhere",
        }
    )
    assert loaded.edge_workers == 5
    assert loaded.lease_seconds == 2.5
    assert loaded.database_replica_urls == ("postgresql://a", "postgresql://b")
    assert loaded.redis_url == "redis://somewhere"


def test_all_problems_are_listed_at_once() -> None:
    with pytest.raises(SettingsInvalid) as refused:
        load({"BROADSHEET_EDGE_WORKERS": "many", "BROADSHEET_LEASE_SECONDS": "soon"}, require=("amqp_url", "redis_url"))
    for name in ("EDGE_WORKERS", "LEASE_SECONDS", "AMQP_URL", "REDIS_URL"):
        assert f"BROADSHEET_{name}" in str(refused.value)


def test_a_malformed_value_is_told_with_its_type_and_what_it_is_for() -> None:
    with pytest.raises(SettingsInvalid, match=r"BROADSHEET_EDGE_WORKERS='many' is not a valid int: Worker processes"):
        load({"BROADSHEET_EDGE_WORKERS": "many"})


def test_a_required_setting_that_is_empty_is_missing() -> None:
    with pytest.raises(SettingsInvalid, match="BROADSHEET_AMQP_URL is missing"):
        load({"BROADSHEET_AMQP_URL": ""}, require=("amqp_url",))


def test_a_malformed_secret_is_not_repeated_in_the_message() -> None:
    assert all(kind is not int for kind in (type(getattr(Settings(), name)) for name in _secrets()))


def test_other_variables_are_none_of_our_business() -> None:
    assert load({"PATH": "/bin", "BROADSHEET_PORT": "8400"}) == Settings()


def test_settings_are_read_from_the_environment_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROADSHEET_SESSION_HOURS", "3")
    assert load().session_hours == 3


def test_every_setting_has_its_row_in_the_reference() -> None:
    names = re.findall(r"^\| `BROADSHEET_(\w+)`", settings.reference(), flags=re.MULTILINE)
    assert [name.lower() for name in names] == list(Settings.__dataclass_fields__)


def test_numbers_say_their_unit() -> None:
    for name, item in Settings.__dataclass_fields__.items():
        if isinstance(item.default, int | float):
            assert item.metadata["unit"], f"{name} needs a unit"


def test_the_docs_have_the_reference_table_as_it_is() -> None:
    page = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    assert settings.reference().strip() in page, "run `make docs`"


def _secrets() -> list[str]:
    return [name for name, item in Settings.__dataclass_fields__.items() if item.metadata["secret"]]
