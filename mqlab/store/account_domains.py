"""Leads by the company's domain of their e-mail addresses, where a lab finds leads by it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, exists, select, text

from mqlab.assignment.units import account_unit, domain_path
from mqlab.leads.identity import canonical_ids
from mqlab.leads.instants import micros
from mqlab.leads.links import Linking
from mqlab.store.models import LeadRow, MergeRow, OutcomeRow
from mqlab.store.rows import is_link

EVER = 2**62


def account_domain(email_domain: str | None, linking: Linking) -> str | None:
    """The company's domain of an address; None for free mail, our own domains, and where the lab does not ask.

    Example:
        >>> account_domain("mail.acme.com", Linking(same_domain=True)), account_domain("mail.acme.com", Linking())
        ('acme.com', None)
    """
    if not linking.same_domain or email_domain is None:
        return None
    return account_unit(None, email_domain, linking.internal_domains)


def leads_by_domain(
    connection: Connection,
    asked: Collection[str],
    linking: Linking,
    *,
    as_of_us: int = EVER,
    position: int = EVER,
) -> Mapping[str, set[str]]:
    """The leads that ever had an address of these companies' domains, as far as the ledger said so then."""
    wanted = {domain for domain in asked if account_domain(domain, linking) == domain}
    found: dict[str, set[str]] = {}
    if not wanted:
        return found
    query = _SQLITE if connection.dialect.name == "sqlite" else _POSTGRESQL
    given = {"paths": json.dumps(sorted(map(domain_path, wanted))), "as_of_us": as_of_us, "position": position}
    for email_domain, lead_id in connection.execute(text(query), given):
        domain = account_domain(email_domain, linking)
        if domain in wanted:
            found.setdefault(str(domain), set()).add(lead_id)
    return found


@dataclass(frozen=True, slots=True)
class ByDomain:
    """Outcomes that name nobody who is known: `found` have an address of one lead's company, `tied` of several's."""

    found: int
    tied: int


def by_domain(connection: Connection, linking: Linking) -> ByDomain:
    """What the domains of companies tell, and what they do not."""
    somebody = (
        exists().where(LeadRow.lead_ref == OutcomeRow.lead_ref),
        exists().where(LeadRow.email_hash == OutcomeRow.email_hash),
        exists().where(MergeRow.lead_ref == OutcomeRow.lead_ref),
        exists().where(MergeRow.new_id == OutcomeRow.lead_ref),
    )
    facts = select(OutcomeRow.account_domain, OutcomeRow.lead_ref, OutcomeRow.key)
    facts = facts.where(OutcomeRow.account_domain.is_not(None), *(~one for one in somebody)).distinct()
    asked = Counter(str(domain) for domain, *_ in connection.execute(facts))
    merged = select(MergeRow.lead_ref, MergeRow.new_id, MergeRow.merged_at)
    merges = connection.execute(merged.where(~is_link())) if asked else ()
    same = canonical_ids((old, new, micros(at)) for old, new, at in merges)
    people = {
        domain: len({same.get(one, one) for one in leads})
        for domain, leads in leads_by_domain(connection, asked, linking).items()
    }
    found = sum(asked[domain] for domain, persons in people.items() if persons == 1)
    return ByDomain(found, sum(asked[domain] for domain in people) - found)


_RANGE = "ON f.domain_path >= a.value AND f.domain_path < a.value || '/'"
"""What begins alike, a little more than what lies below: a full stop sorts just before a slash."""

_WHERE = "WHERE f.known_at <= :as_of_us AND f.position <= :position"
_SQLITE = (
    f"SELECT DISTINCT f.email_domain, f.lead_ref FROM json_each(:paths) AS a CROSS JOIN leads AS f {_RANGE} {_WHERE}"
)
_POSTGRESQL = (
    "SELECT DISTINCT f.email_domain, f.lead_ref FROM json_array_elements_text(CAST(:paths AS json)) AS a(value) "
    f"JOIN leads AS f {_RANGE} {_WHERE}"
)
