"""How a view becomes an endpoint: its body and query arguments arrive typed, its answer leaves as JSON, and OpenAPI knows about it.

An endpoint declares its types once; validation, the answer and ``openapi.json`` all come from that declaration.
"""

import inspect
import re
from collections.abc import Callable
from typing import Any, get_type_hints

import msgspec
from flask import Blueprint, Response, request

from broadsheet.errors import BodyTooLarge, FieldError, InvalidInput, MalformedRequest, UnsupportedMediaType

MARKDOWN = "text/markdown"
JSON = "application/json"

#: Deepest nesting of a body: what every encoder behind us can take.
_MAX_DEPTH = 64
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000|\x00")


class Endpoint(msgspec.Struct, frozen=True):
    """One declared endpoint. ``path`` is Flask's rule below ``/api/v1``."""

    method: str
    path: str
    summary: str
    body: Any
    returns: Any
    status: int
    query: dict[str, tuple[Any, Any]]
    public: bool
    tag: str
    media_type: str


#: View functions by their declaration, for openapi.json.
Registry = list[Endpoint]

_encode = msgspec.json.Encoder().encode


def encode(value: Any) -> bytes:
    """JSON as the API sends it."""
    return _encode(value)


def json_response(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """``value`` as a JSON answer that nobody but the asker may keep."""
    made = Response(encode(value), status, headers, content_type=JSON)
    made.headers.setdefault("Cache-Control", "no-store")
    return made


def endpoint(
    blueprint: Blueprint,
    registry: Registry,
    method: str,
    path: str,
    *,
    body: Any = None,
    returns: Any = None,
    status: int = 200,
    public: bool = False,
    media_type: str = JSON,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a view. Arguments of the view that are neither in the path nor ``body`` come from the query string, by their types."""

    def declare(view: Callable[..., Any]) -> Callable[..., Any]:
        hints = get_type_hints(view)
        in_query = {
            name: (hints[name], parameter.default)
            for name, parameter in inspect.signature(view).parameters.items()
            if not re.search(rf"[<:]{name}>", path) and name != "body"
        }
        summary = (view.__doc__ or "").strip().split("\n")[0]
        registry.append(Endpoint(method, path, summary, body, returns, status, in_query, public, blueprint.name, media_type))

        def handle(**path_arguments: Any) -> Response:
            arguments = {name: str(value) if not isinstance(value, int) else value for name, value in path_arguments.items()}
            arguments |= _query_arguments(in_query)
            if body is not None:
                arguments["body"] = _body(body)
            answer = view(**arguments)
            if isinstance(answer, Response):
                return answer
            if status == 204:
                return Response(status=204)
            return json_response(answer, status)

        blueprint.add_url_rule(path, endpoint=view.__name__, view_func=handle, methods=[method])
        handle.public = public  # type: ignore[attr-defined]
        return view

    return declare


def _query_arguments(declared: dict[str, tuple[Any, Any]]) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    problems = []
    for name, (kind, _) in declared.items():
        raw = request.args.get(name)
        if raw is None:
            continue
        try:
            arguments[name] = msgspec.convert(raw, kind, strict=False)
        except msgspec.ValidationError as error:
            problems.append(FieldError(f"/query/{name}", str(error)))
    if problems:
        raise InvalidInput("The query string has mistakes", errors=tuple(problems))
    return arguments


def _body(kind: Any) -> Any:
    if kind is str:
        return _text_body()
    if request.mimetype != JSON:
        raise UnsupportedMediaType(f"Send JSON with Content-Type: {JSON}")
    raw = _raw_body()
    if _is_deeper(raw, _MAX_DEPTH):
        raise MalformedRequest(f"The body is nested deeper than {_MAX_DEPTH} levels")
    try:
        found = msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        raise InvalidInput("The body has mistakes", errors=(FieldError(_pointer(path), message),)) from error
    except msgspec.DecodeError as error:
        raise MalformedRequest(f"The body is not JSON: {error}") from error
    if _NUL.search(raw):
        raise MalformedRequest("The body has a NUL character, which no field may hold")
    return found


def _text_body() -> str:
    if request.mimetype not in (MARKDOWN, "text/plain"):
        raise UnsupportedMediaType(f"Send the report's text with Content-Type: {MARKDOWN}; charset=utf-8")
    try:
        return _raw_body().decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedRequest(f"The text is not UTF-8: byte {error.start} is {error.object[error.start]:#04x}") from error


def _raw_body() -> bytes:
    """The body. One that does not say how long it is (chunked) is cut at the limit by werkzeug, without a word: such a one is refused."""
    raw = request.get_data(cache=False)
    if request.content_length is None and request.max_content_length is not None and len(raw) >= request.max_content_length:
        raise BodyTooLarge
    return raw


def _pointer(path: str) -> str:
    """msgspec's ``.formats[0]`` as a JSON Pointer."""
    return path.rstrip("`").replace("[...]", "").replace("[", "/").replace("]", "").replace(".", "/")


def _is_deeper(raw: bytes, most: int) -> bool:
    """Whether JSON is nested deeper than ``most``; of what is not JSON it may say anything."""
    if raw.count(b"[") + raw.count(b"{") <= most:
        return False
    depth = 0
    for byte in _STRING.sub(b"", raw):
        if byte in b"[{":
            depth += 1
            if depth > most:
                return True
        elif byte in b"]}":
            depth -= 1
    return False
