"""Sections of the monthly feedback pack: recycled leads, promises by owner, lost leads' answers, match rates."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from mqlab.analysis.feedback.feedback import Feedback
from mqlab.analysis.feedback.matched import Heard
from mqlab.analysis.feedback.promises import Kept
from mqlab.analysis.feedback.recycled import Resting
from mqlab.analysis.feedback.window import after
from mqlab.leads.instants import instant
from mqlab.reports import format as fmt
from mqlab.reports import sales_tables, words
from mqlab.reports.document import Block, Cell, Column, Section, Table, Text
from mqlab.reports.quarter_cells import count, part
from mqlab.reports.rows import missing
from mqlab.reports.sales_tables import owner, share, wait
from mqlab.stats.estimate import NotEstimable

ROWS = 12
OWNERS, DUE = 20, 40
"""So many owners, and leads that are due back, are listed; JSON has all of them."""


def promises(found: Feedback, month: str) -> Section:
    """Promised times, by definition and by owner."""
    title = "Promises and misses"
    if not found.rejections.handed:
        return Section("promises", title, (Text(f"No MQL was handed over in {month}, so nothing was promised."),))
    blocks: list[Block] = [Text(_kept(found), "lead")]
    caption = f"Promises about the MQLs handed over in {month}"
    blocks.append(sales_tables.promises(found.promises, id="promises-kept", caption=caption, root="/promises"))
    blocks += _owners(found)
    return Section("promises", title, tuple(blocks))


def _kept(found: Feedback) -> str:
    told = []
    for one in found.promises.together:
        label = "first touch" if one.what == "first_touch" else "decision"
        if isinstance(one.share, NotEstimable):
            told.append(f"The {label} cannot be judged: {fmt.reason(one.share)}.")
        else:
            missed = fmt.count(one.fates["missed"])
            told.append(f"The {label} was late for {missed} of {fmt.counted(one.due, 'MQL')} due.")
    return " ".join(told)


def _owners(found: Feedback) -> list[Block]:
    rows: dict[str | None, dict[str, tuple[int, Kept]]] = {}
    for k, one in enumerate(found.promises.by_owner):
        rows.setdefault(one.name, {})[one.what] = (k, one)
    if not any(who is not None for who in rows):
        return [Text("Sales feedback names no owner of these leads.", "note")]
    missed = {who: sum(one.fates["missed"] for _, one in mine.values()) for who, mine in rows.items()}
    order = sorted(rows, key=lambda who: (-missed[who], who is None, who or ""))
    left = len(order) - OWNERS
    return [
        Table(
            "promises-owners",
            "Misses by owner, most first",
            (
                Column("Owner"),
                Column("MQLs", True),
                Column("First touch missed, of those due", True),
                Column("Decision missed, of those due", True),
                Column("Median wait for the first touch, hours", True),
            ),
            tuple(_owner(who, rows[who]) for who in order[:OWNERS]),
            "An owner is the hash of a rep's name or number: the same rep has the same hash in every month."
            + (f" {fmt.count(left)} more owners are in the JSON." if left > 0 else ""),
        )
    ]


def _owner(who: str | None, mine: dict[str, tuple[int, Kept]]) -> tuple[Cell, ...]:
    k, touch = mine["first_touch"]
    here = f"/promises/by_owner/{k}"
    return (
        Cell(owner(who)),
        count(touch.leads, f"{here}/handed_over"),
        *(_missed(*mine[what]) for what in ("first_touch", "decision")),
        wait(touch, here),
    )


def _missed(k: int, one: Kept) -> Cell:
    if isinstance(one.missed, NotEstimable):
        return missing(one.missed)
    return part(one.fates["missed"], one.due, f"/promises/by_owner/{k}/missed_per_due")


def recycled(found: Feedback, month: str, zone: ZoneInfo) -> Section:
    """Leads that sales sent back: when they are due, and what became of them."""
    title = "Recycled leads due back"
    rests, following = found.recycled, after(found.window, zone)
    if rests.empty:
        return Section("recycled", title, (Text(f"Nobody was sent back in {month}, and nobody is due back."),))
    next_month = fmt.month(following.begin.astimezone(zone).date())
    total = rests.together
    told = (
        f"{_were(total.due)} due back in {month}, of which {fmt.count(total.again) if total.again else 'none'} "
        f"{'has' if total.again == 1 else 'have'} become MQLs again; "
        f"{fmt.count(total.due_next)} more are due in {next_month}."
    )
    rows = [(total, "/recycled/together", "all MQLs")]
    rows += [(one, f"/recycled/by_definition/{k}", str(one.definition)) for k, one in enumerate(rests.by_definition)]
    blocks: list[Block] = [
        Text(told, "lead"),
        Table(
            "recycled-counts",
            "Leads that sales sent back",
            (
                Column("Definition"),
                Column(f"Sent back in {month}", True),
                Column("Of these for good", True),
                Column(f"Due back in {month}", True),
                Column("Of these MQL again", True),
                Column(f"Due back in {next_month}", True),
            ),
            tuple(_resting(one, here, label) for one, here, label in rows),
            "A lead rests as long as its definition's “requalify” says, from when its return was known. For good: its "
            "definition lets nobody qualify again, or not so often." + _others(rests.others),
        ),
        *_due(found, zone),
    ]
    return Section("recycled", title, tuple(blocks))


def _were(leads: int) -> str:
    return f"{fmt.counted(leads, 'recycled lead')} {'was' if leads == 1 else 'were'}"


def _others(others: int) -> str:
    if not others:
        return ""
    return f" Sent back without being an MQL: {fmt.counted(others, 'lead')}."


def _resting(one: Resting, here: str, label: str) -> tuple[Cell, ...]:
    return (
        Cell(label),
        count(one.sent_back, f"{here}/sent_back"),
        count(one.for_good, f"{here}/for_good"),
        count(one.due, f"{here}/due_back"),
        count(one.again, f"{here}/mql_again"),
        count(one.due_next, f"{here}/due_back_next_month"),
    )


def _due(found: Feedback, zone: ZoneInfo) -> list[Block]:
    rests = found.recycled.rests
    if not rests:
        return []
    left = len(rests) - DUE
    return [
        Table(
            "recycled-due",
            "Leads that are due back, first due first",
            (Column("Lead"), Column("Source"), Column("Sent back"), Column("Due back"), Column("MQL again")),
            tuple(
                (
                    Cell(one.mql.lead_id),
                    Cell(one.mql.source or "not known"),
                    _day(one.since_us, zone),
                    _day(one.due_us, zone),
                    _day(one.again_us, zone),
                )
                for one in rests[:DUE]
            ),
            f"{fmt.count(left)} more are in the JSON." if left > 0 else "",
            folded=True,
        )
    ]


def _day(us: int | None, zone: ZoneInfo) -> Cell:
    return Cell("not yet", "text", "quiet") if us is None else Cell(fmt.day(instant(us).astimezone(zone).date()))


def surveys(found: Feedback, month: str) -> Section:
    """What lost leads answered."""
    said, blocks = found.surveys, list[Block]()
    if isinstance(said.response, NotEstimable):
        blocks.append(Text(f"No lead was lost in {month}."))
    else:
        blocks.append(
            Text(
                f"{fmt.count(said.lost_and_answered)} of {fmt.count(said.lost)} leads lost in {month} "
                f"({fmt.rate(said.response)}) answered a survey.",
                "lead" if said.answered else "plain",
            )
        )
    if not said.answered:
        known = not isinstance(said.response, NotEstimable) and not said.lost_and_answered
        told = () if known else (Text(f"No lost lead answered in {month}."),)
        return Section("surveys", "What lost leads say", (*blocks, *told))
    table = Table(
        "surveys-answers",
        f"Answers that came in {month}",
        (Column("Answer"), Column("Of the lost leads that answered", True)),
        tuple(
            (Cell("no answer kept" if one.answer is None else words.rejection(one.answer)),
             part(one.leads, said.answered, f"/surveys/answers/{k}/share"))
            for k, one in enumerate(said.answers)
        ),
        "A lead counts once for each of its answers.",
    )  # fmt: skip
    return Section("surveys", "What lost leads say", (*blocks, table))


def matches(found: Feedback, month: str) -> Section:
    """Whether feedback finds its lead, and of how many leads sales says anything."""
    known = found.matched
    rows: list[tuple[Cell, ...]] = []
    if isinstance(known.share, NotEstimable):
        lead = "There is no sales feedback in the ledger yet."
    else:
        whole = known.found + known.waiting
        lead = (
            f"{fmt.count(known.waiting)} of {fmt.count(whole)} outcome rows known by then have not found their lead."
            if known.waiting
            else f"Each of {fmt.count(whole)} outcome rows known by then found its lead."
        )
        rows.append((Cell("Outcome rows that found their lead"), part(known.found, whole, "/match_rates/share")))
    rows.append((Cell("Rows in quarantine"), count(known.quarantined, "/match_rates/quarantined")))
    blocks: list[Block] = [
        Text(lead, "lead"),
        Table(
            "matches-rows", "Rows of the ledger, of every month", (Column("Rows"), Column("Number", True)), tuple(rows)
        ),
    ]
    if known.waiting or known.quarantined:
        hint = "“mqlab doctor” and “mqlab quarantine list” say what is missing."
        blocks.append(Text(hint, "note"))
    heard = [("all MQLs", known.together, "/match_rates/together")]
    heard += [_heard(one, k, "by_definition") for k, one in enumerate(known.by_definition[:ROWS])]
    heard += [_heard(one, k, "by_source") for k, one in enumerate(known.by_source[:ROWS])]
    if found.rejections.handed:
        blocks.append(
            Table(
                "matches-leads",
                f"MQLs handed over in {month} of which sales said anything since",
                (Column("Of"), Column("Handed over", True), Column("Something was said", True)),
                tuple(
                    (
                        Cell(label),
                        count(one.handed, f"{here}/handed_over"),
                        share(one.heard, one.handed, f"{here}/share"),
                    )
                    for label, one, here in heard
                ),
                "Where one definition or source is heard of far less than the others, its feedback gets lost on the "
                "way, and its other rates are not to be compared.",
                folded=True,
            )
        )
    return Section("matches", "Match rates", tuple(blocks))


def _heard(one: Heard, k: int, key: str) -> tuple[str, Heard, str]:
    kind = "definition" if key == "by_definition" else "source"
    return f"{kind}: {one.name or 'not known'}", one, f"/match_rates/{key}/{k}"
