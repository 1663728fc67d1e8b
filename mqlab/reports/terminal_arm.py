"""One challenger in a terminal: what people ask first, and blocks 1 to 4 in their fixed order."""

from __future__ import annotations

from collections.abc import Iterator

from mqlab.analysis.result_rows import MarginalRow, MetricRow, MixRow
from mqlab.analysis.results import AnalysisResult
from mqlab.experiments.metrics import METRICS
from mqlab.reports import format as fmt
from mqlab.reports import sentences, words
from mqlab.reports.asked import Asked, asked
from mqlab.reports.price import price_sentences
from mqlab.reports.rows import Rows
from mqlab.reports.sales import mix_name
from mqlab.reports.terminal_lines import ARM, CONTROL, LIFT, NAME, heading, metrics, row_lines, short, wrapped
from mqlab.stats.estimate import NotEstimable

REASONS = 4
"""How many reasons of rejection are told; the page and the JSON have them all."""


def glance(result: AnalysisResult, arm: str) -> Iterator[str]:
    """The lifts people ask for first, per assigned lead and per MQL, with what each means."""
    rows, found = Rows(result), asked(result, arm)
    if not found:
        return
    yield heading(result.control, arm)
    for causal, meaning in (
        (True, "The same leads: what changing the definition does"),
        (False, "Each list's own leads: how clean and how long it is, no effect"),
    ):
        mine = [each for each in found if each.causal is causal]
        for each in mine:
            yield from row_lines(rows, each.row, f"  {each.name}")
        if mine:
            yield from wrapped(f"{meaning}{_horizons(mine)}.", "    ")


def _horizons(found: list[Asked]) -> str:
    """Within how many days each of the rows counts."""
    within = {words.goal(each.row.metric): fmt.days(each.row.horizon_days) for each in found if each.row.horizon_days}
    return f" ({', '.join(f'{goal} within {days}' for goal, days in within.items())})" if within else ""


def blocks(result: AnalysisResult, arm: str, declared: str | None) -> Iterator[str]:
    """Blocks 1 to 4 of one challenger."""
    yield from _same_leads(result, arm)
    yield from _lists(result, arm, declared)
    yield from _parted(result, arm)
    yield from _price(result, arm)
    yield from _guardrails(result, arm)


def _same_leads(result: AnalysisResult, arm: str) -> Iterator[str]:
    rows = Rows(result)
    chosen = [row for row in _rows(rows, arm) if METRICS[row.metric].causal and row.unit != "count"]
    chosen = [row for row in chosen if row.metric != "mql_per_lead"]
    main = rows.primary(arm)
    yield ""
    yield "1. The same leads under each definition (causal: this decides)"
    if main is not None:
        yield from wrapped(sentences.causal_sentence(result, main), "  ")
    if chosen:
        yield from metrics(rows, chosen, result.control, arm)
    if any(row.estimator == "triggered" for row in chosen):
        yield from wrapped("Where they differ: the same lift, from leads the definitions disagree on.", "  ")
    if told := sentences.early(result, arm):
        yield from wrapped(told, "  ")


def _lists(result: AnalysisResult, arm: str, declared: str | None) -> Iterator[str]:
    rows = Rows(result)
    chosen = [row for row in _rows(rows, arm) if not METRICS[row.metric].causal or row.metric == "mql_per_lead"]
    if not chosen and not result.mix:
        return
    yield ""
    yield "2. Of the leads each definition picked (describes the lists; not causal)"
    if told := sentences.list_sentence(result, arm, declared):
        yield from wrapped(told, "  ")
    if clash := sentences.disagreement(result, arm, declared):
        yield from wrapped(clash, "  ")
    if chosen:
        yield from metrics(rows, chosen, result.control, arm)
    yield from _mix(result, arm)


def _mix(result: AnalysisResult, arm: str) -> Iterator[str]:
    """What sales answered, the most frequent reasons of rejection first."""
    mine = [row for row in result.mix if row.arm == arm]
    theirs = {(row.answer, row.reason): row for row in result.mix if row.arm == result.control}
    if not mine:
        return
    unknown = mine[0].share
    if isinstance(unknown, NotEstimable) and isinstance(theirs["accepted", None].share, NotEstimable):
        yield from wrapped(fmt.reason(unknown), "  What sales answered: ", hang=4)
        return
    yield "  What sales answered, share of MQLs"
    told = {row.reason for row in mine if row.answer == "rejected"}
    kept = [row.reason for row in mine if row.answer == "rejected"][:REASONS]
    rest = [row for row in mine if row.answer == "rejected" and row.reason not in kept]
    for row in (row for row in mine if row.answer != "rejected" or row.reason in kept):
        if row.answer == "none" and rest:
            a = sum(theirs["rejected", other.reason].count for other in rest)
            yield _mix_line(f"{len(told) - len(kept)} other reasons", theirs["none", None], row, a, _total(rest))
        name = mix_name(row.answer, row.reason).removeprefix("Rejected: ")
        before = theirs[row.answer, row.reason]
        yield _mix_line(name[0].lower() + name[1:], before, row, before.count, row.count)


def _total(rows: list[MixRow]) -> int:
    return sum(row.count for row in rows)


def _mix_line(name: str, control: MixRow, arm: MixRow, before: int, after: int) -> str:
    a, b = (fmt.rate(n / row.mqls) if row.mqls else "–" for row, n in ((control, before), (arm, after)))
    return f"    {short(name, NAME + 8):<{NAME + 8}}{a:>{CONTROL}}  {b:>{ARM - 2}}"


def _parted(result: AnalysisResult, arm: str) -> Iterator[str]:
    chosen = [row for row in result.marginal if row.arm == arm]
    if not chosen:
        return
    yield ""
    yield "3. Where the definitions part"
    yield from wrapped(sentences.marginal_sentence(result, arm), "  ")
    if any(isinstance(row.leads_per_1000, NotEstimable) for row in chosen):
        return
    yield _columns("", "leads", result.control, arm, "gained or forgone")
    for row in sorted(chosen, key=lambda row: row.stratum):
        yield _marginal(row)
    if any(row.leads_per_1000 for row in chosen):
        what = words.noun(f"{chosen[0].stage}_per_lead")
        yield from wrapped(f"Leads, and {what} gained or forgone, out of 1,000; {what} per lead in each arm.", "  ")
    for told in (sentences.leak_sentence(result, arm), sentences.split_sentence(result, arm)):
        yield from wrapped(told, "  ") if told else []


def _marginal(row: MarginalRow) -> str:
    def rate(value: float | NotEstimable) -> str:
        return "–" if isinstance(value, NotEstimable) else fmt.rate(value)

    gained = "–"
    if not isinstance(row.outcomes_per_1000, NotEstimable):
        gained = fmt.change_per_thousand(row.outcomes_per_1000 / 1000)
        limits = sentences.per_lead(row.interval)
        gained += f" ({fmt.interval(limits, fmt.change_per_thousand)})" if limits is not None else ""
    name = "  challenger first" if row.stratum == "arm_first" else "  control first"
    leads = "–" if isinstance(row.leads_per_1000, NotEstimable) else fmt.per_thousand(row.leads_per_1000 / 1000)
    return _columns(name, leads, rate(row.rate_control), rate(row.rate_treatment), gained)


def _columns(name: str, leads: str, control: str, arm: str, gained: str) -> str:
    sides = f"{short(control, CONTROL):>{CONTROL}}  {short(arm, CONTROL):>{CONTROL}}"
    return f"{name:<18}{leads:>8}{sides}  {gained[: LIFT + 4]}".rstrip()


def _price(result: AnalysisResult, arm: str) -> Iterator[str]:
    rows = Rows(result)
    effort = [row for row in _rows(rows, arm) if row.unit == "count"]
    told = price_sentences(result, arm)
    if not effort and not told:
        return
    yield ""
    yield "Effort and price"
    if effort:
        yield from metrics(rows, effort, result.control, arm)
    for text in told:
        yield from wrapped(text, "  ")


def _guardrails(result: AnalysisResult, arm: str) -> Iterator[str]:
    rows = Rows(result)
    chosen = rows.find(arm=arm, roles=["guardrail"])
    yield ""
    yield "4. Guardrails"
    if not chosen:
        yield "  No guardrail was declared."
        return
    yield from metrics(rows, chosen, result.control, arm)


def _rows(rows: Rows, arm: str) -> list[MetricRow]:
    return [row for row in rows.find(arm=arm) if row.role != "guardrail"]
