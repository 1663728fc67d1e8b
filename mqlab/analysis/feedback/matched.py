"""Whether feedback finds its lead, and whether sales says anything at all of the leads it is handed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from mqlab.analysis.feedback.mqls import Mql
from mqlab.analysis.feedback.rejections import NO_MQLS, plain, share
from mqlab.analysis.feedback.said import KINDS, Said, first
from mqlab.leads.tables import Facts
from mqlab.stats.estimate import NotEstimable

NO_FEEDBACK = NotEstimable("no_feedback", "There is no sales feedback yet.")


@dataclass(frozen=True, slots=True)
class Heard:
    """MQLs of one definition or source handed over in the window, and of how many of them sales said anything."""

    name: str | None
    handed: int
    heard: int

    @property
    def share(self) -> float | NotEstimable:
        """Those of whom something was said, of those handed over."""
        return share(self.heard, self.handed, NO_MQLS)

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON."""
        return {"name": self.name, "handed_over": self.handed, "heard_of": self.heard, "share": plain(self.share)}


@dataclass(frozen=True, slots=True)
class Matched:
    """`found` outcome rows of the ledger have their lead, `waiting` name none that is known, `quarantined` rows wait.

    These three are of all that was known at the instant asked about, of whatever month.
    """

    found: int
    waiting: int
    quarantined: int
    together: Heard
    by_definition: tuple[Heard, ...]
    by_source: tuple[Heard, ...]

    @property
    def share(self) -> float | NotEstimable:
        """Rows that found their lead, of those read."""
        return share(self.found, self.found + self.waiting, NO_FEEDBACK)

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            "rows_with_a_lead": self.found,
            "rows_without": self.waiting,
            "share": plain(self.share),
            "quarantined": self.quarantined,
            "together": self.together.to_dict(),
            "by_definition": [one.to_dict() for one in self.by_definition],
            "by_source": [one.to_dict() for one in self.by_source],
        }


def matched(facts: Facts, handed: Sequence[Mql], sayings: Said) -> Matched:
    """The match rates of the ledger, and of the MQLs `handed` over in a window."""
    of_whom = {mql.lead_id for mql in handed if first(sayings.get(mql.lead_id, ()), KINDS, mql.since_us) is not None}
    return Matched(
        found=facts.outcomes.num_rows,
        waiting=facts.unmatched_outcomes,
        quarantined=facts.quarantined,
        together=Heard(None, len(handed), len(of_whom)),
        by_definition=_grouped(handed, of_whom, lambda mql: mql.definition),
        by_source=_grouped(handed, of_whom, lambda mql: mql.source),
    )


def _grouped(handed: Iterable[Mql], of_whom: set[str], name: Callable[[Mql], str | None]) -> tuple[Heard, ...]:
    groups: dict[str | None, list[bool]] = {}
    for mql in handed:
        groups.setdefault(name(mql), []).append(mql.lead_id in of_whom)
    found = [Heard(called, len(mine), sum(mine)) for called, mine in groups.items()]
    return tuple(sorted(found, key=lambda one: (one.name is None, -one.handed, one.name or "")))
