"""One query's result as the JSON of the API: columns, then one list of values per column.

Arrow's kernels write the bytes of a whole column, with no Python object per value, where that is faster than msgspec: that is not so for
integers, floats, booleans, and texts that hold something to escape.

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

#: Bytes that JSON has to escape inside a string (RFC 8259, section 7).
_ESCAPED = bytes([*range(0x20), *b'"\\'])
#: A number of JSON (RFC 8259, section 6).
_NUMBER = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$"
_encoder = msgspec.json.Encoder(decimal_format="number")


def json_result(table: pa.Table, as_of: dt.datetime, truncated: bool, time_zone: str = "UTC") -> bytes:
    """``{"columns": [{"name", "type"}], "data": [[…], …], "as_of", "row_count", "truncated"}``, UTF-8.

    ``table`` is what a :class:`~broadsheet.sources.base.Snapshot` gives that was read in ``time_zone`` (an IANA name).
    NaN and infinities become ``null``: JSON has none.
    """
    return _encoder.encode(
        {
            "columns": [{"name": field.name, "type": api_type(field)} for field in table.schema],
            "data": [_written(table.column(index), field, time_zone) for index, field in enumerate(table.schema)],
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
            return list(_finite(column).to_pylist())
        case "date":
            return list(pc.cast(column, pa.string()).to_pylist())
        case "timestamp":
            return list(_moments(column, time_zone).to_pylist())
        case "json" | "array":
            return [None if value is None else msgspec.Raw(value.encode()) for value in column.to_pylist()]
    return list(column.to_pylist())


def _written(column: pa.ChunkedArray, field: pa.Field, time_zone: str) -> msgspec.Raw | list[Any]:
    """One column for the encoder: its bytes, or its values where the bytes take more than a kernel."""
    match api_type(field):
        case "json" | "array":
            return _array_of(column)
        case "date":
            return _array_of(pc.cast(column, pa.string()), '"')
        case "timestamp":
            return _array_of(_moments(column, time_zone), '"')
        case "numeric":
            digits = _digits(column)
            return json_column(column, field) if digits is None else _array_of(digits)
        case "text" if pa.types.is_string(column.type) and not _needs_escape(column):
            return _array_of(column, '"')
    return json_column(column, field, time_zone)


def _array_of(texts: pa.ChunkedArray, quote: str = "") -> msgspec.Raw:
    """The JSON array whose elements are written as these texts, between quotes where ``quote`` is one."""
    if texts.null_count:
        texts = pc.fill_null(pc.binary_join_element_wise(quote, texts, quote, "") if quote else texts, "null")
        quote = ""
    between = f"{quote},{quote}"
    pieces = [
        pc.binary_join(pa.ListArray.from_arrays([0, len(chunk)], chunk), between)[0].as_buffer()
        for chunk in texts.chunks
        if len(chunk)
    ]
    ends = quote if pieces else ""
    return msgspec.Raw(f"[{ends}".encode() + between.encode().join(pieces) + f"{ends}]".encode())


def _needs_escape(texts: pa.ChunkedArray) -> bool:
    for chunk in texts.chunks:
        data = chunk.buffers()[2]
        if data is not None and len(bytes(data).translate(None, _ESCAPED)) != len(data):
            return True
    return False


def _digits(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Numbers as JSON writes them; ``None`` if there is one that is not (as ``nan``)."""
    texts = pc.cast(column, pa.string())
    return texts if pc.all(pc.match_substring_regex(texts, _NUMBER), min_count=0).as_py() else None


def _finite(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(pc.is_finite(column), column, pa.scalar(None, column.type))


def _moments(column: pa.ChunkedArray, time_zone: str) -> pa.ChunkedArray:
    """RFC 3339; with a fraction of a second only where the column has one."""
    shown_in = "UTC" if column.type.tz is None else time_zone
    zoned = pc.cast(column, pa.timestamp("us", shown_in))
    with contextlib.suppress(pa.ArrowInvalid):
        zoned = pc.cast(zoned, pa.timestamp("s", shown_in))
    local = pc.local_timestamp(zoned)
    clock = pc.binary_replace_slice(pc.cast(local, pa.string()), 10, 11, "T")
    return pc.binary_join_element_wise(clock, _offsets(zoned, local, shown_in), "")


def _offsets(zoned: pa.ChunkedArray, local: pa.ChunkedArray, shown_in: str) -> pa.ChunkedArray | str:
    """``Z``, or how far the clock on the wall is from UTC: a few texts, however many rows."""
    if shown_in == "UTC":
        return "Z"
    per_second = 1 if zoned.type.unit == "s" else 1_000_000
    apart = pc.subtract(pc.cast(local, pa.int64()), pc.cast(zoned, pa.int64()))
    encoded = apart.combine_chunks().dictionary_encode()
    texts = pa.array([_offset(value.as_py() // per_second) for value in encoded.dictionary], pa.string())
    return pc.take(texts, encoded.indices)


def _offset(seconds: int) -> str:
    minutes = abs(seconds) // 60
    return f"{'-' if seconds < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"
