"""Blocks 1 to 3 of a result: the effect, the list handed to sales, and the leads gained and forgone."""

from __future__ import annotations

from mqlab.analysis.results import AnalysisResult, MarginalRow, MetricRow
from mqlab.experiments.metrics import METRICS
from mqlab.experiments.protocol import Protocol
from mqlab.reports import answer, charts, words
from mqlab.reports import format as fmt
from mqlab.reports.document import Block, Cell, Column, Section, Table, Text
from mqlab.reports.metric_table import arm_id, metric_table
from mqlab.reports.rows import Rows, missing
from mqlab.stats.estimate import NotEstimable


def ladder(result: AnalysisResult, protocol: Protocol) -> Section:
    """Block 1, causal: the same 1,000 leads under each definition."""
    rows = Rows(result)
    blocks: list[Block] = []
    lifts: list[charts.Lift] = []
    for arm in result.verdicts:
        chosen = [r for r in rows.find(arm=arm, roles=("primary", "then", "beside")) if METRICS[r.metric].causal]
        chosen = [row for row in chosen if row.unit != "count" and row.metric != "mql_per_lead"]
        main = rows.primary(arm)
        if main is not None:
            blocks.append(Text(answer.causal_sentence(main, result.control, arm, protocol.alpha), "lead"))
        if chosen:
            blocks.append(
                metric_table(rows, f"ladder-{arm_id(result, arm)}", f"{arm} against {result.control}", chosen, arm)
            )
        prefix = f"{arm}: " if len(result.verdicts) > 1 else ""
        lifts += [_lift(row, prefix) for row in chosen if not isinstance(row.relative, NotEstimable)]
    if lifts:
        blocks.append(
            charts.forest(
                "lifts",
                "Relative change per assigned lead",
                lifts,
                "Intervals of the relative change against the control. "
                + " ".join(f"{lift.label}, {lift.estimator}: {lift.text}." for lift in lifts),
            )
        )
        blocks.append(
            Text(
                "Both rows of a metric estimate the same effect. The first compares all assigned leads. The second "
                "uses that only leads the definitions disagree on can fare differently, so its interval is narrower. "
                "It holds as long as sales treats all other leads alike in both arms, which the checks look at.",
                "note",
            )
        )
    bars = _bars(result)
    if bars:
        blocks.append(
            charts.funnel(
                "funnel",
                "How far 1,000 assigned leads come (plain counts)",
                bars,
                "Bars of leads per 1,000 assigned by stage and arm. "
                + " ".join(f"{bar.stage}, {bar.arm}: {bar.text}." for bar in bars),
            )
        )
    return Section("ladder", "The same leads under each definition", tuple(blocks))


def _lift(row: MetricRow, prefix: str) -> charts.Lift:
    found = row.relative
    if isinstance(found, NotEstimable):
        raise ValueError("only an estimate can be drawn")
    horizon = f", {fmt.days(row.horizon_days)}" if row.horizon_days else ""
    return charts.Lift(
        prefix + answer.noun(row.metric) + horizon,
        words.ESTIMATORS[row.estimator],
        found.value,
        found.interval.low,
        found.interval.high,
        fmt.estimate(found, fmt.change),
    )


def _bars(result: AnalysisResult) -> list[charts.Bar]:
    return [
        charts.Bar(
            words.stage(row.stage), row.arm, 1000 * row.count / row.units, fmt.per_thousand(row.count / row.units)
        )
        for row in result.funnel
        if row.stage != "assigned" and row.units
    ]


def lists(result: AnalysisResult, protocol: Protocol) -> Section:
    """Block 2, descriptive: how clean and how long the list handed to sales is."""
    rows = Rows(result)
    blocks: list[Block] = [
        Text(
            "Descriptive: the two lists hold different leads, so a cleaner list is mostly a matter of which leads are "
            "on it. These numbers say what sales will see; they do not say what the definition brings.",
            "note",
        )
    ]
    for arm in result.verdicts:
        told = answer.list_sentence(result, protocol, arm)
        blocks += [Text(told, "lead")] if told else []
        clash = answer.disagreement(result, protocol, arm)
        blocks += [Text(clash, "warning")] if clash else []
        chosen = [
            row
            for row in rows.find(arm=arm, roles=("primary", "then", "beside"))
            if not METRICS[row.metric].causal or row.unit == "count" or row.metric == "mql_per_lead"
        ]
        if chosen:
            caption = f"The list handed to sales, {arm} against {result.control} (descriptive)"
            blocks.append(metric_table(rows, f"list-{arm_id(result, arm)}", caption, chosen, arm))
    return Section("list", "The list handed to sales", tuple(blocks))


def gained(result: AnalysisResult, protocol: Protocol) -> Section:
    """Block 3: the leads on which the definitions part, and what became of them in each arm."""
    blocks: list[Block] = []
    what = answer.noun(protocol.primary.metric)
    for arm in result.verdicts:
        chosen = [row for row in result.marginal if row.arm == arm]
        if not chosen:
            continue
        blocks.append(
            Table(
                f"marginal-{arm_id(result, arm)}",
                f"Leads on which {arm} and {result.control} part, per 1,000 assigned leads",
                (
                    Column("Leads"),
                    Column("Per 1,000", True),
                    Column(f"{what} under {result.control}", True),
                    Column(f"{what} under {arm}", True),
                    Column(f"{what} gained or forgone per 1,000", True),
                ),
                tuple(_marginal(result, row, arm) for row in chosen),
                f"The same kind of lead in both arms: leads {arm} adds are handed over under {arm} and left alone "
                f"under {result.control}; leads it drops the other way round.",
            )
        )
    shares = [
        charts.Share(
            f"{row.arm} v {result.control}",
            words.stratum(row.stratum, result.control, row.arm) if len(result.verdicts) == 1 else _general(row.stratum),
            row.share,
            fmt.rate(row.share),
        )
        for row in result.strata
        if row.share is not None
    ]
    if shares:
        strata = tuple(dict.fromkeys(row.stratum for row in result.strata if row.share is not None))
        blocks.append(
            charts.overlap(
                "overlap",
                "Which definition fires first",
                shares,
                strata,
                "Share of assigned leads by which definition fires first. "
                + " ".join(f"{share.pair}, {share.stratum}: {share.text}." for share in shares),
            )
        )
    for arm in result.verdicts:
        cells = [(k, row) for k, row in enumerate(result.strata) if row.arm == arm]
        if cells:
            blocks.append(
                Table(
                    f"strata-{arm_id(result, arm)}",
                    f"Mature leads and {what} by which definition fires first, {arm} against {result.control}",
                    (
                        Column("Fires first"),
                        Column(f"{result.control}: leads", True),
                        Column(f"{result.control}: {what}", True),
                        Column(f"{arm}: leads", True),
                        Column(f"{arm}: {what}", True),
                    ),
                    tuple(
                        (
                            Cell(words.stratum(row.stratum, result.control, arm)),
                            *(
                                Cell(fmt.count(number), "number", source=f"/strata/{k}/{side}/{key}")
                                for side, key, number in (
                                    ("control", "units", row.control_units),
                                    ("control", "x", row.control_x),
                                    ("treatment", "units", row.treatment_units),
                                    ("treatment", "x", row.treatment_x),
                                )
                            ),
                        )
                        for k, row in cells
                    ),
                )
            )
    if not blocks:
        blocks.append(Text("Which definition fires first is not known for these leads yet.", "note"))
    return Section("gained", "Leads gained and leads forgone", tuple(blocks))


def _general(stratum: str) -> str:
    return {
        "both": "both at once",
        "control_first": "control first",
        "arm_first": "challenger first",
        "none": "neither",
    }[stratum]


def _marginal(result: AnalysisResult, row: MarginalRow, arm: str) -> tuple[Cell, ...]:
    def value(found: float | NotEstimable, signed: bool = False) -> Cell:
        if isinstance(found, NotEstimable):
            return missing(found)
        return Cell(fmt.change_per_thousand(found / 1000) if signed else fmt.rate(found), "number")

    who = f"added by {arm}" if row.stratum == "arm_first" else f"dropped by {arm}"
    return (
        Cell(f"{words.stratum(row.stratum, result.control, arm)} ({who})"),
        Cell(fmt.per_thousand(row.leads_per_1000 / 1000), "number"),
        value(row.rate_control),
        value(row.rate_treatment),
        value(row.outcomes_per_1000, signed=True),
    )
