"""The answer in a sentence: what the verdict says, out of 1,000 assigned leads, and what misleads a hasty reader."""

from __future__ import annotations

from mqlab.analysis.result_rows import MetricRow
from mqlab.analysis.results import AnalysisResult
from mqlab.experiments.metrics import horizon_days
from mqlab.experiments.protocol import Protocol
from mqlab.reports import format as fmt
from mqlab.reports import sentences, words
from mqlab.reports.document import Answer
from mqlab.reports.price import price_sentences
from mqlab.reports.rows import Rows, shown, shows
from mqlab.stats.estimate import NotEstimable

TINY = 30
"""With fewer mature leads than this an arm says nothing: at usual rates it holds a handful of outcomes, or none."""


def answer(result: AnalysisResult, protocol: Protocol, arm: str) -> Answer:
    """The verdict on one arm, with its one sentence and the warnings that belong beside it."""
    verdict = result.verdicts[arm]
    label, tone = words.CALLS[verdict.call]
    main = Rows(result).primary(arm)
    if main is not None and verdict.call == "inconclusive" and _tiny(main):
        told = f"Nothing can be read about {arm} yet: {_too_few(result, main)}"
    elif verdict.call in ("blocked", "not_due") or main is None:
        why = "; ".join(verdict.why[:1]) or "the analysis names no row that decides"
        told = f"{_opening(verdict.call, main, protocol, arm)}: {words.in_words(why)}"
    else:
        told = f"{_opening(verdict.call, main, protocol, arm)}: {_instead(result, main, protocol.alpha)}"
    also = (
        sizes(result, protocol, arm),
        sentences.disagreement(result, arm, _declared(protocol)),
        hasty_reading(result, arm, _declared(protocol)),
        sentences.early(result, arm),
        " ".join(price_sentences(result, arm)),
    )
    return Answer(arm, verdict.call, label, tone, words.sentence(told), tuple(text for text in also if text))


def sizes(result: AnalysisResult, protocol: Protocol, arm: str) -> str:
    """How many leads the control and an arm have and how many of them were followed; what tiny arms are worth.

    Empty where the analysis names no row that decides.
    """
    main = Rows(result).primary(arm)
    if main is None:
        return ""
    a, b = main.control, main.treatment
    if not a.units and not b.units:
        return f"Nobody is in {result.control} or in {arm}."
    verb = "is" if a.units == 1 else "are"
    others = fmt.count(b.units) if b.units else "none"
    told = f"{fmt.counted(a.units, 'lead')} {verb} in {result.control} and {others} in {arm}"
    days = fmt.days(horizon_days(protocol.primary, protocol))
    if (a.mature_units, b.mature_units) == (a.units, b.units):
        told += f", all followed for {days}"
    elif a.mature_units or b.mature_units:
        told += f", {fmt.count(a.mature_units)} and {fmt.count(b.mature_units)} of them followed for {days}"
    else:
        told += f", none of them followed for {days} yet"
    few = f" With fewer than {TINY} followed leads in an arm, these numbers are mostly chance." if _tiny(main) else ""
    return words.sentence(told) + few


def _tiny(row: MetricRow) -> bool:
    return min(row.control.mature_units, row.treatment.mature_units) < TINY


def _too_few(result: AnalysisResult, row: MetricRow) -> str:
    """Why tiny arms say nothing: one that nobody is in by its name."""
    empty = [name for name, side in ((result.control, row.control), (row.arm, row.treatment)) if not side.units]
    return f"nobody is in {' or in '.join(empty)}" if empty else "the arms are too small"


def _declared(protocol: Protocol) -> str | None:
    return protocol.precision.metric if protocol.precision else None


def _opening(call: str, main: MetricRow | None, protocol: Protocol, arm: str) -> str:
    if call == "blocked":
        return f"A validity check failed, so there is no verdict on {arm}"
    if call == "not_due":
        return f"It is too early to judge {arm}"
    if main is None or call == "inconclusive":
        return f"The data do not decide about {arm} yet"
    what = words.noun(main.metric)
    if call == "keep":
        return f"Under {arm}, a gain worth a change is ruled out"
    if call == "ship" and protocol.aim == "efficiency":
        return f"Under {arm}, sales gets a better list and {what} stay within the margin"
    if call == "ship" or shows(main.relative):
        return f"Under {arm}, the same leads bring {sentences.more(main)} {what}"
    return f"Under {arm}, something got worse that must not"


def _instead(result: AnalysisResult, row: MetricRow, alpha: float) -> str:
    """Both values and the lift: out of 1,000 assigned, 84.8 SQLs instead of 78.7, a change of +7.7%."""
    a, b = row.control.value, row.treatment.value
    if isinstance(a, NotEstimable) or isinstance(b, NotEstimable):
        return next(fmt.reason(value) for value in (a, b) if isinstance(value, NotEstimable))
    unit = shown(row)
    where = "out of 1,000 assigned, " if row.metric.endswith("_per_lead") else ""
    where = "per assigned lead, " if row.unit == "money" else where
    values = f"{where}{unit(b)} {words.noun(row.metric)} instead of {unit(a)}"
    if isinstance(row.relative, NotEstimable):
        return f"{values}; no lift: {words.in_words(fmt.reason(row.relative))}"
    limits = f"{sentences.level(result, row.arm, alpha)} interval {fmt.interval(row.relative.interval, fmt.change)}"
    if row.relative.value is None:
        return f"{values} ({limits})"
    return f"{values}, a change of {fmt.change(row.relative.value)} ({limits})"


def hasty_reading(result: AnalysisResult, arm: str, declared: str | None = None) -> str:
    """What the usual reading of MQL→SQL alone would have concluded, where it is sure and the verdict is not that."""
    quality = sentences.precision_row(result, arm, declared, first="itt")
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
