"""`decide`: judge one lead by the definition that governs it, and keep the decision and its shadows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from mqlab.definitions.decision import Decision
from mqlab.definitions.evaluate import Evaluator
from mqlab.definitions.fingerprint import fingerprint
from mqlab.lab.governing import governing
from mqlab.leads.records import Event, History, Lead
from mqlab.store.decisions import NewDecision

if TYPE_CHECKING:
    from mqlab.lab.core import Lab


def decide(lab: Lab, lead: Lead, events: Sequence[Event], *, as_of: datetime, now: datetime) -> Decision:
    """The acting decision. Every arm's definition is judged; the own arm's acts, the others are shadows."""
    found = governing(lab, lead, at=as_of)
    history = History(lead, tuple(events))
    plan, placed = found.protocol, found.assignment
    start = placed.assigned_at if placed else None
    within = plan.qualify_within_us if plan else None
    arms = [(arm.name, arm.definition) for arm in plan.arms] if plan else [(None, found.definition)]
    acting: Decision | None = None
    rows = []
    for arm, ref in arms:
        definition = lab.definitions[ref]
        evaluator = Evaluator(definition)
        decision = evaluator.decide(history, as_of=as_of, start=start, qualify_within_us=within)
        on_time = evaluator.would_have_qualified_at(history, as_of=as_of, start=start, qualify_within_us=within)
        acts = plan is None or (placed is not None and arm == placed.arm)
        if acts:
            acting = decision
        rows.append(
            NewDecision(
                lead_id=lead.lead_id,
                definition=ref,
                fingerprint=fingerprint(definition).meaning,
                verdict=decision.verdict,
                acts=acts,
                experiment=plan.id if plan else None,
                arm=arm,
                path=decision.path,
                qualified_at=decision.qualified_at,
                would_have_qualified_at=_instant(on_time.qualified_at_us),
                explanation=decision.to_dict(),
            )
        )
    lab.ledger.decisions.append(rows, now=now)
    assert acting is not None, "one arm always acts"
    return acting


def _instant(us: int | None) -> datetime | None:
    from mqlab.leads.instants import instant

    return None if us is None else instant(us)
