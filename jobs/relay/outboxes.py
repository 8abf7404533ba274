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
        """Send one batch; gives how many rows were sent. Fewer than :data:`BATCH` means the outbox is empty (or its rest can't be sent)."""
        with self._connection, self._connection.cursor() as cursor:
            cursor.execute("select pg_try_advisory_xact_lock(%s, %s)", (_LOCK_CLASS, list(SCHEMAS).index(schema)))
            if not cursor.fetchone()[0]:
                return 0
            table = sql.Identifier(schema, "outbox")
            cursor.execute(
                sql.SQL("select id, destination, name, key, payload from {} order by id limit %s").format(table), (BATCH,)
            )
            rows = [OutboxRow(id_, Destination(where), name, key, bytes(payload)) for id_, where, name, key, payload in cursor]
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
