"""The main job in a real browser: open a report, change a parameter, ask for a file, be told, download it."""

from pathlib import Path

import pypdf
from playwright.sync_api import Page, expect

from tests.support.browser import sign_in, wait_for_blocks
from tests.support.system import Member


def test_a_person_reads_a_report_and_gets_it_as_pdf_without_waiting(
    page: Page, admin: Member, sample_report: str, complaints: list[str], tmp_path: Path
) -> None:
    page.goto("/")
    sign_in(page, admin)
    page.get_by_role("link", name="Airline punctuality").click()
    expect(page.get_by_role("heading", name="United Air Lines Inc.: punctuality")).to_be_visible()

    page.get_by_label("Airline").select_option(label="JetBlue Airways")
    expect(page.get_by_role("heading", name="JetBlue Airways: punctuality")).to_be_visible()
    assert "param.carrier=B6" in page.url
    wait_for_blocks(page)

    page.get_by_role("button", name="Get as…").click()
    page.get_by_role("menuitem", name="PDF").click()
    expect(page.get_by_test_id("toasts")).to_contain_text("Your PDF is being made")
    run = page.get_by_test_id("run")
    expect(run).to_have_count(1)
    expect(run).to_have_attribute("data-state", "succeeded")

    expect(page.get_by_test_id("unread-count")).to_have_text("1")
    page.get_by_role("button", name="Notifications").click()
    with page.expect_download() as downloading:
        page.get_by_test_id("notifications").get_by_role("button", name="Download Airline punctuality is ready").click()
    download = downloading.value
    assert download.suggested_filename.startswith("airline-punctuality-")
    download.save_as(tmp_path / "report.pdf")

    document = pypdf.PdfReader(tmp_path / "report.pdf")
    text = "\n".join(sheet.extract_text() for sheet in document.pages)
    assert len(document.pages) >= 1
    assert "Airline punctuality" in text
    assert "JetBlue Airways" in text
    assert "United Air Lines Inc.: punctuality" not in text
    assert complaints == []


def test_the_keyboard_alone_is_enough_to_get_a_file(page: Page, admin: Member, sample_report: str) -> None:
    page.goto("/")
    expect(page.get_by_label("E-mail")).to_be_focused()
    page.keyboard.type(admin.email)
    page.keyboard.press("Tab")
    page.keyboard.type(admin.password)
    page.keyboard.press("Enter")
    entry = page.get_by_role("link", name="Airline punctuality")
    expect(entry).to_be_visible()
    _tab_to(page, "Airline punctuality")
    page.keyboard.press("Enter")

    button = page.get_by_role("button", name="Get as…")
    expect(button).to_be_visible()
    _tab_to(page, "Get as…")
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="PDF")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu")).to_have_count(0)
    expect(button).to_be_focused()

    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitem", name="XLSX")).to_be_focused()
    page.keyboard.press("Enter")
    expect(button).to_be_focused()
    expect(page.get_by_test_id("run")).to_have_attribute("data-state", "succeeded")


def _tab_to(page: Page, name: str) -> None:
    """Press Tab until what has this name has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        focused = page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.textContent.trim()")
        if focused == name:
            return
    raise AssertionError(f"Tab never reached {name!r}")
