"""What the experiments of a quarter came to, and where each definition comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from mqlab.analysis.quarter.experiments import Ran, Said
from mqlab.analysis.quarter.lineage import Lineage
from mqlab.analysis.quarter.review import Review
from mqlab.reports import format as fmt
from mqlab.reports import words
from mqlab.reports.document import Answer, Block, Bullets, Card, Cards, Cell, Column, Number, Section, Table, Text
from mqlab.reports.in_locale import numbers_in_locale
from mqlab.reports.quarter_cells import count
from mqlab.stats.estimate import Estimate, Interval

CHANGES = 4
"""So many changes stand on a card; the rest is folded."""


def experiments(review: Review) -> Section:
    """Every experiment that ran, ended or is due, with its verdict."""
    blocks: list[Block] = []
    if not review.experiments:
        blocks.append(Text("No experiment ran, ended or was due in the quarter."))
        return Section("experiments", "Experiments", tuple(blocks))
    blocks.append(
        Text(
            "The verdict is that of the last recorded look. Looks are declared beforehand, and this review takes none.",
            "note",
        )
    )
    for one in review.experiments:
        blocks += answers(one, review.zone)
    blocks.append(_table(review))
    return Section("experiments", "Experiments", tuple(blocks))


def answers(one: Ran, zone: ZoneInfo) -> list[Block]:
    """The verdicts of one experiment; a word in their place where there are none."""
    if not one.verdicts:
        why = one.problem or _not_yet(one)
        told = words.sentence(f"{one.title.rstrip('?.!')}: {why}")
        return [Answer(one.experiment, "not_due", words.CALLS["not_due"][0], "quiet", told)]
    return [_answer(one, said, zone) for said in one.verdicts]


def _answer(one: Ran, said: Said, zone: ZoneInfo) -> Answer:
    label, tone = words.CALLS.get(said.call, (words.plain(said.call), "plain"))  # type: ignore[call-overload]
    when = "" if one.said_at is None else fmt.day(one.said_at.astimezone(zone).date())
    why = words.in_words(numbers_in_locale("; ".join(said.why[:1]), (said.arm, *one.definitions.values())))
    lift = lift_text(said)
    told = f"{one.title.rstrip('?.!')}: {lift or why}"
    also = [
        f"At the look of {when}."
        if one.taken
        else f"As of {when}; the look of "
        f"{', '.join(fmt.day(day) for day in one.looks_due)} was not taken, and this is not it.",
        *([words.sentence(why)] if lift and why else []),
        *_ended(one, zone),
    ]
    return Answer(f"{one.experiment}, {said.arm}", said.call, label, tone, words.sentence(told), tuple(also))


def _ended(one: Ran, zone: ZoneInfo) -> list[str]:
    if one.ended is None:
        return []
    what = {"ship": f"{one.state.arm} was shipped", "keep": "the control was kept"}.get(
        one.state.call or "", "it was stopped"
    )
    when = fmt.day(one.ended.at.astimezone(zone).date())
    because = f": {one.ended.because.rstrip('.')}" if one.ended.because else ""
    return [f"On {when} {what}, by {one.ended.by}{because}."]


def _not_yet(one: Ran) -> str:
    if one.decided:
        return "it ended without a look"
    if one.looks_due:
        return f"the look of {', '.join(fmt.day(day) for day in one.looks_due)} is due and was not taken"
    if one.next_look is not None:
        return f"its first look is due on {fmt.day(one.next_look)}"
    return "no look was taken"


def lift_text(said: Said) -> str:
    """The primary's change with its interval, empty where there is none."""
    found = estimate(said.lift)
    if found is None or said.metric is None:
        return ""
    within = "" if said.horizon_days is None else f" within {fmt.days(said.horizon_days)}"
    return f"{words.metric(said.metric)}{within} {fmt.estimate(found, fmt.change)} under {said.arm}"


def estimate(row: Mapping[str, Any] | None) -> Estimate | None:
    """An estimate from its JSON, None where there is none."""
    if row is None or "not_estimable" in row or "estimate" not in row:
        return None
    return Estimate(row["estimate"], Interval(row["low"], row["high"]))


def _table(review: Review) -> Table:
    rows = []
    for k, one in enumerate(review.experiments):
        calls = ", ".join(f"{said.arm}: {words.plain(said.call)}" for said in one.verdicts) or "–"
        rows.append(
            (
                Cell(one.experiment),
                Cell(one.state.status),
                Cell(f"{fmt.day(one.enrolment[0])} to {fmt.day(one.enrolment[1])}"),
                count(one.leads, f"/experiments/{k}/leads"),
                Cell(calls, "status"),
                _lift(one, k),
                Cell(_next(one)),
            )
        )
    return Table(
        "experiments-list",
        f"Experiments of {review.quarter.name}",
        (
            Column("Experiment"),
            Column("State"),
            Column("Enrolment"),
            Column("Leads of the quarter", True),
            Column("Verdict"),
            Column("Change of the primary", True),
            Column("Next"),
        ),
        tuple(rows),
        "The interval is the one of the look: it holds over all declared looks together.",
    )


def _lift(one: Ran, k: int) -> Cell:
    found = estimate(one.verdicts[0].lift) if one.verdicts else None
    if found is None:
        return Cell("–", "number", "quiet")
    low, high = found.interval.low, found.interval.high
    number = Number(found.value, "change", low, high, True)
    return Cell(fmt.estimate(found, fmt.change), "number", source=f"/experiments/{k}/verdicts/0/lift", number=number)


def _next(one: Ran) -> str:
    if one.decided:
        return "–"
    if one.looks_due:
        return f"look of {', '.join(fmt.day(day) for day in one.looks_due)} is due"
    return f"look on {fmt.day(one.next_look)}" if one.next_look else "decide"


def lineage(review: Review) -> Section | None:
    """Where each version comes from, and who approved it."""
    if not review.lineage:
        return None
    cards = tuple(_card(one, review.zone) for one in review.lineage)
    return Section("lineage", "What changed, and who approved it", (Cards(cards),))


def _card(one: Lineage, zone: ZoneInfo) -> Card:
    came = f"made from {one.came_from}" if one.came_from else "the first of its kind"
    blocks: list[Text | Bullets] = [Text(words.sentence(one.changelog))] if one.changelog else []
    if one.problem:
        blocks.append(Text(words.sentence(one.problem), "warning"))
    approvals = [f"approved for {row.team} by {row.by}, {_day(row.at, zone)}" for row in one.approvals]
    blocks.append(Bullets(tuple(words.sentence(text) for text in (*approvals, *_force(one, zone)))
                          or ("Nobody approved it.",)))  # fmt: skip
    if one.changes:
        blocks += [Text(f"Against {one.came_from}:"), Bullets(one.changes[:CHANGES])]
    elif one.came_from and not one.problem:
        blocks.append(Text(f"It means the same as {one.came_from}."))
    more: tuple[Text | Bullets, ...] = (Bullets(one.changes[CHANGES:]),) if len(one.changes) > CHANGES else ()
    return Card(one.definition, f"{one.title} · {came}" if one.title else came, tuple(blocks), more)


def _force(one: Lineage, zone: ZoneInfo) -> list[str]:
    told = []
    for period in one.in_force:
        if period.at is None:
            told.append("in force from the start, by mqlab.toml")
            continue
        by = f" by {period.by}" if period.by else ""
        of = f", by the decision on {period.experiment}" if period.experiment else ""
        told.append(f"in force from {_day(period.at, zone)}{by}{of}")
    return told


def _day(at: Any, zone: ZoneInfo) -> str:
    return fmt.day(at.astimezone(zone).date())
