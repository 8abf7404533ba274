"""A query's rows as ADBC receives them, brought to the types of the API.

A reader would get wrong what happens when a stream is left early: the query is cancelled on the server, because closing a result alone
would first receive all of it. The transaction is over then, and the snapshot reads no more.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from broadsheet.sources.columns import has_own_type, is_array, stored_batch, stored_schema
from broadsheet.sources.postgres_errors import DRIVER_ERRORS, StreamBroken

if TYPE_CHECKING:
    import adbc_driver_postgresql.dbapi as adbc


class QueryGuard(Protocol):
    """What a stream needs from its snapshot."""

    def query_errors(self, sql: str, prefix_length: int) -> AbstractContextManager[None]: ...

    def stop_statement(self) -> None: ...


class ArrowStream:
    """Record batches of one query. See :class:`broadsheet.sources.base.Batches`."""

    def __init__(
        self,
        guard: QueryGuard,
        cursor: "adbc.Cursor",
        sql: str,
        prefix_length: int,
        arrays: frozenset[int] = frozenset(),
    ) -> None:
        reader = cursor.fetch_record_batch()
        self.schema = stored_schema(reader.schema, arrays)
        self._guard = guard
        self._cursor = cursor
        self._reader = reader
        self._sql = sql
        self._prefix_length = prefix_length
        self._open = True
        self._finished = False

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        while True:
            with self._guard.query_errors(self._sql, self._prefix_length):
                try:
                    batch = self._reader.read_next_batch()
                except StopIteration:
                    break
                except pa.ArrowException as error:
                    raise StreamBroken(str(error)) from error
                stored = stored_batch(batch, self.schema)
            yield stored
        self._finished = True
        self.close()

    def close(self) -> None:
        if not self._open:
            return
        self._open = False
        if not self._finished:
            self._guard.stop_statement()
        with suppress(*DRIVER_ERRORS, pa.ArrowException):
            self._reader.close()
        with suppress(*DRIVER_ERRORS, pa.ArrowException):
            self._cursor.close()


def as_text_where_needed(schema: pa.Schema) -> tuple[str, str, frozenset[int]]:
    """The select list and the column aliases by which PostgreSQL itself gives the text of what the API has no type for.

    The third part names the columns of arrays: their text is JSON, which keeps digits, dimensions and time zones.
    """
    if all(has_own_type(field) for field in schema):
        return "*", "", frozenset()
    aliases = [f"c{index}" for index in range(len(schema))]
    columns = [f"{_in_text(alias, field)} as {_identifier(field.name)}" for alias, field in zip(aliases, schema, strict=True)]
    arrays = frozenset(index for index, field in enumerate(schema) if is_array(field))
    return ", ".join(columns), f"({', '.join(aliases)})", arrays


def _in_text(alias: str, field: pa.Field) -> str:
    if has_own_type(field):
        return alias
    return f"to_json({alias})::text" if is_array(field) else f"{alias}::text"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def table_of(batches: list[pa.RecordBatch], schema: pa.Schema) -> pa.Table:
    """The batches as one table, also when there are none."""
    return pa.Table.from_batches(batches, schema)
