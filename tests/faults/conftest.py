"""Faults happen to the whole system; whatever a test leaves dead is started again for the next one."""

from collections.abc import Iterator

import pytest

from tests.support.faults import bring_back
from tests.support.flights import Gate, add_report, add_source, closed_gate, report_text
from tests.support.system import Member, System


@pytest.fixture(autouse=True)
def _whole_again(system: System) -> Iterator[None]:
    yield
    bring_back(system)


@pytest.fixture
def gate(system: System) -> Iterator[Gate]:
    """Holds a run in the middle of its query until the test opens it."""
    with closed_gate(system) as gate:
        yield gate


@pytest.fixture
def gated_report(system: System, admin: Member, gate: Gate) -> str:
    """The id of a report whose run waits at the gate."""
    assert system.sample is not None
    return gate.add_report(admin, system.sample)


@pytest.fixture
def small_report(system: System, admin: Member) -> str:
    """The id of a report that is done in no time."""
    assert system.sample is not None
    add_source(admin, system.sample)
    return add_report(admin, report_text("select carrier, name from airlines order by carrier"))
