"""Tables of the ``runs`` schema.

A run is one row whose ``state`` moves as ``rules.py`` allows. ``lease_token`` is the fencing token of whoever owns it now; it comes from
one sequence, so a later owner's is always larger. Editions and artifacts are only ever inserted.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from broadsheet import outbox as outbox_rows

metadata = sa.MetaData(schema="runs")
_now = sa.func.now()
_time = sa.TIMESTAMP(timezone=True)
_id = sa.Uuid(as_uuid=False)

fencing_tokens = sa.Sequence("fencing_tokens", metadata=metadata)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", _id, primary_key=True),
    sa.Column("organization_id", _id, nullable=False),
    sa.Column("requested_by", _id, nullable=False),
    sa.Column("principal", JSONB, nullable=False),
    sa.Column("report_id", _id, nullable=False),
    sa.Column("report_title", sa.Text, nullable=False),
    sa.Column("report_version", sa.Integer, nullable=False),
    sa.Column("params", JSONB, nullable=False),
    sa.Column("formats", JSONB, nullable=False),
    sa.Column("query", sa.Text),
    sa.Column("lane", sa.Text, nullable=False),
    sa.Column("idempotency_key", sa.Text),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("progress", JSONB(none_as_null=True)),
    sa.Column("error", JSONB(none_as_null=True)),
    sa.Column("worker", sa.Text),
    sa.Column("lease_token", sa.BigInteger),
    sa.Column("lease_expires_at", _time),
    sa.Column("offered_at", _time, nullable=False, server_default=_now),
    sa.Column("requested_at", _time, nullable=False, server_default=_now),
    sa.Column("started_at", _time),
    sa.Column("finished_at", _time),
    sa.UniqueConstraint("organization_id", "requested_by", "idempotency_key", name="runs_idempotency_key"),
    sa.Index("runs_of_organization", "organization_id", "id"),
    sa.Index("runs_of_person", "organization_id", "requested_by", "id"),
    sa.Index("runs_of_report", "organization_id", "report_id", "id"),
    sa.Index("runs_queued", "offered_at", postgresql_where=sa.text("state = 'queued'")),
    sa.Index("runs_waiting_of_organization", "organization_id", "id", postgresql_where=sa.text("state = 'queued'")),
    sa.Index("runs_leased", "lease_expires_at", postgresql_where=sa.text("state = 'running'")),
    sa.Index("runs_running_of_organization", "organization_id", postgresql_where=sa.text("state = 'running'")),
)

editions = sa.Table(
    "editions",
    metadata,
    sa.Column("id", _id, primary_key=True),
    sa.Column("organization_id", _id, nullable=False),
    sa.Column("run_id", sa.ForeignKey(runs.c.id), nullable=False, unique=True),
    sa.Column("report_id", _id, nullable=False),
    sa.Column("report_version", sa.Integer, nullable=False),
    sa.Column("params", JSONB, nullable=False),
    sa.Column("scope", JSONB, nullable=False),
    sa.Column("as_of", _time, nullable=False),
    sa.Column("published_at", _time, nullable=False, server_default=_now),
    sa.Index("editions_of_report", "organization_id", "report_id", "id"),
)

#: Files of an edition: what people get (``kind`` is ``artifact``) and the rows they were made from (``rows``).
artifacts = sa.Table(
    "artifacts",
    metadata,
    sa.Column("edition_id", sa.ForeignKey(editions.c.id), primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("format", sa.Text, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("row_count", sa.BigInteger),
    sa.Column("location", sa.Text, nullable=False),
)

outbox = outbox_rows.table(metadata)
