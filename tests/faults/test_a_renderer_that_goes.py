"""A renderer that is killed, paused or told to stop in the middle of a run."""

import datetime as dt
from collections.abc import Iterator

import pytest

from broadsheet.contracts.runs import NewEdition, Runs
from broadsheet.errors import LeaseLost
from broadsheet.ids import new_id
from broadsheet.local.process import Process
from tests.support.faults import kill, paused, terminate
from tests.support.flights import Gate
from tests.support.runs import assert_nothing_is_lost, order, rows, run_of, wait_for_end, wait_for_state
from tests.support.system import Member, System
from tests.support.waiting import until


@pytest.fixture
def runs(system: System) -> Runs:
    return system.remote(Runs)


@pytest.fixture
def second_renderer(system: System) -> Iterator[Process]:
    process = system.another("renderer")
    process.start()
    yield process
    process.stop()


def _owner_of(system: System, run_id: str) -> tuple[int, int]:
    """The process that works on the run, and its fencing token."""
    [run] = rows(system, "select worker, lease_token from runs.runs where id = %s", run_id)
    return int(run["worker"].rpartition(":")[2]), run["lease_token"]


def test_a_renderer_killed_in_the_middle_is_replaced_and_the_run_ends_once(
    system: System, admin: Member, gate: Gate, gated_report: str
) -> None:
    run_id = order(admin, gated_report)
    gate.wait_for_query()
    wait_for_state(admin, run_id, "running")
    kill(system.processes["renderer"])
    system.processes["renderer"].start()
    until(lambda: run_of(admin, run_id)["attempts"] == 2, what="a second attempt")
    gate.open()
    run = wait_for_end(admin, run_id)
    assert (run["state"], run["attempts"]) == ("succeeded", 2)
    assert_nothing_is_lost(system, admin)


def test_a_renderer_paused_beyond_its_lease_changes_nothing_when_it_wakes(
    system: System, admin: Member, gate: Gate, gated_report: str, second_renderer: Process, runs: Runs
) -> None:
    run_id = order(admin, gated_report)
    gate.wait_for_query()
    owner, stale_token = _owner_of(system, run_id)
    [slow] = [process for process in (system.processes["renderer"], second_renderer) if process.pid == owner]
    with paused(slow):
        until(lambda: run_of(admin, run_id)["attempts"] == 2, what="a second attempt")
        gate.open()
        run = wait_for_end(admin, run_id)
    assert (run["state"], run["attempts"]) == ("succeeded", 2)
    until(lambda: "run.stopped" in system.log(), what="the worker noticing that its lease is over")
    edition = NewEdition(id=new_id(), as_of=dt.datetime.now(dt.UTC), artifacts=[])
    with pytest.raises(LeaseLost):
        runs.complete(run_id, stale_token, edition)
    assert run_of(admin, run_id) == run
    assert_nothing_is_lost(system, admin)


def test_a_renderer_told_to_stop_hands_its_run_back_without_counting_the_attempt(
    system: System, admin: Member, gate: Gate, gated_report: str
) -> None:
    run_id = order(admin, gated_report)
    gate.wait_for_query()
    assert terminate(system.processes["renderer"]) == 0
    handed_back = run_of(admin, run_id)
    assert (handed_back["state"], handed_back["attempts"]) == ("queued", 0)
    system.processes["renderer"].start()
    gate.open()
    run = wait_for_end(admin, run_id)
    assert (run["state"], run["attempts"]) == ("succeeded", 1)
    assert_nothing_is_lost(system, admin)
