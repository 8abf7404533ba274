"""The servers of one machine: they stream, they come back, they fail loudly and alone."""

import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest
import redis
from confluent_kafka.admin import AdminClient
from kombu.connection import Connection
from sqlalchemy.engine import make_url

from broadsheet.local.child import members
from broadsheet.local.failure import ServerFailed
from broadsheet.local.home import delete_home
from broadsheet.local.sample import load_sample
from broadsheet.local.servers.postgres import Primary, Replica
from broadsheet.local.stack import Stack, owner_of


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder for one more stack, which PostgreSQL's account can reach. Nothing may run there afterwards."""
    path = Path(tempfile.mkdtemp(prefix="broadsheet-stack-", dir="/tmp"))
    yield path
    left = members(path)
    delete_home(path)
    assert left == []


def eventually(condition: Callable[[], bool], timeout_seconds: float = 10.0) -> bool:
    tick = threading.Event()
    for _ in range(int(timeout_seconds / 0.05)):
        if condition():
            return True
        tick.wait(0.05)
    return False


def primary(stack: Stack) -> Primary:
    server = stack.server("postgres")
    assert isinstance(server, Primary)
    return server


def replica(stack: Stack) -> Replica:
    server = stack.server("postgres-replica")
    assert isinstance(server, Replica)
    return server


def test_the_replica_streams_what_the_primary_wrote(stack: Stack) -> None:
    primary(stack).query("create table if not exists streamed (word text)")
    primary(stack).query("insert into streamed values (%s)", "hello")
    position = primary(stack).query("select pg_current_wal_lsn()")[0][0]
    assert eventually(lambda: replica(stack).query("select pg_last_wal_replay_lsn() >= %s::pg_lsn", position) == [(True,)])
    assert replica(stack).query("select word from streamed") == [("hello",)]
    primary(stack).query("drop table streamed")


@pytest.mark.parametrize("name", ["redis", "postgres", "postgres-replica", "kafka"])
def test_a_killed_server_comes_back_on_the_same_port(stack: Stack, name: str) -> None:
    server = stack.server(name)
    port, pid = server.port, server.pid
    server.kill()
    assert not server.is_running
    server.restart()
    assert server.port == port
    assert server.pid not in (None, pid)


def test_the_replica_goes_on_streaming_after_the_primary_was_killed(stack: Stack) -> None:
    primary(stack).kill()
    primary(stack).restart()
    assert eventually(replica(stack).probe)


def test_addresses_let_clients_in_and_only_with_the_password(stack: Stack) -> None:
    ends = stack.endpoints
    assert redis.Redis.from_url(ends.redis_url, socket_timeout=5).ping()
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=make_url(ends.redis_url).port or 0, socket_timeout=5).ping()
    with Connection(ends.amqp_url, connect_timeout=5) as connection:
        connection.connect()
    assert AdminClient({"bootstrap.servers": ends.kafka_bootstrap}).list_topics(timeout=5).brokers
    with pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(host=ends.host, port=ends.primary_port, user=ends.superuser, password="wrong", connect_timeout=5)


def test_the_sample_is_whole_and_its_reader_can_only_read(stack: Stack) -> None:
    sample = load_sample(stack.endpoints, stack.secrets)
    url = make_url(sample.primary_url)
    reader = psycopg2.connect(
        host=url.host, port=url.port, user=url.username, password=url.password, dbname=url.database, connect_timeout=5
    )
    reader.autocommit = True
    try:
        with reader.cursor() as cursor:
            cursor.execute("select count(*), count(dep_time), min(time_hour at time zone 'America/New_York')::text from flights")
            assert cursor.fetchone() == (336_776, 328_521, "2013-01-01 05:00:00")
            cursor.execute("set default_transaction_read_only = off")
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute("delete from airlines")
    finally:
        reader.close()


def test_loading_the_sample_again_keeps_it(stack: Stack) -> None:
    load_sample(stack.endpoints, stack.secrets)
    before = primary(stack).query("select oid, pg_database_size(oid) from pg_database where datname = 'flights'")
    load_sample(stack.endpoints, stack.secrets)
    assert primary(stack).query("select oid, pg_database_size(oid) from pg_database where datname = 'flights'") == before


def test_a_second_stack_runs_beside_the_first_and_ends_without_it(stack: Stack, home: Path) -> None:
    second = Stack(home, durable=False)
    ends = second.start()
    try:
        ports = {server.port for server in second.servers}
        assert not ports & {server.port for server in stack.servers}
        assert ends.kafka_bootstrap != stack.endpoints.kafka_bootstrap
        with pytest.raises(ServerFailed, match="in use by a running Broadsheet"):
            Stack(home).start()
        assert all(server.is_running for server in second.servers)
    finally:
        second.stop()
    assert members(home) == []
    assert owner_of(home) is None
    assert all(server.is_running for server in stack.servers)


def test_a_server_that_cannot_start_says_why_and_takes_the_others_down(home: Path) -> None:
    (home / "kafka").mkdir()
    (home / "kafka" / "data").write_text("a file where a folder must be")
    with pytest.raises(ServerFailed) as caught:
        Stack(home, durable=False).start()
    assert caught.value.name == "kafka"
    assert "failed with exit code" in caught.value.reason
    assert caught.value.log_tail
    assert caught.value.advice
    assert members(home) == []
    assert owner_of(home) is None
