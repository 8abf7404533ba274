"""One connection to PostgreSQL, by either driver, and our own statements on it.

ADBC sends what it runs as an *update* by the simple protocol: several statements, one round trip, a quarter of the time of a query. So
that is for our own texts and never for an author's, which the extended protocol holds to one statement.
"""

from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec
from adbc_driver_postgresql import StatementOptions

from broadsheet.sources.postgres_moment import Moment

if TYPE_CHECKING:
    import adbc_driver_postgresql.dbapi as adbc

C = TypeVar("C")


class Opened(msgspec.Struct, Generic[C], frozen=True):
    """A connection, the URL it leads to, and how old what it shows is."""

    url: str
    connection: C
    moment: Moment


def command(connection: "adbc.Connection", sql: str) -> None:
    """Run our own statements, with no answer."""
    with connection.cursor() as cursor:
        cursor.adbc_statement.set_sql_query(sql)
        cursor.adbc_statement.execute_update()


def answer(connection: "adbc.Connection", sql: str) -> list[tuple[Any, ...]]:
    """The few rows of our own question; without ``COPY``, which costs a round trip and is for many."""
    with connection.cursor() as cursor:
        cursor.adbc_statement.set_options(**{StatementOptions.USE_COPY.value: "false"})
        cursor.execute(sql)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
