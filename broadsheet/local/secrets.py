"""Passwords of one home: made once at random, kept in ``secrets.json`` that only its owner can read.

They are part of the data: without them the databases cannot be opened again, so a new name is added but nothing is ever replaced.
"""

import secrets
from pathlib import Path

import msgspec
from cryptography.fernet import Fernet

from broadsheet.local.home import write_private

#: The database roles ``broadsheet_<name>``, one per process that has its own schema.
ROLES = ("accounts", "catalog", "queries", "runs", "notifications", "relay")


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """Everything secret of a home. ``secret_key`` is a Fernet key, the rest are passwords (URL-safe characters)."""

    postgres: str
    replication: str
    redis: str
    rabbitmq: str
    flights_reader: str
    demo: str
    secret_key: str
    roles: dict[str, str]


def load_secrets(path: Path) -> Secrets:
    """The secrets in ``path``; whatever is not there yet is made and written first."""
    known = msgspec.json.decode(path.read_bytes()) if path.exists() else {}
    made = {name: secrets.token_urlsafe(24) for name in Secrets.__struct_fields__ if name not in ("secret_key", "roles")}
    made["secret_key"] = Fernet.generate_key().decode()
    roles = {role: secrets.token_urlsafe(24) for role in ROLES} | known.get("roles", {})
    whole = msgspec.convert({**made, **known, "roles": roles}, Secrets)
    if msgspec.to_builtins(whole) != known:
        write_private(path, msgspec.json.format(msgspec.json.encode(whole)) + b"\n")
    return whole
