"""Judges indexes: every foreign key has one, and every index has a use, or a reason.

A foreign key without an index makes each delete of the row it points to read the whole table. An index without use makes each write
slower for nothing. What a reader would get wrong: PostgreSQL makes an index for the *referenced* side only.
"""

from collections.abc import Mapping

from psycopg2.extensions import cursor as Cursor

from tests.indexing.findings import Finding

_BARE_FOREIGN_KEYS = """
select conrelid::regclass::text, conname,
       (select string_agg(attname, ', ' order by attnum) from pg_attribute where attrelid = conrelid and attnum = any(conkey))
from pg_constraint c join pg_namespace n on n.oid = c.connamespace
where contype = 'f' and n.nspname = any(%s)
    and not exists (
        select from pg_index
        where indrelid = conrelid and indisvalid and indpred is null
            and (string_to_array(indkey::text, ' ')::int2[])[1:cardinality(conkey)] @> conkey
    )
order by 1, 2
"""
#: Indexes that are there for speed alone: they guard no key, and no foreign key leans on them.
_PLAIN_INDEXES = """
select n.nspname || '.' || c.relname, i.indrelid::regclass::text
from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any(%s) and not i.indisunique and not i.indisexclusion
    and not exists (
        select from pg_constraint
        where contype = 'f' and conrelid = i.indrelid and i.indpred is null
            and (string_to_array(i.indkey::text, ' ')::int2[])[1:cardinality(conkey)] @> conkey
    )
order by 1
"""


def bare_foreign_keys(cursor: Cursor, schemas: list[str]) -> list[Finding]:
    """Foreign keys that no index begins with."""
    cursor.execute("set search_path = pg_catalog")
    cursor.execute(_BARE_FOREIGN_KEYS, (schemas,))
    return [
        Finding("foreign-key", table, f"{name} ({columns}) has no index", f"create an index on {table} ({columns}, …)")
        for table, name, columns in cursor.fetchall()
    ]


def unused(cursor: Cursor, schemas: list[str], used: set[str], reasons: Mapping[str, str]) -> list[Finding]:
    """Indexes that no plan uses; ``reasons`` tells why one is kept all the same, by ``schema.index``."""
    cursor.execute("set search_path = pg_catalog")
    cursor.execute(_PLAIN_INDEXES, (schemas,))
    advice = "drop it in a migration, or say why it is kept: sa.Index(…, info={'unused': 'the reason'})"
    return [
        Finding("unused-index", index, f"no statement uses this index of {table}", advice)
        for index, table in cursor.fetchall()
        if index not in used and not reasons.get(index)
    ]
