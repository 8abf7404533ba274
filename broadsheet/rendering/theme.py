"""How charts look: one Vega-Lite configuration for browser, PDF and HTML.

In the manner of a newspaper: a left-aligned headline, thin horizontal rules, no box, no ticks, direct words. The palette stays apart for
colour-blind readers (after Okabe and Ito, "Color Universal Design", 2008, darkened to hold on white paper).
"""

from typing import Any

PALETTE = ("#1d5c9c", "#d9622b", "#159575", "#b3538f", "#dd9d1f", "#5ba7d9", "#6e6e73", "#8a4b33")
DARK_PALETTE = ("#6ea8e0", "#f08a5a", "#45c2a0", "#d98bbd", "#f0c05a", "#9ad0f5", "#a9a9b0", "#c98f78")
SANS = "Libre Franklin, Franklin Gothic Medium, Helvetica Neue, Arial, sans-serif"

_LIGHT = {"ink": "#1a1a1c", "soft": "#5f5f66", "rule": "#e3e1dc", "axis": "#8d8b86", "first": PALETTE[0]}
_DARK = {"ink": "#efeff1", "soft": "#a9a9b2", "rule": "#33343a", "axis": "#6f7079", "first": DARK_PALETTE[0]}


def config(*, dark: bool = False) -> dict[str, Any]:
    """Vega-Lite's ``config``. The browser passes the dark one as an override; paper is light."""
    color = _DARK if dark else _LIGHT
    return {
        "font": SANS,
        "background": None,
        "padding": {"left": 0, "right": 6, "top": 2, "bottom": 2},
        "view": {"stroke": None},
        "range": {"category": list(DARK_PALETTE if dark else PALETTE)},
        "title": {
            **{"anchor": "start", "frame": "bounds", "offset": 14, "fontSize": 14, "fontWeight": 600, "color": color["ink"]},
            **{"subtitleColor": color["soft"], "subtitleFontSize": 11, "subtitlePadding": 4},
        },
        "axis": {
            **{"labelColor": color["soft"], "titleColor": color["soft"], "labelFontSize": 11, "titleFontSize": 11},
            **{"titleFontWeight": 400, "labelPadding": 6, "titlePadding": 8, "domain": False, "ticks": False},
            **{"gridColor": color["rule"], "gridWidth": 1, "labelLimit": 180},
        },
        "axisX": {
            "grid": False,
            "domain": True,
            "domainColor": color["axis"],
            "ticks": True,
            "tickColor": color["axis"],
            "tickSize": 4,
        },
        "axisQuantitative": {"tickCount": 5},
        "legend": {
            **{"orient": "top", "direction": "horizontal", "title": None, "labelColor": color["ink"], "labelFontSize": 11},
            **{"symbolType": "circle", "symbolSize": 80, "offset": 6, "padding": 0, "labelLimit": 220, "columnPadding": 14},
        },
        "mark": {"color": color["first"]},
        "line": {"strokeWidth": 2.25, "strokeJoin": "round", "strokeCap": "round"},
        "area": {"fillOpacity": 0.85},
        "point": {"filled": True, "size": 42, "opacity": 0.75},
        "arc": {"stroke": None},
    }


def dark_colors() -> dict[str, str]:
    """What each colour of a light drawing is in the dark."""
    return {**{_LIGHT[name]: _DARK[name] for name in _LIGHT}, **dict(zip(PALETTE, DARK_PALETTE, strict=True))}
