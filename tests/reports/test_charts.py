"""Charts: what they draw, their numbers beside them, and SVG that a page can hold several of."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from datetime import date

import pytest

from mqlab.reports import format as fmt
from mqlab.reports import theme
from mqlab.reports.charts import Bar, Lift, Share, forest, funnel, overlap
from mqlab.reports.document import Chart, Document, Section
from mqlab.reports.look_calendar import calendar
from mqlab.reports.pictures import drawn_beside
from mqlab.reports.signatures import OnRecord
from mqlab.reports.theme import THEMED, svg, svg_of_its_size
from tests.reports.samples import BERLIN, document, protocol, ship

LIFTS = (
    Lift("SQLs", "all assigned leads", 0.03, -0.11, 0.19, "+3.0%"),
    Lift("SQLs", "leads the definitions disagree on", 0.04, -0.01, 0.09, "+4.0%"),
    Lift("revenue", "all assigned leads", 0.5, None, None, "+50.0% (no usable bound)"),
    Lift("won", "all assigned leads", None, 0.2, None, "at least +20.0%"),
    Lift("meetings", "all assigned leads", 0.1, -0.9, 40.0, "+10.0%"),
)
BARS = tuple(
    Bar(stage, arm, rate, f"{1000 * rate:.1f}")
    for stage, rate in (("MQLs", 0.25), ("SQLs", 0.079))
    for arm in ("a", "b")
)
SHARES = tuple(
    Share("b v a", name, value, f"{value:.0%}")
    for name, value in (("both", 0.2), ("a first", 0.05), ("b first", 0.05), ("neither", 0.7))
)


def charts() -> dict[str, Chart]:
    return {
        "forest": forest("lifts", "Lifts", LIFTS, "words"),
        "funnel": funnel("funnel", "Funnel", BARS, "words"),
        "overlap": overlap("overlap", "Overlap", SHARES, ("both", "control_first", "arm_first", "none"), "words"),
    }


@pytest.mark.parametrize("name", ["forest", "funnel", "overlap"])
def test_a_chart_is_one_scaling_svg_with_ids_of_its_own(name):
    """The SVG is well-formed, has a view box and no fixed size, and each of its ids begins with the chart's."""
    chart = charts()[name]
    drawn = svg(chart)
    root = ET.fromstring(drawn)

    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "viewBox" in root.attrib and "width" not in root.attrib
    assert all(found.startswith(f"{chart.id}-") for found in re.findall(r'\bid="([^"]+)"', drawn))
    assert charts()[name] == chart and svg(charts()[name]) == drawn


@pytest.mark.parametrize("name", ["forest", "funnel", "overlap"])
def test_the_numbers_of_a_chart_stand_in_its_table_and_in_the_picture(name):
    """Every text of the data is in the table; the picture prints those with room for them."""
    chart = charts()[name]
    told = {cell.text for row in chart.numbers.rows for cell in row}
    texts = {x.text for x in (*LIFTS,) if name == "forest"} | {x.text for x in BARS if name == "funnel"}
    texts |= {x.text for x in SHARES if name == "overlap"}
    drawn = {"".join(node.itertext()) for node in ET.fromstring(svg(chart)).iter("{http://www.w3.org/2000/svg}text")}

    assert texts <= told
    assert texts - drawn <= {"5%"}


def test_colours_of_the_theme_are_the_only_ones():
    """Whatever is filled or stroked has a colour a page can replace in the dark, or none."""
    known = {*THEMED.values(), "none", "transparent", "#cc79a7", "#e69f00"}

    for chart in charts().values():
        assert set(re.findall(r'(?:fill|stroke)="([^"]+)"', svg(chart))) <= known


def test_axes_are_named_in_words_with_units():
    """The axis of lifts says percent against the control; bars say leads per 1,000; shares say of what."""
    specs = {name: chart.spec for name, chart in charts().items()}

    assert "Relative change against the control, in percent" in specs["forest"]
    assert "Leads per 1,000 assigned" in specs["funnel"]
    assert "Share of assigned leads" in specs["overlap"]


def test_far_limits_become_arrows():
    """An open or far limit ends in an arrow at the edge; the scale stays where the values are."""
    spec = json.loads(charts()["forest"].spec)
    rows = next(values for values in spec["datasets"].values() if len(values) == len(LIFTS))
    revenue, won, meetings = rows[2], rows[3], rows[4]

    assert revenue["left"] is not None and revenue["right"] is not None
    assert won["left"] is None and won["right"] is not None and won["value"] is None
    assert meetings["right"] is not None and meetings["high"] < 2


def test_a_chart_of_nothing_but_zeros_is_drawn():
    """No effect anywhere and empty stages still give a picture."""
    still = forest("f", "F", [Lift("x", "all assigned leads", 0.0, 0.0, 0.0, "0.0%")], "words")
    none = funnel("g", "G", [Bar("MQLs", "a", 0.0, "0.0")], "words")

    assert svg(still).startswith("<svg") and svg(none).startswith("<svg")


def test_a_chart_is_the_same_whatever_was_drawn_before():
    """Ids are counted within a chart, though the library counts on from one to the next."""
    chart = charts()["overlap"]
    first = svg_of_its_size(chart)
    for _ in range(4):
        theme.draw.cache_clear()
        svg_of_its_size(charts()["forest"])
        theme.draw.cache_clear()

        assert svg_of_its_size(chart) == first


def test_every_chart_of_a_report_is_vega_lite():
    """
    The schema of Vega-Lite accepts every chart, which a report does not ask again each time it is made.
    """
    import altair

    drawn = [block for section in document(ship()).sections for block in section.blocks if isinstance(block, Chart)]

    assert len(drawn) > 6
    for chart in drawn:
        altair.LayerChart.validate({**json.loads(chart.spec)})


def test_a_process_beside_draws_the_same_pictures():
    """
    What the process drew is what this one draws, to the byte; afterwards it is forgotten.
    """
    chart = charts()["funnel"]
    told = Document("Title", "", (), (Section("charts", "Charts", (chart,)),))
    with drawn_beside() as pictures:
        pictures.ask(told)
        pictures.wait()
        known = theme._DRAWN[chart.spec]

    assert not theme._DRAWN
    assert known == (svg_of_its_size(chart), theme.png(chart))


def test_pictures_that_no_process_draws_are_drawn_here(monkeypatch):
    """
    Where no process can be started, or it fails, charts are drawn when they are asked for.
    """
    chart = charts()["funnel"]
    told = Document("Title", "", (), (Section("charts", "Charts", (chart,)),))
    monkeypatch.setattr("sys.executable", "/bin/false")
    with drawn_beside() as pictures:
        pictures.ask(told)
        pictures.wait()
        assert not theme._DRAWN
    monkeypatch.setattr("sys.executable", "/no/such/python")
    with drawn_beside() as pictures:
        assert pictures is None
    assert svg(chart)


@pytest.mark.parametrize(("locale", "day"), [("en", "1 Jul 2026"), ("de", "1. Juli 2026"), ("en_US", "Jul 1, 2026")])
def test_days_on_an_axis_are_written_as_beside_it(locale: str, day: str):
    """The calendar's axis says a day as the report's sentences do."""
    with fmt.written_in(locale):
        chart = calendar(ship(), protocol(), OnRecord(), BERLIN).blocks[1]
        told = fmt.day(date(2026, 7, 1))

    assert day == told
    assert f">{day}</text>" in svg(chart).replace("\u00a0", " ")
