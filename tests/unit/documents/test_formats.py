import datetime as dt
import html
import random
import re
from decimal import Decimal

import pytest
import vl_convert

from broadsheet.documents.formats import MINUS, format_date, format_number, format_value, is_date_format, mistake_in


def d3(pairs):
    """What d3-format in a browser's engine gives for each (value, format)."""
    values = [{"value": value, "format": format} for value, format in pairs]
    text = {"type": "formula", "as": "text", "expr": "'[' + format(datum.value, datum.format) + ']'"}
    mark = {"type": "text", "from": {"data": "table"}, "encode": {"enter": {"text": {"field": "text"}, "limit": {"value": 0}}}}
    spec = {"width": 10, "height": 10, "data": [{"name": "table", "values": values, "transform": [text]}], "marks": [mark]}
    found = [html.unescape(text) for text in re.findall(r">\[([^<]*)\]<", vl_convert.vega_to_svg(spec))]
    assert len(found) == len(pairs)
    return found


FORMATS = [
    plus + currency + comma + precision + trim + kind
    for plus in ("", "+")
    for currency, comma in (("", ""), ("", ","), ("$", ","))
    for precision in ("", ".0", ".1", ".3", ".20")
    for trim in ("", "~")
    for kind in ("", "f", "d", "%", "e", "g", "s")
    if not (currency and kind == "%")
]
TIES = [0, 1, -1, 0.5, 1.5, 2.5, -0.5, 0.05, 0.005, 1.005, 0.125, 999.5, 999999.5, 9.995, -0.001, 0.1 + 0.2]
EDGES = [1e21, 1e22, 1e-7, 1.5e-7, 1e15, 9007199254740991, 1e-6, 1e27, 1e-25, 1e300, 1e-300, 123456789.123, -1234567.891]


@pytest.mark.parametrize("group", range(2))
def test_numbers_look_as_d3_format_shows_them_in_the_browser(group):
    chance = random.Random(group)
    scattered = [chance.uniform(-1, 1) * 10 ** chance.randint(-12, 25) for _ in range(3)]
    pairs = [(value, format) for value in (TIES + EDGES)[group::2] + scattered for format in FORMATS]
    wrong = [(value, format, theirs, ours) for (value, format), theirs in zip(pairs, d3(pairs), strict=True)
             if (ours := format_number(value, format)) != theirs]  # fmt: skip
    assert wrong == []


@pytest.mark.parametrize(
    ("value", "type", "shown"),
    [
        (None, "integer", "–"),
        (1234567, "integer", "1,234,567"),
        (1234.5678, "number", "1,234.57"),
        (1234.0, "number", "1,234"),
        (0.012345, "number", "0.0123"),
        (0.0, "number", "0"),
        ("12.50", "numeric", "12.5"),
        (Decimal("-3.25"), "numeric", f"{MINUS}3.25"),
        (True, "boolean", "yes"),
        ("2013-01-31", "date", "2013-01-31"),
        (dt.date(2013, 1, 31), "date", "2013-01-31"),
        ("2013-01-31T05:06:07Z", "timestamp", "2013-01-31 05:06"),
        ("2013-01-31", "text", "2013-01-31"),
        ("not a date", "date", "not a date"),
        ({"a": [1]}, "json", '{"a": [1]}'),
        (float("nan"), "number", "NaN"),
        ("x", None, "x"),
    ],
)
def test_without_a_format_the_type_decides(value, type, shown):
    assert format_value(value, None, type) == shown


def test_an_integer_too_large_for_a_double_keeps_its_digits():
    assert format_value(12345678901234567891, None, "integer") == "12,345,678,901,234,567,891"
    assert format_value(-(2**63), ",d") == f"{MINUS}9,223,372,036,854,775,808"


def test_numbers_beyond_a_double_do_not_fail():
    assert format_value(10**400, ".1f") == "Infinity"
    assert format_value(Decimal("1e400"), ".1f") == "Infinity"


@pytest.mark.parametrize(
    ("format", "shown"),
    [
        ("%b %Y", "Mar 2013"),
        ("%A %-d %B %Y", "Tuesday 5 March 2013"),
        ("%a %e %m/%d/%y", "Tue  5 03/05/13"),
        ("%H:%M:%S.%L %p", "14:05:09.120 PM"),
        ("%-I%p Q%q day %j", "2PM Q1 day 064"),
        ("100%%", "100%"),
        ("%Y%m%d", "20130305"),
    ],
)
def test_dates_follow_a_strftime_pattern_in_english(format, shown):
    assert format_date(dt.datetime(2013, 3, 5, 14, 5, 9, 120_000, tzinfo=dt.UTC), format) == shown
    assert mistake_in(format) is None


def test_dates_before_1900_and_short_years_are_shown():
    assert format_date(dt.date(33, 4, 3), "%Y-%m-%d %a") == "0033-04-03 Sun"


def test_a_format_that_does_not_fit_the_value_is_ignored():
    assert format_value("text", ".1f") == "text"
    assert format_value(dt.date(2013, 1, 1), ".1f") == "2013-01-01"
    assert format_value(5, "%b %Y") == "5"


@pytest.mark.parametrize(
    ("format", "is_date"), [(".1%", False), ("%", False), ("%b", True), ("%Y", True), (",d", False), ("+.0%", False)]
)
def test_a_percentage_is_not_taken_for_a_date(format, is_date):
    assert is_date_format(format) is is_date


@pytest.mark.parametrize("format", ["x", ".1q", "1.5f", ".21f", "%Q", "%Y %!%k", ",,d", "$.1%", "(.1f", "d" * 10, ".1f "])
def test_a_format_outside_the_subset_is_a_mistake(format):
    message, hint = mistake_in(format) or ("", "")
    assert message
    assert hint
