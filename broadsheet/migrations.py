"""Schema migrations: Alembic, one chain and one version table per service schema, one migrator at a time.

Migrations are named ``NNNN_{before|after}_what.py``: *before* runs under the old code, *after* once the new code is everywhere. They run
with a lock timeout, so that a busy table makes a migration fail and be tried again instead of stopping everybody.
"""

from importlib.resources import files

import sqlalchemy as sa
from alembic import command, context
from alembic.config import Config

from broadsheet.schemas import SCHEMAS

_ADVISORY_LOCK = 0x62736D67  # "bsmg"


def migrate(url: str, schema: str) -> None:
    """Bring ``schema`` to its newest revision, connected as the role that owns it. Raises what Alembic raises."""
    options = f"-c search_path={schema} -c lock_timeout=5000 -c statement_timeout=600000"
    engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args={"connect_timeout": 5, "options": options})
    config = Config()
    config.set_main_option("script_location", str(files(SCHEMAS[schema]) / "migrations"))
    with engine.begin() as connection:
        connection.execute(sa.text("select pg_advisory_xact_lock(:lock)"), {"lock": _ADVISORY_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()


def run_here(metadata: sa.MetaData) -> None:
    """What each ``env.py`` calls: run the migrations on the connection that :func:`migrate` opened."""
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table_schema=metadata.schema,
        include_schemas=False,
        transactional_ddl=True,
    )
    context.run_migrations()
