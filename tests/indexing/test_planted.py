"""The judges themselves, on real tables and real logs: whatever is planted is found and said so that it can be repaired."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from psycopg2.extensions import cursor as Cursor

from broadsheet.database import Database
from broadsheet.local.stack import Stack
from tests.indexing import planted, volumes
from tests.indexing.collecting import by_shape, issued
from tests.indexing.findings import Finding
from tests.indexing.indexes import bare_foreign_keys, unused
from tests.indexing.plans import Judge, bad_exemptions, needed
from tests.indexing.plugin import Verdict, connect, verdict_on
from tests.support.waiting import until

_ROLE = "broadsheet_shop"
_LAST_METHOD = "shop.names_of_a_few"


@dataclass(frozen=True)
class Shop:
    """The planted shop, judged; ``cursor`` is the superuser's."""

    verdict: Verdict
    cursor: Cursor

    def found(self, method: str) -> list[Finding]:
        """What is wrong with what a method asks, and not exempt."""
        return [
            finding
            for judged in self.verdict.statements
            for finding in needed(judged.findings, judged.shape)
            if f"shop.{method}" in finding.methods
        ]

    def exemptions_of(self, method: str) -> list[Finding]:
        """What is wrong with its exemptions."""
        return [
            finding
            for judged in self.verdict.statements
            if f"shop.{method}" in judged.shape.methods
            for finding in bad_exemptions(judged.shape, judged.findings)
        ]


@pytest.fixture(scope="module")
def shop(stack: Stack) -> Iterator[Shop]:
    with closing(connect(stack, "postgres")) as connection, connection.cursor() as cursor:
        cursor.execute(f"create role {_ROLE} login password 'shop'")
        cursor.execute(f"create database shop owner {_ROLE}")
    database = Database(stack.endpoints.primary_url("shop", _ROLE, "shop"), schema="shop")
    try:
        with closing(connect(stack, "shop")) as connection, connection.cursor() as cursor:
            cursor.execute(f"create schema shop authorization {_ROLE}")
            _make_tables(stack)
            planted.ask(database)
            until(lambda: _calls_logged(stack) == 2, within_seconds=5, what="the last statements in the log")
            volumes.seed(lambda: connect(stack, "shop"), planted.VOLUMES)
            shapes = [shape for shape in by_shape(issued(stack, "shop")) if any(name.startswith("shop.") for name in shape.methods)]
            yield Shop(verdict_on(shapes, Judge(cursor, ["shop"])), cursor)
    finally:
        database.dispose()
        with closing(connect(stack, "postgres")) as connection, connection.cursor() as cursor:
            cursor.execute("drop database shop (force)")
            cursor.execute(f"drop role {_ROLE}")


def _make_tables(stack: Stack) -> None:
    """As a migration does: in the name of the service's role, not as the service."""
    engine = sa.create_engine(stack.endpoints.primary_url("shop", _ROLE, "shop"))
    planted.metadata.create_all(engine)
    engine.dispose()


def _calls_logged(stack: Stack) -> int:
    """How many calls of the last method are in the log, as far as it is written."""
    shapes = by_shape(issued(stack, "shop"))
    return len(
        {call for shape in shapes for (method, call), times in shape.by_call.items() if method == _LAST_METHOD and times == 5}
    )


@pytest.mark.parametrize("method", ["page", "open_orders", "report", "names_of_a_few"])
def test_a_good_statement_is_not_complained_about(shop: Shop, method: str) -> None:
    assert any(f"shop.{method}" in judged.shape.methods for judged in shop.verdict.statements)
    assert shop.found(method) == []


@pytest.mark.parametrize(
    ("method", "kind", "advice"),
    [
        ("all_since", "full-scan", "create an index on shop.orders (placed_at)"),
        ("backwards", "full-scan", "create an index on shop.orders"),
        ("latest", "sort", "create an index on shop.orders (organization_id, placed_at)"),
    ],
)
def test_a_slow_statement_is_told_with_table_method_and_advice(shop: Shop, method: str, kind: str, advice: str) -> None:
    [finding] = [finding for finding in shop.found(method) if finding.kind == kind]
    told = str(finding)
    assert told.startswith(f"{kind}: shop.orders: ")
    assert f"shop.{method}" in told
    assert "FROM shop.orders" in told
    assert advice in told


def test_a_read_without_an_end_is_told_however_the_planner_would_do_it(shop: Shop) -> None:
    """By the index, or, where old rows are still kept for somebody, by reading the whole table."""
    [finding] = shop.found("all_of_organization")
    assert finding.kind in ("many-rows", "full-scan")
    assert "shop.all_of_organization" in str(finding)


def test_a_statement_for_each_row_is_told_with_its_method(shop: Shop) -> None:
    [finding] = shop.found("names_one_by_one")
    assert finding.kind == "repeated"
    assert "issued it 6 times" in finding.what
    assert "from shop.customers where" in finding.statement
    assert "ask once for all rows" in finding.advice


def test_a_foreign_key_without_an_index_is_told(shop: Shop) -> None:
    [finding] = bare_foreign_keys(shop.cursor, ["shop"])
    assert finding.subject == "shop.orders"
    assert "customer_id" in finding.what
    assert "create an index on shop.orders (customer_id" in finding.advice


def test_an_index_that_no_plan_uses_is_told_unless_there_is_a_reason(shop: Shop) -> None:
    [finding] = unused(shop.cursor, ["shop"], shop.verdict.used, {})
    assert finding.subject == "shop.orders_by_note"
    assert "drop it" in finding.advice
    assert unused(shop.cursor, ["shop"], shop.verdict.used, {"shop.orders_by_note": "people search by hand"}) == []


def test_a_table_that_nobody_declared_is_told(shop: Shop) -> None:
    [finding] = volumes.undeclared(shop.cursor, planted.VOLUMES, ["shop"])
    assert finding.subject == "shop.baskets"
    assert "VOLUMES" in finding.advice


def test_a_declaration_that_makes_no_rows_says_so(shop: Shop, stack: Stack) -> None:
    impossible = {"shop.baskets": volumes.Volume(10, "id", "volume.id(1, 1)")}
    shop.cursor.execute("drop schema volume cascade")
    with pytest.raises(volumes.SeedFailed, match=r"shop\.baskets does not take its rows"):
        volumes.seed(lambda: connect(stack, "shop"), impossible)


@pytest.mark.parametrize(
    ("method", "what"),
    [("silent", "it gives no reason"), ("needless", "nothing is wrong any more")],
)
def test_an_exemption_without_reason_or_need_is_told(shop: Shop, method: str, what: str) -> None:
    [finding] = shop.exemptions_of(method)
    assert finding.what == what


def test_an_exemption_with_a_reason_that_is_needed_is_fine(shop: Shop) -> None:
    assert shop.exemptions_of("report") == []
