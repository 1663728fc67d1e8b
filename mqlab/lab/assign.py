"""`assign`: which arm a lead is in. A pure function of protocol and lead; nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mqlab.definitions.evaluate import truth
from mqlab.definitions.fields import row_values
from mqlab.experiments.arrival import Arrival
from mqlab.experiments.enrol import Assignment, enrol
from mqlab.experiments.protocol import Protocol
from mqlab.lab.experiments import protocol as protocol_of
from mqlab.leads.records import Lead

if TYPE_CHECKING:
    from mqlab.lab.core import Lab


def assign(lab: Lab, experiment: str, leads: Sequence[Lead]) -> list[Assignment]:
    """Where leads belong, in their order. Hand-overs and overrides that the ledger knows count."""
    plan = protocol_of(lab, experiment)
    return _enrolled(lab, plan, leads)


def assign_file(lab: Lab, experiment: str, file: Path) -> list[Assignment]:
    """Where each row of a file of flat lead rows belongs, in the file's order.

    Without `created_at` the enrolment's dates are not applied and the last phase holds.
    """
    from mqlab.crm.lead_rows import read_lead_rows

    plan = protocol_of(lab, experiment)
    rows = read_lead_rows(file, timezone=lab.settings.zone, null_tokens=lab.settings.lab.null_tokens)
    return _enrolled(lab, plan, rows)


def _enrolled(lab: Lab, plan: Protocol, leads: Sequence[Lead | Arrival]) -> list[Assignment]:
    overrides: Mapping[str, str] = {}
    handed: Mapping[str, datetime] = {}
    if lab.has_ledger():
        table = lab.ledger.assignments.overrides(plan.id)
        overrides = dict(zip(table["unit"].to_pylist(), table["arm"].to_pylist(), strict=True))

    def eligible(lead: Lead | Arrival) -> bool | None:
        return True if plan.eligible is None else truth(plan.eligible, row_values(lead))  # type: ignore[arg-type]

    return enrol(
        plan,
        leads,
        eligible=eligible,
        prior_handoff=handed.get,
        internal_domains=lab.settings.lab.internal_domains,
        null_tokens=lab.settings.lab.null_tokens,
        overrides=overrides,
    )
