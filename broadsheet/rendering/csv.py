"""CSV (RFC 4180, UTF-8, a header, ``\\n``): straight from PostgreSQL's ``COPY``, or from an edition's rows.

Both write values as PostgreSQL does (the second with quotes around every text): ``t``/``f``, an empty field for null, ``""`` for an
empty text. Cells are data and stay as they are: one that begins with ``=`` is not changed, because a program that reads the file must
get what the database holds.
"""

from collections.abc import Callable
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from broadsheet.rendering.base import Edition, Progress, Rendered, ignore_progress, never, one_query, stop_if
from broadsheet.rendering.csv_copy import CsvFile


class CsvRenderer(CsvFile):
    """One query of an edition as CSV."""

    def render(
        self,
        edition: Edition,
        out: BinaryIO,
        *,
        query: str | None = None,
        progress: Callable[[Progress], None] = ignore_progress,
        should_stop: Callable[[], bool] = never,
    ) -> Rendered:
        batches = edition.rows.batches(one_query(edition, query))
        out.write(_header(batches.schema.names))
        options = pacsv.WriteOptions(include_header=False, quoting_style="needed")
        done = 0
        for batch in batches:
            stop_if(should_stop)
            plain = pa.record_batch([_as_copied(column) for column in batch.columns], names=batch.schema.names)
            pacsv.write_csv(plain, out, options)
            done += batch.num_rows
            progress(Progress(done, None))
        return Rendered(done)


def _header(names: list[str]) -> bytes:
    """Quoted only where needed, as ``COPY`` does."""
    return (",".join('"' + name.replace('"', '""') + '"' if set(name) & set(',"\n\r') else name for name in names) + "\n").encode()


def _as_copied(column: pa.Array) -> pa.Array:
    if pa.types.is_boolean(column.type):
        return pc.if_else(column, "t", "f")
    if pa.types.is_timestamp(column.type) and column.type.tz is not None:
        return pc.binary_join_element_wise(pc.cast(pc.cast(column, pa.timestamp("us")), pa.string()), "+00", "")
    return column
