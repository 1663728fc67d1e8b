"""`assign`: which arm a lead is in. A pure function of protocol, lead and what the ledger knows; nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mqlab.assignment.units import unit_of
from mqlab.definitions.evaluate import truth
from mqlab.definitions.fields import row_values
from mqlab.definitions.model import FieldDecl
from mqlab.experiments.arrival import Arrival
from mqlab.experiments.enrol import Assignment, enrol
from mqlab.experiments.protocol import Protocol
from mqlab.lab.experiments import definitions_of
from mqlab.lab.experiments import protocol as protocol_of
from mqlab.leads.records import Lead

if TYPE_CHECKING:
    from mqlab.lab.core import Lab


def assign(lab: Lab, experiment: str, leads: Sequence[Lead | Arrival], *, as_of: datetime) -> list[Assignment]:
    """Where leads belong, in their order. Overrides and hand-overs that the ledger knows by `as_of` count."""
    plan = protocol_of(lab, experiment)
    tokens = lab.settings.lab.null_tokens
    declared: dict[str, FieldDecl] = {}
    for definition in definitions_of(lab, plan).values():
        for field in definition.fields:
            declared.setdefault(field.name, field)

    def eligible(lead: Lead | Arrival) -> bool | None:
        if plan.eligible is None:
            return True
        return truth(plan.eligible, row_values(lead), fields=tuple(declared.values()), null_tokens=tokens)

    table = lab.ledger.assignments.overrides(plan.id)
    return enrol(
        plan,
        leads,
        eligible=eligible,
        prior_handoff=_handed_off(lab, plan, leads, as_of),
        internal_domains=lab.settings.lab.internal_domains,
        null_tokens=tokens,
        overrides=dict(zip(table["unit"].to_pylist(), table["arm"].to_pylist(), strict=True)),
    )


def assign_file(lab: Lab, experiment: str, file: Path, *, as_of: datetime) -> list[Assignment]:
    """Where each row of a file of flat lead rows belongs, in the file's order.

    Without `created_at` the enrolment's dates are not applied and the last phase holds.
    """
    from mqlab.crm.lead_rows import read_lead_rows

    protocol_of(lab, experiment)
    rows = read_lead_rows(file, timezone=lab.settings.zone, null_tokens=lab.settings.lab.null_tokens)
    return assign(lab, experiment, rows, as_of=as_of)


def _handed_off(
    lab: Lab, plan: Protocol, leads: Sequence[Lead | Arrival], as_of: datetime
) -> Callable[[str], datetime | None]:
    """The first hand-over of a unit that the ledger knows; of one lead only its own are read."""
    few = [lead.lead_id for lead in leads] if plan.unit == "lead" and len(leads) == 1 else None
    facts = lab.ledger.facts(as_of=as_of, leads=few)
    handed: dict[str, datetime] = {}
    for row in facts.outcomes.select(["lead_id", "kind", "occurred_at"]).to_pylist():
        if row["kind"] == "handed_off":
            handed[row["lead_id"]] = min(handed.get(row["lead_id"], row["occurred_at"]), row["occurred_at"])
    if not handed:
        return {}.get
    first: dict[str, datetime] = {}
    settings = lab.settings.lab
    for row in facts.leads.select(["lead_id", "account_key", "email_domain"]).to_pylist():
        if row["lead_id"] in handed:
            unit = unit_of(Arrival(**row), plan.unit, settings.internal_domains, settings.null_tokens)
            first[unit] = min(first.get(unit, handed[row["lead_id"]]), handed[row["lead_id"]])
    return first.get
