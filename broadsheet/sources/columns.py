"""The types of columns, in the words of the API, and Arrow tables brought to them.

The API knows text, integer, number, numeric, boolean, date, timestamp, json and array (as JSON text). A column's type is kept in its Arrow
field's metadata, so that it survives Parquet. ``numeric`` is the one to watch: exact decimals are kept as ``decimal128`` where the database
declares precision and scale, else as *text*, digit by digit; never as a float until a renderer asks for one.
"""

import datetime as dt
from collections.abc import Container
from decimal import Decimal, InvalidOperation
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

TYPE_KEY = b"broadsheet:type"
_VARHDRSZ = 4  # PostgreSQL stores a numeric's typmod with the size of a length word added (src/backend/utils/adt/numeric.c).


def api_type(field: pa.Field) -> str:
    """``text integer number numeric boolean date timestamp json array`` for an Arrow field."""
    stored = (field.metadata or {}).get(TYPE_KEY)
    return stored.decode() if stored else _by_arrow_type(field.type)


def _by_arrow_type(kind: pa.DataType) -> str:
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_integer(kind):
        return "integer"
    if pa.types.is_floating(kind):
        return "number"
    if pa.types.is_decimal(kind):
        return "numeric"
    if pa.types.is_date(kind):
        return "date"
    if pa.types.is_timestamp(kind):
        return "timestamp"
    if isinstance(kind, pa.JsonType):
        return "json"
    if isinstance(kind, pa.OpaqueType) and kind.type_name == "numeric":
        return "numeric"
    return "text"


def has_own_type(field: pa.Field) -> bool:
    """Whether the API has a type for what ADBC reads here. False means: ask the database for its text form."""
    declared = (field.metadata or {}).get(b"POSTGRESQL:type", b"").decode()
    if declared in ("oid", "money", "regproc", "xid", "cid", "tid"):
        return False
    return _by_arrow_type(field.type) != "text" or declared in ("text", "varchar", "bpchar", "name", "char")


def is_array(field: pa.Field) -> bool:
    """Whether ADBC reads an array here, of any number of dimensions (it does not tell)."""
    declared = (field.metadata or {}).get(b"POSTGRESQL:type", b"").decode()
    return declared.startswith("_") and bool(pa.types.is_list(field.type))


def stored_schema(schema: pa.Schema, arrays: Container[int] = ()) -> pa.Schema:
    """The schema that :func:`stored_batch` gives for a schema that ADBC gives; ``arrays`` are the columns that come as JSON text."""
    fields = [_stored_field(field) for field in schema]
    return pa.schema(
        [field.with_metadata({TYPE_KEY: b"array"}) if index in arrays else field for index, field in enumerate(fields)]
    )


def _stored_field(field: pa.Field) -> pa.Field:
    name = api_type(field)
    kind = field.type
    if name == "numeric" and not pa.types.is_decimal(kind):
        kind = _decimal_type(field) or pa.string()
    elif isinstance(kind, pa.BaseExtensionType):
        kind = pa.string()
    return pa.field(field.name, kind, metadata={TYPE_KEY: name.encode()})


def _decimal_type(field: pa.Field) -> pa.DataType | None:
    modifier = int((field.metadata or {}).get(b"POSTGRESQL:typmod", b"-1"))
    if modifier < _VARHDRSZ:
        return None
    precision, scale = (modifier - _VARHDRSZ) >> 16 & 0xFFFF, (modifier - _VARHDRSZ) & 0x7FF
    return pa.decimal128(precision, scale) if 0 <= scale <= precision <= 38 else None


def stored_batch(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch in the types of ``schema`` (from :func:`stored_schema`)."""
    return pa.record_batch(
        [_stored_array(array, field.type) for array, field in zip(batch.columns, schema, strict=True)], schema=schema
    )


def _stored_array(array: pa.Array, kind: pa.DataType) -> pa.Array:
    plain = array.storage if isinstance(array, pa.ExtensionArray) else array
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return _within_calendar(plain)
    if plain.type == kind:
        return plain
    if pa.types.is_decimal(kind):
        # 'NaN' is a numeric in PostgreSQL and nothing that a decimal can hold: it becomes null, as in the JSON of the API.
        return pc.cast(pc.if_else(pc.equal(plain, "nan"), pa.scalar(None, plain.type), plain), kind)
    return pc.cast(plain, kind)


def _within_calendar(array: pa.Array) -> pa.Array:
    """``infinity`` (which ADBC wraps around) and what is not between the years 1 and 9999 becomes null: no format we write can say it."""
    first, last = (pa.scalar(day, pa.date32()).cast(array.type) for day in (dt.date.min, dt.date.max))
    known = pc.and_(pc.greater_equal(array, first), pc.less_equal(array, last))
    return pc.if_else(known, array, pa.scalar(None, array.type))


def as_decimal(value: Any) -> Decimal | None:
    """One stored ``numeric`` as an exact decimal; ``None`` for null and NaN."""
    if value is None or isinstance(value, Decimal):
        return value
    try:
        number = Decimal(value)
    except (InvalidOperation, TypeError, ValueError):
        return None
    return number if number.is_finite() else None
