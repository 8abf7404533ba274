"""What makes a data source valid."""

from typing import Any

import pytest

from broadsheet.contracts.catalog import NewDataSource
from broadsheet.errors import InvalidInput
from services.catalog.rules import check_source


def _source(**changes: Any) -> NewDataSource:
    values: dict[str, Any] = {"name": "flights", "host": "db.example.com", "database": "flights", "user": "reader"} | changes
    return NewDataSource(**values)


def _pointers(source: NewDataSource) -> list[str]:
    with pytest.raises(InvalidInput) as refused:
        check_source(source)
    return [problem.pointer for problem in refused.value.errors]


def test_a_right_data_source_is_fine() -> None:
    check_source(_source(port=1, replicas=["replica-1:5432", "10.0.0.2:5433"]))


def test_every_mistake_is_told_at_once() -> None:
    source = _source(name="Flights!", kind="oracle", host="a b", port=0, database=" ", user="", replicas=["ok:1", "no port"])
    assert _pointers(source) == ["/name", "/kind", "/host", "/port", "/database", "/user", "/replicas/1"]


@pytest.mark.parametrize("name", ["", "1flights", "Flights", "a b", "ä", "a" * 64, "flights\n"])
def test_a_name_that_a_report_could_not_write_is_refused(name: str) -> None:
    assert _pointers(_source(name=name)) == ["/name"]


@pytest.mark.parametrize("port", [-1, 0, 65536])
def test_a_port_that_cannot_be_is_refused(port: int) -> None:
    assert _pointers(_source(port=port)) == ["/port"]


@pytest.mark.parametrize("host", ["", "db.example.com/other", "user@db.example.com", "db:5432", "db?sslmode=disable", "a b"])
def test_a_host_that_would_change_the_rest_of_the_address_is_refused(host: str) -> None:
    assert _pointers(_source(host=host)) == ["/host"]


@pytest.mark.parametrize("replica", ["db", "db:", "db:port", "user@db:1", "db:1/other", "db:99999", "db:0"])
def test_a_replica_is_a_host_and_a_port_and_nothing_more(replica: str) -> None:
    assert _pointers(_source(replicas=[replica])) == ["/replicas/0"]
