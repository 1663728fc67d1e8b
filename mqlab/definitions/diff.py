"""Two definitions compared by what they mean, told in words.

Reordering what has no order, other quotes or units, `extends` written out, and ids, groups, lists and scores renamed
with equal content make no difference.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from mqlab.definitions.diff_afterwards import (
    classify_changes,
    handoff_changes,
    metadata_changes,
    nurture_changes,
    requalify_changes,
)
from mqlab.definitions.diff_canonical import Naming
from mqlab.definitions.diff_inputs import changed_lists, event_changes, field_changes, list_changes, reading_changes
from mqlab.definitions.diff_paths import fast_track_changes, gate_changes, model_changes, qualify_changes
from mqlab.definitions.diff_scores import grade_changes, pair_scores, score_changes
from mqlab.definitions.diff_words import (
    Change,
)
from mqlab.definitions.model import (
    Definition,
)


def diff(before: Definition, after: Definition, *, metadata: bool = False) -> tuple[Change, ...]:
    """Every difference in meaning, in the order of the file; `metadata` adds title, owner, changelog and the like.

    Example:
        >>> from mqlab.definitions.tree import Compare, Expression, NumberLiteral, ScoreRef
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
            gate_changes(before.gates, after.gates, naming),
            score_changes(before, after, scores, naming),
            grade_changes(before, after, scores),
            model_changes(before.model, after.model, naming),
            qualify_changes(before.qualify, after.qualify, naming),
            fast_track_changes(before.fast_track, after.fast_track, naming),
            nurture_changes(before.nurture, after.nurture, naming),
            classify_changes(before.classify, after.classify, naming),
            handoff_changes(before.handoff, after.handoff),
            requalify_changes(before.requalify, after.requalify),
            metadata_changes(before, after) if metadata else (),
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
