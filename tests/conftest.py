"""Real servers for the whole run: started once, on free ports, in a folder that PostgreSQL's own account can reach."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from broadsheet.local.stack import Stack


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """PostgreSQL with a replica, Redis, RabbitMQ and Kafka. A test that kills one brings it back."""
    home = Path(tempfile.mkdtemp(prefix="broadsheet-tests-", dir="/tmp"))
    stack = Stack(home, durable=False)
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()
        shutil.rmtree(home, ignore_errors=True)
