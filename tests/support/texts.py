"""Report texts with one query, for tests that are about something else."""

AIRLINES = "select carrier, name from airlines order by carrier"


def one_query(sql: str = AIRLINES, *, title: str = "A report", front: str = "", query: str = "numbers", more: str = "") -> str:
    """A report of one query and a table of it. ``front`` is more front matter, ``more`` more of the body. The SQL begins in line 8
    (later by the lines of ``front``)."""
    extra = f"{front}\n" if front else ""
    return (
        f"---\ntitle: {title}\nsource: flights\n{extra}---\n# {title}\n\n"
        f"```sql {query}\n{sql}\n```\n\n```table {{data={query}}}\n```\n{more}"
    )
