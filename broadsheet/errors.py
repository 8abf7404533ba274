"""The one error hierarchy.

An error has a stable ``code`` (never its class path), an HTTP ``status`` and a message that tells a person what to do. It crosses
RPC as itself: :func:`to_wire` and :func:`from_wire` are inverse, and the edge turns it into a problem document (RFC 9457). Whoever
adds an error subclasses :class:`BroadsheetError` here; the code table is built from the subclasses.
"""

from typing import Any, ClassVar

import msgspec


class FieldError(msgspec.Struct, frozen=True, omit_defaults=True):
    """One mistake in what the caller sent.

    ``pointer`` is a JSON Pointer (RFC 6901) into the request, or ``""``. For report texts, ``line`` and ``column`` are 1-based.
    """

    pointer: str
    message: str
    line: int | None = None
    column: int | None = None
    hint: str | None = None


class BroadsheetError(Exception):
    """Base of every error that leaves a process."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong on our side"

    def __init__(self, message: str = "", *, errors: tuple[FieldError, ...] = (), retry_after_seconds: float | None = None):
        super().__init__(message or self.title)
        self.message = message or self.title
        self.errors = errors
        self.retry_after_seconds = retry_after_seconds


class InvalidInput(BroadsheetError):
    code, status, title = "invalid_input", 422, "The request has mistakes"


class MalformedRequest(BroadsheetError):
    code, status, title = "malformed_request", 400, "The request could not be read"


class InvalidParameters(InvalidInput):
    code, title = "invalid_parameters", "A parameter has a wrong value"


class InvalidReport(InvalidInput):
    code, title = "invalid_report", "The report text has mistakes"


class Unauthenticated(BroadsheetError):
    code, status, title = "unauthenticated", 401, "Sign in first"


class WrongCredentials(BroadsheetError):
    code, status, title = "wrong_credentials", 401, "The e-mail address or the password is wrong"


class Forbidden(BroadsheetError):
    code, status, title = "forbidden", 403, "Your role does not allow this"


class CsrfFailed(Forbidden):
    code, title = "csrf_failed", "The CSRF token is missing or wrong"


class NotFound(BroadsheetError):
    code, status, title = "not_found", 404, "There is nothing here"


class MethodNotAllowed(BroadsheetError):
    code, status, title = "method_not_allowed", 405, "This method is not allowed here"


class Conflict(BroadsheetError):
    code, status, title = "conflict", 409, "This contradicts what is stored"


class PreconditionFailed(BroadsheetError):
    code, status, title = "precondition_failed", 412, "It was changed by somebody else in the meantime"


class BodyTooLarge(BroadsheetError):
    code, status, title = "body_too_large", 413, "The body is larger than allowed"


class UnsupportedMediaType(BroadsheetError):
    code, status, title = "unsupported_media_type", 415, "The content type is not supported here"


class RangeNotSatisfiable(BroadsheetError):
    code, status, title = "range_not_satisfiable", 416, "The file has no such part"


class TooManyRequests(BroadsheetError):
    code, status, title = "too_many_requests", 429, "Too many requests; slow down"


class QueryFailed(BroadsheetError):
    code, status, title = "query_failed", 422, "The database refused the query"


class QueryNotReadOnly(QueryFailed):
    code, title = "query_not_read_only", "A report may only read"


class QueryTimedOut(QueryFailed):
    code, status, title = "query_timed_out", 504, "The query ran longer than allowed"


class ResultTooLarge(QueryFailed):
    code, title = "result_too_large", "The result is larger than this format can hold"


class SourceUnavailable(BroadsheetError):
    code, status, title = "source_unavailable", 503, "The data source does not answer"


class RenderFailed(BroadsheetError):
    code, status, title = "render_failed", 500, "The file could not be made"


class Unavailable(BroadsheetError):
    code, status, title = "unavailable", 503, "A part of the system does not answer; try again in a moment"


class CallTimedOut(Unavailable):
    code, title = "call_timed_out", "A part of the system did not answer in time"


class NotClaimable(BroadsheetError):
    code, status, title = "not_claimable", 409, "The run cannot be claimed"


class LeaseLost(BroadsheetError):
    code, status, title = "lease_lost", 409, "The lease belongs to somebody else now"


class Cancelled(BroadsheetError):
    code, status, title = "cancelled", 409, "It was cancelled"


class WireError(msgspec.Struct, frozen=True):
    """How an error crosses RPC."""

    code: str
    message: str
    errors: tuple[FieldError, ...] = ()
    retry_after_seconds: float | None = None


def _subclasses(cls: type[BroadsheetError]) -> list[type[BroadsheetError]]:
    return [cls] + [leaf for child in cls.__subclasses__() for leaf in _subclasses(child)]


def by_code() -> dict[str, type[BroadsheetError]]:
    """Every error class under its code."""
    return {cls.code: cls for cls in _subclasses(BroadsheetError)}


def to_wire(error: BroadsheetError) -> Any:
    """The error as plain data."""
    return msgspec.to_builtins(WireError(error.code, error.message, error.errors, error.retry_after_seconds))


def from_wire(data: Any) -> BroadsheetError:
    """The error again, as its own class; an unknown code of a newer peer becomes the base class."""
    wire = msgspec.convert(data, WireError)
    cls = by_code().get(wire.code, BroadsheetError)
    return cls(wire.message, errors=wire.errors, retry_after_seconds=wire.retry_after_seconds)
