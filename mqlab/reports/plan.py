"""A plan as text for a terminal of 80 columns: the two answers side by side, what it can see by when, guardrails."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterator, Sequence
from datetime import date

from mqlab.analysis.planning.result import ByEstimator, Guardrail, Plan, Seen
from mqlab.experiments.metrics import METRICS
from mqlab.reports import format as fmt
from mqlab.reports import words
from mqlab.stats.estimate import NotEstimable

WIDTH = 80
LABEL, ANSWER = 32, 21
DATE, LEADS, SIZE = 14, 8, 8
CHART = WIDTH - DATE - LEADS - 2 * SIZE - 2
TICKS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
ITT, TRIGGERED, BOTH = "○", "●", "◉"
PLAIN = str.maketrans(
    {ITT: "o", TRIGGERED: "x", BOTH: "*", "·": "-", "│": "|", "−": "-", "–": "-", "…": ".", "’": "'", "×": "x"}
)


def render(plan: Plan, *, plain: bool = False) -> str:
    """The whole plan, ending in a line break; `plain` uses ASCII alone."""
    lines = [
        *_wrapped(plan.title),
        *_wrapped(f"{plan.experiment} · {_question(plan)} · power {fmt.share(plan.power)}"),
        "",
        *_answers(plan),
        "",
        *_wrapped(_verdict(plan) + _hardest(plan)),
    ]
    for section in (_curve(plan), _guardrails(plan), _arms(plan)):
        found = list(section)
        if found:
            lines += ["", *found]
    lines += ["", "Assumed"]
    for text in plan.assumptions:
        lines += _wrapped(text, "  - ")
    lines += ["", *_wrapped("State your own with --rate, --lift, --leads-per-day, --discordant-share and the others.")]
    text = "\n".join(line.rstrip() for line in lines) + "\n"
    return text.translate(PLAIN) if plain else text


def _question(plan: Plan) -> str:
    what = f"{METRICS[plan.metric].words} within {fmt.days(plan.horizon_days)}"
    if plan.kind == "lift":
        return f"to find {fmt.change(plan.size)} {what}"
    size = fmt.points(plan.size).lstrip("+") if plan.points else fmt.share(plan.size)
    return f"to show at most {size} fewer {what}"


def _answers(plan: Plan) -> Iterator[str]:
    marks = {name: " (decides)" if plan.decides == name else "" for name in ("itt", "triggered")}
    yield _line("", f"all leads{marks['itt']}", f"where they differ{marks['triggered']}")
    yield _row("leads needed", plan.units_needed, _leads)
    if plan.conditions > 1:
        yield _row("for the primary alone", plan.units_primary_alone, _leads)
    yield _row("enrolled by", plan.enrolled_by, fmt.day)
    yield _row("last look", plan.last_look, fmt.day)
    yield _row("expected stop", plan.expected_stop, fmt.day)
    yield ""
    yield "As declared:" + (
        f" {fmt.count(math.floor(plan.planned_leads + 1e-9))} leads by {fmt.day(plan.enrolment_to)}"
        + (f", last look {fmt.day(plan.declared_last)}" if plan.declared_last else "")
    )
    yield _row("power, primary alone" if plan.conditions > 1 else "power", plan.power_at_plan, _chance)
    yield _row(f"{_smallest(plan)} by {fmt.day(plan.by)}", plan.smallest_effect, lambda size: _size(plan, size))


def _smallest(plan: Plan) -> str:
    return "smallest lift" if plan.kind == "lift" else "loss ruled out"


def _leads(value: float) -> str:
    return fmt.count(math.ceil(value - 1e-9))


def _chance(value: float) -> str:
    return "over 99.9%" if value > 0.999 else fmt.share(value)


def _size(plan: Plan, value: float) -> str:
    if plan.kind == "lift":
        return fmt.change(value)
    return fmt.points(-value) if plan.points else fmt.change(-value)


def _row(label: str, answer: ByEstimator[float] | ByEstimator[date], shown: Callable[..., str]) -> str:
    cells = [
        fmt.reason(cell) if isinstance(cell, NotEstimable) else shown(cell) for cell in (answer.itt, answer.triggered)
    ]
    return _line(f"  {label}", *cells)


def _line(label: str, itt: str, triggered: str) -> str:
    first = f"{label:<{LABEL}}"
    if len(itt) < ANSWER and len(first) + ANSWER + len(triggered) <= WIDTH:
        return f"{first}{itt:<{ANSWER}}{triggered}"
    return "\n".join(
        [
            *textwrap.wrap(itt, WIDTH - LABEL, initial_indent=first, subsequent_indent=" " * LABEL),
            *textwrap.wrap(
                triggered, WIDTH, initial_indent=" " * (LABEL + ANSWER), subsequent_indent=" " * (LABEL + ANSWER)
            ),
        ]
    )


def _verdict(plan: Plan) -> str:
    needs, seen = plan.units_needed.of(plan.decides), plan.smallest_effect.of(plan.decides)
    if isinstance(needs, NotEstimable):
        return f"Not feasible: {fmt.reason(needs)}."
    if plan.feasible:
        return f"Feasible: {_leads(needs)} leads are needed, and more will be known by the last declared look."
    held = fmt.count(math.floor(plan.planned_leads + 1e-9))
    ways = []
    until = plan.enrolled_by.of(plan.decides)
    if isinstance(until, date) and until > plan.enrolment_to:
        ways.append(f"enrol until {fmt.day(until)}")
    elif isinstance(until, date):
        ways.append("look later")
    if not isinstance(seen, NotEstimable):
        ways.append(f"be content with {_size(plan, seen)}")
    sure = "" if plan.conditions < 2 else f" to be {fmt.share(plan.power_each)} sure of the primary alone"
    return f"Not feasible as declared: {_leads(needs)} leads are needed{sure} and {held} enrol. " + words.sentence(
        " or ".join(ways) if ways else "take in more leads a day"
    )


def _hardest(plan: Plan) -> str:
    """What the hardest guardrail needs beyond what the plan has, or nothing."""
    if not plan.hard_guardrails:
        return ""
    rail = plan.hard_guardrails[0]
    units, chance = rail.of(plan.decides)
    if isinstance(units, NotEstimable) or isinstance(chance, NotEstimable):
        return ""
    name = METRICS[rail.metric].words
    return f" To ship, a guardrail needs {_leads(units)}: {name} ({_floored(chance)} chance as declared)."


def _floored(chance: float) -> str:
    return fmt.share(math.floor(chance * 100) / 100)


def _curve(plan: Plan) -> Iterator[str]:
    if not plan.curve:
        return
    sizes = [size for seen in plan.curve for size in (seen.itt, seen.triggered) if not isinstance(size, NotEstimable)]
    what = "lift found" if plan.kind == "lift" else "loss ruled out"
    yield f"Smallest {what}, by the day of its end  {ITT} all leads  {TRIGGERED} where they differ"
    if not sizes:
        yield "  none that there can be"
        return
    low, high = math.log(min(sizes) / 1.15), math.log(max(sizes) * 1.15)

    def column(size: float) -> int:
        return round((math.log(size) - low) / (high - low) * (CHART - 1))

    ticks = [tick for tick in TICKS if low <= math.log(tick) <= high]
    yield f"{'':<{DATE}}{'leads':>{LEADS}}{'all':>{SIZE}}{'differ':>{SIZE}}  {_scale(ticks, column)}"
    for seen in plan.curve:
        yield _point(seen, ticks, column)
    if any(seen.look for seen in plan.curve):
        yield "* a declared look"


def _scale(ticks: Sequence[float], column: Callable[[float], int]) -> str:
    line = " " * (CHART + 8)
    free = 0
    for tick in ticks:
        label, at = f"{tick * 100:g}%", column(tick)
        if at >= free and at + len(label) <= CHART:
            line = line[:at] + label + line[at + len(label) :]
            free = at + len(label) + 1
    return line.rstrip()


def _point(seen: Seen, ticks: Sequence[float], column: Callable[[float], int]) -> str:
    cells = [" "] * CHART
    for tick in ticks:
        cells[min(CHART - 1, column(tick))] = "·"
    values = []
    for size, mark in ((seen.itt, ITT), (seen.triggered, TRIGGERED)):
        if isinstance(size, NotEstimable):
            values.append("–")
            continue
        at = column(size)
        cells[at] = BOTH if cells[at] == ITT else mark
        values.append(fmt.rate(size))
    mark = " *" if seen.look else ""
    return (
        f"{fmt.day(seen.date) + mark:<{DATE}}{fmt.count(math.floor(seen.leads + 1e-9)):>{LEADS}}"
        f"{values[0]:>{SIZE}}{values[1]:>{SIZE}}  {''.join(cells)}"
    )


def _guardrails(plan: Plan) -> Iterator[str]:
    if not plan.guardrails:
        return
    yield "Guardrails, if nothing gets worse"
    yield f"  {'':<33}{'margin':>11}{'needed':>12}{'chance':>8}  due"
    for rail in plan.guardrails:
        yield from _guardrail(rail, plan)


def _guardrail(rail: Guardrail, plan: Plan) -> Iterator[str]:
    units, chance = rail.of(plan.decides)
    margin = fmt.points(rail.margin).lstrip("+") if rail.kind == "points" else fmt.share(rail.margin)
    needed = "–" if isinstance(units, NotEstimable) else _leads(units)
    how = "–" if isinstance(chance, NotEstimable) else _floored(chance)
    due = fmt.day(rail.due)
    name = METRICS[rail.metric].words
    yield f"  {name[:33]:<33}{margin:>11}{needed:>12}{how:>8}  {due}"


def _arms(plan: Plan) -> Iterator[str]:
    if len(plan.per_arm) < 2:
        return
    yield "Leads needed for each challenger alone (of all arms; the largest counts)"
    for arm, units in plan.per_arm:
        yield _row(arm, units, _leads)


def _wrapped(text: str, first: str = "") -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=" " * len(first), break_on_hyphens=False
    ) or [first.rstrip()]
