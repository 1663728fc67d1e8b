"""What rules, groups, scores, grades and the model's probability can reach, over all leads there could be.

Ranges are never too narrow: what lies outside one cannot be reached. Rules that read the same number, enum or truth in
one group are looked at together; everything else is taken as independent, which can only make a range wider.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import assert_never

from mqlab.definitions.model import (
    AbsenceRule,
    BandsRule,
    Definition,
    EventRule,
    FieldDecl,
    Group,
    LogisticModel,
    MapRule,
    Rule,
    Score,
    Steps,
    WeightRule,
    WhenRule,
    WordsRule,
)
from mqlab.definitions.satisfiable import always, can_be, can_be_unknown
from mqlab.definitions.sites import rule_sites
from mqlab.definitions.spans import ZERO, Known, Span, hull, most_events, span_of

NINE_DECIMALS = 1e9


@dataclass(frozen=True, slots=True)
class Ranges:
    """What can be reached: rules by their path, groups by (score, group), scores by name; grades by score.

    `below_grades`: scores that can lie below all their grades.
    """

    rules: Mapping[str, Span]
    groups: Mapping[tuple[str, str | None], Span]
    scores: Mapping[str, Span]
    grades: Mapping[str, frozenset[str]]
    known: Known


def ranges(definition: Definition) -> Ranges:
    """Everything the definition's numbers can reach.

    Example:
        >>> from mqlab.definitions.tree import Channel
        >>> rule = EventRule("webinar", Channel("webinar_attended", max_count=2), 15.0)
        >>> mini = Definition("mini", "1.0.0", scores=(Score("interest", (Group(None, (rule,)),)),))
        >>> ranges(mini).scores
        {'interest': Span(low=0.0, high=30.0)}
    """
    fields = {decl.name: decl for decl in definition.fields}
    known = Known(fields=fields)
    by_rule = {site.path: rule_span(site.rule, known) for site in rule_sites(definition)}
    by_group = {
        (score.name, group.name): group_span(group, known) for score in definition.scores for group in score.groups
    }
    by_score = {score.name: _score_span(score, by_group) for score in definition.scores}
    grades: dict[str, frozenset[str]] = {}
    below: set[str] = set()
    for grading in definition.grades:
        span = by_score.get(grading.score, Span(-math.inf, math.inf))
        grades[grading.score] = frozenset(_attainable_grades(grading.bounds, span))
        if grading.bounds and span.low < grading.bounds[-1][1]:
            below.add(grading.score)
    known = Known(
        fields=fields,
        scores=by_score,
        grades=grades,
        ranks={
            grading.score: {label: rank for rank, (label, _) in enumerate(reversed(grading.bounds))}
            for grading in definition.grades
        },
        below_grades=frozenset(below),
        probability=_probability(definition.model, known),
    )
    return Ranges(by_rule, by_group, by_score, grades, known)


def rule_span(rule: Rule, known: Known) -> Span:
    """The points a rule can give, after its cap."""
    match rule:
        case BandsRule() | MapRule() | WeightRule():
            span = hull(Span(given, given) for given in _points_by_value(rule, known.fields.get(rule.field)).values())
        case WordsRule(choices=choices):
            span = hull(Span(given, given) for given in (0.0, *(given for _, given in choices)))
        case EventRule():
            span = _event_span(rule, known)
        case AbsenceRule(points=given):
            span = Span(given, given).with_zero()
        case WhenRule(when=when, points=given):
            if not can_be(when.tree, True, known):
                return ZERO
            span = Span(given, given) if always(when.tree, known) else Span(given, given).with_zero()
        case _:
            assert_never(rule)
    cap = None if isinstance(rule, WeightRule) else rule.cap
    return span if cap is None else span.clamped(-cap, cap)


def group_span(group: Group, known: Known) -> Span:
    """The points a group can give, after its bounds."""
    total = ZERO
    shared: dict[str, list[BandsRule | MapRule | WeightRule]] = {}
    for rule in group.rules:
        if isinstance(rule, BandsRule | MapRule | WeightRule):
            shared.setdefault(rule.field, []).append(rule)
        else:
            total = total + rule_span(rule, known)
    for name, together in shared.items():
        total = total + _joint_span(together, known.fields.get(name), known)
    return total.clamped(group.minimum, group.maximum)


def points_at(
    rule: BandsRule | MapRule | WeightRule, value: float | str | bool | None, decl: FieldDecl | None
) -> float:
    """The points of a field rule for one value, None for a missing one; a default counts where it is declared."""
    if value is None and decl is not None:
        value = decl.impute if decl.impute is not None else decl.default_label
    if value is None:
        return 0.0
    match rule:
        case BandsRule(bands=bands):
            number = float(value)
            given = next((points for low, high, points in bands if _inside(number, low, high)), 0.0)
        case MapRule(points=entries, default=default):
            given = dict(entries).get(value, default) if isinstance(value, str | bool) else default
        case WeightRule(weight=weight):
            return weight * _worth(value, decl)
        case _:
            assert_never(rule)
    return given if rule.cap is None else max(-rule.cap, min(rule.cap, given))


def _points_by_value(
    rule: BandsRule | MapRule | WeightRule, decl: FieldDecl | None
) -> Mapping[float | str | bool | None, float]:
    """The points for every value that makes a difference, a missing one included where there may be one."""
    return {value: points_at(rule, value, decl) for value in _telling_values((rule,), decl)}


def _joint_span(together: list[BandsRule | MapRule | WeightRule], decl: FieldDecl | None, known: Known) -> Span:
    if len(together) == 1:
        return rule_span(together[0], known)
    values = _telling_values(together, decl)
    return hull(
        Span(total, total) for total in (sum(points_at(rule, value, decl) for rule in together) for value in values)
    )


def _telling_values(
    together: Iterable[BandsRule | MapRule | WeightRule], decl: FieldDecl | None
) -> tuple[float | str | bool | None, ...]:
    """One value from each set on which all the rules are constant."""
    values: list[float | str | bool | None] = []
    if decl is not None and decl.kind == "enum":
        values += [label.label for label in decl.labels]
    elif decl is not None and decl.kind == "bool":
        values += [True, False]
    else:
        for rule in together:
            if isinstance(rule, BandsRule):
                edges = [edge for low, high, _ in rule.bands for edge in (low, high) if edge is not None]
                values += [min(edges, default=0.0) - 1.0, *edges]
            elif isinstance(rule, MapRule):
                values += [*(key for key, _ in rule.points), "\N{SYMBOL FOR SUBSTITUTE}"]
    return (*dict.fromkeys(values), None)


def _worth(value: float | str | bool, decl: FieldDecl | None) -> float:
    if isinstance(value, str):
        labels = decl.labels if decl is not None else ()
        return next((label.value or 0.0 for label in labels if label.label == value), 0.0)
    return float(value)


def _inside(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or low <= value) and (high is None or value < high)


def _event_span(rule: EventRule, known: Known) -> Span:
    if rule.channel.where is not None and not can_be(rule.channel.where, True, known):
        return ZERO
    fresh = 1.0
    if isinstance(rule.decay, Steps) and rule.decay.steps and rule.decay.steps[0][0] <= 0:
        fresh = rule.decay.steps[0][1]
    return Span(0.0, most_events(rule.channel)).scaled(rule.points * fresh)


def _score_span(score: Score, groups: Mapping[tuple[str, str | None], Span]) -> Span:
    total = ZERO
    for group in score.groups:
        total = total + groups[(score.name, group.name)]
    bounded = total.scaled(score.factor).clamped(score.low, score.high)
    return Span(_rounded(bounded.low), _rounded(bounded.high))


def _rounded(value: float) -> float:
    """Nine decimals, half up, as every score is before it is compared."""
    scaled = value * NINE_DECIMALS
    return math.floor(scaled + 0.5) / NINE_DECIMALS if math.isfinite(scaled) else value


def _attainable_grades(bounds: tuple[tuple[str, float], ...], span: Span) -> Iterable[str]:
    """The grades whose part of the scale a score can reach; `bounds` has the best grade first."""
    above = math.inf
    for label, bound in bounds:
        if span.high >= bound and (span.low < above or above == math.inf):
            yield label
        above = bound


def _probability(model: LogisticModel | None, known: Known) -> Span:
    if model is None:
        return Span(0.0, 1.0)
    total = Span(model.intercept, model.intercept)
    for term in model.terms:
        span = span_of(term.feature.tree, known)
        span = span.with_zero() if can_be_unknown(term.feature.tree, known) else span
        total = total + span.scaled(term.coefficient)
    return Span(_rounded(_logistic(total.low)), _rounded(_logistic(total.high)))


def _logistic(z: float) -> float:
    if z >= 0:
        return 1.0 / (1.0 + math.exp(-z))
    return math.exp(z) / (1.0 + math.exp(z)) if z > -700 else 0.0
