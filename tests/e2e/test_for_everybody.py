"""Pages that everybody can read: no serious violation of accessibility rules in either theme, and a dark theme that is dark."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import screenshot, serious_violations, sign_in, wait_for_blocks
from tests.support.system import Member


@pytest.mark.parametrize("page", ["light", "dark"], indirect=True)
def test_no_page_has_a_serious_accessibility_violation(page: Page, admin: Member, sample_report: str) -> None:
    page.goto("/")
    expect(page.get_by_label("E-mail")).to_be_visible()
    found = {"sign-in": serious_violations(page)}
    sign_in(page, admin)
    expect(page.get_by_role("link", name="Airline punctuality")).to_be_visible()
    found["reports"] = serious_violations(page)
    page.goto(f"/reports/{sample_report}")
    wait_for_blocks(page)
    found["report"] = serious_violations(page)
    page.get_by_role("button", name="Get as…").click()
    page.get_by_role("menuitem", name="XLSX").click()
    expect(page.get_by_test_id("unread-count")).to_have_text("1")
    page.get_by_role("button", name="Notifications").click()
    expect(page.get_by_test_id("notifications").get_by_role("listitem")).to_have_count(1)
    found["notifications"] = serious_violations(page)
    page.goto("/runs")
    expect(page.get_by_test_id("run")).to_have_count(1)
    found["runs"] = serious_violations(page)
    page.goto("/nowhere")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    found["not found"] = serious_violations(page)
    assert {name: violations for name, violations in found.items() if violations} == {}


@pytest.mark.parametrize("page", ["dark"], indirect=True)
def test_the_dark_theme_is_dark(page: Page, admin: Member, sample_report: str, pictures: Path) -> None:
    page.goto(f"/reports/{sample_report}")
    sign_in(page, admin)
    wait_for_blocks(page)
    screenshot(page, pictures, "dark")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/[0-9.]+/g).slice(0, 3).map(Number)")
    assert max(background) < 64
