"""What a process is told on one machine."""

from pathlib import Path

import pytest

from broadsheet import settings
from broadsheet.local.environment import bind_address, environment, public_url
from broadsheet.local.secrets import ROLES, Secrets, load_secrets
from broadsheet.local.stack import Endpoints

HOME = Path("/srv/broadsheet")
ENDPOINTS = Endpoints(
    host="127.0.0.1",
    primary_port=20001,
    replica_port=20002,
    superuser="postgres",
    superuser_password="super",
    redis_url="redis://:r@127.0.0.1:20003/0",
    amqp_url="amqp://broadsheet:a@127.0.0.1:20004/broadsheet",
    kafka_bootstrap="127.0.0.1:20005",
)


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    return load_secrets(tmp_path / "secrets.json")


def test_a_process_gets_its_own_role_on_primary_and_replica(secrets: Secrets) -> None:
    told = environment(HOME, ENDPOINTS, secrets, "runs")
    login = f"broadsheet_runs:{secrets.roles['runs']}"
    assert told["BROADSHEET_DATABASE_URL"] == f"postgresql+psycopg2://{login}@127.0.0.1:20001/broadsheet"
    assert told["BROADSHEET_DATABASE_REPLICA_URLS"] == f"postgresql+psycopg2://{login}@127.0.0.1:20002/broadsheet"


def test_a_process_without_a_role_gets_no_database(secrets: Secrets) -> None:
    assert not [name for name in environment(HOME, ENDPOINTS, secrets, None) if "DATABASE" in name]


def test_settings_read_what_the_environment_says(secrets: Secrets) -> None:
    read = settings.load(environment(HOME, ENDPOINTS, secrets, "relay"), require=("database_url", "kafka_bootstrap", "secret_key"))
    assert read.kafka_bootstrap == "127.0.0.1:20005"
    assert read.artifacts_url == "file:///srv/broadsheet/artifacts"
    assert read.edge_bind == "127.0.0.1:8400"


def test_a_person_may_change_limits_but_not_the_addresses_of_the_stack(secrets: Secrets) -> None:
    wishes = {"BROADSHEET_QUERY_TIMEOUT_SECONDS": "5", "BROADSHEET_REDIS_URL": "redis://elsewhere", "PATH": "/bin"}
    told = environment(HOME, ENDPOINTS, secrets, None, wishes)
    assert told["BROADSHEET_QUERY_TIMEOUT_SECONDS"] == "5"
    assert told["BROADSHEET_REDIS_URL"] == ENDPOINTS.redis_url
    assert "PATH" not in told


@pytest.mark.parametrize(
    ("wishes", "bind", "url"),
    [
        ({}, "127.0.0.1:8400", "http://127.0.0.1:8400"),
        ({"BROADSHEET_PORT": "9000"}, "127.0.0.1:9000", "http://127.0.0.1:9000"),
        ({"BROADSHEET_EDGE_BIND": "0.0.0.0:80"}, "0.0.0.0:80", "http://127.0.0.1:80"),
        ({"BROADSHEET_PUBLIC_URL": "https://reports.example"}, "127.0.0.1:8400", "https://reports.example"),
    ],
)
def test_the_edge_listens_where_asked_and_links_lead_there(wishes: dict[str, str], bind: str, url: str) -> None:
    assert bind_address(wishes) == bind
    assert public_url(wishes) == url


def test_secrets_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    first = load_secrets(path)
    assert load_secrets(path) == first
    assert set(first.roles) == set(ROLES)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_secret_that_is_new_in_this_version_is_added_without_touching_the_others(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_text('{"postgres": "kept", "roles": {"runs": "kept too"}}')
    secrets = load_secrets(path)
    assert (secrets.postgres, secrets.roles["runs"]) == ("kept", "kept too")
    assert secrets.redis
    assert load_secrets(path) == secrets
