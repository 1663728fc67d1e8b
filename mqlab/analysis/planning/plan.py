"""A plan: how many leads an experiment needs, until when, and what it can see by a date, with and without overlap.

`itt` compares all assigned leads; `triggered` only those on which the definitions differ, which is the same question
with far less noise (statistics.md sections 3.3 and 13). Numbers are of stated rates, not of outcomes: nothing here
looks at how an experiment goes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, timedelta

from mqlab.analysis.planning.answers import Answers
from mqlab.analysis.planning.assumed import percent
from mqlab.analysis.planning.inputs import PlanInputs
from mqlab.analysis.planning.result import ByEstimator, Guardrail, Plan, Seen
from mqlab.analysis.planning.size import ESTIMATORS, Condition
from mqlab.errors import InputError
from mqlab.experiments.maturity import due_on
from mqlab.experiments.metrics import METRICS, horizon_days
from mqlab.experiments.protocol import Protocol
from mqlab.stats.estimate import NotEstimable

CURVE_POINTS = 12
NEARLY_ALL = 0.998


def plan(protocol: Protocol, inputs: PlanInputs, *, triggered: bool, by: date | None = None) -> Plan:
    """What `protocol` needs and can see, from `inputs`; `triggered`: whether that estimator decides.

    `by`: the date for the smallest effect, the last look where it is None. InputError where the lift asked for cannot
    be, such as one beyond what the leads on which the definitions differ could bring.
    """
    answers = Answers(protocol, inputs)
    _possible(answers)
    calendar = answers.calendar
    last = protocol.looks.dates[-1] if protocol.looks.dates else None
    on = by or last or protocol.enrolment_to
    itt, other = (answers.required(estimator) for estimator in ESTIMATORS)
    needs = (other if triggered else itt).leads
    design = answers.declared(protocol.primary)
    rails = answers.rails
    return Plan(
        experiment=protocol.id,
        title=protocol.title,
        metric=protocol.primary.metric,
        horizon_days=horizon_days(protocol.primary, protocol),
        aim=protocol.aim,
        kind="lift" if protocol.aim == "growth" else "margin",
        size=answers.deciding[0].size,
        points=answers.deciding[0].kind == "points",
        power=inputs.power.value,
        power_each=answers.power,
        conditions=len(answers.deciding) + len(rails),
        decides="triggered" if triggered else "itt",
        units_needed=ByEstimator(itt.leads, other.leads),
        units_primary_alone=ByEstimator(*(answers.primary_alone(estimator) for estimator in ESTIMATORS)),
        enrolled_by=ByEstimator(itt.enrolled_by, other.enrolled_by),
        last_look=ByEstimator(itt.last_look, other.last_look),
        expected_stop=ByEstimator(itt.expected_stop, other.expected_stop),
        smallest_effect=ByEstimator(*(answers.smallest_on(on, estimator) for estimator in ESTIMATORS)),
        by=on,
        discordant_share={pair.arm: pair.discordant_share for pair in answers.pairs},
        planned_leads=calendar.planned_leads,
        declared_last=last,
        enrolment_to=protocol.enrolment_to,
        power_at_plan=ByEstimator(*(answers.power_of(answers.deciding, estimator) for estimator in ESTIMATORS)),
        feasible=not isinstance(needs, NotEstimable) and design is not None and needs <= design.information,
        guardrails=tuple(_guardrail(answers, rail) for rail in rails),
        curve=tuple(_curve(answers)),
        per_arm=tuple(
            (pair.arm, ByEstimator(*(answers.required(estimator, [pair]).leads for estimator in ESTIMATORS)))
            for pair in answers.pairs
        ),
        assumptions=(*inputs.words(), *_rules(answers, triggered)),
    )


def _possible(answers: Answers) -> None:
    """Refuses a lift that no rate can show, naming the largest one."""
    condition = answers.deciding[0]
    name = condition.metric.metric
    if condition.kind != "lift" or METRICS[name].unit != "rate":
        return
    rate, lower = answers.inputs.rate(name), METRICS[name].better == "lower"
    if not 0 < rate * (1 + (-condition.size if lower else condition.size)) < 1:
        message = f"{name} of {percent(rate)} cannot change by {percent(condition.size)}."
        raise InputError(message, code="ImpossibleLift", hint="State a smaller --lift.")
    for pair in answers.pairs:
        room = pair.discordant_rate if lower else 1 - pair.discordant_rate
        most = room * pair.discordant_share / rate
        if condition.size >= most:
            message = (
                f"the definitions differ on {percent(pair.discordant_share)} of the leads, and these cannot move "
                f"{name} by {percent(condition.size)}: were each of them a success, it would change by {percent(most)}."
            )
            hint = "State a smaller --lift, or a larger --discordant-share."
            raise InputError(message, code="ImpossibleLift", hint=hint)


def _guardrail(answers: Answers, rail: Condition) -> Guardrail:
    factor = answers.factor(answers.declared(rail.metric))
    units = []
    for estimator in ESTIMATORS:
        fixed = answers.worst([rail], estimator)
        units.append(fixed if isinstance(fixed, NotEstimable) else fixed * factor)
    return Guardrail(
        metric=rail.metric.metric,
        horizon_days=horizon_days(rail.metric, answers.protocol),
        margin=rail.size,
        kind="relative" if rail.kind == "margin" else "points",
        units_needed=ByEstimator(*units),
        power_at_plan=ByEstimator(*(answers.power_of([rail], estimator) for estimator in ESTIMATORS)),
        due=due_on(rail.metric, answers.protocol, answers.inputs.lateness_days),
    )


def _curve(answers: Answers) -> Iterator[Seen]:
    """From the first date on which anything can be said until nearly all is known; declared looks included."""
    calendar, leads = answers.calendar, answers.calendar.planned_leads
    curve = answers.inputs.curves[answers.deciding[0].metric.metric]
    last = calendar.last_day + curve.horizon_days + answers.inputs.lateness_days
    due = [day for day in range(1, last + 1) if calendar.due(day, curve, leads, answers.smallest_arm)]
    if leads <= 0 or not due:
        return
    full = (day for day in due if calendar.information(day, curve, leads) >= NEARLY_ALL * leads)
    last = next(full, last)
    step = max(1, math.ceil((last - due[0]) / (CURVE_POINTS - 1)))
    looks = {day for day in calendar.looks if due[0] <= day <= last}
    for day in sorted({*range(last, due[0] - 1, -step), *looks}):
        on = answers.protocol.enrolment_from + timedelta(days=day - 1)
        yield Seen(
            date=on,
            leads=min(leads, float(calendar.open_ended.by(day))),
            itt=answers.smallest_on(on, "itt"),
            triggered=answers.smallest_on(on, "triggered"),
            look=day in looks,
        )


def _rules(answers: Answers, triggered: bool) -> Iterator[str]:
    if triggered:
        yield "Decides: where they differ, as leads both definitions treat alike are handled alike (experiment)."
    else:
        yield "Decides: all leads, as handling is not declared blinded, or differs between the arms (experiment)."
    if any(share.origin == "default" for share, _ in answers.inputs.overlap.values()):
        yield (
            "Nobody replayed the definitions on past leads, so the share on which they differ is a guess (default). "
            "Where they fire at different times it is larger, and saves less."
        )
    each, asked = len(answers.deciding) + len(answers.rails), percent(answers.inputs.power.value)
    origin = answers.inputs.power.origin
    if each > 1:
        yield (
            f"Power: {asked} ({origin}) for the {each} conditions of a ship together, so {percent(answers.power)} for "
            "each; guardrails that do not get worse."
        )
    else:
        yield f"Power: {asked} ({origin})."
    looks, level = len(answers.protocol.looks.dates), percent(answers.protocol.alpha)
    text = f"Level: {level}"
    if len(answers.pairs) > 1:
        text += f" over {len(answers.pairs)} challengers, {percent(answers.alpha)} for each (Dunnett)"
    text += f", spent over {looks} looks (O'Brien–Fleming)" if looks > 1 else ", one look"
    yield text + " (experiment)."
    if looks > 1:
        yield "A plan that takes longer than declared has as many looks, spread in proportion."
