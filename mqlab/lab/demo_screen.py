"""The demo's screen: two stories of one experiment each, told to a growth manager in 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from mqlab.analysis.result_rows import MetricRow
from mqlab.analysis.results import AnalysisResult
from mqlab.reports import format as fmt
from mqlab.reports import words
from mqlab.reports.in_locale import numbers_in_locale
from mqlab.simulation.judging import OUT
from mqlab.simulation.population import NEVER
from mqlab.stats.estimate import NotEstimable

if TYPE_CHECKING:
    from mqlab.lab.demo import DemoRun

WIDTH, LABEL, FOUND = 80, 43, 27


def screen(run: DemoRun) -> str:
    """The whole screen, ending in a line break."""
    lines = [*_opening(run), "", *_trap(run), "", *_challenger(run), "", *_closing(run)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _opening(run: DemoRun) -> Iterator[str]:
    counts = run.counts
    set_aside = sum(int(row["quarantined"]) for row in counts.values())
    unmatched = sum(int(row["unmatched"]) for row in counts.values())
    yield from _say(
        f"A simulated quarter (seed {run.seed}): {fmt.count(counts['leads']['new'])} leads, "
        f"{fmt.count(counts['events']['new'])} events, {fmt.count(counts['outcomes']['new'])} reports from sales. "
        f"{fmt.count(set_aside)} bad rows went to quarantine, {fmt.count(unmatched)} wait for a lead nobody knows; "
        "nothing was lost. Two experiments shared the leads. Since the quarter is simulated, the truth is known."
    )


def _trap(run: DemoRun) -> Iterator[str]:
    analysis = run.analyses["trap"]
    result, arm = analysis.result, analysis.protocol.challengers[0].name
    precision = _row(result, "sql_per_mql", "itt")
    sql, won = _row(result, "sql_per_lead", "triggered"), _row(result, "won_per_lead", "triggered")
    yield from _title("1", result)
    yield ""
    yield from _say(
        f"MQL→SQL is up: {_value(precision, 'control')} of MQLs became SQLs under the old bar, "
        f"{_value(precision, 'treatment')} under the higher one (p {_p(precision)}). "
        "The usual reading ships it.",
        "  ",
    )
    yield ""
    made, before = (fmt.per_thousand(_number(sql, side)) for side in ("treatment", "control"))
    won_now, won_before = (fmt.per_thousand(_number(won, side)) for side in ("treatment", "control"))
    yield from _say(
        f"But out of 1,000 leads, the same for both, the higher bar made {made} SQLs instead of {before}, and "
        f"{won_now} deals instead of {won_before}. The leads it turned away were worth a call.",
        "  ",
    )
    yield ""
    yield from _table(run, "trap", [sql, won], arm)
    yield from _verdict(result, arm)


def _challenger(run: DemoRun) -> Iterator[str]:
    analysis = run.analyses["challenger"]
    result, arm = analysis.result, analysis.protocol.challengers[0].name
    plain, triggered = _row(result, "sql_per_lead", "itt"), _row(result, "sql_per_lead", "triggered")
    share = 1 - sum(row.share or 0 for row in result.strata if row.arm == arm and row.stratum in ("both", "none"))
    yield from _title("2", result)
    yield ""
    yield from _say(
        f"The two definitions agree on {fmt.rate(1 - share)} of the leads and treat those alike. Comparing all leads "
        f"drowns the difference in their noise; the {fmt.rate(share)} on which the definitions part show it.",
        "  ",
    )
    yield ""
    yield from _table(run, "challenger", [plain, triggered, _row(result, "won_per_lead", "triggered")], arm)
    yield from _verdict(result, arm)
    price = result.break_even.get(arm, {})
    said = price.get("sentence")
    if said:
        told = numbers_in_locale(str(said), currencies=[str(price["currency"])])
        yield from _say(words.sentence(told), "  ")


def _table(run: DemoRun, experiment: str, rows: list[MetricRow], arm: str) -> Iterator[str]:
    truth = run.funnel.truth[experiment]
    yield f"  {'lift':<{LABEL}}{'found (95% interval)':<{FOUND}}truth"
    for row in rows:
        lift = truth.lift(row.metric, arm, row.horizon_days).relative
        label = f"{words.metric(row.metric)}, {words.ESTIMATORS[row.estimator]}"
        found = (
            fmt.reason(row.relative)
            if isinstance(row.relative, NotEstimable)
            else fmt.estimate(row.relative, fmt.change)
        )
        first, *rest = textwrap.wrap(label, LABEL - 2, subsequent_indent="  ")
        yield f"  {first:<{LABEL}}{found:<{FOUND}}{fmt.change(lift) if lift is not None else 'none'}"
        yield from (f"  {line}" for line in rest)
    yield ""


def _verdict(result: AnalysisResult, arm: str) -> Iterator[str]:
    label, _ = words.CALLS[result.verdicts[arm].call]
    yield f"  Verdict: {label.upper()}"


def _closing(run: DemoRun) -> Iterator[str]:
    yield "Reports (open them in a browser)"
    for path in run.reports.values():
        yield f"  {run.folder / path.relative_to(run.lab.folder)}"
    yield ""
    yield "Next"
    day = run.as_of.astimezone(run.lab.settings.zone).date()
    yield f"  cd {run.folder}"
    yield f"  mqlab analyze challenger --as-of {day}"
    yield "  mqlab definitions diff inbound-standard intent-weighted"
    yield f"  mqlab why {_a_lead(run)} --experiment challenger --as-of {day}"
    yield "  mqlab quarantine list"


def _a_lead(run: DemoRun) -> str:
    """The first lead to arrive in the challenger's arm that only the challenger's definition hands over."""
    funnel = run.funnel
    protocol = run.analyses["challenger"].protocol
    arm = protocol.challengers[0].name
    number = [one.name for one in protocol.arms].index(arm)
    own = funnel.arms[protocol.id]
    inside = np.flatnonzero(own != OUT)
    by_arm = funnel.by_arm[protocol.id]
    mine = (own[inside] == number) & (by_arm[arm] != NEVER) & (by_arm[protocol.control] == NEVER)
    return str(funnel.population.lead_id[inside[np.flatnonzero(mine)[0]]])


def _title(number: str, result: AnalysisResult) -> Iterator[str]:
    yield from _say(f"{number}. {result.experiment.upper()}: {result.title}")


def _row(result: AnalysisResult, metric: str, estimator: str) -> MetricRow:
    """The row of a metric that is no guardrail; where the estimator has none, the other one's."""
    found = [row for row in result.metrics if row.metric == metric and row.role != "guardrail" and row.segment is None]
    return next((row for row in found if row.estimator == estimator), found[0])


def _number(row: MetricRow, side: str) -> float:
    value = (row.control if side == "control" else row.treatment).value
    return 0.0 if isinstance(value, NotEstimable) else value


def _value(row: MetricRow, side: str) -> str:
    value = (row.control if side == "control" else row.treatment).value
    return fmt.reason(value) if isinstance(value, NotEstimable) else fmt.rate(value)


def _p(row: MetricRow) -> str:
    if row.p_value is None or isinstance(row.p_value, NotEstimable):
        return "not estimable"
    text = fmt.p_value(row.p_value)
    return text if text[0] in "<>" else f"= {text}"


def _say(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
