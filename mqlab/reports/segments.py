"""Declared segments: where an effect may differ, which decides nothing."""

from __future__ import annotations

from collections.abc import Sequence

from mqlab.analysis.result_rows import MetricRow
from mqlab.analysis.results import AnalysisResult
from mqlab.analysis.segment_rows import MISSING
from mqlab.reports import charts, words
from mqlab.reports import format as fmt
from mqlab.reports.document import Block, Cell, Chart, Column, Section, Table, Text
from mqlab.reports.effects import lift_of
from mqlab.reports.metric_table import arm_id, label
from mqlab.reports.rows import Rows
from mqlab.stats.estimate import NotEstimable

MOST = 24
"""So many segments are drawn, in their order; the table holds all of them."""


def segments(result: AnalysisResult) -> Section | None:
    """Declared segments, exploratory; None where there are none."""
    rows = Rows(result)
    blocks: list[Block] = [
        Text("Exploratory: segments suggest questions for another experiment. They never decide this one.", "note")
    ]
    for arm in result.verdicts:
        chosen = [row for row in result.metrics if row.arm == arm and row.segment is not None]
        for number, name in enumerate(dict.fromkeys(label(row) for row in chosen), 1):
            mine = [row for row in chosen if label(row) == name]
            if number == 1:
                blocks += _forest(rows, result, arm, name, mine)
            blocks.append(_table(rows, result, arm, number, name, mine))
    return Section("segments", "Segments", tuple(blocks)) if len(blocks) > 1 else None


def _forest(rows: Rows, result: AnalysisResult, arm: str, name: str, mine: Sequence[MetricRow]) -> list[Block]:
    """The change of the first metric by segment, as the deciding estimator has it, below that of all leads."""
    decides = result.deciding.get(arm)
    estimator = decides if any(row.estimator == decides for row in mine) else mine[0].estimator
    told = [row for row in mine if row.estimator == estimator and not isinstance(row.relative, NotEstimable)]
    if not told:
        return []
    whole = [
        row
        for row in result.metrics
        if (row.metric, row.horizon_days, row.arm, row.segment) == (told[0].metric, told[0].horizon_days, arm, None)
        and row.estimator == estimator
        and row.role != "guardrail"
        and not isinstance(row.relative, NotEstimable)
    ]
    lifts = [
        lift_of(row, _name(row.segment) if row.segment else "all leads", rows.source(row, "relative"))
        for row in [*whole[:1], *told[:MOST]]
    ]
    chart: Chart = charts.forest(
        f"segment-lifts-{arm_id(result, arm)}",
        f"{name}: relative change by segment, {arm} against {result.control} (exploratory)",
        lifts,
        "Intervals of the relative change by segment, not adjusted for their number. "
        + " ".join(f"{one.label}: {one.text}." for one in lifts),
        heading="Segment",
    )
    left = len(told) - MOST
    return [chart, *([Text(f"{fmt.count(left)} more are in the table.", "note")] if left > 0 else [])]


def _name(segment: str) -> str:
    """A segment such as `source=paid_search` in words; the value may hold an equals sign of its own."""
    field, _, value = segment.partition("=")
    return f"{field}: {'not known' if value == MISSING else value}"


def _table(rows: Rows, result: AnalysisResult, arm: str, number: int, name: str, mine: Sequence[MetricRow]) -> Table:
    return Table(
        f"segments-{arm_id(result, arm)}-{number}",
        f"{name}: {arm} against {result.control} by segment (exploratory)",
        (
            Column("Segment"),
            Column("Estimated from"),
            Column(result.control, True),
            Column(arm, True),
            Column("Relative change", True),
            Column("p", True),
            Column("p adjusted for the number of segments", True),
        ),
        tuple(
            (
                Cell(_name(str(row.segment))),
                Cell(words.ESTIMATORS[row.estimator]),
                rows.value(row, "control"),
                rows.value(row, "treatment"),
                rows.lift(row),
                rows.p_value(row),
                rows.p_adjusted(row),
            )
            for row in mine
        ),
        folded=True,
    )
