"""What sales said in a quarter of the MQLs it was handed: accepted, rejected and why, rejected and taken after all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from mqlab.analysis.feedback.business_hours import BusinessHours
from mqlab.analysis.feedback.mqls import Mql
from mqlab.analysis.feedback.promises import Promises, promises
from mqlab.analysis.feedback.rejections import REJECTED, Rejections, plain, rejected_in, rejections, share
from mqlab.analysis.feedback.said import Said, first, of_persons, said
from mqlab.analysis.feedback.surveys import Surveys, surveys
from mqlab.analysis.feedback.window import Window
from mqlab.analysis.quarter.governed import NEVER, Governed
from mqlab.definitions.model import Definition
from mqlab.leads.instants import micros
from mqlab.leads.records import OutcomeKind
from mqlab.leads.tables import Facts
from mqlab.stats.estimate import NotEstimable

NOBODY_REJECTED = NotEstimable("no_rejections", "No MQL was rejected.")


@dataclass(frozen=True, slots=True)
class Sales:
    """The feedback of a window, and `overturned`: MQLs rejected in it that sales accepted afterwards."""

    rejections: Rejections
    promises: Promises
    surveys: Surveys
    overturned: int

    @property
    def disputed(self) -> float | NotEstimable:
        """Overturned rejections, of the MQLs rejected in the window."""
        return share(self.overturned, self.rejections.rejected, NOBODY_REJECTED)

    def to_dict(self) -> dict[str, Any]:
        """As JSON; `by_rule` holds the paths by which the leads qualified."""
        return {
            "rejections": self.rejections.to_dict(),
            "overturned": {"leads": self.overturned, "share": plain(self.disputed)},
            "promises": self.promises.to_dict(),
            "surveys": self.surveys.to_dict(),
        }


def sales(
    facts: Facts,
    found: Governed,
    definitions: Mapping[str, Definition],
    window: Window,
    *,
    zone: ZoneInfo,
    hours: BusinessHours | None,
) -> Sales:
    """The feedback of a window from leads that were governed."""
    begin_us, end_us = window.begin_us, window.end_us
    sayings = of_persons(said(facts), found.person)
    mqls = _mqls(found, sayings, window)
    handed = tuple(
        mql for _, mql in sorted(mqls.items()) if mql.handed_us is not None and begin_us <= mql.handed_us < end_us
    )
    rejected, others = rejected_in(mqls, sayings, begin_us, end_us)
    place = {name: number for number, name in enumerate(found.lead_id.tolist())}
    return Sales(
        rejections(handed, rejected, others, sayings, lambda mql: () if mql.path is None else (mql.path,)),
        promises(handed, sayings, definitions, as_of_us=micros(facts.as_of), zone=zone, hours=hours),
        surveys(
            sayings,
            begin_us,
            end_us,
            definition=lambda lead: None if lead not in place else found.definition[place[lead]],
            source=lambda lead: None if lead not in place else found.source[place[lead]],
        ),
        sum(first(sayings[one.mql.lead_id], (OutcomeKind.ACCEPTED,), one.at_us + 1) is not None for one in rejected),
    )


def _mqls(found: Governed, sayings: Said, window: Window) -> dict[str, Mql]:
    """The MQLs handed over in the window, and those of which sales rejected one in it."""
    begin_us, end_us = window.begin_us, window.end_us
    chosen = (found.handed_us >= begin_us) & (found.handed_us < end_us)
    mqls = found.since_us != NEVER
    for place in (mqls & ~chosen).nonzero()[0].tolist():
        one = sayings.get(found.lead_id[place])
        chosen[place] = one is not None and first(one, (REJECTED,), begin_us, end_us) is not None
    return {str(found.lead_id[place]): found.mql(place) for place in (mqls & chosen).nonzero()[0].tolist()}
