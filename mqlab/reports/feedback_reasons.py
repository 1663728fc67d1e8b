"""Sections of the monthly feedback pack: acceptance, the mix of reasons by definition and rule, timing."""

from __future__ import annotations

from mqlab.analysis.feedback.feedback import Feedback
from mqlab.analysis.feedback.rejections import TIMING, Group, Rejections
from mqlab.reports import format as fmt
from mqlab.reports import points, sales_tables, words
from mqlab.reports.charts_reasons import Part, reason_mix
from mqlab.reports.document import Block, Cell, Chart, Column, Number, Section, Table, Text
from mqlab.reports.quarter_cells import name, part
from mqlab.reports.sales_tables import HOUR_US, ROWS, most_frequent

ROOT = "/rejections"
RULES = 8
"""So many rules of each definition are shown; JSON has all of them."""

REASONS, DEFINITIONS = 8, 4
"""So many reasons and definitions have bars of their own."""

LETTERS = 36
"""So many letters of a reason stand beside its bar; the table has all of them."""

OTHERS = "other reasons"
OF_THE_MONTH = "Reasons are those of the rejections in the month, whenever the MQL was handed over."


def acceptance(found: Feedback, month: str) -> Section:
    """What sales answered about the MQLs of the month."""
    said, title = found.rejections, "Acceptance"
    if not said.handed:
        return Section("acceptance", title, (Text(f"No MQL was handed over in {month}."),))
    lead = f"Sales has accepted {fmt.rate(said.accepted / said.handed)} of the MQLs handed over in {month}."
    blocks: list[Block] = [
        Text(lead, "lead"),
        *_by("definition", said.by_definition, f"Acceptance by definition, handed over in {month}"),
        *_by("source", said.by_source, f"Acceptance by source, handed over in {month}"),
    ]
    return Section("acceptance", title, tuple(blocks))


def _by(key: str, groups: tuple[Group, ...], caption: str) -> list[Block]:
    if not groups:
        return []
    left = len(groups) - ROWS
    note = OF_THE_MONTH + (f" {fmt.count(left)} more are in the JSON." if left > 0 else "")
    return [
        sales_tables.groups(
            list(enumerate(groups))[:ROWS], id=f"acceptance-{key}", caption=caption, root=f"{ROOT}/by_{key}", note=note,
            accepted=True, folded=False,
        )
    ]  # fmt: skip


def rejected(count: int, what: str) -> str:
    """How many were rejected, such as 2 MQLs were rejected."""
    return f"{fmt.counted(count, what)} {'was' if count == 1 else 'were'} rejected"


def reasons(found: Feedback, month: str) -> Section:
    """Why MQLs were rejected: the mix by definition as a chart, then the counts, then by rule."""
    said, title = found.rejections, "Why sales rejects"
    if not said.rejected:
        others = f" {rejected(said.others, 'lead')} that came without an MQL." if said.others else ""
        return Section("reasons", title, (Text(f"No MQL was rejected in {month}.{others}"),))
    stated = [one for one in said.reasons if one.reason is not None]
    lead = f"{rejected(said.rejected, 'MQL')} in {month}, whenever handed over"
    lead += (
        f", most often as “{_short(stated[0].reason, 120)}” ({fmt.rate(stated[0].leads / said.rejected)})."
        if stated
        else ", none with a reason."
    )
    blocks: list[Block] = [
        Text(lead, "lead"),
        _mix(said),
        *_others(said),
        sales_tables.reasons(said, id="reasons-counts", caption=f"MQLs rejected in {month}, by reason", root=ROOT),
        *_rules(said, month),
    ]
    return Section("reasons", title, tuple(blocks))


def _short(reason: str | None, most: int) -> str:
    told = words.rejection(reason)
    return told if len(told) <= most else f"{told[: most - 1].rstrip()}…"


def _mix(said: Rejections) -> Chart:
    shown = [one.reason for one in said.reasons[:REASONS]]
    labels: dict[str | None, str] = {}
    for reason in shown:
        label = _short(reason, LETTERS)
        labels[reason] = f"{label} ({len(labels) + 1})" if label in (*labels.values(), OTHERS) else label
    placed = sorted(enumerate(said.by_definition), key=lambda pair: -pair[1].rejected)
    groups = [(k, one) for k, one in placed if one.rejected][:DEFINITIONS]
    parts = [piece for k, one in groups for piece in _parts(one, k, labels)]
    order = [*labels.values(), OTHERS]
    parts.sort(key=lambda piece: order.index(piece.reason))
    left = sum(one.rejected > 0 for one in said.by_definition) - len(groups)
    title = "Reasons of rejection, by definition" + (f" (the {len(groups)} with most)" if left > 0 else "")
    told = "; ".join(
        f"{one.name or 'no definition'}: "
        + ", ".join(f"{_short(why.reason, LETTERS)} {fmt.rate(why.leads / one.rejected)}" for why in one.reasons[:3])
        for _, one in groups
    )
    return reason_mix("reasons-mix", title, parts, f"Bars of each reason's share. {told}.", series="Definition")


def _others(said: Rejections) -> list[Block]:
    """What the bar of all other reasons holds; nothing where there is no such bar."""
    rest = said.reasons[REASONS:]
    if not rest:
        return []
    told = [f"{_short(one.reason, LETTERS)} {fmt.count(one.leads)}" for one in rest[:REASONS]]
    told += ["…"] if len(rest) > REASONS else []
    return [Text(f"In “{OTHERS}”, over all definitions: {', '.join(told)}. The table below has all of them.", "note")]


def _parts(one: Group, k: int, labels: dict[str | None, str]) -> list[Part]:
    """The bars of one definition, with one for all reasons that have none of their own."""
    named = one.name or "no definition"
    found = [
        _part(labels[why.reason], named, why.leads, one.rejected, f"{ROOT}/by_definition/{k}/reasons/{j}/share")
        for j, why in enumerate(one.reasons)
        if why.reason in labels
    ]
    rest = sum(why.leads for why in one.reasons if why.reason not in labels)
    return [*found, *([_part(OTHERS, named, rest, one.rejected, None)] if rest else [])]


def _part(label: str, group: str, leads: int, of: int, source: str | None) -> Part:
    return Part(
        label, group, leads / of, f"{fmt.rate(leads / of)} ({fmt.count(leads)} of {fmt.count(of)})", source
    )  # fmt: skip


def _rules(said: Rejections, month: str) -> list[Block]:
    """By the rules that made the MQLs: those of each definition with most rejections."""
    shown: list[tuple[int, Group]] = []
    for definition in dict.fromkeys(one.definition for one in said.by_rule):
        shown += [(k, one) for k, one in enumerate(said.by_rule) if one.definition == definition][:RULES]
    if not shown:
        return []
    left = len(said.by_rule) - len(shown)
    return [
        Table(
            "reasons-rules",
            f"Rejected of those handed over in {month}, by rule that made the MQL",
            (
                Column("Definition"),
                Column("Rule"),
                Column("Rejected, of those handed over", True),
                Column("Most frequent reasons"),
            ),
            tuple(
                (
                    name(one.definition, "no definition"),
                    Cell(points.kind(one.name) if one.name is not None else "not known"),
                    part(one.turned_down, one.handed, f"{ROOT}/by_rule/{k}/rejected_per_handed_over"),
                    Cell(most_frequent(one)),
                )
                for k, one in shown
            ),
            "An MQL counts for every rule that gave it points as it qualified, so rules do not add up."
            + (f" {fmt.count(left)} more are in the JSON." if left > 0 else ""),
            folded=True,
        )
    ]


def timing(found: Feedback, month: str) -> Section:
    """Too early and too late, in sales' words."""
    said, title = found.rejections, "Too early, too late"
    if not said.timing:
        return Section(
            "timing", title, (Text(f"No rejection of {month} says that a lead came too early or too late."),)
        )
    early, late = (sum(one.leads for one in said.timing if one.reason == code) for code in TIMING)
    counts = [fmt.count(leads) if leads else "none" for leads in (early, late)]
    lead = f"Of {fmt.counted(said.rejected, 'rejected MQL')} {counts[0]} came too early and {counts[1]} too late."
    table = Table(
        "timing-counts",
        "Handed over at the wrong time, by definition",
        (
            Column("Definition"),
            Column("Sales says"),
            Column("Of those rejected", True),
            Column("From qualifying to the rejection, median hours", True),
        ),
        tuple(
            (
                name(one.definition, "no definition"),
                Cell(TIMING[one.reason]),
                part(one.leads, one.rejected, f"{ROOT}/timing/{k}/share"),
                _hours(one.median_us / HOUR_US, f"{ROOT}/timing/{k}/hours_after_qualification/median"),
            )
            for k, one in enumerate(said.timing)
        ),
        "Hours are those of the wall clock.",
    )
    return Section("timing", title, (Text(lead, "lead"), table))


def _hours(value: float, source: str) -> Cell:
    return Cell(fmt.number(value), "number", source=source, number=Number(value, "number"))
