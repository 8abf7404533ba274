"""One reading statement, whatever the author typed around it."""

import pytest

from broadsheet.errors import QueryFailed, QueryNotReadOnly
from broadsheet.sources.statements import one_statement, wrapped


@pytest.mark.parametrize(
    ("sql", "body"),
    [
        ("select 1", "select 1"),
        ("select 1;", "select 1"),
        ("select 1 ; ;\n-- done;\n/* ; */ ", "select 1"),
        ("select ';'", "select ';'"),
        ("select '--'  -- a comment", "select '--'"),
        ("-- first\n(select 1) union (select 2)", "-- first\n(select 1) union (select 2)"),
    ],
)
def test_semicolons_and_comments_at_the_end_are_cut_off(sql, body):
    assert one_statement(sql) == body


@pytest.mark.parametrize("sql", ["delete from t", "  /* x */ INSERT into t values (1)", "drop table t", "(update t set a = 1)"])
def test_a_query_that_begins_as_a_write_is_refused(sql):
    with pytest.raises(QueryNotReadOnly):
        one_statement(sql)


@pytest.mark.parametrize(
    ("sql", "line", "column"),
    [
        ("", 1, 1),
        ("-- nothing", 1, 1),
        ("select 1;\nselect 2", 1, 9),
        ("select 1\n) q; commit", 2, 4),
        ("select 1\n) from (select 2", 2, 1),
        ("select (1", 1, 8),
        ("selec 1", 1, 1),
        ("explain select 1", 1, 1),
    ],
)
def test_a_mistake_has_its_line_and_column(sql, line, column):
    with pytest.raises(QueryFailed) as refused:
        one_statement(sql)
    assert (refused.value.errors[0].line, refused.value.errors[0].column) == (line, column)


def test_a_comment_at_the_end_cannot_swallow_the_closing_parenthesis():
    sql, prefix_length = wrapped("select 1 -- x", limit=3)
    assert sql == "select * from (\nselect 1 -- x\n) as q limit 3"
    assert sql[prefix_length:].startswith("select 1")
