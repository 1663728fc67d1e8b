"""Whose an outcome is: the lead it names, who stands for it, the one with its address, or of its company's domain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import BigInteger, Connection, select, type_coerce

from mqlab.leads.links import Linking
from mqlab.leads.moved_back import MARK
from mqlab.store.account_domains import leads_by_domain
from mqlab.store.models import LeadRow
from mqlab.store.rows import among


@dataclass(frozen=True)
class Whose:
    """What was known at an instant, in the ledger up to a position, of the leads that outcomes may be of.

    `stands`: who stands for an id that was merged, and who owns an opportunity that outcomes name.
    """

    connection: Connection
    linking: Linking
    as_of_us: int
    position: int
    people: pa.Table
    stands: Mapping[str, str]

    def leads_of(self, outcomes: pa.Table) -> tuple[pa.ChunkedArray, pa.Array]:
        """Per outcome the id of its lead: as named, else who stands for its merges, else the one with its e-mail.

        Of an opportunity that is linked to several leads it is the one that claims it first. Last, where the lab says
        so, it is the one lead of its company's domain, which is the evidence beside the id then.
        """
        refs = outcomes["lead_ref"]
        direct = pc.is_in(refs, value_set=self.people["lead_id"].combine_chunks())
        evidence = pa.repeat("stated", outcomes.num_rows)
        if pc.all(direct, min_count=0).as_py():
            return refs, evidence
        known = set(self.people["lead_id"].to_pylist())
        left = np.flatnonzero(~direct.to_numpy())
        names, hashes = refs.take(left).to_pylist(), outcomes["email_hash"].take(left).to_pylist()
        asks = "account_domain" in outcomes.column_names
        domains = outcomes["account_domain"].take(left).to_pylist() if asks else [None] * len(left)
        by_email = self._by_email({found for found in hashes if found is not None}, known)
        by_domain = self._by_domain({domain for domain in domains if domain is not None}, known)
        ids = refs.to_pylist()
        guessed: list[int] = []
        for row, name, found, domain in zip(left.tolist(), names, hashes, domains, strict=True):
            stands = self.stands.get(name)
            if stands is not None and stands in known:
                ids[row] = stands
                continue
            candidates = by_email.get(found, set())
            if not candidates and domain in by_domain:
                candidates = by_domain[domain]
                guessed.append(row)
            ids[row] = next(iter(candidates)) if len(candidates) == 1 else None
        if guessed:
            by_their_domain = np.zeros(outcomes.num_rows, dtype=bool)
            by_their_domain[guessed] = True
            evidence = pc.if_else(pa.array(by_their_domain), "account_domain", evidence)
        return pa.chunked_array([pa.array(ids, pa.string())]), evidence

    def _by_domain(self, domains: set[str], known: set[str]) -> dict[str | None, set[str]]:
        there = leads_by_domain(self.connection, domains, self.linking, as_of_us=self.as_of_us, position=self.position)
        found = {domain: {self.stands.get(one, one) for one in leads & known} for domain, leads in there.items()}
        return {domain: leads for domain, leads in found.items() if leads}

    def _by_email(self, hashes: set[str], known: set[str]) -> dict[str | None, set[str]]:
        found: dict[str | None, set[str]] = {}
        if not hashes:
            return found
        rows = self.connection.execute(
            select(LeadRow.email_hash, LeadRow.lead_ref).where(
                among(self.connection, LeadRow.email_hash, sorted(hashes)),
                type_coerce(LeadRow.known_at, BigInteger) <= self.as_of_us,
                LeadRow.position <= self.position,
            )
        )
        for email_hash, lead_id in rows:
            if lead_id in known:
                found.setdefault(str(email_hash), set()).add(self.stands.get(lead_id, lead_id))
        return found


def waiting(outcomes: pa.Table, lead_ids: pa.ChunkedArray, since_us: int | None = None) -> int:
    """How many outcomes, from `since_us` on, have no lead in any of their rows.

    One row of an outcome may say more about whose it is than another one. Those that only a stage moving back would
    make do not count.
    """
    unresolved = pc.is_null(lead_ids)
    asked = pc.and_(unresolved, pc.invert(pc.ends_with(outcomes["kind"], MARK)))
    if since_us is not None:
        asked = pc.and_(asked, pc.greater_equal(outcomes["occurred_at"], since_us))
    left = outcomes.filter(asked)
    left = left.select(["lead_ref", "key"]).group_by(["lead_ref", "key"]).aggregate([])
    if not left.num_rows:
        return 0
    again = pc.is_in(outcomes["lead_ref"], value_set=left["lead_ref"].combine_chunks())
    found = outcomes.filter(pc.and_(pc.invert(unresolved), again)).select(["lead_ref", "key"])
    if not found.num_rows:
        return int(left.num_rows)
    return int(left.join(found, ["lead_ref", "key"], join_type="left anti").num_rows)
