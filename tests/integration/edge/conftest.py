"""One organization that reads the flights, for tests that only look."""

import pytest

from tests.support.system import Member, System
from tests.support.workplace import Json, add_report, replica_address, workplace


@pytest.fixture(scope="session")
def reader(system: System) -> Member:
    """The admin of an organization with the flights sample, from a replica as well."""
    return workplace(system, replicas=[replica_address(system)])


@pytest.fixture(scope="session")
def airlines(reader: Member) -> Json:
    """A report of the sixteen airlines."""
    return add_report(reader, title="Airlines")
