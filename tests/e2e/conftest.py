"""The whole system and a real browser. A test that fails leaves a picture of its page."""

import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.support.browser import PATIENCE_MS, chromium, complaints_of, screenshot
from tests.support.flights import add_report, add_source, example
from tests.support.system import Member, System

_PAGE = pytest.StashKey[Page]()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def pictures() -> Path:
    """A folder that stays, for a person to look into."""
    return Path(tempfile.mkdtemp(prefix="broadsheet-pictures-"))


@pytest.fixture(params=["light"])
def page(request: pytest.FixtureRequest, browser: Browser, system: System) -> Iterator[Page]:
    """A new page of a new visitor, in English and New York; parametrize it with ``dark`` for the other theme."""
    context = browser.new_context(base_url=system.url, color_scheme=request.param, locale="en-US", timezone_id="America/New_York")
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    request.node.stash[_PAGE] = page
    yield page
    context.close()


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the page complained about so far."""
    return complaints_of(page)


@pytest.fixture
def sample_report(system: System, admin: Member) -> str:
    """The id of the sample report, in the admin's organization."""
    assert system.sample is not None
    add_source(admin, system.sample)
    return add_report(admin, example("airline-punctuality"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    page = item.stash.get(_PAGE, None)
    if report.when == "call" and report.failed and page is not None:
        path = screenshot(page, item.funcargs["pictures"] if "pictures" in item.funcargs else _new_folder(), item.name)
        report.sections.append(("The page when it failed", f"{path}\n{page.url}"))
    return report


def _new_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="broadsheet-pictures-"))
