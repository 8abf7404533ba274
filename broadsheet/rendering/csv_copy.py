"""CSV straight from PostgreSQL's ``COPY``: what ``rendering.csv`` writes from an edition's rows, without reading a row.

Apart from the renderer, because passing bytes through needs no Arrow: a worker that does only this stays small.
"""

from collections.abc import Callable
from typing import BinaryIO

from broadsheet.rendering.base import Progress, Rendered, ignore_progress, never, stop_if
from broadsheet.sources.base import Snapshot


class CsvFile:
    """What a CSV is called and served as."""

    format = "csv"
    media_type = "text/csv; charset=utf-8"
    extension = "csv"


def from_copy(
    snapshot: Snapshot,
    sql: str,
    out: BinaryIO,
    *,
    progress: Callable[[Progress], None] = ignore_progress,
    should_stop: Callable[[], bool] = never,
) -> Rendered:
    """Pass the database's own CSV through, about a megabyte at a time. ``sql`` is bound. Progress is in bytes: rows are not looked at."""
    written = 0

    def write(piece: bytes) -> None:
        nonlocal written
        stop_if(should_stop)
        out.write(piece)
        written += len(piece)
        progress(Progress(written, None, "bytes"))

    return Rendered(snapshot.copy_csv(sql, write))
