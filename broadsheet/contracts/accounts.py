"""Accounts: organizations, users, sessions, API tokens."""

import datetime as dt
from typing import Any, Protocol

import msgspec

from broadsheet.caching.policy import By, cached
from broadsheet.contracts.base import PageOf, Principal, Record, Role
from broadsheet.crypto import token_hash


class Organization(Record, frozen=True, kw_only=True):
    id: str
    name: str
    slug: str


class User(Record, frozen=True, kw_only=True):
    id: str
    email: str
    name: str
    role: Role
    time_zone: str = "UTC"
    attributes: dict[str, Any] = {}
    created_at: dt.datetime | None = None


class NewUser(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    email: str
    name: str
    password: str
    role: Role = Role.VIEWER
    time_zone: str = "UTC"
    attributes: dict[str, Any] = {}


class UserChange(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change of a user; what is not given stays."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    role: Role | msgspec.UnsetType = msgspec.UNSET
    time_zone: str | msgspec.UnsetType = msgspec.UNSET
    attributes: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    password: str | msgspec.UnsetType = msgspec.UNSET


class Me(Record, frozen=True, kw_only=True):
    """Who asks, for the page: the CSRF token is empty for an API token, which needs none."""

    user: User
    organization: Organization
    csrf_token: str = ""


class Identity(Record, frozen=True, kw_only=True):
    """A credential that was checked."""

    principal: Principal
    me: Me
    expires_at: dt.datetime | None = None


class SessionOpened(Record, frozen=True, kw_only=True):
    """A new session. ``token`` goes into the cookie and is stored only as a hash."""

    token: str
    expires_at: dt.datetime
    me: Me


class ApiToken(Record, frozen=True, kw_only=True):
    """``token`` is there once, when it was made."""

    id: str
    name: str
    prefix: str
    created_at: dt.datetime
    token: str | None = None


class NewOrganization(Record, frozen=True, kw_only=True):
    """An organization with its first admin; asking again with the same slug gives the same one, unchanged."""

    name: str
    slug: str
    admin: NewUser


def credential_tag(hashed: str) -> str:
    """What is known of a session or an API token (by its hash)."""
    return f"credential:{hashed}"


def user_tag(user_id: str) -> str:
    """What is known of a person: who the holder of a token is, as well."""
    return f"user:{user_id}"


def users_tag(organization_id: str) -> str:
    """What lists of an organization's people depend on."""
    return f"users:{organization_id}"


class Accounts(Protocol):
    """Who may do what."""

    def sign_in(self, email: str, password: str) -> SessionOpened:
        """Open a session. Raises ``WrongCredentials`` (the same whether the address or the password is wrong), ``TooManyRequests``."""

    def sign_out(self, token: str) -> None:
        """Close a session; an unknown one is fine."""

    @cached(ttl=300.0, by=By.NOBODY, near=True, depends=lambda token: [credential_tag(token_hash(token))])
    def authenticate(self, token: str) -> Identity:
        """Who holds this session or API token. Raises ``Unauthenticated``."""

    def create_organization(self, order: NewOrganization) -> Identity:
        """For the operator, not reachable from the edge."""

    def create_token(self, principal: Principal, name: str) -> ApiToken:
        """A new API token that acts as its maker."""

    def list_tokens(self, principal: Principal, limit: int = 50, cursor: str | None = None) -> PageOf[ApiToken]:
        """The principal's own tokens, oldest first."""

    def revoke_token(self, principal: Principal, token_id: str) -> None:
        """Raises ``NotFound``."""

    @cached(ttl=3600.0, by=By.ROLE, depends=lambda principal, **_: [users_tag(principal.organization_id)])
    def list_users(self, principal: Principal, limit: int = 50, cursor: str | None = None) -> PageOf[User]:
        """People of the organization (admin)."""

    def create_user(self, principal: Principal, order: NewUser) -> User:
        """Raises ``Conflict`` when the address is taken, ``InvalidInput``, ``Forbidden``."""

    @cached(ttl=3600.0, by=By.PERSON, depends=lambda user_id, **_: [user_tag(user_id)])
    def get_user(self, principal: Principal, user_id: str) -> User:
        """Raises ``NotFound``."""

    def change_user(self, principal: Principal, user_id: str, change: UserChange) -> User:
        """Raises ``NotFound``, ``Conflict`` for the last admin, ``Forbidden``."""

    def delete_user(self, principal: Principal, user_id: str) -> None:
        """Ends the user's sessions and tokens as well."""
