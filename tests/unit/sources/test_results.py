"""A result as the API's JSON."""

import datetime as dt
import json
from decimal import Decimal

import msgspec
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from broadsheet.sources.columns import TYPE_KEY
from broadsheet.sources.results import json_column, json_result

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


def test_an_array_is_a_list():
    assert column(["[1,null,[2]]", None], pa.string(), "array")["data"] == [[[1, None, [2]], None]]


#: Before 1972 there were offsets with seconds, which RFC 3339 can not say.
MOMENT = st.floats(63_072_000, 4_102_444_800).map(lambda seconds: dt.datetime.fromtimestamp(seconds, dt.UTC))
VALUES = {
    "integer": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "number": (pa.float64(), st.floats()),
    "numeric": (pa.string(), st.decimals().map(str) | st.sampled_from(["1.10", "-0", "0.000", "nan", "NaN", "007", "Infinity"])),
    "boolean": (pa.bool_(), st.booleans()),
    "date": (pa.date32(), st.dates()),
    "timestamp": (pa.timestamp("us", "UTC"), MOMENT | MOMENT.map(lambda moment: moment.replace(microsecond=0))),
    "text": (pa.string(), st.text() | st.sampled_from(['"', "\\", "\n", "\x00", "\x1f", "\x7f", "\u2028", "ü", "😀", "plain"])),
    "json": (pa.string(), st.recursive(st.none() | st.text() | st.integers(), st.lists).map(json.dumps)),
}
ZONES = ("UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
COLUMN = st.sampled_from(sorted(VALUES)).flatmap(lambda name: st.tuples(st.just(name), st.lists(VALUES[name][1] | st.none())))


@settings(max_examples=400, deadline=None)
@given(drawn=COLUMN, cuts=st.lists(st.integers(0, 20), max_size=2), zone=st.sampled_from(ZONES))
def test_a_column_is_written_as_its_values_one_by_one_would_be(drawn, cuts, zone):
    name, values = drawn
    kind = VALUES[name][0]
    field = pa.field("c", kind, metadata={TYPE_KEY: name.encode()})
    pieces = [piece for cut in cuts for piece in (values[:cut], values[cut:])] or [values]
    chunks = pa.chunked_array([pa.array(piece, kind) for piece in pieces], kind)
    table = pa.Table.from_arrays([chunks], schema=pa.schema([field]))
    written = msgspec.json.decode(json_result(table, NOW, False, zone), type=Written).data[0]
    assert bytes(written) == msgspec.json.Encoder(decimal_format="number").encode(json_column(chunks, field, zone))
    assert msgspec.json.decode(json_result(table.slice(1, 2), NOW, False, zone))["row_count"] <= 2


class Written(msgspec.Struct):
    data: list[msgspec.Raw]


@given(moment=MOMENT, zone=st.sampled_from(ZONES))
def test_a_moment_is_written_as_python_would(moment, zone):
    raw = json_result(pa.table({"t": pa.array([moment], pa.timestamp("us", "UTC"))}), NOW, False, zone)
    assert dt.datetime.fromisoformat(json.loads(raw)["data"][0][0]) == moment


def test_an_empty_result_still_has_its_columns():
    assert column([], pa.string()) == {
        "columns": [{"name": "c", "type": "text"}],
        "data": [[]],
        "as_of": "2026-01-02T03:04:05.000Z",
        "row_count": 0,
        "truncated": False,
    }
