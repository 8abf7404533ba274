"""The whole of Broadsheet on the test run's own servers: every process, real, on private ports.

Leases are short here, so that tests that kill a worker need not wait long.
"""

import os
import sys
from pathlib import Path
from typing import TypeVar

from broadsheet.contracts.accounts import Accounts, Identity, NewOrganization, NewUser
from broadsheet.contracts.base import Role
from broadsheet.ids import new_id
from broadsheet.local.environment import environment
from broadsheet.local.journal import Journal
from broadsheet.local.ports import free_port
from broadsheet.local.process import Process
from broadsheet.local.processes import PROCESSES
from broadsheet.local.sample import Sample, load_sample
from broadsheet.local.stack import Stack
from broadsheet.local.together import together
from broadsheet.provisioning import provision
from broadsheet.rpc.client import remote
from broadsheet.rpc.transport import AmqpTransport
from tests.support.api import Api

Contract = TypeVar("Contract")
ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse battery staple"
QUICK = {
    "BROADSHEET_LEASE_SECONDS": "3",
    "BROADSHEET_HEARTBEAT_SECONDS": "0.3",
    "BROADSHEET_REOFFER_SECONDS": "2",
    "BROADSHEET_QUERY_TIMEOUT_SECONDS": "5",
}


class Member:
    """A person of an organization, with an API token."""

    def __init__(self, identity: Identity, api: Api, email: str):
        self.principal = identity.principal
        self.api = api
        self.email = email
        self.password = PASSWORD


class System:
    """Processes by name, and ways in. Start it once; a test that kills a process starts it again."""

    def __init__(self, stack: Stack, home: Path):
        self.stack = stack
        self.home = home
        self.port = free_port(avoid=set())
        self.url = f"http://127.0.0.1:{self.port}"
        self.processes: dict[str, Process] = {}
        self.sample: Sample | None = None
        self._journal = Journal(home / "processes.log")
        self._transport: AmqpTransport | None = None

    def start(self) -> None:
        """Provision, load the sample, start every process and wait until the edge and all behind it answer."""
        endpoints = self.stack.endpoints
        provision(endpoints.admin_url, self.stack.secrets.roles)
        self.sample = load_sample(endpoints, self.stack.secrets)
        for spec in PROCESSES:
            self.processes[spec.name] = self.another(spec.name)
            self.processes[spec.name].start()
        for process in self.processes.values():
            process.wait_ready()
        self._transport = AmqpTransport(endpoints.amqp_url, name="tests")

    def another(self, name: str) -> Process:
        """One more process of this kind, not started. Whoever asks for it stops it."""
        [spec] = [spec for spec in PROCESSES if spec.name == name]
        overrides = {**QUICK, "BROADSHEET_EDGE_BIND": f"127.0.0.1:{self.port}", "BROADSHEET_EDGE_WORKERS": "2"}
        own = environment(self.home, self.stack.endpoints, self.stack.secrets, spec.role, overrides)
        return Process(
            spec,
            python=sys.executable,
            env={**os.environ, **own},
            cwd=ROOT,
            spawner=self.stack.spawner,
            journal=self._journal,
        )

    def remote(self, contract: type[Contract]) -> Contract:
        """A service by its contract, past the edge."""
        assert self._transport is not None
        return remote(contract, self._transport)

    def environment(self, role: str | None) -> dict[str, str]:
        """What a process with this database role is told."""
        overrides = {**QUICK, "BROADSHEET_EDGE_BIND": f"127.0.0.1:{self.port}", "BROADSHEET_EDGE_WORKERS": "2"}
        return environment(self.home, self.stack.endpoints, self.stack.secrets, role, overrides)

    def stop(self) -> None:
        together([process.stop for process in self.processes.values()])
        if self._transport is not None:
            self._transport.close()
        self._journal.close()

    def log(self) -> str:
        """Everything the processes said so far."""
        return self._journal.path.read_text(errors="replace")

    def organization(self) -> Member:
        """A new organization with one admin."""
        accounts = self.remote(Accounts)
        email = f"{new_id()}@example.com"
        admin = NewUser(email=email, name="Ada Admin", password=PASSWORD, role=Role.ADMIN)
        identity = accounts.create_organization(NewOrganization(name="Example", slug=new_id(), admin=admin))
        token = accounts.create_token(identity.principal, "tests").token
        return Member(identity, Api(self.url, token), email)

    def member(self, admin: Member, role: Role) -> Member:
        """Another person of the admin's organization."""
        accounts = self.remote(Accounts)
        email = f"{new_id()}@example.com"
        accounts.create_user(admin.principal, NewUser(email=email, name=role.value.title(), password=PASSWORD, role=role))
        session = accounts.sign_in(email, PASSWORD)
        identity = accounts.authenticate(session.token)
        token = accounts.create_token(identity.principal, "tests").token
        return Member(identity, Api(self.url, token), email)
