"""`decide`: judge one lead by the definition that governs it, and keep the decision and its shadows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from mqlab.analysis.judge import reads_account
from mqlab.definitions.decision import Decision
from mqlab.definitions.evaluate import Evaluator
from mqlab.definitions.fingerprint import fingerprint
from mqlab.lab.assign import refuse_ahead
from mqlab.lab.experiments import close_due
from mqlab.lab.governing import governing
from mqlab.lab.known import Known
from mqlab.leads.instants import instant
from mqlab.leads.records import Event, History, Lead
from mqlab.store.decisions import NewDecision

if TYPE_CHECKING:
    from mqlab.lab.core import Lab


def decide(lab: Lab, lead: Lead, events: Sequence[Event] | None, *, as_of: datetime, now: datetime) -> Decision:
    """The acting decision. Every arm's definition is judged; the own arm's acts, the others are shadows.

    Without `events` the lead has the events, field changes and merged records that the ledger knows. The other leads
    of its account are always the ledger's. InputError where the lead, or an event, is of a day to come.
    """
    refuse_ahead(lab, [lead], events or (), as_of=as_of)
    found = governing(lab, lead, at=as_of)
    plan, placed = found.protocol, found.assignment
    arms = [(arm.name, arm.definition) for arm in plan.arms] if plan else [(None, found.definition)]
    definitions = {ref: lab.definitions[ref] for _, ref in arms}
    accounts = any(reads_account(definition) for definition in definitions.values())
    known = Known.read(lab, as_of=as_of, leads=None if accounts else [lead.lead_id])
    mine = known.whole.get(lead.lead_id)
    history = History(lead, tuple(events or ()))
    if events is None and mine is not None:
        history = replace(mine, lead=lead)
    account = known.colleagues(lead) if accounts else ()
    start = placed.assigned_at if placed else None
    within = plan.qualify_within_us if plan else None
    acting: Decision | None = None
    rows = []
    for arm, ref in arms:
        evaluator = Evaluator(definitions[ref])
        decision = evaluator.decide(history, as_of=as_of, start=start, qualify_within_us=within, account=account)
        on_time = evaluator.would_have_qualified_at(
            history, as_of=as_of, start=start, qualify_within_us=within, account=account
        ).qualified_at_us
        acts = plan is None or (placed is not None and arm == placed.arm)
        if acts:
            acting = decision
        rows.append(
            NewDecision(
                lead_id=lead.lead_id,
                definition=ref,
                fingerprint=fingerprint(definitions[ref]).meaning,
                verdict=decision.verdict,
                acts=acts,
                experiment=plan.id if plan else None,
                arm=arm,
                path=decision.path,
                qualified_at=decision.qualified_at,
                would_have_qualified_at=None if on_time is None else instant(on_time),
                explanation=decision.to_dict(),
            )
        )
    assert acting is not None, "one arm always acts"
    lab.ledger.decisions.append(rows, now=now)
    close_due(lab, now)
    return acting
