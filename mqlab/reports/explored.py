"""Scores with their thresholds, near misses, the frontier, and which signals go with SQLs: no effects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mqlab.analysis.explored import Explored, ScoreTable, Signal
from mqlab.analysis.explored_json import sqls_per_lead
from mqlab.reports import format as fmt
from mqlab.reports.document import Block, Cell, Chart, Column, Number, Section, Table, Text
from mqlab.reports.rows import missing, p_cell, ranged
from mqlab.reports.theme import BLUE, GREY, INK, WIDTH, themed
from mqlab.stats.binary import Counts
from mqlab.stats.estimate import Estimate, NotEstimable
from mqlab.stats.thresholds import Point

HOW_READ = (
    "{leads} leads of every arm, drawn by lot, each read by every definition at the first instant at which any "
    "definition fired, before an arm could act; where none did, at the lead's last activity in time."
)
ASSOCIATION = (
    "Association, not effect. A signal that gives points gets leads handed over, and handing over brings SQLs by "
    "itself; signals that go together share their rate, and a lead that fires early is read early. p is adjusted for "
    "all rules of a definition (Benjamini–Hochberg), intervals are not."
)
OVERSTATES = (
    "Leads that come by a fast track are not among these. Precision is SQLs per lead that the definition's own arm "
    "handed over by its score; the leads of other arms with such scores are taken to fare alike. Part of these SQLs "
    "would have come anyway, so precision overstates what handing over brings. Limits hold for all thresholds at once. "
    "Another threshold is a question for another experiment."
)

NOT_READ = (
    "Scores, signals and examples are read from the leads of the ledger. Where the lab's tables lie in a warehouse, or "
    "a page is made of an analysis alone, they are not read, and nothing is told of them."
)

SOURCE = "/explored"
"""Where its numbers stand in the report's JSON (`mqlab.analysis.explored_json`)."""

MOST = 6
"""So many scores are shown, those of the arms in their order."""


def scores(found: Explored | None) -> Section | None:
    """The distribution of each score, its near misses, and volume against precision; None without scores.

    Where leads could not be read, the reason.
    """
    title = "Scores and their thresholds"
    if found is None:
        return Section("scores", title, (Text(NOT_READ, "note"),))
    if not (found.scores or found.silent):
        return None
    blocks: list[Block] = [Text(HOW_READ.format(leads=fmt.count(found.leads)), "note")] if found.leads else []
    for number, one in enumerate(found.scores[:MOST], 1):
        blocks.append(Text(f"{_near(one, found.sql_days)} {_counted(one)}"))
        blocks.append(_distribution(number, one, found.sql_days))
        if sum(isinstance(point.precision, Estimate) for point in one.frontier) > 1:
            blocks.append(_frontier(number, one))
    if len(found.scores) > MOST:
        blocks.append(Text(f"{fmt.count(len(found.scores) - MOST)} more scores are not shown.", "note"))
    blocks += [Text(f"Nothing is drawn of the scores of {ref}: {fmt.reason(why)}.") for ref, why in found.silent]
    if found.scores:
        blocks.append(Text(OVERSTATES, "note"))
    return Section("scores", title, tuple(blocks))


def _name(one: ScoreTable) -> str:
    return f"{one.threshold.score} of {one.threshold.definition}"


def _near(one: ScoreTable, days: int) -> str:
    """Near misses of one threshold in a sentence."""
    bound, near = _plain(one.threshold.bound), _plain(one.near)
    missed = f"{fmt.count(one.missed.n)} of {fmt.count(one.of)} leads missed {bound} in “{one.threshold.score}” of "
    told = f"{missed}{one.threshold.definition} by at most {near} points and reached every other score."
    if not one.missed.n:
        return told
    became = f" {_share(one.missed)} of them became SQLs within {fmt.days(days)}"
    return f"{told}{became}, of those as close above it {_share(one.passed)}." if one.passed.n else f"{told}{became}."


def _counted(one: ScoreTable) -> str:
    """Which of the leads that were read the bars hold."""
    return (
        f"The bars hold {fmt.count(one.leads)} of the {fmt.count(one.of)} leads read, without those short of another "
        "score, of a fast track, or stopped by a gate."
    )


def _share(counts: Counts) -> str:
    return f"{fmt.rate(counts.x / counts.n)} ({fmt.count(counts.x)} of {fmt.count(counts.n)})"


def _plain(value: float) -> str:
    """A score as definitions write it."""
    return f"{value:.3g}"


def _distribution(number: int, one: ScoreTable, days: int) -> Chart:
    most = max(one.bins, key=lambda each: each.leads)
    below = sum(each.leads for each in one.bins if each.high <= one.threshold.bound)
    place = f"{SOURCE}/scores/{number - 1}"
    return Chart(
        f"score-{number}",
        f"Score {_name(one)} and its threshold",
        f"Bars of how many of {fmt.count(one.leads)} leads have which score; the threshold is "
        f"{_plain(one.threshold.bound)}, {fmt.count(below)} leads stay below it. Most leads, {fmt.count(most.leads)}, "
        f"have {_plain(most.low)} to {_plain(most.high)}.",
        _bars(one),
        Table(
            f"score-{number}-numbers",
            f"Leads by score {_name(one)}",
            (Column("Score from"), Column("to below"), Column("Leads", True), Column(f"SQLs in {fmt.days(days)}", True),
             Column("SQLs per lead", True)),
            tuple(
                (
                    Cell(_plain(each.low) + (" (threshold)" if each.low == one.threshold.bound else "")),
                    Cell(_plain(each.high) + (" and the same" if each.high == one.most else "")),
                    _count(each.leads, f"{place}/bins/{k}/leads"),
                    _count(each.sqls, f"{place}/bins/{k}/sqls"),
                    _rate(Counts(each.sqls, each.leads), f"{place}/bins/{k}"),
                )
                for k, each in enumerate(one.bins)
            ),
        ),
    )  # fmt: skip


def _count(value: int, source: str) -> Cell:
    return Cell(fmt.count(value), "number", source=source, number=Number(value, "count"))


def _rate(counts: Counts, source: str) -> Cell:
    if not counts.n:
        return Cell("–", "number", "quiet")
    share = counts.x / counts.n
    return Cell(fmt.rate(share), "number", source=f"{source}/rate", number=Number(share, "rate"))


def _bars(one: ScoreTable) -> str:
    import altair as alt

    bound = one.threshold.bound
    sides = ["below the threshold", "reaches it"]
    rows = [
        {"low": each.low, "high": each.high, "leads": each.leads, "side": sides[each.low >= bound]} for each in one.bins
    ]
    title = f"Score {one.threshold.score}, in points"
    domain = [one.bins[0].low, max(one.bins[-1].high, bound)]
    bars = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_bar(binSpacing=1)
        .encode(
            x=alt.X("low:Q", bin="binned", scale=alt.Scale(domain=domain, nice=False), title=title),
            x2="high:Q",
            y=alt.Y("leads:Q", title="Leads", axis=alt.Axis(grid=True, tickCount=5)),
            color=alt.Color("side:N", sort=sides, scale=alt.Scale(domain=sides, range=[GREY, BLUE]), title="The lead"),
        )
    )
    rule = (
        alt.Chart(alt.InlineData(values=[{"at": bound}]))
        .mark_rule(color=INK, strokeDash=[4, 3], strokeWidth=1.5)
        .encode(x=alt.X("at:Q", title=title))
    )
    return themed(alt.layer(bars, rule).properties(width=WIDTH, height=180))


def _frontier(number: int, one: ScoreTable) -> Chart:
    place = f"{SOURCE}/scores/{number - 1}/frontier"
    known = [(point, point.precision) for point in one.frontier if isinstance(point.precision, Estimate)]
    said = [
        f"from {_plain(_at(one, p))}: {fmt.per_thousand(p.volume / one.of)}, {fmt.rate(e.value or 0)}" for p, e in known
    ]
    return Chart(
        f"frontier-{number}",
        f"Volume against precision by threshold of {_name(one)}",
        "A line from many hand-overs to few; each point is a threshold, with leads handed over per 1,000 and the share "
        f"that becomes SQL. {'; '.join(said)}.",
        _line(one, known),
        Table(
            f"frontier-{number}-numbers",
            f"What other thresholds of {_name(one)} would hand over",
            (Column("Threshold"), Column("Leads, of 1,000", True), Column("SQLs per hand-over", True),
             Column("SQLs, of 1,000 leads", True)),
            tuple(
                (
                    Cell(_plain(_at(one, point)) + (" (in use)" if point is _in_use(one) else "")),
                    _volume(point.volume / one.of, f"{place}/{k}/handed_per_lead"),
                    _estimated(point.precision, f"{place}/{k}/sql_per_handed"),
                    _expected(sqls_per_lead(point, one.of), f"{place}/{k}/sql_per_lead"),
                )
                for k, point in enumerate(one.frontier)
            ),
        ),
    )  # fmt: skip


def _volume(share: float, source: str) -> Cell:
    return Cell(fmt.per_thousand(share), "number", source=source, number=Number(share, "per_thousand"))


def _in_use(one: ScoreTable) -> Point | None:
    """The point of the threshold in force: of the first band at it or above, as no band spans it."""
    return next((point for point in one.frontier if point.threshold >= one.threshold.bound), None)


def _at(one: ScoreTable, point: Point) -> float:
    """The threshold of a point; in use is what the definition says, however far above it the next score lies."""
    return one.threshold.bound if point is _in_use(one) else point.threshold


def _estimated(found: Estimate | NotEstimable, source: str) -> Cell:
    if isinstance(found, NotEstimable):
        return missing(found)
    return Cell(fmt.estimate(found, fmt.rate), "number", source=source, number=ranged(found, "rate"))


def _expected(found: Estimate | NotEstimable, source: str) -> Cell:
    """SQLs per 1,000 leads read."""
    if isinstance(found, NotEstimable):
        return missing(found)
    return Cell(fmt.estimate(found, fmt.per_thousand), "number", source=source, number=ranged(found, "per_thousand"))


def _line(one: ScoreTable, known: Sequence[tuple[Point, Estimate]]) -> str:
    import altair as alt

    used = _in_use(one)
    kinds = ["other thresholds", "in use"]
    rows = [
        {
            "volume": round(1000 * point.volume / one.of, 3),
            "precision": found.value,
            "low": found.interval.low,
            "high": found.interval.high,
            "text": _plain(_at(one, point)),
            "kind": kinds[point is used],
        }
        for point, found in known
    ]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("volume:Q", title="Leads handed over, of 1,000", scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=6))
    )
    y_axis = alt.Y(
        "low:Q",
        title="SQLs per hand-over",
        scale=alt.Scale(zero=True),
        axis=alt.Axis(format=".0%", tickCount=5, grid=True),
    )
    spans = base.mark_rule(color=GREY, strokeWidth=1.5).encode(y=y_axis, y2="high:Q")
    line = base.mark_line(color=GREY, strokeWidth=1.5).encode(y="precision:Q", order="volume:Q")
    dots = base.mark_point(filled=True, size=90, opacity=1).encode(
        y="precision:Q",
        color=alt.Color("kind:N", sort=kinds, scale=alt.Scale(domain=kinds, range=[GREY, BLUE]), title="Threshold"),
        shape=alt.Shape(
            "kind:N", sort=kinds, scale=alt.Scale(domain=kinds, range=["circle", "diamond"]), title="Threshold"
        ),
    )
    texts = base.mark_text(dy=-12, dx=8, fontSize=11, color=INK, align="left").encode(y="precision:Q", text="text:N")
    return themed(alt.layer(spans, line, dots, texts).properties(width=WIDTH, height=220))


def signals(found: Explored | None) -> Section | None:
    """A table of rules for each definition; None where no definition has any."""
    if found is None or not found.signals:
        return None
    refs = dict.fromkeys(one.definition for one in found.signals)
    tables = tuple(
        _signals(number, ref, [(k, one) for k, one in enumerate(found.signals) if one.definition == ref], found)
        for number, ref in enumerate(refs, 1)
    )
    return Section("signals", "Which signals go with SQLs", (Text(ASSOCIATION, "note"), *tables))


def _signals(number: int, ref: str, rows: Sequence[tuple[int, Signal]], found: Explored) -> Table:
    return Table(
        f"signals-{number}",
        f"Rules of {ref}: leads that they gave points, and all others",
        (
            Column("Rule"),
            Column("Leads with", True),
            Column(f"SQLs with, in {fmt.days(found.sql_days)}", True),
            Column("SQLs without", True),
            Column("Difference", True),
            Column("p adjusted", True),
            Column(f"Won with, in {fmt.days(found.won_days)}", True),
            Column("Won without", True),
        ),
        tuple(tuple(_signal(one, f"{SOURCE}/signals/{k}")) for k, one in rows),
    )


def _signal(one: Signal, source: str) -> Iterator[Cell]:
    yield Cell(one.rule)
    yield _count(one.with_.n, f"{source}/with/leads")
    yield _rate(one.with_, f"{source}/with")
    yield _rate(one.without, f"{source}/without")
    if isinstance(one.difference, NotEstimable):
        yield missing(one.difference)
    else:
        number = ranged(one.difference, "points")
        told = fmt.estimate(one.difference, fmt.points)
        yield Cell(told, "number", source=f"{source}/difference", number=number)
    if isinstance(one.p_adjusted, NotEstimable):
        yield Cell("–", "number", "quiet")
    else:
        yield p_cell(one.p_adjusted, f"{source}/p_adjusted")
    yield _rate(one.won_with, f"{source}/won_with")
    yield _rate(one.won_without, f"{source}/won_without")
