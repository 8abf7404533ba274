"""The system without its renderer: here the tests are the workers."""

from collections.abc import Iterator

import pytest

from broadsheet.contracts.runs import Runs
from tests.support.system import Member, System
from tests.support.workplace import Json, add_report, workplace


@pytest.fixture(scope="module")
def idle_system(system: System) -> Iterator[System]:
    """Nobody claims runs but the tests."""
    renderer = system.processes["renderer"]
    renderer.stop()
    yield system
    renderer.start()
    renderer.wait_ready()


@pytest.fixture(scope="module")
def runs(idle_system: System) -> Runs:
    """The runs service, past the edge."""
    return idle_system.remote(Runs)


@pytest.fixture
def desk(idle_system: System) -> Member:
    """An organization of this test's own: its limit of concurrent runs is its own, too."""
    return workplace(idle_system)


@pytest.fixture
def report(desk: Member) -> Json:
    return add_report(desk)
