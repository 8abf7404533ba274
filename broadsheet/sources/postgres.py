"""PostgreSQL as a data source: which server answers, with what limits, and the connections kept for the next reader.

A reader would get wrong why psycopg2 and ADBC are both here: ADBC reads Arrow batches and is all that ``fetch`` and ``batches`` touch,
because they also run in native threads of green processes, where psycopg2 is patched; psycopg2 copies CSV, which ADBC can't.
What is read with them is in :mod:`broadsheet.sources.postgres_snapshot`. For the same threads nothing here takes a lock (see
:mod:`broadsheet.sources.servers`): what they share are deques and dictionaries, whose operations are whole.
"""

import datetime as dt
import re
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import psycopg2
from psycopg2.extensions import connection as PsycopgConnection
from psycopg2.extensions import make_dsn, parse_dsn

from broadsheet.errors import SourceUnavailable
from broadsheet.sources.base import SourceUrl
from broadsheet.sources.postgres_errors import DRIVER_ERRORS, unavailable
from broadsheet.sources.postgres_moment import Moment, ask
from broadsheet.sources.postgres_session import Opened, answer
from broadsheet.sources.postgres_snapshot import PostgresSnapshot
from broadsheet.sources.servers import Servers

if TYPE_CHECKING:
    import adbc_driver_postgresql.dbapi as adbc

C = TypeVar("C", "adbc.Connection", PsycopgConnection)

#: Read-only by default, literals that mean the same everywhere, and no snapshot that holds back vacuum for ever.
_SETTINGS = "-c default_transaction_read_only=on -c standard_conforming_strings=on -c idle_in_transaction_session_timeout=3600000"


class Idle(msgspec.Struct, frozen=True):
    """A connection that waits for its next reader, since a moment on the monotonic clock."""

    connection: "adbc.Connection"
    since: float


class PostgresSource:
    """A PostgreSQL database with its replicas. Threads may share it.

    Keeps up to ``idle_connections`` connections to each server between snapshots, none longer than ``idle_seconds``.
    """

    def __init__(self, config: SourceUrl, *, idle_connections: int = 4, idle_seconds: float = 180.0) -> None:
        self.config = config
        self.servers = Servers(config.replicas, config.url, trial_seconds=config.connect_timeout_seconds)
        self._idle_connections = idle_connections
        self._idle_seconds = idle_seconds
        self._idle: dict[str, deque[Idle]] = {url: deque() for url in (*config.replicas, config.url)}
        self._roots: dict[str, adbc.Connection] = {}
        self._closed = False

    @property
    def idle_count(self) -> int:
        """How many connections wait for a reader."""
        return sum(map(len, self._idle.values()))

    def snapshot(self, *, time_zone: str | None = None, not_before: dt.datetime | None = None) -> PostgresSnapshot:
        """See :meth:`broadsheet.sources.base.Source.snapshot`."""
        return PostgresSnapshot(self, self.config, time_zone or self.config.time_zone, not_before)

    def close(self) -> None:
        self._closed = True
        for idle in self._idle.values():
            self._close_idle(idle, older_than_seconds=0.0)
        while self._roots:
            with suppress(KeyError, *DRIVER_ERRORS):
                self._roots.popitem()[1].close()

    def drop_idle(self) -> None:
        for idle in self._idle.values():
            self._close_idle(idle, older_than_seconds=self._idle_seconds)

    def arrow_connection(self, not_before: dt.datetime | None) -> "Opened[adbc.Connection]":
        """A connection to the first server that will do. Raises ``SourceUnavailable``."""
        return self._first(self._arrow_at, self.give_back, not_before)

    def arrow_connection_to(self, url: str) -> "adbc.Connection":
        """A connection to this server and no other. Raises ``SourceUnavailable``."""
        try:
            return self._connect(url)
        except DRIVER_ERRORS as error:
            raise unavailable(error) from None

    def copy_connection(self, not_before: dt.datetime | None) -> Opened[PsycopgConnection]:
        """A psycopg2 connection to the first server that will do. Raises ``SourceUnavailable``."""
        return self._first(self._copying_at, lambda url, connection: connection.close(), not_before)

    def copy_connection_to(self, url: str) -> PsycopgConnection:
        """A psycopg2 connection to this server and no other. Raises ``SourceUnavailable``."""
        try:
            return self._connect_psycopg(url)
        except DRIVER_ERRORS as error:
            raise unavailable(error) from None

    def give_back(self, url: str, connection: "adbc.Connection") -> None:
        """For the next snapshot. Its transaction has ended."""
        idle = self._idle[url]
        if not self._closed and len(idle) < self._idle_connections:
            idle.append(Idle(connection, time.monotonic()))
            return
        with suppress(*DRIVER_ERRORS):
            connection.close()

    def _first(
        self, opened_at: Callable[[str], Opened[C]], refuse: Callable[[str, C], None], not_before: dt.datetime | None
    ) -> Opened[C]:
        last: BaseException = SourceUnavailable()
        for url in self.servers.in_turn():
            try:
                opened = opened_at(url)
            except (*DRIVER_ERRORS, SourceUnavailable) as error:
                self.servers.failed(url)
                last = error
                continue
            if url == self.servers.primary or self._will_do(opened.moment, not_before, url):
                self.servers.answered(url)
                return opened
            refuse(url, opened.connection)
        raise last if isinstance(last, SourceUnavailable) else unavailable(last) from None

    def _will_do(self, moment: Moment, not_before: dt.datetime | None, url: str) -> bool:
        if moment.lag_seconds > self.config.max_lag_seconds:
            self.servers.failed(url)  # it will not have caught up with the next query
            return False
        return moment.has_seen(not_before)

    def _arrow_at(self, url: str) -> "Opened[adbc.Connection]":
        """One that is idle and answers, or a new one. The question every snapshot begins with is the check."""
        self.drop_idle()
        with suppress(IndexError):  # there is none, or another thread was faster
            connection = self._idle[url].pop().connection
            try:
                return self._opened(url, connection, lambda sql: answer(connection, sql)[0])
            except DRIVER_ERRORS:
                self._close_idle(self._idle[url], older_than_seconds=0.0)  # whatever killed it may have killed them
        connection = self._connect(url)
        return self._opened(url, connection, lambda sql: answer(connection, sql)[0])

    def _copying_at(self, url: str) -> Opened[PsycopgConnection]:
        connection = self._connect_psycopg(url)

        def row(sql: str) -> tuple[Any, ...]:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                [found] = cursor.fetchall()
                return tuple(found)

        return self._opened(url, connection, row)

    def _opened(self, url: str, connection: C, row: Callable[[str], tuple[Any, ...]]) -> Opened[C]:
        """With its age. A connection that can't say is closed before the error leaves."""
        try:
            return Opened(url, connection, ask(row, should_be_primary=url == self.config.url))
        except BaseException:
            with suppress(*DRIVER_ERRORS):
                connection.close()
            raise

    def _connect(self, url: str) -> "adbc.Connection":
        """A clone of one root connection: it shares what the driver has read of the server's types, 4 ms instead of 100.

        ADBC's Python layer is imported here: it costs 50 MB that a process which only copies CSV does not pay.
        """
        import adbc_driver_postgresql.dbapi as adbc

        root = self._roots.get(url)
        if root is None:
            root = self._roots.setdefault(url, adbc.connect(self._dsn(url), autocommit=True))
        connection = root.adbc_clone()
        connection.adbc_connection.set_autocommit(True)
        return connection

    def _connect_psycopg(self, url: str) -> PsycopgConnection:
        connection: PsycopgConnection = psycopg2.connect(self._dsn(url))
        connection.autocommit = True
        return connection

    def _close_idle(self, idle: deque[Idle], *, older_than_seconds: float) -> None:
        """The oldest stand at the left, so what is in use stays in use."""
        since = time.monotonic() - older_than_seconds
        with suppress(IndexError):
            while idle[0].since <= since:
                with suppress(*DRIVER_ERRORS):
                    idle.popleft().connection.close()

    def _dsn(self, url: str) -> str:
        """A libpq connection string with our limits, by which a dead peer is noticed."""
        try:
            parts = parse_dsn(re.sub(r"^postgres(ql)?\+\w+://", "postgresql://", url))  # SQLAlchemy's spelling is welcome too
        except psycopg2.Error:
            message = "The data source's address can't be read; it should look like postgresql://user@host/database."
            raise SourceUnavailable(message) from None
        limits = {
            "connect_timeout": str(self.config.connect_timeout_seconds),
            "client_encoding": "utf8",
            "keepalives_idle": "30",
            "keepalives_interval": "10",
            "keepalives_count": "3",
            "tcp_user_timeout": "10000",
            "application_name": "broadsheet",
            "options": f"{parts.get('options', '')} {_SETTINGS}".strip(),
        }
        return str(make_dsn(**{**parts, **limits}))
