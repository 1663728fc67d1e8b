"""`definitions score`: judge the leads of a lead file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mqlab.definitions.decision import Decision
from mqlab.definitions.decision_text import WIDTH, decision_lines, local_instant
from mqlab.definitions.evaluate import Evaluator
from mqlab.definitions.lead_file import read_lead_file
from mqlab.definitions.prepare import Prepared, prepare
from mqlab.definitions.undeclared import undeclared
from mqlab.lab.definitions import account_of, resolve

if TYPE_CHECKING:
    from mqlab.lab.core import Lab

MOST_NAMES = 12
"""How many names that are not declared are told."""


@dataclass(frozen=True, slots=True)
class Scored:
    """The decisions about a file's leads, in its order, and what the file holds that the definition does not read."""

    definition: str
    decisions: tuple[Decision, ...]
    undeclared: tuple[str, ...]
    at: datetime
    zone: ZoneInfo

    @property
    def note(self) -> str | None:
        """A sentence on what is not declared, None where everything is."""
        if not self.undeclared:
            return None
        more = len(self.undeclared) - MOST_NAMES
        told = ", ".join(self.undeclared[:MOST_NAMES]) + (f", and {more} more" if more > 0 else "")
        return f"Not declared by {self.definition} and not read: {told}"

    def to_text(self) -> str:
        """One block of lines per lead, for a terminal of 80 columns."""
        head = f"Judged by {self.definition} at {local_instant(self.at, self.zone)} ({self.zone.key})"
        blocks = ("\n".join(decision_lines(decision, self.zone)) for decision in self.decisions)
        return "\n\n".join(("\n".join(wrap(head, WIDTH, break_on_hyphens=False)), *blocks))


def scored(lab: Lab, ref: str, file: Path, *, at: datetime) -> Scored:
    """Judge every lead of the file; `account.*` counts over the file's leads of the same account."""
    settings = lab.settings
    definition = resolve(lab, ref)
    histories = read_lead_file(file, null_tokens=settings.lab.null_tokens, timezone=settings.zone)
    leads = [prepare(history) for history in histories]
    account = account_of(lab)
    units = [account(history.lead) for history in histories]
    colleagues: dict[str, list[Prepared]] = {}
    for unit, lead in zip(units, leads, strict=True):
        colleagues.setdefault(unit, []).append(lead)
    evaluator = Evaluator(definition)
    decisions = tuple(
        evaluator.decide(lead, as_of=at, account=colleagues[unit]) for unit, lead in zip(units, leads, strict=True)
    )
    return Scored(definition.ref, decisions, undeclared(definition, histories), at, settings.zone)


def score_file(lab: Lab, ref: str, file: Path, *, at: datetime) -> list[Decision]:
    """One decision per lead of the file, in its order."""
    return list(scored(lab, ref, file, at=at).decisions)
