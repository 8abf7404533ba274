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
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, InterfaceError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from broadsheet import sqlcomments
from broadsheet.errors import Unavailable
from broadsheet.logs import logger
from broadsheet.positions import BEGINNING, PRIMARY, Change, read_floor, system_of
from broadsheet.replicas import LagWatch, Replica, autocommitting, current_position

#: Told after a commit: what changed, and a position at or behind the commit.
AfterCommit = Callable[[Sequence[Change], str], None]


class _Patience(NamedTuple):
    """How long, in seconds, to wait for a connection, for one of the pool to become free, and for sent bytes to be acknowledged."""

    connect: int
    pool: float
    network: int


_PATIENT = _Patience(connect=5, pool=10.0, network=15)
#: For where there is another server to ask.
_BRISK = _Patience(connect=2, pool=2.0, network=5)


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
        self.primary = _engine(url, schema, pool_size, _PATIENT)
        self.replicas = [_engine(replica, schema, pool_size, _BRISK) for replica in replica_urls]
        # Not out of the primary's pool: a read that could be answered by a replica must not wait for a writer's connection.
        self._watching = _engine(url, schema, 1, _BRISK)
        self._after_commit = after_commit
        self._candidates = [
            Replica(engine, name=f"{index}", try_seconds=_BRISK.connect + 1.0) for index, engine in enumerate(self.replicas)
        ]
        self._watch = LagWatch(self._sample, max_lag_seconds=max_lag_seconds, try_seconds=_BRISK.connect + 1.0)
        self._floor = _Floor()
        self._turn = itertools.count()
        self._log = logger(__name__)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session on the primary; commits when the block ends well. Raises :class:`Unavailable` when the database is away."""
        changes: list[Change] = []
        with self._reachable(), self.primary.connect() as connection:
            try:
                with Session(connection, expire_on_commit=False, info={"changes": changes}) as session, session.begin():
                    yield session
            except DBAPIError as error:
                if error.connection_invalidated:
                    self._floor.lose()  # it may have been the commit's answer that was lost
                raise
            position = self._position_behind(connection) if changes or self._candidates else None
        if changes and position is not None:
            self._tell(changes, position)

    @contextmanager
    def read(self, *, at_least: str | None = None) -> Iterator[Session]:
        """A session that sees every write of this process, and the position ``at_least`` (default: what ``positions.read_floor`` says).

        Every statement is a transaction of its own. Raises :class:`Unavailable` when the server it reads from goes away; another try
        goes elsewhere.
        """
        wanted = read_floor.get() if at_least is None else at_least
        with (
            self._reachable(),
            self._reading(wanted or BEGINNING) as connection,
            Session(connection, expire_on_commit=False) as session,
        ):
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

    def _position_behind(self, connection: sa.Connection) -> str | None:
        """The position after the commit; None if it cannot be read, for the write has happened whatever comes now."""
        try:
            epoch, position = current_position(connection.execution_options(isolation_level="AUTOCOMMIT"))
        except Exception as error:
            self._floor.lose()
            self._log.warning("database.position_unknown", error=str(error).strip())
            return None
        self._floor.rise(epoch, position)
        return position

    def _tell(self, changes: Sequence[Change], position: str) -> None:
        try:
            if self._after_commit is not None:
                self._after_commit(changes, position)
        except Exception as error:
            self._log.warning("database.after_commit_failed", error=str(error).strip(), changes=len(changes))

    @contextmanager
    def _reading(self, wanted: str) -> Iterator[sa.Connection]:
        chosen = self._chosen(wanted) if self._candidates and wanted < PRIMARY else None
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

    def _chosen(self, wanted: str) -> tuple[Replica, sa.Connection] | None:
        """The next replica, in turn, that may be read, with a connection to it."""
        need = self._watch.need()  # first: it also finds a lost floor again
        floor = max(self._floor.position, wanted)
        if need is None or floor >= PRIMARY:
            return None
        need = need._replace(position=max(need.position, floor))
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
        """The primary is at ``position``: every write that ended before it was asked is at or below that.

        In another cluster (restored from a dump) positions begin anew.
        """
        with self._lock:
            another_cluster = bool(self.epoch) and system_of(epoch) != system_of(self.epoch)
            self.epoch = epoch
            if another_cluster or (self.position == PRIMARY and asked_at > self._lost_at):
                self.position = position


def _engine(url: str, schema: str, pool_size: int, patience: _Patience) -> sa.Engine:
    options = (
        f"-c search_path={schema} -c statement_timeout=10000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=30000"
    )
    connect_args: dict[str, Any] = {
        "connect_timeout": patience.connect,
        "options": options,
        "application_name": f"broadsheet-{schema}",
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": patience.network * 1000,
    }
    engine = sa.create_engine(url, pool_size=pool_size, max_overflow=0, pool_timeout=patience.pool, connect_args=connect_args)
    sa.event.listen(engine, "checkout", _refuse_dead)
    return sqlcomments.install(engine)


def _refuse_dead(connection: Any, record: Any, proxy: Any) -> None:
    """See, without a round trip, whether the server has ended an idle connection: libpq looks at its socket.

    The first look reads what the server had to say; nothing but its end makes it talk to an idle connection. Where it has ended, every
    connection of the pool made before is dropped, as SQLAlchemy's own ping would.
    """
    connection.notices.clear()
    try:
        connection.poll()
        connection.poll()
    except Exception as error:
        raise InvalidatePoolError from error
    if connection.notices:
        raise InvalidatePoolError
