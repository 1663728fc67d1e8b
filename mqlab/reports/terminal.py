"""An analysis as text for a terminal of 80 columns: answer, ladder, list quality, where the rules part, checks."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from mqlab.analysis.results import AnalysisResult, MetricRow
from mqlab.experiments.metrics import METRICS
from mqlab.reports import format as fmt
from mqlab.reports import words
from mqlab.reports.rows import Rows
from mqlab.stats.estimate import NotEstimable

WIDTH = 80
MARKS = {"pass": "ok", "warn": "look", "fail": "FAIL", "not_applicable": "-"}


def render(result: AnalysisResult, zone: ZoneInfo) -> str:
    """The whole result, ending in a line break; `zone` is the lab's."""
    lines = [
        *_wrapped(result.title),
        f"{result.experiment} · as of {fmt.instant(result.as_of, zone)} · ledger {result.ledger} · {result.engine}",
    ]
    for arm, verdict in result.verdicts.items():
        label, _ = words.CALLS[verdict.call]
        lines += ["", f"{arm} v {result.control}: {label.upper()}"]
        for why in verdict.why:
            lines += _wrapped(words.sentence(words.in_words(why)), "  - ")
        lines += _arm(result, arm)
    lines += ["", "Checks"]
    for check in result.checks:
        lines += _wrapped(f"{words.check(check)}. {words.sentence(check.detail)}", f"  {MARKS[check.status]:<5} ")
    left_out = {key: number for key, number in result.excluded.items() if number}
    if left_out:
        lines += ["", "Left out: " + "; ".join(f"{fmt.count(n)} {words.excluded(key)}" for key, n in left_out.items())]
    for note in result.notes:
        lines += ["", *_wrapped(words.sentence(note))]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _arm(result: AnalysisResult, arm: str) -> Iterator[str]:
    rows = Rows(result)
    causal = [row for row in rows.find(arm=arm) if METRICS[row.metric].causal and row.role != "guardrail"]
    descriptive = [row for row in rows.find(arm=arm) if not METRICS[row.metric].causal and row.role != "guardrail"]
    guardrails = rows.find(arm=arm, roles=["guardrail"])
    yield ""
    yield "1. The same leads under each definition (causal: this decides)"
    yield from _table(rows, causal, result.control, arm)
    if descriptive:
        yield ""
        yield "2. Of the leads each definition picked (describes the lists; not causal)"
        yield from _table(rows, descriptive, result.control, arm)
    marginal = [row for row in result.marginal if row.arm == arm]
    if marginal:
        yield ""
        yield "3. Where the definitions part"
        for row in marginal:
            yield from _wrapped(_marginal(row, result.control, arm), "  ")
    if guardrails:
        yield ""
        yield "4. Guardrails"
        yield from _table(rows, guardrails, result.control, arm)
    price = result.break_even.get(arm)
    if price and price.get("words"):
        yield ""
        yield from _wrapped(words.sentence(str(price["words"])))


def _marginal(row: object, control: str, arm: str) -> str:
    from mqlab.analysis.results import MarginalRow

    assert isinstance(row, MarginalRow)
    who = words.stratum(row.stratum, control, arm)

    def rate(value: float | NotEstimable) -> str:
        return fmt.reason(value) if isinstance(value, NotEstimable) else fmt.rate(value)

    return (
        f"{who}: {fmt.per_thousand(row.leads_per_1000 / 1000)} of 1,000 leads; "
        f"{rate(row.rate_control)} reach the goal under {control}, {rate(row.rate_treatment)} under {arm}"
    )


def _table(rows: Rows, chosen: Sequence[MetricRow], control: str, arm: str) -> Iterator[str]:
    head, second = max(len(control), 8), max(len(arm), 8)
    name = WIDTH - head - second - 30
    yield f"  {'':<{name}}{control:>{head}}  {arm:>{second}}  {'lift':<19}  p"
    previous = ""
    for row in chosen:
        label = _label(row)
        shown = "" if label == previous else label
        previous = label
        lift, p = rows.lift(row).text, rows.p_value(row).text
        values = [rows.value(row, "control").text, rows.value(row, "treatment").text]
        reasons = [
            why
            for why in (row.control.value, row.treatment.value, row.absolute, row.relative)
            if isinstance(why, NotEstimable)
        ]
        if shown:
            yield from _wrapped(shown, "  ")
        mark = ">" if row.primary else " "
        who = f"  {mark} {words.ESTIMATORS[row.estimator]}"
        if reasons and isinstance(row.relative, NotEstimable):
            yield from _wrapped(f"{words.ESTIMATORS[row.estimator]}: {fmt.reason(reasons[0])}", f"  {mark} ")
            continue
        yield f"{who:<{name + 2}}{values[0]:>{head}}  {values[1]:>{second}}  {lift}"
        if p:
            yield f"{'':<{name + head + second + 6}}p {p}"


def _label(row: MetricRow) -> str:
    horizon = f", {fmt.days(row.horizon_days)}" if row.horizon_days else ""
    per = f" ({words.per_what(row)})"
    return f"{words.metric(row.metric)}{horizon}{per}"


def _wrapped(text: str, first: str = "") -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=" " * len(first), break_on_hyphens=False
    ) or [first]
