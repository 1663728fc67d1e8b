"""A difference between two versions of a definition, and its words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from mqlab.definitions.diff_canonical import Naming, form
from mqlab.definitions.phrases import clause
from mqlab.definitions.tree import And, Node, Or
from mqlab.definitions.wording import enumerate_words, points, sentence, spoken_duration, spoken_number

ChangeSeverity = Literal["breaking", "behaviour", "cosmetic"]
Plain = str | float | bool | None


@dataclass(frozen=True, slots=True)
class Change:
    """One difference in meaning.

    `breaking`: what feeds the definition or reads its results has to change too. `behaviour`: some lead may become an
    MQL at another time, or not at all, or be treated differently afterwards. `cosmetic`: the same leads at the same
    instants, with other names beside them. `before` is None for what is new, `after` for what is gone.
    """

    path: str
    severity: ChangeSeverity
    before: Plain
    after: Plain
    words: str

    def to_dict(self) -> dict[str, Plain]:
        """The agreed JSON row: path, severity, before, after, words."""
        return {
            "path": self.path,
            "severity": self.severity,
            "before": self.before,
            "after": self.after,
            "words": self.words,
        }


def changed(
    path: str, before: Plain, after: Plain, what: str, told: tuple[str, str], severity: ChangeSeverity = "behaviour"
) -> Change:
    """A value that was one thing and is another: "Rule pricing: points, 12 before, now 15."""
    return Change(path, severity, before, after, sentence(f"{what}: {told[0]} before, now {told[1]}"))


def number_changed(path: str, before: float | None, after: float | None, what: str) -> Change:
    """A number that may be left out."""
    return changed(path, before, after, what, (number_or_none(before), number_or_none(after)))


def duration_changed(path: str, before: int | None, after: int | None, what: str) -> Change:
    """A duration that may be left out; `before` and `after` are told in words."""
    told = (duration_or_none(before), duration_or_none(after))
    stated = (None if before is None else told[0], None if after is None else told[1])
    return changed(path, *stated, what, told)


def number_or_none(value: float | None) -> str:
    """A number, or "none"."""
    return "none" if value is None else spoken_number(value)


def duration_or_none(us: int | None) -> str:
    """A duration, or "no limit of time"."""
    return "no limit of time" if us is None else spoken_duration(us)


def points_or_none(value: float | None) -> str:
    """Points, or "none"."""
    return "none" if value is None else points(value)


def members_words(before: Iterable[str], after: Iterable[str]) -> str:
    """What came into a set and what went out of it.

    Example:
        >>> members_words(["a", "b"], ["b", "c"])
        'c added, a removed'
    """
    old, new = set(before), set(after)
    added, removed = sorted(new - old), sorted(old - new)
    told = []
    if added:
        told.append(f"{enumerate_words(added, 'and')} added")
    if removed:
        told.append(f"{enumerate_words(removed, 'and')} removed")
    return ", ".join(told)


def condition_words(before: Node, after: Node, naming: tuple[Naming, Naming]) -> str:
    """How a condition differs, telling only the parts that do.

    Example:
        >>> from mqlab.definitions.tree import Missing
        >>> condition_words(And((Missing("a"), Missing("b"))), And((Missing("a"), Missing("c"))), (Naming(), Naming()))
        '“b is missing” before, now “c is missing”'
    """
    readings = [(kind, *_parts(before, after, kind, naming)) for kind in (And, Or)]
    for kind, gone, come in readings:
        if bool(gone) != bool(come):
            told = _join(come or gone, kind)
            if kind is And:
                return f"it also asks that {told}" if come else f"it no longer asks that {told}"
            return f"also enough now: {told}" if come else f"no longer enough: {told}"
    kind, gone, come = min(readings, key=lambda reading: sum(1 for part in reading[1:] for _ in part))
    if not gone:
        return f"“{clause(before)}” before, now “{clause(after)}”"
    return f"“{_join(gone, kind)}” before, now “{_join(come, kind)}”"


def _parts(
    before: Node, after: Node, kind: type[And | Or], naming: tuple[Naming, Naming]
) -> tuple[list[Node], list[Node]]:
    """The arguments that only one side has."""
    old, new = _arguments(before, kind), _arguments(after, kind)
    old_forms = {form(arg, naming[0]) for arg in old}
    new_forms = {form(arg, naming[1]) for arg in new}
    return (
        [arg for arg in old if form(arg, naming[0]) not in new_forms],
        [arg for arg in new if form(arg, naming[1]) not in old_forms],
    )


def _arguments(node: Node, kind: type[And | Or]) -> Sequence[Node]:
    if not isinstance(node, kind):
        return (node,)
    return [inner for arg in node.args for inner in _arguments(arg, kind)]


def _join(parts: Sequence[Node], kind: type[And | Or]) -> str:
    return clause(parts[0]) if len(parts) == 1 else clause(kind(tuple(parts)))
