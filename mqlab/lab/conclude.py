"""`experiments decide`: close an experiment; on ship its challenger is in force."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from mqlab.errors import InputError, MqlabError, nearest
from mqlab.experiments import in_force, lifecycle
from mqlab.experiments.protocol import Protocol
from mqlab.lab.analyze import analyze
from mqlab.lab.experiments import close_due, declared, lateness_days, meanings, record, share, steps
from mqlab.lab.files import write_whole
from mqlab.leads.instants import iso

if TYPE_CHECKING:
    from mqlab.lab.core import Lab
    from mqlab.lab.progress import Progress


def conclude(
    lab: Lab,
    experiment: str,
    *,
    call: str,
    by: str,
    because: str,
    at: datetime,
    start: datetime | None,
    arm: str | None,
    holdout: str | None,
    progress: Progress,
) -> dict[str, Any]:
    """Record the call beside the verdict as of `at`, put the winner in force, write the holdout's experiment file."""
    if call not in ("ship", "keep"):
        hint = nearest(call, ("ship", "keep")) or "A call is ship or keep."
        raise InputError(f"--call {call} is not known.", code="UnknownCall", hint=hint)
    if not by.strip():
        raise InputError("the audit log needs a name.", code="NoName", hint='Say who decides: --by "Ada King".')
    plan = declared(lab, experiment)
    close_due(lab, at)
    log = steps(lab, experiment)
    lifecycle.refuse_edits(plan, log, meanings(lab, plan))
    analysis = analyze(lab, experiment, as_of=at, position=None, progress=progress)
    decided = in_force.decide(
        plan,
        log,
        call=call,  # type: ignore[arg-type]
        by=by,
        because=because,
        at=at,
        verdicts={name: verdict.call for name, verdict in analysis.result.verdicts.items()},
        arm=arm,
        start_at=start,
        holdout=share(holdout, "--holdout") if holdout else None,
        lateness_days=lateness_days(lab, at),
    )
    follow_up = None
    if decided.follow_up is not None:
        name, text = decided.follow_up
        follow_up = lab.folder / "experiments" / f"{name}.yaml"
        write_whole(follow_up, text, overwrite=False)
    try:
        record(lab, decided.step, log, now=at, in_force=decided.in_force)
    except MqlabError:
        if follow_up is not None:
            follow_up.unlink(missing_ok=True)
        raise
    return {
        "experiment": experiment,
        "call": call,
        "verdict": dict(decided.step.details).get("verdict"),
        "disagreement": decided.disagreement,
        "in_force": decided.in_force.definition if decided.in_force else None,
        "from": iso(decided.in_force.from_at) if decided.in_force else None,
        "follow_up": str(follow_up) if follow_up else None,
        "follow_up_enrols_from": str(decided.follow_up_from) if decided.follow_up_from else None,
        "next": _next(plan, decided),
    }


def _next(plan: Protocol, decided: in_force.Decided) -> str | None:
    """What is left to do where there is a holdout: its leads are those of whole days, and it has to be started."""
    if decided.follow_up is None or decided.in_force is None:
        return None
    name, day = decided.follow_up[0], decided.follow_up_from
    since = f"The holdout takes leads from {day} on ({plan.timezone})"
    before = f"; until then {decided.in_force.definition} governs every lead"
    return f"{since}{before}. Start it before: mqlab experiments start {name}"
