"""Sign-in and who asks; API tokens."""

import msgspec
from flask import Blueprint, Response

from broadsheet.contracts.accounts import ApiToken, Me, credential_tag
from broadsheet.contracts.base import PageOf
from broadsheet.crypto import token_hash
from web.edge.authentication import close_session, identity, open_session, principal, session_token
from web.edge.backends import backends
from web.edge.endpoints import Registry, endpoint, json_response


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who signs in."""

    email: str
    password: str


class NewToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a token is for, in the words of its maker."""

    name: str


def blueprint(registry: Registry) -> Blueprint:
    """``/session``, ``/me``, ``/tokens``."""
    api = Blueprint("me", __name__)

    @endpoint(api, registry, "POST", "/session", body=SignIn, returns=Me, public=True)
    def sign_in(body: SignIn) -> Response:
        """Open a session."""
        session = backends().accounts.sign_in(body.email, body.password)
        return open_session(json_response(session.me), session)

    @endpoint(api, registry, "DELETE", "/session", status=204)
    def sign_out() -> Response:
        """Close the session."""
        token = session_token()
        if token is not None:
            backends().accounts.sign_out(token)
            backends().forget(credential_tag(token_hash(token)))
        return close_session(Response(status=204))

    @endpoint(api, registry, "GET", "/me", returns=Me)
    def me() -> Me:
        """Who asks."""
        return identity().me

    @endpoint(api, registry, "GET", "/tokens", returns=PageOf[ApiToken])
    def list_tokens(limit: int = 50, cursor: str | None = None) -> PageOf[ApiToken]:
        """One's own API tokens."""
        return backends().accounts.list_tokens(principal(), limit, cursor)

    @endpoint(api, registry, "POST", "/tokens", body=NewToken, returns=ApiToken, status=201)
    def create_token(body: NewToken) -> ApiToken:
        """A new API token; it is shown this once."""
        return backends().accounts.create_token(principal(), body.name)

    @endpoint(api, registry, "DELETE", "/tokens/<uuid:token_id>", status=204)
    def revoke_token(token_id: str) -> None:
        """End an API token."""
        backends().accounts.revoke_token(principal(), token_id)

    return api
