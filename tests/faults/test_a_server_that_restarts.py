"""RabbitMQ, Redis, Kafka, PostgreSQL and its replica, each restarted under people's hands: no run is lost, no process needs a restart."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from broadsheet.contracts.runs import RunRequested
from broadsheet.ids import new_id
from tests.support.faults import terminate
from tests.support.runs import assert_nothing_is_lost, order, rows, wait_for_end
from tests.support.system import Member, System
from tests.support.waiting import until

_PATIENCE_SECONDS = 60.0


@contextmanager
def _people_who_keep_asking(member: Member, report_id: str) -> Iterator[list[str]]:
    """Asks for a run again and again, each with its own key until it is accepted; the list grows with what was accepted."""
    accepted: list[str] = []
    enough = threading.Event()

    def ask() -> None:
        key = new_id()
        while not enough.wait(0.2):
            answer = member.api.post(f"/reports/{report_id}/runs", {"formats": ["csv"]}, Idempotency_Key=key)
            assert answer.status in (202, 503), answer.body
            if answer.status == 202:
                accepted.append(answer.json["id"])
                key = new_id()

    with ThreadPoolExecutor(1) as executor:
        asking = executor.submit(ask)
        try:
            yield accepted
        finally:
            enough.set()
        asking.result(60)


@pytest.mark.parametrize("name", ["rabbitmq", "redis", "kafka", "postgres", "postgres-replica"])
def test_no_run_is_lost_when_a_server_restarts_and_everything_answers_again(
    system: System, admin: Member, small_report: str, name: str
) -> None:
    pids = {process.name: process.pid for process in system.processes.values()}
    before = order(admin, small_report)
    with _people_who_keep_asking(admin, small_report) as accepted:
        until(lambda: accepted, what="a first accepted run")
        system.stack.server(name).restart()
        until(lambda: _everything_answers(admin, small_report), within_seconds=_PATIENCE_SECONDS, what="every part answering")
        until_now = len(accepted)
        until(lambda: len(accepted) > until_now, within_seconds=_PATIENCE_SECONDS, what="an accepted run after the restart")
    for run_id in (before, *accepted):
        assert wait_for_end(admin, run_id)["state"] == "succeeded"
    assert_nothing_is_lost(system, admin)
    assert {process.name: process.pid for process in system.processes.values()} == pids


def _everything_answers(member: Member, report_id: str) -> bool:
    paths = ("/me", "/reports", "/runs", "/notifications", f"/reports/{report_id}/view", f"/reports/{report_id}/queries/rows/data")
    return all(member.api.get(path).status == 200 for path in paths)


def test_a_run_that_kafka_forgot_is_offered_again(system: System, admin: Member, small_report: str) -> None:
    terminate(system.processes["renderer"])
    run_id = order(admin, small_report)
    until(lambda: not rows(system, "select id from runs.outbox where destination = 'kafka'"), what="the offer reaching Kafka")
    _empty_topic(system.stack.endpoints.kafka_bootstrap, RunRequested.name)
    system.processes["renderer"].start()
    run = wait_for_end(admin, run_id)
    assert (run["state"], run["attempts"]) == ("succeeded", 1)
    assert_nothing_is_lost(system, admin)


def _empty_topic(bootstrap: str, topic: str) -> None:
    """Delete the topic, with all its messages, and make it again."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    partitions = len(admin.list_topics(topic, timeout=10).topics[topic].partitions)
    for future in admin.delete_topics([topic], operation_timeout=10).values():
        future.result(20)

    def made_again() -> bool:
        future = admin.create_topics([NewTopic(topic, num_partitions=partitions, replication_factor=1)])[topic]
        return future.exception(20) is None or topic in admin.list_topics(timeout=10).topics

    until(made_again, what="the topic being there again")
