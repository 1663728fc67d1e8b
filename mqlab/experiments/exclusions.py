"""What `eligible` may ask of every lead without a definition declaring it: the standard exclusions.

Whether the lead's account had won a deal before the lead came, whether it had one open, and whether the lead is one of
our own people. They are never unknown. What the business came to know later says nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from mqlab.assignment.units import internal_set
from mqlab.definitions.model import FieldDecl
from mqlab.definitions.tree import Expression, FieldRef, Missing
from mqlab.definitions.walk import walk
from mqlab.leads.text import normalise

EXISTING_CUSTOMER, OPEN_OPPORTUNITY, INTERNAL = "existing_customer", "open_opportunity", "internal"
STANDARD = tuple(FieldDecl(name, "bool") for name in (EXISTING_CUSTOMER, OPEN_OPPORTUNITY, INTERNAL))
DEAL_KINDS = ("opportunity", "closed_won", "closed_lost", "reopened")
"""The outcomes that the exclusions are told from."""

CLOSED = ("closed_won", "closed_lost")


@dataclass(frozen=True, slots=True)
class DealRow:
    """An outcome of a deal: the unit of its account, the deal, the kind, and since when it happened and was known."""

    unit: str
    deal: str
    kind: str
    told_us: int


def with_standard(fields: Iterable[FieldDecl]) -> tuple[FieldDecl, ...]:
    """The declared fields, and the standard ones whose names they leave free."""
    declared = tuple(fields)
    names = {field.name for field in declared}
    return (*declared, *(field for field in STANDARD if field.name not in names))


def asked(eligible: Expression | None, declared: Collection[str]) -> frozenset[str]:
    """The standard names that a condition reads, where no definition declares a field of that name."""
    if eligible is None:
        return frozenset()
    read = {
        node.name if isinstance(node, FieldRef) else node.field
        for node in walk(eligible.tree)
        if isinstance(node, FieldRef | Missing)
    }
    return frozenset(field.name for field in STANDARD if field.name in read and field.name not in declared)


def is_internal(email_domain: str | None, internal_domains: Collection[str]) -> bool:
    """Whether an address is one of our own, below any of our domains.

    Example:
        >>> is_internal("mail.mine.com", ["mine.com"]), is_internal("mine.com.example", ["mine.com"])
        (True, False)
    """
    if not email_domain:
        return False
    text = normalise(email_domain)
    return any(text == own or text.endswith(f".{own}") for own in internal_set(tuple(internal_domains)))


class PastDeals:
    """When each account won its first deal, and when it had deals open."""

    def __init__(self, rows: Iterable[DealRow]) -> None:
        won: dict[str, int] = {}
        deals: dict[tuple[str, str], list[DealRow]] = defaultdict(list)
        for row in rows:
            deals[row.unit, row.deal].append(row)
            if row.kind == "closed_won":
                won[row.unit] = min(row.told_us, won.get(row.unit, row.told_us))
        self._won: Mapping[str, int] = won
        self._open: dict[str, list[tuple[int, int | None]]] = defaultdict(list)
        for (unit, _), of_deal in deals.items():
            self._open[unit] += _open_spans(of_deal)

    def customer(self, unit: str, at_us: int) -> bool:
        """Whether the account had won a deal before an instant."""
        return unit in self._won and self._won[unit] < at_us

    def open(self, unit: str, at_us: int) -> bool:
        """Whether the account had an open deal just before an instant."""
        return any(begin < at_us and (end is None or end >= at_us) for begin, end in self._open.get(unit, ()))


def _open_spans(rows: Iterable[DealRow]) -> list[tuple[int, int | None]]:
    """From when until when a deal was open: since it was made or reopened, until it is closed next.

    A deal that is first heard of as closed was not open.
    """
    rows = list(rows)
    closes = sorted(row.told_us for row in rows if row.kind in CLOSED)
    made = [row.told_us for row in rows if row.kind == "opportunity"]
    begins = [row.told_us for row in rows if row.kind == "reopened"]
    if made and not (closes and closes[0] <= min(made)):
        begins.append(min(made))
    spans: list[tuple[int, int | None]] = []
    for begin in begins:
        place = bisect_left(closes, begin + 1)
        spans.append((begin, closes[place] if place < len(closes) else None))
    return spans
