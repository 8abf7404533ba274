"""From a chart block to a whole Vega-Lite specification: the one that the browser, PDF and HTML draw.

The short form says *what* (mark, x, y, color); types come from the columns. Dates and times are drawn on UTC scales because that is how
the rows write them: a month begins on its first day for every reader, wherever the browser is. The rows arrive under the name ``rows``.
"""

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from broadsheet.documents.model import Chart
from broadsheet.rendering import theme

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"

#: Names of what the specification itself adds to a row.
SERIES, VALUE, SLOTS = "__series", "__value", "__slots"

_NUMBERS = ("integer", "number", "numeric")
_TIMES = ("date", "timestamp")


def vega_lite(chart: Chart, columns: Sequence[tuple[str, str]], *, dark: bool = False) -> dict[str, Any]:
    """The specification. ``columns`` are the query's (name, type of the API), in order.

    ``width`` is ``"container"`` and data is ``{"name": "rows"}``; :func:`broadsheet.rendering.drawing.svg` sets both for paper. A block
    with ``spec:`` keeps everything it says; our configuration is what it does not say.
    """
    if chart.spec is not None:
        return _with_theme(chart, dark)
    types = dict(columns)
    spec: dict[str, Any] = {
        "$schema": SCHEMA,
        "data": {"name": "rows"},
        "width": "container",
        "height": chart.height,
        "autosize": {"type": "fit", "contains": "padding"},
        "config": theme.config(dark=dark),
    }
    if headline := _headline(chart):
        spec["title"] = headline
    spec.update(_pie(chart, types) if chart.mark == "pie" else _cartesian(chart, types))
    return spec


def _headline(chart: Chart) -> dict[str, Any] | None:
    """What is measured stands under the headline, to be read without turning the head, and not beside the axis."""
    measured = chart.y_title or (_words(chart.y[0]) if len(chart.y) == 1 and chart.mark != "pie" else None)
    if chart.title:
        return {"text": chart.title, **({"subtitle": measured} if measured else {})}
    return {"text": measured, "fontSize": 11, "fontWeight": 400} if measured else None


def _with_theme(chart: Chart, dark: bool) -> dict[str, Any]:
    spec = deepcopy(chart.spec or {})
    composed = any(key in spec for key in ("hconcat", "vconcat", "concat", "facet", "repeat"))
    defaults: dict[str, Any] = (
        {"$schema": SCHEMA} if composed else {"$schema": SCHEMA, "width": "container", "height": chart.height}
    )
    if not composed:
        defaults["autosize"] = {"type": "fit", "contains": "padding"}
    if chart.title:
        defaults["title"] = chart.title
    merged = {**defaults, **spec, "data": {"name": "rows"}}
    merged["config"] = _merged(theme.config(dark=dark), spec.get("config") or {})
    return merged


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """``over`` wins, key by key, at every depth."""
    result = dict(under)
    for key, value in over.items():
        below = result.get(key)
        result[key] = _merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return result


def _cartesian(chart: Chart, types: Mapping[str, str]) -> dict[str, Any]:
    value = field(chart.y[0]) if len(chart.y) == 1 else VALUE
    series = SERIES if len(chart.y) > 1 else field(chart.color) if chart.color else None
    transforms: list[dict[str, Any]] = []
    if len(chart.y) > 1:
        transforms.append({"fold": [field(name) for name in chart.y], "as": [SERIES, VALUE]})
    x_type = types.get(chart.x or "", "text")
    along = _along(chart, x_type)
    across = _across(chart, value, types)
    mark: dict[str, Any] = {"type": chart.mark or "line"}
    encoding: dict[str, Any] = {"y": along, "x": across} if chart.horizontal else {"x": along, "y": across}
    if series:
        encoding["color"] = {"field": series, "type": _series_type(chart, types), "title": None, **_order(chart)}
        encoding["color"]["legend"] = _legend(chart)
    if chart.mark == "bar":
        _shape_bars(chart, x_type, series, mark, encoding, transforms)
    elif chart.mark == "area":
        mark["line"] = {"strokeWidth": 1.5}
        across["stack"] = "zero" if chart.stack else None
        if not chart.stack and series:
            mark["fillOpacity"] = 0.25
    encoding["tooltip"] = _tooltip(chart, x_type, series, value, types)
    result: dict[str, Any] = {"mark": mark, "encoding": encoding}
    return {"transform": transforms, **result} if transforms else result


def _along(chart: Chart, x_type: str) -> dict[str, Any]:
    """The axis of categories or time."""
    kind = "temporal" if x_type in _TIMES else "quantitative" if x_type in _NUMBERS and chart.mark != "bar" else "ordinal"
    axis: dict[str, Any] = {"title": chart.x_title or (None if kind == "temporal" or chart.horizontal else _words(chart.x or ""))}
    encoding: dict[str, Any] = {"field": field(chart.x or ""), "type": kind, "axis": axis}
    if kind == "temporal":
        encoding["scale"] = {"type": "utc"}
    elif kind == "ordinal":
        encoding["sort"] = None
        axis.update({"labelAngle": 0, "labelOverlap": True} if not chart.horizontal else {"domain": False, "ticks": False})
        encoding["scale"] = {"paddingInner": 0.25, "paddingOuter": 0.15}
    else:
        encoding["scale"] = {"zero": False, "nice": chart.mark == "point"}
        if x_type == "integer":
            axis["format"] = "d"
    return encoding


def _across(chart: Chart, value: str, types: Mapping[str, str]) -> dict[str, Any]:
    """The axis of values."""
    axis: dict[str, Any] = {"title": None}
    if chart.format:
        axis["format"] = chart.format
    if chart.horizontal:
        axis.update({"grid": True, "domain": False, "ticks": False})
    encoding: dict[str, Any] = {"field": value, "type": "quantitative", "axis": axis}
    if chart.mark in ("line", "point"):
        encoding["scale"] = {"zero": False} if chart.mark == "point" else {"nice": True}
    return encoding


def _shape_bars(
    chart: Chart,
    x_type: str,
    series: str | None,
    mark: dict[str, Any],
    encoding: dict[str, Any],
    transforms: list[dict[str, Any]],
) -> None:
    along, across = ("y", "x") if chart.horizontal else ("x", "y")
    across_encoding, along_encoding = encoding[across], encoding[along]
    across_encoding["stack"] = "zero" if chart.stack else None
    grouped = bool(series) and not chart.stack
    if x_type in _TIMES and (grouped or chart.horizontal):
        axis = {**along_encoding["axis"], "format": "%b %-d, %Y", "formatType": "utc", "labelOverlap": True, "labelAngle": 0}
        along_encoding.update({"type": "ordinal", "timeUnit": "utcyearmonthdate", "axis": axis, "scale": {"paddingInner": 0.25}})
    elif x_type in _TIMES:
        # A bar on a continuous scale has no width of its own: as wide as there are moments to show.
        transforms.append({"joinaggregate": [{"op": "distinct", "field": field(chart.x or ""), "as": SLOTS}]})
        mark["width"] = {"expr": f"clamp(0.72 * width / (datum['{SLOTS}'] + 1), 1, 44)"}
        along_encoding["scale"] = {"type": "utc", "padding": 26}
    if grouped:
        encoding[f"{along}Offset"] = {"field": series, **_order(chart)}


def _legend(chart: Chart) -> dict[str, Any]:
    stroke = {"symbolType": "stroke", "symbolStrokeWidth": 3, "symbolSize": 160} if chart.mark == "line" else {}
    # Folded columns are called by their names in words; values of a column stay as they are.
    words = {"labelExpr": "replace(datum.label, /_/g, ' ')"} if len(chart.y) > 1 else {}
    return {**stroke, **words}


def _pie(chart: Chart, types: Mapping[str, str]) -> dict[str, Any]:
    slice_by = chart.color or chart.x or ""
    theta = {"field": field(chart.y[0]), "type": "quantitative", "stack": True}
    transforms = [{"window": [{"op": "row_number", "as": SLOTS}]}]
    return {
        "transform": transforms,
        "mark": {"type": "arc", "innerRadius": {"expr": "min(width, height) * 0.26"}, "padAngle": 0.012, "cornerRadius": 1},
        "encoding": {
            "theta": theta,
            "order": {"field": SLOTS, "type": "quantitative"},
            "color": {
                "field": field(slice_by),
                "type": "nominal",
                "title": None,
                "sort": None,
                "legend": {"orient": "right", "direction": "vertical"},
            },
            "tooltip": [
                {"field": field(slice_by), "title": _words(slice_by)},
                {"field": field(chart.y[0]), "type": "quantitative", "title": _words(chart.y[0]), **_format(chart)},
            ],
        },
    }


def _series_type(chart: Chart, types: Mapping[str, str]) -> str:
    if len(chart.y) > 1 or chart.color is None:
        return "nominal"
    kind = types.get(chart.color, "text")
    return (
        "temporal" if kind in _TIMES else "quantitative" if kind in ("number", "numeric") and chart.mark == "point" else "nominal"
    )


def _order(chart: Chart) -> dict[str, Any]:
    """Folded columns in the order they were written; others in the order of the rows."""
    return {"sort": [*chart.y]} if len(chart.y) > 1 else {"sort": None}


def _tooltip(chart: Chart, x_type: str, series: str | None, value: str, types: Mapping[str, str]) -> list[dict[str, Any]]:
    along: dict[str, Any] = {"field": field(chart.x or ""), "title": _words(chart.x or "")}
    if x_type in _TIMES:
        along.update({"type": "temporal", "format": "%Y-%m-%d" if x_type == "date" else "%Y-%m-%d %H:%M", "formatType": "utc"})
    elif x_type in _NUMBERS:
        along.update({"type": "quantitative"})
    named = chart.y_title or (_words(chart.y[0]) if len(chart.y) == 1 else "value")
    shown = {"field": value, "type": "quantitative", "title": named, **(_format(chart) or {"format": ",.4~r"})}
    between = [{"field": series, "title": _words(chart.color) if chart.color and len(chart.y) == 1 else "series"}] if series else []
    return [along, *between, shown]


def _format(chart: Chart) -> dict[str, str]:
    return {"format": chart.format} if chart.format else {}


def field(name: str) -> str:
    """A column's name as Vega reads it: dots, brackets and quotes are part of the name, not a path."""
    return re.sub(r"([.\[\]\\'\"])", r"\\\1", name)


def _words(name: str) -> str:
    return name.replace("_", " ")
