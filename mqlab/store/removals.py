"""Links of opportunities that were removed: those that count are from before the opportunity was won."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import BigInteger, Connection, func, select, type_coerce

from mqlab.leads.links import Link, LinkKind, merged_deals
from mqlab.store.models import OutcomeRow
from mqlab.store.rows import among


def ended_before_won(connection: Connection, links: list[Link], *, as_of_us: int, position: int) -> list[Link]:
    """The links without the removals from after their opportunity was first won: it stays whose it was then.

    Wins are those known at `as_of_us`, in microseconds, in the ledger up to `position`.
    """
    removed = {link.opportunity for link in links if link.kind is LinkKind.REMOVED}
    if not removed:
        return links
    merged = merged_deals(links)
    deals = {merged.get(ref, ref) for ref in removed}
    named = deals | {old for old, new in merged.items() if new in deals}
    won = _first_won(connection, sorted(named), merged, as_of_us=as_of_us, position=position)
    return [
        link
        for link in links
        if link.kind is not LinkKind.REMOVED
        or link.at_us <= won.get(merged.get(link.opportunity, link.opportunity), link.at_us)
    ]


def _first_won(
    connection: Connection, refs: Sequence[str], merged: Mapping[str, str], *, as_of_us: int, position: int
) -> Mapping[str, int]:
    """When opportunities were first won, in microseconds, by the names of those that they were merged into."""
    occurred = type_coerce(OutcomeRow.occurred_at, BigInteger)
    rows = connection.execute(
        select(OutcomeRow.lead_ref, func.min(occurred))
        .where(
            among(connection, OutcomeRow.lead_ref, refs),
            OutcomeRow.kind == "closed_won",
            OutcomeRow.position <= position,
            type_coerce(OutcomeRow.known_at, BigInteger) <= as_of_us,
            occurred <= as_of_us,
        )
        .group_by(OutcomeRow.lead_ref)
    )
    won: dict[str, int] = {}
    for ref, at_us in rows:
        deal = merged.get(ref, ref)
        won[deal] = min(int(at_us), won.get(deal, int(at_us)))
    return won
