"""Which lead a row is about: its own id, a lead it was merged with, else the one with its e-mail; never a guess.

Where the lab says so, an address that no lead has names the one lead of its company's domain.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import IntEnum, auto

from mqlab.assignment.units import account_unit
from mqlab.crm.sink import Intake
from mqlab.leads.identity import LINK, canonical_ids, standing_ids
from mqlab.leads.instants import micros
from mqlab.leads.links import Link, claims, merged_deals

MOST_REMEMBERED = 250_000


class Match(IntEnum):
    """Whether a row's lead is known."""

    FOUND = auto()
    FOUND_BY_DOMAIN = auto()
    WAITS = auto()
    DOUBTFUL = auto()
    DOUBTFUL_DOMAIN = auto()


KNOWN = frozenset({Match.FOUND, Match.FOUND_BY_DOMAIN})


class Identifier:
    """Finds leads during one import."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._survivors: Mapping[str, str] | None = None
        self._unions: Mapping[str, Collection[str]] = {}
        self._links: Sequence[Link] | None = None
        self._seen: set[str] = set()

    def matches(
        self,
        refs: Sequence[str],
        email_hashes: Sequence[str | None] | None = None,
        domains: Sequence[str | None] | None = None,
    ) -> list[Match]:
        """Per row whether its lead is known now; `domains` are the companies' of the addresses."""
        nothing = [None] * len(refs)
        hashes, domains = email_hashes or nothing, domains or nothing
        different = set(refs)
        known = self._known(different)
        if len(known) == len(different):
            return [Match.FOUND] * len(refs)
        rows = list(zip(refs, hashes, domains, strict=True))
        left = {found for ref, found, _ in rows if ref not in known and found is not None}
        by_email = self._by_email(left) if left else {}
        nobody = {domain for ref, found, domain in rows if domain and ref not in known and found not in by_email}
        by_domain = self._by_domain(nobody) if nobody else {}
        return [
            Match.FOUND if ref in known else by_email.get(found) or by_domain.get(domain) or Match.WAITS
            for ref, found, domain in rows
        ]

    def account_domains(self, email_domains: Sequence[str | None]) -> list[str | None]:
        """The companies' domains of addresses; all None where the lab does not match by them."""
        linking = self._intake.linking
        if not linking.same_domain:
            return [None] * len(email_domains)
        made = {one: account_unit(None, one, linking.internal_domains) for one in set(email_domains) if one is not None}
        return [None if one is None else made[one] for one in email_domains]

    def known(self, refs: Sequence[str]) -> list[bool]:
        """Per id whether it is a lead, or was merged with one."""
        found = self._known(set(refs)) if refs else set()
        return [ref in found for ref in refs]

    def settle(self) -> int:
        """Frees the facts whose lead has come meanwhile; says how many."""
        self._survivors = self._links = None
        self._seen.clear()
        waiting = sorted(self._intake.waiting(), key=lambda one: (one[0], one[1] or ""))
        if not waiting:
            return 0
        hashes = [found for _, found in waiting]
        told = self._intake.account_domains({one for one in hashes if one}) if self._intake.linking.same_domain else {}
        matches = self.matches([ref for ref, _ in waiting], hashes, [told.get(one or "") for one in hashes])
        found = [one for one, match in zip(waiting, matches, strict=True) if match in KNOWN]
        return self._intake.found(found) if found else 0

    def _known(self, refs: Collection[str]) -> set[str]:
        """Those of `refs` that are leads, or were merged with one."""
        known = set(refs) & self._seen
        known |= self._intake.known_leads(set(refs) - known)
        left = set(refs) - known
        linked = {ref for ref in left if ref.startswith(LINK)}
        known |= self._linked(linked)
        left -= linked
        if left:
            survivors = self._merged()
            merged = {ref: self._unions.get(survivors.get(ref, ref), ()) for ref in left}
            members = {one for union in merged.values() for one in union}
            alive = self._intake.known_leads(members) if members else set()
            known |= {ref for ref, union in merged.items() if not alive.isdisjoint(union)}
        if len(self._seen) > MOST_REMEMBERED:
            self._seen.clear()
        self._seen |= known
        return known

    def _linked(self, refs: set[str]) -> set[str]:
        """Those opportunities that are linked to a lead."""
        if not refs:
            return set()
        if self._links is None:
            self._links = self._intake.links()
        merged = merged_deals(self._links)
        same = {merged.get(ref, ref) for ref in refs}
        wanted = {*refs, *same, *(old for old, new in merged.items() if new in same)}
        own = [link for link in self._links if link.opportunity in wanted]
        accounts = {link.lead for link in own if link.lead.startswith(LINK)} - wanted
        own += [link for link in self._links if link.opportunity in accounts]
        survivors = self._merged()
        named = {link.lead for link in own}
        members = named.union(*(self._unions.get(survivors.get(one, one), ()) for one in named))
        created = self._intake.created(members)
        standing = standing_ids({one: survivors[one] for one in members if one in survivors}, created)
        return refs & claims(own, standing, created, self._intake.linking).keys()

    def _by_email(self, hashes: Collection[str]) -> dict[str | None, Match]:
        return {
            found: Match.FOUND if self._one_person(leads) else Match.DOUBTFUL
            for found, leads in self._intake.leads_by_email(hashes).items()
        }

    def _by_domain(self, domains: Collection[str]) -> dict[str | None, Match]:
        return {
            domain: Match.FOUND_BY_DOMAIN if self._one_person(leads) else Match.DOUBTFUL_DOMAIN
            for domain, leads in self._intake.leads_by_domain(domains).items()
        }

    def _one_person(self, leads: Collection[str]) -> bool:
        survivors = self._merged()
        return len({survivors.get(lead, lead) for lead in leads}) == 1

    def _merged(self) -> Mapping[str, str]:
        if self._survivors is None:
            merges = self._intake.merges()
            self._survivors = canonical_ids((merge.old_id, merge.new_id, micros(merge.merged_at)) for merge in merges)
            unions: dict[str, set[str]] = {}
            for member, survivor in self._survivors.items():
                unions.setdefault(survivor, {survivor}).add(member)
            self._unions = unions
        return self._survivors
