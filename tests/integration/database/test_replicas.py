"""Reads go to a replica that has seen enough, and to the primary where none has."""

import time

import pytest
import sqlalchemy as sa

from broadsheet.errors import Unavailable
from broadsheet.positions import PRIMARY, lsn_of, position, read_floor, timeline_of
from tests.support.cluster import Cluster, MakeDatabase, add, served_by, there
from tests.support.waiting import until

FAR = position(0xFFFF, "FFFF/0")


def test_a_read_goes_to_the_replica(database: MakeDatabase) -> None:
    db = database()
    until(lambda: served_by(db) == "replica", what="the replica being read")


def test_without_replicas_the_primary_is_read(database: MakeDatabase) -> None:
    assert served_by(database(replica_urls=[])) == "primary"


def test_who_wrote_reads_it_while_the_replica_has_not_replayed_it(cluster: Cluster, database: MakeDatabase) -> None:
    writer, other = database(max_lag_seconds=60), database(max_lag_seconds=60)
    until(lambda: served_by(other) == "replica", what="the replica being read")
    with cluster.replay_paused():
        with writer.write() as session:
            note = add(session)
        with writer.read() as session:
            assert there(session, note)
        with other.read() as session:
            assert not there(session, note)
    until(lambda: served_by(writer) == "replica", what="the replica being read after it has replayed the write")
    with writer.read() as session:
        assert there(session, note)


@pytest.mark.parametrize("standstill", ["replay_paused", "receiver_stopped"])
def test_a_replica_that_stands_still_is_read_until_the_lag_bound_and_again_when_it_moves(
    cluster: Cluster, database: MakeDatabase, standstill: str
) -> None:
    strict, patient = database(max_lag_seconds=0.5), database(max_lag_seconds=60)
    until(lambda: (served_by(strict), served_by(patient)) == ("replica", "replica"), what="the replica being read")
    with getattr(cluster, standstill)():
        cluster.advance()
        until(lambda: served_by(strict) == "primary", what="the primary being read beyond the bound")
        assert served_by(patient) == "replica"
    until(lambda: served_by(strict) == "replica", what="the replica being read again")


def test_a_position_that_is_not_replayed_is_read_from_the_primary(cluster: Cluster, database: MakeDatabase) -> None:
    db = database(max_lag_seconds=60)
    until(lambda: served_by(db) == "replica", what="the replica being read")
    with cluster.replay_paused():
        cluster.advance()
        _, now = db.position()
        assert served_by(db, at_least=now) == "primary"
        assert served_by(db) == "replica"
    until(lambda: served_by(db, at_least=now) == "replica", what="the replica reaching the position")
    assert served_by(db, at_least=FAR) == "primary"


def test_the_floor_of_the_context_holds_unless_the_reader_says_one(database: MakeDatabase) -> None:
    db = database(max_lag_seconds=60)
    until(lambda: served_by(db) == "replica", what="the replica being read")
    _, now = db.position()
    for floor in (FAR, PRIMARY):
        token = read_floor.set(floor)
        try:
            assert served_by(db) == "primary"
            until(lambda: served_by(db, at_least=now) == "replica", what="the replica reaching the position")
        finally:
            read_floor.reset(token)
    assert served_by(db) == "replica"


def test_without_its_replica_the_primary_is_read_and_the_replica_again_when_it_is_back(
    cluster: Cluster, database: MakeDatabase
) -> None:
    db = database()
    until(lambda: served_by(db) == "replica", what="the replica being read")
    cluster.kill_replica()
    try:
        assert served_by(db) == "primary"
        started = time.monotonic()
        for _ in range(100):
            assert served_by(db) == "primary"
        assert time.monotonic() - started < 5
    finally:
        cluster.replica.restart()
    until(lambda: served_by(db) == "replica", what="the replica being read again")


def test_a_replica_that_dies_under_a_reader_asks_it_to_try_again_and_the_next_try_goes_elsewhere(
    cluster: Cluster, database: MakeDatabase
) -> None:
    db = database()
    until(lambda: served_by(db) == "replica", what="the replica being read")

    def read_while_it_dies() -> None:
        with db.read() as session:
            session.execute(sa.text("select 1"))
            cluster.kill_replica()
            session.execute(sa.text("select 1"))

    try:
        with pytest.raises(Unavailable) as raised:
            read_while_it_dies()
        assert raised.value.retry_after_seconds
        assert served_by(db) == "primary"
    finally:
        cluster.replica.restart()
    until(lambda: served_by(db) == "replica", what="the replica being read again")


def test_several_replicas_are_read_in_turn(cluster: Cluster, database: MakeDatabase) -> None:
    db = database(replica_urls=[cluster.replica_url, cluster.replica_url])
    until(lambda: served_by(db) == "replica", what="a replica being read")
    reads: dict[int, int] = {0: 0, 1: 0}
    for index, engine in enumerate(db.replicas):
        sa.event.listen(engine, "checkout", lambda *_, index=index: reads.__setitem__(index, reads[index] + 1))
    for _ in range(20):
        served_by(db)
    assert reads == {0: 10, 1: 10}


def test_of_several_replicas_the_one_that_answers_is_read(cluster: Cluster, database: MakeDatabase) -> None:
    nobody = sa.engine.make_url(cluster.replica_url).set(port=1).render_as_string(hide_password=False)
    db = database(replica_urls=[nobody, cluster.replica_url])
    until(lambda: served_by(db) == "replica", what="a replica being read")
    assert {served_by(db) for _ in range(20)} == {"replica"}


def test_a_replica_that_is_none_is_not_read(cluster: Cluster, database: MakeDatabase) -> None:
    db = database(replica_urls=[cluster.primary_url])
    reads: list[int] = []
    sa.event.listen(db.primary, "checkout", lambda *_: reads.append(1))
    for _ in range(5):
        assert served_by(db) == "primary"
    assert len(reads) == 5


def test_without_the_primary_a_replica_that_has_replayed_all_it_received_is_read(cluster: Cluster, database: MakeDatabase) -> None:
    db = database(max_lag_seconds=0.2)
    with db.write() as session:
        note = add(session)
    until(lambda: served_by(db) == "replica", what="the replica being read")
    cluster.primary.kill()
    try:
        gone_since = time.monotonic()
        until(lambda: time.monotonic() - gone_since > 0.5, what="the lag bound having passed")
        for _ in range(20):
            with db.read() as session:
                assert there(session, note)
        with pytest.raises(Unavailable), db.write() as session:
            add(session)
    finally:
        cluster.primary.restart()
    until(lambda: served_by(db) == "replica", what="the replica being read")


def test_an_ordinary_role_sees_where_the_primary_is(cluster: Cluster, database: MakeDatabase) -> None:
    db = database()
    epoch, before = db.position()
    cluster.advance()
    again, after = db.position()
    assert epoch == again == db.epoch
    assert before < after
    [(system, timeline)] = cluster.primary.query(
        "select to_hex(system_identifier), timeline_id from pg_control_system(), pg_control_checkpoint()"
    )
    assert (timeline_of(after), epoch) == (timeline, f"{system}.{timeline}")
    assert cluster.primary.query("select pg_current_wal_lsn() >= %s::pg_lsn", lsn_of(after)) == [(True,)]
