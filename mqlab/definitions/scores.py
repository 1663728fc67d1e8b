"""Rules, groups, scores, grades and the model, compiled to functions of a lead's state (definitions.md 3.6)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, assert_never

from mqlab.definitions.logic import Reader, compile_node, round9, spaced_once
from mqlab.definitions.model import (
    AbsenceRule,
    BandsRule,
    EventRule,
    Grading,
    Group,
    LogisticModel,
    MapRule,
    Rule,
    Score,
    WeightRule,
    WhenRule,
    WordsRule,
)
from mqlab.definitions.slots import AbsenceSlot, CountSlot, DecayedSlot
from mqlab.definitions.state import State
from mqlab.definitions.walk import moving

if TYPE_CHECKING:
    from mqlab.definitions.plan import Plan

Number = Callable[[State], float]


def hangs_on_fields(rule: Rule) -> bool:
    """Whether a rule's points can only change when a field does."""
    match rule:
        case BandsRule() | MapRule() | WordsRule() | WeightRule():
            return True
        case EventRule() | AbsenceRule():
            return False
        case WhenRule(when=when):
            return not moving(when.tree)
        case _:
            assert_never(rule)


def raw_points(rule: Rule, plan: Plan) -> Reader[State]:
    """A rule's points before its cap; None where the rule is unknown, which gives 0 points and is marked."""
    match rule:
        case BandsRule():
            return _bands(rule, plan.field(rule.field))
        case MapRule(points=entries, default=default):
            value = plan.field(rule.field)
            points = dict(entries)
            return lambda state: None if (found := value(state)) is None else points.get(found, default)
        case WordsRule():
            return _words(rule, plan.field(rule.field))
        case WeightRule(weight=weight):
            number = plan.field_number(rule.field)
            return lambda state: None if (found := number(state)) is None else weight * found
        case EventRule(points=each):
            slot = CountSlot(rule.channel) if rule.decay is None else DecayedSlot(rule.channel, rule.decay)
            counted = plan.slot(slot)
            return lambda state: each * counted(state)
        case AbsenceRule(points=each):
            absent = plan.slot(AbsenceSlot(rule.events, rule.of_us))
            return lambda state: each if absent(state) else 0.0
        case WhenRule(points=each):
            when = compile_node(rule.when.tree, plan.leaves)
            return lambda state: None if (truth := when(state)) is None else each if truth else 0.0
        case _:
            assert_never(rule)


def capped(rule: Rule, raw: float | None) -> float:
    """A rule's points: unknown gives 0, and a cap bounds the magnitude."""
    if raw is None:
        return 0.0
    cap = None if isinstance(rule, WeightRule) else rule.cap
    return raw if cap is None else max(-cap, min(cap, raw))


def _bands(rule: BandsRule, value: Reader[State]) -> Reader[State]:
    bands = [
        (-math.inf if low is None else low, math.inf if high is None else high, points)
        for low, high, points in rule.bands
    ]

    def points_of_band(state: State) -> float | None:
        number = value(state)
        if number is None:
            return None
        return next((points for low, high, points in bands if low <= number < high), 0.0)

    return points_of_band


def _words(rule: WordsRule, value: Reader[State]) -> Reader[State]:
    def points_of_words(state: State) -> float | None:
        text = value(state)
        if text is None:
            return None
        run = spaced_once(text)
        return next((points for words, points in rule.choices if any(word in run for word in words)), 0.0)

    return points_of_words


def _points(rule: Rule, plan: Plan) -> Number:
    raw = raw_points(rule, plan)
    cap = None if isinstance(rule, WeightRule) else rule.cap
    if cap is None and isinstance(rule, EventRule | AbsenceRule):
        return raw
    return lambda state: capped(rule, raw(state))


def _group(group: Group, plan: Plan) -> Number:
    low = -math.inf if group.minimum is None else group.minimum
    high = math.inf if group.maximum is None else group.maximum
    still = [_points(rule, plan) for rule in group.rules if hangs_on_fields(rule)]
    moves = [_points(rule, plan) for rule in group.rules if not hangs_on_fields(rule)]
    if not moves:
        return plan.static(lambda state: max(low, min(high, sum([points(state) for points in still]))))
    base = plan.static(lambda state: sum([points(state) for points in still])) if still else _zero

    def group_points(state: State) -> float:
        total = base(state)
        for points in moves:
            total += points(state)
        return low if total < low else high if total > high else total

    return group_points


def _zero(_state: State) -> float:
    return 0.0


def compile_score(score: Score, position: int, plan: Plan) -> Reader[State]:
    """A score: groups added up, scaled, bounded, rounded to nine decimals; None only where it overflows."""
    groups = [_group(group, plan) for group in score.groups]
    factor = score.factor
    low = -math.inf if score.low is None else score.low
    high = math.inf if score.high is None else score.high

    def compute(state: State) -> float | None:
        total = 0.0
        for group in groups:
            total += group(state)
        total *= factor
        return round9(low if total < low else high if total > high else total)

    if all(hangs_on_fields(rule) for group in score.groups for rule in group.rules):
        return plan.static(compute)

    def score_now(state: State) -> float | None:
        tick, known = state.scores[position]
        if tick != state.tick:
            known = compute(state)
            state.scores[position] = (state.tick, known)
        return known

    return score_now


def compile_grade(grading: Grading, score: Reader[State]) -> Reader[State]:
    """The rank of the grade reached, 0 the worst; None below all grades."""
    bounds = [(bound, len(grading.bounds) - 1 - index) for index, (_, bound) in enumerate(grading.bounds)]

    def rank(state: State) -> int | None:
        value = score(state)
        if value is None:
            return None
        for bound, reached in bounds:
            if value >= bound:
                return reached
        return None

    return rank


def compile_model(model: LogisticModel, plan: Plan) -> Reader[State]:
    """The probability of a logistic model; a feature that is unknown adds 0, a truth is 1 or 0."""
    compiled = [(compile_node(term.feature.tree, plan.leaves), term) for term in model.terms]
    still = [(feature, term.coefficient) for feature, term in compiled if not moving(term.feature.tree)]
    moves = [(feature, term.coefficient) for feature, term in compiled if moving(term.feature.tree)]
    base = plan.static(lambda state: model.intercept + _weighed(still, state))
    return lambda state: _sigmoid(base(state) + _weighed(moves, state))


def _weighed(terms: list[tuple[Reader[State], float]], state: State) -> float:
    total = 0.0
    for feature, coefficient in terms:
        value: Any = feature(state)
        if value is not None:
            weighed = coefficient * value
            if math.isfinite(weighed):
                total += weighed
    return total


def _sigmoid(z: float) -> float | None:
    if math.isnan(z):
        return None
    if z >= 0:
        return 1.0 / (1.0 + math.exp(-z))
    power = math.exp(z) if z > -745 else 0.0
    return power / (1.0 + power)
