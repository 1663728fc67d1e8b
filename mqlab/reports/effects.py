"""Block 1 of a result: the same leads under each definition, and how far they come."""

from __future__ import annotations

from mqlab.analysis.result_rows import MetricRow
from mqlab.analysis.results import AnalysisResult
from mqlab.experiments.metrics import METRICS, horizon_days
from mqlab.experiments.protocol import Protocol
from mqlab.reports import charts, sentences, words
from mqlab.reports import format as fmt
from mqlab.reports.document import Block, Section, Text
from mqlab.reports.metric_table import arm_id, metric_table
from mqlab.reports.rows import Rows
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
            blocks.append(Text(sentences.causal_sentence(result, main, protocol.alpha), "lead"))
        if chosen:
            blocks.append(
                metric_table(rows, f"ladder-{arm_id(result, arm)}", f"{arm} against {result.control}", chosen, arm)
            )
        prefix = f"{arm}: " if len(result.verdicts) > 1 else ""
        lifts += [
            lift_of(row, prefix + _asked(row), rows.source(row, "relative"))
            for row in chosen
            if not isinstance(row.relative, NotEstimable)
        ]
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
                "It holds as long as sales treats all other leads alike in both arms, which the checks look at. Its "
                "difference takes all leads the definitions disagree on together, its values each kind at its own "
                "share: subtracting them gives nearly the same number.",
                "note",
            )
        )
    bars = _bars(result)
    if bars:
        within = fmt.days(horizon_days(protocol.primary, protocol))
        blocks.append(
            charts.funnel(
                "funnel",
                f"How far 1,000 assigned leads come within {within} (plain counts)",
                bars,
                "Bars of leads per 1,000 assigned by stage and arm. "
                + " ".join(f"{bar.stage}, {bar.arm}: {bar.text}." for bar in bars),
            )
        )
    return Section("ladder", "The same leads under each definition", tuple(blocks))


def _asked(row: MetricRow) -> str:
    return words.noun(row.metric) + (f", {fmt.days(row.horizon_days)}" if row.horizon_days else "")


def lift_of(row: MetricRow, label: str, source: str) -> charts.Lift:
    """A row's relative change as a line of a forest plot; a row without one is a ValueError."""
    found = row.relative
    if isinstance(found, NotEstimable):
        raise ValueError("only an estimate can be drawn")
    return charts.Lift(
        label,
        words.ESTIMATORS[row.estimator],
        found.value,
        found.interval.low,
        found.interval.high,
        fmt.estimate(found, fmt.change),
        source,
    )


def _bars(result: AnalysisResult) -> list[charts.Bar]:
    return [
        charts.Bar(
            words.stage(row.stage),
            row.arm,
            row.count / row.units,
            fmt.per_thousand(row.count / row.units),
            f"/funnel/{k}/rate",
        )
        for k, row in enumerate(result.funnel)
        if row.stage != "assigned" and row.units
    ]
