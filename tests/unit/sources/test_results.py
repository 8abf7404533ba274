"""A result as the API's JSON."""

import datetime as dt
import json
from decimal import Decimal

import msgspec
import pyarrow as pa

from broadsheet.sources.columns import TYPE_KEY
from broadsheet.sources.results import json_result

NOW = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


def column(values: list, kind: pa.DataType, name: str = "text") -> dict:
    table = pa.table([pa.array(values, kind)], schema=pa.schema([pa.field("c", kind, metadata={TYPE_KEY: name.encode()})]))
    return json.loads(json_result(table, NOW, False), parse_float=Decimal)


def test_numeric_keeps_every_digit_and_its_trailing_zeros():
    raw = column(["12345678901234567890.1230", "nan", None], pa.string(), "numeric")
    assert raw["data"] == [[Decimal("12345678901234567890.1230"), None, None]]


def test_what_json_cannot_say_is_null():
    assert column([1.5, float("nan"), float("inf"), None], pa.float64(), "number")["data"] == [[Decimal("1.5"), None, None, None]]


def test_times_are_rfc_3339_with_a_fraction_only_where_there_is_one():
    whole, half = dt.datetime(2013, 1, 1, 5), dt.datetime(2013, 1, 1, 5, 0, 0, 500000)  # noqa: DTZ001
    assert column([whole, None], pa.timestamp("us", "UTC"), "timestamp")["data"] == [["2013-01-01T05:00:00Z", None]]
    assert column([half], pa.timestamp("us"), "timestamp")["data"] == [["2013-01-01T05:00:00.500000Z"]]


def test_a_moment_is_the_clock_on_the_wall_with_its_offset():
    moments = [dt.datetime(2013, 1, 1, 5, tzinfo=dt.UTC), dt.datetime(2013, 7, 1, 4, tzinfo=dt.UTC), None]
    table = pa.table({"t": pa.array(moments, pa.timestamp("us", "UTC"))})
    data = json.loads(json_result(table, NOW, False, "America/New_York"))["data"]
    assert data == [["2013-01-01T00:00:00-05:00", "2013-07-01T00:00:00-04:00", None]]


def test_a_date_beyond_what_python_knows_does_not_break_the_result():
    assert column([2**31 - 1], pa.int32(), "integer")["row_count"] == 1
    table = pa.table([pa.array([2**31 - 1], pa.int32()).cast(pa.date32())], names=["c"])
    assert isinstance(msgspec.json.decode(json_result(table, NOW, False))["data"][0][0], str)


def test_json_is_embedded_as_json():
    assert column(['{"a": [1]}', None], pa.string(), "json")["data"] == [[{"a": [1]}, None]]


def test_an_empty_result_still_has_its_columns():
    assert column([], pa.string()) == {
        "columns": [{"name": "c", "type": "text"}],
        "data": [[]],
        "as_of": "2026-01-02T03:04:05.000Z",
        "row_count": 0,
        "truncated": False,
    }
