"""Which server answers: replicas by turns while they answer and are recent, else the primary, and the truth about the data's age."""

import datetime as dt
import io
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
import pytest

from broadsheet.errors import SourceUnavailable
from broadsheet.sources.base import SourceUrl
from broadsheet.sources.postgres import PostgresSource
from tests.support.waiting import until

RECOVERING = "select pg_is_in_recovery() as r"
GONE = "postgresql://nobody@127.0.0.1:1/numbers"


@pytest.fixture
def replica_url(stack, source_url) -> str:
    url = stack.endpoints.replica_url("numbers").replace("+psycopg2", "")
    until(lambda: replayed(stack, source_url), what="the replica having replayed what the primary wrote")
    return url


@pytest.fixture
def two(source_url, replica_url) -> Iterator[PostgresSource]:
    """A source with a replica."""
    source = PostgresSource(SourceUrl(source_url, replicas=(replica_url,), max_lag_seconds=0.2))
    yield source
    source.close()


def run(url: str, sql: str) -> list:
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []


def replayed(stack, source_url: str) -> bool:
    [(written,)] = run(source_url, "select pg_current_wal_lsn()::text")
    replica = stack.endpoints.replica_url().replace("+psycopg2", "")
    return run(replica, f"select pg_last_wal_replay_lsn() >= '{written}'::pg_lsn and exists (select from pg_stat_wal_receiver)")[0][
        0
    ]


@contextmanager
def paused(url: str) -> Iterator[None]:
    """The replica receives and does not replay."""
    run(url, "select pg_wal_replay_pause()")
    try:
        until(lambda: run(url, "select pg_get_wal_replay_pause_state()")[0][0] == "paused", what="replay being paused")
        yield
    finally:
        run(url, "select pg_wal_replay_resume()")


def from_replica(source: PostgresSource, **options) -> bool:
    with source.snapshot(**options) as snapshot:
        return snapshot.fetch(RECOVERING).table["r"][0].as_py()


def write(source_url: str) -> dt.datetime:
    """A commit, and the primary's clock after it."""
    run(source_url, "create table if not exists notes (at timestamptz); insert into notes values (now())")
    return run(source_url, "select clock_timestamp()")[0][0]


def test_a_replica_is_read_first_by_both_drivers(two):
    with two.snapshot() as snapshot:
        assert snapshot.fetch(RECOVERING).table["r"][0].as_py() is True
        out = io.BytesIO()
        snapshot.copy_csv(RECOVERING, out.write)
    assert out.getvalue() == b"r\nt\n"


def test_the_primary_is_read_when_the_replica_is_gone(source_url):
    with closing(PostgresSource(SourceUrl(source_url, replicas=(GONE,)))) as source, source.snapshot() as snapshot:
        out = io.BytesIO()
        snapshot.copy_csv(RECOVERING, out.write)
        assert snapshot.fetch(RECOVERING).table["r"][0].as_py() is False
    assert out.getvalue() == b"r\nf\n"


def test_a_replica_whose_address_is_a_mistake_does_not_keep_the_others_from_answering(source_url):
    with closing(PostgresSource(SourceUrl(source_url, replicas=("no address at all",)))) as source:
        assert not from_replica(source)


def test_several_replicas_are_read_by_turns(source_url, replica_url):
    again = replica_url + "?keepalives=1"
    with closing(PostgresSource(SourceUrl(source_url, replicas=(replica_url, again)))) as source:
        read = []
        for _ in range(4):
            opened = source.arrow_connection(None)
            source.give_back(opened.url, opened.connection)
            read.append(opened.url)
    assert read == [replica_url, again, replica_url, again]


def test_a_replica_behind_a_silent_wall_costs_its_connect_timeout_once(source_url):
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        url = f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/numbers"
        config = SourceUrl(source_url, replicas=(url,), connect_timeout_seconds=2)
        with closing(PostgresSource(config)) as source:
            assert not from_replica(source)
            began = time.monotonic()
            assert [from_replica(source) for _ in range(3)] == [False] * 3
            assert time.monotonic() - began < 1


def test_a_server_that_accepts_and_never_answers_is_unavailable_within_the_connect_timeout():
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        config = SourceUrl(f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/numbers", connect_timeout_seconds=2)
        for read in (lambda s: s.fetch("select 1"), lambda s: s.copy_csv("select 1", lambda piece: None)):
            began = time.monotonic()
            with closing(PostgresSource(config)) as source, source.snapshot() as snapshot, pytest.raises(SourceUnavailable):
                read(snapshot)
            assert time.monotonic() - began < 4


def test_a_replica_whose_replay_is_paused_is_passed_over_once_it_is_too_far_behind_and_read_again_later(
    two, source_url, replica_url
):
    assert from_replica(two)
    with paused(replica_url):
        write(source_url)
        until(lambda: not from_replica(two), what="the primary being read instead")
    until(lambda: from_replica(two), what="the replica being read again")


def test_as_of_a_paused_replica_is_the_last_commit_it_has_replayed(source_url, replica_url):
    write(source_url)
    until(lambda: run(replica_url, "select count(*) from notes")[0][0] > 0, what="the table on the replica")
    source = PostgresSource(SourceUrl(source_url, replicas=(replica_url,), max_lag_seconds=3600))
    with closing(source), paused(replica_url):
        [(replayed_at,)] = run(replica_url, "select pg_last_xact_replay_timestamp()")
        write(source_url)
        [(written,)] = run(source_url, "select pg_current_wal_flush_lsn()::text")
        received = f"select pg_last_wal_receive_lsn() >= '{written}'::pg_lsn"
        until(lambda: run(replica_url, received)[0][0], what="the commit being received")
        with source.snapshot() as snapshot:
            assert snapshot.fetch(RECOVERING).table["r"][0].as_py() is True
            assert snapshot.as_of == replayed_at
            newest = snapshot.fetch("select max(at) as at from notes").table["at"][0].as_py()
            assert newest <= snapshot.as_of < run(source_url, "select max(at) from notes")[0][0]


def test_what_was_written_before_a_signal_is_read_after_it_also_while_the_replica_is_paused(source_url, replica_url):
    source = PostgresSource(SourceUrl(source_url, replicas=(replica_url,), max_lag_seconds=3600))
    with closing(source), paused(replica_url):
        signal = write(source_url)
        with source.snapshot(not_before=signal) as snapshot:
            newest = snapshot.fetch("select max(at) as at from notes").table["at"][0].as_py()
        assert newest == run(source_url, "select max(at) from notes")[0][0]


def test_a_replica_that_has_replayed_past_a_signal_is_read(two, source_url):
    signal = write(source_url)

    def read_from_replica() -> bool:
        write(source_url)
        return from_replica(two, not_before=signal)

    until(read_from_replica, what="the replica being read")


def test_an_ordinary_role_that_sees_no_receiver_still_learns_how_old_a_replica_is(stack, source_url, replica_url):
    run(source_url, "drop role if exists plain; create role plain login password 'plain'; grant select on series to plain")
    until(lambda: replayed(stack, source_url), what="the role on the replica")
    urls = [url.split("//")[0] + "//plain:plain@" + url.split("@")[1] for url in (source_url, replica_url)]
    with closing(PostgresSource(SourceUrl(urls[0], replicas=(urls[1],), max_lag_seconds=5))) as source:
        until(lambda: from_replica(source), what="the replica being read")
        [(now,)] = run(source_url, "select clock_timestamp()")
        with source.snapshot() as snapshot:
            assert abs((snapshot.as_of - now).total_seconds()) < 5
        assert not from_replica(source, not_before=now), "what nobody has proved to be replayed is not relied on"


def test_readers_go_to_the_primary_when_the_replica_is_killed_and_back_when_it_returns(stack, two):
    assert from_replica(two)
    replica = stack.server("postgres-replica")
    replica.kill()
    try:
        assert not from_replica(two)
    finally:
        replica.start()
        replica.wait_ready()
    until(lambda: from_replica(two), what="the replica being read again")
