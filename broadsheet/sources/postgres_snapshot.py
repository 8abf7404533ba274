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

from broadsheet.errors import Cancelled, ResultTooLarge
from broadsheet.sources.base import Result, SourceUrl
from broadsheet.sources.binding import quote
from broadsheet.sources.postgres_errors import DRIVER_ERRORS, failure, unavailable
from broadsheet.sources.postgres_session import Opened, answer, command
from broadsheet.sources.statements import one_statement, wrapped

if TYPE_CHECKING:
    import adbc_driver_postgresql.dbapi as adbc

    from broadsheet.sources.plans import PlanReport
    from broadsheet.sources.postgres_stream import ArrowStream

_BEGIN = "begin isolation level repeatable read read only"
#: What is received before a batch is handed on. Smaller costs speed, larger memory.
_BATCH_BYTES = 4 * 1024 * 1024
_EXPLAIN_SECONDS = 5.0
_COPY_BUFFER_BYTES = 1024 * 1024

#: A cancellation that came before the statement is repeated so often, until the statement has ended.
_CANCEL_AGAIN_SECONDS = 0.05
_CANCEL_FOR_SECONDS = 2.0


class Connections(Protocol):
    """What a snapshot needs from its source."""

    def arrow_connection(self, not_before: dt.datetime | None) -> "Opened[adbc.Connection]": ...
    def arrow_connection_to(self, url: str) -> "adbc.Connection": ...
    def copy_connection(self, not_before: dt.datetime | None) -> Opened[PsycopgConnection]: ...
    def copy_connection_to(self, url: str) -> PsycopgConnection: ...
    def give_back(self, url: str, connection: "adbc.Connection") -> None: ...


class PostgresSnapshot:
    """See :class:`broadsheet.sources.base.Snapshot`."""

    def __init__(self, connections: Connections, config: SourceUrl, time_zone: str, not_before: dt.datetime | None = None) -> None:
        self._connections = connections
        self._timeout_seconds = config.statement_timeout_seconds
        self._time_zone = time_zone
        self._not_before = not_before
        self._url: str | None = None
        self._arrow: adbc.Connection | None = None
        self._copy: PsycopgConnection | None = None
        self._as_of: dt.datetime | None = None
        self._cancelled = False
        self._busy = False
        self._clean = True
        self._limited = False
        self._stream: ArrowStream | None = None

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
                    raise ResultTooLarge(
                        f"The result takes more than {_size(max_bytes)}, too much for a page. Ask for fewer rows or columns, or "
                        "aggregate in the query; a file made by a run may be larger."
                    )
        finally:
            stream.close()
        table = table_of(batches, stream.schema)
        if limit is not None and table.num_rows > limit:
            return Result(table.slice(0, limit), truncated=True)
        return Result(table)

    def batches(self, sql: str, *, limit: int | None = None) -> "ArrowStream":
        from broadsheet.sources.postgres_stream import ArrowStream, as_text_where_needed  # Arrow is loaded when it is first read

        body = one_statement(sql)
        connection = self._arrow_connection()
        cursor = connection.cursor()
        try:
            statement, prefix_length = wrapped(body)
            with self.query_errors(body, prefix_length):
                if not self._limited:
                    command(connection, self._set_limits())
                self._limited = False  # the query may call set_config itself
                columns, names, arrays = as_text_where_needed(cursor.adbc_execute_schema(statement))
            statement, prefix_length = wrapped(body, columns=columns, names=names, limit=limit)
            with self.query_errors(body, prefix_length):
                cursor.adbc_statement.set_options(**{StatementOptions.BATCH_SIZE_HINT_BYTES.value: str(_BATCH_BYTES)})
                cursor.execute(statement)
                self._stream = ArrowStream(self, cursor, body, prefix_length, arrays)
                return self._stream
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

    def explain(self, sql: str) -> "PlanReport":
        from broadsheet.sources.postgres_explain import EXPLAIN_JSON, explain  # with a parser of SQL that only authors need

        statement, prefix_length = wrapped(one_statement(sql))
        connection = self._arrow_connection()

        def ask(question: str) -> list[tuple[Any, ...]]:
            with self.query_errors(sql, len(EXPLAIN_JSON) + prefix_length):
                return answer(connection, question)

        seconds = min(_EXPLAIN_SECONDS, self._timeout_seconds)
        self._limited = False
        try:
            ask(f"select set_config('statement_timeout', '{round(seconds * 1000)}', true)")
            return explain(ask, statement)
        except BaseException:
            self._clean = False  # with whatever indexes were imagined in its session
            raise

    def cancel(self) -> None:
        self._cancelled = True
        give_up = time.monotonic() + _CANCEL_FOR_SECONDS
        while True:
            self.stop_statement()
            if (copy := self._copy) is not None:
                with suppress(*DRIVER_ERRORS):
                    copy.cancel()
            if not self._busy or time.monotonic() > give_up:
                return
            time.sleep(_CANCEL_AGAIN_SECONDS)  # it may have been about to be sent

    def stop_statement(self) -> None:
        """Cancel what ADBC runs at this moment, on the server. Nothing running is not an error."""
        if (arrow := self._arrow) is not None:
            self._clean = False
            with suppress(*DRIVER_ERRORS):
                arrow.adbc_cancel()

    def close(self) -> None:
        self._drop_copy_connection()
        if self._stream is not None:
            self._stream.close()
        arrow, self._arrow = self._arrow, None
        if arrow is None or self._url is None:
            return
        with suppress(*DRIVER_ERRORS):  # closed below, it ends on the server with whatever it held
            if self._clean:
                command(arrow, "rollback")
                command(arrow, "discard all")
                self._connections.give_back(self._url, arrow)
                return
        with suppress(*DRIVER_ERRORS):
            arrow.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @contextmanager
    def query_errors(self, sql: str, prefix_length: int) -> Iterator[None]:
        """Turns what the drivers raise into errors about ``sql``."""
        self._refuse_if_cancelled()
        started = time.monotonic()
        self._busy = True
        try:
            yield
        except DRIVER_ERRORS as error:
            if self._cancelled:
                raise Cancelled("The query was cancelled.") from None
            timed_out = time.monotonic() - started >= 0.95 * self._timeout_seconds
            raise failure(
                error, sql=sql, prefix_length=prefix_length, timed_out=timed_out, timeout_seconds=self._timeout_seconds
            ) from None
        finally:
            self._busy = False

    def _refuse_if_cancelled(self) -> None:
        if self._cancelled:
            raise Cancelled("The query was cancelled.")

    def _arrow_connection(self) -> "adbc.Connection":
        if self._arrow is not None:
            return self._arrow
        self._refuse_if_cancelled()
        try:
            if self._copy is not None and self._url is not None:
                connection = self._connections.arrow_connection_to(self._url)
                with self._copy.cursor() as cursor:
                    cursor.execute("select pg_export_snapshot()")
                    exported = cursor.fetchone()
                assert exported is not None
                command(connection, self._beginning(exported[0]))
            else:
                opened = self._connections.arrow_connection(self._not_before)
                command(opened.connection, self._beginning())
                connection, self._url, self._as_of = opened.connection, opened.url, opened.moment.as_of
        except DRIVER_ERRORS as error:
            raise unavailable(error) from None
        self._arrow, self._limited = connection, True
        return connection

    def _copy_connection(self) -> PsycopgConnection:
        if self._copy is not None:
            return self._copy
        self._refuse_if_cancelled()
        try:
            if self._arrow is not None and self._url is not None:
                connection = self._connections.copy_connection_to(self._url)
                [(exported,)] = answer(self._arrow, "select pg_export_snapshot()")
                beginning = self._beginning(exported)
            else:
                opened = self._connections.copy_connection(self._not_before)
                connection, self._url, self._as_of = opened.connection, opened.url, opened.moment.as_of
                beginning = self._beginning()
            with connection.cursor() as cursor:
                cursor.execute(beginning)
        except DRIVER_ERRORS as error:
            raise unavailable(error) from None
        self._copy = connection
        return connection

    def _beginning(self, exported: str | None = None) -> str:
        """Begins the transaction, from a snapshot that another exported, and takes the snapshot."""
        joined = "" if exported is None else f"set transaction snapshot {quote(exported)}; "
        return f"{_BEGIN}; {joined}{self._set_limits()}"

    def _set_limits(self) -> str:
        """With the beginning, and again before every query that is not the first: the one before may have called ``set_config``."""
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


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 2**20:,.0f} MiB" if size_bytes >= 2**20 else f"{size_bytes:,} bytes"
