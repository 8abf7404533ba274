"""Report text → model, or every mistake in it with its place.

Only the block structure of Markdown matters here: top-level fences named ``sql``, ``chart``, ``table`` and ``metric`` are blocks,
what stands between is one Markdown block each. A text with mistakes gives no report at all; :func:`check` lists what is wrong.
"""

import re
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from broadsheet.documents.attributes import kind_of, read_fence_info
from broadsheet.documents.blocks import Fence, Reference, read_query, read_view, reference_mistake
from broadsheet.documents.expressions import check_text
from broadsheet.documents.frontmatter import FrontMatter, read_front_matter
from broadsheet.documents.model import Block, Markdown, Mistake, Position, Query, Report
from broadsheet.documents.placeholders import find
from broadsheet.documents.sourcetext import MOST_MISTAKES, Fragment, Mistakes, did_you_mean
from broadsheet.errors import FieldError, InvalidReport

LARGEST_TEXT_BYTES = 1024 * 1024
MOST_BLOCKS = 200
LARGEST_MARKDOWN_CHARACTERS = 64 * 1024
BLOCK_KINDS = ("sql", "chart", "table", "metric")

_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")


def parse(text: str) -> Report:
    """The report that ``text`` writes; raises ``InvalidReport`` carrying all mistakes, each with line and column."""
    report, mistakes = _Parser().read(text)
    if report is None:
        errors = tuple(FieldError("", mistake.message, mistake.line, mistake.column, mistake.hint) for mistake in mistakes)
        first = errors[0]
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise InvalidReport(f"Line {first.line}: {first.message}{more}", errors=errors)
    return report


def check(text: str) -> tuple[Mistake, ...]:
    """Every mistake in ``text``, in the order of the text; none means that :func:`parse` gives a report."""
    return _Parser().read(text)[1]


@cache
def _markdown() -> MarkdownIt:
    """Block structure only; inline text is not looked at."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.disable(["reference", "lheading"])  # slow, and of no matter to where code begins
    markdown.core.ruler.enableOnly(["normalize", "block"])
    return markdown


class _Parser:
    def __init__(self) -> None:
        self.mistakes = Mistakes()
        self.front = FrontMatter()
        self.queries: list[tuple[Query, Fence]] = []
        self.blocks: list[Block] = []
        self.references: list[Reference] = []

    def read(self, text: str) -> tuple[Report | None, tuple[Mistake, ...]]:
        text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        if self._acceptable(text):
            lines = text.split("\n")
            self._body(lines, self._front_matter(lines))
            self._references()
        mistakes = self.mistakes.listed()
        return (None if mistakes else self._report()), mistakes

    def _acceptable(self, text: str) -> bool:
        if len(text) > LARGEST_TEXT_BYTES or len(text.encode("utf-8", "replace")) > LARGEST_TEXT_BYTES:
            self.mistakes.add(
                Position(1, 1), f"The text is larger than {LARGEST_TEXT_BYTES // 1024:,} KiB", "split it into several reports"
            )
            return False
        if found := _FORBIDDEN.search(text):
            message = f"The character U+{ord(found.group()):04X} is not allowed in a report"
            self.mistakes.add(Fragment(text).position(found.start()), message, "delete it")
            return False
        return True

    def _front_matter(self, lines: list[str]) -> int:
        """Read the front matter; gives the index of the first line after it."""
        if lines[0].rstrip() != "---":
            self.mistakes.add(Position(1, 1), "The report has no front matter", "begin with `---`, `title: …`, `---`")
            self.front = FrontMatter(readable=False)
            return 0
        for index, line in enumerate(lines[1:], start=1):
            if line.rstrip() == "---":
                self.front = read_front_matter(Fragment("\n".join(lines[1:index]), 2), self.mistakes)
                return index + 1
        self.mistakes.add(Position(1, 1), "The front matter is not closed", "end it with a line `---`")
        self.front = FrontMatter(readable=False)
        return len(lines)

    def _body(self, lines: list[str], start: int) -> None:
        done = start
        count = 0
        for token in _markdown().parse("\n".join(lines[start:])):
            if token.type != "fence" or kind_of(token.info) not in BLOCK_KINDS or token.map is None:
                continue
            first, end = token.map[0] + start, token.map[1] + start
            if token.level > 0:
                message = f"A {kind_of(token.info)} block cannot stand inside a list or a quotation"
                self.mistakes.add(Position(first + 1, 1), message, "begin it at the left margin")
                continue
            self._text(lines, done, first)
            done = end
            count += 1
            if count > MOST_BLOCKS:
                self.mistakes.add(
                    Position(first + 1, 1), f"A report may have at most {MOST_BLOCKS} blocks", "split it into several reports"
                )
                return
            self._fence(token, lines, first)
        self._text(lines, done, len(lines))

    def _text(self, lines: list[str], start: int, end: int) -> None:
        while start < end and not lines[start].strip():
            start += 1
        text = "\n".join(lines[start:end]).rstrip()
        if len(text) > LARGEST_MARKDOWN_CHARACTERS:
            message = f"A text between two blocks may have at most {LARGEST_MARKDOWN_CHARACTERS:,} characters"
            self.mistakes.add(Position(start + 1, 1), message, "shorten it")
        elif text:
            self.blocks.append(Markdown(text, Position(start + 1, 1)))

    def _fence(self, token: Token, lines: list[str], first: int) -> None:
        opening = lines[first]
        info_at = opening.find(token.info.strip(), len(opening) - len(opening.lstrip()) + len(token.markup))
        info = read_fence_info(Fragment(token.info.strip(), first + 1, (max(info_at, 0),)), self.mistakes)
        indent = len(opening) - len(opening.lstrip(" "))
        content = token.content.removesuffix("\n")
        shifts = tuple(min(indent, max(0, len(raw) - len(line)))
                       for raw, line in zip(lines[first + 1 :], content.split("\n"), strict=False))  # fmt: skip
        fence = Fence(info, Fragment(content, first + 2, shifts))
        if not _is_closed(token, lines, first):
            self.mistakes.add(info.position, f"This {info.kind} block is not closed", f"end it with a line {token.markup}")
        if info.kind == "sql":
            self._query(fence)
            return
        block, reference = read_view(fence, self.mistakes)
        if block:
            self.blocks.append(block)
        if reference:
            self.references.append(reference)

    def _query(self, fence: Fence) -> None:
        query = read_query(fence, self.mistakes)
        if query is None:
            return
        for earlier, _ in self.queries:
            if earlier.name == query.name:
                self.mistakes.add(fence.info.name_position, f"There are two queries named `{query.name[:60]}`",
                                  f"the first is in line {earlier.position.line}")  # fmt: skip
        if query.name in self.front.declared:
            self.mistakes.add(
                fence.info.name_position, f"`{query.name[:60]}` is also the name of a parameter", "give the query another name"
            )
        self.queries.append((query, fence))

    def _references(self) -> None:
        known = frozenset(query.name for query, _ in self.queries)
        for reference in self.references:
            if wrong := reference_mistake(reference.query, known):
                self.mistakes.add(reference.position, *wrong)
        declared = self.front.declared if self.front.readable else None
        for block in self.blocks:
            if isinstance(block, Markdown):
                check_text(Fragment(block.text, block.position.line), declared, known, self.mistakes)
        if declared is None:
            return
        for query, fence in self.queries:
            self._undeclared(query, fence)
            if query.source is None and self.front.source is None:
                self.mistakes.add(
                    query.position, f"The query `{query.name[:60]}` has no data source", "add `source: NAME` to the front matter"
                )

    def _undeclared(self, query: Query, fence: Fence) -> None:
        undeclared = [name for name in query.parameters if name not in self.front.declared]
        hints = {
            name: did_you_mean(name, self.front.declared) or f"declare it under `params:` as `{name[:60]}: {{type: text}}`"
            for name in undeclared[:MOST_MISTAKES]
        }
        for use in find(fence.body.text) if undeclared else ():
            if use.name in hints:
                message = f"The parameter `{use.name[:60]}` is not declared"
                self.mistakes.add(fence.body.position(use.offset), message, hints[use.name])

    def _report(self) -> Report:
        front = self.front
        return Report(
            title=front.title, blocks=tuple(self.blocks), description=front.description, source=front.source,
            freshness_seconds=front.freshness_seconds, parameters=front.parameters, queries=tuple(query for query, _ in self.queries),
            page=front.page, version=front.version,
        )  # fmt: skip


def _is_closed(token: Token, lines: list[str], first: int) -> bool:
    """Does the last line of the fence close it? Markdown would take the rest of the file otherwise."""
    assert token.map is not None
    last = first + token.map[1] - token.map[0] - 1
    return last > first and lines[last].strip().startswith(token.markup)
