"""What makes two statements the same question."""

import pytest

from tests.indexing.shapes import Exemption, call_of, comments, exemptions, shape, shape_and_comments, tokens


def test_statements_that_differ_in_values_have_one_shape() -> None:
    one = "select id from runs where organization_id = '018f'::uuid and attempts > 3 limit 51"
    other = "SELECT id\nFROM runs WHERE organization_id = '0190'::uuid AND attempts > 12.5 LIMIT 2"
    assert shape(one) == shape(other) == "select id from runs where organization_id = ?::uuid and attempts > ? limit ?"


def test_a_null_value_is_a_value_but_is_null_is_a_question() -> None:
    assert shape("insert into t values (null, true)") == shape("insert into t values ('a', false)")
    assert shape("select 1 from t where a is null") != shape("select 1 from t where a is not null")


@pytest.mark.parametrize("values", ["'a'", "'a', 'b'", "'a'::uuid, 'b'::uuid, 'c'::uuid"])
def test_lists_of_any_length_have_one_shape(values: str) -> None:
    assert shape(f"select 1 from t where a in ({values}, 'z')").startswith("select ? from t where a in (?")
    assert shape(f"select 1 from t where a in ({values}, 'z')").endswith("…)")


def test_inserting_one_more_row_is_the_same_shape_as_two() -> None:
    assert shape("insert into t (a, b) values (1, 'x'), (2, 'y')") == shape(
        "insert into t (a, b) values (1, 'x'), (2, 'y'), (3, 'z')"
    )


@pytest.mark.parametrize("value", ["'it''s /* no comment */'", r"E'\' /* no */'", "$x$ 'quoted' $x$", "'--'"])
def test_a_value_that_looks_like_sql_stays_a_value(value: str) -> None:
    assert shape(f"select {value} from t -- the end") == "select ? from t"
    assert "".join(token.text for token in tokens(f"select {value}")) == f"select {value}"


def test_the_call_is_read_from_the_last_comment() -> None:
    said = "select '/*method=''evil''*/' /*call='7',method='catalog.get_report',request='a%27b'*/"
    assert call_of(said) == {"call": "7", "method": "catalog.get_report", "request": "a'b"}
    assert call_of("select 1") == {}


def test_an_exemption_has_a_kind_and_a_reason() -> None:
    assert exemptions("select /* exempt sort: ten rows in life */ a from t") == [Exemption("sort", "ten rows in life")]
    assert exemptions("select /* exempt full-scan */ a from t") == [Exemption("full-scan", "")]
    assert exemptions("select '/* exempt sort: no */' from t") == []


@pytest.mark.parametrize(
    "sql",
    [
        "select 'it''s /* no */', E'\\' /* no */', $x$ 'q' $x$, a1, \"b'2\" from t where x = -1 /* exempt sort: r */ and z is null",
        "insert into t (a, b) values (1, null, E'x'), (2, true, 'y') /*call='7',method='runs.claim'*/",
    ],
)
def test_the_fast_way_to_a_shape_finds_the_same(sql: str) -> None:
    assert shape_and_comments(sql) == (shape(sql), comments(sql))
