"""Rows that one destination does not take don't slow the others down"""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_index("outbox_by_destination", "outbox", ["destination", "id"], schema="notifications")
