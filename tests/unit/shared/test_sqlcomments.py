"""Statements say which call they belong to, and nothing in what they say can change them."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from broadsheet import sqlcomments


@pytest.fixture(autouse=True)
def said_nothing_afterwards() -> Iterator[None]:
    yield
    sqlcomments.bind()


def _said(statement: str) -> str:
    """What the driver is given for a statement."""
    engine = sqlcomments.install(sa.create_engine("sqlite://"))
    given: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda *told: given.append(told[2]))
    with engine.connect() as connection:
        connection.execute(sa.text(statement))
    return given[0]


def test_a_statement_says_its_call_at_its_end() -> None:
    sqlcomments.bind(method="catalog.get_report", call="7")
    assert _said("select 1") == "select 1 /*call='7',method='catalog.get_report'*/"


def test_what_is_not_known_is_left_out() -> None:
    sqlcomments.bind(method="catalog.get_report", request=None)
    assert _said("select 1") == "select 1 /*method='catalog.get_report'*/"


def test_outside_of_a_call_a_statement_stays_as_it_is() -> None:
    sqlcomments.bind(method="catalog.get_report")
    sqlcomments.bind()
    assert _said("select 1") == "select 1"


@pytest.mark.parametrize("value", ["*/ drop table runs", "a'b", 'a"b', "/*", "a\nb", "100%"])
def test_no_value_ends_the_comment_or_its_quotes(value: str) -> None:
    sqlcomments.bind(request=value)
    said = _said("select 1").removeprefix("select 1 /*request='").removesuffix("'*/")
    assert not set(said) & set("'\"*/\n ")
    assert said.count("%%") * 2 == said.count("%")


def test_a_long_value_is_cut() -> None:
    sqlcomments.bind(request="x" * 5000)
    assert len(_said("select 1")) < 200
