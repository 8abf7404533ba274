"""Nothing that may go wrong between a commit and the news of it leaves an old answer standing."""

import subprocess
import sys

import sqlalchemy as sa

from broadsheet.caching.changes import changed
from broadsheet.caching.store import position_key
from broadsheet.contracts.accounts import user_tag
from broadsheet.contracts.catalog import report_tag
from broadsheet.database import Database
from broadsheet.local.servers.postgres import Primary, Replica
from services.accounts import models as accounts
from tests.support.api import Api
from tests.support.cluster import Cluster
from tests.support.faults import paused
from tests.support.reading import ENOUGH, redis_of, settled
from tests.support.system import ROOT, Member, System
from tests.support.texts import one_query
from tests.support.waiting import until
from tests.support.workplace import Json, add_report, data

#: A writer that commits a change of a report and is killed before it can tell anybody.
_KILLED_AFTER_COMMIT = """
import os, signal, sys
import sqlalchemy as sa
from broadsheet.caching.changes import changed
from broadsheet.contracts.catalog import report_tag
from broadsheet.database import Database
from services.catalog import models

report_id, title = sys.argv[1:]
die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
with Database(os.environ["BROADSHEET_DATABASE_URL"], schema="catalog", after_commit=die).write() as session:
    session.execute(sa.text("update report_versions set title = :title where report_id = :id"), {"id": report_id, "title": title})
    changed(session, models.outbox, report_tag(report_id))
"""


def _versions(reader: Member, report: Json) -> list[int]:
    return [data(reader, report).json["data"][0][0] for _ in range(ENOUGH)]


def _change(reader: Member, report: Json, version: int) -> None:
    answer = reader.api.call("PUT", f"/reports/{report['id']}", one_query(f"select {version} as version"))
    assert answer.status == 200, answer.body


def test_a_write_while_redis_does_not_answer_is_seen_when_it_does(system: System, reader: Member) -> None:
    report = add_report(reader, sql="select 1 as version")
    settled(reader, report)
    with paused(system.stack.server("redis")):
        _change(reader, report, 2)
    until(lambda: set(_versions(reader, report)) == {2}, within_seconds=8, what="the new version")
    assert _versions(reader, report) == [2] * ENOUGH


def test_a_write_while_redis_is_dead_is_seen_within_a_moment(system: System, reader: Member) -> None:
    report = add_report(reader, sql="select 1 as version")
    settled(reader, report)
    redis = system.stack.server("redis")
    redis.kill()
    try:
        _change(reader, report, 2)
        until(lambda: set(_versions(reader, report)) == {2}, within_seconds=6, what="the new version without Redis")
    finally:
        redis.restart()
    assert _versions(reader, report) == [2] * ENOUGH


def test_a_writer_that_is_killed_between_commit_and_news_is_made_up_for(system: System, reader: Member) -> None:
    report = add_report(reader, sql="select 'killed writer' as what")
    path = f"/reports/{report['id']}"
    settled(reader, report)
    assert reader.api.get(path).json["title"] == report["title"]
    with paused(system.processes["relay"]):
        before = _position(system, report)
        writer = subprocess.run(
            [sys.executable, "-c", _KILLED_AFTER_COMMIT, report["id"], "Committed"],
            env=system.environment("catalog") | {"PYTHONPATH": str(ROOT)},
            cwd=ROOT,
            timeout=60,
        )
        assert writer.returncode == -9
        assert _position(system, report) == before
        assert reader.api.get(path).json["title"] == report["title"]
    until(lambda: _position(system, report) > before, within_seconds=3, what="the relay moving the position")
    until(lambda: {reader.api.get(path).json["title"] for _ in range(ENOUGH)} == {"Committed"}, within_seconds=2, what="the news")


def test_an_answer_is_never_made_again_of_a_replica_that_has_not_seen_the_change(system: System, reader: Member) -> None:
    report = add_report(reader, sql="select 1 as version")
    settled(reader, report)
    with _cluster(system).replay_paused():
        _change(reader, report, 2)
        assert _versions(reader, report) == [2] * ENOUGH
        assert {reader.api.get(f"/reports/{report['id']}").json["version"] for _ in range(ENOUGH)} == {2}
        _change(reader, report, 3)
        redis_of(system).delete(*_answers(system))  # computed again by everybody, with the positions that are known
        assert _versions(reader, report) == [3] * ENOUGH
    assert _versions(reader, report) == [3] * ENOUGH


def test_a_revoked_token_is_not_taken_for_good_by_a_replica_that_does_not_know_yet(system: System, admin: Member) -> None:
    """The service that answers has not made the change itself, and whose the token is it learns only from the row."""
    made = admin.api.post("/tokens", {"name": "short-lived"}).json
    holder = Api(system.url, made["token"])
    assert [holder.get("/me").status for _ in range(ENOUGH)] == [200] * ENOUGH
    tag = user_tag(admin.principal.user_id)
    with _cluster(system).replay_paused():
        before = _position_of(system, tag)
        _revoke_elsewhere(system, made["id"], tag)
        until(lambda: _position_of(system, tag) > before, within_seconds=3, what="the relay moving the position")
        holder.get("/me")
    until(lambda: holder.get("/me").status == 401, within_seconds=1, what="the token being refused")
    assert [holder.get("/me").status for _ in range(ENOUGH)] == [401] * ENOUGH


def _revoke_elsewhere(system: System, token_id: str, tag: str) -> None:
    """As another process of accounts does that dies before it can tell anybody."""
    url = system.environment("accounts")["BROADSHEET_DATABASE_URL"]
    database = Database(url, schema="accounts")
    try:
        with database.write() as session:
            session.execute(sa.text("delete from credentials where id = :id"), {"id": token_id})
            changed(session, accounts.outbox, tag)
    finally:
        database.dispose()


def _cluster(system: System) -> Cluster:
    primary, replica = system.stack.server("postgres"), system.stack.server("postgres-replica")
    assert isinstance(primary, Primary)
    assert isinstance(replica, Replica)
    return Cluster(primary, replica, "", "")


def _position(system: System, report: Json) -> bytes:
    return _position_of(system, report_tag(report["id"]))


def _position_of(system: System, tag: str) -> bytes:
    redis = redis_of(system)
    epoch = redis.get("bs:p:epoch")
    assert isinstance(epoch, bytes)
    position = redis.get(position_key(epoch.decode(), tag))
    assert isinstance(position, bytes)
    return position


def _answers(system: System) -> list[bytes]:
    return list(redis_of(system).scan_iter("bs:a:*", count=1000))
