"""Of all who miss the same answer at once, one computes it: in two processes as in one, and even if that one is killed at it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from kombu import Connection

from broadsheet.ids import new_id
from broadsheet.local.process import Process
from tests.support.database import rows
from tests.support.faults import kill
from tests.support.flights import Gate, closed_gate
from tests.support.reading import at_once, executions
from tests.support.system import Member, System
from tests.support.waiting import until
from tests.support.workplace import add_report, data, workplace

READERS = 50


@pytest.fixture(scope="module")
def queries(system: System) -> Iterator[list[Process]]:
    """Two processes that answer queries; whatever happened to them, one is there at the end."""
    first, second = system.processes["queries"], system.another("queries")
    second.start()
    try:
        until(lambda: _consumers(system) == 2, what="two processes that take queries")
        yield [first, second]
    finally:
        second.stop()
    if first.pid is None:
        first.start()
        system.processes["edge"].wait_ready()


@pytest.fixture(scope="module")
def reader(system: System) -> Member:
    """Of the primary alone: the gate of a replica is its own."""
    return workplace(system)


def test_a_cold_query_is_executed_once_for_fifty_readers(system: System, queries: list[Process], reader: Member) -> None:
    marker = new_id()
    report = add_report(reader, sql=f"select random() as number, '{marker}' as what from pg_sleep(0.5)")
    answers = at_once(READERS, lambda: data(reader, report))
    assert [answer.status for answer in answers] == [200] * READERS
    assert len({answer.body for answer in answers}) == 1
    assert executions(system, marker) == 1


def test_a_query_that_fails_fails_once_for_all_who_asked(system: System, queries: list[Process], reader: Member) -> None:
    marker = new_id()
    report = add_report(reader, sql=f"select 1 / (random() * 0)::int as what, '{marker}' as asked from pg_sleep(0.3)")
    answers = at_once(20, lambda: data(reader, report))
    assert {answer.status for answer in answers} == {422}
    assert {answer.json["code"] for answer in answers} == {"query_failed"}
    assert executions(system, marker) == 1


def test_readers_are_answered_when_the_one_that_computes_is_killed(system: System, queries: list[Process], reader: Member) -> None:
    with closed_gate(system) as gate, ThreadPoolExecutor(20) as pool:
        report = add_report(reader, sql=f"{gate.sql} and '{new_id()}' is not null")
        reading = [pool.submit(data, reader, report) for _ in range(20)]
        gate.wait_for_query()
        kill(_that_asks(system, queries, gate))
        until(lambda: len(_alive(system, queries, gate)) == 1, within_seconds=8, what="another process asking")
        gate.open()
        answers = [one.result(timeout=30) for one in reading]
    assert {(answer.status, answer.json.get("row_count")) for answer in answers} == {(200, 1)}


def _asking(system: System, gate: Gate) -> dict[int, int]:
    """The port of the client, by the server process whose query waits at the gate."""
    asked = "select pid, client_port from pg_stat_activity where pid = any(%s)"
    return dict(rows(system.stack, asked, gate.waiting()))


def _that_asks(system: System, queries: list[Process], gate: Gate) -> Process:
    ports = set(_asking(system, gate).values())
    [found] = [process for process in queries if ports & _ports(process)]
    return found


def _alive(system: System, queries: list[Process], gate: Gate) -> set[int]:
    """Ports at the gate whose client is still there."""
    return set(_asking(system, gate).values()) & {port for process in queries for port in _ports(process)}


def _ports(process: Process) -> set[int]:
    return {connection.laddr.port for connection in psutil.Process(process.pid).net_connections("tcp")} if process.pid else set()


def _consumers(system: System) -> int:
    """How many processes take calls of queries."""
    with Connection(system.stack.endpoints.amqp_url) as connection, connection.channel() as channel:
        return int(channel.queue_declare("rpc-queries-calls", passive=True).consumer_count)
