"""What an author learns of a query before it is slow, through the API."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
import pytest

from tests.support.problems import assert_problem
from tests.support.system import Member, System
from tests.support.texts import one_query
from tests.support.workplace import Json, add_report, data, viewer_of, workplace

SQL = "select * from flights where distance = :distance"
FRONT = "params:\n  distance: {type: number, default: 17}"


@pytest.fixture(scope="module")
def author(system: System) -> Member:
    return workplace(system)


@pytest.fixture(scope="module")
def scanning(author: Member) -> Json:
    return add_report(author, one_query(SQL, front=FRONT))


@contextmanager
def hypopg(system: System) -> Iterator[None]:
    """HypoPG in the sample's database."""
    url = system.stack.endpoints.primary_url("flights").replace("+psycopg2", "")
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("create extension hypopg")
        try:
            yield
        finally:
            cursor.execute("drop extension hypopg")


def plan(member: Member, report: Json, arguments: str = "") -> Json:
    answer = member.api.get(f"/reports/{report['id']}/queries/numbers/plan?{arguments}")
    assert answer.status == 200, answer.body
    found: Json = answer.json
    return found


def test_a_full_scan_is_said_in_plain_words_and_an_index_is_a_guess_without_hypopg(author: Member, scanning: Json) -> None:
    found = plan(author, scanning, "param.distance=200")
    scan, index = found["hints"]
    assert scan["message"].startswith("Reads all 336,776 rows of flights to keep about ")
    assert index["message"] == "An index on flights(distance) may help (not checked: the server has no HypoPG)."
    assert (index["statement"], index.get("factor")) == ("create index on flights (distance)", None)
    assert any("Seq Scan on flights" in line for line in found["lines"])


def test_an_index_is_named_with_what_it_brings_where_hypopg_is(system: System, author: Member, scanning: Json) -> None:
    with hypopg(system):
        _, index = plan(author, scanning)["hints"]
    assert index["factor"] > 2
    assert index["message"] == f"An index on flights(distance) would make this {index['factor']:.1f} × cheaper."


def test_a_plan_is_for_authors(system: System, author: Member, scanning: Json) -> None:
    viewer = viewer_of(system, author)
    assert_problem(viewer.api.get(f"/reports/{scanning['id']}/queries/numbers/plan"), 403, "forbidden")
    assert_problem(author.api.get(f"/reports/{scanning['id']}/queries/nosuch/plan"), 404, "not_found")


def test_a_mistake_in_a_query_says_its_line_in_the_report(author: Member) -> None:
    text = one_query("select carrier,\n  nosuch\nfrom airlines")
    line = text[: text.index("nosuch")].count("\n") + 1
    report = add_report(author, text)
    for answer in (data(author, report), author.api.get(f"/reports/{report['id']}/queries/numbers/plan")):
        problem = assert_problem(answer, 422, "query_failed")
        assert (problem["errors"][0]["line"], problem["errors"][0]["column"]) == (line, 3)
