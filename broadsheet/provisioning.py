"""Provisioning: the database ``broadsheet`` with one schema and one role per service, brought to the newest revision.

Run by an operator's superuser before anything starts; running it again changes nothing but passwords and new migrations. The relay's role
may read and delete outbox rows of every schema and nothing else.
"""

from collections.abc import Mapping

import sqlalchemy as sa
from psycopg2 import sql
from sqlalchemy.engine import URL, make_url

from broadsheet.migrations import migrate
from broadsheet.schemas import SCHEMAS

DATABASE = "broadsheet"


def role_name(process: str) -> str:
    """The database role of a process."""
    return f"broadsheet_{process}"


def provision(admin_url: str, passwords: Mapping[str, str], *, database: str = DATABASE) -> None:
    """Create what is missing. ``admin_url`` is a superuser's, to any database; ``passwords`` are by process name.

    ``database`` is another one than usual for the tests alone.
    """
    admin = make_url(admin_url)
    with _autocommit(admin) as connection:
        for process, password in passwords.items():
            _ensure_role(connection, role_name(process), password)
        if not connection.scalar(sa.text("select 1 from pg_database where datname = :name"), {"name": database}):
            connection.execute(sa.text(f"create database {database}"))
    own = admin.set(database=database)
    with _autocommit(own) as connection:
        for process in passwords:
            connection.execute(sa.text(f"grant connect on database {database} to {role_name(process)}"))
        for schema in SCHEMAS:
            connection.execute(sa.text(f"create schema if not exists {schema} authorization {role_name(schema)}"))
            connection.execute(sa.text(f"grant usage on schema {schema} to {role_name('relay')}"))
    for schema in SCHEMAS:
        role_url = own.set(username=role_name(schema), password=passwords[schema])
        migrate(role_url.render_as_string(hide_password=False), schema)
    with _autocommit(own) as connection:
        for schema in SCHEMAS:
            if connection.scalar(sa.text("select to_regclass(:name)"), {"name": f"{schema}.outbox"}):
                connection.execute(sa.text(f"grant select, delete, update on {schema}.outbox to {role_name('relay')}"))


def _autocommit(url: URL) -> sa.Connection:
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 5})
    return engine.connect()


def _ensure_role(connection: sa.Connection, role: str, password: str) -> None:
    verb = "alter" if connection.scalar(sa.text("select 1 from pg_roles where rolname = :role"), {"role": role}) else "create"
    statement = sql.SQL("{} role {} login password {}").format(sql.SQL(verb), sql.Identifier(role), sql.Literal(password))
    driver = connection.connection.driver_connection
    assert driver is not None
    with driver.cursor() as cursor:
        cursor.execute(statement)
