"""A service's database: one schema, one role, writes to the primary, reads from a replica that has seen our writes.

Reads go to a replica only when it has replayed the last commit of this process (its WAL position is remembered after every write), so
whoever wrote reads what was written. A replica that does not answer is left alone for a while; without replicas everything goes to
the primary. Transactions roll back unless the block ends well.
"""

import itertools
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from broadsheet.errors import Unavailable
from broadsheet.logs import logger

_REST_SECONDS = 5.0
_CONNECT_TIMEOUT_SECONDS = 5


class Database:
    """Engines of one schema.

    ``pool_size`` bounds the connections to each server. ``schema`` is the search path of every connection.
    """

    def __init__(self, url: str, replica_urls: Sequence[str] = (), *, schema: str, pool_size: int = 8):
        self.primary = _engine(url, schema, pool_size)
        self.replicas = [_engine(replica, schema, pool_size) for replica in replica_urls]
        self._turn = itertools.count()
        self._resting_until: dict[int, float] = {}
        self._written_lsn = "0/0"
        self._log = logger(__name__)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session on the primary; commits when the block ends well. Raises :class:`Unavailable` when the database is away."""
        with self._reachable(), Session(self.primary, expire_on_commit=False) as session:
            with session.begin():
                yield session
            if self.replicas:
                self._written_lsn = session.scalar(sa.text("select pg_current_wal_lsn()::text")) or self._written_lsn

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees every write of this process; on a replica where one is far enough. Raises :class:`Unavailable`."""
        with self._reachable(), self._replica_session() or Session(self.primary, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        """Connections that break, locks and statements that take too long, a pool that is used up: another try may succeed."""
        try:
            yield
        except (OperationalError, InterfaceError, PoolTimeout) as error:
            self._log.warning("database.away", error=str(error).strip())
            raise Unavailable("The database does not answer", retry_after_seconds=2.0) from error

    def dispose(self) -> None:
        """Close every connection."""
        for engine in (self.primary, *self.replicas):
            engine.dispose()

    def _replica_session(self) -> Session | None:
        for _ in self.replicas:
            index = next(self._turn) % len(self.replicas)
            if self._resting_until.get(index, 0.0) > time.monotonic():
                continue
            session = Session(self.replicas[index], expire_on_commit=False)
            try:
                if session.scalar(sa.text("select pg_last_wal_replay_lsn() >= cast(:lsn as pg_lsn)"), {"lsn": self._written_lsn}):
                    return session
                session.close()
            except OperationalError as error:
                session.close()
                self._resting_until[index] = time.monotonic() + _REST_SECONDS
                self._log.warning("replica.resting", replica=index, seconds=_REST_SECONDS, error=str(error.orig).strip())
        return None


def _engine(url: str, schema: str, pool_size: int) -> sa.Engine:
    options = (
        f"-c search_path={schema} -c statement_timeout=10000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=30000"
    )
    connect_args: dict[str, Any] = {
        "connect_timeout": _CONNECT_TIMEOUT_SECONDS,
        "options": options,
        "application_name": f"broadsheet-{schema}",
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
    }
    return sa.create_engine(
        url, pool_size=pool_size, max_overflow=0, pool_timeout=10, pool_pre_ping=True, connect_args=connect_args
    )
