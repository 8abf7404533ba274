"""A literal is worth, in PostgreSQL, exactly the value it was made from."""

import datetime as dt
from decimal import Decimal

import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broadsheet.sources.binding import bind, literal

SETTINGS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | st.text(
    st.sampled_from("'\"\\\n\r$:;-/*% eEuU&")
)


@pytest.fixture(scope="module")
def cursor(source_url):
    connection = psycopg2.connect(source_url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        yield cursor
    connection.close()


def value_of(cursor, expression: str):
    cursor.execute(f"select {expression}")
    return cursor.fetchone()[0]


@SETTINGS
@given(text=TEXT, conforming=st.sampled_from(["on", "off"]))
def test_hostile_text_comes_back_as_it_went(cursor, text, conforming):
    cursor.execute(f"set standard_conforming_strings = {conforming}")
    assert value_of(cursor, literal(text)) == text


@SETTINGS
@given(texts=st.lists(TEXT | st.none()))
def test_lists_of_hostile_text_come_back_as_they_went(cursor, texts):
    assert value_of(cursor, literal(texts)) == texts


@SETTINGS
@given(value=st.integers(-(2**70), 2**70) | st.booleans() | st.dates() | st.floats(allow_nan=False) | st.none())
def test_plain_values_come_back_as_they_went(cursor, value):
    assert value_of(cursor, literal(value)) == value


@SETTINGS
@given(value=st.decimals(allow_nan=False, allow_infinity=False, places=6))
def test_decimals_keep_their_digits(cursor, value):
    assert str(value_of(cursor, literal(value))) == format(value, "f")


@SETTINGS
@given(text=TEXT)
def test_a_value_cannot_join_what_the_author_wrote_around_it(cursor, text):
    sql = bind("select length('a' || :x || 'b') = length(:x) + 2 where :x = :x -- :x", {"x": text})
    cursor.execute(sql)
    assert cursor.fetchall() == [(True,)]


def test_text_takes_the_type_that_its_place_asks_for(cursor):
    identity = "7f3c0a52-6c7d-4b5e-9d6b-0d6f3c0a5270"
    assert value_of(cursor, bind(":x = gen_random_uuid()", {"x": identity})) is False
    assert value_of(cursor, bind("'good'::mood = :x", {"x": "good"})) is True
    assert value_of(cursor, bind("5 - :n", {"n": -1})) == 6
    assert value_of(cursor, bind("date_trunc('month', :d)::date", {"d": dt.date(2013, 1, 31)})) == dt.date(2013, 1, 1)
    assert value_of(cursor, bind("2 = any(:l)", {"l": [1, 2]})) is True
    assert value_of(cursor, bind("(:l)[1]", {"l": [Decimal("1.5")]})) == Decimal("1.5")
