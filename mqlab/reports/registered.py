"""The protocol as it was registered before the start, and whatever departed from it."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from mqlab.analysis.results import AnalysisResult
from mqlab.definitions.phrases import clause
from mqlab.definitions.wording import plain_name, spoken_duration
from mqlab.experiments.metrics import METRICS, horizon_days
from mqlab.experiments.protocol import Metric, Phase, Protocol
from mqlab.leads.instants import end_of_day
from mqlab.reports import format as fmt
from mqlab.reports import words
from mqlab.reports.document import Block, Bullets, Cell, Column, Section, Table, Text
from mqlab.reports.in_locale import numbers_in_locale
from mqlab.reports.look_calendar import looks
from mqlab.reports.signatures import OnRecord

_AIMS = {
    "growth": "growth: more of what matters per assigned lead",
    "efficiency": "efficiency: fewer hand-overs, and no more lost than the margins allow",
}
_HANDLING = {
    "blinded": "blinded: sales does not see the arm, and treats every hand-over alike",
    "open": "open: sales sees the arm",
}


def registered(result: AnalysisResult, protocol: Protocol, record: OnRecord | None, zone: ZoneInfo) -> Section:
    """What departed from the protocol, and below it what was declared; `zone` is the lab's.

    Without a `record` nothing is said of departures.
    """
    blocks: list[Block] = [] if record is None else [*_departed(result, protocol, record, zone)]
    money = next((row.currency for row in result.metrics if row.currency), None)
    blocks.append(
        Table(
            "registered",
            "Declared before the start",
            (Column("What"), Column("Declared")),
            tuple((Cell(what), Cell(declared)) for what, declared in _declared(protocol, record or OnRecord(), money)),
            folded=True,
        )
    )
    return Section("protocol", "Protocol and departures", tuple(blocks))


def _departed(result: AnalysisResult, protocol: Protocol, record: OnRecord, zone: ZoneInfo) -> Iterator[Block]:
    start = next((step for step in record.steps if step.step == "start"), None)
    if start is None:
        yield Text("Nothing is registered yet: the experiment has not been started.", "lead")
        return
    found = tuple(departures(result, protocol, record, zone))
    counted = {0: "Nothing departed from it.", 1: "One thing departed from it."}.get(
        len(found), f"{fmt.count(len(found))} things departed from it."
    )
    yield Text(f"Registered by {start.by} on {fmt.day(start.at.astimezone(zone).date())}. {counted}", "lead")
    if found:
        yield Bullets(found)


def departures(result: AnalysisResult, protocol: Protocol, record: OnRecord, zone: ZoneInfo) -> Iterator[str]:
    """Each departure as a sentence, in the order of an experiment's life."""
    last = end_of_day(protocol.enrolment_to, ZoneInfo(protocol.timezone))
    for step in record.steps:
        day = fmt.day(step.at.astimezone(zone).date())
        if step.step == "start":
            yield from (numbers_in_locale(str(sentence)) for sentence in step.details.get("late", ()))
        elif step.step == "ramp":
            why = f": {words.sentence(step.because)}" if step.because.strip() else "."
            yield f"{step.by} raised the coverage to {fmt.share(float(step.details['coverage']))} on {day}{why}"
        elif step.step in ("stop", "decide") and step.at < last:
            yield f"Enrolment ended on {day}, before its last day, {fmt.day(protocol.enrolment_to)}."
    changed = next((check for check in result.checks if check.check == "protocol_unchanged"), None)
    if changed is not None and changed.status in ("warn", "fail"):
        yield words.sentence(words.in_words(changed.detail))
    for look in looks(result, protocol, record, zone):
        if look.standing == "due, none recorded":
            yield f"The look declared for {fmt.day(look.day)} was not recorded."
        elif look.standing == "taken, not declared":
            yield f"A look was taken on {fmt.day(look.day)}, which was not declared."
    extra = next((one for one in result.conditions if one.condition == "undeclared_look"), None)
    if extra is not None:
        yield words.sentence(words.in_words(extra.detail))
    by_hand = result.excluded.get("override", 0)
    if by_hand:
        verb = "was" if by_hand == 1 else "were"
        yield f"{fmt.counted(by_hand, 'lead')} {verb} placed in an arm by hand, and left out of every number."


def _declared(protocol: Protocol, record: OnRecord, money: str | None) -> Iterator[tuple[str, str]]:
    """Every part of the protocol that the numbers hang on, in the order of the file; amounts in `money`."""
    if protocol.hypothesis:
        yield "Hypothesis", words.sentence(protocol.hypothesis)
    yield "Aim", _AIMS[protocol.aim]
    yield "Owner", protocol.owner
    yield "Randomised", f"by {protocol.unit}"
    yield (
        "Enrolment",
        (f"{fmt.day(protocol.enrolment_from)} to {fmt.day(protocol.enrolment_to)}, days in {protocol.timezone}"),
    )
    if protocol.eligible is not None:
        yield "Eligible", words.sentence(clause(protocol.eligible.tree))
    if protocol.layer is not None:
        layer = protocol.layer
        yield "Layer", f"{layer.name}, from {fmt.share(float(layer.low))} to {fmt.share(float(layer.high))}"
    yield "Coverage", "; ".join(_phase(phase, protocol) for phase in _registered_phases(protocol, record))
    total = sum(arm.weight for arm in protocol.arms)
    for arm in protocol.arms:
        control = " (control)" if arm.name == protocol.control else ""
        yield (
            f"Arm {arm.name}{control}",
            f"{arm.definition}, {fmt.share(float(arm.weight / total))} of {protocol.unit}s",
        )
    yield "Qualifies within", spoken_duration(protocol.qualify_within_us)
    yield "Handling", _HANDLING[protocol.handling]
    yield "Hand-over every", spoken_duration(protocol.cadence_us)
    yield "Primary metric", _metric(protocol.primary, protocol, money)
    if protocol.precision is not None:
        yield "Precision", _metric(protocol.precision, protocol, money)
    for role, metrics in (("Then", protocol.then), ("Beside", protocol.beside), ("Guardrail", protocol.guardrails)):
        for metric in metrics:
            yield role, _metric(metric, protocol, money)
    yield "Looks", ", ".join(fmt.day(day) for day in protocol.looks.dates) or "none declared"
    if protocol.looks.maximum_leads is not None:
        yield "Most leads", fmt.count(protocol.looks.maximum_leads)
    yield "Level", fmt.rate(protocol.alpha)
    if protocol.segments:
        yield "Segments", ", ".join(plain_name(name) for name in protocol.segments)
    if protocol.post_stratify is not None:
        yield "Post-stratified by", plain_name(protocol.post_stratify)


def _registered_phases(protocol: Protocol, record: OnRecord) -> tuple[Phase, ...]:
    ramped = {int(step.details["number"]) for step in record.steps if step.step == "ramp"}
    return tuple(phase for phase in protocol.phases if phase.number not in ramped)


def _phase(phase: Phase, protocol: Protocol) -> str:
    day = phase.start.astimezone(ZoneInfo(protocol.timezone)).date()
    return f"{fmt.share(float(phase.coverage))} from {fmt.day(day)}"


def _metric(metric: Metric, protocol: Protocol, money: str | None) -> str:
    told = [f"{words.metric(metric.metric)} within {fmt.days(horizon_days(metric, protocol))}"]
    if metric.minimum_effect is not None:
        told.append(f"smallest change worth a new definition {fmt.rate(metric.minimum_effect)}")
    if metric.margin is not None:
        shown = fmt.points if metric.margin.kind == "points" else fmt.change
        worse = -metric.margin.size if METRICS[metric.metric].better == "higher" else metric.margin.size
        told.append(f"margin {shown(worse)}")
    if metric.cap is not None:
        currency = metric.currency or money
        most = fmt.count(round(metric.cap)) if currency is None else fmt.money(float(metric.cap), currency)
        told.append(f"amounts count up to {most}")
    return "; ".join(told)
