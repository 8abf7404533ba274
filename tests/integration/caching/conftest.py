"""One organization that reads the flights from a replica as well, and whatever a test left dead brought back."""

from collections.abc import Iterator

import pytest

from tests.support.faults import bring_back
from tests.support.system import Member, System
from tests.support.workplace import replica_address, workplace


@pytest.fixture(scope="module")
def reader(system: System) -> Iterator[Member]:
    """The admin of the organization."""
    yield workplace(system, replicas=[replica_address(system)])
    bring_back(system)
