"""What the ledger knows of leads at an instant, read once and shared by the verbs that judge single leads."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from mqlab.analysis.histories import Histories, histories
from mqlab.analysis.people import unions
from mqlab.assignment.units import UnitKind, unit_of
from mqlab.experiments.arrival import ArrivalLike
from mqlab.leads.identity import canonical_ids, standing_ids
from mqlab.leads.instants import micros
from mqlab.leads.records import History
from mqlab.leads.tables import EVENTS, Facts

if TYPE_CHECKING:
    from mqlab.lab.core import Lab


@dataclass(frozen=True)
class Known:
    """Facts of some leads, or of all; units are told by the lab's own domains and null tokens."""

    facts: Facts
    internal_domains: tuple[str, ...]
    null_tokens: tuple[str, ...]

    @classmethod
    def read(cls, lab: Lab, *, as_of: datetime, leads: Collection[str] | None = None, events: bool = True) -> Known:
        """What is known at `as_of` of `leads` and of whoever they were merged with, or of everybody."""
        facts = lab.reading.facts(as_of=as_of, leads=leads)
        settings = lab.settings.lab
        return cls(
            facts if events else replace(facts, events=EVENTS.empty_table()),
            tuple(settings.internal_domains),
            tuple(settings.null_tokens),
        )

    @cached_property
    def histories(self) -> Histories:
        """Every lead as it was, before any merge."""
        return histories(self.facts)

    @cached_property
    def merged_into(self) -> Mapping[str, str]:
        """The survivor of every id that was merged."""
        survivors = canonical_ids((one.old_id, one.new_id, micros(one.merged_at)) for one in self.histories.merges)
        created = {name: micros(one.lead.created_at) for name, one in self.histories.by_id.items()}
        return standing_ids(survivors, created)

    @cached_property
    def whole(self) -> Mapping[str, History]:
        """The history of every lead that is its own, with everything that was merged into it."""
        united = unions(self.histories.by_id, self.histories.merges)
        alone = {name: one for name, one in self.histories.by_id.items() if name not in self.merged_into}
        return {**alone, **{name: one for name, one in united.items() if name in alone}}

    def unit(self, lead: ArrivalLike, kind: UnitKind) -> str:
        """The unit a lead belongs to."""
        return unit_of(lead, kind, self.internal_domains, self.null_tokens)

    def first_handoff(self, kind: UnitKind) -> Mapping[str, datetime]:
        """By unit, the first instant at which one of its leads was handed to sales."""
        table = self.facts.outcomes
        handed = table.select(["lead_id", "occurred_at"]).filter(pc.equal(table["kind"], "handed_off"))
        first: dict[str, datetime] = {}
        for row in handed.to_pylist():
            history = self.histories.by_id.get(row["lead_id"])
            if history is not None:
                unit = self.unit(history.lead, kind)
                first[unit] = min(first.get(unit, row["occurred_at"]), row["occurred_at"])
        return first

    def colleagues(self, lead: ArrivalLike) -> tuple[History, ...]:
        """The other leads of the lead's account."""
        account = self.unit(lead, "account")
        return tuple(
            history
            for name, history in self.whole.items()
            if name != lead.lead_id and self.unit(history.lead, "account") == account
        )
