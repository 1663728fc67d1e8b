"""The answers of a plan: leads needed with their dates, power of the declared schedule, smallest effect by a date."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from mqlab.analysis.planning.calendar import Calendar, Design
from mqlab.analysis.planning.inputs import PlanInputs
from mqlab.analysis.planning.size import Condition, Estimator, Pair, conditions, needed, smallest
from mqlab.experiments.protocol import Metric, Protocol
from mqlab.stats.duration import expected_day
from mqlab.stats.estimate import NotEstimable
from mqlab.stats.multiplicity import dunnett_alpha
from mqlab.stats.stopping import inflation, spent

MOST_POWER = 0.9999
_TURNS = 5
_TOO_MANY = 1e15

TOO_FAR = NotEstimable("too_far", "not within 150 years")
NOBODY = NotEstimable("nobody_enrols", "nobody enrols")
NEVER = NotEstimable("never", "no number of leads is enough")
NOT_DUE = NotEstimable("not_due", "too few leads are old enough by then")
NONE_FOUND = NotEstimable("none_found", "no change that there can be")


@dataclass(frozen=True)
class Required:
    """What an experiment that enrols until it has enough needs: leads of all arms, and the dates that follow."""

    leads: float | NotEstimable
    enrolled_by: date | NotEstimable
    last_look: date | NotEstimable
    expected_stop: date | NotEstimable

    @classmethod
    def none(cls, why: NotEstimable) -> Required:
        """Nothing can be said, for one reason."""
        return cls(why, why, why, why)


@dataclass(frozen=True)
class Answers:
    """A protocol with what is assumed; every answer counts looks, clusters, arms and delays."""

    protocol: Protocol
    inputs: PlanInputs

    @cached_property
    def calendar(self) -> Calendar:
        """When leads come and can be read."""
        return Calendar(self.protocol, self.inputs)

    @cached_property
    def _conditions(self) -> tuple[tuple[Condition, ...], tuple[Condition, ...]]:
        return conditions(self.protocol, self.inputs)

    @property
    def deciding(self) -> tuple[Condition, ...]:
        """What has to be shown of the primary, and of an efficiency experiment's precision."""
        return self._conditions[0]

    @property
    def rails(self) -> tuple[Condition, ...]:
        """The guardrails' margins."""
        return self._conditions[1]

    @property
    def power(self) -> float:
        """What each condition is planned with, so that all of them hold together with the power asked for.

        Schultzberg, Ankargren & Frånberg 2024: 1 − β/(G + 1) for one primary and G guardrails.
        """
        return 1 - (1 - self.inputs.power.value) / (len(self.deciding) + len(self.rails))

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """The challengers, each with the control."""
        weights = {arm.name: float(arm.weight) for arm in self.protocol.arms}
        control, total = weights[self.protocol.control], sum(weights.values())
        others = [weights[arm.name] for arm in self.protocol.challengers]
        alpha = dunnett_alpha(self.protocol.alpha, control_units=control, challenger_units=others)
        return tuple(
            Pair(
                arm=arm.name,
                alpha=alpha,
                allocation=weights[arm.name] / control,
                pair_share=(weights[arm.name] + control) / total,
                discordant_share=self.inputs.overlap[arm.name][0].value,
                discordant_rate=self.inputs.overlap[arm.name][1].value,
            )
            for arm in self.protocol.challengers
        )

    @property
    def alpha(self) -> float:
        """The two-sided level of each challenger's comparison."""
        return self.pairs[0].alpha

    @cached_property
    def smallest_arm(self) -> float:
        """The smallest arm's share of the leads."""
        weights = [float(arm.weight) for arm in self.protocol.arms]
        return min(weights) / sum(weights)

    def fixed(self, condition: Condition, pair: Pair, estimator: Estimator, power: float) -> float | NotEstimable:
        """Leads of all arms for one condition with a single look, clusters counted."""
        found = needed(condition, pair, self.inputs, estimator, power=power)
        if isinstance(found, NotEstimable):
            return found
        return found * self.inputs.design_effect.value / pair.pair_share if found < _TOO_MANY else NEVER

    def worst(
        self,
        asked: Sequence[Condition],
        estimator: Estimator,
        pairs: Sequence[Pair] | None = None,
        power: float | None = None,
    ) -> float | NotEstimable:
        """The leads that suffice, with a single look, for every condition and every challenger."""
        most = 0.0
        for condition in asked:
            for pair in pairs or self.pairs:
                found = self.fixed(condition, pair, estimator, power or self.power)
                if isinstance(found, NotEstimable):
                    return found
                most = max(most, found)
        return most

    def declared(self, metric: Metric) -> Design | None:
        """The enrolment and the looks as declared, for a metric; None where nothing of it is known by the last."""
        leads = self.calendar.planned_leads
        if leads <= 0 or not self.calendar.looks:
            return None
        return self.calendar.design(
            self.inputs.curves[metric.metric], alpha=self.alpha, maximum=leads, days=self.calendar.looks,
            smallest_arm=self.smallest_arm, declared=self.protocol.looks.maximum_leads,
        )  # fmt: skip

    def factor(self, design: Design | None) -> float:
        """How many times the leads of a single look a schedule needs."""
        return 1.0 if design is None else inflation(design.stopping, alpha=self.alpha, power=self.power)

    def required(self, estimator: Estimator, pairs: Sequence[Pair] | None = None) -> Required:
        """An experiment that enrols until it has the leads it needs, and then waits until they are old enough.

        Its looks are the declared ones before that day, or, where it takes longer than declared, as many spread in
        proportion; the last is its end. The looks and the leads they cost depend on each other: found in turns.
        """
        curve = self.inputs.curves[self.protocol.primary.metric]
        fixed = self.worst(self.deciding, estimator, pairs)
        if isinstance(fixed, NotEstimable):
            return Required.none(fixed)
        leads, end, design = fixed, math.inf, None
        for _ in range(_TURNS):
            end = self.calendar.ready(leads, curve.horizon_days)
            if not math.isfinite(end):
                return Required(fixed * self.factor(self.declared(self.protocol.primary)), NOBODY, NOBODY, NOBODY)
            design = self.calendar.design(
                curve, alpha=self.alpha, maximum=leads, days=self._days(int(end)), smallest_arm=self.smallest_arm
            )
            before, leads = leads, fixed * self.factor(design)
            if abs(leads - before) < 0.5:
                break
        last = self.calendar.date(end)
        if last is None or design is None:
            return Required(leads, TOO_FAR, TOO_FAR, TOO_FAR)
        chances = design.stopping.ends(design.stopping.drift(self.power))
        enrolled = last - timedelta(days=curve.horizon_days + self.inputs.lateness_days)
        stop = self.calendar.date(expected_day(chances, design.days)) or TOO_FAR
        return Required(leads, enrolled, last, stop)

    def _days(self, end: int) -> list[int]:
        looks = self.calendar.looks
        if looks and looks[0] > 0 and end > looks[-1]:
            return [*(round(look * end / looks[-1]) for look in looks[:-1]), end]
        return [*(look for look in looks if look < end), end]

    def primary_alone(self, estimator: Estimator) -> float | NotEstimable:
        """The leads that the first condition takes with the whole power asked for, under the looks as declared."""
        found = self.worst(self.deciding[:1], estimator, power=self.inputs.power.value)
        return found if isinstance(found, NotEstimable) else found * self.factor(self.declared(self.protocol.primary))

    def power_of(self, asked: Sequence[Condition], estimator: Estimator) -> float | NotEstimable:
        """The power that the declared enrolment and looks give: the least over conditions and challengers."""
        powers = []
        for condition in asked:
            design = self.declared(condition.metric)
            if design is None:
                return NOT_DUE if self.calendar.planned_leads > 0 else NOBODY
            for pair in self.pairs:
                found = self._power(condition, pair, estimator, design)
                if isinstance(found, NotEstimable):
                    return found
                powers.append(found)
        return min(powers)

    def _power(self, condition: Condition, pair: Pair, estimator: Estimator, design: Design) -> float | NotEstimable:
        from scipy.optimize import brentq

        reason = self.fixed(condition, pair, estimator, self.power)
        if isinstance(reason, NotEstimable):
            return reason

        stopping = design.stopping

        def excess(drift: float) -> float:
            power = stopping.power(drift)
            found = self.fixed(condition, pair, estimator, power)
            assert not isinstance(found, NotEstimable)
            return found * spent(drift, stopping, alpha=pair.alpha) / design.information - 1

        least, most = stopping.drift(stopping.power(0.0) + 1e-4), stopping.drift(MOST_POWER)
        if excess(least) >= 0:
            return stopping.power(least)
        return MOST_POWER if excess(most) <= 0 else stopping.power(float(brentq(excess, least, most, xtol=1e-7)))

    def smallest_on(self, on: date, estimator: Estimator) -> float | NotEstimable:
        """The smallest lift (or margin) that an end on a date finds; of several challengers the largest."""
        condition, day, leads = self.deciding[0], self.calendar.day(on), self.calendar.planned_leads
        curve = self.inputs.curves[condition.metric.metric]
        if leads <= 0:
            return NOBODY
        if not self.calendar.due(day, curve, leads, self.smallest_arm):
            return NOT_DUE
        days = [*(look for look in self.calendar.looks if look < day), day]
        design = self.calendar.design(curve, alpha=self.alpha, maximum=leads, days=days, smallest_arm=self.smallest_arm)
        if design is None:
            return NOT_DUE
        sizes = []
        for pair in self.pairs:
            worth = design.information * pair.pair_share / (self.factor(design) * self.inputs.design_effect.value)
            found = smallest(condition, pair, self.inputs, estimator, power=self.power, leads=worth)
            if found is None:
                return NONE_FOUND
            sizes.append(found)
        return max(sizes)
