"""What an expression may read, by where it stands."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from mqlab.definitions.model import EventDecl, FieldDecl, Grading, PropDecl

SOURCE = FieldDecl("source", "string")
"""Always declared, as text."""

RESERVED = frozenset(
    {word.lower() for word in (*keyword.kwlist, "true", "false", "null", "none", "probability", "account")}
)
"""Words that cannot name anything, whatever their case."""

Reads = Literal["fields", "event", "facts", "scores"]
"""`fields`: an experiment's condition. `event`: a condition on one event. `facts`: rules, gates and models, which read
fields and events. `scores`: qualify, fast tracks, nurture and classify, which read everything."""


@dataclass(frozen=True)
class Scope:
    """The names an expression may use; `event` names the event whose properties it reads, None for any event."""

    reads: Reads
    fields: Mapping[str, FieldDecl] = field(default_factory=dict)
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    events: Mapping[str, EventDecl] = field(default_factory=dict)
    props: Mapping[str, PropDecl] = field(default_factory=dict)
    scores: frozenset[str] = frozenset()
    grades: Mapping[str, Grading] = field(default_factory=dict)
    has_model: bool = False
    null_tokens: frozenset[str] = frozenset()
    event: str | None = None

    def of_event(self, name: str) -> Scope:
        """The scope of a condition on the event `name`."""
        return replace(self, reads="event", props={prop.name: prop for prop in self.events[name].props}, event=name)

    def of_any_event(self) -> Scope:
        """The scope of `ignore_events`: the properties of all events."""
        props = {prop.name: prop for event in self.events.values() for prop in event.props}
        return replace(self, reads="event", props=props)

    def of_facts(self) -> Scope:
        """The scope of rules, gates and models."""
        return replace(self, reads="facts")

    def values(self) -> tuple[str, ...]:
        """The names that stand for a value here."""
        match self.reads:
            case "event":
                return tuple(self.props)
            case "fields" | "facts":
                return tuple(self.fields)
            case "scores":
                model = ("probability",) if self.has_model else ()
                return (*self.fields, *sorted(self.scores), *model)

    def why_not(self, name: str) -> str | None:
        """Why a name that is declared cannot be read here, None for a name that is not declared."""
        if self.reads == "event" and name in self.fields:
            return "a condition on an event reads the event's properties, not the lead's fields"
        owners = [event.name for event in self.events.values() if any(prop.name == name for prop in event.props)]
        if owners and self.reads == "event":
            return f"it is a property of {_listed(owners)}, not of {self.event}"
        if owners:
            return f"it is a property of {_listed(owners)}: read it inside `count(…)`, `sum(…)` or `days_since(…)`"
        if name in self.scores and self.reads == "event":
            return "a condition on an event reads the event's properties, not scores"
        if name in self.scores:
            return "gates, models and rules cannot read scores"
        if name in self.lists:
            return "it is a list: write `in` before it"
        if name in self.events:
            return f"it is an event: write `count({name})`, or `days_since({name})`"
        return None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
