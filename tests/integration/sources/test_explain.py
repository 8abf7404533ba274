"""What an author learns of a query before it is slow, with HypoPG in the database and without."""

from collections.abc import Iterator
from contextlib import closing

import psycopg2
import pytest

from broadsheet.errors import QueryFailed, QueryNotReadOnly
from broadsheet.sources.base import SourceUrl
from broadsheet.sources.postgres import PostgresSource

SELECTIVE = "select * from trips where carrier = 'c7' and distance > 990"


@pytest.fixture(scope="module", params=[True, False], ids=["with HypoPG", "without HypoPG"])
def database(request, stack) -> tuple[str, bool]:
    name = "explained" if request.param else "explained_plainly"
    for database, statements in (
        ("postgres", [f"create database {name}"]),
        (
            name,
            [
                """create table trips as
                   select n, 'c' || n % 20 as carrier, n % 1000 as distance, md5(n::text) as note, '{}'::json as more
                   from generate_series(1, 200000) as n""",
                "create index on trips (n)",
                "vacuum analyze trips",
                *(["create extension hypopg"] if request.param else []),
            ],
        ),
    ):
        with closing(psycopg2.connect(stack.endpoints.primary_url(database).replace("+psycopg2", ""))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
    return stack.endpoints.primary_url(name).replace("+psycopg2", ""), request.param


@pytest.fixture
def explained(database) -> Iterator[PostgresSource]:
    with closing(PostgresSource(SourceUrl(database[0]))) as source:
        yield source


def explain(source, sql):
    with source.snapshot() as snapshot:
        return snapshot.explain(sql)


def test_a_full_scan_is_said_and_an_index_named_with_what_it_brings_where_that_can_be_checked(explained, database):
    report = explain(explained, SELECTIVE)
    scan, index = report.hints
    assert scan.message.startswith("Reads all 200,000 rows of trips to keep about ")
    assert index.statement == "create index on trips (carrier, distance)"
    if database[1]:
        assert index.factor is not None
        assert index.factor > 10
        assert index.message == f"An index on trips(carrier, distance) would make this {index.factor:.0f} × cheaper."
    else:
        assert index.factor is None
        assert index.message == "An index on trips(carrier, distance) may help (not checked: the server has no HypoPG)."
    assert "Seq Scan on trips" in "\n".join(report.lines)
    assert report.cost > 1000
    assert 0 < report.rows < 2000


def test_an_index_that_would_not_help_enough_is_not_named(explained, database):
    hints = explain(explained, "select * from trips where distance > 10").hints
    assert [hint.kind for hint in hints] == (["full_scan"] if database[1] else ["full_scan", "index"])


def test_an_index_that_is_there_is_not_named(explained):
    assert explain(explained, "select * from trips where n = 7").hints == ()


def test_a_sort_is_said(explained):
    assert "Sorts about 200,000 rows." in [
        hint.message for hint in explain(explained, "select * from trips order by note, n").hints
    ]


def test_a_column_without_an_order_does_not_spoil_the_other_hints(explained):
    assert explain(explained, "select * from trips where more is null and carrier = 'c1'").lines


def test_nothing_imagined_stays_in_the_session(explained, database):
    explain(explained, SELECTIVE)
    with explained.snapshot() as snapshot:
        if database[1]:
            assert snapshot.fetch("select count(*) as n from hypopg_list_indexes").table["n"][0].as_py() == 0
        assert snapshot.fetch("select current_setting('statement_timeout') as t").table["t"][0].as_py() == "1min"


def test_a_snapshot_is_read_on_after_it_was_asked_for_a_plan(explained):
    with explained.snapshot() as snapshot:
        snapshot.explain(SELECTIVE)
        assert snapshot.fetch("select count(*) as n from trips").table["n"][0].as_py() == 200_000


def test_a_mistake_has_its_line_and_column_and_nothing_is_run(explained):
    with pytest.raises(QueryFailed, match='column "nosuch" does not exist') as refused:
        explain(explained, "select n,\n       nosuch\nfrom trips")
    assert (refused.value.errors[0].line, refused.value.errors[0].column) == (2, 8)
    with pytest.raises(QueryNotReadOnly):
        explain(explained, "with gone as (delete from trips returning n) select * from gone")
    with pytest.raises(QueryFailed):
        explain(explained, "select 1) as q; delete from trips; select (1")
