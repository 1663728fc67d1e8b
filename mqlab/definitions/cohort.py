"""Leads made up to try a definition on: from hardly known ones to those that do everything it asks for.

No chance is involved: every choice is a hash of the lead's number and of what is chosen, so a definition always meets
the same leads. They are no forecast of anybody's leads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mqlab.definitions.decision import Decision
from mqlab.definitions.evaluate import Evaluator
from mqlab.definitions.model import (
    BandsRule,
    Definition,
    EnumLabel,
    EventRule,
    FieldDecl,
    MapRule,
    PropDecl,
    Rule,
    WeightRule,
    WordsRule,
)
from mqlab.definitions.ranges import points_at
from mqlab.definitions.sites import all_nodes, expression_sites, rule_sites
from mqlab.definitions.tree import Compare, FieldRef, Member, NumberLiteral, PropRef, TextLiteral, TextTest
from mqlab.leads.records import Event, History, Lead, Scalar
from mqlab.leads.text import spaced

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
AGE = timedelta(days=120)
LEADS = 60
MOST_OF_AN_EVENT = 12
ORDINARY_NUMBERS: tuple[float, ...] = (1.0, 10.0, 100.0, 1000.0, 10000.0)
ORDINARY_TEXT = "something else"


@dataclass(frozen=True, slots=True)
class Judged:
    """A made-up lead and what the definition says about it."""

    history: History
    decision: Decision


def judged_cohort(definition: Definition, *, leads: int = LEADS) -> tuple[Judged, ...]:
    """The cohort of the definition, judged at one instant."""
    evaluator = Evaluator(definition)
    made = cohort(definition, leads=leads)
    return tuple(Judged(history, evaluator.decide(history, as_of=AS_OF)) for history in made)


def cohort(definition: Definition, *, leads: int = LEADS) -> tuple[History, ...]:
    """Made-up leads with values around those the definition mentions; later ones are keener and fit better.

    Example:
        >>> from mqlab.definitions.model import EventDecl
        >>> made = cohort(Definition("mini", "1.0.0", events=(EventDecl("demo"),)), leads=3)
        >>> [len(history.events) for history in made]
        [0, 3, 7]
    """
    choices = _field_choices(definition)
    props = _prop_choices(definition)
    scorers = [site.rule for site in rule_sites(definition)]
    return tuple(
        _history(definition, index, index / max(leads - 1, 1), choices, props, scorers) for index in range(leads)
    )


def _history(
    definition: Definition,
    index: int,
    keenness: float,
    choices: Mapping[str, Sequence[Scalar]],
    props: Mapping[str, Sequence[Scalar]],
    scorers: Sequence[Rule],
) -> History:
    lead_id = f"made-up-{index}"
    fields: dict[str, Scalar] = {}
    for decl in definition.fields:
        best = _chance(lead_id, decl.name, "keen") < keenness
        fields[decl.name] = _value(lead_id, decl, choices[decl.name], scorers if best else ())
    events: list[Event] = []
    unwelcome = _unwelcome(scorers)
    for event in definition.events:
        if event.name in unwelcome and _chance(lead_id, event.name, "keen") < keenness:
            continue
        count = round((1.0 + _chance(lead_id, event.name, "count")) / 2.0 * keenness * MOST_OF_AN_EVENT)
        for number in range(count):
            key = f"{event.name}-{number}"
            age = AGE * (_chance(lead_id, key, "age") * (1.0 - 0.8 * keenness))
            values = {prop.name: _pick(props[prop.name], lead_id, f"{key}-{prop.name}") for prop in event.props}
            events.append(Event(event.name, AS_OF - age, AS_OF - age, event_id=key, props=values))
    lead = Lead(lead_id, AS_OF - AGE, source=str(_pick(choices["source"], lead_id, "source") or ""), fields=fields)
    return History(lead, tuple(events))


def _value(lead_id: str, decl: FieldDecl, choices: Sequence[Scalar], scorers: Sequence[Rule]) -> Scalar:
    """Some value; for a keen lead one of those that give most points."""
    if not scorers:
        return _pick(choices, lead_id, decl.name)
    given = [sum(_points(rule, value, decl) for rule in scorers) for value in choices]
    most = max(given)
    return _pick([value for value, points in zip(choices, given, strict=True) if points == most], lead_id, decl.name)


def _points(rule: Rule, value: Scalar, decl: FieldDecl) -> float:
    match rule:
        case BandsRule() | MapRule() | WeightRule():
            return points_at(rule, value, decl) if rule.field == decl.name else 0.0
        case WordsRule() if rule.field == decl.name and isinstance(value, str):
            words = spaced(value)
            return next((given for texts, given in rule.choices if any(text in words for text in texts)), 0.0)
        case _:
            return 0.0


def _unwelcome(scorers: Sequence[Rule]) -> frozenset[str]:
    """The events that only take points off: a keen lead does not do them."""
    given: dict[str, list[float]] = {}
    for rule in scorers:
        if isinstance(rule, EventRule):
            given.setdefault(rule.channel.event, []).append(rule.points)
    return frozenset(name for name, points in given.items() if max(points) < 0)


def _field_choices(definition: Definition) -> Mapping[str, Sequence[Scalar]]:
    """For each field, and `source`: the values that make a difference, some ordinary ones, and none."""
    mentioned = _mentioned(definition, FieldRef)
    for site in rule_sites(definition):
        match site.rule:
            case BandsRule(field=name, bands=bands):
                edges = [edge for low, high, _ in bands for edge in (low, high) if edge is not None]
                mentioned.setdefault(name, []).extend(edges)
            case MapRule(field=name, points=points):
                mentioned.setdefault(name, []).extend(key for key, _ in points)
            case WordsRule(field=name, choices=choices):
                mentioned.setdefault(name, []).extend(word.strip() for words, _ in choices for word in words)
            case _:
                continue
    found = {decl.name: (*_choices(decl, mentioned.get(decl.name, ())), None) for decl in definition.fields}
    return {"source": (*dict.fromkeys(mentioned.get("source", ())), ORDINARY_TEXT), **found}


def _prop_choices(definition: Definition) -> Mapping[str, Sequence[Scalar]]:
    """For each property: the values that conditions mention, and some ordinary ones."""
    mentioned = _mentioned(definition, PropRef)
    return {
        prop.name: _choices(prop, mentioned.get(prop.name, ())) for event in definition.events for prop in event.props
    }


def _mentioned(definition: Definition, kind: type[FieldRef | PropRef]) -> dict[str, list[Scalar]]:
    """The literals that expressions hold beside a field or a property, by its name."""
    found: dict[str, list[Scalar]] = {}
    for site in expression_sites(definition):
        for node in all_nodes(site.tree):
            match node:
                case Compare(left=left, right=right):
                    for subject, literal in ((left, right), (right, left)):
                        if isinstance(subject, kind) and isinstance(literal, NumberLiteral | TextLiteral):
                            found.setdefault(subject.name, []).append(literal.value)
                case Member(item=item, options=options) if isinstance(item, kind):
                    values = [option.value for option in options if isinstance(option, NumberLiteral | TextLiteral)]
                    found.setdefault(item.name, []).extend(values)
                case TextTest(subject=subject, texts=texts) if isinstance(subject, kind):
                    found.setdefault(subject.name, []).extend(text.strip() for text in texts)
                case _:
                    continue
    return found


def _choices(decl: FieldDecl | PropDecl, mentioned: Iterable[Scalar]) -> tuple[Scalar, ...]:
    match decl.kind:
        case "bool":
            return (True, False)
        case "enum":
            return _labels(decl.labels)
        case "number":
            numbers = [float(value) for value in mentioned if isinstance(value, int | float)]
            around = [near for value in numbers for near in (value - 1.0, value, value + 1.0)]
            return tuple(dict.fromkeys((*around, *ORDINARY_NUMBERS)))
        case "string":
            return tuple(dict.fromkeys((*mentioned, ORDINARY_TEXT)))


def _labels(labels: Iterable[EnumLabel]) -> tuple[Scalar, ...]:
    return tuple(label.label for label in labels)


def _pick(choices: Sequence[Scalar], lead_id: str, what: str) -> Scalar:
    return choices[int(_chance(lead_id, what, "choice") * len(choices))]


def _chance(lead_id: str, what: str, why: str) -> float:
    """A number in [0, 1) that looks like chance and is the same every time."""
    digest = hashlib.sha256(f"{lead_id}|{what}|{why}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2.0**64
