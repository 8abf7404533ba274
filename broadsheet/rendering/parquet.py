"""An edition's rows at rest: Parquet (zstd), one file per query; and Parquet as a format to take away.

What is written here is read again in a year by every renderer, so nothing is lost: exact decimals stay decimals, and the API's type of each
column travels in its metadata (:mod:`broadsheet.sources.columns`).
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from broadsheet.errors import ResultTooLarge
from broadsheet.rendering.base import Edition, Progress, Rendered, ignore_progress, never, one_query, stop_if
from broadsheet.sources.base import Batches

_ROW_GROUP_ROWS = 131_072


def write_parquet(
    batches: Batches,
    out: BinaryIO,
    *,
    max_bytes: int | None = None,
    progress: Callable[[Progress], None] = ignore_progress,
    should_stop: Callable[[], bool] = never,
) -> int:
    """Write all batches, in memory of about one row group; gives the number of rows.

    Raises ``ResultTooLarge`` as soon as more than ``max_bytes`` have been written: the caller drops the file.
    """
    done = 0
    sink = pa.PythonFile(out, mode="w")
    with pq.ParquetWriter(sink, batches.schema, compression="zstd", compression_level=3) as writer:
        for batch in batches:
            stop_if(should_stop)
            writer.write_batch(batch, row_group_size=_ROW_GROUP_ROWS)
            done += batch.num_rows
            progress(Progress(done, None))
            if max_bytes is not None and sink.tell() > max_bytes:
                batches.close()
                raise ResultTooLarge(f"The rows take more than {max_bytes:,} bytes; they are too many to keep.")
    return done


class ParquetRows:
    """Rows of an edition in Parquet files, by query."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._paths = paths

    def table(self, query: str) -> pa.Table:
        return pq.read_table(self._paths[query])

    def batches(self, query: str) -> "ParquetBatches":
        return ParquetBatches(self._paths[query])


class ParquetBatches:
    """See :class:`broadsheet.sources.base.Batches`."""

    def __init__(self, path: Path) -> None:
        self._file = pq.ParquetFile(path)
        self.schema: pa.Schema = self._file.schema_arrow

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        yield from self._file.iter_batches(batch_size=65_536)
        self.close()

    def close(self) -> None:
        self._file.close()


class ParquetRenderer:
    """One query of an edition as Parquet."""

    format = "parquet"
    media_type = "application/vnd.apache.parquet"
    extension = "parquet"

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
        return Rendered(write_parquet(batches, out, progress=progress, should_stop=should_stop))
