"""How charts look, and their SVG without a browser: readable in print and in the dark, safe for the colour-blind.

Colours are Okabe and Ito's.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from babel import Locale

from mqlab.reports import format as fmt
from mqlab.reports.document import Chart
from mqlab.reports.printable import printable

INK, MUTED, LINE = "#1f2933", "#52606d", "#d5dbe1"
BLUE, ORANGE, GREEN, GREY = "#0072b2", "#d55e00", "#009e73", "#9aa5b1"
ON_SERIES = "#fffffe"
SERIES = (GREY, BLUE, ORANGE, GREEN, "#cc79a7", "#e69f00")
"""The control is grey; challengers take the others in order."""

DASHES: tuple[list[int], ...] = ([1, 0], [7, 3], [2, 2], [9, 3, 2, 3], [4, 4], [12, 4])
"""How lines are drawn, in the order of the series: they differ without colour, too."""

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

PAPER = {
    "ink": "#14181c",
    "muted": "#52606d",
    "line": "#d0d6dc",
    "accent": "#0b5d7a",
    "plain": "#14181c",
    "good": "#00664f",
    "good-soft": "#e5f4ee",
    "bad": "#a33a00",
    "bad-soft": "#fdeee4",
    "warn": "#7a5200",
    "warn-soft": "#fcf3dd",
    "quiet": "#52606d",
    "quiet-soft": "#eef1f4",
    "plain-soft": "#eef1f4",
}
"""The page's colours, for pages and slides that are printed: text, lines, and what is good, bad or calls for care."""

WIDTH = 520
"""Of a chart without its labels, in pixels."""

VEGA_LITE = "6.4"
_IDS = re.compile(r'\bid="([^"]+)"')
_TAGS = re.compile(r"<[a-zA-Z][^>]*>")
_ROLES = re.compile(r' (?:role|aria-[a-z]+)="[^"]*"')
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
    ).to_dict(validate=False)
    if (locale := _locale()) is not None:
        spec["config"]["locale"] = locale
    return json.dumps(_plain(spec), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _locale() -> dict[str, Any] | None:
    """How axes write numbers and months, as d3 has it; None in English, which is how they do anyway."""
    written = fmt.current_locale()
    if written == fmt.LOCALE:
        return None
    found = Locale.parse(written)
    symbols = found.number_symbols["latn"]
    months, days = found.months["format"], found.days["format"]
    number = {
        "decimal": symbols["decimal"],
        "thousands": symbols["group"],
        "grouping": [3],
        "currency": ["", ""],
        "percent": found.percent_formats[None].suffix[0] or "%",
        "minus": fmt.MINUS,
    }
    time = {
        "dateTime": "%x, %X",
        "date": day_format(),
        "time": "%H:%M",
        "periods": ["AM", "PM"],
        "days": [days["wide"][k] for k in (6, 0, 1, 2, 3, 4, 5)],
        "shortDays": [days["abbreviated"][k] for k in (6, 0, 1, 2, 3, 4, 5)],
        "months": [months["wide"][k] for k in range(1, 13)],
        "shortMonths": [months["abbreviated"][k] for k in range(1, 13)],
    }
    return {"number": number, "time": time}


_DAY_PARTS = {"d": "%-d", "dd": "%d", "M": "%-m", "MM": "%m", "MMM": "%b", "MMMM": "%B", "y": "%Y", "yy": "%y"}


def day_format() -> str:
    """The current locale's way to write a day, as d3 has it: axes show days as `fmt.day` writes them.

    Example:
        >>> with fmt.written_in("de"):
        ...     day_format()
        '%-d. %b %Y'
    """
    written = fmt.current_locale()
    if written == fmt.LOCALE:
        return "%-d %b %Y"
    pattern = str(Locale.parse(written).datetime_skeletons["yMMMd"].pattern)
    return re.sub(
        r"'([^']*)'|([dMy])\2*",
        lambda part: part[1] if part[1] is not None else _DAY_PARTS.get(part[0], "%Y"),
        pattern,
    )


def _plain(node: Any) -> Any:
    """Without the names that a library counts up while it runs, and without letters that no picture can hold."""
    if isinstance(node, dict):
        return {
            key: _plain(value) for key, value in node.items() if key != "name" or not str(value).startswith("view_")
        }
    if isinstance(node, str):
        return printable(node)
    return [_plain(item) for item in node] if isinstance(node, list) else node


@lru_cache(maxsize=64)
def svg(chart: Chart) -> str:
    """The chart as one SVG element: it scales, its ids carry the chart's id, and themed colours stay replaceable.

    Its parts have no roles or labels of their own: the page tells the whole picture in words.
    """
    drawn = _TAGS.sub(lambda tag: _ROLES.sub("", tag[0]), svg_of_its_size(chart))
    drawn = re.sub(r'\bid="([^"]+)"', rf'id="{chart.id}-\1"', drawn)
    drawn = re.sub(r"url\(#([^)]+)\)", rf"url(#{chart.id}-\1)", drawn)
    drawn = re.sub(
        r'(<svg\b[^>]*?) width="([\d.]+)" height="[\d.]+"',
        r'\1 style="max-width:\2px" focusable="false"',
        drawn,
        count=1,
    )
    return drawn.strip()


def svg_of_its_size(chart: Chart) -> str:
    """The chart as an SVG file of its own, with width and height."""
    known = _DRAWN.get(chart.spec)
    return draw(chart.spec) if known is None else known[0]


def png(chart: Chart) -> bytes:
    """The chart as a picture of pixels, for where SVG is not read; twice its size."""
    known = _DRAWN.get(chart.spec)
    return pixels(svg_of_its_size(chart)) if known is None else known[1]


_DRAWN: dict[str, tuple[str, bytes]] = {}


def remember(chart: Chart, svg: str, png: bytes) -> None:
    """Pictures that another process drew, by what they show; kept until `forget`."""
    _DRAWN[chart.spec] = (svg, png)


def forget() -> None:
    """Let the pictures go that another process drew."""
    _DRAWN.clear()


@lru_cache(maxsize=64)
def draw(spec: str) -> str:
    """Vega-Lite as an SVG file."""
    import vl_convert

    return _renumbered(str(vl_convert.vegalite_to_svg(json.loads(spec), vl_version=VEGA_LITE)))


@lru_cache(maxsize=64)
def pixels(svg: str) -> bytes:
    """An SVG file as PNG."""
    import vl_convert

    return bytes(vl_convert.svg_to_png(svg, scale=2))


def _renumbered(drawn: str) -> str:
    """With ids counted from 1: the library goes on counting from one chart to the next."""
    fresh: dict[str, str] = {}
    for name in _IDS.findall(drawn):
        fresh.setdefault(name, f"{name.rstrip('0123456789')}{len(fresh) + 1}")
    drawn = _IDS.sub(lambda found: f'id="{fresh[found[1]]}"', drawn)
    return re.sub(r"url\(#([^)]+)\)", lambda found: f"url(#{fresh.get(found[1], found[1])})", drawn)
