"""Brings an author's query into the one form that is sent: a single reading statement inside ``select … from (…)``.

This is the first of three barriers, and the one with the good messages; behind it stand a parser on the server that takes one statement
and a read-only transaction. A reader would expect sqlglot here: it gives up on texts that PostgreSQL understands.
"""

import re

from broadsheet.documents.placeholders import Kind, Piece, code_only, scan
from broadsheet.errors import FieldError, QueryFailed, QueryNotReadOnly

_FIRST_WORD = re.compile(r"[\s(]*([a-z]+)", re.IGNORECASE)
_READS = {"select", "with", "values", "table"}
_WRITES = {
    *("insert", "update", "delete", "merge", "truncate", "create", "alter", "drop", "grant", "revoke", "refresh"),
    *("call", "do", "copy", "set", "reset", "vacuum", "analyze", "lock", "begin", "commit"),
}


def one_statement(sql: str) -> str:
    """The query without trailing semicolons and comments, same offsets.

    Raises ``QueryNotReadOnly`` for one that begins as a write, ``QueryFailed`` for an empty one, several statements or a parenthesis
    that would close the one we put around it.
    """
    end = len("".join(_without_comment(sql, piece) for piece in scan(sql)).rstrip("; \t\r\n\f"))
    code = code_only(sql)[:end]
    if not end:
        raise mistake(sql, 0, "The query is empty.", hint="Write a select.")
    if (found := _FIRST_WORD.match(code)) and (word := found[1].lower()) not in _READS:
        if word in _WRITES:
            message = f"A report may only read; this query begins with {word.upper()}."
            raise mistake(sql, found.start(1), message, hint="Begin with select or with.", kind=QueryNotReadOnly)
        raise mistake(sql, found.start(1), f"A query can't begin with {found[1]}.", hint="Begin with select or with.")
    if ";" in code:
        raise mistake(sql, code.index(";"), "A query is one statement.", hint="Remove what follows the semicolon.")
    _check_parentheses(sql, code)
    return sql[:end]


def _without_comment(sql: str, piece: Piece) -> str:
    return " " * (piece.end - piece.start) if piece.kind is Kind.COMMENT else sql[piece.start : piece.end]


def _check_parentheses(sql: str, code: str) -> None:
    opened: list[int] = []
    for offset, char in enumerate(code):
        if char == "(":
            opened.append(offset)
        elif char == ")":
            if not opened:
                raise mistake(sql, offset, "This parenthesis closes nothing.")
            opened.pop()
    if opened:
        raise mistake(sql, opened[-1], "This parenthesis is never closed.")


def wrapped(sql: str, *, columns: str = "*", names: str = "", limit: int | None = None) -> tuple[str, int]:
    """``select columns from (sql) as q(names) limit n`` and the length of what stands before ``sql``.

    The line breaks around the query are for a comment at its end. PostgreSQL keeps the order of a subquery that is only limited.
    """
    before = f"select {columns} from (\n"  # noqa: S608 - running the author's SQL is what this is for
    after = f"\n) as q{names}" + ("" if limit is None else f" limit {limit}")
    return before + sql + after, len(before)


def mistake(sql: str, offset: int, message: str, *, hint: str | None = None, kind: type[QueryFailed] = QueryFailed) -> QueryFailed:
    """The error, at a line and column (1-based) of the query. ``offset`` counts characters from 0."""
    line = sql.count("\n", 0, offset) + 1
    column = offset - (sql.rfind("\n", 0, offset) + 1) + 1
    return kind(message, errors=(FieldError("", message, line=line, column=column, hint=hint),))
