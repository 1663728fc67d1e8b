"""The answer in a sentence: what the verdict says, out of 1,000 assigned leads, and what misleads a hasty reader."""

from __future__ import annotations

from typing import Literal

from mqlab.analysis.results import AnalysisResult, FunnelRow, MetricRow
from mqlab.experiments.metrics import METRICS
from mqlab.experiments.protocol import Protocol
from mqlab.reports import format as fmt
from mqlab.reports import words
from mqlab.reports.document import Answer
from mqlab.reports.rows import Rows, shown, shows, sign
from mqlab.stats.estimate import NotEstimable


def answer(result: AnalysisResult, protocol: Protocol, arm: str) -> Answer:
    """The verdict on one arm, with its one sentence and the warnings that belong beside it."""
    verdict = result.verdicts[arm]
    label, tone = words.CALLS[verdict.call]
    rows = Rows(result)
    main = rows.primary(arm)
    if verdict.call in ("blocked", "not_due") or main is None:
        why = "; ".join(verdict.why[:1]) or "the analysis names no row that decides"
        told = f"{_opening(verdict.call, main, protocol, arm)}: {words.in_words(why)}"
    else:
        told = f"{_opening(verdict.call, main, protocol, arm)}: {_instead(main, protocol.alpha)}"
    also = [
        text
        for text in (
            disagreement(result, protocol, arm),
            _hasty_reading(result, protocol, arm),
            _early(main, verdict.call),
            _price(result, arm),
        )
        if text
    ]
    return Answer(arm, verdict.call, label, tone, words.sentence(told), tuple(also))


def _price(result: AnalysisResult, arm: str) -> str:
    """Up to which price of a hand-over the arm is worth it, where the analysis says so."""
    found = result.break_even.get(arm, {})
    return words.sentence(str(found.get("sentence") or ""))


def _opening(call: str, main: MetricRow | None, protocol: Protocol, arm: str) -> str:
    if call == "blocked":
        return f"A validity check failed, so there is no verdict on {arm}"
    if call == "not_due":
        return f"It is too early to judge {arm}"
    if main is None or call == "inconclusive":
        return f"The data do not decide about {arm} yet"
    what = noun(main.metric)
    if call == "keep":
        return f"Under {arm}, a gain worth a change is ruled out"
    if call == "ship" and protocol.aim == "efficiency":
        return f"Under {arm}, sales gets a better list and {what} stay within the margin"
    if call == "ship" or shows(main.relative):
        return f"Under {arm}, the same leads bring {_more(main)} {what}"
    return f"Under {arm}, something got worse that must not"


def _instead(row: MetricRow, alpha: float) -> str:
    """Both values and the lift: out of 1,000 assigned, 84.8 SQLs instead of 78.7, a change of +7.7%."""
    a, b = row.control.value, row.treatment.value
    if isinstance(a, NotEstimable) or isinstance(b, NotEstimable):
        return next(fmt.reason(value) for value in (a, b) if isinstance(value, NotEstimable))
    unit = shown(row)
    where = "out of 1,000 assigned, " if row.metric.endswith("_per_lead") else ""
    where = "per assigned lead, " if row.unit == "money" else where
    values = f"{where}{unit(b)} {noun(row.metric)} instead of {unit(a)}"
    if isinstance(row.relative, NotEstimable):
        return values
    limits = f"{fmt.level(alpha)} interval {fmt.interval(row.relative.interval, fmt.change)}"
    if row.relative.value is None:
        return f"{values} ({limits})"
    return f"{values}, a change of {fmt.change(row.relative.value)} ({limits})"


def noun(metric: str) -> str:
    """What a metric counts, without its "per …".

    Example:
        >>> noun("won_per_lead")
        'deals won'
    """
    return words.metric(metric).split(" per ")[0]


def _more(row: MetricRow) -> str:
    if row.unit == "money":
        return "more" if sign(row.relative) > 0 else "less"
    return "more" if sign(row.relative) > 0 else "fewer"


def causal_sentence(row: MetricRow, control: str, arm: str, alpha: float) -> str:
    """Block 1: "Out of 1,000 assigned leads: A 78.7 SQLs, B 81.8; lift +3.9% (95% interval …)"."""
    values = (row.control.value, row.treatment.value)
    what = noun(row.metric)
    lift = _lift(row, alpha)
    if isinstance(values[0], NotEstimable) or isinstance(values[1], NotEstimable):
        return words.sentence(f"{words.metric(row.metric)} cannot be compared yet: {lift}")
    if row.unit == "money":
        return f"Per assigned lead, {control} brings {shown(row)(values[0])} and {arm} {shown(row)(values[1])}; {lift}."
    per = "Out of 1,000 assigned leads" if row.metric.endswith("_per_lead") else words.metric(row.metric).capitalize()
    return f"{per}: {control} {shown(row)(values[0])} {what}, {arm} {shown(row)(values[1])}; {lift}."


def _lift(row: MetricRow, alpha: float) -> str:
    found = row.relative
    if isinstance(found, NotEstimable):
        return fmt.reason(found)
    limits = fmt.interval(found.interval, fmt.change)
    value = "" if found.value is None else f" {fmt.change(found.value)}"
    return f"lift{value} ({fmt.level(alpha)} interval {limits})"


def precision_row(
    result: AnalysisResult, protocol: Protocol, arm: str, *, first: Literal["itt", "triggered"] = "triggered"
) -> MetricRow | None:
    """The row that says how clean an arm's list is: the one that uses shared leads, or plain MQLs (`first` "itt")."""
    stage = protocol.primary.metric.removesuffix("_per_lead")
    wanted = protocol.precision.metric if protocol.precision else f"{stage}_per_mql"
    rows = Rows(result).find(arm=arm, metric=wanted) or Rows(result).find(arm=arm, metric="sql_per_mql")
    return next((row for row in rows if row.estimator == first), rows[0] if rows else None)


def volume(result: AnalysisResult, arm: str) -> tuple[str, str] | None:
    """MQLs per 1,000 assigned leads of the control and of an arm."""
    rows = Rows(result).find(arm=arm, metric="mql_per_lead")
    row = next((row for row in rows if row.estimator == "itt"), rows[0] if rows else None)
    if row is not None and not isinstance(row.control.value, NotEstimable):
        if isinstance(row.treatment.value, NotEstimable):
            return None
        return fmt.per_thousand(row.control.value), fmt.per_thousand(row.treatment.value)
    stages: dict[str, FunnelRow] = {found.arm: found for found in result.funnel if found.stage == "mql"}
    a, b = stages.get(result.control), stages.get(arm)
    if a is None or b is None or not a.units or not b.units:
        return None
    return fmt.per_thousand(a.count / a.units), fmt.per_thousand(b.count / b.units)


def list_sentence(result: AnalysisResult, protocol: Protocol, arm: str) -> str:
    """Block 2: how clean each list is, never without how long it is."""
    row = precision_row(result, protocol, arm)
    if row is None:
        return ""
    what = noun(row.metric)
    a, b = row.control.value, row.treatment.value
    if isinstance(a, NotEstimable) or isinstance(b, NotEstimable):
        why = next(v for v in (a, b) if isinstance(v, NotEstimable))
        return words.sentence(f"{words.metric(row.metric)} cannot be compared yet: {fmt.reason(why)}")
    size = volume(result, arm)
    lengths = f"volume {size[0]} and {size[1]} MQLs per 1,000 leads" if size else "volume unknown"
    change = "" if isinstance(row.relative, NotEstimable) else f"; precision {fmt.estimate(row.relative, fmt.change)}"
    return (
        f"Of the MQLs handed to sales, {fmt.rate(a)} under {result.control} and {fmt.rate(b)} under {arm} count as "
        f"{what}{change}; {lengths}."
    )


def disagreement(result: AnalysisResult, protocol: Protocol, arm: str) -> str:
    """The sentence for a list and an effect that point in opposite directions; empty where they agree."""
    main, quality = Rows(result).primary(arm), precision_row(result, protocol, arm)
    if main is None or quality is None or METRICS[main.metric].better != "higher":
        return ""
    effect, cleaner = sign(main.relative), sign(quality.relative)
    if effect * cleaner >= 0:
        return ""
    what = noun(main.metric)
    if cleaner > 0:
        return f"{arm}'s list is cleaner but the same leads produced {_more(main)} {what}."
    return f"{arm}'s list is less clean but the same leads produced {_more(main)} {what}."


def _hasty_reading(result: AnalysisResult, protocol: Protocol, arm: str) -> str:
    """What the usual reading of MQL→SQL alone would have concluded, where it is sure and the verdict is not that."""
    quality = precision_row(result, protocol, arm, first="itt")
    if quality is None or result.verdicts[arm].call not in ("harm", "keep", "ship"):
        return ""
    said, call = shows(quality.relative), result.verdicts[arm].call
    if (said > 0 and call == "ship") or (said < 0 and call != "ship") or not said:
        return ""
    p = quality.p_value
    test = f" (p {fmt.p_value(p)})" if isinstance(p, float) else ""
    would = "shipped it" if said > 0 else "thrown it out"
    up = "up" if said > 0 else "down"
    return f"Read alone, “{words.metric(quality.metric)}” is {up}{test} and would have {would}."


def _early(main: MetricRow | None, call: str) -> str:
    if main is None or main.look is None or call not in ("ship", "harm") or main.look.information >= 1:
        return ""
    return "The experiment was read before its planned end, so the estimate may be optimistic."
