"""The transactional outbox: what must be said once a change is committed, written in the same transaction as the change.

Every schema that says something has one such table; ``jobs/relay`` empties it, woken by NOTIFY, into Kafka, Nameko events, the live
log or the cache's positions. At least once: readers drop what they have seen (every event has an id). Source: Chris Richardson,
*Microservices Patterns*, 3.2.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from broadsheet.contracts.base import Event

#: The NOTIFY channel that wakes the relay; the payload is the schema's name.
CHANNEL = "broadsheet_outbox"


class Destination(StrEnum):
    """Where the relay takes a row."""

    KAFKA = "kafka"
    EVENT = "event"
    LIVE = "live"
    CACHE = "cache"


def table(metadata: sa.MetaData) -> sa.Table:
    """The outbox table, in the schema of ``metadata``."""
    return sa.Table(
        "outbox",
        metadata,
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("destination", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Index("outbox_by_destination", "destination", "id"),
    )


def add(session: Session, outbox: sa.Table, destination: Destination, event: Event, *, key: str) -> None:
    """Say ``event`` once this transaction is committed. Rows of one ``key`` keep their order."""
    _insert(session, outbox, destination, event.name, key, msgspec.json.encode(event))


def add_live(session: Session, outbox: sa.Table, kind: str, data: Any, *, organization_id: str, user_id: str | None) -> None:
    """Show ``data`` on the open pages of a user (of the whole organization when ``user_id`` is ``None``)."""
    payload = msgspec.json.encode({"organization_id": organization_id, "user_id": user_id, "data": data})
    _insert(session, outbox, Destination.LIVE, kind, user_id or organization_id, payload)


def add_moved(session: Session, outbox: sa.Table, token: str, tags: Sequence[str]) -> None:
    """Move the positions of ``tags`` in the cache once this transaction is committed, unless somebody did it in the name of ``token``."""
    _insert(session, outbox, Destination.CACHE, token, tags[0], msgspec.json.encode(tags))


def _insert(session: Session, outbox: sa.Table, destination: Destination, name: str, key: str, payload: bytes) -> None:
    session.execute(outbox.insert().values(destination=destination.value, name=name, key=key, payload=payload))
    if not session.info.get("relay_is_woken"):  # once per transaction: PostgreSQL would send equal ones once anyway
        session.execute(sa.select(sa.func.pg_notify(CHANNEL, outbox.schema)))
        session.info["relay_is_woken"] = True
