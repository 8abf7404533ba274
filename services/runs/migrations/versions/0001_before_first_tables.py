"""The first tables"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("fencing_tokens", schema="runs")))
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="runs",
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("organization_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("requested_by", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("principal", JSONB, nullable=False),
        sa.Column("report_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("report_title", sa.Text(), nullable=False),
        sa.Column("report_version", sa.Integer(), nullable=False),
        sa.Column("params", JSONB, nullable=False),
        sa.Column("formats", JSONB, nullable=False),
        sa.Column("query", sa.Text(), nullable=True),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("progress", JSONB(none_as_null=True), nullable=True),
        sa.Column("error", JSONB(none_as_null=True), nullable=True),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("lease_token", sa.BigInteger(), nullable=True),
        sa.Column("lease_expires_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("offered_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("requested_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("finished_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("organization_id", "requested_by", "idempotency_key", name="runs_idempotency_key"),
        schema="runs",
    )
    op.create_index(
        "runs_waiting_of_organization",
        "runs",
        ["organization_id", "id"],
        unique=False,
        schema="runs",
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_index(
        "runs_leased", "runs", ["lease_expires_at"], unique=False, schema="runs", postgresql_where=sa.text("state = 'running'")
    )
    op.create_index("runs_of_organization", "runs", ["organization_id", "id"], unique=False, schema="runs")
    op.create_index("runs_of_person", "runs", ["organization_id", "requested_by", "id"], unique=False, schema="runs")
    op.create_index("runs_of_report", "runs", ["organization_id", "report_id", "id"], unique=False, schema="runs")
    op.create_index(
        "runs_queued", "runs", ["offered_at"], unique=False, schema="runs", postgresql_where=sa.text("state = 'queued'")
    )
    op.create_index(
        "runs_running_of_organization",
        "runs",
        ["organization_id"],
        unique=False,
        schema="runs",
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_table(
        "editions",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("organization_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("run_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("report_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("report_version", sa.Integer(), nullable=False),
        sa.Column("params", JSONB, nullable=False),
        sa.Column("scope", JSONB, nullable=False),
        sa.Column("as_of", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("published_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["runs.runs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("run_id"),
        schema="runs",
    )
    op.create_index("editions_of_report", "editions", ["organization_id", "report_id", "id"], unique=False, schema="runs")
    op.create_table(
        "artifacts",
        sa.Column("edition_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=True),
        sa.Column("location", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition_id"],
            ["runs.editions.id"],
        ),
        sa.PrimaryKeyConstraint("edition_id", "kind", "name"),
        schema="runs",
    )
