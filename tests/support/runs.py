"""Runs as a member sees them, and what must hold of them whatever was killed: nothing lost, nothing twice."""

import hashlib
from contextlib import closing
from typing import Any

import psycopg2
import psycopg2.extras

from broadsheet.local.environment import DATABASE
from broadsheet.schemas import SCHEMAS
from tests.support.system import Member, System
from tests.support.waiting import until

FINISHED = ("succeeded", "failed", "cancelled")


def order(member: Member, report_id: str, *, formats: tuple[str, ...] = ("csv",), key: str | None = None) -> str:
    """Ask for files; gives the run's id."""
    headers = {"Idempotency_Key": key} if key else {}
    answer = member.api.post(f"/reports/{report_id}/runs", {"formats": list(formats)}, **headers)
    assert answer.status == 202, answer.body
    return str(answer.json["id"])


def run_of(member: Member, run_id: str) -> Any:
    """The run as the API tells it."""
    answer = member.api.get(f"/runs/{run_id}")
    assert answer.status == 200, answer.body
    return answer.json


def wait_for_state(member: Member, run_id: str, *states: str, within_seconds: float = 60.0) -> Any:
    """The run, once it is in one of these states. While the API does not answer there is nothing to see."""

    def seen() -> Any:
        answer = member.api.get(f"/runs/{run_id}")
        return answer.json if answer.status == 200 and answer.json["state"] in states else None

    return until(seen, within_seconds=within_seconds, what=f"run {run_id} being {' or '.join(states)}")


def wait_for_end(member: Member, run_id: str, *, within_seconds: float = 60.0) -> Any:
    """The run, once it has ended."""
    return wait_for_state(member, run_id, *FINISHED, within_seconds=within_seconds)


def rows(system: System, sql: str, *arguments: Any) -> list[dict[str, Any]]:
    """Ask the primary, as its superuser."""
    url = system.stack.endpoints.primary_url(DATABASE).replace("postgresql+psycopg2", "postgresql")
    with closing(psycopg2.connect(url, connect_timeout=5)) as connection:
        connection.autocommit = True
        with connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
            cursor.execute(sql, arguments)
            return [dict(row) for row in cursor.fetchall()]


def assert_nothing_is_lost(system: System, member: Member, *, within_seconds: float = 60.0) -> None:
    """Every run of the organization has ended; a succeeded one has one edition with its files whole, and nobody else has any; each end
    was told once to its person; and no outbox holds anything back."""
    organization = member.principal.organization_id
    until(lambda: not _unfinished(system, organization), within_seconds=within_seconds, what="the end of every run")
    until(lambda: not _unsent(system), within_seconds=within_seconds, what="every outbox being empty")
    until(lambda: not _untold(system, organization), within_seconds=within_seconds, what="a notification of every end")
    for run in rows(system, "select id::text, state, formats from runs.runs where organization_id = %s", organization):
        _assert_whole(system, member, run)
    twice = "select run_id from notifications.notifications where organization_id = %s group by run_id, user_id having count(*) > 1"
    assert rows(system, twice, organization) == []


def _unfinished(system: System, organization: str) -> list[dict[str, Any]]:
    asked = "select id::text, state, attempts from runs.runs where organization_id = %s and state in ('queued', 'running')"
    return rows(system, asked, organization)


def _unsent(system: System) -> list[dict[str, Any]]:
    return [
        row for schema in SCHEMAS for row in rows(system, f"select '{schema}' as schema, destination, name from {schema}.outbox")
    ]


def _untold(system: System, organization: str) -> list[dict[str, Any]]:
    asked = """select id::text from runs.runs where organization_id = %s and state in ('succeeded', 'failed')
        and not exists (select from notifications.notifications where run_id = runs.id)"""
    return rows(system, asked, organization)


def _assert_whole(system: System, member: Member, run: dict[str, Any]) -> None:
    editions = rows(system, "select id::text from runs.editions where run_id = %s", run["id"])
    assert len(editions) == (1 if run["state"] == "succeeded" else 0), run
    artifacts = run_of(member, run["id"])["artifacts"]
    assert [artifact["format"] for artifact in artifacts] == (run["formats"] if editions else []), run
    for artifact in artifacts:
        file = member.api.get(artifact["url"])
        assert hashlib.sha256(file.body).hexdigest() == artifact["sha256"], run
