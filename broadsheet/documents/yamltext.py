"""YAML with a position for every key and value, for front matter and blocks.

Only a safe part of YAML: no anchors, aliases or tags (so nothing can grow), no duplicate keys, one document, bounded size and depth.
Plain scalars follow JSON rather than YAML 1.1: ``NO`` and ``on`` are text, ``007`` keeps its zeros; ``true``, ``12``, ``1.5``, ``null``
and ``2013-01-31`` are what they look like.
"""

import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import yaml

from broadsheet.documents.model import Position
from broadsheet.documents.sourcetext import Fragment, Mistakes

LARGEST_YAML_BYTES = 64 * 1024
DEEPEST_NESTING = 32

Scalar = str | int | Decimal | bool | dt.date | None

_NUMBER = re.compile(r"-?(0|[1-9]\d{0,37})(\.\d{1,30})?([eE][+-]?\d{1,2})?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NOT_PRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class ScalarNode(msgspec.Struct, frozen=True):
    """One value. ``text`` is how it was written; ``offset`` where its first character of content stands in the fragment."""

    value: Scalar
    text: str
    position: Position


class Entry(msgspec.Struct, frozen=True):
    key: str
    position: Position
    value: "Node"


class MapNode(msgspec.Struct, frozen=True):
    entries: tuple[Entry, ...]
    position: Position


class ListNode(msgspec.Struct, frozen=True):
    items: tuple["Node", ...]
    position: Position


Node = ScalarNode | MapNode | ListNode


class _Refused(Exception):
    def __init__(self, offset: int, message: str, hint: str | None = None):
        super().__init__(message)
        self.offset, self.message, self.hint = offset, message, hint


def plain_value(text: str) -> Scalar:
    """What an unquoted scalar is worth."""
    if text in ("", "~", "null"):
        return None
    if text in ("true", "false"):
        return text == "true"
    if _NUMBER.fullmatch(text):
        return int(text) if text.lstrip("-").isdigit() else Decimal(text)
    if _DATE.fullmatch(text):
        try:
            return dt.date.fromisoformat(text)
        except ValueError:
            return text
    return text


def to_plain(node: Node) -> Any:
    """The node as JSON-able data: dates as they were written, decimals as floats."""
    if isinstance(node, MapNode):
        return {entry.key: to_plain(entry.value) for entry in node.entries}
    if isinstance(node, ListNode):
        return [to_plain(item) for item in node.items]
    if isinstance(node.value, Decimal):
        return float(node.value)
    return node.text if isinstance(node.value, dt.date) else node.value


def read_yaml(fragment: Fragment, mistakes: Mistakes) -> Node | None:
    """The YAML document in ``fragment``; ``None`` if it is empty or not readable (then ``mistakes`` says why)."""
    try:
        return _Reader(fragment, mistakes).read()
    except _Refused as refused:
        mistakes.add(fragment.position(refused.offset), refused.message, refused.hint)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "not readable"
        mistakes.add(fragment.position(mark.index if mark else 0), f"This is not valid YAML: {problem}", _hint(problem))
    except yaml.YAMLError as error:
        mistakes.add(fragment.position(0), f"This is not valid YAML: {str(error)[:200]}")
    return None


def _hint(problem: str) -> str | None:
    if "mapping values are not allowed" in problem:
        return "put quotes around a text that contains `: `"
    if "cannot start any token" in problem:
        return "indent with spaces, and put quotes around a text that begins with a special character"
    if "flow mapping" in problem or "flow sequence" in problem:
        return "a `{` or `[` is not closed, or a comma is missing"
    return None


def _offset(event: yaml.Event) -> int:
    return event.start_mark.index if event.start_mark else 0


class _Reader:
    """Builds nodes from the parser's events, so that nothing is built that was not allowed."""

    def __init__(self, fragment: Fragment, mistakes: Mistakes):
        self.fragment = fragment
        self.mistakes = mistakes

    def read(self) -> Node | None:
        text = self.fragment.text
        if len(text.encode("utf-8", "replace")) > LARGEST_YAML_BYTES:
            raise _Refused(0, f"This part is larger than {LARGEST_YAML_BYTES // 1024} KiB")
        if found := _NOT_PRINTABLE.search(text):
            raise _Refused(found.start(), f"The character U+{ord(found.group()):04X} is not allowed here", "delete it")
        events = iter(yaml.parse(text, Loader=_LOADER))
        root: Node | None = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _Refused(_offset(event), "Only one YAML document is allowed here", "remove the `---` line")
            elif isinstance(event, yaml.NodeEvent):
                root = self._node(event, events, 0)
        return None if isinstance(root, ScalarNode) and root.text == "" else root

    def _node(self, event: yaml.NodeEvent, events: Iterator[yaml.Event], depth: int) -> Node:
        start = _offset(event)
        position = self.fragment.position(start)
        if event.anchor is not None:
            hint = "quote the text, or write the value out again"
            self.mistakes.add(position, "Anchors (`&`) and aliases (`*`) are not allowed", hint)
        if isinstance(event, yaml.AliasEvent):
            return ScalarNode(None, "", position)
        if depth > DEEPEST_NESTING:
            raise _Refused(start, f"This is nested more than {DEEPEST_NESTING} levels deep")
        assert isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent)
        if event.tag is not None:
            self.mistakes.add(
                position, f"Tags as `{event.tag[:40]}` are not allowed", "put quotes around a text that begins with `!`"
            )
        if isinstance(event, yaml.ScalarEvent):
            plain = event.style in (None, "")
            return ScalarNode(plain_value(event.value) if plain else event.value, event.value, position)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(events, depth, position)
        items = []
        for item in events:
            if isinstance(item, yaml.SequenceEndEvent):
                break
            assert isinstance(item, yaml.NodeEvent)
            items.append(self._node(item, events, depth + 1))
        return ListNode(tuple(items), position)

    def _mapping(self, events: Iterator[yaml.Event], depth: int, position: Position) -> MapNode:
        entries: dict[str, Entry] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            assert isinstance(event, yaml.NodeEvent)
            key = self._node(event, events, depth + 1)
            value_event = next(events)
            assert isinstance(value_event, yaml.NodeEvent)
            value = self._node(value_event, events, depth + 1)
            if not isinstance(key, ScalarNode):
                self.mistakes.add(key.position, "A key must be a simple text")
            elif key.text in entries:
                first = entries[key.text].position.line
                self.mistakes.add(key.position, f"The key `{key.text[:60]}` stands here twice", f"the first is in line {first}")
            else:
                entries[key.text] = Entry(key.text, key.position, value)
        return MapNode(tuple(entries.values()), position)
