"""What a write tells after its commit, and what it survives."""

from collections.abc import Sequence

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from broadsheet.positions import Change, lsn_of
from tests.support.cluster import Cluster, MakeDatabase, add, served_by, there
from tests.support.waiting import until

CHANGE = Change("token", ("note:1", "notes"))
Told = list[tuple[list[Change], str]]


@pytest.fixture
def told() -> Told:
    return []


@pytest.fixture
def after_commit(told: Told):
    def tell(changes: Sequence[Change], position: str) -> None:
        told.append((list(changes), position))

    return tell


def test_after_a_commit_the_changes_are_told_with_a_position_that_covers_it(
    cluster: Cluster, database: MakeDatabase, after_commit, told: Told
) -> None:
    db = database(after_commit=after_commit)
    with db.write() as session:
        note = add(session)
        session.info["changes"].append(CHANGE)
        assert told == []
    [(changes, position)] = told
    assert changes == [CHANGE]
    reached = "select pg_last_wal_replay_lsn() >= %s::pg_lsn"
    until(lambda: cluster.replica.query(reached, lsn_of(position)) == [(True,)], what="the replica reaching the position")
    with database(max_lag_seconds=60).read(at_least=position) as session:
        assert there(session, note)


def test_the_position_is_told_without_replicas_too(database: MakeDatabase, after_commit, told: Told) -> None:
    db = database(replica_urls=[], after_commit=after_commit)
    _, before = db.position()
    with db.write() as session:
        add(session)
        session.info["changes"].append(CHANGE)
    [(_, position)] = told
    assert position > before


def test_a_write_without_changes_tells_nothing(database: MakeDatabase, after_commit, told: Told) -> None:
    with database(after_commit=after_commit).write() as session:
        add(session)
    assert told == []


def test_a_write_that_is_rolled_back_tells_nothing(database: MakeDatabase, after_commit, told: Told) -> None:
    db = database(after_commit=after_commit)
    notes: list[str] = []

    def write_and_fail() -> None:
        with db.write() as session:
            notes.append(add(session))
            session.info["changes"].append(CHANGE)
            raise LookupError

    with pytest.raises(LookupError):
        write_and_fail()
    assert told == []
    with db.read() as session:
        assert not there(session, notes[0])


def test_an_error_of_who_is_told_does_not_fail_the_write(database: MakeDatabase) -> None:
    def fail(changes: Sequence[Change], position: str) -> None:
        raise ConnectionError("nobody there")

    db = database(after_commit=fail)
    with db.write() as session:
        note = add(session)
        session.info["changes"].append(CHANGE)
    with db.read() as session:
        assert there(session, note)


def test_a_write_whose_position_cannot_be_read_has_happened_and_is_read_from_the_primary(
    cluster: Cluster, database: MakeDatabase, after_commit, told: Told
) -> None:
    db = database(max_lag_seconds=1, after_commit=after_commit)
    until(lambda: served_by(db) == "replica", what="the replica being read")
    with db.write() as session:
        note = add(session)
        session.info["changes"].append(CHANGE)
        pid = session.scalar(sa.text("select pg_backend_pid()"))
        sa.event.listen(session, "after_commit", lambda _: _end(cluster, pid))
    assert told == []
    with db.read() as session:
        assert there(session, note)
    until(lambda: served_by(db) == "replica", what="the replica being read again")
    with db.read() as session:
        assert there(session, note)


def test_connections_that_the_server_has_closed_are_not_used(cluster: Cluster, database: MakeDatabase) -> None:
    db = database(replica_urls=[])

    def pid_of(session: Session) -> int:
        return int(session.scalar(sa.text("select pg_backend_pid()")) or 0)

    with db.write() as one, db.write() as other:
        pids = [pid_of(one), pid_of(other)]
    for pid in pids:
        _end(cluster, pid)
    for _ in range(3):
        with db.write() as session:
            assert pid_of(session) not in pids


def _end(cluster: Cluster, pid: int | None) -> None:
    """End a session of the primary, and wait until it has ended."""
    cluster.primary.query("select pg_terminate_backend(%s)", pid)
    until(lambda: not cluster.primary.query("select from pg_stat_activity where pid = %s", pid), what="the session's end")
