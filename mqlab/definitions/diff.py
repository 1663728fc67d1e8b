"""Two definitions compared by what they mean, told in words.

Reordering what has no order, other quotes or units, `extends` written out, and ids, groups, lists and scores renamed
with equal content make no difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from mqlab.definitions.describe import gate_words, term_words
from mqlab.definitions.diff_canonical import Form, Naming, form
from mqlab.definitions.diff_inputs import changed_lists, event_changes, field_changes, list_changes, reading_changes
from mqlab.definitions.diff_matching import in_same_order, match_up
from mqlab.definitions.diff_scores import grade_changes, pair_scores, score_changes
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
    FastTrack,
    Gate,
    Handoff,
    Label,
    LogisticModel,
    Matrix,
    Nurture,
    Requalify,
    Term,
)
from mqlab.definitions.phrases import clause
from mqlab.definitions.tree import Expression
from mqlab.definitions.wording import enumerate_words, plain_name, plural, sentence, spoken_duration
from mqlab.leads.text import normalise

Namings = tuple[Naming, Naming]
GATE_DOES = {"disqualify": "disqualifies", "hold": "holds"}
GATE_UNKNOWN = {"pass": "the lead passes", "fail": "it is as if it were true", "hold": "the lead is held"}


def diff(before: Definition, after: Definition, *, metadata: bool = False) -> tuple[Change, ...]:
    """Every difference in meaning, in the order of the file; `metadata` adds title, owner, changelog and the like.

    Example:
        >>> from mqlab.definitions.tree import Compare, NumberLiteral, ScoreRef
        >>> def mini(bound: float) -> Definition:
        ...     tree = Compare(">=", ScoreRef("bant"), NumberLiteral(bound))
        ...     return Definition("mini", "1.0.0", qualify=Expression(f"bant >= {bound:g}", tree))
        >>> [change.words for change in diff(mini(55), mini(60))]
        ['Who qualifies: “bant is at least 55” before, now “bant is at least 60”.']
    """
    scores = pair_scores(before, after)
    lists = changed_lists(before, after)
    renamed = {new.name: old.name for old, new in scores}
    naming = (Naming(changed_lists=lists), Naming(scores=renamed, changed_lists=lists))
    return tuple(
        chain(
            field_changes(before, after),
            event_changes(before, after),
            list_changes(before, after),
            reading_changes(before, after, naming),
            _gate_changes(before.gates, after.gates, naming),
            score_changes(before, after, scores, naming),
            grade_changes(before, after, scores),
            _model_changes(before.model, after.model, naming),
            _qualify_changes(before.qualify, after.qualify, naming),
            _fast_track_changes(before.fast_track, after.fast_track, naming),
            _nurture_changes(before.nurture, after.nurture, naming),
            _classify_changes(before.classify, after.classify, naming),
            _handoff_changes(before.handoff, after.handoff),
            _requalify_changes(before.requalify, after.requalify),
            _metadata_changes(before, after) if metadata else (),
        )
    )


def to_markdown(changes: Iterable[Change], *, before: str = "before", after: str = "after") -> str:
    """The changes as a Markdown table for a pull request; `before` and `after` name the versions."""
    rows = tuple(changes)
    heading = f"### {before} → {after}\n\n"
    if not rows:
        return heading + "No difference in meaning.\n"
    table = ["| | what changes | where |", "| --- | --- | --- |"]
    table += [f"| **{row.severity}** | {_cell(row.words)} | `{_cell(row.path)}` |" for row in rows]
    return heading + "\n".join(table) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _gate_changes(before: Sequence[Gate], after: Sequence[Gate], naming: Namings) -> Iterator[Change]:
    old, new = [(gate, naming[0]) for gate in before], [(gate, naming[1]) for gate in after]
    found = match_up(old, new, lambda at: (at[0].id, _gate_form(*at)), lambda at: _gate_form(*at), lambda at: at[0].id)
    for (earlier, _), (later, _) in found.pairs:
        path, what = f"gates.{later.id}", f"Gate {plain_name(later.id)}"
        if form(earlier.when.tree, naming[0]) != form(later.when.tree, naming[1]):
            words = condition_words(earlier.when.tree, later.when.tree, naming)
            yield Change(f"{path}.when", "behaviour", earlier.when.text, later.when.text, sentence(f"{what}: {words}"))
        if earlier.then != later.then:
            told = (GATE_DOES[earlier.then], GATE_DOES[later.then])
            yield changed(f"{path}.then", earlier.then, later.then, what, told)
        if earlier.on_unknown != later.on_unknown:
            told = (GATE_UNKNOWN[earlier.on_unknown], GATE_UNKNOWN[later.on_unknown])
            stated = (earlier.on_unknown, later.on_unknown)
            yield changed(f"{path}.on_unknown", *stated, f"{what}, when its condition is not known", told)
        if earlier.forever != later.forever:
            words = "keeps a lead back for good now" if later.forever else "keeps a lead back only while it is true now"
            yield Change(f"{path}.forever", "behaviour", earlier.forever, later.forever, sentence(f"{what} {words}"))
    for gate, _ in found.removed:
        yield Change(f"gates.{gate.id}", "behaviour", gate_words(gate), None, f"The gate is gone: {gate_words(gate)}")
    for gate, _ in found.added:
        yield Change(f"gates.{gate.id}", "behaviour", None, gate_words(gate), f"A gate is new: {gate_words(gate)}")
    for then in ("disqualify", "hold"):
        kept = [pair for pair in found.pairs if pair[0][0].then == pair[1][0].then == then]
        if not in_same_order(kept, old):
            yield _reordered("gates", [pair[0][0].id for pair in kept], before, [pair[1][0].id for pair in kept])


def _gate_form(gate: Gate, naming: Naming) -> Form:
    return (form(gate.when.tree, naming), gate.then, gate.on_unknown, gate.forever)


def _reordered(path: str, kept: Sequence[str], before: Sequence[Gate | FastTrack], after: Sequence[str]) -> Change:
    """The path of a decision names the first that holds, so the order shows, and decides nothing."""
    order = [item.id for item in before if item.id in kept]
    told = (", ".join(order), ", ".join(after))
    words = sentence(f"{plain_name(path)}: named in another order, {told[0]} before, now {told[1]}")
    return Change(path, "cosmetic", *told, words)


def _model_changes(before: LogisticModel | None, after: LogisticModel | None, naming: Namings) -> Iterator[Change]:
    if before is None or after is None:
        if before is not after:
            told = tuple(None if model is None else plural(len(model.terms), "term") for model in (before, after))
            words = f"The model is {'new' if before is None else 'gone'} ({told[1] or told[0]})."
            yield Change("model", "breaking", *told, words)
        return
    if before.intercept != after.intercept:
        yield number_changed("model.intercept", before.intercept, after.intercept, "The model's intercept")
    old = [(term, naming[0]) for term in before.terms]
    new = [(term, naming[1]) for term in after.terms]
    found = match_up(old, new, _term_form, lambda at: _term_form(at)[0], lambda at: at[0].coefficient)
    index = {id(term): position for position, term in enumerate(after.terms)}
    for (earlier, _), (later, _) in found.pairs:
        path = f"model.terms.{index[id(later)]}"
        if earlier.coefficient != later.coefficient:
            what = f"The model's weight of “{later.feature.text}”"
            yield number_changed(f"{path}.coef", earlier.coefficient, later.coefficient, what)
        if form(earlier.feature.tree, naming[0]) != form(later.feature.tree, naming[1]):
            texts = (earlier.feature.text, later.feature.text)
            yield changed(f"{path}.feature", *texts, "A term of the model", (f"“{texts[0]}”", f"“{texts[1]}”"))
    for position, (term, _) in enumerate(found.removed):
        told = term_words(term)
        yield Change(f"model.terms.removed.{position}", "behaviour", told, None, f"A term of the model is gone: {told}")
    for term, _ in found.added:
        told = term_words(term)
        yield Change(f"model.terms.{index[id(term)]}", "behaviour", None, told, f"A term of the model is new: {told}")


def _term_form(at: tuple[Term, Naming]) -> Form:
    return (form(at[0].feature.tree, at[1]), at[0].coefficient)


def _qualify_changes(
    before: Expression | Matrix | None, after: Expression | Matrix | None, naming: Namings
) -> Iterator[Change]:
    match before, after:
        case None, None:
            return
        case Expression(), Expression():
            if form(before.tree, naming[0]) != form(after.tree, naming[1]):
                words = condition_words(before.tree, after.tree, naming)
                yield Change("qualify", "behaviour", before.text, after.text, sentence(f"Who qualifies: {words}"))
        case Matrix(), Matrix():
            old, new = _cells(before, naming[0]), _cells(after, naming[1])
            if old.keys() != new.keys():
                told = (", ".join(old.values()), ", ".join(new.values()))
                come = [text for key, text in new.items() if key not in old]
                gone = [text for key, text in old.items() if key not in new]
                parts = [f"{enumerate_words(come, 'and')} now too"] if come else []
                parts += [f"{enumerate_words(gone, 'and')} no longer"] if gone else []
                yield Change("qualify.matrix", "behaviour", *told, sentence(f"Who qualifies: {'; '.join(parts)}"))
        case _:
            told = (_qualify_text(before), _qualify_text(after))
            yield changed("qualify", *told, "Who qualifies", (f"“{told[0]}”", f"“{told[1]}”"), "breaking")


def _cells(matrix: Matrix, naming: Naming) -> dict[frozenset[tuple[str, str]], str]:
    """The qualifying pairs of grades, whichever score is in the rows, with their names."""
    row, column = naming.score(matrix.row_score), naming.score(matrix.column_score)
    return {
        frozenset({(row, normalise(first)), (column, normalise(second))}): f"{first}{second}"
        for first, second in matrix.cells
    }


def _qualify_text(qualify: Expression | Matrix | None) -> str:
    match qualify:
        case None:
            return "only a fast track"
        case Expression(text=text):
            return text
        case Matrix(cells=cells):
            return "grades " + ", ".join(f"{row}{column}" for row, column in cells)


def _fast_track_changes(before: Sequence[FastTrack], after: Sequence[FastTrack], naming: Namings) -> Iterator[Change]:
    old, new = [(track, naming[0]) for track in before], [(track, naming[1]) for track in after]
    found = match_up(old, new, lambda at: (at[0].id, form(at[0].when.tree, at[1])), _when_form, lambda at: at[0].id)
    for (earlier, _), (later, _) in found.pairs:
        if form(earlier.when.tree, naming[0]) != form(later.when.tree, naming[1]):
            words = condition_words(earlier.when.tree, later.when.tree, naming)
            texts = (earlier.when.text, later.when.text)
            what = f"Fast track {plain_name(later.id)}"
            yield Change(f"fast_track.{later.id}.when", "behaviour", *texts, sentence(f"{what}: {words}"))
    for track, _ in found.removed:
        words = sentence(f"Fast track {plain_name(track.id)} is gone: {clause(track.when.tree)}")
        yield Change(f"fast_track.{track.id}", "behaviour", track.when.text, None, words)
    for track, _ in found.added:
        words = sentence(f"Fast track {plain_name(track.id)} is new: {clause(track.when.tree)}")
        yield Change(f"fast_track.{track.id}", "behaviour", None, track.when.text, words)
    if not in_same_order(found.pairs, old):
        kept = [pair[0][0].id for pair in found.pairs]
        yield _reordered("fast_track", kept, before, [pair[1][0].id for pair in found.pairs])


def _when_form(at: tuple[FastTrack, Naming]) -> Form:
    return form(at[0].when.tree, at[1])


def _nurture_changes(before: Nurture | None, after: Nurture | None, naming: Namings) -> Iterator[Change]:
    if before is None or after is None:
        if before is not after:
            texts = tuple(None if nurture is None else nurture.when.text for nurture in (before, after))
            track = next(nurture.track for nurture in (before, after) if nurture is not None)
            words = f"The nurture track {track} is {'new' if before is None else 'gone'}."
            yield Change("nurture", "behaviour", *texts, words)
        return
    if form(before.when.tree, naming[0]) != form(after.when.tree, naming[1]):
        words = sentence(f"Who is nurtured: {condition_words(before.when.tree, after.when.tree, naming)}")
        yield Change("nurture.when", "behaviour", before.when.text, after.when.text, words)
    if before.track != after.track:
        yield changed("nurture.track", before.track, after.track, "The nurture track", (before.track, after.track))


def _classify_changes(before: Sequence[Label], after: Sequence[Label], naming: Namings) -> Iterator[Change]:
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
        told = tuple(", ".join(label.label for label in labels) for labels in (before, after))
        words = sentence(f"Labels are tried in another order: {told[0]} before, now {told[1]}")
        yield Change("classify", "cosmetic", *told, words)


def _label_form(at: tuple[Label, Naming]) -> Form:
    return (normalise(at[0].label), form(at[0].when.tree, at[1]))


def _handoff_changes(before: Handoff | None, after: Handoff | None) -> Iterator[Change]:
    old, new = before or Handoff(), after or Handoff()
    if (before is None or after is None) and old != new:
        told = tuple(None if handoff is None else _handoff_words(handoff) for handoff in (before, after))
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


def _requalify_changes(before: Requalify | None, after: Requalify | None) -> Iterator[Change]:
    if before is None or after is None:
        if before is not after:
            told = tuple(None if block is None else _requalify_words(block) for block in (before, after))
            words = f"Qualifying again after sales sent a lead back is {'new' if before is None else 'gone'}: {told[1] or told[0]}."
            yield Change("requalify", "behaviour", *told, words)
        return
    if before.cooldown_us != after.cooldown_us:
        what = "A lead that sales sent back can qualify again after"
        yield duration_changed("requalify.cooldown", before.cooldown_us, after.cooldown_us, what)
    if before.max != after.max:
        yield number_changed("requalify.max", before.max, after.max, "How often a lead can qualify in all")


def _requalify_words(block: Requalify) -> str:
    return f"after {spoken_duration(block.cooldown_us)}, {plural(block.max, 'time')} in all"


def _metadata_changes(before: Definition, after: Definition) -> Iterator[Change]:
    for name in ("title", "owner", "changelog"):
        old, new = str(getattr(before, name)), str(getattr(after, name))
        if old != new:
            yield changed(name, old, new, sentence(name).rstrip("."), (f"“{old}”", f"“{new}”"), "cosmetic")
    private = tuple({decl.name for decl in definition.fields if decl.pii} for definition in (before, after))
    if private[0] != private[1]:
        told = tuple(", ".join(sorted(names)) for names in private)
        yield Change("fields.pii", "cosmetic", *told, sentence(f"Personal data: {members_words(*private)}"))
    models = tuple({} if model is None else dict(model.trained) for model in (before.model, after.model))
    if models[0] != models[1]:
        told = tuple(", ".join(f"{key}: {value}" for key, value in trained.items()) for trained in models)
        words = sentence(f"How the model was trained: “{told[0]}” before, now “{told[1]}”")
        yield Change("model.trained", "cosmetic", *told, words)
