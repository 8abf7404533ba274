"""``kill -9`` of everything that is not the renderer: after a restart all goes on, and what was asked for before ends once."""

import pytest

from tests.support.api import Api
from tests.support.faults import kill
from tests.support.flights import Gate
from tests.support.runs import assert_nothing_is_lost, order, rows, run_of, wait_for_end
from tests.support.system import Member, System
from tests.support.waiting import until


def test_a_run_asked_for_while_no_relay_lives_is_offered_by_the_next_one(system: System, admin: Member, small_report: str) -> None:
    kill(system.processes["relay"])
    run_id = order(admin, small_report)
    assert run_of(admin, run_id)["state"] == "queued"
    system.processes["relay"].start()
    run = wait_for_end(admin, run_id)
    assert (run["state"], run["attempts"]) == ("succeeded", 1)
    assert_nothing_is_lost(system, admin)


@pytest.mark.parametrize("name", ["relay", "accounts", "catalog", "queries", "notifications"])
def test_a_run_under_way_ends_once_although_a_process_beside_it_is_killed(
    system: System, admin: Member, gate: Gate, gated_report: str, name: str
) -> None:
    run_id = order(admin, gated_report)
    gate.wait_for_query()
    kill(system.processes[name])
    gate.open()
    until(lambda: _ended(system, run_id), what="the run's end in the database")
    system.processes[name].start()
    system.processes["edge"].wait_ready()
    run = wait_for_end(admin, run_id)
    assert (run["state"], run["attempts"]) == ("succeeded", 1)
    assert_nothing_is_lost(system, admin)


def test_a_run_under_way_ends_once_although_the_runs_service_is_killed(
    system: System, admin: Member, gate: Gate, gated_report: str
) -> None:
    run_id = order(admin, gated_report)
    gate.wait_for_query()
    kill(system.processes["runs"])
    gate.open()
    system.processes["runs"].start()
    run = wait_for_end(admin, run_id)
    assert run["state"] == "succeeded"
    assert_nothing_is_lost(system, admin)


def test_an_edge_that_was_killed_answers_again_and_shows_what_went_on_without_it(
    system: System, admin: Member, gate: Gate, gated_report: str
) -> None:
    run_id = order(admin, gated_report)
    gate.wait_for_query()
    kill(system.processes["edge"])
    with pytest.raises(ConnectionError):
        Api(system.url).get("/me")
    gate.open()
    system.processes["edge"].start()
    system.processes["edge"].wait_ready()
    assert wait_for_end(admin, run_id)["state"] == "succeeded"
    assert_nothing_is_lost(system, admin)


def _ended(system: System, run_id: str) -> bool:
    return bool(rows(system, "select id from runs.runs where id = %s and state = 'succeeded'", run_id))
