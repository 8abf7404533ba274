"""PostgreSQL: a primary and a streaming replica of it, on TCP only (a unix socket's path would be too long in a deep data folder).

The replica reads through a physical slot, so it can be down for a while without losing its place; the slot is bounded, and a
replica whose place is lost is copied anew at its next start.
"""

import shutil
import signal
import time
from abc import abstractmethod
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql

from broadsheet.local.child import Launch, Spawner, members
from broadsheet.local.failure import ServerFailed
from broadsheet.local.home import Home, write_private
from broadsheet.local.ports import LOCALHOST
from broadsheet.local.servers.base import Server, base_env, program

SUPERUSER = "postgres"
OLDEST_VERSION = 15
_REPLICATION_ROLE = "replicator"
_SLOT = "replica"
_PACKAGE = "postgresql"
_SETTINGS = {
    "listen_addresses": LOCALHOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "wal_level": "replica",
    "hot_standby": "on",
    "hot_standby_feedback": "on",
    "max_wal_senders": "10",
    "max_replication_slots": "10",
    "max_slot_wal_keep_size": "2GB",
    "wal_receiver_status_interval": "1s",
    "wal_retrieve_retry_interval": "500ms",
    "shared_buffers": "128MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}
_NOT_DURABLE = {"fsync": "off", "full_page_writes": "off"}


def newest_binaries() -> str:
    """The folder of the newest installed PostgreSQL's programs, as Debian lays them out; raises ServerFailed below version 15."""
    newest = max((int(initdb.parts[-3]) for initdb in Path("/usr/lib/postgresql").glob("*/bin/initdb")), default=0)
    if newest >= OLDEST_VERSION:
        return f"/usr/lib/postgresql/{newest}/bin"
    return str(Path(program("initdb", package=_PACKAGE)).parent)


class _Postgres(Server):
    """What primary and replica share."""

    stop_signal = signal.SIGINT  # "fast": ends sessions; SIGTERM would wait for clients for ever

    def __init__(
        self, home: Home, spawner: Spawner, port: int, *, password: str, durable: bool, settings: Mapping[str, str] | None = None
    ):
        super().__init__(home, spawner, port)
        self._password = password
        self._settings = {**_SETTINGS, **({} if durable else _NOT_DURABLE), **(settings or {}), "port": str(port)}
        self._durable = durable

    @property
    def data(self) -> Path:
        return self.home.path / self.name / "data"

    def launch_account(self) -> str | None:
        return self.home.account

    def prepare(self) -> None:
        folder = self.home.folder(self.name, owner=self.home.account)
        if (self.data / "PG_VERSION").exists():
            return
        half = folder / "data.new"
        shutil.rmtree(half, ignore_errors=True)
        self._make_data(half)
        half.rename(self.data)

    @abstractmethod
    def _make_data(self, target: Path) -> None:
        """Fill ``target``, which does not exist yet, with a data folder."""

    def launch(self) -> Launch:
        options = tuple(part for name, value in self._settings.items() for part in ("-c", f"{name}={value}"))
        postgres = str(Path(newest_binaries()) / "postgres")
        return Launch(
            name=self.name,
            argv=(postgres, "-D", str(self.data), *options),
            cwd=self.data,
            env=base_env(),
            account=self.home.account,
            death_signal=signal.SIGQUIT,
        )

    def start(self) -> None:
        self._await_orphans()
        super().start()

    def query(self, statement: str, *arguments: Any) -> list[tuple[Any, ...]]:
        """Run one statement as superuser in the database ``postgres``; gives its rows, or none."""
        connection = psycopg2.connect(
            host=LOCALHOST, port=self.port, user=SUPERUSER, password=self._password, dbname="postgres", connect_timeout=3
        )
        with closing(connection):
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, arguments)
                return cursor.fetchall() if cursor.description else []

    def _await_orphans(self) -> None:
        """After a kill the server's children need a moment to notice; while one lives, PostgreSQL refuses to start."""
        deadline = time.monotonic() + 10
        while left := [pid for pid in members(self.data) if pid != self.pid]:
            if time.monotonic() > deadline:
                raise ServerFailed(self.name, f"processes of an earlier start still run: {left}", advice="End them first.")
            time.sleep(0.05)


class Primary(_Postgres):
    """Takes all writes."""

    name = "postgres"

    def _make_data(self, target: Path) -> None:
        password_file = target.with_name("password")
        write_private(password_file, f"{self._password}\n".encode(), owner=self.home.account)
        initdb = str(Path(newest_binaries()) / "initdb")
        options = ("--encoding=UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256", "--data-checksums")
        speed = () if self._durable else ("--no-sync",)
        self.run_tool((initdb, "-D", str(target), "-U", SUPERUSER, f"--pwfile={password_file}", *options, *speed))
        password_file.unlink()

    def probe(self) -> bool:
        return self.query("select 1") == [(1,)]

    def allow_replication(self, password: str) -> None:
        """Make the role and the slot the replica needs; nothing happens where they exist."""
        if not self.query("select 1 from pg_roles where rolname = %s", _REPLICATION_ROLE):
            create = sql.SQL("create role {} with replication login password {}")
            self.query(create.format(sql.Identifier(_REPLICATION_ROLE), sql.Literal(password)))  # type: ignore[arg-type]
        if self.slot_status() is None:
            self.query("select pg_create_physical_replication_slot(%s, true)", _SLOT)

    def slot_status(self) -> str | None:
        """``wal_status`` of the replica's slot ('lost' means copy anew), or None without one."""
        rows = self.query("select wal_status from pg_replication_slots where slot_name = %s", _SLOT)
        return (rows[0][0] or "reserved") if rows else None

    def drop_slot(self) -> None:
        self.query("select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = %s", _SLOT)


class Replica(_Postgres):
    """Follows the primary by streaming; answers reads. Its primary must be ready before ``prepare``."""

    name = "postgres-replica"

    def __init__(
        self,
        home: Home,
        spawner: Spawner,
        port: int,
        *,
        password: str,
        durable: bool,
        primary: Primary,
        replication_password: str,
        settings: Mapping[str, str] | None = None,
    ):
        super().__init__(home, spawner, port, password=password, durable=durable, settings=settings)
        self._primary = primary
        self._replication_password = replication_password

    def prepare(self) -> None:
        status = self._primary.slot_status()
        if status in (None, "lost"):
            shutil.rmtree(self.data, ignore_errors=True)
            self._primary.drop_slot()
        self._primary.allow_replication(self._replication_password)
        super().prepare()

    def _make_data(self, target: Path) -> None:
        tool = str(Path(newest_binaries()) / "pg_basebackup")
        source = ("-h", LOCALHOST, "-p", str(self._primary.port), "-U", _REPLICATION_ROLE)
        options = ("--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", f"--slot={_SLOT}")
        speed = () if self._durable else ("--no-sync",)
        self.run_tool((tool, "-D", str(target), *source, *options, *speed), env={"PGPASSWORD": self._replication_password})

    def probe(self) -> bool:
        return self.query("select pg_is_in_recovery(), (select status from pg_stat_wal_receiver)") == [(True, "streaming")]
