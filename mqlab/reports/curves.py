"""How fast leads come through: the share that got to SQL and to won by each day, arm beside arm, with bands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mqlab.analysis.curves import TOLD, Curve
from mqlab.analysis.results import AnalysisResult
from mqlab.reports import format as fmt
from mqlab.reports import words
from mqlab.reports.document import Block, Cell, Chart, Column, Number, Section, Table, Text
from mqlab.reports.theme import DASHES, SERIES, WIDTH, themed
from mqlab.stats.incidence_curve import Step

DESCRIBES = (
    "Each line is the share of an arm's assigned leads that got there by that day; leads still being followed count as "
    "far as they were. The band is a {level} interval for each day alone, not corrected for looks: it describes; the "
    "effect above decides."
)


def curves(result: AnalysisResult, alpha: float) -> Section | None:
    """A picture with its numbers for each stage; None where nobody has been followed for a day."""
    blocks: list[Block] = []
    for stage in dict.fromkeys(one.stage for one in result.curves):
        mine = [(place, one) for place, one in enumerate(result.curves) if one.stage == stage]
        if any(one.steps for _, one in mine):
            blocks.append(_chart(stage, mine))
    if not blocks:
        return None
    return Section(
        "curves", "How fast leads come through", (*blocks, Text(DESCRIBES.format(level=fmt.level(alpha)), "note"))
    )


def _chart(stage: str, curves: Sequence[tuple[int, Curve]]) -> Chart:
    horizon = max(one.horizon_days for _, one in curves)
    told = " ".join(_in_words(one) for _, one in curves if one.steps)
    noun = words.stage(stage)
    days = [day for day in (*TOLD, horizon) if any(step.age_days == day for _, one in curves for step in one.steps)]
    days = sorted(dict.fromkeys(days))
    return Chart(
        f"curve-{stage}",
        f"{noun} by day after assignment, of 1,000 assigned leads",
        f"Rising lines by arm, with bands, over {fmt.days(horizon)}. {told}",
        _spec(stage, [one for _, one in curves]),
        Table(
            f"curve-{stage}-numbers",
            f"{noun} by day, of 1,000 assigned leads",
            (Column("Within"), *(Column(one.arm, True) for _, one in curves)),
            tuple((Cell(fmt.days(day)), *(_cell(place, one, day) for place, one in curves)) for day in days),
            _stopped(curves, horizon),
        ),
    )


def _in_words(one: Curve) -> str:
    """Where a line ends, and when half of those who got there had."""
    last = one.steps[-1]
    half = next((step.age_days for step in one.steps if last.rate and step.rate >= last.rate / 2), None)
    when = f", half of them by day {half}" if half is not None else ""
    return f"{one.arm}: {fmt.per_thousand(last.rate)} within {fmt.days(last.age_days)}{when}."


def _stopped(curves: Sequence[tuple[int, Curve]], horizon: int) -> str:
    """Which lines end before the horizon, and why."""
    short = [one for _, one in curves if not one.steps or one.steps[-1].age_days < horizon]
    named = ", ".join(one.arm for one in short)
    return f"Not followed for {fmt.days(horizon)} yet: {named}." if short else ""


def _cell(place: int, one: Curve, day: int) -> Cell:
    found = next(((k, step) for k, step in enumerate(one.steps) if step.age_days == day), None)
    if found is None:
        return Cell("not followed so long", "missing", "quiet")
    k, step = found
    return Cell(
        f"{fmt.per_thousand(step.rate)} ({fmt.interval(step.interval, fmt.per_thousand)})",
        "number",
        source=f"/curves/{place}/days/{k}",
        number=Number(step.rate, "per_thousand", step.interval.low, step.interval.high, True),
    )


def _points(one: Curve) -> Iterator[dict[str, object]]:
    yield {"day": 0, "arm": one.arm, "rate": 0.0, "low": 0.0, "high": 0.0}
    for step in one.steps:
        yield {"day": step.age_days, "arm": one.arm, "rate": _of(step), "low": _low(step), "high": _high(step)}


def _of(step: Step) -> float:
    return round(1000 * step.rate, 3)


def _low(step: Step) -> float:
    return round(1000 * (step.interval.low or 0.0), 3)


def _high(step: Step) -> float:
    return round(1000 * (1.0 if step.interval.high is None else step.interval.high), 3)


def _spec(stage: str, curves: Sequence[Curve]) -> str:
    import altair as alt

    arms = [one.arm for one in curves]
    legend = alt.Legend(symbolType="stroke", symbolStrokeWidth=3, symbolSize=400, symbolOpacity=1)
    colours = [SERIES[k % len(SERIES)] for k in range(len(arms))]
    rows = [point for one in curves if one.steps for point in _points(one)]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X(
            "day:Q",
            title="Days after assignment",
            scale=alt.Scale(domain=[0, max(one.horizon_days for one in curves)], nice=False),
            axis=alt.Axis(grid=False, tickCount=7),
        ),
        color=alt.Color("arm:N", sort=arms, scale=alt.Scale(domain=arms, range=colours), title="Arm", legend=legend),
    )
    bands = base.mark_area(opacity=0.18, interpolate="step-after").encode(
        y=alt.Y("low:Q", title=f"{words.stage(stage)} per 1,000 assigned", axis=alt.Axis(grid=True, tickCount=5)),
        y2="high:Q",
    )
    lines = base.mark_line(strokeWidth=2.2, interpolate="step-after").encode(
        y="rate:Q",
        strokeDash=alt.StrokeDash(
            "arm:N",
            sort=arms,
            scale=alt.Scale(domain=arms, range=[DASHES[k % len(DASHES)] for k in range(len(arms))]),
            title="Arm",
            legend=legend,
        ),
    )
    return themed(alt.layer(bands, lines).properties(width=WIDTH, height=240))
