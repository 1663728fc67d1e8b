"""Which lead a row is about: its own id, a lead it was merged with, else the one with its e-mail; never a guess."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import IntEnum, auto

from mqlab.crm.sink import Intake
from mqlab.leads.identity import LINK, canonical_ids
from mqlab.leads.instants import micros

MOST_REMEMBERED = 500_000


class Match(IntEnum):
    """Whether a row's lead is known."""

    FOUND = auto()
    WAITS = auto()
    DOUBTFUL = auto()


class Identifier:
    """Finds leads during one import."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._survivors: Mapping[str, str] | None = None
        self._unions: Mapping[str, Collection[str]] = {}
        self._links: Mapping[str, Collection[str]] = {}
        self._seen: set[str] = set()

    def matches(self, refs: Sequence[str], email_hashes: Sequence[str | None] | None = None) -> list[Match]:
        """Per row whether its lead is known now."""
        hashes = [None] * len(refs) if email_hashes is None else email_hashes
        different = set(refs)
        known = self._known(different)
        if len(known) == len(different):
            return [Match.FOUND] * len(refs)
        left = {found for ref, found in zip(refs, hashes, strict=True) if ref not in known and found is not None}
        by_email = self._by_email(left) if left else {}
        return [
            Match.FOUND if ref in known else by_email.get(found, Match.WAITS) if found is not None else Match.WAITS
            for ref, found in zip(refs, hashes, strict=True)
        ]

    def known(self, refs: Sequence[str]) -> list[bool]:
        """Per id whether it is a lead, or was merged with one."""
        found = self._known(set(refs)) if refs else set()
        return [ref in found for ref in refs]

    def settle(self) -> int:
        """Frees the facts whose lead has come meanwhile; says how many."""
        self._survivors = None
        self._seen.clear()
        waiting = sorted(self._intake.waiting(), key=lambda one: (one[0], one[1] or ""))
        if not waiting:
            return 0
        matches = self.matches([ref for ref, _ in waiting], [found for _, found in waiting])
        found = [one for one, match in zip(waiting, matches, strict=True) if match is Match.FOUND]
        return self._intake.found(found) if found else 0

    def _known(self, refs: Collection[str]) -> set[str]:
        """Those of `refs` that are leads, or were merged with one."""
        known = set(refs) & self._seen
        known |= self._intake.known_leads(set(refs) - known)
        left = set(refs) - known
        if left:
            survivors = self._merged()
            merged = {ref: self._same(ref, survivors) for ref in left}
            members = {one for union in merged.values() for one in union}
            alive = self._intake.known_leads(members) if members else set()
            known |= {ref for ref, union in merged.items() if not alive.isdisjoint(union)}
        if len(self._seen) > MOST_REMEMBERED:
            self._seen.clear()
        self._seen |= known
        return known

    def _same(self, ref: str, survivors: Mapping[str, str]) -> Collection[str]:
        """Whoever an id was merged with; of an opportunity, every lead it is linked to and whoever that is."""
        if not ref.startswith(LINK):
            return self._unions.get(survivors.get(ref, ref), ())
        linked = self._links.get(ref, ())
        return {one for lead in linked for one in (lead, *self._unions.get(survivors.get(lead, lead), ()))}

    def _by_email(self, hashes: Collection[str]) -> dict[str, Match]:
        survivors = self._merged()
        return {
            found: Match.FOUND if len({survivors.get(lead, lead) for lead in leads}) == 1 else Match.DOUBTFUL
            for found, leads in self._intake.leads_by_email(hashes).items()
        }

    def _merged(self) -> Mapping[str, str]:
        if self._survivors is None:
            merges = self._intake.merges()
            self._survivors = canonical_ids((merge.old_id, merge.new_id, micros(merge.merged_at)) for merge in merges)
            unions: dict[str, set[str]] = {}
            for member, survivor in self._survivors.items():
                unions.setdefault(survivor, {survivor}).add(member)
            self._unions = unions
            links: dict[str, set[str]] = {}
            for merge in merges:
                if merge.old_id.startswith(LINK):
                    links.setdefault(merge.old_id, set()).add(merge.new_id)
            self._links = links
        return self._survivors
