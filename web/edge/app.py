"""The Flask application: what it is made of, in the order a request meets it."""

import json
import time

import structlog
from flask import Flask, Response, g, request
from werkzeug.exceptions import MethodNotAllowed

from broadsheet.errors import NotFound, Unavailable
from broadsheet.logs import logger
from web.edge import api, authentication, openapi, problems, readiness, ui
from web.edge.backends import Backends
from web.edge.endpoints import json_response
from web.edge.hotpath import HotPath
from web.edge.requestid import HEADER, request_id

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def create_app(backends: Backends) -> Flask:
    """The application over these backends."""
    app = Flask("web.edge", static_folder=None)
    app.url_map.strict_slashes = False
    app.config["MAX_CONTENT_LENGTH"] = backends.settings.body_limit_bytes
    app.extensions["broadsheet"] = backends
    app.before_request(_begin)
    app.after_request(_end)
    problems.install(app)
    authentication.install(app)
    registry = api.install(app)
    described = json.dumps(openapi.document(registry, api.BASE))

    @app.get("/openapi.json")
    @app.get(f"{api.BASE}/openapi.json")
    def openapi_json() -> Response:
        return Response(described, content_type="application/json", headers={"Cache-Control": "no-cache"})

    @app.get("/healthz")
    def healthz() -> Response:
        return json_response({"status": "alive"})

    @app.get("/readyz")
    def readyz() -> Response:
        waiting = readiness.waiting_for(backends)
        if waiting:
            raise Unavailable(f"Not ready yet: {', '.join(waiting)}", retry_after_seconds=1)
        return json_response({"status": "ready"})

    @app.route("/api", methods=_METHODS)
    @app.route("/api/<path:path>", methods=_METHODS)
    def nothing(path: str = "") -> Response:
        addresses = app.url_map.bind("")
        allowed = [method for method in _METHODS if addresses.match(request.path, method)[0] != request.endpoint]
        if allowed:
            raise MethodNotAllowed(allowed)
        raise NotFound("There is no such endpoint; see /api/v1/openapi.json")

    app.register_blueprint(ui.blueprint())
    app.wsgi_app = HotPath(app.wsgi_app, backends)  # type: ignore[arg-type, method-assign]
    return app


def _begin() -> None:
    g.request_id = request_id(request.environ)
    g.started = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _end(response: Response) -> Response:
    response.headers[HEADER] = g.get("request_id", "")
    if request.path.startswith("/api/"):
        duration_ms = round((time.perf_counter() - g.get("started", time.perf_counter())) * 1000, 1)
        logger(__name__).debug("request", method=request.method, path=request.path, status=response.status_code, ms=duration_ms)
    return response
