"""Which outcomes have come to belong to several leads since they were read: leads came later that share an address."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping

from sqlalchemy import ColumnElement, Connection, Select, exists, func, or_, select

from mqlab.leads.identity import canonical_ids
from mqlab.leads.instants import micros
from mqlab.leads.links import Linking
from mqlab.leads.ties import NO_TIES, Ties
from mqlab.store.account_domains import leads_by_domain
from mqlab.store.models import ImportRow, LeadRow, MergeRow, OutcomeRow, QuarantineRow, WithdrawnRow
from mqlab.store.rows import among, is_link, unsettled


def ties(connection: Connection, linking: Linking, *, newest: int | None = None) -> Ties:
    """The outcomes that are nobody's by a tie and do not stand in quarantine for it.

    `newest` limits it to addresses of so many of the latest rows of leads, None is all. Rows that were discarded or
    fixed are settled.
    """
    if connection.scalar(select(OutcomeRow.id).where(OutcomeRow.email_hash.is_not(None)).limit(1)) is None:
        return NO_TIES
    merged = select(MergeRow.lead_ref, MergeRow.new_id, MergeRow.merged_at)
    people = connection.execute(merged.where(~is_link()))
    survivors = canonical_ids((old, new, micros(at)) for old, new, at in people)

    def several(leads: Collection[str]) -> bool:
        return len({survivors.get(lead, lead) for lead in leads}) > 1

    by_email = {found for found, leads in _sharing(connection, newest).items() if several(leads)}
    rows = list(connection.execute(_nobodys(among(connection, OutcomeRow.email_hash, by_email)))) if by_email else []
    if linking.same_domain:
        asked = select(OutcomeRow.account_domain).where(OutcomeRow.account_domain.is_not(None)).distinct()
        domains = leads_by_domain(connection, set(connection.scalars(asked)), linking)
        shared = {domain for domain, leads in domains.items() if several(leads)}
        unknown = ~exists().where(LeadRow.email_hash == OutcomeRow.email_hash)
        if shared:
            rows += connection.execute(_nobodys(among(connection, OutcomeRow.account_domain, shared), unknown))
    facts: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    for ref, email_hash, key, position in rows:
        facts[ref, str(email_hash)][key] = position
    kept = _quarantined(connection) if facts else Counter()
    left = {pair: told for pair, told in facts.items() if len(told) > kept[pair]}
    positions = {position for told in left.values() for position in told.values()}
    return Ties(sum(len(told) - kept[pair] for pair, told in left.items()), _files(connection, positions))


def _sharing(connection: Connection, newest: int | None) -> Mapping[str, set[str]]:
    """The addresses that several ids have or had, and whose they are."""
    if newest is None:
        shared = select(LeadRow.email_hash).where(LeadRow.email_hash.is_not(None)).group_by(LeadRow.email_hash)
        shared = shared.having(func.min(LeadRow.lead_ref) != func.max(LeadRow.lead_ref))
    else:
        last = connection.scalar(select(func.max(LeadRow.id))) or 0
        told = exists().where(OutcomeRow.email_hash == LeadRow.email_hash)
        shared = select(LeadRow.email_hash).where(LeadRow.id > last - newest, LeadRow.email_hash.is_not(None), told)
        shared = shared.distinct()
    asked = [str(one) for one in connection.scalars(shared)]
    found: dict[str, set[str]] = defaultdict(set)
    if asked:
        query = select(LeadRow.email_hash, LeadRow.lead_ref).where(among(connection, LeadRow.email_hash, asked))
        for email_hash, lead in connection.execute(query):
            found[str(email_hash)].add(lead)
    return found


def _nobodys(*where: ColumnElement[bool]) -> Select[str, str | None, int, int]:
    """The outcomes that name no lead by an id, and were not taken back."""
    same = (getattr(WithdrawnRow, name) == getattr(OutcomeRow, name) for name in ("lead_ref", "key", "content"))
    known = or_(
        exists().where(LeadRow.lead_ref == OutcomeRow.lead_ref),
        exists().where(MergeRow.lead_ref == OutcomeRow.lead_ref),
        exists().where(MergeRow.new_id == OutcomeRow.lead_ref),
        exists().where(WithdrawnRow.kind == "outcomes", *same),
    )
    columns = (OutcomeRow.lead_ref, OutcomeRow.email_hash, OutcomeRow.key, OutcomeRow.position)
    return select(*columns).where(~known, *where)


def _quarantined(connection: Connection) -> Counter[tuple[str, str]]:
    """How many open rows are in doubt about their lead, by how they name it."""
    pair = (QuarantineRow.lead_ref, QuarantineRow.email_hash)
    query = select(*pair, func.count()).where(QuarantineRow.email_hash.is_not(None), unsettled()).group_by(*pair)
    return Counter({(str(ref), str(email_hash)): count for ref, email_hash, count in connection.execute(query)})


def _files(connection: Connection, positions: Collection[int]) -> tuple[str, ...]:
    """The files that made these positions; of imports with the same position the first made it."""
    query = select(ImportRow.position, ImportRow.file).where(ImportRow.kind == "outcomes").order_by(ImportRow.id.desc())
    made = {row.position: row.file for row in connection.execute(query)}
    return tuple(sorted({made[one] for one in positions if one in made}))
