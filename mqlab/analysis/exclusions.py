"""The standard exclusions of `eligible`, told from the facts of a ledger."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mqlab.assignment.units import unit_of
from mqlab.experiments.arrival import ArrivalLike
from mqlab.experiments.exclusions import (
    DEAL_KINDS,
    EXISTING_CUSTOMER,
    INTERNAL,
    OPEN_OPPORTUNITY,
    DealRow,
    PastDeals,
    is_internal,
)
from mqlab.leads.records import Lead, Scalar
from mqlab.leads.tables import Facts


class Exclusions:
    """What is known of leads and their accounts when they come; `names` are those that `eligible` reads."""

    def __init__(
        self,
        names: Collection[str],
        facts: Facts,
        leads: Mapping[str, Lead],
        internal_domains: Collection[str],
        null_tokens: Collection[str],
    ) -> None:
        self._names = frozenset(names)
        self._facts, self._leads = facts, leads
        self._internal, self._null_tokens = tuple(internal_domains), tuple(null_tokens)

    def of(self, lead: ArrivalLike, at_us: int) -> dict[str, Scalar]:
        """The values of the names, for a lead that comes at an instant."""
        found: dict[str, Scalar] = {}
        if INTERNAL in self._names:
            found[INTERNAL] = is_internal(lead.email_domain, self._internal)
        if self._names & {EXISTING_CUSTOMER, OPEN_OPPORTUNITY}:
            unit = self._unit(lead)
            found[EXISTING_CUSTOMER] = self._deals.customer(unit, at_us)
            found[OPEN_OPPORTUNITY] = self._deals.open(unit, at_us)
        return found

    def _unit(self, lead: ArrivalLike) -> str:
        return unit_of(lead, "account", self._internal, self._null_tokens)

    @cached_property
    def _deals(self) -> PastDeals:
        return PastDeals(self._rows())

    def _rows(self) -> Iterator[DealRow]:
        rows = deal_rows(self._facts)
        for lead_id, deal, kind, told_us in zip(*(rows[name].to_pylist() for name in rows.column_names), strict=True):
            lead = self._leads.get(lead_id)
            if lead is not None:
                yield DealRow(self._unit(lead), deal, kind, told_us)


def deal_rows(facts: Facts) -> pa.Table:
    """`lead_id`, `deal`, `kind`, `told_us` of the outcomes of deals; one without an id is its lead's own."""
    rows = facts.outcomes.filter(pc.is_in(facts.outcomes["kind"], value_set=pa.array(DEAL_KINDS)))
    occurred, known = (rows[name].cast(pa.int64()).to_numpy() for name in ("occurred_at", "known_at"))
    return pa.table(
        {
            "lead_id": rows["lead_id"],
            "deal": pc.coalesce(rows["opportunity_id"], pc.binary_join_element_wise("lead", rows["lead_id"], " ")),
            "kind": rows["kind"],
            "told_us": pa.array(np.maximum(occurred, known), pa.int64()),
        }
    )
