"""Who asks: a session cookie with CSRF protection for browsers, a bearer token for programs.

A cookie is sent by the browser on its own, so an unsafe method under a cookie needs the CSRF token from ``GET /me`` as well; a bearer token
is only ever sent on purpose and needs none.
"""

import hmac
from typing import cast

from flask import Flask, Response, current_app, g, request

from broadsheet.contracts.accounts import Identity, SessionOpened
from broadsheet.contracts.base import Principal
from broadsheet.errors import CsrfFailed, Unauthenticated
from web.edge.backends import backends

COOKIE = "broadsheet_session"
CSRF_HEADER = "X-CSRF-Token"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def install(app: Flask) -> None:
    """Check who asks before every view that is not public."""
    app.before_request(_check)


def identity() -> Identity:
    """Who asks."""
    return cast(Identity, g.identity)


def principal() -> Principal:
    """Who asks, as services want to know it."""
    return identity().principal


def session_token() -> str | None:
    """The token in the session cookie."""
    return request.cookies.get(COOKIE)


def open_session(response: Response, session: SessionOpened) -> Response:
    """Give the browser its session."""
    secure = backends().settings.public_url.startswith("https://")
    response.set_cookie(COOKIE, session.token, expires=session.expires_at, httponly=True, secure=secure, samesite="Lax", path="/")
    return response


def close_session(response: Response) -> Response:
    """Take the session from the browser."""
    response.delete_cookie(COOKIE, path="/")
    return response


def _check() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or getattr(view, "public", True):
        return
    bearer = request.authorization
    if bearer is not None and bearer.type == "bearer" and bearer.token:
        g.identity = backends().accounts.authenticate(bearer.token)
        return
    token = session_token()
    if token is None:
        raise Unauthenticated("Sign in, or send an API token as Authorization: Bearer …")
    g.identity = backends().accounts.authenticate(token)
    sent = request.headers.get(CSRF_HEADER, "")
    if request.method not in _SAFE and not hmac.compare_digest(sent.encode(), g.identity.me.csrf_token.encode()):
        raise CsrfFailed(f"Send the csrf_token of GET /api/v1/me as {CSRF_HEADER}")
