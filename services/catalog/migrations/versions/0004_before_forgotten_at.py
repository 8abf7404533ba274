"""When an admin last had everything forgotten that was computed for a report"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("reports", sa.Column("forgotten_at", sa.TIMESTAMP(timezone=True)), schema="catalog")
