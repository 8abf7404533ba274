"""Values become literals, and never SQL."""

import datetime as dt
from decimal import Decimal

import pytest

from broadsheet.documents.model import ParameterType
from broadsheet.errors import InvalidParameters
from broadsheet.sources.binding import bind, literal


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "(NULL)"),
        (True, "(TRUE)"),
        (-1, "(-1)"),
        (1.5, "('1.5'::float8)"),
        (float("-inf"), "('-Infinity'::float8)"),
        (Decimal("1.10"), "('1.10'::numeric)"),
        (dt.date(2013, 1, 1), "('2013-01-01'::date)"),
        (dt.datetime(2013, 1, 1, 5, tzinfo=dt.UTC), "('2013-01-01T05:00:00+00:00'::timestamptz)"),
        ("O'Hare", "('O''Hare')"),
        ("back\\slash", "(E'back\\\\slash')"),
        ("two\nlines", "(E'two\\nlines')"),
        (["a", "b'"], "(ARRAY['a','b''']::text[])"),
        ([1, 2], "(ARRAY[1,2]::bigint[])"),
        ([dt.date(2013, 1, 1)], "(ARRAY['2013-01-01'::date]::date[])"),
        ([], "(ARRAY[]::text[])"),
    ],
)
def test_a_value_is_a_typed_literal_in_parentheses(value, expected):
    assert literal(value) == expected


def test_an_empty_list_takes_the_declared_type_of_its_elements():
    assert bind("select :n", {"n": []}, element_types={"n": ParameterType.NUMBER}) == "select (ARRAY[]::numeric[])"


def test_names_in_strings_and_comments_and_casts_stay():
    sql = "select ':x', a::date, b[1:2] -- :x\nfrom t where c = :x"
    assert bind(sql, {"x": "v"}) == sql.replace("c = :x", "c = ('v')")


def test_an_attribute_that_nobody_set_is_null():
    assert bind("select :user.region", {}, {}) == "select (NULL)"
    assert bind("select :user.region", {}, {"user.region": "EU"}) == "select ('EU')"


def test_line_numbers_survive_a_value_with_line_breaks():
    assert bind("select :x,\n nosuch", {"x": "a\nb\r\nc"}).count("\n") == 1


@pytest.mark.parametrize("value", ["a\0b", "\ud800", ["ok", "\0"], Decimal("Infinity"), object()])
def test_what_no_database_can_hold_is_refused_with_the_parameters_name(value):
    with pytest.raises(InvalidParameters) as refused:
        bind("select :x", {"x": value})
    assert refused.value.errors[0].pointer == "/params/x"


def test_a_parameter_without_a_value_is_refused():
    with pytest.raises(InvalidParameters, match="carrier has no value"):
        bind("select :carrier", {})
