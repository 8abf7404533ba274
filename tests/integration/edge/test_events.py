"""What open pages hear, as it happens."""

from tests.support.events import Page
from tests.support.system import Member, System
from tests.support.texts import one_query
from tests.support.workplace import add_report, make, order_run, run_in, viewer_of, workplace


def test_a_page_hears_its_run_to_the_end_and_the_notification(system: System) -> None:
    member = workplace(system)
    report = add_report(member)
    with Page(member.api) as page:
        assert page.response.headers["Content-Type"].startswith("text/event-stream")
        run = order_run(member, report)
        page.wait_for("run", lambda data: data["state"] == "succeeded")
        told = page.wait_for("notification").data
        states = [event.data["state"] for event in page.events if event.kind == "run"]
    assert (told["run_id"], told["title"]) == (run["id"], "A report is ready")
    assert states == sorted(states, key=["queued", "running", "succeeded"].index)
    assert page.events[0].data.keys() == member.api.get(f"/runs/{run['id']}").json.keys()


def test_a_page_hears_of_new_versions_in_the_organization(system: System, admin: Member) -> None:
    viewer = viewer_of(system, admin)
    with Page(viewer.api) as page:
        report = add_report(admin)
        admin.api.call("PUT", f"/reports/{report['id']}", one_query(title="Another"))
        assert page.wait_for("report", lambda data: data["version"] == 2).data == {"id": report["id"], "version": 2}


def test_a_page_hears_nothing_of_other_people_and_organizations(system: System) -> None:
    member, stranger = workplace(system), workplace(system)
    colleague = viewer_of(system, member)
    report, theirs = add_report(member), add_report(stranger)
    with Page(colleague.api) as page:
        make(member, report)
        make(stranger, theirs)
        own = order_run(colleague, report)
        page.wait_for("notification")
    assert {event.data["id"] for event in page.events if event.kind == "run"} == {own["id"]}
    assert [event.data["run_id"] for event in page.events if event.kind == "notification"] == [own["id"]]
    assert theirs["id"] not in [event.data["id"] for event in page.events if event.kind == "report"]


def test_a_page_that_comes_back_is_told_what_it_missed(system: System) -> None:
    member = workplace(system)
    report = add_report(member)
    with Page(member.api) as page:
        make(member, report)
        last = page.wait_for("notification")
    missed = make(member, report)
    with Page(member.api, last.id) as again:
        again.wait_for("run", lambda data: data["id"] == missed["id"] and data["state"] == "succeeded")
        again.wait_for("notification", lambda data: data["run_id"] == missed["id"])
        ids = [event.id for event in again.events]
    assert last.id not in ids
    assert len(ids) == len(set(ids))


def test_a_page_hears_how_far_a_run_is(system: System) -> None:
    member = workplace(system)
    slow = add_report(
        member,
        sql="select repeat('x', 1000) as x, case when n % 100 = 0 then pg_sleep(0.02)::text end as y from generate_series(1, 10000) as n",
    )
    with Page(member.api) as page:
        order_run(member, slow)
        heard = page.wait_for("run", lambda data: data["progress"] is not None and data["progress"]["done"] > 0)
        page.wait_for("run", lambda data: data["state"] == "succeeded")
    assert heard.data["progress"]["unit"]


def test_strange_last_event_ids_replay_nothing_and_hurt_nobody(admin: Member) -> None:
    for last in ("nonsense", "5", "99999999999999999999-0", "0-x", "-", "é"):
        with Page(admin.api, last) as page:
            add_report(admin)
            page.wait_for("report")


def test_a_run_that_ended_while_nobody_listened_is_seen_by_its_state(system: System) -> None:
    member = workplace(system)
    run = order_run(member, add_report(member))
    assert run_in(member.api, run["id"], "succeeded")["finished_at"] is not None
