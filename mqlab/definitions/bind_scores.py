"""Scores: groups of rules, weights, and what they are scaled to."""

from __future__ import annotations

from collections.abc import Sequence

from mqlab.definitions.bind_rules import RuleBinder
from mqlab.definitions.document import AnyRuleSpec, GroupSpec, ScoreSpec
from mqlab.definitions.draft import Draft, Step
from mqlab.definitions.model import FieldDecl, Grading, Group, Rule, Score, WeightRule
from mqlab.errors import nearest
from mqlab.leads.text import normalise


def bind_score(draft: Draft, rules: RuleBinder, name: str, spec: ScoreSpec) -> Score:
    """A score, from its groups, its rules or its weights."""
    loc: tuple[Step, ...] = ("scores", name)
    ways = [way for way in ("groups", "rules", "weights") if getattr(spec, way) is not None]
    if len(ways) != 1:
        what = f"holds {' and '.join(ways)}" if ways else "holds nothing"
        draft.wrong(
            "ScoreShape",
            f"The score '{name}' {what}: it needs one of `groups`, `rules` and `weights`.",
            draft.key_place(*loc),
        )
    if spec.scale_to is not None and spec.weights is None:
        draft.wrong("ScoreShape", "`scale_to` goes with `weights` only.", draft.key_place(*loc, "scale_to"))
    groups = tuple(
        _group(draft, rules, group, inner, (*loc, "groups", group)) for group, inner in (spec.groups or {}).items()
    )
    if spec.rules is not None:
        groups += (Group(None, _rules(rules, spec.rules, (*loc, "rules"))),)
    factor = 1.0
    if spec.weights is not None:
        weights = tuple(
            rule for field, weight in spec.weights.items() if (rule := rules.weight(name, field, weight)) is not None
        )
        groups += (Group(None, weights),)
        factor = _factor(draft, rules, name, spec, weights)
    low, high = spec.range if spec.range is not None else (None, None)
    if low is not None and high is not None and low >= high:
        draft.wrong(
            "InvalidRange",
            f"The range [{low:g}, {high:g}] holds nothing: the first number must be less.",
            draft.place(*loc, "range"),
        )
    return Score(name, groups, spec.scale_to, factor, low, high)


def bind_grading(draft: Draft, score: str, bounds: dict[str, float]) -> Grading:
    """The grades of a score, the best first."""
    if score not in draft.spec.scores:
        hint = nearest(score, draft.spec.scores) or "Declare it under `scores`."
        draft.wrong(
            "UnknownScore", f"Grades are given to an unknown score '{score}'.", draft.key_place("grades", score), hint
        )
    seen: dict[str, str] = {}
    reached: dict[float, str] = {}
    for label, bound in bounds.items():
        place = draft.key_place("grades", score, label)
        if not normalise(label):
            draft.wrong("InvalidName", "A grade needs a label.", place)
        if seen.setdefault(normalise(label), label) != label:
            draft.wrong(
                "DuplicateLabel",
                f"The grades '{seen[normalise(label)]}' and '{label}' are the same text once normalised.",
                place,
            )
        if reached.setdefault(bound, label) != label:
            draft.wrong(
                "DuplicateBound",
                f"The grades '{reached[bound]}' and '{label}' of '{score}' begin at the same {bound:g}.",
                place,
            )
    return Grading(score, tuple(sorted(bounds.items(), key=lambda pair: -pair[1])))


def _group(draft: Draft, rules: RuleBinder, name: str, spec: GroupSpec, loc: Sequence[Step]) -> Group:
    if spec.min is not None and spec.max is not None and spec.min > spec.max:
        draft.wrong("InvalidRange", f"The group '{name}' has a `min` above its `max`.", draft.place(*loc, "min"))
    return Group(name, _rules(rules, spec.rules, (*loc, "rules")), spec.min, spec.max)


def _rules(rules: RuleBinder, specs: Sequence[AnyRuleSpec], loc: Sequence[Step]) -> tuple[Rule, ...]:
    return tuple(rule for index, spec in enumerate(specs) if (rule := rules.rule(spec, (*loc, index))) is not None)


def _factor(draft: Draft, rules: RuleBinder, name: str, spec: ScoreSpec, weights: Sequence[WeightRule]) -> float:
    if spec.scale_to is None:
        return 1.0
    greatest = sum(_greatest(rules.fields[rule.field], rule.weight) for rule in weights)
    if greatest <= 0:
        if weights:
            message = "No lead can get more than 0 raw points, so there is nothing to scale to."
            draft.wrong("InvalidScale", message, draft.place("scores", name, "scale_to"))
        return 1.0
    return spec.scale_to / greatest


def _greatest(field: FieldDecl, weight: float) -> float:
    """The most points a weight can give; a missing field without a default gives 0."""
    if field.kind == "bool":
        return max(weight, 0.0)
    points = [weight * label.value for label in field.labels if label.value is not None]
    return max(points if field.default_label is not None else [*points, 0.0], default=0.0)
