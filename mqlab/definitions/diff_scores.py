"""What differs between the scores of two versions: their rules, groups, bounds and grades."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from mqlab.definitions.describe_rules import rule_words
from mqlab.definitions.diff_canonical import Form, Naming
from mqlab.definitions.diff_matching import both, match_up, present
from mqlab.definitions.diff_rules import rule_changes, rule_form
from mqlab.definitions.diff_words import Change, number_changed, number_or_none
from mqlab.definitions.model import (
    AbsenceRule,
    BandsRule,
    Definition,
    EventRule,
    FieldDecl,
    Grading,
    Group,
    MapRule,
    Rule,
    Score,
    WeightRule,
    WhenRule,
    WordsRule,
)
from mqlab.definitions.wording import enumerate_words, plain_name, plural, sentence, spoken_number
from mqlab.leads.text import normalise

LOOSE = "no bounds"


@dataclass(frozen=True, slots=True)
class PlacedRule:
    """A rule with its score under the old name, what bounds it, its form and its path."""

    score: str
    bounded_by: int | str
    group: str | None
    rule: Rule
    form: Form
    path: str


@dataclass(frozen=True, slots=True)
class GroupPair:
    """A group of one version and its counterpart in the other, None where it has none."""

    before: Group | None
    after: Group | None

    @property
    def bounds(self) -> bool:
        """Whether the group bounds its rules in either version; if not, it makes no difference where they stand."""
        return any(
            group is not None and (group.minimum is not None or group.maximum is not None)
            for group in (self.before, self.after)
        )


def pair_scores(before: Definition, after: Definition) -> tuple[tuple[Score, Score], ...]:
    """Scores by name; then, among those left, by equal content (a renamed score)."""
    return match_up(before.scores, after.scores, lambda score: score.name, _content).pairs


def score_changes(
    before: Definition, after: Definition, pairs: Sequence[tuple[Score, Score]], naming: tuple[Naming, Naming]
) -> Iterator[Change]:
    """Every difference between the scores."""
    old_rules: list[PlacedRule] = []
    new_rules: list[PlacedRule] = []
    for old, new in pairs:
        yield from _own_changes(old, new)
        groups = pair_groups(old.groups, new.groups, naming)
        for index, pair in enumerate(groups):
            if pair.before is not None and pair.after is not None:
                yield from _group_changes(old.name, pair.before, pair.after)
            place = f"{old.name} {index}" if pair.bounds else LOOSE
            if pair.before is not None:
                old_rules += _placed(old, old.name, pair.before, place, naming[0])
            if pair.after is not None:
                new_rules += _placed(new, old.name, pair.after, place, naming[1])
    yield from _whole_scores(before, after, pairs)
    fields = {decl.name: decl for decl in (*before.fields, *after.fields)}
    yield from _rules_changed(old_rules, new_rules, fields, naming)


def grade_changes(before: Definition, after: Definition, pairs: Sequence[tuple[Score, Score]]) -> Iterator[Change]:
    """Every difference between the grades of scores that both versions have."""
    old_grades = {grading.score: grading for grading in before.grades}
    new_grades = {grading.score: grading for grading in after.grades}
    for old, new in pairs:
        yield from _grading_changes(new.name, old_grades.get(old.name), new_grades.get(new.name))


def pair_groups(
    before: Sequence[Group], after: Sequence[Group], naming: tuple[Naming, Naming]
) -> tuple[GroupPair, ...]:
    """Groups by name; then, among those left, those that share at least half of their rules, the most alike first."""
    named = {group.name: group for group in after}
    pairs = [GroupPair(group, named[group.name]) for group in before if group.name in named]
    taken = {group.name for pair in pairs if (group := pair.before) is not None}
    old = [group for group in before if group.name not in taken]
    new = [group for group in after if group.name not in taken]
    alike = sorted(
        ((-_likeness(left, right, naming), i, j) for i, left in enumerate(old) for j, right in enumerate(new)),
    )
    used_old: set[int] = set()
    used_new: set[int] = set()
    for negative, i, j in alike:
        if negative <= -0.5 and i not in used_old and j not in used_new:
            pairs.append(GroupPair(old[i], new[j]))
            used_old.add(i)
            used_new.add(j)
    pairs += [GroupPair(group, None) for i, group in enumerate(old) if i not in used_old]
    pairs += [GroupPair(None, group) for j, group in enumerate(new) if j not in used_new]
    return tuple(pairs)


def _content(score: Score) -> Form:
    """What a score means apart from its name; used only to find a renamed one."""
    naming = Naming()
    groups = tuple(
        sorted(
            (
                (
                    group.minimum,
                    group.maximum,
                    tuple(sorted((rule_form(rule, naming) for rule in group.rules), key=repr)),
                )
                for group in score.groups
            ),
            key=repr,
        )
    )
    return (groups, score.scale_to, score.low, score.high)


def _likeness(before: Group, after: Group, naming: tuple[Naming, Naming]) -> float:
    """The share of rules the two groups have in common, in [0, 1]."""
    old = [rule_form(rule, naming[0]) for rule in before.rules]
    new = [rule_form(rule, naming[1]) for rule in after.rules]
    shared = sum(1 for found in old if found in new)
    return shared / max(len(old), len(new), 1)


def _placed(score: Score, old_name: str, group: Group, place: str, naming: Naming) -> Iterator[PlacedRule]:
    for rule in group.rules:
        if isinstance(rule, WeightRule):
            path = f"scores.{score.name}.weights.{rule.field}"
        else:
            inside = f"groups.{group.name}.rules" if group.name is not None else "rules"
            path = f"scores.{score.name}.{inside}.{rule.id}"
        yield PlacedRule(old_name, place, group.name, rule, rule_form(rule, naming), path)


def _rules_changed(
    before: Sequence[PlacedRule],
    after: Sequence[PlacedRule],
    fields: Mapping[str, FieldDecl],
    naming: tuple[Naming, Naming],
) -> Iterator[Change]:
    found = match_up(
        before,
        after,
        lambda placed: (placed.score, placed.bounded_by, placed.rule.id, placed.form),
        lambda placed: (placed.score, placed.bounded_by, placed.form),
        lambda placed: (placed.score, placed.bounded_by, _identity(placed)),
        lambda placed: (placed.score, _identity(placed)),
        _identity,
        lambda placed: placed.form,
        lambda placed: (placed.score, _subject(placed.rule)),
    )
    for old, new in found.pairs:
        what = _name(new)
        if (old.score, old.bounded_by) != (new.score, new.bounded_by):
            told = (_where(old), _where(new))
            words = sentence(f"{what} moves from {told[0]} to {told[1]}")
            yield Change(new.path, "behaviour", *told, words)
        if old.form != new.form:
            yield from rule_changes(new.path, old.rule, new.rule, what, naming)
    yield from _gone_or_new(found.removed, before, fields, gone=True)
    yield from _gone_or_new(found.added, after, fields, gone=False)


def _gone_or_new(
    unmatched: Sequence[PlacedRule], everything: Sequence[PlacedRule], fields: Mapping[str, FieldDecl], *, gone: bool
) -> Iterator[Change]:
    """One change for a group all of whose rules are gone or new, else one for each rule."""
    verb = "is gone" if gone else "is new"
    by_group: dict[tuple[str, str | None], list[PlacedRule]] = {}
    for placed in unmatched:
        by_group.setdefault((placed.score, placed.group), []).append(placed)
    for (score, group), inside in by_group.items():
        of_group = [placed for placed in everything if (placed.score, placed.group) == (score, group)]
        if group is not None and len(of_group) == len(inside):
            told = enumerate_words((plain_name(placed.rule.id) for placed in inside), "and")
            count = plural(len(inside), "rule")
            words = sentence(f"The group {plain_name(group)} of {plain_name(score)} {verb}, with {count}: {told}")
            yield _one_sided(f"scores.{score}.groups.{group}", told, words, gone=gone)
            continue
        for placed in inside:
            told = rule_words(placed.rule, fields)
            words = sentence(f"{_name(placed)} {verb}: {told}")
            yield _one_sided(placed.path, told, words, gone=gone)


def _one_sided(path: str, told: str, words: str, *, gone: bool) -> Change:
    return Change(path, "behaviour", told if gone else None, None if gone else told, words)


def _own_changes(old: Score, new: Score) -> Iterator[Change]:
    path, what = f"scores.{new.name}", f"Score {plain_name(new.name)}"
    if old.scale_to != new.scale_to:
        yield number_changed(f"{path}.scale_to", old.scale_to, new.scale_to, f"{what}, scaled to")
    if (old.low, old.high) != (new.low, new.high):
        told = both(lambda score: _range_words(score.low, score.high), old, new)
        words = sentence(f"{what}, range: {told[0]} before, now {told[1]}")
        yield Change(f"{path}.range", "behaviour", *told, words)


def _group_changes(score: str, old: Group, new: Group) -> Iterator[Change]:
    path = f"scores.{score}.groups.{new.name}"
    what = f"Group {plain_name(new.name or '')} of {plain_name(score)}"
    if old.minimum != new.minimum:
        yield number_changed(f"{path}.min", old.minimum, new.minimum, f"{what}, least points")
    if old.maximum != new.maximum:
        yield number_changed(f"{path}.max", old.maximum, new.maximum, f"{what}, most points")


def _whole_scores(before: Definition, after: Definition, pairs: Sequence[tuple[Score, Score]]) -> Iterator[Change]:
    paired = {id(score) for pair in pairs for score in pair}
    for definition, gone in ((before, True), (after, False)):
        for score in definition.scores:
            if id(score) in paired:
                continue
            count = plural(sum(len(group.rules) for group in score.groups), "rule")
            words = sentence(f"The score {plain_name(score.name)} {'is gone' if gone else 'is new'}, with {count}")
            yield Change(f"scores.{score.name}", "breaking", count if gone else None, None if gone else count, words)


def _grading_changes(score: str, before: Grading | None, after: Grading | None) -> Iterator[Change]:
    path, what = f"grades.{score}", f"Grades of {plain_name(score)}"
    if before is None or after is None:
        if before is not after:
            texts = present(_grading_words, before, after)
            words = sentence(f"{what} are {'new' if before is None else 'gone'}: {texts[1] or texts[0]}")
            yield Change(path, "breaking", *texts, words)
        return
    old, new = ({normalise(label): bound for label, bound in grading.bounds} for grading in (before, after))
    shown = {normalise(label): label for label, _ in (*before.bounds, *after.bounds)}
    for key, label in shown.items():
        earlier, later = old.get(key), new.get(key)
        if earlier is None or later is None:
            told = f"{label} from {number_or_none(later if earlier is None else earlier)}"
            words = sentence(f"Grade {label} of {plain_name(score)} is {'new' if earlier is None else 'gone'}: {told}")
            yield Change(f"{path}.{label}", "breaking", earlier, later, words)
        elif earlier != later:
            yield number_changed(f"{path}.{label}", earlier, later, f"Grade {label} of {plain_name(score)}, from")


def _grading_words(grading: Grading) -> str:
    return enumerate_words((f"{label} from {spoken_number(bound)}" for label, bound in grading.bounds), "and")


def _range_words(low: float | None, high: float | None) -> str:
    if low is None and high is None:
        return "without bounds"
    return f"from {number_or_none(low)} to {number_or_none(high)}"


def _identity(placed: PlacedRule) -> tuple[str, str]:
    """A weight is known by its field within its score; every other rule by its id."""
    if isinstance(placed.rule, WeightRule):
        return (f"weight of {placed.score}", placed.rule.field)
    return ("rule", placed.rule.id)


def _subject(rule: Rule) -> Form:
    """What a rule looks at: how one that was renamed and changed at once is still known."""
    match rule:
        case EventRule(channel=channel):
            return ("event", channel.event)
        case AbsenceRule(events=events):
            return ("absence", tuple(sorted(events)))
        case WhenRule(when=when):
            return ("when", when.text)
        case BandsRule(field=name) | MapRule(field=name) | WordsRule(field=name) | WeightRule(field=name):
            return (type(rule).__name__, name)
        case _:
            assert_never(rule)


def _name(placed: PlacedRule) -> str:
    kind = "Weight" if isinstance(placed.rule, WeightRule) else "Rule"
    return f"{kind} {plain_name(placed.rule.id)} of {plain_name(placed.score)}"


def _where(placed: PlacedRule) -> str:
    return plain_name(placed.score) + (f", group {plain_name(placed.group)}" if placed.group else "")
