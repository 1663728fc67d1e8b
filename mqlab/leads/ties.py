"""Outcomes that nobody's lead can be told of any more: what named one lead names several by now."""

from __future__ import annotations

from dataclasses import dataclass

NAMED = 3
"""How many files are named."""


@dataclass(frozen=True, slots=True)
class Ties:
    """How many outcomes came to belong to several leads after they were read, and the files they came in."""

    outcomes: int = 0
    files: tuple[str, ...] = ()


NO_TIES = Ties()


def said_of(ties: Ties) -> str:
    """What is said of them, and what to do.

    Example:
        >>> said_of(Ties(2, ("deals.csv",))).partition(". ")[0]
        'Outcomes whose address has come to belong to several leads, so that they count for none: 2 (deals.csv)'
    """
    more = f" and {len(ties.files) - NAMED:,} more" if len(ties.files) > NAMED else ""
    return (
        "Outcomes whose address has come to belong to several leads, so that they count for none: "
        f"{ties.outcomes:,} ({', '.join(ties.files[:NAMED])}{more}). Import the merge of those leads, or hand "
        f"{'that file' if len(ties.files) == 1 else 'those files'} in again: its rows are quarantined then and can be "
        "fixed."
    )
