"""Tables of what sales said of the MQLs it was handed, in a month or in a quarter: answers, reasons, kept promises.

`root` is where the numbers stand in the result's JSON.
"""

from __future__ import annotations

from collections.abc import Sequence

from mqlab.analysis.feedback.promises import Kept, Promises
from mqlab.analysis.feedback.rejections import Group, Rejections
from mqlab.reports import format as fmt
from mqlab.reports import words
from mqlab.reports.document import Cell, Column, Number, Table
from mqlab.reports.quarter_cells import count, name, part
from mqlab.reports.rows import missing
from mqlab.stats.estimate import NotEstimable

WHAT = {"first_touch": "First touch in time", "decision": "Decision in time"}
ROWS = 12
"""So many rows of a list are shown; JSON has all of them."""

REASONS = 3
HOUR_US = 3_600_000_000
OWNER_LETTERS = 12


def answers(found: Rejections, *, id: str, caption: str, root: str) -> Table:
    """MQLs handed over, by sales' latest answer."""
    return Table(
        id,
        caption,
        (Column("Answer"), Column("Of all handed over", True)),
        tuple(
            (Cell(label), part(leads, found.handed, f"{root}/{key}/share"))
            for label, leads, key in (
                ("accepted", found.accepted, "accepted"),
                ("rejected", found.turned_down, "rejected"),
                ("no answer yet", found.undecided, "undecided"),
            )
        ),
    )


def reasons(found: Rejections, *, id: str, caption: str, root: str) -> Table:
    """MQLs rejected, by reason; how many others were rejected stands below."""
    others = f"Rejected without being an MQL: {fmt.counted(found.others, 'lead')}."
    return Table(
        id,
        caption,
        (Column("Reason"), Column("Of all rejected", True)),
        tuple(
            (Cell(words.rejection(one.reason)), part(one.leads, found.rejected, f"{root}/reasons/{k}/share"))
            for k, one in enumerate(found.reasons)
        ),
        others if found.others else "",
    )


def groups(
    found: Sequence[tuple[int, Group]], *, id: str, caption: str, root: str, note: str, accepted: bool, folded: bool
) -> Table:
    """Groups of MQLs, each with its place in the JSON's list at `root`: how many were rejected, and why."""
    columns = (Column("Handed over", True), Column("Accepted", True)) if accepted else ()
    return Table(
        id,
        caption,
        (Column("Name"), *columns, Column("Rejected, of those handed over", True), Column("Most frequent reasons")),
        tuple(
            (
                name(one.name),
                *(_taken(one, f"{root}/{k}") if accepted else ()),
                part(one.turned_down, one.handed, f"{root}/{k}/rejected_per_handed_over"),
                Cell(most_frequent(one)),
            )
            for k, one in found
        ),
        note,
        folded=folded,
    )


def most_frequent(one: Group) -> str:
    """The reasons of a group that were given most often, with their counts."""
    return ", ".join(f"{words.rejection(why.reason)} {fmt.count(why.leads)}" for why in one.reasons[:REASONS]) or "–"


def _taken(one: Group, here: str) -> tuple[Cell, Cell]:
    return (
        count(one.handed, f"{here}/handed_over"),
        share(one.accepted, one.handed, f"{here}/accepted_per_handed_over"),
    )


def share(value: int, whole: int, source: str) -> Cell:
    """A share of a whole that stands in its own column, with the count that makes it."""
    if not whole:
        return Cell("–", "number", "quiet")
    told = f"{fmt.rate(value / whole)} ({fmt.count(value)})"
    return Cell(told, "number", source=source, number=Number(value / whole, "rate"))


def promises(found: Promises, *, id: str, caption: str, root: str) -> Table:
    """Promised times, of all MQLs and by definition."""
    told = [(k, "together", one) for k, one in enumerate(found.together)]
    told += [(k, "by_definition", one) for k, one in enumerate(found.by_definition)]
    return Table(
        id,
        caption,
        (
            Column("Promise"),
            Column("Of"),
            Column("Handed over", True),
            Column("Kept, of those due", True),
            Column("Median wait, hours", True),
        ),
        tuple((Cell(WHAT[one.what]), name(_named(one, where)), *_kept(one, f"{root}/{where}/{k}"))
              for k, where, one in told),
        f"By {found.clock}. Due are those whose promise was kept or missed; the others have time left, or their "
        "definition promises nothing.",
    )  # fmt: skip


def _named(one: Kept, where: str) -> str:
    return "all MQLs" if where == "together" else one.name or "no definition"


def _kept(one: Kept, here: str) -> tuple[Cell, ...]:
    kept = (
        missing(one.share)
        if isinstance(one.share, NotEstimable)
        else part(one.fates["kept"], one.due, f"{here}/kept_per_due")
    )
    return count(one.leads, f"{here}/handed_over"), kept, wait(one, here)


def wait(one: Kept, here: str) -> Cell:
    """The median wait in hours; a dash where nobody answered."""
    if one.median_us is None:
        return Cell("–", "number", "quiet")
    hours = one.median_us / HOUR_US
    return Cell(fmt.number(hours), "number", source=f"{here}/median_hours", number=Number(hours, "number"))


def owner(found: str | None) -> str:
    """A rep by the first letters of the hash that stands for the name."""
    return "no owner named" if found is None else found[:OWNER_LETTERS]
