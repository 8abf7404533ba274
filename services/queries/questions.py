"""Questions about a data source itself, and how their answers read."""

from typing import Any

from broadsheet.contracts.queries import SourceTable

VERSION = "select current_setting('server_version') as version"
MAX_COLUMNS = 5_000
SCHEMA = """
select c.table_schema, c.table_name, c.column_name, c.data_type
from information_schema.columns c
where c.table_schema not in ('pg_catalog', 'information_schema')
order by c.table_schema, c.table_name, c.ordinal_position
"""


def tables(rows: list[dict[str, Any]]) -> list[SourceTable]:
    """Rows of :data:`SCHEMA` by table."""
    found: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in rows:
        found.setdefault((row["table_schema"], row["table_name"]), []).append(
            {"name": row["column_name"], "type": row["data_type"]}
        )
    return [SourceTable(schema=schema, name=name, columns=columns) for (schema, name), columns in found.items()]
