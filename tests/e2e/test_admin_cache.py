"""The admin's page about the cache, and what a reader sees of an answer that is being computed again."""

import pytest
from playwright.sync_api import Page, Route, expect

from broadsheet.contracts.base import Role
from tests.support.browser import serious_violations, sign_in, wait_for_blocks
from tests.support.system import Member, System


def _read(page: Page, report_id: str) -> None:
    page.goto(f"/reports/{report_id}")
    wait_for_blocks(page)


@pytest.mark.parametrize("page", ["light", "dark"], indirect=True)
def test_an_admin_sees_how_the_cache_does(page: Page, admin: Member, sample_report: str, complaints: list[str]) -> None:
    page.goto("/")
    sign_in(page, admin)
    _read(page, sample_report)
    page.get_by_role("button", name="Account").click()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Cache", level=1)).to_be_visible()
    assert page.url.endswith("/admin/cache")
    expect(page.get_by_test_id("redis")).to_contain_text("Redis answers")
    expect(page.get_by_test_id("redis")).to_contain_text("of 256 MB")
    row = page.get_by_test_id("method-queries.data")
    expect(row.get_by_role("rowheader")).to_have_text("Results for pages")
    misses = row.get_by_role("cell").nth(3)
    expect(misses).not_to_have_text("0")
    assert serious_violations(page) == []
    assert complaints == []


def test_the_figures_keep_up_while_they_are_looked_at(page: Page, admin: Member, sample_report: str) -> None:
    page.goto("/admin/cache")
    sign_in(page, admin)
    row = page.get_by_test_id("method-queries.view")
    expect(page.get_by_role("heading", name="Cache", level=1)).to_be_visible()
    expect(row).to_have_count(0)
    assert admin.api.get(f"/reports/{sample_report}/view").status == 200
    expect(row).to_be_visible()


def test_an_admin_forgets_a_report_and_says_that_data_has_changed_by_keyboard(
    page: Page, admin: Member, sample_report: str, complaints: list[str]
) -> None:
    view = f"/reports/{sample_report}/view"
    admin.api.get(view)
    page.goto("/admin/cache")
    sign_in(page, admin)
    page.get_by_label("Report", exact=True).focus()
    page.keyboard.type("punct")
    expect(page.get_by_role("option", name="Airline punctuality")).to_be_visible()
    page.keyboard.press("Enter")
    assert admin.api.get(view).headers["broadsheet-cache"] == "hit"
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("toasts")).to_contain_text("“Airline punctuality” is forgotten")
    assert admin.api.get(view).headers["broadsheet-cache"] == "miss"

    form = page.get_by_test_id("source-refreshed")
    expect(form).to_contain_text("Nobody has said so yet")
    form.get_by_role("button", name="It has changed").press("Enter")
    expect(page.get_by_test_id("toasts")).to_contain_text("The data of “flights” has changed")
    expect(form).to_contain_text("Last said just now")
    [source] = admin.api.get("/data-sources").json["items"]
    assert source["refreshed_at"] is not None
    assert complaints == []


def test_what_was_typed_before_the_reports_were_there_finds_them_when_they_come(
    page: Page, admin: Member, sample_report: str
) -> None:
    held: list[Route] = []
    page.goto("/runs")
    sign_in(page, admin)
    page.route("**/api/v1/reports?*", lambda route: held.append(route))
    page.goto("/admin/cache")
    field = page.get_by_label("Report", exact=True)
    field.fill("punct")
    expect(field).to_have_attribute("aria-expanded", "false")
    expect(page.get_by_test_id("redis")).to_be_visible()
    assert held
    for route in held:
        route.continue_()
    expect(page.get_by_role("option", name="Airline punctuality")).to_be_visible()


def test_whoever_is_no_admin_is_not_shown_the_page(page: Page, system: System, admin: Member) -> None:
    author = system.member(admin, Role.AUTHOR)
    page.goto("/admin/cache")
    sign_in(page, author)
    expect(page.get_by_role("heading", name="This page is for admins")).to_be_visible()
    assert serious_violations(page) == []
    page.get_by_role("button", name="Account").click()
    expect(page.get_by_role("menuitem", name="Sign out")).to_be_visible()
    expect(page.get_by_role("menuitem", name="Cache")).to_have_count(0)


def test_a_reader_of_a_stale_answer_soon_sees_the_newer_one(page: Page, admin: Member, sample_report: str) -> None:
    stale: list[str] = []

    def first_as_stale(route: Route) -> None:
        answer = route.fetch()
        if route.request.url in stale:
            route.fulfill(response=answer)
            return
        stale.append(route.request.url)
        route.fulfill(response=answer, headers={**answer.headers, "broadsheet-cache": "stale"})

    page.goto("/")
    sign_in(page, admin)
    page.route("**/queries/*/data*", first_as_stale)
    page.goto(f"/reports/{sample_report}")
    expect(page.get_by_test_id("cache-state")).to_have_text("from the cache, being renewed")
    expect(page.get_by_test_id("cache-state")).to_have_text("from the cache")
    assert stale
