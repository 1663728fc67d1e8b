"""From the shape of an experiment file to its meaning: instants, named things, and the rules between keys."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

from mqlab.assignment.position import RING, bounds
from mqlab.definitions.model import Definition
from mqlab.definitions.strict import node_at
from mqlab.definitions.yaml import MapNode
from mqlab.errors import InputError, Place, Problem, nearest
from mqlab.experiments.document import ExperimentSpec
from mqlab.experiments.population import Population
from mqlab.experiments.protocol import Arm, Costs, Layer, Looks, Phase, Protocol
from mqlab.experiments.questions import Questions, currency_problem
from mqlab.leads.instants import start_of_day
from mqlab.leads.text import normalise

if TYPE_CHECKING:
    from mqlab.experiments.load import Definitions


MIN_ARMS, MAX_ARMS = 2, 20


class Resolver:
    """Resolves one file; what it finds wrong is in `problems`."""

    def __init__(self, node: MapNode, definitions: Definitions, null_tokens: tuple[str, ...], timezone: str) -> None:
        self.node = node
        self.definitions = definitions
        self.null_tokens = null_tokens
        self.timezone = timezone
        self.problems: list[Problem] = []

    def report(
        self,
        code: str,
        message: str,
        *path: str | int,
        hint: str | None = None,
        on_key: bool = False,
        place: Place | None = None,
    ) -> None:
        """One more problem, at the value (or the key) that stands at `path`, or more exactly at `place`."""
        found, key, dotted = node_at(self.node, path)
        at = place if place is not None and place.line else (key.place if on_key and key is not None else found.place)
        self.problems.append(Problem(code, message, Place(at.file, at.line, at.column, dotted or None), hint=hint))

    def protocol(self, spec: ExperimentSpec) -> Protocol | None:
        """The protocol, or None where too little can be understood; every problem found is in `problems`."""
        zone = self._zone(spec)
        start, end = spec.enrolment.from_, spec.enrolment.to
        if end < start:
            self.report("DatesOutOfOrder", f"Enrolment ends on {end}, before it starts on {start}.", "enrolment", "to")
        arms = self._arms(spec)
        questions = Questions(self.report, spec)
        primary = questions.primary()
        then, beside, guardrails = questions.then(), questions.beside(), questions.guardrails()
        population = Population(self.report, spec, self._definitions(spec), self.null_tokens)
        eligible = population.eligible(node_at(self.node, ("eligible",))[0])
        population.segments()
        population.post_stratify()
        population.fits_the_unit()
        population.decays_slowly_enough()
        phases = self._phases(spec, zone) if zone else ()
        looks = self._looks(spec)
        costs = self._costs(spec)
        layer = self._layer(spec)
        overrides = self._overrides(spec)
        if self.problems or zone is None:
            return None
        return Protocol(
            id=spec.id,
            title=spec.title or spec.id,
            hypothesis=spec.hypothesis,
            aim=spec.aim,
            owner=spec.owner,
            unit=spec.unit,
            salt=spec.salt,
            timezone=zone.key,
            enrolment_from=start,
            enrolment_to=end,
            phases=phases,
            control=spec.control,
            arms=arms,
            qualify_within_us=spec.qualify_within,
            handling=spec.handling,
            cadence_us=spec.cadence,
            primary=primary,
            precision=questions.precision(),
            then=then,
            beside=beside,
            guardrails=guardrails,
            looks=looks,
            alpha=spec.alpha,
            segments=tuple(spec.segments),
            post_stratify=spec.post_stratify,
            costs=costs,
            layer=layer,
            eligible=eligible,
            allow_prior_handoff=spec.prior_handoff == "allow",
            overrides=overrides,
        )

    def _zone(self, spec: ExperimentSpec) -> ZoneInfo | None:
        name = spec.enrolment.timezone or self.timezone
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            hint = nearest(name, available_timezones()) or "Write it as in Europe/Berlin."
            self.report("UnknownTimezone", f"There is no time zone '{name}'.", "enrolment", "timezone", hint=hint)
            return None

    def _arms(self, spec: ExperimentSpec) -> tuple[Arm, ...]:
        if spec.control not in spec.arms:
            hint = nearest(spec.control, spec.arms) or f"The arms are {', '.join(spec.arms)}."
            self.report("UnknownArm", f"The control '{spec.control}' is none of the arms.", "control", hint=hint)
        if not MIN_ARMS <= len(spec.arms) <= MAX_ARMS:
            message = f"An experiment has {MIN_ARMS} to {MAX_ARMS} arms, this one {len(spec.arms)}."
            self.report("NumberOfArms", message, "arms", on_key=True)
        seen: dict[str, str] = {}
        for name in spec.arms:
            first = seen.setdefault(normalise(name), name)
            if first != name:
                self.report(
                    "DuplicateArm", f"The arms '{first}' and '{name}' differ only by case.", "arms", name, on_key=True
                )
        arms = tuple(Arm(name, arm.definition, Decimal(str(arm.weight))) for name, arm in spec.arms.items())
        cuts = (0, *(bounds([arm.weight for arm in arms]) if arms else ()), RING)
        for arm, (low, high) in zip(arms, pairwise(cuts), strict=False):
            if low >= high:
                self.report(
                    "WeightTooSmall", f"No unit can fall into the arm '{arm.name}'.", "arms", arm.name, "weight"
                )
        return arms

    def _definitions(self, spec: ExperimentSpec) -> dict[str, Definition]:
        found: dict[str, Definition] = {}
        for name, arm in spec.arms.items():
            try:
                found[name] = self.definitions[arm.definition]
            except KeyError:
                known = [str(ref) for ref in self.definitions] if isinstance(self.definitions, dict) else []
                self._unknown_definition(name, arm.definition, nearest(arm.definition, known))
            except InputError as error:
                first = error.problems[0]
                if first.code == "UnknownDefinition":
                    self._unknown_definition(name, arm.definition, first.hint)
                else:
                    message = f"The definition '{arm.definition}' cannot be used: {first.message}"
                    self.report("UnusableDefinition", message, "arms", name, "definition", hint=f"See {first.place}.")
        return found

    def _unknown_definition(self, arm: str, ref: str, hint: str | None) -> None:
        self.report("UnknownDefinition", f"There is no definition '{ref}'.", "arms", arm, "definition", hint=hint)

    def _phases(self, spec: ExperimentSpec, zone: ZoneInfo) -> tuple[Phase, ...]:
        if spec.phases is None:
            return (Phase(1, start_of_day(spec.enrolment.from_, zone), Decimal(1)),)
        phases = tuple(
            Phase(number, _instant(phase.from_, zone), phase.coverage) for number, phase in enumerate(spec.phases, 1)
        )
        begin, last_day = start_of_day(spec.enrolment.from_, zone), spec.enrolment.to
        for index, phase in enumerate(phases):
            if phase.start < begin:
                message = f"Phase {phase.number} starts before the enrolment does ({spec.enrolment.from_})."
                self.report("PhaseOutsideEnrolment", message, "phases", index, "from")
            elif phase.start.astimezone(zone).date() > last_day:
                message = f"Phase {phase.number} starts after the last day of enrolment ({last_day})."
                self.report("PhaseOutsideEnrolment", message, "phases", index, "from")
            if index and phase.start <= phases[index - 1].start:
                message = f"Phase {phase.number} does not start later than phase {phase.number - 1}."
                self.report(
                    "PhasesOutOfOrder", message, "phases", index, "from", hint="Write phases in the order of time."
                )
        return phases

    def _looks(self, spec: ExperimentSpec) -> Looks:
        dates = spec.looks.dates
        for index, (earlier, later) in enumerate(pairwise(dates), 1):
            if later <= earlier:
                self.report(
                    "LooksOutOfOrder", f"The look on {later} does not come after {earlier}.", "looks", "dates", index
                )
        return Looks(tuple(dates), spec.looks.spending, spec.looks.maximum_leads)

    def _costs(self, spec: ExperimentSpec) -> Costs | None:
        costs = spec.costs
        if costs is None:
            return None
        if costs.currency is not None and (problem := currency_problem(costs.currency)):
            self.report("UnknownCurrency", problem[0], "costs", "currency", hint=problem[1])
        lead: dict[str, Decimal] = {}
        for source, cost in costs.lead.items():
            key = normalise(source)
            if key in lead:
                self.report(
                    "DuplicateKey", f"The source '{source}' stands here twice.", "costs", "lead", source, on_key=True
                )
            lead[key] = Decimal(str(cost))
        mql = None if costs.mql is None else Decimal(str(costs.mql))
        return Costs(tuple(lead.items()), mql, costs.currency)

    def _layer(self, spec: ExperimentSpec) -> Layer | None:
        if spec.layer is None:
            if spec.slice is not None:
                self.report(
                    "MissingKey",
                    "A slice needs the layer it is a slice of.",
                    "slice",
                    hint="Add `layer: NAME`.",
                    on_key=True,
                )
            return None
        if spec.slice is not None and len(spec.slice) != 2:
            self.report("WrongLength", "A slice has two ends, such as [0%, 50%].", "slice")
            return None
        low, high = spec.slice or (Decimal(0), Decimal(1))
        if low >= high:
            self.report("EmptySlice", f"The slice from {_percent(low)} to {_percent(high)} is empty.", "slice")
        if spec.layer in (f"{spec.salt}-traffic", f"{spec.salt}-split"):
            message = f"The layer '{spec.layer}' has the name of one of the experiment's own salts."
            self.report("SaltsNotIndependent", message, "layer", hint="Give the layer another name.")
        return Layer(spec.layer, low, high)

    def _overrides(self, spec: ExperimentSpec) -> tuple[tuple[str, str], ...]:
        for unit, arm in spec.overrides.items():
            if arm not in spec.arms:
                hint = nearest(arm, spec.arms) or f"The arms are {', '.join(spec.arms)}."
                self.report(
                    "UnknownArm", f"The override of '{unit}' names no arm: '{arm}'.", "overrides", unit, hint=hint
                )
        return tuple(spec.overrides.items())


def _instant(start: date | datetime, zone: ZoneInfo) -> datetime:
    return start.astimezone(UTC) if isinstance(start, datetime) else start_of_day(start, zone)


def _percent(value: Decimal) -> str:
    return f"{(value * 100).normalize():f}%"
