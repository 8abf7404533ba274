"""Keyset pagination: a cursor is the sort key of the last row, opaque to whoever holds it.

No ``OFFSET`` anywhere: page 10,000 costs what page 1 costs. Source: Markus Winand, *Use The Index, Luke*, "We need tool support for
keyset pagination".
"""

import base64
import binascii
import datetime as dt
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

import msgspec

from broadsheet.errors import FieldError, InvalidInput

Row = TypeVar("Row")

MAX_LIMIT = 200

#: Parts of a sort key as a column can hold them: a cursor comes from outside, so its parts are checked before they reach SQL.
RowId = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}\Z")]
#: What a data source may be called.
RowName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_-]{0,62}\Z")]
RowNumber = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
RowTime = Annotated[dt.datetime, msgspec.Meta(tz=True)]


def encode_cursor(*key: Any) -> str:
    """The cursor after a row with this sort key."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def decode_cursor(cursor: str, shape: type[Row]) -> Row:
    """The sort key again, as ``shape`` (a tuple type). Raises :class:`InvalidInput`."""
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=shape)
    except (binascii.Error, ValueError, msgspec.DecodeError) as error:
        problem = FieldError("/cursor", "This cursor was not given out by this list")
        raise InvalidInput("The cursor is not valid", errors=(problem,)) from error


def clamp(limit: int) -> int:
    """A page size between 1 and :data:`MAX_LIMIT`."""
    return max(1, min(limit, MAX_LIMIT))


def cut(rows: Sequence[Row], limit: int, key: Callable[[Row], str]) -> tuple[list[Row], str | None]:
    """Rows asked for with ``limit + 1``, as a page and the cursor of the next."""
    if len(rows) <= limit:
        return list(rows), None
    return list(rows[:limit]), key(rows[limit - 1])
