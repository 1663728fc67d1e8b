"""Charts as Vega-Lite: the lifts of both estimators, the funnel by arm, which definition fires first.

Every series differs in shape or is named in place, so no chart needs colour; a chart's numbers stand beside it as a
table, so a chart is never the only way to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mqlab.reports import format as fmt
from mqlab.reports.document import Cell, Chart, Column, Number, Table
from mqlab.reports.theme import BLUE, GREEN, GREY, INK, LINE, ON_SERIES, ORANGE, SERIES, WIDTH, themed

_FAR = 1.5


@dataclass(frozen=True, slots=True)
class Lift:
    """A point of the forest plot: a relative change (fraction) with its limits, None where open, and its text."""

    label: str
    estimator: str
    value: float | None
    low: float | None
    high: float | None
    text: str
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    """The share, a fraction, of an arm's assigned leads that reach a stage; the text says how many of 1,000."""

    stage: str
    arm: str
    rate: float
    text: str
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """A stratum's share, a fraction, of the leads of two compared arms."""

    pair: str
    stratum: str
    share: float
    text: str
    source: str | None = None


def forest(id: str, title: str, lifts: Sequence[Lift], alternative: str, *, heading: str = "Metric") -> Chart:
    """Relative changes with their intervals, one line each, both estimators of a metric beside each other.

    `heading` says what the lines are.
    """
    import altair as alt

    low, high = _domain(lifts)
    title_x = "Relative change against the control, in percent"
    rows = [
        {
            "label": lift.label,
            "estimator": lift.estimator,
            "value": None if lift.value is None or not low <= lift.value <= high else lift.value,
            "low": max(low, lift.low) if lift.low is not None else low,
            "high": min(high, lift.high) if lift.high is not None else high,
            "left": low if lift.low is None or lift.low < low else None,
            "right": high if lift.high is None or lift.high > high else None,
            "text": lift.text,
        }
        for lift in lifts
    ]
    names = list(dict.fromkeys(lift.estimator for lift in lifts))
    labels = list(dict.fromkeys(lift.label for lift in lifts))
    palette = [GREY, BLUE][-len(names) :] if len(names) <= 2 else list(SERIES[: len(names)])
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("label:N", sort=labels, title=None, axis=alt.Axis(labelLimit=280, ticks=False, domain=False)),
        yOffset=alt.YOffset("estimator:N", sort=names),
        color=alt.Color(
            "estimator:N", sort=names, scale=alt.Scale(domain=names, range=palette), title="Estimated from"
        ),
    )
    x_axis = alt.X(
        "low:Q",
        scale=alt.Scale(domain=[low, high], nice=False),
        axis=alt.Axis(
            format="+.0%", labelExpr=f"datum.value === 0 ? '{fmt.share(0.0)}' : datum.label", grid=True, tickCount=6
        ),
        title=title_x,
    )
    zero = (
        alt.Chart(alt.InlineData(values=[{"none": 0}]))
        .mark_rule(color=INK, strokeWidth=1)
        .encode(x=alt.X("none:Q", title=title_x))
    )
    spans = base.mark_rule(strokeWidth=2.5).encode(x=x_axis, x2="high:Q")
    dots = base.mark_point(filled=True, size=110, opacity=1).encode(
        x="value:Q",
        shape=alt.Shape(
            "estimator:N",
            sort=names,
            scale=alt.Scale(domain=names, range=["circle", "diamond"] * 3),
            title="Estimated from",
        ),
    )
    arrows = [
        base.mark_point(filled=True, shape=f"triangle-{side}", size=90, opacity=1)
        .encode(x=f"{side}:Q")
        .transform_filter(f"datum.{side} !== null")
        for side in ("left", "right")
    ]
    texts = base.mark_text(align="left", dx=10, fontSize=12, color=INK).encode(
        x=alt.value(WIDTH), text="text:N", color=alt.value(INK)
    )
    chart = alt.layer(zero, spans, *arrows, dots, texts).properties(width=WIDTH, height=alt.Step(24))
    numbers = Table(
        f"{id}-numbers",
        title,
        (Column(heading), Column("Estimated from"), Column("Relative change", True)),
        tuple(
            (
                Cell(lift.label),
                Cell(lift.estimator),
                Cell(
                    lift.text,
                    "number",
                    source=lift.source,
                    number=Number(lift.value, "change", lift.low, lift.high, True),
                ),
            )
            for lift in lifts
        ),
    )
    return Chart(id, title, alternative, themed(chart), numbers)


def _domain(lifts: Sequence[Lift]) -> tuple[float, float]:
    """From the smallest to the largest limit, no further than ±150% unless a value itself lies there."""
    values = [lift.value for lift in lifts if lift.value is not None]
    lows = [lift.low for lift in lifts if lift.low is not None]
    highs = [lift.high for lift in lifts if lift.high is not None]
    low = max(min([0.0, *values, *lows]), min([-1.0, *values]))
    high = min(max([0.0, *values, *highs]), max([_FAR, *(1.2 * value for value in values)]))
    pad = 0.06 * (high - low or 1.0)
    return low - pad, high + pad


def funnel(
    id: str, title: str, bars: Sequence[Bar], alternative: str, *, of: str = "1,000 assigned", series: str = "Arm"
) -> Chart:
    """How many of 1,000 leads, assigned or otherwise (`of`), reach each stage, the arms of one beside each other."""
    import altair as alt

    arms = list(dict.fromkeys(bar.arm for bar in bars))
    stages = list(dict.fromkeys(bar.stage for bar in bars))
    rows = [{"stage": bar.stage, "arm": bar.arm, "per_thousand": 1000 * bar.rate, "text": bar.text} for bar in bars]
    most = max((1000 * bar.rate for bar in bars), default=0.0)
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("stage:N", sort=stages, title=None, axis=alt.Axis(ticks=False, domain=False)),
        yOffset=alt.YOffset("arm:N", sort=arms),
        x=alt.X(
            "per_thousand:Q",
            title=f"Leads per {of}",
            scale=alt.Scale(domain=[0, most or 1.0]),
            axis=alt.Axis(grid=True, tickCount=6),
        ),
    )
    drawn = base.mark_bar(cornerRadiusEnd=2).encode(
        color=alt.Color(
            "arm:N", sort=arms, scale=alt.Scale(domain=arms, range=[_series(k) for k in range(len(arms))]), title=series
        )
    )
    texts = base.mark_text(align="left", dx=6, fontSize=12, color=INK).encode(text="text:N")
    chart = alt.layer(drawn, texts).properties(width=WIDTH, height=alt.Step(20))
    numbers = Table(
        f"{id}-numbers",
        title,
        (Column("Stage"), *(Column(f"{arm}, per 1,000", True) for arm in arms)),
        tuple(
            (
                Cell(stage),
                *(next((_bar_cell(b) for b in bars if (b.stage, b.arm) == (stage, arm)), _none()) for arm in arms),
            )
            for stage in stages
        ),
    )
    return Chart(id, title, alternative, themed(chart), numbers)


def overlap(id: str, title: str, shares: Sequence[Share], strata: Sequence[str], alternative: str) -> Chart:
    """One bar per pair of arms, cut by which definition fires first; parts are named in the bar where they fit."""
    import altair as alt

    colours = dict(zip(("both", "control_first", "arm_first", "none"), (BLUE, ORANGE, GREEN, LINE), strict=True))
    titles = list(dict.fromkeys(share.stratum for share in shares))
    by_title = {title: colours[name] for title, name in zip(titles, [*strata], strict=True)}
    rows = [
        {
            "pair": s.pair,
            "stratum": s.stratum,
            "share": s.share,
            "order": titles.index(s.stratum),
            "text": s.text if s.share >= 0.07 else "",
        }
        for s in shares
    ]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("pair:N", title=None, sort=None, axis=alt.Axis(ticks=False, domain=False, labelLimit=280)),
        order=alt.Order("order:Q"),
    )
    drawn = base.mark_bar().encode(
        x=alt.X(
            "share:Q",
            stack="zero",
            title="Share of assigned leads",
            scale=alt.Scale(domain=[0, 1]),
            axis=alt.Axis(format=".0%", tickCount=5),
        ),
        color=alt.Color(
            "stratum:N", sort=titles, scale=alt.Scale(domain=titles, range=list(by_title.values())), title="Fires first"
        ),
    )
    texts = base.mark_text(fontSize=12).encode(
        x=alt.X("share:Q", stack="zero", bandPosition=0.5),
        text="text:N",
        color=alt.condition(
            alt.FieldOneOfPredicate("stratum", [t for t, c in by_title.items() if c == LINE]),
            alt.value(INK),
            alt.value(ON_SERIES),
        ),
    )
    chart = alt.layer(drawn, texts).properties(width=WIDTH, height=alt.Step(40))
    pairs = list(dict.fromkeys(s.pair for s in shares))
    numbers = Table(
        f"{id}-numbers",
        title,
        (Column("Fires first"), *(Column(pair, True) for pair in pairs)),
        tuple(
            (
                Cell(name),
                *(
                    next((_share_cell(s) for s in shares if (s.stratum, s.pair) == (name, pair)), _none())
                    for pair in pairs
                ),
            )
            for name in titles
        ),
    )
    return Chart(id, title, alternative, themed(chart), numbers)


def _bar_cell(bar: Bar) -> Cell:
    return Cell(bar.text, "number", source=bar.source, number=Number(bar.rate, "per_thousand"))


def _share_cell(share: Share) -> Cell:
    return Cell(share.text, "number", source=share.source, number=Number(share.share, "rate"))


def _none() -> Cell:
    return Cell("–", "number", "quiet")


def _series(k: int) -> str:
    return SERIES[k % len(SERIES)]
