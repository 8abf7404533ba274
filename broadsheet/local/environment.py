"""What a Broadsheet process is told on one machine: its `BROADSHEET_…` variables, from the stack's addresses and secrets.

The variables a person sets (``BROADSHEET_PORT``, ``BROADSHEET_LOG_LEVEL``, any limit) win over what is derived here, except for the
addresses of the stack itself.
"""

from collections.abc import Mapping
from pathlib import Path

from broadsheet.local.secrets import Secrets
from broadsheet.local.stack import Endpoints

DATABASE = "broadsheet"
DEFAULT_PORT = 8400
PREFIX = "BROADSHEET_"


def environment(
    home: Path, endpoints: Endpoints, secrets: Secrets, role: str | None, overrides: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The variables of a process that uses the database role ``broadsheet_<role>``, or no database if None.

    ``home`` is the resolved data folder, ``overrides`` usually the environment of whoever starts it all.
    """
    given = {name: value for name, value in (overrides or {}).items() if name.startswith(PREFIX)}
    derived = {
        "BROADSHEET_EDGE_BIND": bind_address(given),
        "BROADSHEET_EDGE_WORKERS": "2",
        "BROADSHEET_PUBLIC_URL": public_url(given),
        "BROADSHEET_LOG_LEVEL": "INFO",
        "BROADSHEET_LOG_FORMAT": "console",
        "BROADSHEET_ARTIFACTS_URL": (home / "artifacts").as_uri(),
        "BROADSHEET_SECRET_KEY": secrets.secret_key,
    }
    fixed = {
        "BROADSHEET_HOME": str(home),
        "BROADSHEET_REDIS_URL": endpoints.redis_url,
        "BROADSHEET_AMQP_URL": endpoints.amqp_url,
        "BROADSHEET_KAFKA_BOOTSTRAP": endpoints.kafka_bootstrap,
    }
    return {**derived, **given, **fixed, **_database(endpoints, secrets, role)}


def bind_address(overrides: Mapping[str, str]) -> str:
    """Where the edge listens: ``BROADSHEET_EDGE_BIND``, or 127.0.0.1 with ``BROADSHEET_PORT``."""
    return overrides.get("BROADSHEET_EDGE_BIND") or f"127.0.0.1:{overrides.get('BROADSHEET_PORT') or DEFAULT_PORT}"


def public_url(overrides: Mapping[str, str]) -> str:
    """Where a browser on this machine finds the edge, unless ``BROADSHEET_PUBLIC_URL`` says otherwise."""
    host, _, port = bind_address(overrides).rpartition(":")
    reachable = "127.0.0.1" if host in ("", "0.0.0.0", "[::]") else host  # noqa: S104
    return overrides.get("BROADSHEET_PUBLIC_URL") or f"http://{reachable}:{port}"


def _database(endpoints: Endpoints, secrets: Secrets, role: str | None) -> dict[str, str]:
    if role is None:
        return {}
    user, password = f"broadsheet_{role}", secrets.roles[role]
    return {
        "BROADSHEET_DATABASE_URL": endpoints.primary_url(DATABASE, user, password),
        "BROADSHEET_DATABASE_REPLICA_URLS": endpoints.replica_url(DATABASE, user, password),
    }
