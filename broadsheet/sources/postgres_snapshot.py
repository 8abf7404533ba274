"""One snapshot of a PostgreSQL database: Arrow batches by ADBC, CSV by ``COPY``, all from the same moment.

Two connections, each made when it is first needed; the second joins the first's snapshot (``pg_export_snapshot``).

Users' SQL is held by a ``REPEATABLE READ READ ONLY`` transaction, which can't be turned to writing once it has read, by a statement timeout
that is set again before every query, and by a check that it is one statement. ADBC speaks the extended protocol, which refuses a second
statement; psycopg2 does not, so before a query is copied PL/pgSQL opens it as a cursor, which does (and executes nothing).
"""

import datetime as dt
import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from adbc_driver_postgresql import StatementOptions
from psycopg2.extensions import connection as PsycopgConnection

from broadsheet.errors import Cancelled, ResultTooLarge, SourceUnavailable
from broadsheet.sources.base import Result, SourceUrl
from broadsheet.sources.binding import quote
from broadsheet.sources.postgres_errors import DRIVER_ERRORS, failure, unavailable
from broadsheet.sources.statements import one_statement, wrapped

if TYPE_CHECKING:
    import adbc_driver_postgresql.dbapi as adbc

    from broadsheet.sources.postgres_stream import ArrowStream

_BEGIN = "begin isolation level repeatable read read only"
#: What is received before a batch is handed on. Smaller costs speed, larger memory.
_BATCH_BYTES = 4 * 1024 * 1024
_COPY_BUFFER_BYTES = 1024 * 1024

#: A standby that has replayed all it received, and still receives, is as of now; else as of the last commit it has replayed.
_AS_OF = """select case when pg_is_in_recovery()
          and (pg_last_wal_receive_lsn() is distinct from pg_last_wal_replay_lsn() or not exists (select from pg_stat_wal_receiver))
         then coalesce(pg_last_xact_replay_timestamp(), now()) else now() end"""


class Connections(Protocol):
    """What a snapshot needs from its source."""

    def idle_connection(self) -> "tuple[str, adbc.Connection] | None": ...
    def new_connection(self) -> "tuple[str, adbc.Connection]": ...
    def connection_to(self, url: str) -> "adbc.Connection": ...
    def copy_connection(self, url: str | None) -> tuple[str, PsycopgConnection]: ...
    def give_back(self, url: str, connection: "adbc.Connection") -> None: ...


class PostgresSnapshot:
    """See :class:`broadsheet.sources.base.Snapshot`."""

    def __init__(self, connections: Connections, config: SourceUrl, time_zone: str) -> None:
        self._connections = connections
        self._timeout_seconds = config.statement_timeout_seconds
        self._time_zone = time_zone
        self._url: str | None = None
        self._arrow: adbc.Connection | None = None
        self._copy: PsycopgConnection | None = None
        self._as_of: dt.datetime | None = None
        self._cancelled = False
        self._clean = True

    @property
    def as_of(self) -> dt.datetime:
        if self._as_of is None:
            self._arrow_connection()
        assert self._as_of is not None
        return self._as_of

    def fetch(self, sql: str, *, limit: int | None = None, max_bytes: int | None = None) -> Result:
        from broadsheet.sources.postgres_stream import table_of

        batches, size = [], 0
        stream = self.batches(sql, limit=None if limit is None else limit + 1)
        try:
            for batch in stream:
                batches.append(batch)
                size += batch.nbytes
                if max_bytes is not None and size > max_bytes:
                    raise ResultTooLarge(f"The result takes more than {max_bytes:,} bytes; ask for fewer rows or columns.")
        finally:
            stream.close()
        table = table_of(batches, stream.schema)
        if limit is not None and table.num_rows > limit:
            return Result(table.slice(0, limit), truncated=True)
        return Result(table)

    def batches(self, sql: str, *, limit: int | None = None) -> "ArrowStream":
        from broadsheet.sources.postgres_stream import ArrowStream, as_text_where_needed  # Arrow is loaded when it is first read

        body = one_statement(sql)
        cursor = self._arrow_connection().cursor()
        try:
            statement, prefix_length = wrapped(body)
            with self.query_errors(body, prefix_length):
                cursor.execute(self._set_limits())
                cursor.fetchall()
                columns, names = as_text_where_needed(cursor.adbc_execute_schema(statement))
            statement, prefix_length = wrapped(body, columns=columns, names=names, limit=limit)
            with self.query_errors(body, prefix_length):
                cursor.adbc_statement.set_options(**{StatementOptions.BATCH_SIZE_HINT_BYTES.value: str(_BATCH_BYTES)})
                cursor.execute(statement)
                return ArrowStream(self, cursor, cursor.fetch_record_batch(), body, prefix_length)
        except BaseException:
            self._clean = False
            with suppress(*DRIVER_ERRORS):
                cursor.close()
            raise

    def copy_csv(self, sql: str, write: Callable[[bytes], object]) -> int:
        body = one_statement(sql)
        connection = self._copy_connection()
        statement, prefix_length = wrapped(body)
        as_cursor = f"declare q refcursor; begin open q for execute {quote(body)}; close q; end"
        sink = _Sink(write)
        try:
            with connection.cursor() as cursor, self.query_errors(body, prefix_length + len("copy (")):
                cursor.execute(self._set_limits())
                cursor.execute(f"do {quote(as_cursor)}")
                with io.BufferedWriter(sink, _COPY_BUFFER_BYTES) as buffer:
                    cursor.copy_expert(f"copy ({statement}) to stdout (format csv, header)", buffer)
                return int(cursor.rowcount)
        except BaseException:
            self._drop_copy_connection()
            if sink.error is not None:
                raise sink.error from None
            raise

    def cancel(self) -> None:
        self._cancelled = True
        self.stop_statement()
        if self._copy is not None:
            with suppress(*DRIVER_ERRORS):
                self._copy.cancel()

    def stop_statement(self) -> None:
        """Cancel what ADBC runs at this moment, on the server. Nothing running is not an error."""
        if self._arrow is not None:
            self._clean = False
            with suppress(*DRIVER_ERRORS):
                self._arrow.adbc_cancel()

    def close(self) -> None:
        self._drop_copy_connection()
        arrow, self._arrow = self._arrow, None
        if arrow is None or self._url is None:
            return
        try:
            _execute(arrow, "rollback")
            if self._clean:
                _execute(arrow, "discard all")
                self._connections.give_back(self._url, arrow)
                return
        except DRIVER_ERRORS:
            pass  # It is closed below: whatever it held on the server ends with it.
        with suppress(*DRIVER_ERRORS):
            arrow.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @contextmanager
    def query_errors(self, sql: str, prefix_length: int) -> Iterator[None]:
        """Turns what the drivers raise into errors about ``sql``."""
        if self._cancelled:
            raise Cancelled("The query was cancelled.")
        started = time.monotonic()
        try:
            yield
        except DRIVER_ERRORS as error:
            if self._cancelled:
                raise Cancelled("The query was cancelled.") from None
            timed_out = time.monotonic() - started >= 0.95 * self._timeout_seconds
            raise failure(
                error, sql=sql, prefix_length=prefix_length, timed_out=timed_out, timeout_seconds=self._timeout_seconds
            ) from None

    def _arrow_connection(self) -> "adbc.Connection":
        if self._arrow is not None:
            return self._arrow
        if self._copy is not None and self._url is not None:
            connection = self._connections.connection_to(self._url)
            with self._copy.cursor() as cursor:
                cursor.execute("select pg_export_snapshot()")
                exported = cursor.fetchone()
            assert exported is not None
            self._begin(connection, exported[0])
            self._arrow = connection
            return connection
        if (idle := self._connections.idle_connection()) is not None:
            try:
                self._begin(idle[1])
                self._url, self._arrow = idle
                return idle[1]
            except SourceUnavailable:
                with suppress(*DRIVER_ERRORS):
                    idle[1].close()
        self._url, connection = self._connections.new_connection()
        self._begin(connection)
        self._arrow = connection
        return connection

    def _begin(self, connection: "adbc.Connection", exported: str | None = None) -> None:
        try:
            _execute(connection, _BEGIN)
            if exported is not None:
                _execute(connection, f"set transaction snapshot {quote(exported)}")
            [row] = _execute(connection, _AS_OF)
            self._as_of = self._as_of or row[0].astimezone(dt.UTC)
        except DRIVER_ERRORS as error:
            raise unavailable(error) from None

    def _copy_connection(self) -> PsycopgConnection:
        if self._copy is not None:
            return self._copy
        exported: Any = None
        if self._arrow is not None:
            [(exported,)] = _execute(self._arrow, "select pg_export_snapshot()")
        url, connection = self._connections.copy_connection(self._url)
        try:
            with connection.cursor() as cursor:
                cursor.execute(_BEGIN)
                if exported is not None:
                    cursor.execute(f"set transaction snapshot {quote(exported)}")
                cursor.execute(_AS_OF)
                row = cursor.fetchone()
        except DRIVER_ERRORS as error:
            connection.close()
            raise unavailable(error) from None
        assert row is not None
        self._as_of = self._as_of or row[0].astimezone(dt.UTC)
        self._url, self._copy = url, connection
        return connection

    def _set_limits(self) -> str:
        """Before every query: the one before may have called ``set_config`` itself."""
        milliseconds = max(1, round(self._timeout_seconds * 1000))
        zone = quote(self._time_zone)
        return f"select set_config('statement_timeout', '{milliseconds}', true), set_config('TimeZone', {zone}, true)"

    def _drop_copy_connection(self) -> None:
        copy, self._copy = self._copy, None
        if copy is not None and not copy.closed:
            with suppress(*DRIVER_ERRORS):
                copy.cancel()
            copy.close()


class _Sink(io.RawIOBase):
    """What psycopg2 writes to. Remembers what went wrong on our side, and then swallows the rest, so that buffers can be closed."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self.error: BaseException | None = None

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        size = len(data)
        if self.error is None:
            try:
                self._write(bytes(data))
            except BaseException as error:
                self.error = error
                raise
        return size


def _execute(connection: "adbc.Connection", sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
