"""The loop back from sales, for one window of time: rejections, promises, lost leads' answers, leads to talk about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from mqlab.analysis.feedback.business_hours import BusinessHours
from mqlab.analysis.feedback.matched import Matched, matched
from mqlab.analysis.feedback.mqls import Mql, Mqls, Progress, Rulebook, mqls
from mqlab.analysis.feedback.promises import Promises, promises
from mqlab.analysis.feedback.recycled import Recycled, concerned, recycled, recyclings
from mqlab.analysis.feedback.rejections import Rejected, Rejections, at, rejected_in, rejections
from mqlab.analysis.feedback.rejections import hours as in_hours
from mqlab.analysis.feedback.said import LOSSES, Said, first, of_persons, said
from mqlab.analysis.feedback.sample import SIZE, dispute_sample
from mqlab.analysis.feedback.surveys import Surveys, surveys
from mqlab.analysis.feedback.window import Window, after
from mqlab.analysis.rejected_rules import made_by
from mqlab.leads.instants import instant, iso, micros
from mqlab.leads.records import OutcomeKind
from mqlab.leads.tables import Facts

Handover = Literal["stated", "computed", "partly_stated"]
ABOUT = (*LOSSES, OutcomeKind.SURVEY)
"""What, said of a lead in the window, brings the lead into the report."""


@dataclass(frozen=True)
class Feedback:
    """What sales said in a window, as known at `as_of` in the ledger up to `position`.

    `handover`: whether sales reports when it was handed a lead, or that is taken from when definitions fired.
    """

    window: Window
    as_of: datetime
    position: int
    handover: Handover
    rejections: Rejections
    promises: Promises
    surveys: Surveys
    recycled: Recycled
    matched: Matched
    sample: tuple[Rejected, ...]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to tell: nobody handed over, nobody rejected, lost or sent back, no answer."""
        counted = (
            self.rejections.handed, self.rejections.rejected, self.rejections.others, self.surveys.lost,
            self.surveys.answered, self.surveys.others,
        )  # fmt: skip
        return not any(counted) and self.recycled.empty

    @property
    def unfinished(self) -> bool:
        """Whether the window was not over at `as_of`."""
        return self.as_of < self.window.end

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON, but for the sample, which wants explaining."""
        return {
            "window": self.window.name,
            "from": iso(self.window.begin),
            "to": iso(self.window.end),
            "as_of": iso(self.as_of),
            "ledger": self.position,
            "handover": self.handover,
            "rejections": self.rejections.to_dict(),
            "promises": self.promises.to_dict(),
            "surveys": self.surveys.to_dict(),
            "recycled": self.recycled.to_dict(),
            "match_rates": self.matched.to_dict(),
        }


def feedback(
    facts: Facts,
    book: Rulebook,
    window: Window,
    *,
    seed: str,
    zone: ZoneInfo,
    hours: BusinessHours | None = None,
    sample_size: int = SIZE,
    progress: Progress = lambda _done, _total: None,
) -> tuple[Feedback, Mqls]:
    """The feedback of a window, and the MQLs it is about; `hours` are those of sales, None for the wall clock.

    `seed` names the lab in the lots by which the sample is drawn.
    """
    begin_us, end_us = window.begin_us, window.end_us
    sayings = said(facts)
    about = [lead_id for lead_id, one in sayings.items() if first(one, ABOUT, begin_us, end_us) is not None]
    sent_back, next_us = recyclings(facts), after(window, zone).end_us
    about += concerned(sent_back, book, begin_us, end_us, next_us)
    found = mqls(facts, book, begin_us=begin_us, end_us=end_us, said_of=about, progress=progress)
    sayings = of_persons(sayings, found.person)
    handed = tuple(
        mql
        for _, mql in sorted(found.by_id.items())
        if mql.handed_us is not None and begin_us <= mql.handed_us < end_us
    )
    rejected, others = rejected_in(found.by_id, sayings, begin_us, end_us)
    result = Feedback(
        window=window,
        as_of=facts.as_of,
        position=facts.position,
        handover=_handover(found.stated_from_us, window),
        rejections=rejections(handed, rejected, others, sayings, lambda mql: rules_of(found, mql)),
        promises=promises(handed, sayings, book.definitions, as_of_us=micros(facts.as_of), zone=zone, hours=hours),
        surveys=_surveys(sayings, window, found),
        recycled=recycled(
            sent_back, found, book, begin_us=begin_us, end_us=end_us, next_us=next_us, as_of_us=micros(facts.as_of)
        ),
        matched=matched(facts, handed, sayings),
        sample=dispute_sample(rejected, seed=f"{seed}\0{window.name}", size=sample_size),
    )
    return result, found


def rules_of(found: Mqls, mql: Mql) -> tuple[str, ...]:
    """What made the lead qualify, nothing where that is not known."""
    if mql.path is None or mql.qualified_us is None:
        return ()
    at_once = mql.path.startswith("fast_track:") or mql.path == "model"
    return made_by(mql.path, None if at_once else found.decide(mql, instant(mql.qualified_us)))


def disputed_dict(one: Rejected, *, hidden: bool) -> dict[str, Any]:
    """A rejected lead as JSON; `hidden` leaves out what tells its arm."""
    mql = one.mql
    return {
        "lead": mql.lead_id,
        "source": mql.source,
        "reason": one.reason,
        "rejected_at": at(one.at_us),
        "handed_over_at": at(mql.handed_us),
        "hours_to_rejection": None if mql.handed_us is None else in_hours(max(0, one.at_us - mql.handed_us)),
        "owner": one.owner,
        "definition": None if hidden else mql.definition,
        "path": None if hidden else mql.path,
        "qualified_at": None if hidden else at(mql.qualified_us),
        "arm_hidden": hidden,
    }


def _handover(stated_from_us: int | None, window: Window) -> Handover:
    if stated_from_us is None or stated_from_us >= window.end_us:
        return "computed"
    return "stated" if stated_from_us <= window.begin_us else "partly_stated"


def _surveys(sayings: Said, window: Window, found: Mqls) -> Surveys:
    def definition(lead_id: str) -> str | None:
        mql = found.by_id.get(lead_id)
        return None if mql is None else mql.definition

    return surveys(sayings, window.begin_us, window.end_us, definition=definition, source=found.source)
