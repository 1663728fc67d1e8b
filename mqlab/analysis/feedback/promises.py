"""Whether sales kept what a definition promises about its leads: the first touch, and the decision, in time.

Time runs from the hand-over, on the wall clock or in working hours. The promises are `handoff.first_touch` and
`handoff.decide_within` of the lead's definition.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from zoneinfo import ZoneInfo

from mqlab.analysis.feedback.business_hours import BusinessHours, elapsed_us
from mqlab.analysis.feedback.mqls import Mql
from mqlab.analysis.feedback.rejections import hours, plain, share
from mqlab.analysis.feedback.said import ANSWERS, RESPONSES, Said, Saying, first, owner_of
from mqlab.definitions.model import Definition
from mqlab.leads.instants import instant, micros, start_of_day
from mqlab.stats.estimate import NotEstimable

What = Literal["first_touch", "decision"]
Fate = Literal["kept", "missed", "open", "unclear", "no_promise"]
FATES: tuple[Fate, ...] = ("kept", "missed", "open", "unclear", "no_promise")
KINDS: Mapping[What, tuple[str, ...]] = {"first_touch": RESPONSES, "decision": ANSWERS}
NOTHING_SAID: Mapping[What, NotEstimable] = {
    "first_touch": NotEstimable("no_activity_data", "No touches, meetings or answers of sales are known."),
    "decision": NotEstimable("no_answers", "Sales feedback holds neither acceptances nor rejections."),
}
NONE_DUE = NotEstimable("none_due", "No promise has come due.")


@dataclass(frozen=True, slots=True)
class Promise:
    """One lead and one promise. `waited_us` is how long the response took; None without one, or with a bare date."""

    mql: Mql
    what: What
    owner: str | None
    fate: Fate
    waited_us: int | None


@dataclass(frozen=True, slots=True)
class Kept:
    """A promise about a group of leads handed over: `leads` is the sum of `fates`.

    `kept` and `missed` are due; `open` have time left; of `unclear` only the day of the response is known, and it does
    not tell; of `no_promise` the definition promises nothing. `waited_us` are the known waits, in ascending order.
    """

    what: What
    name: str | None
    fates: Mapping[Fate, int]
    waited_us: tuple[int, ...]
    reason: NotEstimable | None = None

    @property
    def leads(self) -> int:
        """How many were handed over."""
        return sum(self.fates.values())

    @property
    def due(self) -> int:
        """Of how many the promise was kept or missed: the denominator of the share."""
        return self.fates["kept"] + self.fates["missed"]

    @property
    def share(self) -> float | NotEstimable:
        """Kept, of those due."""
        return self.reason or share(self.fates["kept"], self.due, NONE_DUE)

    @property
    def missed(self) -> float | NotEstimable:
        """Missed, of those due."""
        return self.reason or share(self.fates["missed"], self.due, NONE_DUE)

    @property
    def median_us(self) -> int | None:
        """The wait that half of those that were answered did not exceed; None without any."""
        return self.waited_us[(len(self.waited_us) - 1) // 2] if self.waited_us else None

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON."""
        return {
            "promise": self.what,
            "name": self.name,
            "handed_over": self.leads,
            **{fate: self.fates[fate] for fate in FATES},
            "due": self.due,
            "kept_per_due": plain(self.share),
            "missed_per_due": plain(self.missed),
            "median_hours": None if self.median_us is None else hours(self.median_us),
            "timed": len(self.waited_us),
        }


@dataclass(frozen=True, slots=True)
class Promises:
    """Both promises over all leads handed over in a window, by definition and by owner (a hash).

    `clock` says in words how time ran.
    """

    clock: str
    together: tuple[Kept, ...]
    by_definition: tuple[Kept, ...]
    by_owner: tuple[Kept, ...]

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            "clock": self.clock,
            "together": [one.to_dict() for one in self.together],
            "by_definition": [one.to_dict() for one in self.by_definition],
            "by_owner": [one.to_dict() for one in self.by_owner],
        }


def promises(
    handed: Sequence[Mql],
    sayings: Said,
    definitions: Mapping[str, Definition],
    *,
    as_of_us: int,
    zone: ZoneInfo,
    hours: BusinessHours | None = None,
) -> Promises:
    """How the promises about the MQLs `handed` over were kept, by what was known at `as_of_us`."""
    spoken = {one.kind for mine in sayings.values() for one in mine}
    clock = _Clock(as_of_us, zone, hours)
    found = [
        clock.promise(mql, what, _limit(definitions, mql, what), sayings.get(mql.lead_id, ()))
        for what in KINDS
        for mql in handed
    ]
    silent = {what: None if spoken & set(kinds) else NOTHING_SAID[what] for what, kinds in KINDS.items()}
    return Promises(
        clock="the wall clock" if hours is None else hours.words,
        together=_grouped(found, silent, lambda _one: None, always=True),
        by_definition=_grouped(found, silent, lambda one: one.mql.definition),
        by_owner=_grouped(found, silent, lambda one: one.owner),
    )


@dataclass(frozen=True, slots=True)
class _Clock:
    as_of_us: int
    zone: ZoneInfo
    hours: BusinessHours | None

    def promise(self, mql: Mql, what: What, limit_us: int | None, sayings: Sequence[Saying]) -> Promise:
        """What became of one promise about one lead."""
        handed_us = mql.handed_us if mql.handed_us is not None else mql.since_us
        response = first(sayings, KINDS[what], handed_us)
        earliest, latest = self._waited(handed_us, response)
        fate: Fate = "no_promise"
        if limit_us is not None:
            if earliest > limit_us:
                fate = "missed"
            elif response is None:
                fate = "open"
            else:
                fate = "kept" if latest <= limit_us else "unclear"
        timed = None if response is None or response.dated else latest
        return Promise(mql, what, owner_of(sayings), fate, timed)

    def _waited(self, handed_us: int, response: Saying | None) -> tuple[int, int]:
        """The least and the greatest time the response can have taken; without one, the time that has gone by."""
        if response is None:
            gone = elapsed_us(self.hours, handed_us, self.as_of_us)
            return gone, gone
        latest = elapsed_us(self.hours, handed_us, response.at_us)
        if not response.dated:
            return latest, latest
        day = instant(response.at_us).astimezone(self.zone).date()
        return elapsed_us(self.hours, handed_us, micros(start_of_day(day, self.zone))), latest


def _limit(definitions: Mapping[str, Definition], mql: Mql, what: What) -> int | None:
    handoff = None if mql.definition is None else definitions[mql.definition].handoff
    if handoff is None:
        return None
    return handoff.first_touch_us if what == "first_touch" else handoff.decide_within_us


def _grouped(
    found: Sequence[Promise],
    silent: Mapping[What, NotEstimable | None],
    name: Callable[[Promise], str | None],
    *,
    always: bool = False,
) -> tuple[Kept, ...]:
    """A row per promise and group, the largest group first, those without a name last."""
    groups: dict[tuple[What, str | None], list[Promise]] = {(what, None): [] for what in KINDS} if always else {}
    for one in found:
        groups.setdefault((one.what, name(one)), []).append(one)
    rows = []
    for (what, called), mine in groups.items():
        counted = Counter(one.fate for one in mine)
        waits = sorted(one.waited_us for one in mine if one.waited_us is not None)
        rows.append(Kept(what, called, {fate: counted[fate] for fate in FATES}, tuple(waits), silent[what]))
    order = list(KINDS)
    return tuple(sorted(rows, key=lambda row: (order.index(row.what), row.name is None, -row.leads, row.name or "")))
