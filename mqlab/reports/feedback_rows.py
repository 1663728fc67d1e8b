"""Lines of a month's feedback for a terminal of 80 columns: rows of numbers, leads sent back, match rates."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from mqlab.analysis.feedback.feedback import Feedback
from mqlab.analysis.feedback.window import after
from mqlab.reports import format as fmt
from mqlab.stats.estimate import NotEstimable

WIDTH = 80
LABEL, CELL = 38, 14


def recycled(found: Feedback, month: str, zone: ZoneInfo) -> Iterator[str]:
    """Leads that sales sent back, by definition."""
    rests = found.recycled
    if rests.empty:
        yield from wrapped(f"No lead was sent back in {month}, and none is due back.")
        return
    following = fmt.month(after(found.window, zone).begin.astimezone(zone).date())
    yield from row("Leads that sales sent back", "in month", "due in it", "due next")
    for one in (*rests.by_definition, rests.together):
        yield from row(
            f"  {one.definition or 'all'}", fmt.count(one.sent_back), fmt.count(one.due), fmt.count(one.due_next)
        )
    total = rests.together
    told = f"Of those due in {month} {fmt.count(total.again)} became MQLs again; 'next' is {following}."
    told += f" {fmt.count(total.for_good)} sent back in it may not qualify again." if total.for_good else ""
    told += f" {fmt.count(rests.others)} more sent back were no MQLs." if rests.others else ""
    yield from wrapped(told)


def matches(found: Feedback) -> Iterator[str]:
    """Whether feedback finds its lead, and of how many leads sales said anything."""
    known = found.matched
    if isinstance(known.share, NotEstimable):
        yield from wrapped("There is no sales feedback in the ledger yet.")
        return
    whole = known.found + known.waiting
    yield from wrapped(
        f"Match rate: {fmt.count(known.found)} of {fmt.count(whole)} outcome rows of the ledger found their lead; "
        f"{fmt.count(known.quarantined)} rows are in quarantine."
    )
    if known.together.handed:
        yield from wrapped(
            f"Of {fmt.count(known.together.handed)} MQLs handed over sales said something about "
            f"{fmt.count(known.together.heard)}."
        )


def row(label: str, *cells: str) -> list[str]:
    """A label and cells; a label too long for its place has lines of its own."""
    told = "".join(f"{cell:>{CELL}}" for cell in cells)
    if len(label) <= LABEL:
        return [f"{label:<{LABEL}}{told}"]
    under = " " * (len(label) - len(label.lstrip()) + 2)
    return [*textwrap.wrap(label, WIDTH, subsequent_indent=under), f"{'':<{LABEL}}{told}"]


def wrapped(text: str, under: str = "") -> list[str]:
    """A text in lines that are indented as it is, or from the second on by `under`."""
    indent = text[: len(text) - len(text.lstrip())]
    return textwrap.wrap(
        text.strip(), WIDTH, initial_indent=indent, subsequent_indent=under or indent, break_on_hyphens=False
    )
