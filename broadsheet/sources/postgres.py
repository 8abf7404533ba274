"""PostgreSQL as a data source: which server answers, with what limits, and the connections kept for the next reader.

A reader would get wrong why psycopg2 and ADBC are both here: ADBC reads Arrow batches and is all that ``fetch`` and ``batches`` touch,
because they also run in native threads of green processes, where psycopg2 is patched; psycopg2 copies CSV, which ADBC can't.
What is read with them is in :mod:`broadsheet.sources.postgres_snapshot`.
"""

import re
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

import psycopg2
from psycopg2.extensions import connection as PsycopgConnection
from psycopg2.extensions import make_dsn, parse_dsn

from broadsheet.errors import SourceUnavailable
from broadsheet.sources.base import SourceUrl
from broadsheet.sources.postgres_errors import DRIVER_ERRORS, unavailable
from broadsheet.sources.postgres_snapshot import PostgresSnapshot

if TYPE_CHECKING:
    import adbc_driver_postgresql.dbapi as adbc

T = TypeVar("T")

#: Read-only by default, literals that mean the same everywhere, and no snapshot that holds back vacuum for ever.
_SETTINGS = "-c default_transaction_read_only=on -c standard_conforming_strings=on -c idle_in_transaction_session_timeout=3600000"


class PostgresSource:
    """A PostgreSQL database with its replicas. Threads may share it. Keeps up to ``idle_connections`` connections between snapshots."""

    def __init__(self, config: SourceUrl, *, idle_connections: int = 2) -> None:
        self.config = config
        self._idle_limit = idle_connections
        self._idle: list[tuple[str, adbc.Connection]] = []
        self._roots: dict[str, adbc.Connection] = {}
        self._lock = threading.Lock()

    def snapshot(self, *, time_zone: str | None = None) -> PostgresSnapshot:
        """A snapshot of the first replica that answers, or of the primary. Connects when it is first read from."""
        return PostgresSnapshot(self, self.config, time_zone or self.config.time_zone)

    def close(self) -> None:
        with self._lock:
            closing = [connection for _, connection in self._idle] + list(self._roots.values())
            self._idle, self._roots = [], {}
        for connection in closing:
            with suppress(*DRIVER_ERRORS):
                connection.close()

    def idle_connection(self) -> "tuple[str, adbc.Connection] | None":
        """A connection that was used before, which may have died since."""
        with self._lock:
            return self._idle.pop() if self._idle else None

    def new_connection(self) -> "tuple[str, adbc.Connection]":
        """A connection and the URL it leads to. Raises ``SourceUnavailable``."""
        return self._first(self._connect)

    def give_back(self, url: str, connection: "adbc.Connection") -> None:
        """For the next snapshot. Its transaction has ended.

        One to the primary is not kept where there are replicas: it was the way out while they were away, and they may be back.
        """
        wanted = self.config.replicas or (self.config.url,)
        with self._lock:
            if len(self._idle) < self._idle_limit and url in self._roots and url in wanted:
                self._idle.append((url, connection))
                return
        with suppress(*DRIVER_ERRORS):
            connection.close()

    def connection_to(self, url: str) -> "adbc.Connection":
        """A connection to this server and no other. Raises ``SourceUnavailable``."""
        try:
            return self._connect(url)
        except DRIVER_ERRORS as error:
            raise unavailable(error) from None

    def copy_connection(self, url: str | None) -> tuple[str, PsycopgConnection]:
        """A psycopg2 connection, to ``url`` or to the first that answers. Raises ``SourceUnavailable``."""
        if url is None:
            return self._first(self._connect_psycopg)
        try:
            return url, self._connect_psycopg(url)
        except DRIVER_ERRORS as error:
            raise unavailable(error) from None

    def _first(self, connect: Callable[[str], T]) -> tuple[str, T]:
        last: BaseException = SourceUnavailable()
        for url in (*self.config.replicas, self.config.url):
            try:
                return url, connect(url)
            except DRIVER_ERRORS as error:
                last = error
        raise unavailable(last) from None

    def _connect(self, url: str) -> "adbc.Connection":
        """A clone of one root connection: it shares what the driver has read of the server's types, 4 ms instead of 100.

        ADBC's Python layer is imported here: it costs 50 MB that a process which only copies CSV does not pay.
        """
        import adbc_driver_postgresql.dbapi as adbc

        with self._lock:
            root = self._roots.get(url)
        if root is None:
            root = adbc.connect(self._dsn(url), autocommit=True)
            with self._lock:
                root = self._roots.setdefault(url, root)
        connection = root.adbc_clone()
        connection.adbc_connection.set_autocommit(True)
        return connection

    def _connect_psycopg(self, url: str) -> PsycopgConnection:
        connection: PsycopgConnection = psycopg2.connect(self._dsn(url))
        connection.autocommit = True
        return connection

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
            "tcp_user_timeout": "30000",
            "application_name": "broadsheet",
            "options": f"{parts.get('options', '')} {_SETTINGS}".strip(),
        }
        return str(make_dsn(**{**parts, **limits}))
