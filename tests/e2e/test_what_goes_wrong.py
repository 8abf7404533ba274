"""What a person sees when something is wrong: the words, and that the rest goes on."""

from playwright.sync_api import Page, expect

from tests.support.api import Api
from tests.support.browser import sign_in
from tests.support.faults import bring_back, kill
from tests.support.flights import add_report, add_source, closed_gate
from tests.support.runs import rows
from tests.support.system import Member, System
from tests.support.waiting import until

_TOLD = "select id from notifications.notifications where user_id = %s"

_HALF_BROKEN = """---
broadsheet: 1
title: Half broken
source: flights
---

```sql good
select name from airlines where carrier = 'B6'
```

```sql bad
select 1 / (count(*) - count(*)) as impossible from airlines
```

```table {data=bad}
```

```table {data=good}
```
"""


def test_a_wrong_password_is_told_in_words_and_the_right_one_then_works(page: Page, admin: Member) -> None:
    page.goto("/")
    page.get_by_label("E-mail").fill(admin.email)
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("The e-mail address or the password is wrong")
    sign_in(page, admin)


def test_an_ended_session_leads_to_the_sign_in_and_back_to_the_page(
    page: Page, system: System, admin: Member, sample_report: str
) -> None:
    address = f"/reports/{sample_report}?param.carrier=B6"
    page.goto(address)
    sign_in(page, admin)
    heading = page.get_by_role("heading", name="JetBlue Airways: punctuality")
    expect(heading).to_be_visible()
    _end_session(page, system)
    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_text("Your session has ended. Sign in again and you will be back where you were.")).to_be_visible()
    sign_in(page, admin)
    expect(heading).to_be_visible()
    assert page.url == system.url + address


def _end_session(page: Page, system: System) -> None:
    """From outside, as an admin or time would do it. Each process of the edge remembers for a second who somebody is."""
    api = Api(system.url)
    [cookie] = [cookie for cookie in page.context.cookies() if cookie["name"] == "broadsheet_session"]
    sent = {"Cookie": f"broadsheet_session={cookie['value']}"}
    csrf_token = api.call("GET", "/me", None, sent).json["csrf_token"]
    assert api.call("DELETE", "/session", None, {**sent, "X-CSRF-Token": csrf_token}).status == 204
    until(lambda: all(api.call("GET", "/me", None, sent).status == 401 for _ in range(20)), what="every process knowing of the end")


def test_a_query_that_fails_shows_its_error_and_the_rest_of_the_page_stays(page: Page, system: System, admin: Member) -> None:
    assert system.sample is not None
    add_source(admin, system.sample)
    report_id = add_report(admin, _HALF_BROKEN)
    page.goto(f"/reports/{report_id}")
    sign_in(page, admin)
    expect(page.get_by_test_id("table-bad").get_by_role("alert")).to_contain_text("division by zero")
    expect(page.get_by_test_id("table-good")).to_contain_text("JetBlue Airways")


def test_an_open_page_shows_what_happened_while_the_edge_was_dead(page: Page, system: System, admin: Member) -> None:
    assert system.sample is not None
    with closed_gate(system) as gate:
        page.goto(f"/reports/{gate.add_report(admin, system.sample)}")
        sign_in(page, admin)
        page.get_by_role("button", name="Get as…").click()
        page.get_by_role("menuitem", name="XLSX").click()
        expect(page.get_by_test_id("run")).to_have_attribute("data-state", "running")
        kill(system.processes["edge"])
        gate.open()
        until(lambda: rows(system, _TOLD, admin.principal.user_id), what="the notification")
        bring_back(system)
    expect(page.get_by_test_id("run")).to_have_attribute("data-state", "succeeded")
    expect(page.get_by_test_id("unread-count")).to_have_text("1")


def test_an_unknown_report_is_said_to_be_unknown(page: Page, admin: Member) -> None:
    page.goto("/reports/0197d3a4-0000-7000-8000-000000000000")
    sign_in(page, admin)
    expect(page.get_by_role("heading", name="There is no such report")).to_be_visible()
