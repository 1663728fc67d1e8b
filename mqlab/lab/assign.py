"""`assign`: which arm a lead is in. A pure function of protocol, lead and what the ledger knows; nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mqlab.analysis.exclusions import Exclusions
from mqlab.definitions.evaluate import truth
from mqlab.definitions.fields import values_at
from mqlab.definitions.model import FieldDecl
from mqlab.errors import InputError
from mqlab.experiments.arrival import Arrival
from mqlab.experiments.enrol import Assignment, enrol
from mqlab.experiments.exclusions import INTERNAL, asked, with_standard
from mqlab.lab.experiments import definitions_of
from mqlab.lab.known import Known
from mqlab.lab.registered import governed
from mqlab.leads.instants import iso, micros
from mqlab.leads.records import Event, History, Lead, Scalar

if TYPE_CHECKING:
    from mqlab.lab.core import Lab


def assign(
    lab: Lab, experiment: str, leads: Sequence[Lead | Arrival], *, as_of: datetime, known: Known | None = None
) -> list[Assignment]:
    """Where leads belong, in their order, as `analyze` will see it.

    Overrides, hand-overs, merges and earlier leads of the same units that the ledger knows at `as_of` count; `known`
    holds them where the caller has read them already. Where the lab's tables lie in a warehouse, all but the overrides
    are read there. RefusedError where the experiment was edited since its start, InputError for a lead of a day to
    come.
    """
    refuse_ahead(lab, leads, as_of=as_of)
    plan = governed(lab, experiment)
    if known is None and lab.settings.warehouse.holds_the_lab:
        from mqlab.lab.assign_in_place import assign_in_place

        return assign_in_place(lab, plan, leads, as_of=as_of)
    tokens = tuple(lab.settings.lab.null_tokens)
    declared: dict[str, FieldDecl] = {}
    for definition in definitions_of(lab, plan).values():
        for field in definition.fields:
            declared.setdefault(field.name, field)
    names = asked(plan.eligible, declared)
    if known is None:
        alone = plan.unit == "lead" and len(leads) == 1 and names <= {INTERNAL}
        known = Known.read(lab, as_of=as_of, leads=[leads[0].lead_id] if alone else None, events=False)
    fields, by_id = with_standard(declared.values()), known.histories.by_id
    everybody = {lead.lead_id: lead for lead in known.histories.leads} if names else {}
    excluded = Exclusions(names, known.facts, everybody, lab.settings.lab.internal_domains, tokens)

    def eligible(lead: Lead | Arrival) -> bool | None:
        if plan.eligible is None:
            return True
        values = _values(lead, by_id.get(lead.lead_id), as_of)
        if names:
            values = {**values, **excluded.of(lead, micros(lead.created_at or as_of))}
        return truth(plan.eligible, values, fields=fields, null_tokens=tokens)

    table = lab.reading.assignments.overrides(plan.id)
    return enrol(
        plan,
        leads,
        eligible=eligible,
        prior_handoff=known.first_handoff(plan.unit).get,
        internal_domains=lab.settings.lab.internal_domains,
        null_tokens=tokens,
        overrides=dict(zip(table["unit"].to_pylist(), table["arm"].to_pylist(), strict=True)),
        merges=known.histories.merges,
        earlier=known.histories.leads,
    )


def assign_file(
    lab: Lab,
    experiment: str,
    file: Path,
    *,
    as_of: datetime,
    preset: str | None = None,
    mapping: Path | None = None,
) -> list[Assignment]:
    """Where each row of a file of flat lead rows belongs, in the file's order.

    Without `created_at` the enrolment's dates are not applied and the last phase holds. How the file is spelt is said
    by `preset` and `mapping`, else by `[crm]`. ProblemsFound where a row cannot be read, or is of a day to come.
    """
    from mqlab.crm.lead_rows import read_lead_rows

    governed(lab, experiment)
    crm = lab.settings.crm
    configured = lab.folder / crm.mapping if crm.mapping else None
    rows = read_lead_rows(
        file,
        timezone=lab.settings.zone,
        null_tokens=lab.settings.lab.null_tokens,
        preset=preset or crm.preset,
        mapping=mapping or configured,
        now=_latest(lab, as_of),
    )
    return assign(lab, experiment, rows, as_of=as_of)


def refuse_ahead(lab: Lab, leads: Sequence[Lead | Arrival], events: Sequence[Event] = (), *, as_of: datetime) -> None:
    """InputError for a lead or an event of a day to come: `ingest` would set it aside, as a date typed wrong."""
    from mqlab.crm.ahead import LEEWAY

    read = _latest(lab, as_of)
    latest = read + LEEWAY
    for lead in leads:
        for at in (lead.created_at, lead.assigned_at):
            if at is not None and at > latest:
                raise _ahead(f"the lead '{lead.lead_id}' arrives", at, read)
    for event in events:
        if max(event.occurred_at, event.known_at) > latest:
            raise _ahead(f"the event '{event.name}' happens", max(event.occurred_at, event.known_at), read)


def _ahead(what: str, at: datetime, read: datetime) -> InputError:
    return InputError(
        f"{what} on {iso(at)[:10]}, and it is {iso(read)[:10]}.",
        code="LiesAhead",
        hint="Correct the date: what is of a day to come is judged once that has come.",
    )


def _latest(lab: Lab, as_of: datetime) -> datetime:
    """What counts as today: a lab of the past may be played, and one is looked at from a day to come."""
    return max(as_of, lab.clock())


def _values(lead: Lead | Arrival, known: History | None, as_of: datetime) -> Mapping[str, Scalar]:
    """The values at the lead's start: its row, and the changes of it that the ledger knows."""
    at = lead.created_at
    row = Lead(
        lead.lead_id, at or as_of, lead.source, lead.account_key, lead.email_domain, lead.fields,
        known.lead.row_is if known else "initial",
    )  # fmt: skip
    changes = known.field_changes if known and at is not None else ()
    return values_at(History(row, (), changes), at or as_of, as_of)
