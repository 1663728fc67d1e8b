"""Which definition governs the leads that no running experiment governs, and what a decision does to that."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML

from mqlab.errors import RefusedError, nearest
from mqlab.experiments.canonical import canonical, percent
from mqlab.experiments.lifecycle import Step, state
from mqlab.experiments.maturity import mature_on
from mqlab.experiments.metrics import horizon_days
from mqlab.experiments.protocol import Protocol
from mqlab.leads.instants import iso, start_of_day

CALLS_FOR = {"ship": ("ship",), "keep": ("keep", "harm")}
"""The verdicts that a call agrees with."""


@dataclass(frozen=True, slots=True)
class InForce:
    """A definition governs every lead no running experiment governs, from `from_at` on."""

    definition: str
    from_at: datetime
    by: str
    because: str = ""
    experiment: str | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """What a decision does: its step, the definition it puts in force, where it disagrees, and a follow-up file.

    `follow_up` is (experiment id, YAML text) of the holdout, which enrols from the local day `follow_up_from` on.
    """

    step: Step
    in_force: InForce | None = None
    disagreement: str | None = None
    follow_up: tuple[str, str] | None = None
    follow_up_from: date | None = None


def in_force_at(rows: Sequence[InForce], at: datetime, default: str | None = None) -> str | None:
    """The definition in force at an instant: the latest that began by then (of two at once, the one written later).

    `default` is the lab's first one.
    """
    begun = [(row.from_at, index) for index, row in enumerate(rows) if row.from_at <= at]
    return rows[max(begun)[1]].definition if begun else default


def decide(
    protocol: Protocol,
    steps: Sequence[Step],
    *,
    call: Literal["ship", "keep"],
    by: str,
    because: str,
    at: datetime,
    verdicts: Mapping[str, str],
    arm: str | None = None,
    start_at: datetime | None = None,
    holdout: Decimal | None = None,
    lateness_days: int = 0,
) -> Decided:
    """Closes the experiment with a call and says what follows from it.

    `verdicts` is the present call of the rule by challenger. `arm` names the challenger that ships, where there are
    several. `start_at` (default: `at`) is when it comes into force. `holdout` keeps the control's definition on that
    share as a follow-up experiment. RefusedError where the experiment does not run, no reason is given, the instant is
    past, or a holdout is asked for without shipping.
    """
    _refuse_early(protocol, steps, at, because)
    begins = start_at or at
    if begins < at:
        raise RefusedError(
            f"A definition cannot come into force in the past: {iso(begins)} is before {iso(at)}.",
            code="DecisionInThePast",
        )
    chosen = _challenger(protocol, verdicts, arm, call)
    verdict = verdicts.get(chosen)
    disagreement = None
    if verdict is None or verdict not in CALLS_FOR[call]:
        said = f"says {verdict}" if verdict else "has not been asked"
        disagreement = f"The call is {call}, and the rule {said} for '{chosen}'."
    details: dict[str, Any] = {
        "call": call,
        "arm": chosen,
        "verdict": verdict,
        "disagreement": disagreement,
        "from": iso(begins),
        "holdout": None if holdout is None else str(holdout),
    }
    step = Step(protocol.id, "decide", at, by, because, details=details)
    if call == "keep":
        if holdout is not None:
            raise RefusedError(
                "A holdout keeps the old definition on a share, so it goes with --call ship only.",
                code="HoldoutWithoutShip",
            )
        return Decided(step, None, disagreement)
    definition = next(one.definition for one in protocol.arms if one.name == chosen)
    follow_up, follow_up_from = None, None
    if holdout is not None:
        if not 0 < holdout <= Decimal("0.5"):
            raise RefusedError(f"A holdout is more than 0% and at most 50%, not {percent(holdout)}.", code="BadHoldout")
        follow_up = holdout_experiment(protocol, chosen, holdout, begins, lateness_days=lateness_days)
        follow_up_from = first_whole_day(begins, ZoneInfo(protocol.timezone))
    entry = InForce(definition, begins, by, because, protocol.id)
    return Decided(step, entry, disagreement, follow_up, follow_up_from)


def holdout_experiment(
    protocol: Protocol, arm: str, share: Decimal, start_at: datetime, *, lateness_days: int = 0
) -> tuple[str, str]:
    """(id, YAML text) of the experiment that keeps the control's definition on a hashed share after `arm` shipped.

    It asks the same questions for as many days, looks once, when everything is mature, and has salts of its own. Its
    enrolment begins with the first whole local day from `start_at` on, so that each of its days is whole.
    """
    zone = ZoneInfo(protocol.timezone)
    refs = {one.name: one.definition for one in protocol.arms}
    first = first_whole_day(start_at, zone)
    last = first + (protocol.enrolment_to - protocol.enrolment_from)
    asked = [
        protocol.primary,
        *protocol.then,
        *protocol.guardrails,
        *([protocol.precision] if protocol.precision else []),
    ]
    longest = max(horizon_days(metric, protocol) for metric in asked)
    identity = f"{protocol.id}-holdout"
    document = canonical(protocol)
    document.update(
        id=identity,
        salt=identity,
        title=f"Holdout: {refs[protocol.control]} on {percent(share)} after {refs[arm]} shipped",
        hypothesis=f"What {protocol.id} showed holds on: {refs[arm]} does better than {refs[protocol.control]}.",
        enrolment={"from": str(first), "to": str(last), "timezone": protocol.timezone},
        phases=[{"from": iso(start_of_day(first, zone)), "coverage": "100%"}],
        control="holdout",
        arms={
            "holdout": {"definition": refs[protocol.control], "weight": _weight(share)},
            "shipped": {"definition": refs[arm], "weight": _weight(1 - share)},
        },
        prior_handoff="allow",
    )
    looks = {"dates": [str(mature_on(last, zone, longest, lateness_days))], "spending": protocol.looks.spending}
    if protocol.looks.maximum_leads is not None:
        looks["maximum_leads"] = protocol.looks.maximum_leads  # type: ignore[assignment]
    document["looks"] = looks
    document.pop("overrides", None)
    return identity, _yaml(
        document, f"A share of {percent(share)} keeps what was in force before {protocol.id} was decided."
    )


def first_whole_day(at: datetime, zone: ZoneInfo) -> date:
    """The local day that begins at `at`, or the next one where `at` lies within a day.

    Example:
        >>> first_whole_day(datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("UTC")), ZoneInfo("UTC"))
        datetime.date(2026, 7, 2)
    """
    day = at.astimezone(zone).date()
    return day if start_of_day(day, zone) >= at else day + timedelta(days=1)


def _refuse_early(protocol: Protocol, steps: Sequence[Step], at: datetime, because: str) -> None:
    now = state(protocol, steps, at=max([at, *(step.at for step in steps)]))
    if now.status not in ("running", "enrolment closed"):
        said = "is a draft; it has not been started" if now.status == "draft" else f"is already {now.status}"
        raise RefusedError(f"The experiment '{protocol.id}' {said}.", code="WrongState")
    if not because.strip():
        raise RefusedError("A decision needs a reason.", code="ReasonNeeded", hint="Add --because TEXT.")


def _challenger(protocol: Protocol, verdicts: Mapping[str, str], arm: str | None, call: str) -> str:
    names = [one.name for one in protocol.challengers]
    if arm is not None:
        if arm not in names:
            hint = nearest(arm, names) or f"Challengers are {', '.join(names)}."
            raise RefusedError(f"'{arm}' is no challenger of '{protocol.id}'.", code="UnknownArm", hint=hint)
        return arm
    if len(names) == 1 or call == "keep":
        return names[0]
    shipping = [name for name in names if verdicts.get(name) == "ship"]
    if len(shipping) == 1:
        return shipping[0]
    raise RefusedError(
        f"'{protocol.id}' has several challengers: say which one ships.",
        code="ArmNeeded",
        hint=f"Add --arm with one of {', '.join(names)}.",
    )


def _weight(share: Decimal) -> int | float:
    weight = share * 100
    return int(weight) if weight == weight.to_integral_value() else float(weight)


def _yaml(document: Mapping[str, Any], comment: str) -> str:
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.representer.sort_base_mapping_type_on_output = False
    yaml.allow_unicode = True
    yaml.width = 120
    out = io.StringIO()
    yaml.dump(dict(document), out)
    return f"# {comment}\n{out.getvalue()}"
