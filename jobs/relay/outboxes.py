"""Takes rows out of the outboxes, one schema at a time, in order.

A schema is drained by one relay at a time (an advisory lock), so the order of rows holds with any number of relays. A row is deleted in
the transaction that read it, after it was sent: a crash in between sends it again (at least once).
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
import psycopg2
from psycopg2 import sql

from broadsheet import positions
from broadsheet.outbox import CHANNEL, Destination
from broadsheet.schemas import SCHEMAS

BATCH = 500
#: Whoever hears of a change hears it after the cache.
ORDER = (Destination.CACHE, Destination.LIVE, Destination.EVENT, Destination.KAFKA)
_LOCK_CLASS = 0x6F62  # "ob": the first half of the advisory lock, the second is the schema


class OutboxRow(msgspec.Struct, frozen=True):
    """One thing to say. ``name`` is a topic, an event or a live kind, as ``destination`` needs it."""

    id: int
    destination: Destination
    name: str
    key: str
    payload: bytes


#: Sends rows and gives the ids of those that arrived.
Send = Callable[[Sequence[OutboxRow]], Iterable[int]]


class Outboxes:
    """The outboxes of all schemas, over one connection. Raises ``psycopg2.Error`` when the database is gone; then make a new one."""

    def __init__(self, url: str):
        self._connection: Any = psycopg2.connect(
            url.replace("postgresql+psycopg2://", "postgresql://"),
            connect_timeout=5,
            application_name="broadsheet-relay",
            options="-c statement_timeout=30000",
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
        )
        with self._connection, self._connection.cursor() as cursor:
            cursor.execute(sql.SQL("listen {}").format(sql.Identifier(CHANNEL)))

    def fileno(self) -> int:
        """For ``select``: readable when somebody wrote to an outbox."""
        number: int = self._connection.fileno()
        return number

    def woken_for(self) -> set[str]:
        """Schemas whose outbox was written to since the last call."""
        self._connection.poll()
        schemas = {notify.payload for notify in self._connection.notifies}
        self._connection.notifies.clear()
        return schemas & set(SCHEMAS)

    def drain(self, schema: str, send: Send) -> int:
        """Send a batch for each destination, so that one that is down holds up nobody; gives the most rows that one of them took.

        Fewer than :data:`BATCH` means that the outbox is empty (or its rest can't be sent).
        """
        with self._connection, self._connection.cursor() as cursor:
            cursor.execute("select pg_try_advisory_xact_lock(%s, %s)", (_LOCK_CLASS, list(SCHEMAS).index(schema)))
            if not cursor.fetchone()[0]:
                return 0
            table = sql.Identifier(schema, "outbox")
            return max(self._drain_one(cursor, table, destination, send) for destination in ORDER)

    def _drain_one(self, cursor: Any, table: sql.Identifier, destination: Destination, send: Send) -> int:
        batch = sql.SQL("select id, name, key, payload from {} where destination = %s order by id limit %s")
        cursor.execute(batch.format(table), (destination.value, BATCH))
        rows = [OutboxRow(id_, destination, name, key, bytes(payload)) for id_, name, key, payload in cursor]
        sent = list(send(rows)) if rows else []
        if sent:
            cursor.execute(sql.SQL("delete from {} where id = any(%s)").format(table), (sent,))
        return len(sent)

    def position(self) -> tuple[str, str]:
        """Epoch and position of the primary now: at or beyond the commit of every row that was read."""
        with self._connection.cursor() as cursor:
            cursor.execute(positions.CURRENT_POSITION)
            system, position = cursor.fetchone()
        return positions.epoch(system, position), position

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
