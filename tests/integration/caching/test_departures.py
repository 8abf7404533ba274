"""A query that nobody waits for any more is ended at its source; one that somebody still waits for is answered."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager

import pytest

from broadsheet.ids import new_id
from tests.support.flights import Gate, closed_gate
from tests.support.system import Member, System
from tests.support.waiting import until
from tests.support.workplace import Json, add_report, data, workplace

#: The edge looks four times a second whether a reader is there, queries twice.
NOTICED_SECONDS = 4.0


@pytest.fixture(scope="module")
def reader(system: System) -> Member:
    """Of the primary alone: the gate of a replica is its own."""
    return workplace(system)


@contextmanager
def _hanging_up(member: Member, report: Json) -> Iterator[None]:
    """A reader who asks, and leaves at the end of the block without an answer."""
    head = f"GET /api/v1/reports/{report['id']}/queries/numbers/data HTTP/1.1\r\nHost: {member.api.host}\r\n"
    with socket.create_connection((member.api.host, member.api.port), timeout=10) as connection:
        connection.sendall(f"{head}Authorization: Bearer {member.api.token}\r\n\r\n".encode())
        yield


def _gated(reader: Member, gate: Gate) -> Json:
    return add_report(reader, sql=f"{gate.sql} and '{new_id()}' is not null")


def test_a_query_whose_reader_has_hung_up_is_ended_at_its_source(system: System, reader: Member) -> None:
    with closed_gate(system) as gate:
        report = _gated(reader, gate)
        with _hanging_up(reader, report):
            gate.wait_for_query()
        until(lambda: not gate.waiting(), within_seconds=NOTICED_SECONDS, what="the query being ended")
    assert data(reader, report).json["data"] == [[1]]


def test_readers_who_stay_are_answered_though_the_one_who_asked_first_has_gone(system: System, reader: Member) -> None:
    with closed_gate(system) as gate, ThreadPoolExecutor(4) as pool:
        report = _gated(reader, gate)
        with _hanging_up(reader, report):
            gate.wait_for_query()
            staying = [pool.submit(data, reader, report) for _ in range(4)]
            wait(staying, timeout=0.5)
        wait(staying, timeout=1.5)
        gate.open()
        answers = [one.result(30) for one in staying]
    assert [(answer.status, answer.json.get("data")) for answer in answers] == [(200, [[1]])] * 4
