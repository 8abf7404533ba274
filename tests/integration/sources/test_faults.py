"""What breaks or is cancelled in the middle ends at once, with an error that says so, and leaves nothing behind."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
import pytest

from broadsheet.errors import Cancelled, SourceUnavailable
from broadsheet.sources.base import SourceUrl
from broadsheet.sources.postgres import PostgresSource
from tests.support.waiting import until
from tests.support.wire import Wire

ENDLESS = "select a.n, repeat('x', 1000) as filler from series as a cross join series as b"


@pytest.fixture
def admin(source_url) -> Iterator:
    with closing(psycopg2.connect(source_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


def backends(admin, marker: str, state: str = "active") -> list[int]:
    admin.execute(
        "select pid from pg_stat_activity where state = %s and query like %s and pid <> pg_backend_pid()", (state, f"%{marker}%")
    )
    return [pid for (pid,) in admin.fetchall()]


def read_all(snapshot, sql: str) -> None:
    for _ in snapshot.batches(sql):
        pass


@contextmanager
def reading(snapshot, sql: str) -> Iterator[list[BaseException]]:
    """Read in a thread of its own; gives what it raised, once the block has ended."""
    raised: list[BaseException] = []

    def read() -> None:
        try:
            read_all(snapshot, sql)
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        yield raised
    finally:
        thread.join(10)
        assert not thread.is_alive(), "the reader hangs"


@pytest.mark.parametrize("phase", ["executing", "reading", "waiting"])
def test_cancelling_ends_the_statement_on_the_server_within_a_second(source, admin, source_url, phase):
    marker = f"/* cancelled while {phase} */"
    sql = {
        "executing": f"select {marker} count(*) from generate_series(1, 1000000000)",
        "reading": ENDLESS.replace("select", f"select {marker}"),
        "waiting": f"select {marker} n from series",
    }[phase]
    with closing(psycopg2.connect(source_url)) as other, other.cursor() as blocker:
        if phase == "waiting":
            blocker.execute("lock table series in access exclusive mode")
        with source.snapshot() as snapshot, reading(snapshot, sql) as raised:
            until(lambda: backends(admin, marker), what="the query running")
            began = time.monotonic()
            snapshot.cancel()
            until(lambda: not backends(admin, marker), within_seconds=5, what="the query having ended")
            assert time.monotonic() - began < 1
    assert [type(error) for error in raised] == [Cancelled]
    assert source.idle_count == 0


def test_a_cancellation_that_comes_at_any_moment_is_not_lost(source):
    for delay in range(12):
        with source.snapshot() as snapshot:
            timer = threading.Timer(delay / 2000, snapshot.cancel)
            timer.start()
            began = time.monotonic()
            with pytest.raises(Cancelled):
                snapshot.fetch("select pg_sleep(20)")
            assert time.monotonic() - began < 2
            timer.join()


def test_a_backend_that_is_ended_while_it_is_read_is_a_lost_connection(source, admin):
    marker = "/* ended by an administrator */"
    with source.snapshot() as snapshot, reading(snapshot, ENDLESS.replace("select", f"select {marker}")) as raised:
        [pid] = until(lambda: backends(admin, marker), what="the query running")
        admin.execute("select pg_terminate_backend(%s)", (pid,))
    assert_lost(raised)
    assert source.idle_count == 0
    assert answers(source)


def test_a_backend_that_is_ended_while_it_copies_is_a_lost_connection(source, admin):
    marker = "/* copy ended by an administrator */"

    def end(piece: bytes) -> None:
        for pid in backends(admin, marker):
            admin.execute("select pg_terminate_backend(%s)", (pid,))

    with source.snapshot() as snapshot, pytest.raises(SourceUnavailable, match="lost while reading; try again"):
        snapshot.copy_csv(ENDLESS.replace("select", f"select {marker}"), end)
    assert answers(source)


def assert_lost(raised: list[BaseException]) -> None:
    [error] = raised
    assert isinstance(error, SourceUnavailable), error
    assert "lost while reading; try again" in str(error)


def test_a_wire_that_is_cut_in_mid_stream_is_a_lost_connection_and_the_next_reader_gets_a_new_one(source_url):
    parts = psycopg2.extensions.parse_dsn(source_url)
    with closing(Wire(parts["host"], int(parts["port"]))) as wire:
        url = source_url.replace(f":{parts['port']}/", f":{wire.port}/")
        with closing(PostgresSource(SourceUrl(url))) as source:
            assert answers(source)
            with source.snapshot() as snapshot, reading(snapshot, ENDLESS) as raised:
                until(lambda: wire.carried_bytes > 2**22, what="the middle of the stream")
                wire.cut()
            assert_lost(raised)
            assert source.idle_count == 0
            assert answers(source)
            wire.cut()
            assert answers(source), "an idle connection that was cut is replaced"


def test_what_a_query_leaves_in_its_session_is_gone_for_the_next(source, admin):
    with source.snapshot() as snapshot:
        snapshot.fetch("select pg_advisory_lock(77), set_config('work_mem', '77MB', false)")
    with source.snapshot() as snapshot:
        assert snapshot.fetch("select current_setting('work_mem') as m").table["m"][0].as_py() != "77MB"
        admin.execute("select from pg_locks where locktype = 'advisory' and objid = 77")
        assert admin.rowcount == 0


def test_idle_connections_are_bounded_and_dropped_when_nobody_uses_them(source_url):
    with closing(PostgresSource(SourceUrl(source_url), idle_connections=2, idle_seconds=60)) as source:
        snapshots = [source.snapshot() for _ in range(4)]
        for snapshot in snapshots:
            snapshot.fetch("select 1")
        for snapshot in snapshots:
            snapshot.close()
        source.drop_idle()
        assert source.idle_count == 2
    with closing(PostgresSource(SourceUrl(source_url), idle_seconds=0)) as source:
        assert answers(source)
        source.drop_idle()
        assert source.idle_count == 0


def answers(source) -> bool:
    with source.snapshot() as snapshot:
        return bool(snapshot.fetch("select 1 as x").table["x"][0].as_py() == 1)
