"""The part of a ledger that tells all of one experiment: found by index and by scans that the database does.

A ledger grows by the leads and the sales feedback of years; an experiment takes the leads of some weeks. What is said
of the lab around it, such as how late sales reports, is said of the outcomes from an instant on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, and_, func, or_, select, type_coerce

from mqlab.leads.identity import LINK
from mqlab.leads.instants import micros
from mqlab.leads.links import Linking
from mqlab.store.account_domains import leads_by_domain
from mqlab.store.models import Fact, LeadRow, MergeRow, OutcomeRow
from mqlab.store.rows import among, is_link

MOST = 1 / 3
"""From this share of the leads and outcomes on, the whole ledger is read sooner than a part of it."""


@dataclass(frozen=True, slots=True)
class Around:
    """An enrolment from `begin` to `end`, both included, and leads `named` beside it by their ids.

    `everybody`: the leads and outcomes of all are needed, the events and field changes of its own alone.
    """

    begin: datetime
    end: datetime
    everybody: bool = False
    named: tuple[str, ...] = ()


def created_within(around: Around) -> ColumnElement[bool]:
    """Whether a row of a lead says that it was created within the enrolment."""
    created = _us(LeadRow.created_at)
    return and_(created >= micros(around.begin), created <= micros(around.end))


def ids_around(
    connection: Connection, around: Around, since_us: int, linking: Linking, *, as_of_us: int, position: int
) -> set[str] | None:
    """Every id that the experiment or an outcome from `since_us` on may be of; None where the whole is to be read.

    Beside those of the enrolment: the leads whose rows do not agree whether they came before it or after it, and every
    id that was merged.
    """
    known = _Known(as_of_us, position)
    if around.everybody or _is_most(connection, around, since_us, known):
        return None
    created = _us(LeadRow.created_at)
    came_after = select(LeadRow.lead_ref).where(created > micros(around.end), known.of(LeadRow))
    both = and_(created < micros(around.begin), LeadRow.lead_ref.in_(came_after))
    found = set(around.named)
    for where in (created_within(around), both, created > as_of_us):
        found.update(_each(connection, LeadRow.lead_ref, and_(where, known.of(LeadRow))))
    for column in (MergeRow.lead_ref, MergeRow.new_id):
        found.update(_each(connection, column, ~is_link()))
    recent = and_(_is_recent(since_us), known.of(OutcomeRow))
    named = and_(OutcomeRow.lead_ref.in_(select(OutcomeRow.lead_ref).where(recent)), known.of(OutcomeRow))
    told = select(OutcomeRow.lead_ref, OutcomeRow.email_hash, OutcomeRow.account_domain).where(named).distinct()
    hashes: set[str] = set()
    domains: set[str] = set()
    for lead_ref, email_hash, domain in connection.execute(told).all():
        found.add(lead_ref)
        hashes.update(() if email_hash is None else (email_hash,))
        domains.update(() if domain is None else (domain,))
    found.update(_each(connection, LeadRow.lead_ref, among(connection, LeadRow.email_hash, hashes)))
    found.update(*leads_by_domain(connection, domains if linking.same_domain else (), linking).values())
    return found | linked(connection, {one for one in found if one.startswith(LINK)})[1]


def linked(connection: Connection, wanted: Collection[str]) -> tuple[set[str], set[str]]:
    """The opportunities and accounts among these ids or linked to them, and every lead that those are linked to."""

    def of(column: Any, within: Any, ids: Collection[str], *where: ColumnElement[bool]) -> Iterator[str]:
        return _each(connection, column, and_(among(connection, within, ids), *where))

    links: set[str] = set()
    ahead = {one for one in wanted if one.startswith(LINK)}
    ahead.update(of(MergeRow.lead_ref, MergeRow.new_id, wanted, is_link()))
    leads: set[str] = set()
    while ahead:
        links |= ahead
        above = set(of(MergeRow.new_id, MergeRow.lead_ref, ahead))
        below = set(of(MergeRow.lead_ref, MergeRow.new_id, ahead, is_link()))
        leads.update(one for one in above if not one.startswith(LINK))
        ahead = {*(one for one in above if one.startswith(LINK)), *below} - links
    return links, leads


def leads_aside(
    connection: Connection, around: Around, wanted: Collection[str], *, as_of_us: int, position: int
) -> tuple[int, int]:
    """How many leads that are not `wanted` were created before the enrolment, and how many after it.

    Those whose rows say both, or that they were created within it, are wanted.
    """
    created, known = _us(LeadRow.created_at), _Known(as_of_us, position).of(LeadRow)
    theirs = among(connection, LeadRow.lead_ref, wanted)
    before, after = (
        _leads(connection, and_(known, side)) - _leads(connection, and_(known, side, theirs))
        for side in (created < micros(around.begin), created > micros(around.end))
    )
    return before, after


@dataclass(frozen=True, slots=True)
class _Known:
    as_of_us: int
    position: int

    def of(self, model: type[Fact]) -> ColumnElement[bool]:
        return and_(_us(model.known_at) <= self.as_of_us, model.position <= self.position)


def _leads(connection: Connection, where: ColumnElement[bool]) -> int:
    each = select(LeadRow.lead_ref).where(where).distinct().subquery()
    return connection.scalar(select(func.count()).select_from(each)) or 0


def _is_most(connection: Connection, around: Around, since_us: int, known: _Known) -> bool:
    """Whether the experiment concerns most of the leads and outcomes, as far as counts of rows tell."""
    part = whole = 0
    for model, where in (
        (LeadRow, created_within(around)),
        (OutcomeRow, and_(_is_recent(since_us), known.of(OutcomeRow))),
    ):
        part += connection.scalar(select(func.count()).select_from(model).where(where)) or 0
        whole += connection.scalar(select(func.coalesce(func.max(model.id), 0))) or 0
    leads = connection.scalar(select(func.coalesce(func.max(LeadRow.id), 0))) or 0
    merged = connection.scalar(select(func.count()).select_from(MergeRow).where(~is_link())) or 0
    return part + whole * merged / max(leads, 1) > MOST * whole


def _is_recent(since_us: int) -> ColumnElement[bool]:
    """Whether an outcome occurred from an instant on, or the amount of a deal won before may have changed since.

    The version of a row that says how a won deal stands is when it said so, counted backwards.
    """
    stands = and_(OutcomeRow.kind == "closed_won", OutcomeRow.version <= -since_us)
    return or_(_us(OutcomeRow.occurred_at) >= since_us, stands)


def _each(connection: Connection, column: Any, where: ColumnElement[bool]) -> Iterator[str]:
    return iter(connection.scalars(select(column).where(where)))


def _us(column: Any) -> ColumnElement[int]:
    return type_coerce(column, BigInteger)
