"""One query's result as the JSON of the API: columns, then one list of values per column.

Columnar, because names are said once and a browser builds typed arrays from it. Two things a reader would get wrong: ``numeric`` is a
JSON number with *all* its digits, so it is written from text, not through a float; a moment is written as the clock on the wall shows it
in the reader's time zone, with its offset (``2013-01-01T00:00:00-05:00``), because that is what tables show and charts draw. A timestamp
without a zone is a clock on the wall already, and is written as if in UTC.
"""

import contextlib
import datetime as dt
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from broadsheet.sources.columns import api_type, as_decimal

_encoder = msgspec.json.Encoder(decimal_format="number")


def json_result(table: pa.Table, as_of: dt.datetime, truncated: bool, time_zone: str = "UTC") -> bytes:
    """``{"columns": [{"name", "type"}], "data": [[…], …], "as_of", "row_count", "truncated"}``, UTF-8.

    ``table`` is what a :class:`~broadsheet.sources.base.Snapshot` gives that was read in ``time_zone`` (an IANA name).
    NaN and infinities become ``null``: JSON has none.
    """
    return _encoder.encode(
        {
            "columns": [{"name": field.name, "type": api_type(field)} for field in table.schema],
            "data": [json_column(table.column(index), field, time_zone) for index, field in enumerate(table.schema)],
            "as_of": as_of.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "row_count": table.num_rows,
            "truncated": truncated,
        }
    )


def json_column(column: pa.ChunkedArray, field: pa.Field, time_zone: str = "UTC") -> list[Any]:
    """The values of one column as msgspec writes them."""
    match api_type(field):
        case "numeric":
            return [as_decimal(value) for value in column.to_pylist()]
        case "number":
            finite = pc.if_else(pc.is_finite(column), column, pa.scalar(None, column.type))
            return list(finite.to_pylist())
        case "date":
            return list(pc.cast(column, pa.string()).to_pylist())
        case "timestamp":
            return _timestamps(column, time_zone)
        case "json":
            return [None if value is None else msgspec.Raw(value.encode()) for value in column.to_pylist()]
    return list(column.to_pylist())


def _timestamps(column: pa.ChunkedArray, time_zone: str) -> list[Any]:
    """RFC 3339; with a fraction of a second only where the column has one."""
    shown_in = "UTC" if column.type.tz is None else time_zone
    zoned = pc.cast(column, pa.timestamp("us", shown_in))
    with contextlib.suppress(pa.ArrowInvalid):
        zoned = pc.cast(zoned, pa.timestamp("s", shown_in))
    return list(pc.strftime(zoned, format="%Y-%m-%dT%H:%M:%S" + ("Z" if shown_in == "UTC" else "%Ez")).to_pylist())
