"""Where each version of a definition comes from: what it replaced, what that changed in words, and who agreed to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mqlab.leads.instants import iso


@dataclass(frozen=True, slots=True)
class Agreed:
    """A team's approval of the meaning that a version has now."""

    team: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Period:
    """A version in force from an instant on, and by whom; `at` is None for what `mqlab.toml` names."""

    at: datetime | None
    by: str
    because: str
    experiment: str | None


@dataclass(frozen=True, slots=True)
class Lineage:
    """One version: what it came from (None: nothing), what changed since, who approved it, when it came into force."""

    definition: str
    title: str
    changelog: str
    came_from: str | None
    changes: tuple[str, ...]
    approvals: tuple[Agreed, ...]
    in_force: tuple[Period, ...]
    problem: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "definition": self.definition,
            "title": self.title,
            "changelog": self.changelog,
            "came_from": self.came_from,
            "changes": list(self.changes),
            "approvals": [{"team": one.team, "by": one.by, "at": iso(one.at)} for one in self.approvals],
            "in_force": [
                {
                    "from": None if one.at is None else iso(one.at),
                    "by": one.by,
                    "because": one.because,
                    "experiment": one.experiment,
                }
                for one in self.in_force
            ],
            "problem": self.problem,
        }
