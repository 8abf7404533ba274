"""Is a query one read-only statement? A first answer with a place in the text, before any database is asked.

Not a barrier: a read-only transaction is. So in doubt (sqlglot cannot parse it, the nesting is deep) the answer is yes, and the
database decides.
"""

import re
from collections.abc import Iterator

from broadsheet.documents.model import Position
from broadsheet.documents.placeholders import code_only, substitute
from broadsheet.documents.sourcetext import Fragment, Mistakes

LARGEST_SQL_CHARACTERS = 64 * 1024
_DEEPEST_PARENTHESES = 100
_LARGEST_PARSED_CHARACTERS = 16 * 1024
_MAY_WRITE = re.compile(r"\b(insert|update|delete|merge|into|share)\b", re.IGNORECASE)

_COMMANDS = re.compile(
    r"insert|update|delete|merge|create|alter|drop|truncate|copy|grant|revoke|call|do|set|reset|begin|start|commit|end|abort|rollback"
    r"|savepoint|release|vacuum|analyze|lock|listen|notify|unlisten|explain|show|prepare|execute|deallocate|declare|fetch|move|close"
    r"|comment|security|import|refresh|reindex|cluster|checkpoint|discard|load|reassign|upsert|replace|use|attach|detach|install|pragma",
    re.IGNORECASE,
)
_READ_ONLY_HINT = "a query is one `select`, `with`, `values` or `table` statement"
_FIRST_WORD = re.compile(r"[\s(]*([A-Za-z_]\w*)")
_SEMICOLON = re.compile(r";")


def check_sql(fragment: Fragment, mistakes: Mistakes, *, empty_at: Position | None = None) -> None:
    """Add a mistake for each way in which the SQL of ``fragment`` is not one read-only statement.

    ``empty_at`` is the place to name when there is none at all.
    """
    if len(fragment.text) > LARGEST_SQL_CHARACTERS:
        mistakes.add(fragment.position(0), f"A query may have at most {LARGEST_SQL_CHARACTERS:,} characters")
        return
    code = code_only(fragment.text)
    if not code.strip(" \n\t;"):
        mistakes.add(empty_at or fragment.position(0), "The query is empty", _READ_ONLY_HINT)
        return
    second = _second_statement(code)
    if second is not None:
        mistakes.add(fragment.position(second), "A second statement begins here; a query is one statement",
                     "put it in a query block of its own")  # fmt: skip
        return
    first = _FIRST_WORD.match(code)
    if first and _COMMANDS.fullmatch(first.group(1)):
        mistakes.add(fragment.position(first.start(1)), f"`{first.group(1)}` is not allowed: a report only reads", _READ_ONLY_HINT)
        return
    for word in _writing_parts(fragment.text, code):
        found = re.search(rf"\b{word}\b", code, re.IGNORECASE)
        mistakes.add(fragment.position(found.start() if found else 0), f"`{word}` is not allowed here: a report only reads",
                     _READ_ONLY_HINT)  # fmt: skip


def _second_statement(code: str) -> int | None:
    """The offset of code after a semicolon."""
    for semicolon in _SEMICOLON.finditer(code):
        rest = code[semicolon.end() :]
        if rest.strip(" \t\n\r;"):
            return semicolon.end() + len(rest) - len(rest.lstrip(" \t\n\r;"))
    return None


def _writing_parts(sql: str, code: str) -> Iterator[str]:
    if not _MAY_WRITE.search(code) or len(sql) > _LARGEST_PARSED_CHARACTERS or _nesting(code) > _DEEPEST_PARENTHESES:
        return
    import sqlglot  # here, because it takes 29 MB and almost no query gets this far
    from sqlglot import exp
    from sqlglot.errors import ErrorLevel, SqlglotError

    writes = {
        exp.Insert: "insert",
        exp.Update: "update",
        exp.Delete: "delete",
        exp.Merge: "merge",
        exp.Into: "into",
        exp.Lock: "for",
    }
    try:
        parsed = sqlglot.parse(substitute(sql, lambda _: "NULL"), dialect="postgres", error_level=ErrorLevel.IMMEDIATE)
    except (SqlglotError, RecursionError):
        return
    except Exception:  # a parser's bug on a strange text must not stop an author: the database decides
        return
    seen = set()
    for statement in parsed:
        if statement is None:
            continue
        for node in statement.walk():
            for kind, word in writes.items():
                if isinstance(node, kind) and word not in seen:
                    seen.add(word)
                    yield word


def _nesting(code: str) -> int:
    deepest = depth = 0
    for char in code:
        if char == "(":
            depth += 1
            deepest = max(deepest, depth)
        elif char == ")":
            depth -= 1
    return deepest
