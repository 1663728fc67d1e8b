"""Is a history complete? The last stage it tells of a deal should be the one that the deal's own row has.

Rows of a history get lost, at a cursor or in a connector: what was won or reopened is missing, and nothing says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

STAGES: Mapping[str, str] = {"closed_won": "won", "closed_lost": "lost", "reopened": "open"}
"""What an outcome says of the stage of its opportunity."""

STAGES_NOTE = "stages "
"""How the register of imports notes what a file's table tells of stages: this, then `current` or `history`."""

NAMED = 3
"""How many opportunities are named."""


@dataclass(frozen=True, slots=True)
class Told:
    """A stage of an opportunity, as a `history` or its own row told it; `at_us` is when the system said so."""

    opportunity: str
    at_us: int
    stage: str
    history: bool


@dataclass(frozen=True, slots=True)
class Gaps:
    """Of `compared` opportunities with a history and a row of their own, `differing` have another stage there."""

    compared: int = 0
    differing: int = 0
    examples: tuple[str, ...] = ()

    def __add__(self, other: Gaps) -> Gaps:
        examples = sorted((*self.examples, *other.examples))[:NAMED]
        return Gaps(self.compared + other.compared, self.differing + other.differing, tuple(examples))


NO_GAPS = Gaps()


def said_of(gaps: Gaps) -> str:
    """What is said where histories and rows differ, and what to do."""
    return (
        f"Opportunities whose history ends in another stage than their own row: {gaps.differing:,} of "
        f"{gaps.compared:,}, such as {', '.join(gaps.examples)}. Rows of the history may be lost: export it again, "
        "from further back (--lookback)."
    )


def stage_gaps(told: Iterable[Told]) -> Gaps:
    """The opportunities whose last stage in the history is not the one of their own row, as of when that row was so.

    What the history tells later is news that the row does not have yet. An opportunity without a history up to then is
    not compared.

    Example:
        >>> stage_gaps([Told("1", 5, "open", True), Told("1", 9, "won", False), Told("1", 12, "lost", True)])
        Gaps(compared=1, differing=1, examples=('1',))
    """
    rows: dict[str, tuple[int, str]] = {}
    histories: dict[str, list[tuple[int, str]]] = {}
    for one in told:
        if one.history:
            histories.setdefault(one.opportunity, []).append((one.at_us, one.stage))
        else:
            rows[one.opportunity] = max(rows.get(one.opportunity, (one.at_us, one.stage)), (one.at_us, one.stage))
    compared, differing = 0, []
    for opportunity, (at_us, stage) in rows.items():
        before = [known for known in histories.get(opportunity, ()) if known[0] <= at_us]
        if before:
            compared += 1
            last_us = max(before)[0]
            if stage not in {known for us, known in before if us == last_us}:
                differing.append(opportunity)
    return Gaps(compared, len(differing), tuple(sorted(differing)[:NAMED]))
