"""A decision: one definition's judgement of one lead, with everything needed to explain it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from mqlab.leads.instants import iso

Verdict = Literal["mql", "not_mql", "held", "disqualified"]


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What one rule gave at `as_of`: points after its cap, raw before; counted events where it is an event rule."""

    id: str
    points: float
    raw: float
    counted: int | None = None
    capped: bool = False
    matched: bool | None = None
    unknown: bool = False
    newest_event_at: datetime | None = None

    def to_dict(self) -> dict[str, Any]:
        """The agreed keys first: id, points, raw, counted, capped."""
        return {
            "id": self.id,
            "points": self.points,
            "raw": self.raw,
            "counted": self.counted,
            "capped": self.capped,
            "matched": self.matched,
            "unknown": self.unknown,
            "newest_event_at": iso(self.newest_event_at) if self.newest_event_at else None,
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """`verdict` is latched: the first crossing stands; `holds_now` tells about `as_of`.

    `path` and `qualified_at` are of the crossing (`score`, `model`, `matrix:A2`, `fast_track:<id>`); other verdicts
    have path `gate:<id>` or None. `scores`, `grades` and `rules` are of `as_of`. `crossings` holds the first
    qualification and the re-qualifications after recycling.
    """

    lead_id: str
    definition: str
    as_of: datetime
    verdict: Verdict
    holds_now: bool
    path: str | None
    qualified_at: datetime | None
    scores: Mapping[str, float] = field(default_factory=dict)
    grades: Mapping[str, str | None] = field(default_factory=dict)
    rules: tuple[RuleOutcome, ...] = ()
    missing: tuple[str, ...] = ()
    gates: Mapping[str, Literal["pass", "disqualify", "hold"]] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    track: str | None = None
    probability: float | None = None
    next_change_at: datetime | None = None
    unknown_features: tuple[str, ...] = ()
    crossings: tuple[datetime, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The agreed JSON of `definitions score`; more keys stand at the end."""
        return {
            "lead": self.lead_id,
            "definition": self.definition,
            "as_of": iso(self.as_of),
            "verdict": self.verdict,
            "holds_now": self.holds_now,
            "path": self.path,
            "qualified_at": iso(self.qualified_at) if self.qualified_at else None,
            "scores": dict(self.scores),
            "grades": dict(self.grades),
            "rules": [rule.to_dict() for rule in self.rules],
            "missing": list(self.missing),
            "gates": dict(self.gates),
            "labels": list(self.labels),
            "track": self.track,
            "probability": self.probability,
            "next_change_at": iso(self.next_change_at) if self.next_change_at else None,
            "unknown_features": list(self.unknown_features),
            "crossings": [iso(at) for at in self.crossings],
        }
