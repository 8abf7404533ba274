"""Tables of the ``notifications`` schema. The unique key makes a delivery happen once, however often its event arrives."""

import sqlalchemy as sa

from broadsheet import outbox as outbox_rows

metadata = sa.MetaData(schema="notifications")
_now = sa.func.now()
_time = sa.TIMESTAMP(timezone=True)
_id = sa.Uuid(as_uuid=False)

notifications = sa.Table(
    "notifications",
    metadata,
    sa.Column("id", _id, primary_key=True),
    sa.Column("organization_id", _id, nullable=False),
    sa.Column("user_id", _id, nullable=False),
    sa.Column("event_id", _id, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("run_id", _id),
    sa.Column("report_id", _id),
    sa.Column("state", sa.Text),
    sa.Column("created_at", _time, nullable=False, server_default=_now),
    sa.Column("read_at", _time),
    sa.UniqueConstraint("event_id", "user_id", "channel", name="notifications_once"),
    sa.Index("notifications_of_person", "organization_id", "user_id", "id"),
    sa.Index("notifications_unread", "organization_id", "user_id", postgresql_where=sa.text("read_at is null")),
)

outbox = outbox_rows.table(metadata)
