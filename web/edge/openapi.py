"""``openapi.json`` (OpenAPI 3.1), generated from the declared endpoints and the contracts' types."""

import re
from typing import Any

import msgspec

from broadsheet import __version__
from web.edge.endpoints import JSON, MARKDOWN, Endpoint, Registry
from web.edge.problems import MEDIA_TYPE, Problem

_REF = "#/components/schemas/{name}"
_PATH_ARGUMENT = re.compile(r"<(?:(\w+):)?(\w+)>")
_PATH_TYPES = {"uuid": {"type": "string", "format": "uuid"}, "int": {"type": "integer"}, "": {"type": "string"}}


def document(registry: Registry, base: str) -> dict[str, Any]:
    """The whole document for the endpoints in ``registry`` served below ``base``."""
    types = {Problem: None} | {kind: None for e in registry for kind in (e.body, e.returns) if kind not in (None, str, bytes)}
    schemas, components = msgspec.json.schema_components(list(types), ref_template=_REF)
    by_type = dict(zip(types, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for declared in registry:
        path = base + _PATH_ARGUMENT.sub(r"{\2}", declared.path)
        paths.setdefault(path, {})[declared.method.lower()] = _operation(declared, by_type)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Broadsheet", "version": __version__, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "broadsheet_session"},
            },
        },
        "security": [{"token": []}, {"session": []}],
    }


def _operation(declared: Endpoint, by_type: dict[Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{declared.method.lower()}{re.sub(r'[^a-z]+', '_', _PATH_ARGUMENT.sub('', declared.path.lower())).rstrip('_')}"
        + ("_one" if declared.path.endswith(">") else ""),
        "summary": declared.summary,
        "tags": [declared.tag],
        "parameters": _parameters(declared),
        "responses": {
            str(declared.status): _response(declared, by_type),
            "default": {
                "description": "A problem (RFC 9457)",
                "content": {MEDIA_TYPE: {"schema": by_type[Problem]}},
            },
        },
    }
    if declared.body is not None:
        media_type = MARKDOWN if declared.body is str else JSON
        schema = {"type": "string"} if declared.body is str else by_type[declared.body]
        operation["requestBody"] = {"required": True, "content": {media_type: {"schema": schema}}}
    if declared.public:
        operation["security"] = []
    return operation


def _parameters(declared: Endpoint) -> list[dict[str, Any]]:
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": _PATH_TYPES[kind]}
        for kind, name in _PATH_ARGUMENT.findall(declared.path)
    ]
    in_query = [
        {"name": name, "in": "query", "required": False, "schema": msgspec.json.schema(kind)}
        for name, (kind, _) in declared.query.items()
    ]
    return in_path + in_query


def _response(declared: Endpoint, by_type: dict[Any, Any]) -> dict[str, Any]:
    if declared.returns is None:
        return {"description": "Done"}
    if declared.returns in (str, bytes):
        return {"description": declared.summary, "content": {declared.media_type: {"schema": {"type": "string"}}}}
    return {"description": declared.summary, "content": {JSON: {"schema": by_type[declared.returns]}}}
