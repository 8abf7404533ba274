"""A service's database: one schema, one role, writes to the primary, reads from a replica that has seen enough.

A read says (or its context does, or this process's own writes do) which position of the primary it must have seen; a replica is read
only if it has replayed that, and is not further behind than the service's bound. Otherwise, and without replicas, the primary is. A
write transaction rolls back unless the block ends well. What a reader would get wrong: ``read`` is not one transaction. Each statement
sees what is committed when it starts.
"""

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, InterfaceError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from broadsheet.errors import Unavailable
from broadsheet.logs import logger
from broadsheet.positions import BEGINNING, PRIMARY, Change, read_floor
from broadsheet.replicas import LagWatch, Replica, autocommitting, current_position

#: Told after a commit: what changed, and a position at or behind the commit.
AfterCommit = Callable[[Sequence[Change], str], None]

_CONNECT_TIMEOUT_SECONDS = 5
_REPLICA_CONNECT_TIMEOUT_SECONDS = 2
_POOL_TIMEOUT_SECONDS = 10.0
_REPLICA_POOL_TIMEOUT_SECONDS = 2.0


class Database:
    """Engines of one schema.

    ``pool_size`` bounds the connections to each server. ``schema`` is the search path of every connection. ``max_lag_seconds`` is how old
    what a replica shows may be. ``after_commit`` is called after every write that left a :class:`Change` in
    ``session.info["changes"]``; whatever it raises is logged, the write has happened.
    """

    def __init__(
        self,
        url: str,
        replica_urls: Sequence[str] = (),
        *,
        schema: str,
        pool_size: int = 8,
        max_lag_seconds: float = 5.0,
        after_commit: AfterCommit | None = None,
    ):
        self.primary = _engine(url, schema, pool_size, _CONNECT_TIMEOUT_SECONDS, _POOL_TIMEOUT_SECONDS)
        self.replicas = [
            _engine(replica, schema, pool_size, _REPLICA_CONNECT_TIMEOUT_SECONDS, _REPLICA_POOL_TIMEOUT_SECONDS)
            for replica in replica_urls
        ]
        # Not out of the primary's pool: a read that could be answered by a replica must not wait for a writer's connection.
        self._watching = _engine(url, schema, 1, _REPLICA_CONNECT_TIMEOUT_SECONDS, _REPLICA_POOL_TIMEOUT_SECONDS)
        self._after_commit = after_commit
        self._candidates = [
            Replica(engine, name=f"{index}", connect_timeout_seconds=_REPLICA_CONNECT_TIMEOUT_SECONDS)
            for index, engine in enumerate(self.replicas)
        ]
        self._watch = LagWatch(self._sample, max_lag_seconds=max_lag_seconds, try_seconds=_REPLICA_CONNECT_TIMEOUT_SECONDS + 1.0)
        self._floor = _Floor()
        self._turn = itertools.count()
        self._log = logger(__name__)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session on the primary; commits when the block ends well. Raises :class:`Unavailable` when the database is away."""
        with self._reachable(), self.primary.connect() as connection:
            changes: list[Change] = []
            try:
                with Session(connection, expire_on_commit=False, info={"changes": changes}) as session, session.begin():
                    yield session
            except (OperationalError, InterfaceError):
                self._floor.lose()  # it may have been the commit's answer that was lost
                raise
            self._committed(connection, changes)

    @contextmanager
    def read(self, *, at_least: str | None = None) -> Iterator[Session]:
        """A session that sees every write of this process, and the position ``at_least`` (default: what ``positions.read_floor`` says).

        Every statement is a transaction of its own. Raises :class:`Unavailable` when the server it reads from goes away; another try
        goes elsewhere.
        """
        floor = max(self._floor.position, at_least or read_floor.get() or BEGINNING)
        with self._reachable(), self._reading(floor) as connection, Session(connection, expire_on_commit=False) as session:
            yield session

    def position(self) -> tuple[str, str]:
        """The primary's epoch and its position now. Raises :class:`Unavailable`."""
        asked_at = time.monotonic()
        with self._reachable(), autocommitting(self.primary) as connection:
            epoch, position = current_position(connection)
        self._floor.find(epoch, position, asked_at)
        return epoch, position

    @property
    def epoch(self) -> str:
        """The primary's epoch when it was last asked, as it is after every write; asks if it never was. Raises :class:`Unavailable`."""
        return self._floor.epoch or self.position()[0]

    def dispose(self) -> None:
        """Close every connection."""
        for engine in (self.primary, self._watching, *self.replicas):
            engine.dispose()

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        """Connections that break, locks and statements that take too long, a pool that is used up: another try may succeed."""
        try:
            yield
        except (OperationalError, InterfaceError, PoolTimeout) as error:
            self._log.warning("database.away", error=str(error).strip())
            raise Unavailable("The database does not answer", retry_after_seconds=2.0) from error

    def _committed(self, connection: sa.Connection, changes: Sequence[Change]) -> None:
        if not changes and not self._candidates:
            return
        try:
            epoch, position = current_position(connection.execution_options(isolation_level="AUTOCOMMIT"))
        except Exception as error:
            self._floor.lose()
            self._log.warning("database.position_unknown", error=str(error).strip())
            return
        self._floor.rise(epoch, position)
        if not changes or self._after_commit is None:
            return
        try:
            self._after_commit(changes, position)
        except Exception as error:
            self._log.warning("database.after_commit_failed", error=str(error).strip(), changes=len(changes))

    @contextmanager
    def _reading(self, floor: str) -> Iterator[sa.Connection]:
        chosen = self._chosen(floor) if self._candidates and floor < PRIMARY else None
        if chosen is None:
            with autocommitting(self.primary) as connection:
                yield connection
            return
        replica, connection = chosen
        with connection:
            try:
                yield connection
            except DBAPIError as error:
                if error.connection_invalidated:
                    replica.failed(error)
                raise

    def _chosen(self, floor: str) -> tuple[Replica, sa.Connection] | None:
        """The next replica, in turn, that may be read, with a connection to it."""
        need = self._watch.need(floor)
        turn = next(self._turn)
        for index in range(len(self._candidates)):
            replica = self._candidates[(turn + index) % len(self._candidates)]
            connection = replica.connection(need)
            if connection is not None:
                return replica, connection
        return None

    def _sample(self) -> str:
        asked_at = time.monotonic()
        with autocommitting(self._watching) as connection:
            epoch, position = current_position(connection)
        self._floor.find(epoch, position, asked_at)
        return position


class _Floor:
    """The position after the last write of this process; :data:`PRIMARY` while a write's position could not be read."""

    def __init__(self) -> None:
        self.epoch = ""
        self.position = BEGINNING
        self._lost_at = 0.0
        self._lock = threading.Lock()

    def rise(self, epoch: str, position: str) -> None:
        """A write is at or below ``position``."""
        with self._lock:
            self.epoch = epoch
            self.position = max(self.position, position)

    def lose(self) -> None:
        """A write may have happened, at a position nobody knows."""
        with self._lock:
            self.position, self._lost_at = PRIMARY, time.monotonic()

    def find(self, epoch: str, position: str, asked_at: float) -> None:
        """The primary is at ``position``: so is every write that ended before it was asked."""
        with self._lock:
            self.epoch = epoch
            if self.position == PRIMARY and asked_at > self._lost_at:
                self.position = position


def _engine(url: str, schema: str, pool_size: int, connect_timeout_seconds: int, pool_timeout_seconds: float) -> sa.Engine:
    options = (
        f"-c search_path={schema} -c statement_timeout=10000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=30000"
    )
    connect_args: dict[str, Any] = {
        "connect_timeout": connect_timeout_seconds,
        "options": options,
        "application_name": f"broadsheet-{schema}",
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 15_000,
    }
    engine = sa.create_engine(
        url, pool_size=pool_size, max_overflow=0, pool_timeout=pool_timeout_seconds, connect_args=connect_args
    )
    sa.event.listen(engine, "checkout", _refuse_dead)
    return engine


def _refuse_dead(connection: Any, record: Any, proxy: Any) -> None:
    """See, without a round trip, whether the server has closed the connection: libpq looks at its socket.

    Where it has, every connection of the pool made before is dropped, as SQLAlchemy's own ping would.
    """
    try:
        connection.poll()
    except Exception as error:
        raise InvalidatePoolError from error
