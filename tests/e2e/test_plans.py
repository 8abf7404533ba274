"""Why a block is slow, asked for on the page by those who can change it."""

from playwright.sync_api import Page, expect

from broadsheet.contracts.base import Role
from tests.support.browser import serious_violations, sign_in, wait_for_blocks
from tests.support.system import Member, System


def test_an_author_asks_by_keyboard_how_a_query_is_run(
    page: Page, admin: Member, sample_report: str, complaints: list[str]
) -> None:
    page.goto(f"/reports/{sample_report}")
    sign_in(page, admin)
    wait_for_blocks(page)
    button = page.get_by_role("button", name="Explain").first
    button.focus()
    page.keyboard.press("Enter")
    plan = page.get_by_test_id("plan")
    expect(plan).to_contain_text("flights")
    expect(plan).to_contain_text("Scan")
    assert serious_violations(page) == []
    page.keyboard.press("Escape")
    expect(plan).to_be_hidden()
    expect(button).to_be_focused()
    assert complaints == []


def test_a_viewer_is_not_offered_it(page: Page, system: System, admin: Member, sample_report: str) -> None:
    page.goto(f"/reports/{sample_report}")
    sign_in(page, system.member(admin, Role.VIEWER))
    wait_for_blocks(page)
    expect(page.get_by_role("button", name="Explain")).to_have_count(0)
