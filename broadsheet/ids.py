"""Identifiers: UUIDv7 strings (RFC 9562), so that rows sort by the time they were made."""

import re

import uuid_utils

_ID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)


def new_id() -> str:
    """A new UUIDv7."""
    return str(uuid_utils.uuid7())


def is_id(text: str) -> bool:
    """Whether ``text`` could be an id: any UUID in its usual form (other forms are not ids for PostgreSQL, or not to all of us)."""
    return _ID.fullmatch(text) is not None
