"""Draws charts without a browser: Vega-Lite to SVG by vl-convert, with the fonts that are shipped.

vl-convert is imported on the first chart: it brings a JavaScript engine (about 60 MB), and takes a second to warm up. It is
given no access to network or files: a specification's data are the rows passed in and nothing else.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from broadsheet.errors import RenderFailed

FONTS = Path(__file__).parent / "fonts"
_VEGA_LITE = "6.4"  # The version of the web page (web/ui/package.json).


def svg(spec: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], *, width: int = 640) -> str:
    """The chart as an SVG document, ``width`` pixels wide. ``rows`` hold JSON values (see :mod:`broadsheet.rendering.resolve`).

    Raises ``RenderFailed`` with Vega's own words when the specification can't be drawn.
    """
    drawn = {**spec, "data": {"name": "rows", "values": list(rows)}}
    if drawn.get("width") == "container":
        drawn["width"] = width
    try:
        made: str = _converter().vegalite_to_svg(json.loads(json.dumps(drawn)), vl_version=_VEGA_LITE, allowed_base_urls=[])
    except ValueError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise RenderFailed(f"A chart could not be drawn: {lines[0][:300] if lines else 'no reason given'}") from None
    return made


@cache
def _converter() -> Any:
    import vl_convert

    vl_convert.register_font_directory(str(FONTS))
    return vl_convert
