"""How many rows each table has in the life of a large installation, and how to make them.

Ten thousands of organizations, half of everything in one giant; in the giant one person and one report that outweigh the others: the hard
case of every question is there. A table without a declaration fails the tests: whoever adds one says here how it will grow. Ids are
made from the row's number, in the order of time as UUIDv7 are, so that foreign keys need no join.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from broadsheet.schemas import SCHEMAS
from tests.indexing.findings import Finding

#: Opens a connection of the superuser, in autocommit.
Connect = Callable[[], Connection]
#: Schemas that are filled at a time: as many as a small machine has cores.
_AT_ONCE = 2

_FUNCTIONS = """
create schema volume;
create function volume.id(kind int, n bigint) returns uuid language sql immutable parallel safe as $$
    select (lpad(to_hex(1735689600000 + n * 100000), 12, '0') || '7' || lpad(to_hex(kind), 3, '0')
        || '8' || lpad(to_hex(n), 15, '0'))::uuid
$$;
create function volume.time(n bigint) returns timestamptz language sql stable parallel safe as $$
    select timestamptz '2025-01-01 00:00Z' + n * interval '100 seconds'
$$;
create function volume.organization(n bigint) returns uuid language sql immutable parallel safe as $$ select volume.id(1, n) $$;
create function volume.person(n bigint) returns uuid language sql immutable parallel safe as $$ select volume.id(2, n) $$;
create function volume.report(n bigint) returns uuid language sql immutable parallel safe as $$ select volume.id(3, n) $$;
create function volume.run(n bigint) returns uuid language sql immutable parallel safe as $$ select volume.id(4, n) $$;
-- three of ten people work for the giant
create function volume.employer(person bigint) returns bigint language sql immutable parallel safe as $$
    select case when person % 10 < 3 then 1 else 2 + person % 19999 end
$$;
-- whose the n-th run or notification is: half of them are the giant's, a tenth its busiest person's
create function volume.owner(n bigint) returns bigint language sql immutable parallel safe as $$
    select case when n % 10 = 0 then 10 when n % 2 = 0 then 10 * (1 + n % 9999) + n % 3 else 10 * (1 + n % 9999) + 3 + n % 7 end
$$;
-- reports of even numbers are the giant's; a fifth of its runs are of one report
create function volume.report_of_run(n bigint) returns bigint language sql immutable parallel safe as $$
    select case when n % 10 = 0 then 2 when n % 2 = 0 then 2 * (1 + n % 49999) else 1 + 2 * (n % 49999) end
$$;
"""


@dataclass(frozen=True)
class Volume:
    """``rows`` of a table, and the ``select`` that gives them from the numbers ``n``, 1 to ``rows``."""

    rows: int
    columns: str
    select: str


_OUTBOX = Volume(
    # empty in good times; this is Kafka having been away for a while
    100_000,
    "destination, name, key, payload, created_at",
    """(array['kafka', 'event', 'live', 'live'])[1 + n % 4], 'broadsheet.runs.requested.v1', volume.organization(1 + n % 50)::text,
       convert_to(repeat('x', 100), 'utf8'), volume.time(n)""",
)

#: In the order of their foreign keys.
VOLUMES = {
    "accounts.organizations": Volume(
        20_000, "id, name, slug, created_at", "volume.organization(n), 'Org ' || n, 'org-' || n, volume.time(n)"
    ),
    "accounts.users": Volume(
        100_000,
        "id, organization_id, email, name, role, password_hash, created_at",
        """volume.person(n), volume.organization(volume.employer(n)), 'p' || n || '@example.com', 'Person ' || n,
           case when n % 100 = 3 or n % 200 = 10 then 'admin' when n % 10 < 5 then 'author' else 'viewer' end, 'hash', volume.time(n)""",
    ),
    "accounts.credentials": Volume(
        # sessions end within days and are removed; tokens stay; the busiest person is a machine with many tokens
        100_000,
        "id, user_id, kind, token_hash, name, created_at, expires_at",
        """volume.id(5, n), volume.person(case when n % 7 = 0 then 10 else 1 + n % 99999 end),
           case when n % 7 < 3 then 'token' else 'session' end, md5(n::text), 'token ' || n, volume.time(n),
           case when n % 7 < 3 then null else now() + (n % 14) * interval '1 day' + interval '1 minute' end""",
    ),
    "accounts.outbox": _OUTBOX,
    "catalog.data_sources": Volume(
        # a few for each organization; the giant has one for each of its own customers
        100_000,
        'id, organization_id, name, kind, host, port, database, "user", password_encrypted, created_at',
        """volume.id(6, n), volume.organization(case when n % 5 = 0 then 1 else 2 + n % 19999 end), 'source ' || n, 'postgres',
           'db.example.com', 5432, 'data', 'reader', 'secret', volume.time(n)""",
    ),
    "catalog.reports": Volume(
        100_000,
        "id, organization_id, title, description, current_version, created_at, updated_at, updated_by, deleted_at",
        """volume.report(n), volume.organization(case when n % 2 = 0 then 1 else 2 + n % 19999 end), 'Report ' || n, '',
           case when n = 2 then 20001 when n <= 10000 then 2 else 1 end, volume.time(n), volume.time(n * 7919 % 100000),
           volume.person(case when n % 2 = 0 then 10 else 3 end), case when n % 20 = 19 then volume.time(n) end""",
    ),
    "catalog.report_versions": Volume(
        # the first of all reports; 20,000 more of one of them; the second of some
        130_000,
        "report_id, version, title, description, text, created_at, created_by",
        """volume.report(case when n <= 100000 then n when n <= 120000 then 2 when n = 120002 then 100000 else n - 120000 end),
           case when n <= 100000 then 1 when n <= 120000 then n - 99999 else 2 end, 'Report', '', repeat('x', 100), volume.time(n),
           volume.person(10)""",
    ),
    "catalog.outbox": _OUTBOX,
    "runs.runs": Volume(
        120_000,
        """id, organization_id, requested_by, principal, report_id, report_title, report_version, params, formats, lane, idempotency_key,
           state, attempts, lease_token, lease_expires_at, offered_at, requested_at, started_at, finished_at""",
        """volume.run(n), volume.organization(volume.employer(volume.owner(n))), volume.person(volume.owner(n)), '{}',
           volume.report(volume.report_of_run(n)), 'Report', 1, '{}', '["pdf"]',
           case when n % 3 = 0 then 'scheduled' else 'interactive' end, case when n % 2 = 0 then 'key-' || n end,
           case when n % 100 = 0 then 'queued' when n % 1000 = 1 then 'running' when n % 50 = 7 then 'failed' else 'succeeded' end, 1,
           case when n % 1000 = 1 then n end, case when n % 1000 = 1 then now() + (n % 30) * interval '1 second' end,
           case when n % 100 = 0 then now() - (n % 60) * interval '1 second' else volume.time(n) end, volume.time(n), volume.time(n),
           case when n % 100 <> 0 and n % 1000 <> 1 then volume.time(n) end""",
    ),
    "runs.editions": Volume(
        100_000,
        "id, organization_id, run_id, report_id, report_version, params, scope, as_of, published_at",
        """volume.id(7, n), volume.organization(volume.employer(volume.owner(n))), volume.run(n),
           volume.report(volume.report_of_run(n)), 1, '{}', jsonb_build_array('viewer', (n % 100)::text), volume.time(n), volume.time(n)""",
    ),
    "runs.artifacts": Volume(
        120_000,
        "edition_id, kind, name, format, media_type, size_bytes, sha256, row_count, location",
        """volume.id(7, 1 + (n - 1) % 100000), case when n <= 100000 then 'artifact' else 'rows' end, 'report.pdf', 'pdf',
           'application/pdf', 10000, md5(n::text), 100, 'file:///artifacts/' || n""",
    ),
    "runs.outbox": _OUTBOX,
    "notifications.notifications": Volume(
        100_000,
        "id, organization_id, user_id, event_id, channel, kind, title, body, run_id, report_id, state, created_at, read_at",
        """volume.id(8, n), volume.organization(volume.employer(volume.owner(n))), volume.person(volume.owner(n)), volume.id(9, n), 'inbox',
           'run_finished', 'Your report is ready', '', volume.run(n), volume.report(volume.report_of_run(n)), 'succeeded', volume.time(n),
           case when n % 20 <> 10 then volume.time(n) end""",
    ),
    "notifications.outbox": _OUTBOX,
}

#: One row, written by migrations alone.
_BOOKKEEPING = "alembic_version"
_TABLES = """
select n.nspname || '.' || c.relname
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and n.nspname = any(%s) and c.relname <> %s
order by 1
"""
#: Foreign keys and plain indexes of a schema: how to drop one and how to make it again. Keys first: they need nothing of the indexes.
_LATER = """
select format('alter table %%s drop constraint %%I', conrelid::regclass, conname),
       format('alter table %%s add constraint %%I %%s', conrelid::regclass, conname, pg_get_constraintdef(oid))
from pg_constraint where contype = 'f' and connamespace = %(schema)s::regnamespace
union all
select format('drop index %%s', indexrelid::regclass), pg_get_indexdef(indexrelid)
from pg_index join pg_class c on c.oid = indrelid where not indisunique and c.relnamespace = %(schema)s::regnamespace
"""


class SeedFailed(Exception):
    """A table could not be filled as declared."""


def tables(cursor: Cursor, schemas: list[str]) -> list[str]:
    """Every table of these schemas, as ``schema.table``."""
    cursor.execute(_TABLES, (schemas, _BOOKKEEPING))
    return [name for (name,) in cursor.fetchall()]


def undeclared(cursor: Cursor, volumes: dict[str, Volume] = VOLUMES, schemas: Sequence[str] = tuple(SCHEMAS)) -> list[Finding]:
    """Tables of which nobody has said how they grow."""
    advice = f"say in VOLUMES of {__file__} how many rows it gets, and how to make them"
    return [
        Finding("undeclared", name, "nobody has said how many rows this table will have", advice)
        for name in tables(cursor, list(schemas))
        if name not in volumes
    ]


def seed(connect: Connect, volumes: dict[str, Volume] = VOLUMES) -> None:
    """Fill empty tables, side by side by schema, and let the server count. Raises :class:`SeedFailed`."""
    with closing(connect()) as connection, connection.cursor() as cursor:
        cursor.execute(_FUNCTIONS)
    schemas = {name.partition(".")[0] for name in volumes}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda schema: _seed_schema(connect, schema, volumes), sorted(schemas, reverse=True)))


def _seed_schema(connect: Connect, schema: str, volumes: dict[str, Volume]) -> None:
    """Rows first, indexes and foreign keys afterwards, as a restore does: half the time, and the keys are checked all the same."""
    with closing(connect()) as connection, connection.cursor() as cursor:
        cursor.execute(_LATER, {"schema": schema})
        later = cursor.fetchall()
        for drop, _ in later:
            cursor.execute(drop)
        for name, volume in volumes.items():
            if name.startswith(f"{schema}."):
                cursor.execute(f"alter table {name} set (autovacuum_enabled = off)")
                _fill(cursor, name, volume)
        for _, create in reversed(later):
            cursor.execute(create)
        cursor.execute(f"vacuum analyze {', '.join(name for name in volumes if name.startswith(f'{schema}.'))}")


def _fill(cursor: Cursor, name: str, volume: Volume) -> None:
    numbers = f"generate_series(1, {volume.rows}::bigint) as n"
    try:
        cursor.execute(f"insert into {name} ({volume.columns}) select {volume.select} from {numbers}")
    except psycopg2.Error as error:
        raise SeedFailed(f"{name} does not take its rows; see VOLUMES in {__file__}: {error}") from error
    if cursor.rowcount != volume.rows:
        raise SeedFailed(f"{name} took {cursor.rowcount} rows of {volume.rows}")
