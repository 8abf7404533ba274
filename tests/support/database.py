"""A look past the API, as the superuser: for what must be true of the rows themselves."""

from contextlib import closing
from typing import Any

import psycopg2
from sqlalchemy.engine import make_url

from broadsheet.local.stack import Stack

TIMEOUT_MS = 10_000


def rows(stack: Stack, statement: str, *arguments: Any, database: str = "broadsheet") -> list[tuple[Any, ...]]:
    """Run one statement on the primary; gives its rows, or none."""
    url = make_url(stack.endpoints.primary_url(database))
    connection = psycopg2.connect(
        host=url.host,
        port=url.port,
        user=url.username,
        password=url.password,
        dbname=url.database,
        connect_timeout=5,
        options=f"-c statement_timeout={TIMEOUT_MS}",
    )
    with closing(connection):
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement, arguments)
            return list(cursor.fetchall()) if cursor.description else []
