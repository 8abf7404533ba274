"""The front matter: title, default source, freshness, parameters, page. Parameters themselves are read in ``declarations``."""

import re

import msgspec

from broadsheet.documents.declarations import read_parameters
from broadsheet.documents.keys import Keys
from broadsheet.documents.model import Page, Parameter, Position
from broadsheet.documents.sourcetext import Fragment, Mistakes
from broadsheet.documents.yamltext import MapNode, read_yaml

FRONT_MATTER_KEYS = ("broadsheet", "title", "description", "source", "freshness", "params", "page")
PAGE_KEYS = ("size", "orientation")
PAGE_SIZES = ("A3", "A4", "A5", "Letter", "Legal")
ORIENTATIONS = ("portrait", "landscape")

_DURATION = re.compile(r"(\d{1,9})\s*([smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_LONGEST_FRESHNESS_SECONDS = 366 * 86_400
_SOURCE_NAME = re.compile(r"[A-Za-z][\w-]{0,62}", re.ASCII)


class FrontMatter(msgspec.Struct, frozen=True):
    """``readable`` is false if the YAML as a whole could not be read: then nothing is known about what it declares."""

    title: str = ""
    description: str = ""
    source: str | None = None
    freshness_seconds: int | None = None
    parameters: tuple[Parameter, ...] = ()
    declared: frozenset[str] = frozenset()
    page: Page = Page()
    version: int = 1
    readable: bool = True


def duration_seconds(text: str) -> int:
    """``30s``, ``10m``, ``1h``, ``1d`` in seconds, at most 366 days; raises ``ValueError``."""
    found = _DURATION.fullmatch(text.strip())
    seconds = int(found.group(1)) * _SECONDS[found.group(2)] if found else -1
    if not 0 <= seconds <= _LONGEST_FRESHNESS_SECONDS:
        raise ValueError(f"must be a duration as 30s, 10m, 1h or 1d, not `{text[:60]}`")
    return seconds


def read_front_matter(fragment: Fragment, mistakes: Mistakes) -> FrontMatter:
    """Read the YAML between the ``---`` lines; every mistake in it is added to ``mistakes``."""
    before = mistakes.count
    root = read_yaml(fragment, mistakes)
    if root is None and mistakes.count > before:
        return FrontMatter(readable=False)
    if root is not None and not isinstance(root, MapNode):
        mistakes.add(root.position, "The front matter must be `key: value` lines", "begin with `title: …`")
        return FrontMatter(readable=False)
    keys = Keys(root.entries if root else (), FRONT_MATTER_KEYS, "the front matter", mistakes)
    title = keys.text("title", longest=200)
    if "title" not in keys or (title is not None and not title.strip()):
        mistakes.add(keys.position("title", fragment.position(0)), "The report has no title", "add `title: …` to the front matter")
    parameters, declared = read_parameters(keys.node("params"), mistakes)
    return FrontMatter(
        title=(title or "").strip(),
        description=(keys.text("description") or "").strip(),
        source=source_name(keys),
        freshness_seconds=_freshness(keys),
        parameters=parameters,
        declared=declared,
        page=_page(keys),
        version=_version(keys),
    )


def source_name(keys: Keys) -> str | None:
    """The key ``source`` as the name of a data source."""
    name = keys.text("source")
    if name is not None and not _SOURCE_NAME.fullmatch(name):
        mistakes, position = keys.mistakes, keys.position("source", Position(1, 1))
        mistakes.add(
            position, f"`{name[:60]}` is not the name of a data source", "letters, digits, `-` and `_`, beginning with a letter"
        )
        return None
    return name


def _freshness(keys: Keys) -> int | None:
    text = keys.text("freshness")
    if text is None:
        return None
    try:
        return duration_seconds(text)
    except ValueError as error:
        keys.mistakes.add(
            keys.position("freshness", Position(1, 1)), f"`freshness` {error}", "a number and its unit: `freshness: 10m`"
        )
        return None


def _page(keys: Keys) -> Page:
    node = keys.node("page")
    if node is None:
        return Page()
    if not isinstance(node, MapNode):
        keys.mistakes.add(node.position, "`page` must be a mapping", "write `page: {size: A4, orientation: portrait}`")
        return Page()
    page = Keys(node.entries, PAGE_KEYS, "the page", keys.mistakes)
    return Page(page.one_of("size", PAGE_SIZES) or "A4", page.one_of("orientation", ORIENTATIONS) or "portrait")


def _version(keys: Keys) -> int:
    node = keys.node("broadsheet")
    if node is not None and keys.integer("broadsheet", 1, 1) is None:
        keys.mistakes.add(
            node.position, "This version of the report format is not known here", "write `broadsheet: 1` or leave it out"
        )
    return 1
