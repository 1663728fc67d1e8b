"""What a merge of leads makes of their histories (definitions.md 3.12)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from mqlab.leads.records import History


def merge_histories(survivor: History, losers: Sequence[History], merged_at: datetime) -> History:
    """The survivor's history from `merged_at` on: the union of facts, a loser's known from the merge at earliest.

    Creation and row values stay the survivor's; before `merged_at` nothing of the losers shows. Scores are never added,
    for they are recomputed from the facts. `merged_at` is an aware instant, or ValueError; for a chain of merges, merge
    one after the other.
    """
    if merged_at.tzinfo is None:
        raise ValueError(f"the instant {merged_at.isoformat()} has no time zone")
    return replace(
        survivor,
        events=survivor.events
        + tuple(replace(event, known_at=max(event.known_at, merged_at)) for loser in losers for event in loser.events),
        field_changes=survivor.field_changes
        + tuple(
            replace(change, known_at=max(change.known_at, merged_at))
            for loser in losers
            for change in loser.field_changes
        ),
        recycled_at=tuple(
            sorted([*survivor.recycled_at, *(max(at, merged_at) for loser in losers for at in loser.recycled_at)])
        ),
    )
