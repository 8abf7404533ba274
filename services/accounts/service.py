"""Entry points of accounts: check, call, return a contract type."""

import datetime as dt
from typing import Any

import msgspec
from nameko.timer import timer

from broadsheet import crypto, pages
from broadsheet.caching.changes import changed
from broadsheet.caching.computing import current
from broadsheet.contracts.accounts import (
    Accounts,
    ApiToken,
    Identity,
    Me,
    NewOrganization,
    NewUser,
    Organization,
    SessionOpened,
    User,
    UserChange,
    credential_tag,
    user_tag,
    users_tag,
)
from broadsheet.contracts.base import PageOf, Principal, Role
from broadsheet.errors import Conflict, NotFound, Unauthenticated, WrongCredentials
from broadsheet.hosting.caching import AnswersProvider
from broadsheet.hosting.entrypoint import rpc
from broadsheet.hosting.providers import DatabaseProvider, SettingsProvider, Shared
from broadsheet.ids import new_id
from services.accounts import models, passwords, rules, store
from services.accounts.attempts import Attempts


class AccountsService:
    """Owns organizations, users, sessions and API tokens."""

    name = "accounts"
    contract = Accounts

    db = DatabaseProvider("accounts")
    answers = AnswersProvider()
    settings = SettingsProvider()
    attempts = Shared(Attempts)

    @rpc
    def sign_in(self, email: str, password: str) -> SessionOpened:
        email = rules.normalized_email(email)
        self.attempts.check(email)
        with self.db.read() as session:
            person = store.user_by_email(session, email)
        if not passwords.verify(password[: rules.MAX_PASSWORD], person["password_hash"] if person else None) or person is None:
            self.attempts.failed(email)
            raise WrongCredentials()
        self.attempts.succeeded(email)
        token, csrf_token = crypto.new_token("bss"), crypto.new_token("csrf")
        expires_at = _now() + dt.timedelta(hours=self.settings.session_hours)
        with self.db.write() as session:
            store.add_credential(
                session,
                _credential(person["id"], "session", token) | {"csrf_token": csrf_token, "expires_at": expires_at},
            )
        return SessionOpened(token=token, expires_at=expires_at, me=_me(person, csrf_token))

    @rpc
    def sign_out(self, token: str) -> None:
        hashed = crypto.token_hash(token)
        with self.db.write() as session:
            store.delete_credential(session, hashed)
            changed(session, models.outbox, credential_tag(hashed))

    @rpc
    def authenticate(self, token: str) -> Identity:
        person = self._holder(token)
        self.answers.cache.depends_on(user_tag(person["id"]))
        person = self._holder(token)  # again: a change between the first look and the line above would be missed for good
        if person["expires_at"] is not None and (computation := current()) is not None:
            computation.until(person["expires_at"].timestamp())
        return Identity(principal=_principal(person), me=_me(person, person["csrf_token"]), expires_at=person["expires_at"])

    @rpc
    def create_organization(self, order: NewOrganization) -> Identity:
        rules.check_user(order.admin)
        password_hash = passwords.hash_password(order.admin.password)
        with self.db.write() as session:
            known = store.organization_by_slug(session, order.slug)
            organization_id = known["id"] if known else new_id()
            if known is None:
                store.add_organization(session, {"id": organization_id, "name": order.name, "slug": order.slug})
                if not store.add_user(session, _new_user(organization_id, order.admin, password_hash)):
                    raise Conflict(f"Somebody already uses {order.admin.email}")
            person = store.user_by_email(session, rules.normalized_email(order.admin.email))
        if person is None or person["organization_id"] != organization_id:
            raise Conflict(f"The organization {order.slug} is there, with another admin")
        return Identity(principal=_principal(person), me=_me(person))

    @rpc
    def create_token(self, principal: Principal, name: str) -> ApiToken:
        token = crypto.new_token("bst")
        values = _credential(principal.user_id, "token", token) | {"name": name.strip()[:200] or "token", "prefix": token[:8]}
        with self.db.write() as session:
            store.add_credential(session, values)
        return ApiToken(id=values["id"], name=values["name"], prefix=values["prefix"], created_at=_now(), token=token)

    @rpc
    def list_tokens(self, principal: Principal, limit: int = 50, cursor: str | None = None) -> PageOf[ApiToken]:
        limit = pages.clamp(limit)
        after = pages.decode_cursor(cursor, tuple[pages.RowId])[0] if cursor else None
        with self.db.read() as session:
            rows = store.tokens_page(session, principal.user_id, after, limit + 1)
        items, next_cursor = pages.cut(rows, limit, lambda row: pages.encode_cursor(row["id"]))
        return PageOf(items=[_token(row) for row in items], next_cursor=next_cursor)

    @rpc
    def revoke_token(self, principal: Principal, token_id: str) -> None:
        with self.db.write() as session:
            if not store.delete_token(session, principal.user_id, token_id):
                raise NotFound("There is no such token")
            changed(session, models.outbox, user_tag(principal.user_id))

    @rpc
    def list_users(self, principal: Principal, limit: int = 50, cursor: str | None = None) -> PageOf[User]:
        principal.require(Role.ADMIN)
        limit = pages.clamp(limit)
        after = pages.decode_cursor(cursor, tuple[pages.RowId])[0] if cursor else None
        with self.db.read() as session:
            rows = store.users_page(session, principal.organization_id, after, limit + 1)
        items, next_cursor = pages.cut(rows, limit, lambda row: pages.encode_cursor(row["id"]))
        return PageOf(items=[_user(row) for row in items], next_cursor=next_cursor)

    @rpc
    def create_user(self, principal: Principal, order: NewUser) -> User:
        principal.require(Role.ADMIN)
        rules.check_user(order)
        values = _new_user(principal.organization_id, order, passwords.hash_password(order.password))
        with self.db.write() as session:
            if not store.add_user(session, values):
                raise Conflict(f"Somebody already uses {order.email}")
            changed(session, models.outbox, users_tag(principal.organization_id))
            return _user(self._user_row(session, principal, values["id"]))

    @rpc
    def get_user(self, principal: Principal, user_id: str) -> User:
        if user_id != principal.user_id:
            principal.require(Role.ADMIN)
        with self.db.read() as session:
            return _user(self._user_row(session, principal, user_id))

    @rpc
    def change_user(self, principal: Principal, user_id: str, change: UserChange) -> User:
        principal.require(Role.ADMIN)
        values = {
            name: value
            for name in ("name", "role", "time_zone", "attributes")
            if (value := getattr(change, name)) is not msgspec.UNSET
        }
        new_password = change.password if isinstance(change.password, str) else None
        rules.check_change(values, new_password)
        if new_password is not None:
            values["password_hash"] = passwords.hash_password(new_password)
        with self.db.write() as session:
            row = self._user_row(session, principal, user_id)
            if "role" in values and values["role"] is not Role.ADMIN and row["role"] == Role.ADMIN:
                self._keep_an_admin(session, principal, user_id)
            if values:
                store.change_user(session, user_id, values)
            if new_password is not None:
                store.end_credentials(session, user_id)
            changed(session, models.outbox, user_tag(user_id), users_tag(principal.organization_id))
            return _user(self._user_row(session, principal, user_id))

    @rpc
    def delete_user(self, principal: Principal, user_id: str) -> None:
        principal.require(Role.ADMIN)
        with self.db.write() as session:
            self._user_row(session, principal, user_id)
            self._keep_an_admin(session, principal, user_id)
            store.delete_user(session, user_id)
            changed(session, models.outbox, user_tag(user_id), users_tag(principal.organization_id))

    @timer(interval=3600)
    def forget_expired(self) -> None:
        """Remove sessions that have ended."""
        with self.db.write() as session:
            store.delete_expired(session, _now())

    def _holder(self, token: str) -> Any:
        with self.db.read() as session:
            person = store.person_by_credential(session, crypto.token_hash(token), _now())
        if person is None:
            raise Unauthenticated("The sign-in has ended or the token is not valid; sign in again")
        return person

    def _user_row(self, session: Any, principal: Principal, user_id: str) -> Any:
        row = store.user(session, principal.organization_id, user_id)
        if row is None:
            raise NotFound("There is no such user")
        return row

    def _keep_an_admin(self, session: Any, principal: Principal, user_id: str) -> None:
        if not store.other_admins(session, principal.organization_id, user_id):
            raise Conflict("An organization keeps at least one admin; make somebody else admin first")


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _credential(user_id: str, kind: str, token: str) -> dict[str, Any]:
    return {"id": new_id(), "user_id": user_id, "kind": kind, "token_hash": crypto.token_hash(token)}


def _new_user(organization_id: str, order: NewUser, password_hash: str) -> dict[str, Any]:
    return {
        "id": new_id(),
        "organization_id": organization_id,
        "email": rules.normalized_email(order.email),
        "name": order.name.strip(),
        "role": order.role.value,
        "time_zone": order.time_zone,
        "attributes": order.attributes,
        "password_hash": password_hash,
    }


def _token(row: Any) -> ApiToken:
    return ApiToken(id=row["id"], name=row["name"], prefix=row["prefix"], created_at=row["created_at"])


def _user(row: Any) -> User:
    return User(
        id=row["id"],
        email=row["email"],
        name=row["name"],
        role=Role(row["role"]),
        time_zone=row["time_zone"],
        attributes=row["attributes"],
        created_at=row.get("created_at"),
    )


def _me(person: Any, csrf_token: str = "") -> Me:
    organization = Organization(id=person["organization_id"], name=person["organization_name"], slug=person["organization_slug"])
    return Me(user=_user(person), organization=organization, csrf_token=csrf_token)


def _principal(person: Any) -> Principal:
    return Principal(
        organization_id=person["organization_id"],
        user_id=person["id"],
        role=Role(person["role"]),
        time_zone=person["time_zone"],
        attributes={"id": person["id"], "email": person["email"], "name": person["name"]} | person["attributes"],
        organization_attributes={"id": person["organization_id"], "slug": person["organization_slug"]}
        | person["organization_attributes"],
    )
