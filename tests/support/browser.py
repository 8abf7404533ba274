"""A real browser: Debian's Chromium by Playwright, what a page complained about, and the steps every test of the UI begins with."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.support.system import ROOT, Member

CHROMIUM = "/usr/bin/chromium"
AXE = ROOT / "web/ui/node_modules/axe-core/axe.min.js"
BUILD = ROOT / "web/ui/dist/index.html"
#: This machine may be busy with other things.
PATIENCE_MS = 30_000
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_TELL_VIOLATIONS = "addEventListener('securitypolicyviolation', event => console.error(`CSP: ${event.violatedDirective}`))"


@contextmanager
def chromium() -> Iterator[Browser]:
    """One browser for the whole run."""
    assert BUILD.exists(), "The browser's files are not built: run `npm ci && npm run build` in web/ui (make test does)"
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def complaints_of(page: Page) -> list[str]:
    """Everything the page complains about from now on: errors in the console, exceptions, violations of its security policy."""
    complaints: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not _asks_who_is_there(message):
            complaints.append(f"{message.type}: {message.text} ({message.location['url']})")

    page.add_init_script(_TELL_VIOLATIONS)
    page.on("console", heard)
    page.on("pageerror", lambda error: complaints.append(f"exception: {error}"))
    return complaints


def _asks_who_is_there(message: ConsoleMessage) -> bool:
    """Chromium calls the 401 of nobody's ``GET /me`` an error; a page can't ask otherwise."""
    return "status of 401" in message.text and message.location["url"].endswith("/api/v1/me")


def sign_in(page: Page, member: Member) -> None:
    """Fill in the form that any address shows while nobody is signed in."""
    page.get_by_label("E-mail").fill(member.email)
    page.get_by_label("Password").fill(member.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Account")).to_be_visible()


def wait_for_blocks(page: Page) -> None:
    """Return once every table is filled and every chart drawn: go down the page, as a chart is drawn when it comes near the screen."""
    charts = page.locator(".chart")
    expect(charts.first).to_be_attached()
    expect(page.locator("figure[aria-busy=true]")).to_have_count(0)
    for chart in charts.all():
        chart.evaluate("element => element.scrollIntoView()")
        expect(chart).to_have_attribute("data-drawn", "true")
    page.evaluate("scrollTo(0, 0)")


def serious_violations(page: Page) -> list[str]:
    """What axe (Deque's accessibility rules) finds serious or critical on the page as it is now."""
    assert AXE.exists(), "axe-core is not installed: run `npm ci` in web/ui (make test does)"
    page.evaluate(AXE.read_text(encoding="utf-8"))
    result: Any = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']} at {node['target']}: {node['failureSummary']}"
        for violation in result["violations"]
        for node in violation["nodes"]
        if violation["impact"] in ("serious", "critical")
    ]


def screenshot(page: Page, folder: Path, name: str) -> Path:
    """A picture of the whole page."""
    path = folder / f"{name}.png"
    page.screenshot(path=path, full_page=True)
    return path
