"""Tables of the ``accounts`` schema."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from broadsheet import outbox as outbox_rows

metadata = sa.MetaData(schema="accounts")
_now = sa.func.now()
_time = sa.TIMESTAMP(timezone=True)

organizations = sa.Table(
    "organizations",
    metadata,
    sa.Column("id", sa.Uuid(as_uuid=False), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("slug", sa.Text, nullable=False, unique=True),
    sa.Column("attributes", JSONB, nullable=False, server_default="{}"),
    sa.Column("created_at", _time, nullable=False, server_default=_now),
)

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.Uuid(as_uuid=False), primary_key=True),
    sa.Column("organization_id", sa.ForeignKey(organizations.c.id), nullable=False),
    sa.Column("email", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("time_zone", sa.Text, nullable=False, server_default="UTC"),
    sa.Column("attributes", JSONB, nullable=False, server_default="{}"),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("created_at", _time, nullable=False, server_default=_now),
    sa.Index("users_of_organization", "organization_id", "id"),
    sa.Index("admins_of_organization", "organization_id", "id", postgresql_where=sa.text("role = 'admin'")),
)

#: Sessions and API tokens: both are bearers of a user, looked up by the hash of their token.
credentials = sa.Table(
    "credentials",
    metadata,
    sa.Column("id", sa.Uuid(as_uuid=False), primary_key=True),
    sa.Column("user_id", sa.ForeignKey(users.c.id, ondelete="cascade"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("token_hash", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False, server_default=""),
    sa.Column("prefix", sa.Text, nullable=False, server_default=""),
    sa.Column("csrf_token", sa.Text, nullable=False, server_default=""),
    sa.Column("created_at", _time, nullable=False, server_default=_now),
    sa.Column("expires_at", _time),
    sa.Index("credentials_of_user", "user_id", "id"),
    sa.Index("credentials_by_expiry", "expires_at"),
)

outbox = outbox_rows.table(metadata)
