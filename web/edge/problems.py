"""Every error leaves the edge as a problem document (RFC 9457), through the one table that the error classes are."""

import http
from typing import Any

import msgspec
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from broadsheet import errors
from broadsheet.errors import BroadsheetError, FieldError
from broadsheet.logs import logger

MEDIA_TYPE = "application/problem+json"

#: What werkzeug raises, as what we say.
_BY_STATUS: dict[int, type[BroadsheetError]] = {
    400: errors.MalformedRequest,
    404: errors.NotFound,
    405: errors.MethodNotAllowed,
    413: errors.BodyTooLarge,
    415: errors.UnsupportedMediaType,
    416: errors.RangeNotSatisfiable,
    429: errors.TooManyRequests,
}


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A problem document. ``code`` is stable; ``request_id`` is what to quote when asking for help."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: tuple[FieldError, ...] = ()


_encode = msgspec.json.Encoder().encode


def install(app: Flask) -> None:
    """Turn every exception of ``app`` into a problem document."""
    app.register_error_handler(BroadsheetError, response)
    app.register_error_handler(HTTPException, _from_http)
    app.register_error_handler(Exception, _from_bug)


def response(error: BroadsheetError) -> Response:
    """The error as a response."""
    problem = Problem(
        type=f"urn:broadsheet:problem:{error.code}",
        title=error.title,
        status=error.status,
        detail=error.message,
        code=error.code,
        request_id=g.get("request_id", ""),
        errors=error.errors,
    )
    headers: dict[str, str] = {"Cache-Control": "no-store"}
    if error.retry_after_seconds is not None:
        headers["Retry-After"] = str(max(1, round(error.retry_after_seconds)))
    if error.status == http.HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(_encode(problem), error.status, headers, content_type=MEDIA_TYPE)


def _from_http(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return error.get_response()  # type: ignore[return-value]
    known = _BY_STATUS.get(status)
    if known is None:
        known = BroadsheetError if status >= 500 else errors.MalformedRequest
    made: Any = response(known())
    if allowed := getattr(error, "valid_methods", None):
        made.headers["Allow"] = ", ".join(sorted(allowed))
    return made


def _from_bug(error: Exception) -> Response:
    logger(__name__).error("request.failed", path=request.path, error=repr(error), exc_info=error)
    return response(BroadsheetError())
