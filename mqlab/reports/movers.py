"""Examples of leads that move: what either definition said of them when the first one fired."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from zoneinfo import ZoneInfo

from mqlab.analysis.explored import Explored
from mqlab.analysis.movers import Mover, Said
from mqlab.analysis.results import AnalysisResult
from mqlab.leads.instants import instant
from mqlab.reports import format as fmt
from mqlab.reports import points
from mqlab.reports.document import Cell, Column, Table
from mqlab.reports.in_locale import numbers_in_locale
from mqlab.reports.metric_table import arm_id

NOTE = (
    "Drawn by lot among leads of both arms; both definitions are read at the instant the first one fired, before any "
    "arm could act."
)


def examples(found: Explored | None, result: AnalysisResult, arm: str, zone: ZoneInfo) -> Iterator[Table]:
    """A table of the examples on which `arm` and the control part; none without examples. `zone` is the lab's."""
    mine = [one for one in found.movers if one.arm == arm] if found is not None else []
    if not mine:
        return
    yield Table(
        f"movers-{arm_id(result, arm)}",
        f"Examples of leads on which {result.control} and {arm} part",
        (
            Column("Lead"),
            Column("Source"),
            Column("Handed over first by"),
            Column(f"What {result.control} says"),
            Column(f"What {arm} says"),
            Column(f"Points under {result.control} and {arm}, where they differ"),
        ),
        tuple(tuple(Cell(text) for text in _row(one, result.control, zone)) for one in mine),
        NOTE,
    )


def _row(one: Mover, control: str, zone: ZoneInfo) -> Iterator[str]:
    yield one.lead_id
    yield one.source or "not known"
    yield f"{one.arm if one.first == 'arm_first' else control}, {_day(one.at_us, zone)}"
    yield _said(one.control, one.at_us, zone)
    yield _said(one.challenger, one.at_us, zone)
    yield _apart(one.control.points, one.challenger.points) or "–"


def _said(said: Said, at_us: int, zone: ZoneInfo) -> str:
    scores = ", ".join(f"{name} {points.points(value)}" for name, value in said.scores.items())
    if said.fired_us == at_us:
        verdict = f"MQL {points.path(said.path)}"
    elif said.fired_us is not None:
        verdict = f"MQL later, on {_day(said.fired_us, zone)}"
    else:
        verdict = "no MQL in time"
    lacking = f"; lacked: {numbers_in_locale(said.lacking[0])}" if said.lacking else ""
    return f"{verdict} ({scores}){lacking}" if scores else f"{verdict}{lacking}"


def _apart(control: Mapping[str, float], arm: Mapping[str, float]) -> str:
    """The rules that gave other points, in the control's order."""
    pairs = [(name, control.get(name, 0.0), arm.get(name, 0.0)) for name in dict.fromkeys((*control, *arm))]
    return ", ".join(f"{name} {_given(before)} and {_given(after)}" for name, before, after in pairs if before != after)


def _given(value: float) -> str:
    return points.signed(value) if value else "0"


def _day(at_us: int, zone: ZoneInfo) -> str:
    return fmt.day(instant(at_us).astimezone(zone).date())
