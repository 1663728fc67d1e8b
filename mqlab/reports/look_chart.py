"""Looks against their boundaries: the statistic of every look, as far as it is recorded, over the information."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mqlab.analysis.result_rows import MetricRow
from mqlab.analysis.results import AnalysisResult, Call
from mqlab.reports import format as fmt
from mqlab.reports import words
from mqlab.reports.document import Block, Cell, Chart, Column, Number, Table
from mqlab.reports.metric_table import arm_id
from mqlab.reports.rows import Rows, missing, ranged
from mqlab.reports.signatures import OnRecord, ReadThen
from mqlab.reports.theme import BLUE, INK, ORANGE, WIDTH, themed
from mqlab.stats.estimate import NotEstimable, implied_z

if TYPE_CHECKING:
    from altair import ExprRef

_IMPLIED = (
    "z is the one that a look's repeated interval implies: it lies beyond the boundary exactly where the interval of "
    "the difference excludes 0."
)


@dataclass(frozen=True, slots=True)
class Point:
    """A look at one challenger; `source` is where its row stands in the analysis, None where the ledger tells of it."""

    day: date
    read: ReadThen
    call: Call | None
    source: str | None = None

    @property
    def z(self) -> float | None:
        """The statistic its limits imply."""
        return implied_z(self.read.absolute, self.read.bound)


def boundaries(result: AnalysisResult, record: OnRecord, zone: ZoneInfo) -> Iterator[Block]:
    """A picture per challenger with its numbers; none where the primary metric cannot be read yet."""
    rows = Rows(result)
    for arm in result.verdicts:
        row = rows.primary(arm)
        if row is not None and row.look is not None:
            yield _chart(result, arm, row, _points(result, record, rows, row, zone))


def _points(result: AnalysisResult, record: OnRecord, rows: Rows, row: MetricRow, zone: ZoneInfo) -> tuple[Point, ...]:
    """The looks the ledger recorded, and this one."""
    before = [
        Point(look.as_of.astimezone(zone).date(), look.read[row.arm], look.calls.get(row.arm))
        for look in record.looks
        if row.arm in look.read
    ]
    if row.look is None:
        return tuple(before)
    now = ReadThen(row.estimator, row.look.information, row.look.bound, row.absolute, row.relative)
    day = result.as_of.astimezone(zone).date()
    return (*before, Point(day, now, result.verdicts[row.arm].call, rows.source(row)))


def _chart(result: AnalysisResult, arm: str, row: MetricRow, points: Sequence[Point]) -> Chart:
    id, name = f"looks-{arm_id(result, arm)}", words.metric(row.metric)
    title = f"Looks against their boundaries: {name}, {arm} against {result.control}"
    told = " ".join(_in_words(point) for point in points)
    return Chart(
        id,
        title,
        f"The statistic z of each look, with the boundary above and below it, over the share of planned information. "
        f"{told}",
        _spec(points),
        Table(
            f"{id}-numbers",
            title,
            (
                Column("Look"),
                Column("Estimated from"),
                Column("Information", True),
                Column("Boundary on |z|", True),
                Column("z", True),
                Column("Relative change, repeated interval", True),
                Column("What it said"),
            ),
            tuple(_row(point) for point in points),
            " ".join((_IMPLIED, *_unrecorded(result, points))),
        ),
    )


def _unrecorded(result: AnalysisResult, points: Sequence[Point]) -> Iterator[str]:
    """Looks that the boundary counts and of which no number is recorded."""
    counted = int(result.counts.get("looks", len(points)))
    if counted > len(points):
        yield (
            f"The boundary counts {fmt.counted(counted, 'look')}; what {counted - len(points)} of them said is not "
            "recorded."
        )


def _in_words(point: Point) -> str:
    where = f"{fmt.day(point.day)}, at {fmt.rate(point.read.information)}: "
    bound = fmt.bound(point.read.bound)
    if point.z is None:
        return f"{where}no statistic, boundary {bound}."
    beyond = "beyond" if abs(point.z) > point.read.bound else "within"
    return f"{where}z {fmt.change_of_number(point.z)}, {beyond} the boundary of {bound}."


def _row(point: Point) -> tuple[Cell, ...]:
    read, at = point.read, point.source
    return (
        Cell(fmt.day(point.day)),
        Cell(words.ESTIMATORS.get(read.estimator, read.estimator)),
        Cell(
            fmt.rate(read.information),
            "number",
            source=at and f"{at}/look/information",
            number=Number(read.information, "rate"),
        ),
        Cell(fmt.bound(read.bound), "number", source=at and f"{at}/look/bound", number=Number(read.bound, "number")),
        Cell("–", "number", "quiet")
        if point.z is None
        else Cell(
            fmt.change_of_number(point.z),
            "number",
            source=at and f"{at}/look/z",
            number=Number(point.z, "change_of_number"),
        ),
        missing(read.relative)
        if isinstance(read.relative, NotEstimable)
        else Cell(
            fmt.estimate(read.relative, fmt.change),
            "number",
            source=at and f"{at}/relative",
            number=ranged(read.relative, "change"),
        ),
        Cell("–" if point.call is None else words.CALLS[point.call][0].lower()),
    )


def _spec(points: Sequence[Point]) -> str:
    import altair as alt

    most = max(abs(value) for point in points for value in (point.z or 0.0, point.read.bound))
    x_axis = alt.X(
        "information:Q",
        title="Information, of what is planned",
        scale=alt.Scale(domain=[0, 1.04 * max(1.0, *(point.read.information for point in points))], nice=False),
        axis=alt.Axis(format=".0%", tickCount=5, grid=False),
    )
    y_scale = alt.Scale(domain=[-1.15 * most, 1.15 * most], nice=False)
    names = ["z of the look", "boundary"]
    bounds = [
        {"information": point.read.information, "z": side * point.read.bound, "side": side, "what": names[1]}
        for side in (1, -1)
        for point in points
    ]
    looks = [
        {"information": point.read.information, "z": round(point.z, 4), "what": names[0], "text": fmt.day(point.day)}
        for point in points
        if point.z is not None
    ]
    colour = alt.Color("what:N", sort=names, scale=alt.Scale(domain=names, range=[BLUE, ORANGE]), title="What")
    shape = alt.Shape("what:N", sort=names, scale=alt.Scale(domain=names, range=["circle", "stroke"]), title="What")
    y_axis = alt.Y("z:Q", title="z", scale=y_scale, axis=alt.Axis(grid=True, tickCount=6))
    zero = alt.Chart(alt.InlineData(values=[{"z": 0}])).mark_rule(color=INK, strokeWidth=1).encode(y=y_axis)
    bound = alt.Chart(alt.InlineData(values=bounds)).encode(x=x_axis, y=y_axis, color=colour)
    drawn = [
        zero,
        bound.mark_line(strokeDash=[5, 4], strokeWidth=1.6).encode(detail="side:N"),
        bound.mark_point(size=260, strokeWidth=3, opacity=1).encode(shape=shape),
    ]
    if looks:
        taken = alt.Chart(alt.InlineData(values=looks)).encode(x=x_axis, y=y_axis)
        drawn += [
            taken.mark_line(color=BLUE, strokeWidth=1.6),
            taken.mark_point(filled=True, size=120, opacity=1).encode(color=colour, shape=shape),
            taken.mark_text(
                align=_side("'left'", "'right'"), dx=_side("9", "-9"), dy=-9, fontSize=12, color=INK
            ).encode(text="text:N"),
        ]
    return themed(alt.layer(*drawn).properties(width=WIDTH, height=240))


def _side(left: str, right: str) -> ExprRef:
    """A label stands right of an early look, left of a later one: so it stays in the picture."""
    import altair as alt

    return alt.ExprRef(f"datum.information < 0.25 ? {left} : {right}")
