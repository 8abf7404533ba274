"""What every renderer reads (:class:`Edition`), is (:class:`Renderer`) and gives back (:class:`Rendered`).

A renderer never asks a data source: it reads the rows of an edition, so that every format made from it, today or in a year, shows the
same numbers. The registry imports a renderer when it is first asked for, because typst, vl-convert and xlsxwriter cost memory that a
process which only writes CSV should not pay.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, BinaryIO, Protocol

import msgspec

from broadsheet.documents.model import Report, Value
from broadsheet.errors import Cancelled, RenderFailed
from broadsheet.sources.base import Batches

if TYPE_CHECKING:
    import pyarrow as pa


class Progress(msgspec.Struct, frozen=True):
    """How far a renderer is: ``done`` of ``total`` (``None``: nobody knows) in ``unit`` (rows, blocks)."""

    done: int
    total: int | None
    unit: str = "rows"


class Rendered(msgspec.Struct, frozen=True):
    """What was written. ``notes`` are for the reader: "continues on a second sheet". ``row_count`` is of rows in the file."""

    row_count: int
    truncated: bool = False
    notes: tuple[str, ...] = ()


class Rows(Protocol):
    """The rows of an edition by query. Both raise ``KeyError`` for a query it does not hold."""

    def table(self, query: str) -> "pa.Table": ...

    def batches(self, query: str) -> Batches: ...


class Edition(msgspec.Struct, frozen=True):
    """One published report: its text as a model, the parameters it was asked with and the rows of its queries.

    ``labels`` are the words for parameter values that come from a query (``{"carrier": "United"}``). ``as_of`` is aware. ``time_zone``
    is the IANA name in which times are shown; the snapshot was read in it.
    """

    report: Report
    report_id: str
    version: int
    as_of: dt.datetime
    rows: Rows
    values: Mapping[str, Value] = {}
    labels: Mapping[str, str] = {}
    time_zone: str = "UTC"
    organization: str = ""


class TablesInMemory:
    """Rows held as Arrow tables."""

    def __init__(self, tables: "Mapping[str, pa.Table]") -> None:
        self._tables = tables

    def table(self, query: str) -> "pa.Table":
        return self._tables[query]

    def batches(self, query: str) -> Batches:
        reader: Batches = self._tables[query].to_reader(max_chunksize=65_536)
        return reader


def ignore_progress(progress: Progress) -> None:
    """For callers that show none."""


def never() -> bool:
    """A ``should_stop`` for what nobody will cancel."""
    return False


class FileKind(Protocol):
    """What a file of a format is called and served as."""

    format: str
    media_type: str
    extension: str


class Renderer(FileKind, Protocol):
    """One format. ``query`` asks for one query's rows only; a format of one query takes the first if nobody asks."""

    def render(
        self,
        edition: Edition,
        out: BinaryIO,
        *,
        query: str | None = None,
        progress: Callable[[Progress], None] = ignore_progress,
        should_stop: Callable[[], bool] = never,
    ) -> Rendered:
        """Write the file to ``out``. Raises ``Cancelled`` soon after ``should_stop()`` is true, ``ResultTooLarge``, ``RenderFailed``."""


#: Format → module and class. See :func:`renderer`.
RENDERERS: Mapping[str, tuple[str, str]] = {
    "csv": ("broadsheet.rendering.csv", "CsvRenderer"),
    "parquet": ("broadsheet.rendering.parquet", "ParquetRenderer"),
    "xlsx": ("broadsheet.rendering.xlsx", "XlsxRenderer"),
    "pdf": ("broadsheet.rendering.pdf", "PdfRenderer"),
    "html": ("broadsheet.rendering.html", "HtmlRenderer"),
}


def renderer(format: str) -> Renderer:
    """The renderer of a format. Raises ``RenderFailed`` for one there is none for."""
    if format not in RENDERERS:
        raise RenderFailed(f"There is no format {format}; there are {', '.join(RENDERERS)}.")
    module, name = RENDERERS[format]
    made: Renderer = getattr(import_module(module), name)()
    return made


def stop_if(should_stop: Callable[[], bool]) -> None:
    """Raise ``Cancelled`` if it says so."""
    if should_stop():
        raise Cancelled("The run was cancelled.")


def one_query(edition: Edition, query: str | None) -> str:
    """The query whose rows a data format holds: the asked-for one, or the report's first."""
    names = [found.name for found in edition.report.queries]
    if query is None and names:
        return names[0]
    if query is None or query not in names:
        raise RenderFailed(f"Name one query of the report for this format: {', '.join(names) or 'it has none'}.")
    return query
