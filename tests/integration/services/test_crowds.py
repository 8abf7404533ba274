"""Many who wait for one answer: they hold up nobody else."""

from concurrent.futures import ThreadPoolExecutor

from broadsheet.settings import Settings
from tests.support.flights import closed_gate
from tests.support.system import System
from tests.support.workplace import add_report, data, workplace


def test_more_readers_than_workers_who_wait_for_one_query_hold_up_no_other(system: System) -> None:
    member = workplace(system)
    other = add_report(member, sql="select 1 as one")
    crowd = Settings().service_workers + 8
    with closed_gate(system) as gate, ThreadPoolExecutor(crowd) as pool:
        awaited = add_report(member, sql=gate.sql)
        try:
            readers = [pool.submit(data, member, awaited) for _ in range(crowd)]
            gate.wait_for_query()
            assert data(member, other).status == 200
            assert len(gate.waiting()) == 1
        finally:
            gate.open()
    assert {reader.result().status for reader in readers} == {200}
