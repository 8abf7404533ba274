"""XLSX with typed cells: a cover sheet, then one sheet per query, its rows streamed in constant memory.

Nothing from data becomes a formula or a link, whatever it looks like: cells are written by their type, never guessed from their text. Excel
holds 1,048,576 rows on a sheet, 32,767 characters in a cell and 15 digits in a number; rows continue on a next sheet, longer texts are cut
and said so in the notes, and integers beyond 15 digits are written as text so that none is changed.
"""

import datetime as dt
import math
import pathlib
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import xlsxwriter
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from broadsheet.documents.model import Column, Table
from broadsheet.rendering.base import Edition, Progress, Rendered, ignore_progress, never, stop_if
from broadsheet.rendering.excel_formats import DEFAULT_FORMATS, excel_format
from broadsheet.rendering.resolve import as_of_text, resolved_parameters
from broadsheet.sources.columns import api_type, as_decimal

MOST_ROWS = 1_048_575  # and a header
MOST_CHARACTERS = 32_767
_LARGEST_EXACT = 10**15
_FIRST_DAY = dt.date(1900, 3, 1)  # Before it Excel counts a day that never was (29 February 1900).
_FORBIDDEN_IN_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f\ud800-\udfff]")
#: What XML 1.0 (section 2.2) can't hold; xlsxwriter escapes the control characters itself, as Excel does, but not these.
_NOT_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")
_WIDTHS = {"integer": 12, "number": 14, "numeric": 14, "boolean": 9, "date": 12, "timestamp": 20}
_SAMPLE_ROWS = 200


class XlsxRenderer:
    """The whole report (every query) or one query as a workbook."""

    format = "xlsx"
    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    extension = "xlsx"

    def render(
        self,
        edition: Edition,
        out: BinaryIO,
        *,
        query: str | None = None,
        progress: Callable[[Progress], None] = ignore_progress,
        should_stop: Callable[[], bool] = never,
    ) -> Rendered:
        options = {
            **{"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False},
            **{"nan_inf_to_errors": False, "default_date_format": DEFAULT_FORMATS["timestamp"]},
        }
        workbook: Workbook = xlsxwriter.Workbook(out, options)
        book = _Book(workbook, edition, progress, should_stop)
        try:
            book.cover(query)
            for name in [query] if query is not None else [found.name for found in edition.report.queries]:
                book.sheets_of(name)
        except BaseException:
            _discard(workbook)
            raise
        workbook.close()
        return Rendered(book.row_count, notes=tuple(book.notes))


def _discard(workbook: Workbook) -> None:
    """Free the temporary files of a workbook that will not be written."""
    for sheet in workbook.worksheets():
        if getattr(sheet, "row_data_fh", None) is not None and not sheet.row_data_fh.closed:
            sheet.row_data_fh.close()
            pathlib.Path(sheet.row_data_filename).unlink(missing_ok=True)
    workbook.fileclosed = 1


class _Column(msgspec.Struct, frozen=True):
    """How one column is written. ``style`` is an xlsxwriter format."""

    label: str
    type: str
    style: Any
    width: float


class _Book:
    def __init__(
        self, workbook: Workbook, edition: Edition, progress: Callable[[Progress], None], should_stop: Callable[[], bool]
    ) -> None:
        self._workbook = workbook
        self._edition = edition
        self._progress = progress
        self._should_stop = should_stop
        self._names: set[str] = set()
        self._styles: dict[str, Any] = {}
        self._header = workbook.add_format(
            {"bold": True, "bottom": 1, "bg_color": "#F2F0EB", "valign": "vcenter", "text_wrap": True}
        )
        self._zone = ZoneInfo(edition.time_zone)
        self.row_count = 0
        self.notes: list[str] = []

    def cover(self, query: str | None) -> None:
        """Title, parameters and the moment the data is from."""
        report = self._edition.report
        self._workbook.set_properties({"title": _text(report.title)[:255], "comments": _text(report.description)[:255]})
        sheet = self._add_sheet("About")
        bold, big = self._workbook.add_format({"bold": True}), self._workbook.add_format({"bold": True, "font_size": 16})
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, 1, 80)
        lines: list[tuple[str, str]] = [("Data as of", as_of_text(self._edition)), ("Report version", str(self._edition.version))]
        lines += [(parameter.label, parameter.text) for parameter in resolved_parameters(self._edition)]
        sheet.write_string(0, 0, _text(report.title)[:MOST_CHARACTERS], big)
        if report.description:
            sheet.write_string(1, 0, _text(report.description)[:MOST_CHARACTERS])
        for row, (label, text) in enumerate(lines, start=3):
            sheet.write_string(row, 0, _text(label)[:MOST_CHARACTERS], bold)
            sheet.write_string(row, 1, _text(text)[:MOST_CHARACTERS])

    def sheets_of(self, query: str) -> None:
        """All rows of one query, on as many sheets as they need."""
        batches = self._edition.rows.batches(query)
        columns: list[_Column] = []
        sheet: Worksheet | None = None
        row = part = 0
        for batch in batches:
            for start in range(0, batch.num_rows, 10_000):
                stop_if(self._should_stop)
                piece = batch.slice(start, 10_000)
                columns = columns or self._columns(query, batches.schema, piece)
                done = 0
                while done < piece.num_rows:
                    if sheet is None or row > MOST_ROWS:
                        self._finish(sheet, row, len(columns))
                        part += 1
                        sheet, row = self._new_sheet(query, part, columns), 1
                    rows = piece.slice(done, MOST_ROWS + 1 - row)
                    self._write(sheet, row, columns, rows)
                    row += rows.num_rows
                    done += rows.num_rows
                    self.row_count += rows.num_rows
                self._progress(Progress(self.row_count, None))
        if sheet is None:
            columns = self._columns(query, batches.schema, batches.schema.empty_table())
            sheet, row = self._new_sheet(query, 1, columns), 1
        self._finish(sheet, row, len(columns))
        if part > 1:
            self.notes.append(f"{query} has more rows than a sheet holds ({MOST_ROWS:,}) and continues on {part - 1} more.")

    def _add_sheet(self, name: str) -> Worksheet:
        return self._workbook.add_worksheet(sheet_name(name, self._names))

    def _new_sheet(self, query: str, part: int, columns: Sequence[_Column]) -> Worksheet:
        sheet = self._add_sheet(query if part == 1 else f"{query[:24]} {part}")
        sheet.freeze_panes(1, 0)
        for index, column in enumerate(columns):
            sheet.set_column(index, index, column.width)
        for index, column in enumerate(columns):
            sheet.write_string(0, index, _text(column.label)[:MOST_CHARACTERS], self._header)
        return sheet

    def _finish(self, sheet: Worksheet | None, row: int, width: int) -> None:
        if sheet is not None and width:
            sheet.autofilter(0, 0, max(row - 1, 0), width - 1)

    def _columns(self, query: str, schema: pa.Schema, sample: Any) -> list[_Column]:
        said = self._said(query)
        found = []
        for index, field in enumerate(schema):
            column = said.get(field.name, Column(field.name))
            kind = api_type(field)
            label = column.label or field.name
            width = _width(label, kind, sample.column(index).slice(0, _SAMPLE_ROWS))
            found.append(_Column(label, kind, self._style(kind, column.format), width))
        return found

    def _said(self, query: str) -> dict[str, Column]:
        """What the report's first table of this query says about its columns."""
        for block in self._edition.report.blocks:
            if isinstance(block, Table) and block.query == query:
                return {column.name: column for column in block.columns}
        return {}

    def _style(self, kind: str, format: str | None) -> Any:
        pattern = excel_format(format, kind)
        if pattern is None:
            return None
        if pattern not in self._styles:
            self._styles[pattern] = self._workbook.add_format({"num_format": pattern})
        return self._styles[pattern]

    def _write(self, sheet: Worksheet, first_row: int, columns: Sequence[_Column], rows: pa.RecordBatch) -> None:
        values = [self._cells(rows.column(index), column.type) for index, column in enumerate(columns)]
        for offset, cells in enumerate(zip(*values, strict=True)):
            for index, cell in enumerate(cells):
                if cell is not None:
                    _write_cell(sheet, first_row + offset, index, cell, columns[index].style)

    def _cells(self, column: pa.Array, kind: str) -> list[Any]:
        """Python values that Excel can hold, as such; the rest as text."""
        match kind:
            case "numeric":
                return [_number(as_decimal(value)) for value in column.to_pylist()]
            case "integer" | "number":
                return [_number(value) for value in column.to_pylist()]
            case "boolean":
                return list(column.to_pylist())
            case "date" | "timestamp":
                return [self._moment(value) for value in _moments(column)]
        return [None if value is None else self._fit(str(value)) for value in column.to_pylist()]

    def _fit(self, value: str) -> str:
        text = _text(value)
        if len(text) <= MOST_CHARACTERS:
            return text
        note = f"Texts longer than {MOST_CHARACTERS:,} characters are cut: Excel can't hold more in a cell."
        if note not in self.notes:
            self.notes.append(note)
        return text[: MOST_CHARACTERS - 1] + "…"

    def _moment(self, value: Any) -> Any:
        if isinstance(value, dt.datetime):
            value = value.astimezone(self._zone).replace(tzinfo=None) if value.tzinfo else value
            return value if value.date() >= _FIRST_DAY else value.isoformat(" ")
        if isinstance(value, dt.date):
            return value if value >= _FIRST_DAY else value.isoformat()
        return value


def _write_cell(sheet: Worksheet, row: int, column: int, cell: Any, style: Any) -> None:
    if isinstance(cell, str):
        sheet.write_string(row, column, cell)
    elif isinstance(cell, bool):
        sheet.write_boolean(row, column, cell)
    elif isinstance(cell, dt.date):
        sheet.write_datetime(row, column, cell, style)
    else:
        sheet.write_number(row, column, cell, style)


def _number(value: int | float | Decimal | None) -> int | float | str | None:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, int | Decimal) and not -_LARGEST_EXACT < value < _LARGEST_EXACT:
        return str(value)
    return float(value) if isinstance(value, Decimal) else value


def _moments(column: pa.Array) -> list[Any]:
    try:
        return list(column.to_pylist())
    except (ValueError, OverflowError):
        return list(pc.cast(column, pa.string()).to_pylist())


def _text(value: str) -> str:
    return _NOT_XML.sub("\ufffd", value)


def _width(label: str, kind: str, sample: Any) -> float:
    longest = _WIDTHS.get(kind, 0)
    if not longest:
        longest = max((len(str(value)) for value in sample.to_pylist() if value is not None), default=0) + 2
    return float(min(max(longest, len(label) + 4, 8), 60))


def sheet_name(wanted: str, taken: set[str]) -> str:
    """A name that Excel accepts and the workbook does not have: at most 31 characters, none of ``[]:*?/\\``. Added to ``taken``."""
    base = _FORBIDDEN_IN_NAME.sub("_", wanted).strip("' ")[:31] or "Sheet"
    base = base if base.casefold() != "history" else "History_"  # Excel keeps that name for itself.
    name, count = base, 1
    while name.casefold() in taken:
        count += 1
        ending = f" ({count})"
        name = base[: 31 - len(ending)] + ending
    taken.add(name.casefold())
    return name
