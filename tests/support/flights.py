"""The sample as a member's own data source and reports, made through the public API; and a query that waits for the test.

What a reader would get wrong: a gated query goes to the primary, because advisory locks of a replica are its own.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from sqlalchemy.engine import make_url

from broadsheet.local.sample import Sample
from tests.support.system import Member, System
from tests.support.waiting import until

EXAMPLES = Path(__file__).parents[2] / "examples"
SOURCE = "flights"
_PRIMARY_ONLY = "primary-only"
_GATE_KEY = 20130101


def add_source(member: Member, sample: Sample, *, name: str = SOURCE, with_replica: bool = True) -> str:
    """The sample as a data source of the member's organization; gives its id."""
    primary, replica = make_url(sample.primary_url), make_url(sample.replica_url)
    order: dict[str, Any] = {
        "name": name,
        "host": primary.host,
        "port": primary.port,
        "database": primary.database,
        "user": primary.username,
        "password": primary.password,
        "replicas": [f"{replica.host}:{replica.port}"] if with_replica else [],
    }
    answer = member.api.post("/data-sources", order)
    assert answer.status == 201, answer.body
    return str(answer.json["id"])


def add_report(member: Member, text: str) -> str:
    """Save a report; gives its id."""
    answer = member.api.post("/reports", text)
    assert answer.status == 201, answer.body
    return str(answer.json["id"])


def example(name: str) -> str:
    """The text of ``examples/NAME.report.md``."""
    return (EXAMPLES / f"{name}.report.md").read_text(encoding="utf-8")


def report_text(sql: str, *, title: str = "Small", source: str = SOURCE) -> str:
    """A report of one query ``rows`` and one table."""
    return f"---\nbroadsheet: 1\ntitle: {title}\nsource: {source}\n---\n\n```sql rows\n{sql}\n```\n\n```table {{data=rows}}\n```\n"


class Gate:
    """Holds every gated query until :meth:`open`. Know that a run is in the middle of its work by :meth:`wait_for_query`."""

    sql = f"select 1 as one where pg_advisory_xact_lock_shared({_GATE_KEY}) is not null"

    def __init__(self, connection: Any):
        self._connection = connection
        self._run("select pg_advisory_lock(%s)", _GATE_KEY)

    def add_report(self, member: Member, sample: Sample) -> str:
        """A report, with its data source, that is not finished while the gate is closed."""
        add_source(member, sample, name=_PRIMARY_ONLY, with_replica=False)
        return add_report(member, report_text(self.sql, title="Gated", source=_PRIMARY_ONLY))

    def wait_for_query(self, number: int = 1) -> None:
        """Return once so many queries wait at the gate, in PostgreSQL itself."""
        until(lambda: len(self.waiting()) >= number, what=f"{number} queries at the gate")

    def waiting(self) -> list[int]:
        """The server processes whose query waits at the gate."""
        return [
            row[0]
            for row in self._run(
                "select pid from pg_locks where locktype = 'advisory' and not granted and objid = %s"
                " and database = (select oid from pg_database where datname = current_database())",
                _GATE_KEY,
            )
        ]

    def open(self) -> None:
        """Let every query through, now and later."""
        self._run("select pg_advisory_unlock_all()")

    def _run(self, sql: str, *arguments: Any) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql, arguments)
            return list(cursor.fetchall())


@contextmanager
def closed_gate(system: System) -> Iterator[Gate]:
    """A closed gate in the sample's database; open at the end whatever happens."""
    assert system.sample is not None
    database = make_url(system.sample.primary_url).database
    url = system.stack.endpoints.primary_url(str(database)).replace("postgresql+psycopg2", "postgresql")
    with closing(psycopg2.connect(url, connect_timeout=5)) as connection:
        connection.autocommit = True
        yield Gate(connection)
