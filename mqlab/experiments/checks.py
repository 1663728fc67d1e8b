"""What can be said about a protocol before it starts: what cannot work is an error, what will disappoint a warning."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from mqlab.definitions.durations import duration_text
from mqlab.definitions.model import Definition
from mqlab.definitions.strict import places
from mqlab.definitions.yaml import read_yaml_file
from mqlab.errors import InputError, Place, Problem
from mqlab.experiments.canonical import margin_text, percent
from mqlab.experiments.chance import Assumptions, chance_to_clear
from mqlab.experiments.load import Definitions, load_file
from mqlab.experiments.maturity import due_on, first_mature_on
from mqlab.experiments.metrics import horizon_days
from mqlab.experiments.protocol import Metric, Protocol
from mqlab.experiments.same_handling import handling_differences, same_handling
from mqlab.leads.instants import DAY_US, iso
from mqlab.leads.text import DEFAULT_NULL_TOKENS

HALF = 0.5


def check_protocol(
    protocol: Protocol,
    definitions: Mapping[str, Definition],
    *,
    lateness_days: int = 0,
    assumptions: Assumptions | None = None,
) -> tuple[Problem, ...]:
    """What is wrong with a protocol that could be read, errors first.

    `definitions` by `id@version` holds at least those of the arms. `lateness_days`: how late sales reports, 0 where it
    is not known. `assumptions`: the lab's own rates, defaults where it has none.
    """
    given = assumptions or Assumptions()
    found = [
        *_immature(protocol, lateness_days),
        *_early_looks(protocol, lateness_days),
        *_qualify_within(protocol),
        *_uncovered_start(protocol),
        *_falling_coverage(protocol),
        *_interim_looks(protocol),
        *_handling(protocol, definitions),
        *_margins(protocol, given, triggered=same_handling(protocol, definitions)),
        *_segments(protocol, definitions),
        *_volume(protocol),
        *_uneven_arms(protocol),
        *_same_definition(protocol),
    ]
    return tuple(sorted(found, key=lambda problem: problem.severity != "error"))


def check_file(
    path: Path,
    *,
    definitions: Definitions,
    null_tokens: Collection[str] = DEFAULT_NULL_TOKENS,
    timezone: str = "UTC",
    lateness_days: int = 0,
    assumptions: Assumptions | None = None,
) -> tuple[Problem, ...]:
    """Everything that is wrong with one experiment file, each with its line; nothing is raised."""
    try:
        protocol = load_file(path, definitions=definitions, null_tokens=null_tokens, timezone=timezone)
        known = places(read_yaml_file(path))
    except InputError as error:
        return error.problems
    used = {arm.definition: definitions[arm.definition] for arm in protocol.arms}
    found = list(check_protocol(protocol, used, lateness_days=lateness_days, assumptions=assumptions))
    if path.stem != protocol.id:
        message = f"The file is called '{path.name}' and holds the experiment '{protocol.id}'."
        hint = f"Call it '{protocol.id}.yaml'."
        found.append(Problem("WrongFileName", message, Place(str(path), path="id"), hint=hint))
    return tuple(replace(problem, place=_located(problem.place, known, path)) for problem in found)


def _immature(protocol: Protocol, lateness_days: int) -> Iterator[Problem]:
    last = protocol.looks.dates[-1] if protocol.looks.dates else None
    if last is None:
        return
    asked: list[tuple[str, Metric, bool]] = [("metrics.primary", protocol.primary, True)]
    if protocol.precision is not None:
        asked.append(("metrics.primary.precision", protocol.precision, True))
    asked += [(f"metrics.guardrails.{index}", metric, True) for index, metric in enumerate(protocol.guardrails)]
    asked += [(f"metrics.then.{index}", metric, False) for index, metric in enumerate(protocol.then)]
    for path, metric, needed in asked:
        due = due_on(metric, protocol, lateness_days)
        if due > last:
            late = f", and sales reports up to {lateness_days} days late" if lateness_days else ""
            message = (
                f"'{metric.metric}' cannot be mature at the last look, on {last}: leads arrive until "
                f"{protocol.enrolment_to} and have {horizon_days(metric, protocol)} days{late}."
            )
            hint = f"The earliest date that works is {due}."
            code, severity = ("NeverMature", "error") if needed else ("NotMatureAtLastLook", "warning")
            yield Problem(
                code, message, Place(protocol.file, path=path), "error" if severity == "error" else "warning", hint
            )


def _early_looks(protocol: Protocol, lateness_days: int) -> Iterator[Problem]:
    first = first_mature_on(protocol.primary, protocol, lateness_days)
    for index, day in enumerate(protocol.looks.dates):
        if day < first:
            message = (
                f"The look on {day} cannot be due: no lead is mature for '{protocol.primary.metric}' before {first}."
            )
            yield _warning(protocol, "LookTooEarly", message, f"looks.dates.{index}", f"Look on {first} or later.")


def _qualify_within(protocol: Protocol) -> Iterator[Problem]:
    horizon = horizon_days(protocol.primary, protocol)
    if protocol.qualify_within_us > horizon * DAY_US:
        metric, allowed = protocol.primary.metric, duration_text(protocol.qualify_within_us)
        message = (
            f"A lead may qualify for {allowed}, and '{metric}' is read after {horizon}d: "
            "what sales makes of late MQLs is not seen."
        )
        hint = f"Make qualify_within at most {horizon}d, or the horizon longer."
        yield _warning(protocol, "QualifyWithinBeyondHorizon", message, "qualify_within", hint)


def _uncovered_start(protocol: Protocol) -> Iterator[Problem]:
    first = protocol.phases[0]
    if first.start > protocol.enrolment_start:
        message = (
            f"The first phase starts at {iso(first.start)}, after the enrolment does: units whose first lead arrives "
            "before it are out for good."
        )
        yield _warning(protocol, "UncoveredStart", message, "phases", f"Start it on {protocol.enrolment_from}.")


def _falling_coverage(protocol: Protocol) -> Iterator[Problem]:
    for index, (before, after) in enumerate(pairwise(protocol.phases), 1):
        if after.coverage < before.coverage:
            message = (
                f"The coverage falls from {percent(before.coverage)} to {percent(after.coverage)} at "
                f"{iso(after.start)}: fewer new units are taken in from then on, and who is in stays in."
            )
            hint = "Let the coverage only rise; to take in nobody else, end the enrolment or stop the experiment."
            yield _warning(protocol, "CoverageFalls", message, f"phases.{index}.coverage", hint)


def _interim_looks(protocol: Protocol) -> Iterator[Problem]:
    if len(protocol.looks.dates) > 1 and protocol.looks.maximum_leads is None:
        message = (
            "There are several looks and no declared maximum of leads: how much information a look has is not known."
        )
        hint = "Add `maximum_leads` under `looks`."
        yield _warning(protocol, "NoMaximumLeads", message, "looks", hint)


def _handling(protocol: Protocol, definitions: Mapping[str, Definition]) -> Iterator[Problem]:
    if protocol.handling != "blinded":
        return
    for difference in handling_differences(protocol, definitions):
        message = f"Handling is declared blinded, but {difference}; so all leads are compared, with wider intervals."
        hint = f"Make the `{difference.block}` blocks equal, or write `handling: open`."
        yield _warning(protocol, "HandlingDiffers", message, "handling", hint)


def _margins(protocol: Protocol, assumptions: Assumptions, *, triggered: bool) -> Iterator[Problem]:
    rails = [(f"metrics.guardrails.{index}", metric) for index, metric in enumerate(protocol.guardrails)]
    if protocol.aim == "efficiency":
        rails.insert(0, ("metrics.primary", protocol.primary))
    for path, metric in rails:
        if metric.margin is None:
            continue
        chance = chance_to_clear(metric, metric.margin, protocol, assumptions, triggered=triggered)
        if chance is None or chance.probability >= HALF:
            continue
        message = (
            f"'{metric.metric}' has a chance of about {chance.probability:.0%} to clear its margin of "
            f"{margin_text(metric.margin)} even if nothing gets worse (assuming {chance.assumed})."
        )
        hint = f"About {_rounded(chance.leads_for_half):,} leads would give half a chance; or widen the margin."
        yield _warning(protocol, "MarginHardToClear", message, path, hint)


def _segments(protocol: Protocol, definitions: Mapping[str, Definition]) -> Iterator[Problem]:
    numbers = {
        field.name for arm in protocol.arms for field in definitions[arm.definition].fields if field.kind == "number"
    }
    for index, name in enumerate(protocol.segments):
        if name in numbers:
            message = f"The segment '{name}' is a number: every value would be a segment of its own."
            hint = "Segment by a field with few values, such as an enum."
            yield _warning(protocol, "SegmentByNumber", message, f"segments.{index}", hint)
    if protocol.post_stratify in numbers:
        message = (
            f"The covariate '{protocol.post_stratify}' is a number: all but its four most frequent values would be "
            "one level."
        )
        hint = "Post-stratify by a field with few values, such as an enum."
        yield _warning(protocol, "PostStratifyByNumber", message, "post_stratify", hint)


def _volume(protocol: Protocol) -> Iterator[Problem]:
    if protocol.primary.metric == "mql_per_lead":
        message = "The primary metric counts MQLs, and a looser definition always makes more of them."
        hint = "Decide by what sales makes of them, such as sql_per_lead."
        yield _warning(protocol, "VolumeDecides", message, "metrics.primary.metric", hint)


def _same_definition(protocol: Protocol) -> Iterator[Problem]:
    control = next(arm.definition for arm in protocol.arms if arm.name == protocol.control)
    for arm in protocol.challengers:
        if arm.definition == control:
            message = f"'{arm.name}' has the control's definition, {control}: there is nothing to find."
            hint = "Give it another version; keep it where an A/A test is meant."
            yield _warning(protocol, "SameDefinition", message, f"arms.{arm.name}.definition", hint)


def _uneven_arms(protocol: Protocol) -> Iterator[Problem]:
    deciding = (protocol.primary, *protocol.then, *protocol.guardrails)
    if not any(metric.metric == "revenue_per_lead" for metric in deciding):
        return
    weight = {arm.name: float(arm.weight) for arm in protocol.arms}
    for arm in protocol.challengers:
        pair = weight[protocol.control] + weight[arm.name]
        if pair and not 0.30 <= weight[arm.name] / pair <= 0.70:
            message = (
                f"'{arm.name}' gets {weight[arm.name] / pair:.0%} of its pair with the control: the limits of revenue "
                "are not to be trusted outside 30% to 70%."
            )
            hint = "Give both arms like weights where money decides."
            yield _warning(protocol, "UnevenArmsForMoney", message, f"arms.{arm.name}.weight", hint)


def _warning(protocol: Protocol, code: str, message: str, path: str, hint: str | None = None) -> Problem:
    return Problem(code, message, Place(protocol.file, path=path), "warning", hint)


def _located(place: Place, known: Mapping[str, Place], path: Path) -> Place:
    """The place of the nearest key of the file on the way to `place.path`."""
    way = place.path or ""
    while way:
        if way in known:
            found = known[way]
            return Place(found.file, found.line, found.column, place.path)
        way = way.rpartition(".")[0]
    return Place(str(path), 1, 1, place.path)


def _rounded(count: int) -> int:
    """Up to two figures, as a plan is no more exact than that."""
    size = int(10 ** max(0, len(str(count)) - 2))
    return -(-count // size) * size
