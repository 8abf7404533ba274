"""The SQL of accounts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.accounts.models import credentials, organizations, users

Row = sa.RowMapping

_PERSON = (
    users,
    organizations.c.name.label("organization_name"),
    organizations.c.slug.label("organization_slug"),
    organizations.c.attributes.label("organization_attributes"),
)


def user_by_email(session: Session, email: str) -> Row | None:
    return session.execute(_person().where(users.c.email == email)).mappings().one_or_none()


def user(session: Session, organization_id: str, user_id: str) -> Row | None:
    query = _person().where(users.c.organization_id == organization_id, users.c.id == user_id)
    return session.execute(query).mappings().one_or_none()


def users_page(session: Session, organization_id: str, after: str | None, limit: int) -> Sequence[Row]:
    query = sa.select(users).where(users.c.organization_id == organization_id).order_by(users.c.id).limit(limit)
    if after is not None:
        query = query.where(users.c.id > after)
    return session.execute(query).mappings().all()


def add_user(session: Session, values: dict[str, Any]) -> bool:
    """Whether the address was free."""
    statement = insert(users).values(**values).on_conflict_do_nothing(index_elements=["email"])
    return session.scalar(statement.returning(users.c.id)) is not None


def change_user(session: Session, user_id: str, values: dict[str, Any]) -> None:
    session.execute(users.update().where(users.c.id == user_id).values(**values))


def delete_user(session: Session, user_id: str) -> None:
    session.execute(users.delete().where(users.c.id == user_id))


def other_admins(session: Session, organization_id: str, user_id: str) -> bool:
    """Whether somebody else is admin; locks the admins so that two can't leave at once."""
    query = (
        sa.select(users.c.id)
        .where(users.c.organization_id == organization_id, users.c.role == "admin")
        .order_by(users.c.id)
        .with_for_update()
    )
    return any(found != user_id for found in session.scalars(query))


def organization_by_slug(session: Session, slug: str) -> Row | None:
    return session.execute(sa.select(organizations).where(organizations.c.slug == slug)).mappings().one_or_none()


def add_organization(session: Session, values: dict[str, Any]) -> None:
    session.execute(organizations.insert().values(**values))


def add_credential(session: Session, values: dict[str, Any]) -> None:
    session.execute(credentials.insert().values(**values))


def person_by_credential(session: Session, token_hash: str, now: datetime) -> Row | None:
    """Who holds the token, unless it has expired."""
    query = (
        sa.select(*_PERSON, credentials.c.kind, credentials.c.csrf_token, credentials.c.expires_at)
        .select_from(credentials)
        .join(users, users.c.id == credentials.c.user_id)
        .join(organizations, organizations.c.id == users.c.organization_id)
        .where(credentials.c.token_hash == token_hash, sa.or_(credentials.c.expires_at.is_(None), credentials.c.expires_at > now))
    )
    return session.execute(query).mappings().one_or_none()


def delete_credential(session: Session, token_hash: str) -> None:
    session.execute(credentials.delete().where(credentials.c.token_hash == token_hash))


def tokens_page(session: Session, user_id: str, after: str | None, limit: int) -> Sequence[Row]:
    query = (
        sa.select(credentials)
        .where(credentials.c.user_id == user_id, credentials.c.kind == "token")
        .order_by(credentials.c.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(credentials.c.id > after)
    return session.execute(query).mappings().all()


def delete_token(session: Session, user_id: str, token_id: str) -> bool:
    statement = credentials.delete().where(
        credentials.c.id == token_id, credentials.c.user_id == user_id, credentials.c.kind == "token"
    )
    return session.scalar(statement.returning(credentials.c.id)) is not None


def end_credentials(session: Session, user_id: str) -> None:
    all_of_them = "/* exempt many-rows: a new password ends all of a person's tokens at once, which is rare, and few have many */"
    session.execute(credentials.delete().where(credentials.c.user_id == user_id).prefix_with(all_of_them))


def _person() -> sa.Select[Any]:
    return sa.select(*_PERSON).join(organizations, organizations.c.id == users.c.organization_id)


def delete_expired(session: Session, now: datetime) -> None:
    session.execute(credentials.delete().where(credentials.c.expires_at < now))
