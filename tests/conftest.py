"""Real servers for the whole run: started once, on free ports, in a folder that PostgreSQL's own account can reach."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from broadsheet.local.stack import Stack
from tests.indexing.collecting import LOG_EVERY_STATEMENT
from tests.support.system import Member, System

pytest_plugins = ["tests.indexing.plugin"]


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """PostgreSQL with a replica, Redis, RabbitMQ and Kafka. A test that kills one brings it back."""
    home = Path(tempfile.mkdtemp(prefix="broadsheet-tests-", dir="/tmp"))
    stack = Stack(home, durable=False, postgres_settings=LOG_EVERY_STATEMENT)
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def system(stack: Stack) -> Iterator[System]:
    """All of Broadsheet, every process real, over the run's servers. A test that kills a process starts it again."""
    home = Path(tempfile.mkdtemp(prefix="broadsheet-system-", dir="/tmp"))
    system = System(stack, home)
    try:
        system.start()
        yield system
    finally:
        system.stop()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def admin(system: System) -> Member:
    """The admin of an organization of this test's own."""
    return system.organization()
