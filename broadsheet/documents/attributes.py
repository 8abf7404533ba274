"""The first line of a fence: ``sql delays {source=flights}``, ``chart {data=delays title="Mean delay"}``.

Unquoted values follow the same rule as plain YAML scalars (``limit=50`` is a number, ``title="50"`` a text).
"""

import re

import msgspec

from broadsheet.documents.model import Position
from broadsheet.documents.sourcetext import Fragment, Mistakes
from broadsheet.documents.yamltext import Entry, ScalarNode, plain_value

LONGEST_INFO = 2_000

_WORD = re.compile(r"[^\s{}=\"]+")
_KEY = re.compile(r"[A-Za-z_][\w-]*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"|\'((?:[^\'\\]|\\.)*)\'')
_UNQUOTED = re.compile(r"[^\s{}\"'=]+")
_SPACE = re.compile(r"\s*")


class FenceInfo(msgspec.Struct, frozen=True):
    """``kind`` is the first word; ``name`` the second, if there is one before ``{``."""

    kind: str
    name: str | None
    name_position: Position
    attributes: tuple[Entry, ...]
    position: Position


def kind_of(info: str) -> str:
    """The first word of a fence's info string, or ``""``."""
    found = _WORD.match(info.strip())
    return found.group() if found else ""


def read_fence_info(fragment: Fragment, mistakes: Mistakes) -> FenceInfo:
    """Read the info string in ``fragment``; what cannot be read becomes a mistake, the rest is still given."""
    text = fragment.text[:LONGEST_INFO]
    if len(fragment.text) > LONGEST_INFO:
        mistakes.add(
            fragment.position(0), f"This line is longer than {LONGEST_INFO:,} characters", "move options below it, as YAML"
        )
    at = _skip(text, 0)
    word = _WORD.match(text, at)
    kind, start = (word.group(), at) if word else ("", at)
    at = _skip(text, word.end() if word else at)
    name, name_position = None, fragment.position(at)
    if (word := _WORD.match(text, at)) and not text.startswith("{", at):
        name = word.group()
        at = _skip(text, word.end())
    attributes: tuple[Entry, ...] = ()
    if text.startswith("{", at):
        attributes, at = _attributes(fragment, at + 1, mistakes)
    at = _skip(text, at)
    if at < len(text):
        mistakes.add(fragment.position(at), f"`{text[at : at + 40].strip()}` is not understood here",
                     'write options as {key=value title="two words"}')  # fmt: skip
    return FenceInfo(kind, name, name_position, attributes, fragment.position(start))


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _attributes(fragment: Fragment, at: int, mistakes: Mistakes) -> tuple[tuple[Entry, ...], int]:
    text = fragment.text[:LONGEST_INFO]
    entries: dict[str, Entry] = {}
    opened = at - 1
    while True:
        at = _skip(text, at)
        if text.startswith("}", at):
            return tuple(entries.values()), at + 1
        if at >= len(text):
            mistakes.add(fragment.position(opened), "This `{` is not closed", "end the options with `}` on the same line")
            return tuple(entries.values()), at
        key = _KEY.match(text, at)
        if key is None or not text.startswith("=", key.end()):
            end = key.end() if key else at
            mistakes.add(fragment.position(at), f"Expected key=value, found `{text[at : max(end, at + 1)]}`",
                         'write options as {key=value title="two words"}')  # fmt: skip
            return tuple(entries.values()), len(text)
        start = key.end() + 1
        value, at = _value(text, start)
        if value is None:
            mistakes.add(fragment.position(start), f"`{key.group()}=` has no value, or its quotes are not closed",
                         'write title="two words"')  # fmt: skip
            return tuple(entries.values()), len(text)
        node = ScalarNode(value.value, value.text, fragment.position(start))
        if key.group() in entries:
            mistakes.add(fragment.position(key.start()), f"`{key.group()}` stands here twice", "remove one of them")
        else:
            entries[key.group()] = Entry(key.group(), fragment.position(key.start()), node)


def _value(text: str, at: int) -> tuple[ScalarNode | None, int]:
    nowhere = Position(1, 1)
    if quoted := _QUOTED.match(text, at):
        content = quoted.group(1) if quoted.group(1) is not None else quoted.group(2)
        content = re.sub(r"\\(.)", r"\1", content)
        return ScalarNode(content, content, nowhere), quoted.end()
    if plain := _UNQUOTED.match(text, at):
        return ScalarNode(plain_value(plain.group()), plain.group(), nowhere), plain.end()
    return None, at
