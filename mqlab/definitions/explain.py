"""A decision with everything that led to it (definitions.md 3.9 and 3.14)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never

from mqlab.definitions.channels import FOREVER
from mqlab.definitions.decision import Decision, RuleOutcome, Verdict
from mqlab.definitions.logic import Reader, compile_node, round9, spaced_once
from mqlab.definitions.model import (
    AbsenceRule,
    BandsRule,
    Definition,
    EventRule,
    MapRule,
    Rule,
    WeightRule,
    WhenRule,
    WordsRule,
)
from mqlab.definitions.plan import Plan
from mqlab.definitions.prepare import EDGE_US, Prepared, prepare
from mqlab.definitions.scores import capped, raw_points
from mqlab.definitions.slots import AbsenceSlot, CountSlot, DecayedSlot
from mqlab.definitions.state import State
from mqlab.definitions.sweep import Sweep
from mqlab.definitions.verdict import verdict_of_gates
from mqlab.leads.instants import instant, micros
from mqlab.leads.records import History


@dataclass(frozen=True, slots=True)
class Reading:
    """What a definition reads of a lead: the path, the scores, and the ids of the rules that give or take points."""

    path: str | None
    scores: dict[str, float]
    rules: frozenset[str]


class Explainer:
    """A definition with all its parts compiled, those included on which no instant hangs; made once for many leads."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        plan = self._plan = Plan(definition)
        self._fields = [(field.name, plan.position(field.name)) for field in definition.fields]
        self._rules = [
            _RuleExplainer(rule, plan) for score in definition.scores for group in score.groups for rule in group.rules
        ]
        self._scores = [(score.name, plan.score(score.name)) for score in definition.scores]
        self._grades = [
            (grading.score, plan.grade(grading.score), [label for label, _ in grading.bounds][::-1])
            for grading in definition.grades
        ]
        model = definition.model
        self._probability = None if model is None else plan.probability()
        self._features = [
            (term.feature.text, compile_node(term.feature.tree, plan.leaves)) for term in (model.terms if model else ())
        ]
        self._labels = [(label.label, plan.condition(label.when)) for label in definition.classify]
        nurture = definition.nurture
        self._nurture = None if nurture is None else (nurture.track, plan.condition(nurture.when))

    def decide(
        self,
        history: History | Prepared,
        *,
        as_of: datetime,
        start: datetime | None = None,
        qualify_within_us: int | None = None,
        account: Sequence[History | Prepared] = (),
    ) -> Decision:
        """The explained decision about one lead at `as_of`, as `evaluate.decide` says."""
        plan, lead = self._plan, prepare(history)
        as_of_us = micros(as_of)
        start_us = lead.start_us if start is None else micros(start)
        others = [prepare(other) for other in account] if plan.reads_account else ()
        sweep = Sweep(plan, lead, min(start_us, as_of_us), as_of_us, others)
        state = sweep.state
        recycled = sorted(at for at in map(micros, lead.history.recycled_at) if start_us <= at <= as_of_us)
        crossings: list[tuple[int, str]] = []
        holds_now = False
        verdict: Verdict = "not_mql"
        path: str | None = None
        if start_us <= as_of_us:
            end_us = FOREVER if qualify_within_us is None else start_us + qualify_within_us
            crossings, holds_now = self._crossings(sweep, recycled, as_of_us, end_us)
            verdict, path = ("mql", crossings[0][1]) if crossings else verdict_of_gates(plan, state)
        return Decision(
            lead_id=lead.history.lead.lead_id,
            definition=self.definition.ref,
            as_of=as_of,
            verdict=verdict,
            holds_now=holds_now,
            path=path,
            qualified_at=instant(crossings[0][0]) if crossings else None,
            scores={name: value for name, score in self._scores if (value := score(state)) is not None},
            grades={
                name: None if (reached := rank(state)) is None else labels[reached]
                for name, rank, labels in self._grades
            },
            rules=tuple(rule.explain(sweep) for rule in self._rules),
            missing=tuple(name for name, position in self._fields if state.fields[position] is None),
            gates={gate.id: said for (gate, _), said in zip(plan.gates, plan.gate_outcomes(state), strict=True)},
            labels=tuple([label for label, when in self._labels if when(state) is True][:1]),
            track=self._track(verdict, state),
            probability=None if self._probability is None else _nine(self._probability(state)),
            next_change_at=self._next_change(sweep, recycled, start_us, as_of_us),
            unknown_features=tuple(text for text, feature in self._features if feature(state) is None),
            crossings=tuple(instant(at) for at, _ in crossings),
        )

    def read(self, history: History | Prepared, *, as_of: datetime, start: datetime) -> Reading:
        """As much of `decide` as a description of many leads needs; the lead is read without its account."""
        plan, lead = self._plan, prepare(history)
        as_of_us, start_us = micros(as_of), micros(start)
        sweep = Sweep(plan, lead, min(start_us, as_of_us), as_of_us)
        state = sweep.state
        path: str | None = None
        if start_us <= as_of_us:
            recycled = sorted(at for at in map(micros, lead.history.recycled_at) if start_us <= at <= as_of_us)
            crossings, _ = self._crossings(sweep, recycled, as_of_us, FOREVER)
            path = crossings[0][1] if crossings else verdict_of_gates(plan, state)[1]
        return Reading(
            path,
            {name: value for name, score in self._scores if (value := score(state)) is not None},
            frozenset(rule.id for rule in self._rules if rule.points(state)),
        )

    def _crossings(
        self, sweep: Sweep, recycled: Sequence[int], as_of_us: int, end_us: int
    ) -> tuple[list[tuple[int, str]], bool]:
        """The first qualification, the re-qualifications after recycling, and whether the definition holds at the end.

        The latch opens at the first recycling after a qualification plus the cooldown; further recyclings before the
        next qualification change nothing. Only the first qualification must lie before `end_us`.
        """
        requalify = self.definition.requalify
        candidates = {sweep.start_us} | sweep.instants(sweep.start_us, as_of_us)
        openings = (
            {at + requalify.cooldown_us for at in recycled if at + requalify.cooldown_us <= as_of_us}
            if requalify
            else set()
        )
        crossings: list[tuple[int, str]] = []
        path: str | None = None
        for at, path in sweep.walk(sorted(candidates | openings | {as_of_us})):
            if path is None:
                continue
            if not crossings:
                if at < end_us and at in candidates:
                    crossings.append((at, path))
            elif requalify is not None and len(crossings) < requalify.max and (at in candidates or at in openings):
                back = next((known for known in recycled if known >= crossings[-1][0]), None)
                if back is not None and at >= back + requalify.cooldown_us:
                    crossings.append((at, path))
        return crossings, path is not None

    def _track(self, verdict: Verdict, state: State) -> str | None:
        if self._nurture is None or verdict != "not_mql":
            return None
        track, when = self._nurture
        return track if when(state) is True else None

    def _next_change(self, sweep: Sweep, recycled: Sequence[int], start_us: int, as_of_us: int) -> datetime | None:
        """The next instant at which the decision could change if nothing new becomes known."""
        if as_of_us < start_us:
            return instant(start_us)
        latest = EDGE_US[1]
        ahead = sweep.instants(as_of_us, latest, helpful_only=False)
        if self.definition.requalify is not None:
            cooldown = self.definition.requalify.cooldown_us
            ahead |= {at + cooldown for at in recycled if as_of_us < at + cooldown <= latest}
        return instant(min(ahead)) if ahead else None


class _RuleExplainer:
    """One rule with what is needed to say what it gave and why."""

    def __init__(self, rule: Rule, plan: Plan) -> None:
        self._rule = rule
        self._raw = raw_points(rule, plan)
        self._matches = _matcher(rule, plan)
        self._slot: int | None = None
        if isinstance(rule, EventRule):
            slot = CountSlot(rule.channel) if rule.decay is None else DecayedSlot(rule.channel, rule.decay)
            self._slot = plan.slots[slot]
        elif isinstance(rule, AbsenceRule):
            self._slot = plan.slots[AbsenceSlot(rule.events, rule.of_us)]

    @property
    def id(self) -> str:
        """The rule as outcomes name it; weights have one outcome per field."""
        return self._rule.field if isinstance(self._rule, WeightRule) else self._rule.id

    def points(self, state: State) -> float:
        """What the rule gives in a state, as `explain` says it."""
        return _nine(capped(self._rule, self._raw(state))) or 0.0

    def explain(self, sweep: Sweep) -> RuleOutcome:
        """What the rule gives at the sweep's instant."""
        rule, state = self._rule, sweep.state
        raw = self._raw(state)
        points = capped(rule, raw)
        events = [] if self._slot is None else sweep.counted(self._slot)
        counted = len(events) if isinstance(rule, EventRule) else None
        return RuleOutcome(
            id=self.id,
            points=_nine(points) or 0.0,
            raw=_nine(raw) or 0.0,
            counted=counted,
            capped=raw is not None and points != raw,
            matched=counted > 0 if counted is not None else self._matches(state),
            unknown=raw is None,
            newest_event_at=instant(events[0].occurred_us) if events else None,
        )


def _nine(value: float | None) -> float | None:
    return None if value is None else round9(value)


def _matcher(rule: Rule, plan: Plan) -> Reader[State]:
    """Whether a rule applies at all: its band, entry, word, condition or absence; None where that is unknown."""
    match rule:
        case BandsRule(field=field, bands=bands):
            return _known(
                plan.field(field),
                lambda number: any(
                    (low is None or low <= number) and (high is None or number < high) for low, high, _ in bands
                ),
            )
        case MapRule(field=field, points=points):
            return _known(plan.field(field), lambda value: any(value == key for key, _ in points))
        case WordsRule(field=field, choices=choices):
            return _known(
                plan.field(field), lambda text: any(word in spaced_once(text) for words, _ in choices for word in words)
            )
        case WeightRule(field=field):
            return _known(plan.field(field), lambda _value: True)
        case AbsenceRule(events=events, of_us=of_us):
            return plan.slot(AbsenceSlot(events, of_us))
        case WhenRule(when=when):
            return compile_node(when.tree, plan.leaves)
        case EventRule():
            return lambda _state: None
        case _:
            assert_never(rule)


def _known(value: Reader[State], test: Callable[[Any], bool]) -> Reader[State]:
    return lambda state: None if (found := value(state)) is None else test(found)
