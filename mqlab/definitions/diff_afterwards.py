"""What differs in what happens to a lead afterwards, and in how it is labelled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mqlab.definitions.diff_canonical import Form, Naming, form
from mqlab.definitions.diff_matching import both, in_same_order, match_up, present
from mqlab.definitions.diff_words import (
    Change,
    changed,
    condition_words,
    duration_changed,
    members_words,
    number_changed,
)
from mqlab.definitions.model import (
    Definition,
    Handoff,
    Label,
    Nurture,
    Requalify,
)
from mqlab.definitions.phrases import clause
from mqlab.definitions.wording import plural, sentence, spoken_duration
from mqlab.leads.text import normalise

Namings = tuple[Naming, Naming]


def nurture_changes(before: Nurture | None, after: Nurture | None, naming: Namings) -> Iterator[Change]:
    """Every difference in who is nurtured, and on which track."""
    if before is None or after is None:
        if before is not after:
            texts = present(lambda nurture: nurture.when.text, before, after)
            track = next(nurture.track for nurture in (before, after) if nurture is not None)
            words = f"The nurture track {track} is {'new' if before is None else 'gone'}."
            yield Change("nurture", "behaviour", *texts, words)
        return
    if form(before.when.tree, naming[0]) != form(after.when.tree, naming[1]):
        words = sentence(f"Who is nurtured: {condition_words(before.when.tree, after.when.tree, naming)}")
        yield Change("nurture.when", "behaviour", before.when.text, after.when.text, words)
    if before.track != after.track:
        yield changed("nurture.track", before.track, after.track, "The nurture track", (before.track, after.track))


def classify_changes(before: Sequence[Label], after: Sequence[Label], naming: Namings) -> Iterator[Change]:
    """Every difference between the labels for reports."""
    old, new = [(label, naming[0]) for label in before], [(label, naming[1]) for label in after]
    found = match_up(old, new, _label_form, lambda at: normalise(at[0].label), lambda at: _label_form(at)[1])
    index = {id(label): position for position, label in enumerate(after)}
    for (earlier, _), (later, _) in found.pairs:
        path = f"classify.{index[id(later)]}"
        if normalise(earlier.label) != normalise(later.label):
            told = (earlier.label, later.label)
            yield changed(f"{path}.label", *told, "A label has another name", told, "cosmetic")
        if form(earlier.when.tree, naming[0]) != form(later.when.tree, naming[1]):
            words = sentence(f"Label {later.label}: {condition_words(earlier.when.tree, later.when.tree, naming)}")
            yield Change(f"{path}.when", "cosmetic", earlier.when.text, later.when.text, words)
    for position, (label, _) in enumerate(found.removed):
        words = f"The label {label.label} is gone."
        yield Change(f"classify.removed.{position}", "cosmetic", label.when.text, None, words)
    for label, _ in found.added:
        words = sentence(f"The label {label.label} is new: {clause(label.when.tree)}")
        yield Change(f"classify.{index[id(label)]}", "cosmetic", None, label.when.text, words)
    if not in_same_order(found.pairs, old):
        told = both(lambda labels: ", ".join(label.label for label in labels), before, after)
        words = sentence(f"Labels are tried in another order: {told[0]} before, now {told[1]}")
        yield Change("classify", "cosmetic", *told, words)


def _label_form(at: tuple[Label, Naming]) -> Form:
    return (normalise(at[0].label), form(at[0].when.tree, at[1]))


def handoff_changes(before: Handoff | None, after: Handoff | None) -> Iterator[Change]:
    """Every difference in what sales promises."""
    old, new = before or Handoff(), after or Handoff()
    if (before is None or after is None) and old != new:
        told = present(_handoff_words, before, after)
        words = f"What sales promises is {'new' if before is None else 'gone'}: {told[1] or told[0]}."
        yield Change("handoff", "behaviour", *told, words)
        return
    if old.first_touch_us != new.first_touch_us:
        yield duration_changed(
            "handoff.first_touch", old.first_touch_us, new.first_touch_us, "Sales gets in touch within"
        )
    if old.decide_within_us != new.decide_within_us:
        yield duration_changed(
            "handoff.decide_within", old.decide_within_us, new.decide_within_us, "Sales decides within"
        )


def _handoff_words(handoff: Handoff) -> str:
    told = []
    if handoff.first_touch_us is not None:
        told.append(f"first touch within {spoken_duration(handoff.first_touch_us)}")
    if handoff.decide_within_us is not None:
        told.append(f"decision within {spoken_duration(handoff.decide_within_us)}")
    return ", ".join(told)


def requalify_changes(before: Requalify | None, after: Requalify | None) -> Iterator[Change]:
    """Every difference in how often a lead can qualify."""
    if before is None or after is None:
        if before is not after:
            told = present(_requalify_words, before, after)
            verb = "is new" if before is None else "is gone"
            words = f"Qualifying again after sales sent a lead back {verb}: {told[1] or told[0]}."
            yield Change("requalify", "behaviour", *told, words)
        return
    if before.cooldown_us != after.cooldown_us:
        what = "A lead that sales sent back can qualify again after"
        yield duration_changed("requalify.cooldown", before.cooldown_us, after.cooldown_us, what)
    if before.max != after.max:
        yield number_changed("requalify.max", before.max, after.max, "How often a lead can qualify in all")


def _requalify_words(block: Requalify) -> str:
    return f"after {spoken_duration(block.cooldown_us)}, {plural(block.max, 'time')} in all"


def metadata_changes(before: Definition, after: Definition) -> Iterator[Change]:
    """What differs beside the meaning: title, owner, changelog, what is personal, how a model was trained."""
    for name in ("title", "owner", "changelog"):
        old, new = str(getattr(before, name)), str(getattr(after, name))
        if old != new:
            yield changed(name, old, new, sentence(name).rstrip("."), (f"“{old}”", f"“{new}”"), "cosmetic")
    private = both(lambda definition: {decl.name for decl in definition.fields if decl.pii}, before, after)
    if private[0] != private[1]:
        told = both(lambda names: ", ".join(sorted(names)), *private)
        yield Change("fields.pii", "cosmetic", *told, sentence(f"Personal data: {members_words(*private)}"))
    models = both(lambda model: {} if model is None else dict(model.trained), before.model, after.model)
    if models[0] != models[1]:
        told = both(lambda trained: ", ".join(f"{key}: {value}" for key, value in trained.items()), *models)
        words = sentence(f"How the model was trained: “{told[0]}” before, now “{told[1]}”")
        yield Change("model.trained", "cosmetic", *told, words)
