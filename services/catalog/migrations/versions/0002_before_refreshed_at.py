"""When somebody last said that the data behind a data source has changed"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("data_sources", sa.Column("refreshed_at", sa.TIMESTAMP(timezone=True)), schema="catalog")
