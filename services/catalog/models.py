"""Tables of the ``catalog`` schema."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from broadsheet import outbox as outbox_rows

metadata = sa.MetaData(schema="catalog")
_now = sa.func.now()
_time = sa.TIMESTAMP(timezone=True)
_id = sa.Uuid(as_uuid=False)

data_sources = sa.Table(
    "data_sources",
    metadata,
    sa.Column("id", _id, primary_key=True),
    sa.Column("organization_id", _id, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("port", sa.Integer, nullable=False),
    sa.Column("database", sa.Text, nullable=False),
    sa.Column("user", sa.Text, nullable=False),
    sa.Column("password_encrypted", sa.Text, nullable=False),
    sa.Column("replicas", JSONB, nullable=False, server_default="[]"),
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    sa.Column("created_at", _time, nullable=False, server_default=_now),
    sa.Column("refreshed_at", _time),
    sa.UniqueConstraint("organization_id", "name", name="data_sources_name"),
)

reports = sa.Table(
    "reports",
    metadata,
    sa.Column("id", _id, primary_key=True),
    sa.Column("organization_id", _id, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("current_version", sa.Integer, nullable=False),
    sa.Column("created_at", _time, nullable=False, server_default=_now),
    sa.Column("updated_at", _time, nullable=False, server_default=_now),
    sa.Column("updated_by", _id, nullable=False),
    sa.Column("deleted_at", _time),
    sa.Column("forgotten_at", _time),
    sa.Index("reports_by_change", "organization_id", "updated_at", "id", postgresql_where=sa.text("deleted_at is null")),
)

report_versions = sa.Table(
    "report_versions",
    metadata,
    sa.Column("report_id", sa.ForeignKey(reports.c.id), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("created_at", _time, nullable=False, server_default=_now),
    sa.Column("created_by", _id, nullable=False),
)

outbox = outbox_rows.table(metadata)
