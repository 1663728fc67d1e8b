"""Rejected leads to talk about: what happened to each, and why it was an MQL. Nobody is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from mqlab.analysis.feedback.feedback import Feedback
from mqlab.analysis.feedback.rejections import Rejected
from mqlab.definitions.decision import Decision
from mqlab.leads.instants import instant, micros
from mqlab.reports import format as fmt
from mqlab.reports import points, words
from mqlab.reports.document import Block, Bullets, Card, Cards, Cell, Column, Number, Section, Table, Text
from mqlab.reports.sales_tables import HOUR_US, owner

MOMENTS = 8
"""So many moments before the rejection are told beside the arrival; JSON has all of them."""

KEPT_BACK = "Its definition is kept from sales until its experiment is decided."
NONE = "No definition lets it through; sales was handed it all the same."
AGAIN = "Anybody who draws again from the same ledger draws the same leads. Times are those of"
BLINDED = (
    " Of a blinded experiment that is not decided yet the page tells what happened, and not by which definition a lead "
    "came: sales still works its leads, also those of an enrolment that is over."
)


@dataclass(frozen=True, slots=True)
class Happened:
    """A moment in a lead's life, and when it was known where that was later."""

    at: datetime
    what: str
    known_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Disputed:
    """A rejected lead with its timeline and what its definition said as it qualified; `hidden`: that stays untold."""

    rejected: Rejected
    hidden: bool
    moments: tuple[Happened, ...]
    decision: Decision | None


def to_talk_about(found: Feedback, leads: Sequence[Disputed], zone: ZoneInfo) -> Section:
    """The drawn leads: a table of all, and a card for each."""
    title = "Leads to talk about"
    if not leads:
        return Section("leads", title, (Text("No rejected MQL to talk about."),))
    many = f"{fmt.count(len(leads))} of {fmt.counted(found.rejections.rejected, 'rejected MQL')} to talk about"
    drawn = "drawn by lot over definitions and reasons" if len(leads) < found.rejections.rejected else "all there are"
    blocks: list[Block] = [
        Text(f"{many}, {drawn}.", "lead"),
        Text(f"{AGAIN} {zone.key}.{BLINDED if any(one.hidden for one in leads) else ''}", "note"),
        _overview(leads, zone),
        Cards(tuple(_card(number, one, zone) for number, one in enumerate(leads, 1))),
    ]
    return Section("leads", title, tuple(blocks))


def _overview(leads: Sequence[Disputed], zone: ZoneInfo) -> Table:
    return Table(
        "leads-drawn",
        "The leads, in the order of their rejections",
        (
            Column("Lead"),
            Column("Reason"),
            Column("Source"),
            Column("Rejected"),
            Column("Hours after hand-over", True),
        ),
        tuple(
            (
                Cell(one.rejected.mql.lead_id),
                Cell(words.rejection(one.rejected.reason)),
                Cell(one.rejected.mql.source or "not known"),
                Cell(fmt.day(instant(one.rejected.at_us).astimezone(zone).date())),
                _after(one.rejected, f"/sample/{k}/hours_to_rejection"),
            )
            for k, one in enumerate(leads)
        ),
    )


def _after(one: Rejected, source: str) -> Cell:
    if one.mql.handed_us is None:
        return Cell("–", "number", "quiet")
    hours = max(0, one.at_us - one.mql.handed_us) / HOUR_US
    return Cell(fmt.number(hours), "number", source=source, number=Number(hours, "number"))


def _card(number: int, one: Disputed, zone: ZoneInfo) -> Card:
    found = one.rejected
    reason = words.rejection(found.reason)
    code = "" if found.reason is None or reason == found.reason else f" ({found.reason.upper()})"
    when = fmt.moment(instant(found.at_us), zone)
    said = [f"from {found.mql.source or 'an unknown source'}", f"rejected {when}"]
    said += [f"owner {owner(found.owner)}"] if found.owner is not None else []
    return Card(
        f"{number}. {found.mql.lead_id}: {reason}{code}",
        " · ".join(said),
        (*(Text(text) for text in (*_why(one, zone), _went(one, zone)) if text), Bullets(tuple(_timeline(one, zone)))),
    )


def _why(one: Disputed, zone: ZoneInfo) -> list[str]:
    """Why it was an MQL."""
    decision = one.decision
    if one.hidden:
        return [KEPT_BACK]
    if decision is None:
        return [NONE]
    mql = one.rejected.mql
    when = "" if mql.qualified_us is None else f" on {fmt.moment(instant(mql.qualified_us), zone)}"
    told = [f"It qualified{when} by {decision.definition}, {points.path(mql.path)}."]
    scores = [f"{name} {points.points(value)}" for name, value in decision.scores.items()]
    if decision.probability is not None:
        scores.append(f"probability {fmt.probability(decision.probability)}")
    given = [f"{rule.id} {points.signed(rule.points)}" for rule in decision.rules if rule.points]
    told += [f"Scores then: {', '.join(scores)}."] if scores else []
    told += [f"Points from {', '.join(given)}."] if given else []
    told += [f"Not known then: {', '.join(decision.missing)}."] if decision.missing else []
    return [*told[:1], *([" ".join(told[1:])] if told[1:] else [])]


def _hours(value: float) -> str:
    told = fmt.number(value)
    return f"{told} hour" if told == fmt.number(1) else f"{told} hours"


def _went(one: Disputed, zone: ZoneInfo) -> str:
    """How long sales had it."""
    found = one.rejected
    if found.mql.handed_us is None:
        return ""
    hours = max(0, found.at_us - found.mql.handed_us) / HOUR_US
    return f"Handed over on {fmt.moment(instant(found.mql.handed_us), zone)}, rejected {_hours(hours)} later."


def _timeline(one: Disputed, zone: ZoneInfo) -> list[str]:
    """What happened up to the rejection: the arrival, the last moments, and how many are not told."""
    told = [moment for moment in one.moments if micros(moment.at) <= one.rejected.at_us]
    after = len(one.moments) - len(told)
    between = max(0, len(told) - 1 - MOMENTS)
    lines = [_line(moment, zone) for moment in told]
    lines = [*lines[:1], *([f"… {fmt.count(between)} more"] if between else []), *lines[1 + between :]]
    return [*lines, *([f"… {fmt.count(after)} more after the rejection"] if after else [])]


def _line(moment: Happened, zone: ZoneInfo) -> str:
    late = f" (known {fmt.moment(moment.known_at, zone)})" if moment.known_at else ""
    return f"{fmt.moment(moment.at, zone)}: {moment.what}{late}"
