"""Identifiers: UUIDv7 strings (RFC 9562), so that rows sort by the time they were made."""

import uuid_utils


def new_id() -> str:
    """A new UUIDv7."""
    return str(uuid_utils.uuid7())
