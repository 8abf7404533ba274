"""Finds ``:name`` in SQL, where a database would see a value, and nowhere else.

A small scanner of PostgreSQL's lexical rules (manual, section 4.1): strings, ``E''`` strings, quoted identifiers, dollar quotes, nested
comments. A placeholder follows the rule of SQLAlchemy's ``text()``: the colon does not follow a word character, a colon or a backslash,
so that ``::date`` and ``a[1:n]`` are left alone; ``\\:`` writes a colon that is none. ``:user.NAME`` and ``:org.NAME`` are
attributes of who asks. sqlglot's tokenizer is not used: it gives up on texts that it does not know.
"""

import re
from collections.abc import Callable, Iterator
from enum import Enum

import msgspec


class Kind(Enum):
    CODE = "code"
    QUOTED = "quoted"
    COMMENT = "comment"
    PLACEHOLDER = "placeholder"
    ESCAPE = "escape"


class Piece(msgspec.Struct, frozen=True):
    """``sql[start:end]``. ``name`` is set for a placeholder only: ``carrier``, ``user.region``."""

    kind: Kind
    start: int
    end: int
    name: str = ""


class Placeholder(msgspec.Struct, frozen=True):
    """One use of a parameter or attribute. ``offset`` is that of its colon, in characters."""

    name: str
    offset: int

    @property
    def is_attribute(self) -> bool:
        return "." in self.name


# Letters of an identifier are ASCII ones and every character beyond ASCII, as in PostgreSQL's scan.l; Python's \w is something else.
_LETTER = r"[A-Za-z_\x80-\U0010ffff]"
_NAME_END = r"[A-Za-z0-9_\x80-\U0010ffff]*+"
_ESCAPED = r"(?: [^'\\] | \\. | '' )*+ (?: ' | \\? \Z )"
# Between the parts of one string constant: white space and comments, with a line break among them (section 4.1.2.1).
_CONTINUED = r"(?: [\ \t\f\v] | --[^\r\n]*+ )*+ [\r\n] (?: [\ \t\f\v\r\n] | --[^\r\n]*+ [\r\n] )*+ '"

# The order matters: the first alternative that matches at an offset wins. Whole words are matched, so that the e of name'…' starts no
# E'…' string and the $ of a$b$ no dollar quote.
_SPECIAL = re.compile(
    rf"""
      (?P<comment> --[^\r\n]*+ | /\* )
    | (?P<escape_string> [eE]' {_ESCAPED} (?: {_CONTINUED} {_ESCAPED} )*+ )
    | (?P<word> {_LETTER} [A-Za-z0-9_$\x80-\U0010ffff]*+ )
    | (?P<quoted> ' [^']*+ (?: ' | \Z ) | " [^"]*+ (?: " | \Z ) )
    | (?P<dollar> \$ (?: {_LETTER} {_NAME_END} )? \$ )
    | (?P<escape> \\: )
    | (?P<placeholder> (?<! [:\w\\] ) : (?P<name> (?: (?:user|org)\. )? [A-Za-z_][A-Za-z0-9_]*+ ) )
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")


def scan(sql: str) -> Iterator[Piece]:
    """The whole text in pieces, in order, without gaps. An unclosed string or comment runs to the end."""
    done = at = 0
    while found := _SPECIAL.search(sql, at):
        at = found.end()
        if found.lastgroup == "word":
            continue
        if found.start() > done:
            yield Piece(Kind.CODE, done, found.start())
        match found.lastgroup:
            case "comment":
                at = _comment_end(sql, at) if found.group() == "/*" else at
                yield Piece(Kind.COMMENT, found.start(), at)
            case "dollar":
                close = sql.find(found.group(), at)
                at = len(sql) if close < 0 else close + len(found.group())
                yield Piece(Kind.QUOTED, found.start(), at)
            case "escape":
                yield Piece(Kind.ESCAPE, found.start(), at)
            case "placeholder":
                yield Piece(Kind.PLACEHOLDER, found.start(), at, found.group("name"))
            case _:
                yield Piece(Kind.QUOTED, found.start(), at)
        done = at
    if done < len(sql):
        yield Piece(Kind.CODE, done, len(sql))


def _comment_end(sql: str, start: int) -> int:
    depth, done = 1, start
    while depth:
        edge = _COMMENT_EDGE.search(sql, done)
        if edge is None:
            return len(sql)
        depth += 1 if edge.group() == "/*" else -1
        done = edge.end()
    return done


def find(sql: str) -> tuple[Placeholder, ...]:
    """Every placeholder, in the order of the text, repeated ones repeated."""
    return tuple(Placeholder(piece.name, piece.start) for piece in scan(sql) if piece.kind is Kind.PLACEHOLDER)


def substitute(sql: str, render: Callable[[str], str], literal: Callable[[str], str] | None = None) -> str:
    """The text with each placeholder replaced by ``render(name)`` and ``\\:`` by ``:``.

    ``literal`` is applied to everything else; a driver that formats with ``%`` doubles its percent signs there. What ``render`` gives
    must be a driver's placeholder, never a value.
    """
    parts = []
    for piece in scan(sql):
        if piece.kind is Kind.PLACEHOLDER:
            parts.append(render(piece.name))
            continue
        text = ":" if piece.kind is Kind.ESCAPE else sql[piece.start : piece.end]
        parts.append(literal(text) if literal else text)
    return "".join(parts)


def code_only(sql: str) -> str:
    """The text of the same length with everything that is not code blanked: comments, quoted parts and placeholders."""
    out = []
    for piece in scan(sql):
        text = sql[piece.start : piece.end]
        out.append(text if piece.kind is Kind.CODE else "".join("\n" if char == "\n" else " " for char in text))
    return "".join(out)
