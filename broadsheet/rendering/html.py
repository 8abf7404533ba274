"""HTML in one file: styles and drawings inside, nothing loaded, nothing executed (a Content-Security-Policy says so).

Jinja escapes everything but what :mod:`broadsheet.documents.markdown` has made safe and the drawings. A drawing is paper-coloured; dark
mode repaints its known colours by style rules, so that one drawing serves both and prints well.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from typing import Any, BinaryIO

from jinja2 import Environment
from markupsafe import Markup

from broadsheet.documents import markdown
from broadsheet.rendering import prose, theme
from broadsheet.rendering.base import Edition, Progress, Rendered, ignore_progress, never, stop_if
from broadsheet.rendering.drawing import svg
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

_CHART_WIDTH = 760
_SVG_ID = re.compile(r'(\bid="|url\(#|href="#)')


class HtmlRenderer:
    """The report as one web page that needs no server."""

    format = "html"
    media_type = "text/html; charset=utf-8"
    extension = "html"

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
        shown: list[dict[str, Any]] = []
        for index, block in enumerate(blocks):
            stop_if(should_stop)
            shown.append(_block(block, index))
            progress(Progress(index + 1, len(blocks), "blocks"))
        page = _template().generate(
            title=edition.report.title,
            description=edition.report.description,
            parameters=resolved_parameters(edition),
            as_of=as_of_text(edition),
            as_of_iso=edition.as_of.isoformat(),
            version=edition.version,
            has_headline=_has_headline(edition),
            blocks=_with_metrics_in_rows(shown),
            dark_rules=_dark_rules(),
        )
        for piece in page:
            out.write(prose.clean(piece).encode())
        return Rendered(sum(len(block.cells) for block in blocks if isinstance(block, ResolvedTable)))


def _block(block: ResolvedBlock, index: int) -> dict[str, Any]:
    match block:
        case ResolvedMarkdown():
            return {"kind": "markdown", "html": Markup(markdown.html(block.text))}  # noqa: S704 - made safe by documents.markdown
        case ResolvedMetric():
            return {"kind": "metric", "metric": block}
        case ResolvedChart():
            drawing = _own_ids(svg(block.spec, block.rows, width=_CHART_WIDTH), index)
            return {"kind": "chart", "svg": Markup(drawing), "alt": block.title or "Chart"}  # noqa: S704 - vl-convert escapes text
        case ResolvedTable():
            return {"kind": "table", "table": block}


def _own_ids(drawing: str, index: int) -> str:
    """Several drawings stand in one page, and each calls its clip ``clip0``."""
    return _SVG_ID.sub(lambda found: f"{found.group()}chart{index}-", drawing)


def _with_metrics_in_rows(blocks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    row: list[ResolvedMetric] = []
    for block in blocks:
        if block["kind"] == "metric":
            row.append(block["metric"])
            continue
        if row:
            yield {"kind": "metrics", "items": row}
            row = []
        yield block
    if row:
        yield {"kind": "metrics", "items": row}


def _has_headline(edition: Edition) -> bool:
    """Whether the text brings its own first heading; the title stands above it, smaller, then."""
    first = next(iter(edition.report.blocks), None)
    text = getattr(first, "text", "")
    return bool(text.lstrip().startswith("# "))


def _dark_rules() -> Markup:
    """Style rules that repaint a drawing: an attribute of SVG gives way to any rule."""
    rules = [
        f'svg [{attribute}="{light}"]{{{attribute}:{dark}}}'
        for light, dark in theme.dark_colors().items()
        for attribute in ("fill", "stroke")
    ]
    return Markup("".join(rules))  # noqa: S704 - our own colours


@cache
def _template() -> Any:
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(files("broadsheet.rendering").joinpath("html.jinja").read_text(encoding="utf-8"))
