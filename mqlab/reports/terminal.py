"""An analysis as text for a terminal of 80 columns: verdicts, four blocks per challenger, checks, reasons, readings.

The order is fixed (statistics.md section 1): the same leads, the lists, where the definitions part, then guardrails,
checks and the verdict with its reasons. A line per challenger and the numbers people ask for first stand on top.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from mqlab.analysis.results import AnalysisResult
from mqlab.reports import format as fmt
from mqlab.reports import live, sentences, words
from mqlab.reports.document import Cell
from mqlab.reports.in_locale import in_locale
from mqlab.reports.rows import Rows
from mqlab.reports.terminal_arm import blocks, glance
from mqlab.reports.terminal_lines import LIFT, P, fitted, short, wrapped

MARKS = {"pass": "ok", "warn": "look", "fail": "FAIL", "not_applicable": "-"}


def render(result: AnalysisResult, zone: ZoneInfo, declared: str | None = None) -> str:
    """The whole result, ending in a line break; `zone` is the lab's, `declared` the experiment's precision metric."""
    result = in_locale(result)
    lines = [
        *wrapped(result.title),
        *wrapped(
            f"{result.experiment} · as of {fmt.instant(result.as_of, zone)} · ledger {result.ledger} · {result.engine}"
        ),
        *_verdicts(result, declared),
    ]
    several = len(result.verdicts) > 1
    for arm in result.verdicts:
        if several:
            lines += ["", *wrapped(_call(result, arm))]
        else:
            lines += [""]
        lines += glance(result, arm)
        lines += blocks(result, arm, declared)
    lines += _checks(result)
    lines += _reasons(result)
    for arm in result.verdicts:
        lines += _live(result, arm)
    left_out = {key: number for key, number in result.excluded.items() if number}
    if left_out:
        listed = "; ".join(f"{fmt.count(n)} {words.excluded(key)}" for key, n in left_out.items())
        lines += ["", *wrapped(f"Left out: {listed}")]
    if told := sentences.in_quarantine(result):
        lines += ["", *wrapped(told)]
    for note in result.notes:
        lines += ["", *wrapped(words.sentence(words.in_words(note)))]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _call(result: AnalysisResult, arm: str) -> str:
    label, _ = words.CALLS[result.verdicts[arm].call]
    return f"{arm} v {result.control}: {label.upper()}"


def _verdicts(result: AnalysisResult, declared: str | None) -> Iterator[str]:
    """One challenger: the call, what decided it and what misleads. Several: a line for each."""
    yield ""
    if len(result.verdicts) == 1:
        for arm, verdict in result.verdicts.items():
            yield from wrapped(_call(result, arm))
            for why in verdict.why[:1]:
                yield from wrapped(words.sentence(words.in_words(why)), "  ")
            if clash := sentences.disagreement(result, arm, declared):
                yield from wrapped(clash, "  ")
        return
    rows = Rows(result)
    yield f"{'':<44}{'lift and interval':<{LIFT}}   {'p':>{P}}"
    for arm, verdict in result.verdicts.items():
        label, _ = words.CALLS[verdict.call]
        main = rows.primary(arm)
        name = f"{short(arm, 18):<18} {label}"
        lift = rows.lift(main) if main is not None else None
        if main is None or lift is None or lift.kind == "missing":
            yield name
            continue
        p = rows.p_value(main)
        one = f"{name:<44}{lift.text:<{LIFT}}   {'–' if p.kind == 'missing' else p.text:>{P}}"
        yield from [one] if len(one) <= 80 else fitted(name, "", "", lift.text, p.text)


def _checks(result: AnalysisResult) -> Iterator[str]:
    """Every check with its detail, and below one that is not fine what to do; then what no check tells of."""
    advice = {found.check: found.advice for found in result.conditions if found.check}
    yield ""
    yield "Checks"
    for check in result.checks:
        told = f"{words.check(check)}. {words.sentence(words.in_words(check.detail))}"
        yield from wrapped(told, f"  {MARKS[check.status]:<5} ")
        if check.check in advice:
            yield from wrapped(advice[check.check], "        > ", hang=10)
    others = [found for found in result.conditions if found.check is None]
    if others:
        yield ""
        yield "Conditions that do not hold"
    for found in others:
        told = f"{words.condition(found.condition)}: {words.sentence(words.in_words(found.detail))}"
        yield from wrapped(told, "  look  ")
        yield from wrapped(found.advice, "        > ", hang=10)


def _reasons(result: AnalysisResult) -> Iterator[str]:
    yield ""
    yield "Verdict"
    for arm, verdict in result.verdicts.items():
        yield from wrapped(_call(result, arm), "  ")
        for why in verdict.why:
            yield from wrapped(words.sentence(words.in_words(why)), "    - ")


def _live(result: AnalysisResult, arm: str) -> Iterator[str]:
    """Limits valid at any time, and the Bayesian reading."""
    found = live.readable(result, arm)
    if not found:
        return
    of = f" of {arm}" if len(result.verdicts) > 1 else ""
    valid = [(words.short(row.metric), *live.live_cells(row)) for row in found if row.always_valid is not None]
    if valid:
        yield from _read(f"5. Live reading{of} (valid at any time, however often you look)", valid)
    if valid and (rare := sentences.rare_sentence(result, arm)):
        yield from wrapped(rare, "  ")
    bayes = [(words.short(row.metric), *live.reading_cells(row)) for row in found if row.reading is not None]
    if bayes:
        yield from _read(f"Reading{of} (Bayes, never the verdict): lift, and probability of a gain", bayes)


def _read(heading: str, lines: Iterable[tuple[str, Cell, Cell]]) -> Iterator[str]:
    """A heading, then a line per metric: its lift and the number that goes with it, or why there is none."""
    yield ""
    yield from wrapped(heading, hang=3)
    for name, lift, beside in lines:
        if lift.kind == "missing":
            yield from wrapped(words.in_words(lift.text), f"  {name}: ", hang=4)
        else:
            yield from fitted(f"  {name}", "", "", lift.text, beside.text)
