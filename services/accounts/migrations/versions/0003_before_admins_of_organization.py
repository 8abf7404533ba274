"""The last admin of a large organization is found without reading its people"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_index(
        "admins_of_organization",
        "users",
        ["organization_id", "id"],
        schema="accounts",
        postgresql_where=sa.text("role = 'admin'"),
    )
