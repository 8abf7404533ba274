"""Settings: one frozen record per process, read once from ``BROADSHEET_…`` environment variables.

The table below feeds everything: the process, ``docs/reference/settings.md`` and its test. A process refuses to start and lists *all*
that is missing or malformed, not only the first.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, get_type_hints

PREFIX = "BROADSHEET_"


class SettingsInvalid(Exception):
    """One or more settings are missing or malformed; the message lists them all."""


def _setting(default: Any, help_text: str, unit: str = "", *, secret: bool = False) -> Any:
    return field(default=default, metadata={"help": help_text, "unit": unit, "secret": secret})


@dataclass(frozen=True)
class Settings:
    """What a process was told. Addresses are URLs; an empty one means *not given*."""

    home: str = _setting(".broadsheet", "Private data folder of an installation on one machine.")
    database_url: str = _setting("", "PostgreSQL primary, as the role of this process.", secret=True)
    database_replica_urls: tuple[str, ...] = _setting((), "PostgreSQL replicas, comma-separated; reads go there.", secret=True)
    redis_url: str = _setting("", "Redis, for cached answers and live events.", secret=True)
    amqp_url: str = _setting("", "RabbitMQ, for RPC and events between services.", secret=True)
    kafka_bootstrap: str = _setting("", "Apache Kafka bootstrap servers, `host:port`, comma-separated.")
    artifacts_url: str = _setting("", "Where artifacts are kept: `file:///folder`, `s3://…`, `gs://…`, `az://…`.")
    secret_key: str = _setting("", "Fernet key (32 bytes, URL-safe base64) that encrypts data-source passwords.", secret=True)
    public_url: str = _setting("http://127.0.0.1:8400", "Where people reach Broadsheet; used in links.")
    assets_base_url: str = _setting("", "Where the browser loads hashed assets from (a CDN); empty: from the edge itself.")
    edge_bind: str = _setting("127.0.0.1:8400", "Address the edge listens on.")
    edge_workers: int = _setting(2, "Worker processes of the edge.", "processes")
    session_hours: int = _setting(24 * 14, "How long a sign-in lasts.", "hours")
    body_limit_bytes: int = _setting(2 * 1024 * 1024, "Largest request body.", "bytes")
    rpc_timeout_seconds: float = _setting(10.0, "How long a caller waits for an RPC answer.", "seconds")
    rpc_in_flight: int = _setting(256, "RPC calls one process may have under way; more are refused with 503.", "calls")
    service_workers: int = _setting(
        32, "Concurrent calls one service process handles (`queries`, whose calls mostly wait, more).", "calls"
    )
    query_timeout_seconds: float = _setting(30.0, "Statement timeout of a query that a reader waits for.", "seconds")
    query_row_limit: int = _setting(10_000, "Most rows one block can show.", "rows")
    query_byte_limit: int = _setting(64 * 1024 * 1024, "Most memory (as Arrow) that the rows of one block can take.", "bytes")
    query_concurrency: int = _setting(8, "Concurrent queries per data source and process.", "queries")
    query_cache_seconds: int = _setting(300, "How old a shown result may be where the report does not say.", "seconds")
    cache_timeout_seconds: float = _setting(0.25, "How long the cache may take; then an answer is computed.", "seconds")
    cache_answer_bytes: int = _setting(8 * 1024 * 1024, "Larger answers are not kept in Redis.", "bytes")
    run_timeout_seconds: float = _setting(900.0, "Statement timeout of a query inside a run.", "seconds")
    edition_rows_bytes: int = _setting(
        512 * 1024 * 1024, "Rows of a query (as Parquet) up to this size are kept with the edition.", "bytes"
    )
    lease_seconds: float = _setting(
        15.0,
        "How long a worker owns a run without a heartbeat, and its Kafka session (brokers want 6 or more).",
        "seconds",
    )
    heartbeat_seconds: float = _setting(1.0, "How often a worker says that it is alive.", "seconds")
    run_attempts: int = _setting(3, "How often a run is tried before it fails for good.", "attempts")
    run_concurrency: int = _setting(4, "Runs of one organization that may run at once.", "runs")
    reoffer_seconds: float = _setting(30.0, "A queued run that nobody claimed for this long is offered again.", "seconds")
    replica_lag_seconds: float = _setting(5.0, "Largest replay lag at which a service still reads a replica.", "seconds")
    log_level: str = _setting("INFO", "DEBUG, INFO, WARNING or ERROR.")
    log_format: str = _setting("console", "`console` for people, `json` for machines.")


def _parse(raw: str, kind: Any) -> Any:
    if kind is int:
        return int(raw)
    if kind is float:
        return float(raw)
    if kind == tuple[str, ...]:
        return tuple(part.strip() for part in raw.split(",") if part.strip())
    return raw


def load(environ: Mapping[str, str] | None = None, *, require: Iterable[str] = ()) -> Settings:
    """Settings from ``environ`` (default: the process's).

    ``require`` names the fields this process can't do without. Raises :class:`SettingsInvalid` with every problem at once.
    """
    environ = os.environ if environ is None else environ
    kinds = get_type_hints(Settings)
    values: dict[str, Any] = {}
    problems: list[str] = []
    for item in fields(Settings):
        variable = PREFIX + item.name.upper()
        raw = environ.get(variable)
        if raw is None:
            continue
        try:
            values[item.name] = _parse(raw, kinds[item.name])
        except ValueError:
            problems.append(f"{variable}={raw!r} is not a valid {kinds[item.name].__name__}: {item.metadata['help']}")
    problems += [
        f"{PREFIX}{name.upper()} is missing: {help_text}"
        for name, help_text in ((item.name, item.metadata["help"]) for item in fields(Settings) if item.name in set(require))
        if not values.get(name)
    ]
    if problems:
        raise SettingsInvalid("Settings are not usable (see docs/reference/settings.md):\n  " + "\n  ".join(problems))
    return Settings(**values)


def reference() -> str:
    """The settings as a Markdown table, for ``docs/reference/settings.md``."""
    rows = ["| variable | default | unit | what it is |", "|---|---|---|---|"]
    for item in fields(Settings):
        default = ",".join(item.default) if isinstance(item.default, tuple) else item.default
        shown = f"`{default}`" if default != "" else "(none)"
        rows.append(f"| `{PREFIX}{item.name.upper()}` | {shown} | {item.metadata['unit']} | {item.metadata['help']} |")
    return "\n".join(rows) + "\n"
