"""How charts look, and their SVG without a browser: readable in print and in the dark, safe for the colour-blind.

Colours are Okabe and Ito's.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from mqlab.reports.document import Chart

INK, MUTED, LINE = "#1f2933", "#52606d", "#d5dbe1"
BLUE, ORANGE, GREEN, GREY = "#0072b2", "#d55e00", "#009e73", "#9aa5b1"
ON_SERIES = "#fffffe"
SERIES = (GREY, BLUE, ORANGE, GREEN, "#cc79a7", "#e69f00")
"""The control is grey; challengers take the others in order."""

THEMED = {
    "ink": INK,
    "muted": MUTED,
    "line": LINE,
    "blue": BLUE,
    "orange": ORANGE,
    "green": GREEN,
    "grey": GREY,
    "on-series": ON_SERIES,
}
"""Colours a page may replace by its own, by name: in the dark."""

VEGA_LITE = "6.4"
_FONT = "Inter, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"


def themed(chart: Any) -> str:
    """The chart as JSON with the theme inside; the same chart is the same text."""
    spec = chart.configure(
        **{
            "background": "transparent",
            "padding": {"left": 28, "right": 56, "top": 4, "bottom": 4},
            "font": _FONT,
            "view": {"stroke": None},
            "axis": {
                "labelColor": MUTED,
                "titleColor": MUTED,
                "labelFontSize": 12,
                "titleFontSize": 12,
                "titleFontWeight": "normal",
                "titlePadding": 10,
                "gridColor": LINE,
                "domainColor": LINE,
                "tickColor": LINE,
            },
            "axisY": {"labelColor": INK, "labelPadding": 8},
            "legend": {
                "orient": "top",
                "direction": "horizontal",
                "labelColor": INK,
                "titleColor": MUTED,
                "labelFontSize": 12,
                "titleFontSize": 12,
                "titleFontWeight": "normal",
                "labelLimit": 320,
                "offset": 12,
                "columnPadding": 36,
            },
            "scale": {"bandPaddingInner": 0.3, "bandPaddingOuter": 0.15},
        }
    ).to_dict()
    return json.dumps(_unnamed(spec), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _unnamed(node: Any) -> Any:
    """Without the names that a library counts up while it runs."""
    if isinstance(node, dict):
        return {
            key: _unnamed(value) for key, value in node.items() if key != "name" or not str(value).startswith("view_")
        }
    return [_unnamed(item) for item in node] if isinstance(node, list) else node


@lru_cache(maxsize=64)
def svg(chart: Chart) -> str:
    """The chart as one SVG element: it scales, its ids carry the chart's id, and themed colours stay replaceable."""
    import vl_convert

    drawn = vl_convert.vegalite_to_svg(json.loads(chart.spec), vl_version=VEGA_LITE)
    drawn = re.sub(r'\bid="([^"]+)"', rf'id="{chart.id}-\1"', drawn)
    drawn = re.sub(r"url\(#([^)]+)\)", rf"url(#{chart.id}-\1)", drawn)
    drawn = re.sub(
        r'(<svg\b[^>]*?) width="([\d.]+)" height="[\d.]+"',
        r'\1 style="max-width:\2px" focusable="false"',
        drawn,
        count=1,
    )
    return drawn.strip()
