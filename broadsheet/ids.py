"""Identifiers: UUIDv7 strings (RFC 9562), so that rows sort by the time they were made."""

import uuid

import uuid_utils


def new_id() -> str:
    """A new UUIDv7."""
    return str(uuid_utils.uuid7())


def is_id(text: str) -> bool:
    """Whether ``text`` could be an id: any UUID."""
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
