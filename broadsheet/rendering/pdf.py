"""PDF by typst, without a browser: :file:`pdf.typ` is the page, and gets everything as data.

The compiler runs in a folder of its own with nothing else in it and loads no packages. Text is never typst code: it arrives as JSON
strings. A reader would get wrong why widths are estimated here: shares of the page's width can't overflow it, whatever a cell holds.
"""

import json
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import typst

from broadsheet.errors import RenderFailed
from broadsheet.rendering import prose
from broadsheet.rendering.base import Edition, Progress, Rendered, ignore_progress, never, stop_if
from broadsheet.rendering.drawing import FONTS, svg
from broadsheet.rendering.resolve import (
    ResolvedBlock,
    ResolvedChart,
    ResolvedMarkdown,
    ResolvedMetric,
    ResolvedTable,
    as_of_text,
    resolve,
    resolved_parameters,
)

MOST_CELL_CHARACTERS = 600
_TEMPLATE = Path(__file__).with_name("pdf.typ")
_PAPERS = {"A3": ("a3", 841.9, 1190.6), "A4": ("a4", 595.3, 841.9), "A5": ("a5", 419.5, 595.3), "LETTER": ("us-letter", 612.0, 792.0),
           "LEGAL": ("us-legal", 612.0, 1008.0)}  # fmt: skip
_MARGINS = 2 * 56.7  # points
_POINTS_PER_PIXEL = 0.75


class PdfRenderer:
    """The report as pages."""

    format = "pdf"
    media_type = "application/pdf"
    extension = "pdf"

    def render(
        self,
        edition: Edition,
        out: BinaryIO,
        *,
        query: str | None = None,
        progress: Callable[[Progress], None] = ignore_progress,
        should_stop: Callable[[], bool] = never,
    ) -> Rendered:
        blocks = resolve(edition)
        with tempfile.TemporaryDirectory(prefix="broadsheet-pdf-") as name:
            folder = Path(name)
            page = _page(edition)
            shown = []
            for index, block in enumerate(blocks):
                stop_if(should_stop)
                shown.append(_block(block, index, folder, page["width"]))
                progress(Progress(index + 1, len(blocks) + 1, "blocks"))
            (folder / "data.json").write_text(json.dumps(_data(edition, page, shown)), encoding="utf-8")
            shutil.copyfile(_TEMPLATE, folder / "page.typ")
            stop_if(should_stop)
            out.write(_compiled(folder, edition))
        progress(Progress(len(blocks) + 1, len(blocks) + 1, "blocks"))
        return Rendered(sum(len(block.cells) for block in blocks if isinstance(block, ResolvedTable)))


def _compiled(folder: Path, edition: Edition) -> bytes:
    try:
        made: bytes = typst.compile(
            str(folder / "page.typ"),
            root=str(folder),
            font_paths=_fonts(),
            package_path=str(folder),
            package_cache_path=str(folder),
            timestamp=int(edition.as_of.timestamp()),
        )
    except typst.TypstError as error:
        raise RenderFailed(f"The pages could not be set: {str(error).splitlines()[0][:300]}") from error
    return made


@cache
def _fonts() -> Any:
    """Read once per process: ours, and the machine's for scripts that ours lack."""
    return typst.Fonts(include_system_fonts=True, font_paths=[str(FONTS)])


def _page(edition: Edition) -> dict[str, Any]:
    paper, short, long = _PAPERS.get(edition.report.page.size.upper(), _PAPERS["A4"])
    landscape = edition.report.page.orientation == "landscape"
    return {"paper": paper, "landscape": landscape, "width": (long if landscape else short) - _MARGINS}


def _data(edition: Edition, page: dict[str, Any], shown: list[dict[str, Any]]) -> dict[str, Any]:
    report = edition.report
    title = prose.clean(report.title)
    headline, blocks = _headline(title, _with_metrics_in_rows(shown))
    return {
        "document_title": title,
        "title": title,
        "author": prose.clean(edition.organization),
        "description": prose.clean(report.description),
        "kicker": title if headline is not None else prose.clean(edition.organization),
        "headline": headline or [{"kind": "text", "text": title}],
        "as_of": as_of_text(edition),
        "parameters": [
            {"label": prose.clean(parameter.label), "text": _cell(parameter.text)} for parameter in resolved_parameters(edition)
        ],
        "paper": page["paper"],
        "landscape": page["landscape"],
        "blocks": blocks,
    }


def _headline(title: str, blocks: list[dict[str, Any]]) -> tuple[list[prose.Node] | None, list[dict[str, Any]]]:
    """A report whose text begins with a heading has that as its headline, and its title stands above it."""
    if not blocks or blocks[0]["kind"] != "markdown" or not blocks[0]["nodes"]:
        return None, blocks
    first, *rest = blocks[0]["nodes"]
    if first["kind"] != "heading" or first["level"] != 1:
        return None, blocks
    return first["children"], [{"kind": "markdown", "nodes": rest}, *blocks[1:]]


def _with_metrics_in_rows(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = []
    for block in blocks:
        if block["kind"] == "metric" and result and result[-1]["kind"] == "metrics":
            result[-1]["items"].append(block)
        elif block["kind"] == "metric":
            result.append({"kind": "metrics", "items": [block]})
        elif block["kind"] != "markdown" or block["nodes"]:
            result.append(block)
    return result


def _block(block: ResolvedBlock, index: int, folder: Path, width: float) -> dict[str, Any]:
    match block:
        case ResolvedMarkdown():
            return {"kind": "markdown", "nodes": prose.nodes(block.text)}
        case ResolvedMetric():
            unit = None if block.unit is None else prose.clean(block.unit)
            return {"kind": "metric", "label": prose.clean(block.label), "text": _cell(block.text), "unit": unit}
        case ResolvedChart():
            file = folder / f"chart-{index}.svg"
            file.write_text(svg(block.spec, block.rows, width=round(width / _POINTS_PER_PIXEL)), encoding="utf-8")
            return {"kind": "chart", "file": file.name, "alt": prose.clean(block.title or "Chart")}
        case ResolvedTable():
            return _table(block, width)


def _table(block: ResolvedTable, width: float) -> dict[str, Any]:
    size = 8.5 if len(block.columns) <= 8 else 7.5 if len(block.columns) <= 12 else 6.5
    inset = 6 if len(block.columns) <= 8 else 4 if len(block.columns) <= 12 else 2.5
    weights = [_weight(block, index, size, inset) for index in range(len(block.columns))]
    hidden = block.row_count - len(block.cells)
    return {
        "kind": "table",
        "title": None if block.title is None else prose.clean(block.title),
        "font_size": size,
        "inset": inset,
        "width": min(1.0, sum(weights) * 1.25 / width),
        "columns": [
            {"label": _cell(column.label), "align": column.align, "bars": column.bars, "weight": weight}
            for column, weight in zip(block.columns, weights, strict=True)
        ],
        "rows": [[_cell(value) for value in row] for row in block.cells],
        "totals": [_cell(value) for value in block.totals],
        "note": f"The first {len(block.cells):,} of {block.row_count:,} rows." if hidden else None,
    }


def _weight(block: ResolvedTable, index: int, size: float, inset: float) -> float:
    """About how many points wide a column wants to be: its widest cell, within reason; a header may wrap between words."""
    column = block.columns[index]
    cells = max((_ems(row[index]) for row in (*block.cells[:500], block.totals) if row), default=0.0)
    header = max((_ems(word) for word in column.label.split()), default=0.0) * 1.08
    widest = min(max(cells, header, min(_ems(column.label), 7.0), 2.5), 22.0)
    return widest * size * 1.04 + 2 * inset + (36 if column.bars else 0)


def _ems(text: str) -> float:
    """About how wide a text is in the table's type, in ems."""
    return sum(0.68 if char.isupper() else 0.58 if char.isdigit() else 0.54 if char.isalpha() else 0.45 for char in text[:80])


def _cell(text: str) -> str:
    """One line that can break anywhere: no cell is wider than its column."""
    text = " ".join(prose.clean(text[: MOST_CELL_CHARACTERS + 1]).split()) if not text.isalnum() else text
    if len(text) > MOST_CELL_CHARACTERS:
        text = text[:MOST_CELL_CHARACTERS] + "…"
    return " ".join(_breakable(word) for word in text.split(" "))


def _breakable(word: str) -> str:
    if len(word) <= 24:
        return word
    return "\u200b".join(word[start : start + 12] for start in range(0, len(word), 12))
