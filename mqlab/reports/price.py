"""What a hand-over may cost while an arm is worth it, in sentences, with the revenue behind it."""

from __future__ import annotations

from mqlab.analysis.results import AnalysisResult
from mqlab.reports import format as fmt
from mqlab.reports import words
from mqlab.reports.sentences import level
from mqlab.stats.estimate import Interval


def price_sentences(result: AnalysisResult, arm: str) -> tuple[str, ...]:
    """Up to which price of a hand-over the arm is worth it, what the declared cost makes of it, how sure that is."""
    found = result.break_even.get(arm, {})
    told = [str(found[key]) for key in ("sentence", "compared") if found.get(key) is not None]
    if found.get("compared") is not None and "net_low" in found:
        told[-1] += f" ({_limits(result, arm, 'net')})"
    told += [_earned(result, arm), str(found.get("caution") or "")]
    return tuple(words.sentence(text) for text in told if text)


def _earned(result: AnalysisResult, arm: str) -> str:
    """The revenue behind a price with its interval, and the hand-overs; empty where the analysis has none."""
    found = result.break_even.get(arm, {})
    gain, more_work, currency = (found.get(key) for key in ("revenue_per_lead", "handovers_per_lead", "currency"))
    if gain is None or more_work is None or currency is None:
        return ""
    return (
        f"behind it stand {fmt.change_of_money(gain, currency)} of revenue per assigned lead "
        f"({_limits(result, arm, 'revenue')}) and {fmt.change_per_thousand(more_work)} hand-overs per 1,000 leads"
    )


def _limits(result: AnalysisResult, arm: str, of: str) -> str:
    """The interval of an amount of money behind a price, with its level."""
    found = result.break_even[arm]
    limits = fmt.interval(
        Interval(found.get(f"{of}_low"), found.get(f"{of}_high")),
        lambda value: fmt.change_of_money(value, found["currency"]),
    )
    return f"{level(result, arm)} interval {limits}"
