"""What sales promised and kept, arm beside arm, and the ways of leads: handed over at once, nurtured, sent back."""

from __future__ import annotations

from mqlab.analysis.results import AnalysisResult
from mqlab.analysis.sales_work import FlowRow, PromiseRow, Way
from mqlab.reports import format as fmt
from mqlab.reports.document import Block, Cell, Column, Number, Section, Table
from mqlab.reports.rows import missing
from mqlab.stats.estimate import NotEstimable

_PROMISES = {"first_touch": "First touch", "decision": "Accepted or rejected"}
_WAYS: dict[Way, str] = {
    "qualified_at_once": "Qualified within a day of assignment",
    "qualified_later": "Nurtured first, qualified later",
    "never_qualified": "Never qualified",
    "sent_back": "Sent back by sales",
}
_CLOCK = (
    "Of leads followed for the primary metric's whole horizon; time runs on the wall clock, from the hand-over. "
    "Descriptive: each arm hands over other leads."
)
_FLOW = (
    "Within the primary metric's horizon. Leads sent back are among the qualified too; of them only SQLs after that "
    "count. Descriptive."
)


def worked(result: AnalysisResult) -> Section | None:
    """Promises and ways as tables; None where the analysis holds neither."""
    blocks: list[Block] = []
    if any(row.handed for row in result.promises):
        blocks.append(_promises(result))
    if any(row.units for row in result.flow):
        blocks.append(_ways(result))
    return Section("sales", "What became of leads at sales and in nurture", tuple(blocks)) if blocks else None


def _promises(result: AnalysisResult) -> Table:
    rows = sorted(enumerate(result.promises), key=lambda one: list(_PROMISES).index(one[1].promise))
    return Table(
        "promises",
        "Promises of sales about leads handed over",
        (
            Column("Promise"),
            Column("Arm"),
            Column("Within"),
            Column("Leads", True),
            Column("Due", True),
            Column("Kept, of those due", True),
            Column("Half waited at most, in hours", True),
            Column("Nine in ten at most, in hours", True),
        ),
        tuple(_promise(k, row) for k, row in rows),
        _CLOCK,
    )


def _promise(k: int, row: PromiseRow) -> tuple[Cell, ...]:
    at = f"/promises/{k}"
    return (
        Cell(_PROMISES[row.promise]),
        Cell(row.arm),
        Cell("no promise" if row.within_hours is None else _hours(row.within_hours)),
        _count(row.handed, f"{at}/handed_over"),
        _count(row.due, f"{at}/due"),
        _rate(row.share, f"{at}/share"),
        _wait(row.median_hours, f"{at}/median_hours"),
        _wait(row.ninth_decile_hours, f"{at}/ninth_decile_hours"),
    )


def _ways(result: AnalysisResult) -> Table:
    return Table(
        "flow",
        "Which way leads went, by arm",
        (
            Column("Way"),
            Column("Arm"),
            Column("Leads", True),
            Column("Of the arm's", True),
            Column("Handed over again", True),
            Column("SQLs", True),
            Column("SQLs per such lead", True),
        ),
        tuple(_way(k, row) for way in _WAYS for k, row in enumerate(result.flow) if row.way == way),
        _FLOW,
    )


def _way(k: int, row: FlowRow) -> tuple[Cell, ...]:
    at = f"/flow/{k}"
    return (
        Cell(_WAYS[row.way]),
        Cell(row.arm),
        _count(row.leads, f"{at}/leads"),
        _rate(row.share, f"{at}/share"),
        Cell("–", "number", "quiet") if row.handed_again is None else _count(row.handed_again, f"{at}/handed_again"),
        _count(row.sqls, f"{at}/sqls"),
        _rate(row.rate, f"{at}/rate"),
    )


def _count(value: int, source: str) -> Cell:
    return Cell(fmt.count(value), "number", source=source, number=Number(value, "count"))


def _rate(value: float | NotEstimable, source: str) -> Cell:
    if isinstance(value, NotEstimable):
        return missing(value)
    return Cell(fmt.rate(value), "number", source=source, number=Number(value, "rate"))


def _wait(value: float | NotEstimable, source: str) -> Cell:
    if isinstance(value, NotEstimable):
        return missing(value)
    return Cell(fmt.number(value), "number", source=source, number=Number(value, "number"))


def _hours(value: float) -> str:
    """A promised time, in days from two days on."""
    return f"{fmt.number(value)} h" if value < 48 else f"{fmt.number(value / 24)} days"
