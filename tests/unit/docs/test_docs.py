"""The papers keep up with the code: nothing a user meets is without its place, no link leads nowhere, no command is made up."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from broadsheet import errors
from broadsheet.settings import PREFIX, Settings
from docs import generate

ROOT = Path(__file__).parents[3]
PAPERS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")

_FENCE = re.compile(r"^(`{3,}|~{3,}).*?^\1`*[ ]*$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_MAKE = re.compile(r"\bmake ([a-z-]+)\b(?=[`\s,;:.)&]|$)")


def reference(name: str) -> str:
    return (generate.REFERENCE / name).read_text(encoding="utf-8")


def headings(text: str) -> list[str]:
    return _HEADING.findall(_FENCE.sub("", text))


def anchors(path: Path) -> set[str]:
    """Where a link into the page may lead, by the rules of GitHub."""
    plain = [heading.replace("`", "").lower() for heading in headings(path.read_text(encoding="utf-8"))]
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}


def commands(text: str) -> Iterator[str]:
    """The text of all fences and code spans."""
    yield from (match[0] for match in _FENCE.finditer(text))
    yield from (match[0] for match in _CODE.finditer(_FENCE.sub("", text)))


@pytest.mark.parametrize("name", sorted(generate.pages()))
def test_a_generated_page_is_up_to_date(name: str) -> None:
    assert reference(name) == generate.pages()[name], "run `make docs`"


def test_every_setting_has_its_row() -> None:
    page = reference("settings.md")
    assert [name for name in Settings.__annotations__ if f"| `{PREFIX}{name.upper()}` |" not in page] == []


def test_every_error_code_has_its_heading() -> None:
    assert set(errors.by_code()) <= set(headings(reference("errors.md")))


def test_every_event_has_its_heading() -> None:
    assert {*generate.events(), "run", "notification", "report"} <= set(headings(reference("events.md")))


def test_every_endpoint_has_its_heading() -> None:
    assert {generate.heading(declared) for declared in generate.endpoints()} <= set(headings(reference("api.md")))


def test_every_page_of_the_docs_is_in_the_index() -> None:
    indexes = [ROOT / "docs" / "README.md", ROOT / "docs" / "decisions" / "README.md"]
    linked = {(index.parent / link).resolve() for index in indexes for link in links(index) if not link.startswith("http")}
    assert [page for page in (ROOT / "docs").rglob("*.md") if page not in linked and page != indexes[0]] == []


def links(path: Path) -> list[str]:
    text = _CODE.sub("", _FENCE.sub("", path.read_text(encoding="utf-8")))
    return [first or second for first, second in _LINK.findall(text)]


@pytest.mark.parametrize("path", PAPERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    lost = []
    for link in links(path):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        page = (path.parent / target).resolve() if target else path
        if not page.exists() or (anchor and anchor not in anchors(page)):
            lost.append(link)
    assert lost == []


def test_the_readme_keeps_its_order() -> None:
    assert headings(README) == [
        "Broadsheet",
        "Two commands",
        "A first report in five minutes",
        "How it works",
        "Performance",
        "Operations",
        "Links",
    ]


@pytest.mark.parametrize("path", PAPERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_make_verb_that_is_named_exists(path: Path) -> None:
    named = {verb for text in commands(path.read_text(encoding="utf-8")) for verb in _MAKE.findall(text)}
    assert named - set(generate.verbs()) == set()


def test_pictures_are_small_enough_to_load_at_once() -> None:
    assert [path.name for path in (ROOT / "docs" / "images").iterdir() if path.stat().st_size > 300_000] == []


def test_ci_runs_what_a_person_runs() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    lines = [line for line in script.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    assert lines[0] == "set -euo pipefail"
    assert lines[-1] == "make test"
    assert len(lines) == 3
