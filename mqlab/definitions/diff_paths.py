"""What differs between the ways in and out of being an MQL: gates, fast tracks, `qualify`, the model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mqlab.definitions.describe import gate_words, term_words
from mqlab.definitions.diff_canonical import Form, Naming, form
from mqlab.definitions.diff_matching import both, in_same_order, match_up, present
from mqlab.definitions.diff_words import (
    Change,
    changed,
    condition_words,
    number_changed,
)
from mqlab.definitions.model import (
    FastTrack,
    Gate,
    LogisticModel,
    Matrix,
    Term,
)
from mqlab.definitions.phrases import clause
from mqlab.definitions.tree import Expression
from mqlab.definitions.wording import enumerate_words, plain_name, plural, sentence
from mqlab.leads.text import normalise

Namings = tuple[Naming, Naming]
GATE_DOES = {"disqualify": "disqualifies", "hold": "holds"}
GATE_UNKNOWN = {"pass": "the lead passes", "fail": "it is as if it were true", "hold": "the lead is held"}


def gate_changes(before: Sequence[Gate], after: Sequence[Gate], naming: Namings) -> Iterator[Change]:
    """Every difference between the gates; their order shows in the path a decision names, so it is told too."""
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


def qualify_changes(
    before: Expression | Matrix | None, after: Expression | Matrix | None, naming: Namings
) -> Iterator[Change]:
    """The difference between what qualifies, one change at most."""
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
            whole = both(_qualify_text, before, after)
            quoted = (f"“{whole[0]}”", f"“{whole[1]}”")
            yield changed("qualify", *whole, "Who qualifies", quoted, "breaking")


def _cells(matrix: Matrix, naming: Naming) -> dict[frozenset[tuple[str, str]], str]:
    """The qualifying pairs of grades, whichever score is in the rows, with their names."""
    row, column = naming.score(matrix.row_score), naming.score(matrix.column_score)
    return {
        frozenset({(row, normalise(first)), (column, normalise(second))}): _pair(first, second)
        for first, second in matrix.cells
    }


def _pair(row: str, column: str) -> str:
    """A pair of grades: "A1", or "A high"."""
    return f"{row}{column}" if len(row) == len(column) == 1 else f"{row} {column}"


def _qualify_text(qualify: Expression | Matrix | None) -> str:
    match qualify:
        case None:
            return "only a fast track"
        case Expression(text=text):
            return text
        case Matrix(cells=cells):
            return "grades " + ", ".join(_pair(row, column) for row, column in cells)


def fast_track_changes(before: Sequence[FastTrack], after: Sequence[FastTrack], naming: Namings) -> Iterator[Change]:
    """Every difference between the fast tracks."""
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


def model_changes(before: LogisticModel | None, after: LogisticModel | None, naming: Namings) -> Iterator[Change]:
    """Every difference between the models; the order of their terms makes none."""
    if before is None or after is None:
        if before is not after:
            told = present(lambda model: plural(len(model.terms), "term"), before, after)
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
        text = term_words(term)
        yield Change(f"model.terms.removed.{position}", "behaviour", text, None, f"A term of the model is gone: {text}")
    for term, _ in found.added:
        text = term_words(term)
        yield Change(f"model.terms.{index[id(term)]}", "behaviour", None, text, f"A term of the model is new: {text}")


def _term_form(at: tuple[Term, Naming]) -> Form:
    return (form(at[0].feature.tree, at[1]), at[0].coefficient)
