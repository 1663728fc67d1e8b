"""Leads that sales sent back: which rest, which are due back, and which became MQLs again.

A definition's `requalify` says for how long a recycled lead rests, and how often it may qualify in all. Rest begins
when the recycling was known, at the first one after a qualification.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mqlab.analysis.feedback.mqls import Mql, Mqls, Rulebook
from mqlab.analysis.feedback.rejections import at
from mqlab.leads.instants import instant, micros
from mqlab.leads.records import OutcomeKind
from mqlab.leads.tables import Facts

Recyclings = Mapping[str, tuple[int, ...]]
"""By lead id, in order: when the business knew that sales had sent the lead back, in microseconds since 1970."""


@dataclass(frozen=True, slots=True)
class Rest:
    """One rest of a lead: from `since_us` to `due_us`, None where it may not qualify again; `again_us`: when it did."""

    mql: Mql
    since_us: int
    due_us: int | None
    again_us: int | None


@dataclass(frozen=True, slots=True)
class Resting:
    """Leads of one definition (None: all). `sent_back` in the window, of which `for_good` may not qualify again.

    `due` came back in the window, `due_next` come back in the month after it; `again` of the `due` have since become
    MQLs again.
    """

    definition: str | None
    sent_back: int
    for_good: int
    due: int
    again: int
    due_next: int

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON."""
        return {
            "definition": self.definition,
            "sent_back": self.sent_back,
            "for_good": self.for_good,
            "due_back": self.due,
            "mql_again": self.again,
            "due_back_next_month": self.due_next,
        }


@dataclass(frozen=True, slots=True)
class Recycled:
    """All rests that matter to a window, by definition; `rests` come back in it or in the month after it, in order.

    `others` were sent back in the window too and are no MQLs by any definition.
    """

    together: Resting
    by_definition: tuple[Resting, ...]
    rests: tuple[Rest, ...]
    others: int

    @property
    def empty(self) -> bool:
        """Whether nobody was sent back or is due back."""
        return not (self.together.sent_back or self.rests or self.others)

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            "together": self.together.to_dict(),
            "by_definition": [one.to_dict() for one in self.by_definition],
            "no_mql": self.others,
            "due_back": [
                {"lead": one.mql.lead_id, "source": one.mql.source, "recycled_at": at(one.since_us),
                 "due_at": at(one.due_us), "again_at": at(one.again_us)}
                for one in self.rests
            ],
        }  # fmt: skip


def recyclings(facts: Facts) -> Recyclings:
    """When each lead was sent back, under the ids that its source named, as known at `as_of`."""
    rows = facts.outcomes.filter(pc.equal(facts.outcomes["kind"], str(OutcomeKind.RECYCLED)))
    known = pc.max_element_wise(rows["occurred_at"].cast(pa.int64()), rows["known_at"].cast(pa.int64())).to_pylist()
    found: dict[str, list[int]] = {}
    for lead_id, at_us in zip(rows["lead_id"].to_pylist(), known, strict=True):
        if at_us <= micros(facts.as_of):
            found.setdefault(lead_id, []).append(at_us)
    return {lead_id: tuple(sorted(all_us)) for lead_id, all_us in found.items()}


def concerned(found: Recyclings, book: Rulebook, begin_us: int, end_us: int, next_us: int) -> list[str]:
    """The leads that were sent back in a window, or may come due by some definition in it or up to `next_us`."""
    cooldowns = {one.requalify.cooldown_us for one in book.definitions.values() if one.requalify is not None}
    return [
        lead_id
        for lead_id, all_us in found.items()
        if any(
            begin_us <= us < end_us or any(begin_us <= us + cooldown < next_us for cooldown in cooldowns)
            for us in all_us
        )
    ]


def recycled(
    given: Recyclings, found: Mqls, book: Rulebook, *, begin_us: int, end_us: int, next_us: int, as_of_us: int
) -> Recycled:
    """What became of the leads sent back; `next_us` is the end of the month after the window."""
    joined: dict[str, list[int]] = {}
    for lead_id in concerned(given, book, begin_us, end_us, next_us):
        joined.setdefault(found.person.get(lead_id, lead_id), []).extend(given[lead_id])
    rests: list[Rest] = []
    others = 0
    for lead_id, all_us in sorted(joined.items()):
        mql = found.by_id.get(lead_id)
        if mql is None or mql.definition is None:
            others += any(begin_us <= us < end_us for us in all_us)
        else:
            rests += _rests(mql, sorted(all_us), found, book, as_of_us)
    sent_back = [one for one in rests if begin_us <= one.since_us < end_us]
    coming = [one for one in rests if one.due_us is not None and begin_us <= one.due_us < next_us]
    coming.sort(key=lambda one: (one.due_us or 0, one.mql.lead_id))
    names = sorted({str(one.mql.definition) for one in (*sent_back, *coming)})
    return Recycled(
        together=_resting(None, sent_back, coming, end_us),
        by_definition=tuple(_resting(name, sent_back, coming, end_us) for name in names),
        rests=tuple(coming),
        others=others,
    )


def _resting(name: str | None, sent_back: Sequence[Rest], coming: Sequence[Rest], end_us: int) -> Resting:
    if name is not None:
        sent_back, coming = ([one for one in each if one.mql.definition == name] for each in (sent_back, coming))
    due = [one for one in coming if one.due_us is not None and one.due_us < end_us]
    return Resting(
        definition=name,
        sent_back=len(sent_back),
        for_good=sum(one.due_us is None for one in sent_back),
        due=len(due),
        again=sum(one.again_us is not None for one in due),
        due_next=len(coming) - len(due),
    )


def _rests(mql: Mql, recycled_us: Sequence[int], found: Mqls, book: Rulebook, as_of_us: int) -> list[Rest]:
    """The rests of one lead: after each qualification the first time it was sent back."""
    requalify = book.definitions[str(mql.definition)].requalify
    crossings = [mql.since_us]
    if requalify is not None:
        decision = found.decide(mql, instant(as_of_us))
        told = () if decision is None else decision.crossings
        crossings += [micros(one) for one in told[1:]]
    rests = []
    for number, crossed_us in enumerate(crossings, 1):
        since = next((us for us in recycled_us if us >= crossed_us), None)
        again = crossings[number] if number < len(crossings) else None
        if since is None or (again is not None and since >= again):
            continue
        may = requalify is not None and number < requalify.max
        rests.append(Rest(mql, since, since + requalify.cooldown_us if requalify and may else None, again))
    return rests
