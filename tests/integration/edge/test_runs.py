"""Runs as a person sees them: asked for once, cancelled at once, retried, and told about once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from broadsheet.contracts.runs import RunFinished, Runs
from broadsheet.ids import new_id
from broadsheet.messaging.events import EventPublisher
from tests.support.api import Answer
from tests.support.database import rows
from tests.support.problems import assert_problem
from tests.support.system import Member, System
from tests.support.texts import one_query
from tests.support.waiting import until
from tests.support.workplace import Json, add_report, make, order_run, run_in, viewer_of, workplace


@pytest.fixture(scope="module")
def desk(system: System) -> Member:
    """An organization for these tests; its data source is the primary alone, where a query can be watched."""
    return workplace(system)


@pytest.fixture(scope="module")
def report(desk: Member) -> Json:
    return add_report(desk)


def _order(member: Member, report: Json, key: str, **body: Any) -> Answer:
    order = {"formats": ["csv"]} | body
    return member.api.call("POST", f"/reports/{report['id']}/runs", order, {"Idempotency-Key": key})


def _sleeper(desk: Member) -> tuple[Json, str]:
    """A report whose query sleeps for long, and a word that only its query has."""
    word = f"sleeper_{new_id().replace('-', '')}"
    return add_report(desk, sql=f"select pg_sleep(100)::text as {word}"), word


def _queries(system: System, word: str) -> int:
    """How many server processes run a query with the word."""
    asked = "select count(*) from pg_stat_activity where state = 'active' and pid <> pg_backend_pid() and query like %s"
    found = rows(system.stack, asked, f"%{word}%", database="flights")
    return int(found[0][0])


class TestOrders:
    def test_an_order_is_accepted_at_once_and_says_where_to_look(self, desk: Member, report: Json) -> None:
        answer = desk.api.post(f"/reports/{report['id']}/runs", {"formats": ["csv"]})
        assert answer.status == 202
        assert answer.headers["location"] == f"/api/v1/runs/{answer.json['id']}"
        run = desk.api.get(answer.headers["location"]).json
        assert (run["report_id"], run["report_version"], run["formats"]) == (report["id"], 1, ["csv"])

    def test_the_values_that_a_run_will_use_are_told(self, desk: Member) -> None:
        front = "params:\n  since: {type: date, default: 2013-02-01}\n  least: {type: number, default: 5}"
        asking = add_report(desk, one_query("select 1 as n where :since > '2013-01-01' and :least > 1", front=front))
        run = make(desk, asking, "csv", params={"least": 7})
        assert run["params"] == {"since": "2013-02-01", "least": 7}

    def test_one_key_is_one_run_however_many_ask_at_once(self, desk: Member, report: Json) -> None:
        key = new_id()
        with ThreadPoolExecutor(8) as several:
            answers = list(several.map(lambda _: _order(desk, report, key), range(8)))
        assert {answer.status for answer in answers} == {202}
        assert len({answer.json["id"] for answer in answers}) == 1

    @pytest.mark.parametrize("other", [{"formats": ["xlsx"]}, {"query": "numbers"}])
    def test_one_key_for_another_order_is_a_conflict(self, desk: Member, report: Json, other: Json) -> None:
        key = new_id()
        assert _order(desk, report, key).status == 202
        assert_problem(_order(desk, report, key, **other), 409, "conflict")

    def test_the_key_of_another_person_is_another_key(self, system: System, desk: Member, report: Json) -> None:
        key = new_id()
        viewer = viewer_of(system, desk)
        assert _order(desk, report, key).json["id"] != _order(viewer, report, key).json["id"]

    def test_a_key_of_a_finished_run_gives_that_run(self, desk: Member, report: Json) -> None:
        key = new_id()
        run = run_in(desk.api, _order(desk, report, key).json["id"], "succeeded")
        assert _order(desk, report, key).json["artifacts"] == run["artifacts"]

    def test_a_run_keeps_the_version_that_it_was_asked_of(self, desk: Member) -> None:
        changing = add_report(desk, sql="select 'old' as word")
        run = order_run(desk, changing)
        desk.api.call("PUT", f"/reports/{changing['id']}", one_query("select 'new' as word"))
        done = run_in(desk.api, run["id"], "succeeded")
        assert desk.api.get(done["artifacts"][0]["url"]).body == b"word\nold\n"

    def test_runs_are_listed_newest_first_page_by_page(self, system: System, report: Json) -> None:
        member = workplace(system)
        own = add_report(member)
        made = [order_run(member, own)["id"] for _ in range(5)]
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = member.api.get(f"/runs?limit=2&report_id={own['id']}" + (f"&cursor={cursor}" if cursor else "")).json
            seen += [run["id"] for run in page["items"]]
            cursor = page["next_cursor"]
        assert seen == list(reversed(made))
        assert member.api.get(f"/runs?report_id={report['id']}").json["items"] == []


class TestCancel:
    def test_a_running_run_stops_within_two_seconds_and_its_query_with_it(self, system: System, desk: Member) -> None:
        sleeping, word = _sleeper(desk)
        run = run_in(desk.api, order_run(desk, sleeping)["id"], "running")
        until(lambda: _queries(system, word) == 1, what="the query running on the server")
        cancelled = desk.api.post(f"/runs/{run['id']}/cancel")
        assert (cancelled.status, cancelled.json["state"]) == (200, "cancelled")
        until(lambda: _queries(system, word) == 0, within_seconds=2, what="the query ending on the server")
        assert desk.api.get(f"/runs/{run['id']}").json["state"] == "cancelled"

    def test_a_queued_run_is_never_started(self, system: System, desk: Member) -> None:
        sleeping, word = _sleeper(desk)
        first = order_run(desk, sleeping)
        until(lambda: _queries(system, word) == 1, what="the first query running")
        second = order_run(desk, sleeping)
        assert desk.api.post(f"/runs/{second['id']}/cancel").json["state"] == "cancelled"
        desk.api.post(f"/runs/{first['id']}/cancel")
        make(desk, add_report(desk))
        seen = desk.api.get(f"/runs/{second['id']}").json
        assert (seen["state"], seen["attempts"], seen["started_at"]) == ("cancelled", 0, None)

    def test_a_finished_run_stays_as_it_is(self, desk: Member, report: Json) -> None:
        run = make(desk, report)
        answer = desk.api.post(f"/runs/{run['id']}/cancel")
        assert (answer.status, answer.json) == (200, run)

    def test_whoever_cancelled_a_run_is_not_told_about_it(self, system: System) -> None:
        member = workplace(system)
        sleeping, _ = _sleeper(member)
        desk_run = order_run(member, sleeping)
        member.api.post(f"/runs/{desk_run['id']}/cancel")
        make(member, add_report(member, title="Later"))
        inbox = until(lambda: member.api.get("/notifications").json["items"], what="a notification")
        assert [item["title"] for item in inbox] == ["Later is ready"]


class TestRetry:
    def test_a_failed_run_can_be_tried_again_and_succeeds_when_the_reason_is_gone(self, system: System, desk: Member) -> None:
        table = f"made_later_{new_id().replace('-', '')}"
        later = add_report(desk, sql=f"select * from {table}")
        failed = run_in(desk.api, order_run(desk, later)["id"], "failed")
        assert table in failed["error"]["message"]
        rows(system.stack, f"create table {table} as select 1 as n", database="flights")
        rows(system.stack, f"grant select on {table} to public", database="flights")
        again = desk.api.post(f"/runs/{failed['id']}/retry")
        assert (again.status, again.json["id"], again.json["error"]) == (202, failed["id"], None)
        done = run_in(desk.api, failed["id"], "succeeded")
        assert done["attempts"] == 1

    def test_a_cancelled_run_can_be_tried_again(self, desk: Member) -> None:
        sleeping, _ = _sleeper(desk)
        run = order_run(desk, sleeping)
        desk.api.post(f"/runs/{run['id']}/cancel")
        assert desk.api.post(f"/runs/{run['id']}/retry").json["state"] == "queued"
        desk.api.post(f"/runs/{run['id']}/cancel")

    def test_a_run_that_succeeded_is_not_tried_again(self, desk: Member, report: Json) -> None:
        run = make(desk, report)
        assert_problem(desk.api.post(f"/runs/{run['id']}/retry"), 409, "conflict")


class TestEditions:
    def test_a_run_publishes_one_edition_with_its_files(self, desk: Member) -> None:
        own = add_report(desk)
        run = make(desk, own, "csv", "xlsx")
        [edition] = desk.api.get(f"/reports/{own['id']}/editions").json["items"]
        assert edition["id"] == run["edition_id"]
        assert (edition["report_version"], edition["params"]) == (1, {})
        assert sorted(artifact["format"] for artifact in edition["artifacts"]) == ["csv", "xlsx"]

    def test_a_person_sees_editions_of_the_persons_own_rows(self, system: System, desk: Member) -> None:
        own = add_report(desk)
        viewers = [viewer_of(system, desk) for _ in range(2)]
        made = [make(viewer, own)["edition_id"] for viewer in viewers]
        for viewer, edition_id in zip(viewers, made, strict=True):
            assert [item["id"] for item in viewer.api.get(f"/reports/{own['id']}/editions?limit=1").json["items"]] == [edition_id]
        assert [item["id"] for item in desk.api.get(f"/reports/{own['id']}/editions").json["items"]] == list(reversed(made))


class TestNotifications:
    def test_the_end_of_a_run_is_told_once_also_when_its_event_comes_again(self, system: System) -> None:
        member = workplace(system)
        own = add_report(member, title="Airlines")
        run = make(member, own)
        [told] = until(lambda: member.api.get("/notifications").json["items"], what="the notification")
        assert (told["title"], told["run_id"], told["report_id"], told["state"]) == (
            "Airlines is ready",
            run["id"],
            own["id"],
            "succeeded",
        )
        event = RunFinished(id=_event_id(system, run["id"]), run=_run(system, member, run["id"]))
        _publish(system, event, times=3)
        make(member, own)
        until(lambda: len(member.api.get("/notifications").json["items"]) >= 2, what="the notification of the next run")
        assert [item["run_id"] for item in member.api.get("/notifications").json["items"]].count(run["id"]) == 1

    def test_a_failed_run_is_told_with_the_reason(self, system: System) -> None:
        member = workplace(system)
        run_in(member.api, order_run(member, add_report(member, title="Broken", sql="select delya from flights"))["id"], "failed")
        [told] = until(lambda: member.api.get("/notifications").json["items"], what="the notification")
        assert told["title"] == "Broken failed"
        assert "delya" in told["body"]

    def test_notifications_are_read_one_by_one_or_all(self, system: System) -> None:
        member = workplace(system)
        own = add_report(member)
        for _ in range(3):
            make(member, own)
        inbox = until(lambda: (found := member.api.get("/notifications").json)["unread"] == 3 and found, what="three notifications")
        assert isinstance(inbox, dict)
        assert member.api.post("/notifications/read", {"ids": [inbox["items"][0]["id"]]}).json == {"unread": 2}
        assert [item["read_at"] is None for item in member.api.get("/notifications").json["items"]] == [False, True, True]
        assert member.api.post("/notifications/read", {"all": True}).json == {"unread": 0}

    def test_nobody_reads_the_notifications_of_another(self, system: System) -> None:
        member = workplace(system)
        make(member, add_report(member))
        [told] = until(lambda: member.api.get("/notifications").json["items"], what="the notification")
        colleague = viewer_of(system, member)
        assert colleague.api.get("/notifications").json["items"] == []
        assert colleague.api.post("/notifications/read", {"ids": [told["id"]]}).json == {"unread": 0}
        assert member.api.get("/notifications").json["unread"] == 1


def _event_id(system: System, run_id: str) -> str:
    [(event_id,)] = rows(system.stack, "select event_id::text from notifications.notifications where run_id = %s", run_id)
    return str(event_id)


def _run(system: System, member: Member, run_id: str) -> Any:
    return system.remote(Runs).get(member.principal, run_id)


def _publish(system: System, event: RunFinished, *, times: int) -> None:
    publisher = EventPublisher(system.stack.endpoints.amqp_url)
    try:
        for number in range(times):
            assert publisher.publish(event.name, msgspec.json.encode(event), f"again-{number}")
    finally:
        publisher.close()
