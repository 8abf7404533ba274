"""What is read most, answered before Flask is asked: a query's result whose reader this process knows and whose bytes Redis has.

Everything else (who is not known here, a miss, a wrong argument, ``Cache-Control``) goes on to the application, which does the same with
the same :class:`~web.edge.reads.Reads`; here is nothing that could answer differently. Measured: routing, request and response objects
cost more than the read itself.
"""

import re
from collections.abc import Callable, Iterable
from http.cookies import CookieError, SimpleCookie
from typing import Any, cast
from urllib.parse import parse_qsl

from broadsheet.contracts.accounts import Identity
from broadsheet.contracts.queries import ReadOrder
from broadsheet.errors import BroadsheetError
from broadsheet.rpc.cached import CachedCall
from web.edge.authentication import COOKIE
from web.edge.backends import Backends
from web.edge.endpoints import JSON
from web.edge.parameters import parameters
from web.edge.reads import MISSED, headers
from web.edge.requestid import HEADER, request_id

_PATH = re.compile(r"/api/v1/reports/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/queries/([^/]+)/data")
_BEARER = "bearer "

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


class HotPath:
    """WSGI (PEP 3333): ``application`` behind the shortcut."""

    def __init__(self, application: Application, backends: Backends):
        self._application = application
        self._authenticate = cast(CachedCall, backends.accounts.authenticate)
        self._reads = backends.reads

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "GET" or "HTTP_CACHE_CONTROL" in environ:
            return self._application(environ, start_response)
        found = _PATH.fullmatch(environ["PATH_INFO"])
        answer = self._answer(environ, found[1], found[2]) if found is not None else None
        if answer is None:
            return self._application(environ, start_response)
        start_response(*answer[:2])
        return answer[2]

    def _answer(self, environ: Environ, report_id: str, query: str) -> tuple[str, list[tuple[str, str]], list[bytes]] | None:
        identity = self._identity(environ)
        if identity is None:
            return None
        arguments = parse_qsl(environ["QUERY_STRING"], keep_blank_values=True) if environ["QUERY_STRING"] else []
        if any(name == "limit" for name, _ in arguments):
            return None
        order = ReadOrder(report_id=report_id, params=parameters(arguments))
        try:
            read = self._reads.kept(identity.principal, order, query, None, environ)
        except BroadsheetError:
            return None  # a refusal that was kept: the application says it as a problem document
        if read is None:
            environ[MISSED] = True
            return None
        sent = [*headers(read), (HEADER, request_id(environ))]
        if read.body is None:
            return "304 Not Modified", sent, []
        return "200 OK", [*sent, ("Content-Type", JSON), ("Content-Length", str(len(read.body)))], [read.body]

    def _identity(self, environ: Environ) -> Identity | None:
        """Who asks, if this process has just made sure of it."""
        bearer: str = environ.get("HTTP_AUTHORIZATION", "")
        if bearer:
            token = bearer[len(_BEARER) :].strip() if bearer[: len(_BEARER)].lower() == _BEARER else ""
        else:
            token = _cookie(environ.get("HTTP_COOKIE", ""))
        return self._authenticate.copy(token=token) if token else None


def _cookie(header: str) -> str:
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found is not None else ""
