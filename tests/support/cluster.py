"""A primary and its replica in the hands of a test, and a database object's view of them."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from broadsheet.database import Database
from broadsheet.ids import new_id
from broadsheet.local.child import members
from broadsheet.local.servers.postgres import Primary, Replica
from tests.support.waiting import until

#: Makes a database object of the folder's role; arguments are those of Database.
MakeDatabase = Callable[..., Database]


@dataclass(frozen=True)
class Cluster:
    """The two servers, with a superuser's hand on them, and the addresses an ordinary role has."""

    primary: Primary
    replica: Replica
    primary_url: str
    replica_url: str

    def position_reached(self) -> None:
        """Return once the replica has replayed all the primary has written so far."""
        [(lsn,)] = self.primary.query("select pg_current_wal_lsn()::text")
        reached = "select pg_last_wal_replay_lsn() >= %s::pg_lsn"
        until(lambda: self.replica.query(reached, lsn) == [(True,)], what="the replica having replayed everything")

    @contextmanager
    def replay_paused(self) -> Iterator[None]:
        """The replica receives and does not replay until the block ends."""
        self.position_reached()
        self.replica.query("select pg_wal_replay_pause()")
        try:
            until(lambda: self.replica.query("select pg_get_wal_replay_pause_state()") == [("paused",)], what="replay being paused")
            yield
        finally:
            self.replica.query("select pg_wal_replay_resume()")

    @contextmanager
    def receiver_stopped(self) -> Iterator[None]:
        """The replica's WAL receiver is there and does nothing until the block ends: all it has received is replayed."""
        self.position_reached()
        [(pid,)] = self.replica.query("select pid from pg_stat_wal_receiver")
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def kill_replica(self) -> None:
        """As when its machine goes; returns when the last of its sessions has ended."""
        self.replica.kill()
        until(lambda: not members(self.replica.data), what="the end of the replica's sessions")

    def advance(self) -> None:
        """The primary writes something that no database object of the test knows of."""
        self.primary.query("select pg_logical_emit_message(true, 'test', 'something')")


def add(session: Session) -> str:
    """Write one note; gives its id."""
    note = new_id()
    session.execute(sa.text("insert into notes values (:id)"), {"id": note})
    return note


def there(session: Session, note: str) -> bool:
    return bool(session.scalar(sa.text("select exists (select from notes where id = :id)"), {"id": note}))


def served_by(database: Database, at_least: str | None = None) -> str:
    """Which server a read goes to: ``replica`` or ``primary``."""
    with database.read(at_least=at_least) as session:
        return "replica" if session.scalar(sa.text("select pg_is_in_recovery()")) else "primary"
