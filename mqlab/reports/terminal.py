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
NAME, CONTROL, ARM, LIFT, P = 22, 10, 12, 26, 7
"""Widths of the columns of a table; with the spaces between them they fill the 80."""
ESTIMATORS = {"itt": "all leads", "triggered": "where they differ"}
MARKS = {"pass": "ok", "warn": "look", "fail": "FAIL", "not_applicable": "-"}


def render(result: AnalysisResult, zone: ZoneInfo) -> str:
    """The whole result, ending in a line break; `zone` is the lab's."""
    lines = [
        *_wrapped(result.title),
        *_wrapped(
            f"{result.experiment} · as of {fmt.instant(result.as_of, zone)} · ledger {result.ledger} · {result.engine}"
        ),
    ]
    for arm, verdict in result.verdicts.items():
        label, _ = words.CALLS[verdict.call]
        lines += ["", *_wrapped(f"{arm} v {result.control}: {label.upper()}")]
        for why in verdict.why:
            lines += _wrapped(words.sentence(words.in_words(why)), "  - ")
        lines += _arm(result, arm)
    lines += ["", "Checks"]
    for check in result.checks:
        lines += _wrapped(f"{words.check(check)}. {words.sentence(check.detail)}", f"  {MARKS[check.status]:<5} ")
    left_out = {key: number for key, number in result.excluded.items() if number}
    if left_out:
        listed = "; ".join(f"{fmt.count(n)} {words.excluded(key)}" for key, n in left_out.items())
        lines += ["", *_wrapped(f"Left out: {listed}")]
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
    if any(row.estimator == "triggered" for row in causal):
        yield from _wrapped("Where they differ: the same lift, from leads the definitions disagree on.", "  ")
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
    if price and price.get("sentence"):
        yield ""
        yield from _wrapped(words.sentence(str(price["sentence"])))


def _marginal(row: object, control: str, arm: str) -> str:
    from mqlab.analysis.results import MarginalRow

    assert isinstance(row, MarginalRow)
    who = words.stratum(row.stratum, control, arm)
    if not row.leads_per_1000:
        return f"{who}: no lead"

    def rate(value: float | NotEstimable) -> str:
        return fmt.reason(value) if isinstance(value, NotEstimable) else fmt.rate(value)

    return (
        f"{who}: {fmt.per_thousand(row.leads_per_1000 / 1000)} of 1,000 leads; "
        f"{rate(row.rate_control)} reach the goal under {control}, {rate(row.rate_treatment)} under {arm}"
    )


def _table(rows: Rows, chosen: Sequence[MetricRow], control: str, arm: str) -> Iterator[str]:
    """A heading, then per metric its name and one line per estimator."""
    yield _line("", _short(control, CONTROL), _short(arm, ARM), "lift and interval", "p")
    previous = ""
    for row in chosen:
        label = _label(row)
        if label != previous:
            yield from _wrapped(words.sentence(label).removesuffix("."), "  ")
        previous = label
        mark = ">" if row.primary else " "
        name = f"  {mark} {ESTIMATORS[row.estimator]}"
        if isinstance(row.relative, NotEstimable):
            yield from _wrapped(_reason(row), f"{name}: ", hang=4)
            continue
        before, after = rows.value(row, "control").text, rows.value(row, "treatment").text
        lift, p = rows.lift(row).text, rows.p_value(row).text
        line = _line(name, before, after, lift, p)
        if len(line) <= WIDTH:
            yield line
        else:
            yield _line(name, before, after, "", "")
            yield f"{lift} {p:>{P}}".rjust(WIDTH)


def _line(name: str, control: str, arm: str, lift: str, p: str) -> str:
    return f"{name:<{NAME}}{control:>{CONTROL}}  {arm:>{ARM - 2}}  {lift:<{LIFT}} {p:>{P}}".rstrip()


def _short(name: str, width: int) -> str:
    return name if len(name) < width else name[: width - 2] + "…"


def _reason(row: MetricRow) -> str:
    """Why there is no comparison, as the arms or the comparison itself say."""
    parts = (row.control.value, row.treatment.value, row.absolute, row.relative)
    said = next(fmt.reason(why) for why in parts if isinstance(why, NotEstimable))
    return said[0].lower() + said[1:] if said[1:2].islower() else said


def _label(row: MetricRow) -> str:
    name = words.metric(row.metric)
    if row.unit not in ("money", "count"):
        name = name.replace("per assigned lead", "per 1,000 assigned leads")
    return f"{name}, {fmt.days(row.horizon_days)}" if row.horizon_days else name


def _wrapped(text: str, first: str = "", *, hang: int | None = None) -> list[str]:
    under = " " * (len(first) if hang is None else hang)
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=under, break_on_hyphens=False) or [
        first.rstrip()
    ]
