"""Which stages the ledger was told by the rows of opportunities, and which by their histories."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from sqlalchemy import BigInteger, Connection, func, select, type_coerce

from mqlab.leads.completeness import STAGES, STAGES_NOTE, Gaps, Told, stage_gaps
from mqlab.leads.moved_back import MARK
from mqlab.store.models import Commit, ImportRow, OutcomeRow
from mqlab.store.rows import among

AT_ONCE = 10_000
KINDS = tuple(kind + mark for kind in STAGES for mark in ("", MARK))


def gaps(
    connection: Connection, refs: Sequence[str] | None = None, *, now_at: int | None = None, tells: str | None = None
) -> Gaps:
    """The opportunities named by `refs`, None for all, whose history ends in another stage than their own row.

    `now_at` is the position that an import which is not registered yet makes, of a table that `tells` so.
    """
    roles = _roles(connection)
    if now_at is not None and tells is not None:
        roles[now_at] = tells
    if set(roles.values()) != {"current", "history"}:
        return Gaps()
    if refs is None:
        return stage_gaps(_told(connection, roles, None))
    found = Gaps()
    left = iter(refs)
    while some := list(islice(left, AT_ONCE)):
        found += stage_gaps(_told(connection, roles, some))
    return found


def _roles(connection: Connection) -> dict[int, str]:
    """By ledger position what its import told of stages; of imports with the same position the first made it."""
    first = (
        select(func.min(ImportRow.id))
        .join(Commit, Commit.position == ImportRow.position)
        .where(Commit.what == "import")
        .group_by(ImportRow.position)
    )
    rows = connection.execute(
        select(ImportRow.position, ImportRow.notes).where(
            ImportRow.kind == "outcomes",
            ImportRow.id.in_(first),
            ImportRow.notes.contains(STAGES_NOTE, autoescape=True),
        )
    )
    return {
        int(position): role
        for position, notes in rows
        for role in ("current", "history")
        if f'"{STAGES_NOTE}{role}"' in notes
    }


def _told(connection: Connection, roles: dict[int, str], refs: list[str] | None) -> Iterator[Told]:
    known, version = type_coerce(OutcomeRow.known_at, BigInteger), OutcomeRow.version
    query = select(
        OutcomeRow.system, OutcomeRow.opportunity_id, OutcomeRow.kind, known, OutcomeRow.backfill, version,
        OutcomeRow.position,
    ).where(OutcomeRow.kind.in_(KINDS), OutcomeRow.opportunity_id.is_not(None))  # fmt: skip
    if refs is not None:
        query = query.where(among(connection, OutcomeRow.lead_ref, refs))
    for system, own, kind, known_us, backfill, number, position in connection.execute(query):
        role = roles.get(position)
        at_us = known_us if not backfill else None if number is None else abs(number)
        if role is None or at_us is None:
            continue
        yield Told(f"{system} {own}", at_us, STAGES[kind.removesuffix(MARK)], role == "history")
