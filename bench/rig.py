"""What the scenarios run on: the whole system on servers of its own, as the integration tests start it, with production's durability."""

import contextlib
import pathlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import psycopg2
from sqlalchemy.engine import make_url

from broadsheet.local.stack import Stack
from tests.support.system import ROOT as ROOT
from tests.support.system import Member, System


class Rig(msgspec.Struct, frozen=True):
    """A running system with one organization."""

    system: System
    admin: Member
    say: Callable[[str], None]

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the edge: where everything is."""
        return dict(self.system.environment(None))

    def add_source(self, name: str, database: str, user: str, password: str) -> None:
        """A data source of the primary alone, so that nothing depends on replay lag."""
        endpoints = self.system.stack.endpoints
        order = {
            "name": name,
            "host": endpoints.host,
            "port": endpoints.primary_port,
            "database": database,
            "user": user,
            "password": password,
        }
        answer = self.admin.api.post("/data-sources", order)
        assert answer.status == 201, answer.body

    def add_flights(self) -> None:
        """The sample as the data source ``flights``, unless it is there."""
        if not any(source["name"] == "flights" for source in self.admin.api.get("/data-sources").json["items"]):
            assert self.system.sample is not None
            sample = make_url(self.system.sample.primary_url)
            self.add_source("flights", str(sample.database), str(sample.username), str(sample.password))

    def add_report(self, text: str) -> str:
        """The id of a new report."""
        answer = self.admin.api.post("/reports", text)
        assert answer.status == 201, answer.body
        report_id: str = answer.json["id"]
        return report_id

    def sql(self, database: str = "postgres") -> Any:
        """A superuser's connection, autocommit."""
        url = make_url(self.system.stack.endpoints.primary_url(database))
        connection = psycopg2.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))
        connection.autocommit = True
        return connection


@contextlib.contextmanager
def running(say: Callable[[str], None]) -> Iterator[Rig]:
    """Start everything, and stop it again whatever happens."""
    home = pathlib.Path(tempfile.mkdtemp(prefix="broadsheet-bench-", dir="/var/tmp"))
    stack = Stack(home / "stack", durable=True)
    (home / "system").mkdir()
    home.chmod(0o755)
    system = System(stack, home / "system")
    try:
        say("starting servers and processes")
        stack.start()
        system.start()
        yield Rig(system, system.organization(), say)
    finally:
        system.stop()
        stack.stop()
        shutil.rmtree(home, ignore_errors=True)
