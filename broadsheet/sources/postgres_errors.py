"""What PostgreSQL, libpq and ADBC complain about, as errors that a person can act on.

psycopg2 and ADBC say the same things in different shapes; :class:`Complaint` is the common one. A message is the server's own, never
the connection string: libpq names host and user, but no password.
"""

import re

import msgspec
import psycopg2
from adbc_driver_manager import Error as AdbcError

from broadsheet.errors import BroadsheetError, FieldError, QueryFailed, QueryNotReadOnly, QueryTimedOut, SourceUnavailable
from broadsheet.sources.statements import mistake


class StreamBroken(Exception):
    """A stream of Arrow batches ended with an error; the message has the server's words."""


DRIVER_ERRORS = (AdbcError, psycopg2.Error, StreamBroken, OSError)

#: SQLSTATE classes (manual, appendix A) that say nothing about the query: connection, authorization, resources, shutdown, replay conflict.
_NOT_THE_QUERY = re.compile(r"08...|28...|3D000|53...|57P0.|58...|40001|40P01")
_NOT_READ_ONLY = {"25006", "42P11"}
_WRITES = ("data-modifying statement", "in a read-only transaction")
_CANCELED = "57014"
_LOST_STATES = re.compile(r"08...|57P0[1-5]")
#: A connection that breaks carries no SQLSTATE: libpq's own words (fe-misc.c, fe-secure.c, fe-exec.c) are all there is.
_LOST = ("server closed the connection", "no connection to the server", "could not receive data", "terminating connection")


class Complaint(msgspec.Struct, frozen=True):
    """What the server said. ``position`` counts characters from 1 in what was sent, ``inner_position`` in the query itself."""

    message: str
    sqlstate: str = ""
    hint: str | None = None
    position: int | None = None
    inner_position: int | None = None

    @property
    def is_cancellation(self) -> bool:
        return self.sqlstate == _CANCELED or "canceling statement due to" in self.message

    @property
    def is_write(self) -> bool:
        return self.sqlstate in _NOT_READ_ONLY or any(words in self.message for words in _WRITES)


def complaint(error: BaseException) -> Complaint:
    """Reads any of :data:`DRIVER_ERRORS`. A stream that breaks reaches us through Arrow, with the server's words only."""
    if isinstance(error, psycopg2.Error):
        diag = error.diag
        return Complaint(
            (diag.message_primary or _last_words(str(error))),
            error.pgcode or "",
            diag.message_hint,
            _number(diag.statement_position),
            _number(diag.internal_position),
        )
    if isinstance(error, AdbcError):
        found = {_text(key): _text(value) for key, value in error.details}
        position = _number(found.get("PG_DIAG_STATEMENT_POSITION"))
        if position and "could not begin COPY" in str(error):
            position -= len("COPY (")
        return Complaint(
            found.get("PG_DIAG_MESSAGE_PRIMARY") or _last_words(str(error)),
            error.sqlstate or "",
            found.get("PG_DIAG_MESSAGE_HINT"),
            position,
        )
    return Complaint(_last_words(str(error)))


def unavailable(error: BaseException) -> SourceUnavailable:
    """For an error while connecting."""
    said = complaint(error).message
    return SourceUnavailable(f"The data source does not answer: {said}", retry_after_seconds=5)


def failure(error: BaseException, *, sql: str, prefix_length: int, timed_out: bool, timeout_seconds: float) -> BroadsheetError:
    """For an error while running ``sql``, which stood after ``prefix_length`` characters of what was sent.

    ``timed_out`` says whether the statement had run about as long as it may: a cancellation is then the timeout's, else somebody's who
    administers the database.
    """
    said = complaint(error)
    if said.is_cancellation:
        if timed_out or "statement timeout" in said.message:
            return QueryTimedOut(f"The query ran longer than the {timeout_seconds:g} seconds it is allowed.")
        return QueryFailed(f"The query was stopped by the database: {said.message}")
    if _LOST_STATES.fullmatch(said.sqlstate) or any(words in said.message for words in _LOST):
        message = f"The connection to the data source was lost while reading; try again. ({said.message})"
        return SourceUnavailable(message, retry_after_seconds=5)
    if _NOT_THE_QUERY.fullmatch(said.sqlstate):
        return unavailable(error)
    kind = QueryNotReadOnly if said.is_write else QueryFailed
    message = f"A report may only read: {said.message}" if kind is QueryNotReadOnly else said.message
    offset = _offset(said, prefix_length, len(sql))
    if offset is None:
        return kind(message, errors=(FieldError("", message, hint=said.hint),))
    return mistake(sql, offset, message, hint=said.hint, kind=kind)


def _offset(said: Complaint, prefix_length: int, length: int) -> int | None:
    if said.inner_position:
        return min(said.inner_position - 1, length)
    if said.position and said.position > prefix_length:
        return min(said.position - 1 - prefix_length, length)
    return None


def _last_words(text: str) -> str:
    """The first line of the reason, without the layers that passed it on."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    first = lines[0] if lines else "no reason given"
    return re.split(r"(?:ERROR|FATAL|PANIC):\s+|(?<=failed): ", first)[-1]


def _text(value: bytes | str) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None
