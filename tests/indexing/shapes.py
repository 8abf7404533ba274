"""The shape of a statement: its text without values, so that the same question about other rows is the same shape.

Also what comments in it say: the call it belongs to (``broadsheet.sqlcomments``) and what it is exempt from
(``/* exempt sort: the reason */``). A reader would get wrong that texts in a statement may contain anything, comments and quotes too:
everything here works on PostgreSQL's tokens (documentation, 4.1), never on the bare text.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<comment>/\*.*?\*/|--[^\n]*)
  | (?P<text>[eE]'[^'\\]*(?:(?:''|\\.)[^'\\]*)*'|(?:[bBxXnN]|[uU]&)?'[^']*(?:''[^']*)*'|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
  | (?P<name>"[^"]*(?:""[^"]*)*"|[^\W\d][\w$]*)
  | (?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)
  | (?P<other>::|<=|>=|<>|!=|->>|->|.)
    """,
    re.VERBOSE | re.DOTALL,
)
#: The same texts, comments and numbers, in one pass at the speed of the regular expression engine; names in quotes so as to skip them.
_VALUE = re.compile(
    r"""
    (?P<comment>/\*.*?\*/|--[^\n]*)
  | (?P<name>"[^"]*")
  | (?<![\w$])(?:[eE]'[^'\\]*(?:(?:''|\\.)[^'\\]*)*'|(?:[bBxXnN]|[uU]&)?'[^']*(?:''[^']*)*'|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
  | (?<![\w$])\d+(?:\.\d*)?(?:[eE][+-]?\d+)?
    """,
    re.VERBOSE | re.DOTALL,
)
_VALUE_WORDS = {"null", "true", "false"}
_NOT_A_VALUE_AFTER = {"is", "not", "set"}
_LIST = re.compile(r"(\?(?: :: \w+)?)(?: , \?(?: :: \w+)?)+")
_ROWS = re.compile(r"(\( [^()]* \))(?: , \( [^()]* \))+")
_PAIR = re.compile(r"(\w+)='([^']*)'")
_EXEMPTION = re.compile(r"/\*\s*exempt\s+([\w-]*)\s*:?\s*(.*?)\s*\*/", re.DOTALL)


class Token(NamedTuple):
    """A piece of SQL; ``kind`` is text, name, number, comment, space or other."""

    kind: str
    text: str


class Exemption(NamedTuple):
    """What a statement may do, and why."""

    kind: str
    reason: str


def tokens(sql: str) -> Iterator[Token]:
    """Everything in it, in order; joined, it is the statement again."""
    for match in _TOKEN.finditer(sql):
        kind = match.lastgroup or "other"
        yield Token("text" if kind == "tag" else kind, match.group())


def shape(sql: str) -> str:
    """Values become ``?``, lists of them one; names in lower case; no comments."""
    words: list[str] = []
    for kind, text in tokens(sql):
        if kind in ("space", "comment"):
            continue
        word = text if text.startswith('"') else text.lower()
        is_value = kind in ("text", "number") or (word in _VALUE_WORDS and not (words and words[-1] in _NOT_A_VALUE_AFTER))
        words.append("?" if is_value else word)
    joined = _LIST.sub(r"\1 , …", " ".join(words))
    return _ROWS.sub(r"\1 , …", joined).replace(" . ", ".").replace(" :: ", "::").replace("( ", "(").replace(" )", ")")


def shape_and_comments(sql: str) -> tuple[str, list[str]]:
    """Both at once, and fast where the shape was seen before: tens of thousands of statements have some hundred shapes."""
    found: list[str] = []

    def without_value(match: re.Match[str]) -> str:
        if match.lastgroup == "comment":
            found.append(match.group())
            return " "
        return match.group() if match.lastgroup == "name" else "?"

    return _cached_shape(_VALUE.sub(without_value, sql)), found


_cached_shape = lru_cache(maxsize=10_000)(shape)


def comments(sql: str) -> list[str]:
    """The comments, in order."""
    return [text for kind, text in tokens(sql) if kind == "comment"]


def call_of(sql: str) -> dict[str, str]:
    """What the statement says about its call: ``method``, ``call``, ``request``; empty for one that belongs to none."""
    return call_in(comments(sql))


def call_in(found: list[str]) -> dict[str, str]:
    """The same, of a statement's comments."""
    return {name: unquote(value) for name, value in _PAIR.findall(found[-1])} if found else {}


def exemptions(sql: str) -> list[Exemption]:
    """What it is exempt from."""
    return exemptions_in(comments(sql))


def exemptions_in(found: list[str]) -> list[Exemption]:
    """The same, of a statement's comments."""
    return [Exemption(*match.groups()) for text in found if (match := _EXEMPTION.fullmatch(text))]
