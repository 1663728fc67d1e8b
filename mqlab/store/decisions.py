"""Registers of what the lab did to leads: assignments, overrides and decisions. Each batch makes a ledger position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import Engine, insert, select

from mqlab.leads.tables import OVERRIDES
from mqlab.store.engine import reading, writing
from mqlab.store.intake import commit, next_position
from mqlab.store.models import AssignmentRow, DecisionRow
from mqlab.store.records import StoredAssignment, StoredDecision, canonical_json
from mqlab.store.register import Register


@dataclass(frozen=True, slots=True)
class NewAssignment:
    """An assignment to be stored."""

    experiment: str
    unit: str
    arm: str | None
    assigned_at: datetime
    why: str
    phase: int | None = None
    lead_id: str | None = None
    override: bool = False


@dataclass(frozen=True, slots=True)
class NewDecision:
    """A decision to be stored."""

    lead_id: str
    definition: str
    fingerprint: str
    verdict: str
    acts: bool
    experiment: str | None = None
    arm: str | None = None
    path: str | None = None
    qualified_at: datetime | None = None
    would_have_qualified_at: datetime | None = None
    explanation: Any = None


class Assignments(Register[StoredAssignment]):
    """Units in arms, and overrides set by hand."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, AssignmentRow, StoredAssignment)

    def append(self, assignments: Sequence[NewAssignment], *, now: datetime) -> int:
        """Appends a batch; returns the ledger position it made."""
        with writing(self._engine) as connection:
            position = next_position(connection)
            rows = [
                {
                    "position": position, "recorded_at": now, "known_at": now, "experiment": one.experiment,
                    "unit": one.unit, "lead_id": one.lead_id, "arm": one.arm, "phase": one.phase,
                    "assigned_at": one.assigned_at, "why": one.why, "override": one.override,
                }
                for one in assignments
            ]  # fmt: skip
            if rows:
                connection.execute(insert(AssignmentRow), rows)
            commit(connection, position, now=now, what="assignments")
        return position

    def of(self, experiment: str) -> tuple[StoredAssignment, ...]:
        """An experiment's assignments, oldest first."""
        return self._list(AssignmentRow.experiment == experiment)

    def overrides(self, experiment: str, *, position: int | None = None) -> pa.Table:
        """Units put into an arm by hand, the latest per unit, as the canonical table; rows by unit."""
        query = select(AssignmentRow.unit, AssignmentRow.arm).where(
            AssignmentRow.experiment == experiment, AssignmentRow.override, AssignmentRow.arm.is_not(None)
        )
        if position is not None:
            query = query.where(AssignmentRow.position <= position)
        with reading(self._engine) as connection:
            latest = {row.unit: row.arm for row in connection.execute(query.order_by(AssignmentRow.id))}
        units = sorted(latest)
        return pa.table({"unit": units, "arm": [latest[unit] for unit in units]}, schema=OVERRIDES)


class Decisions(Register[StoredDecision]):
    """What definitions decided about leads, and which of it acted."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, DecisionRow, StoredDecision)

    def append(self, decisions: Sequence[NewDecision], *, now: datetime) -> int:
        """Appends a batch; returns the ledger position it made."""
        with writing(self._engine) as connection:
            position = next_position(connection)
            rows = [
                {
                    "position": position, "recorded_at": now, "known_at": now, "lead_id": one.lead_id,
                    "experiment": one.experiment, "arm": one.arm, "definition": one.definition,
                    "fingerprint": one.fingerprint, "acts": one.acts, "verdict": one.verdict, "path": one.path,
                    "qualified_at": one.qualified_at, "would_have_qualified_at": one.would_have_qualified_at,
                    "explanation": canonical_json(one.explanation or {}),
                }
                for one in decisions
            ]  # fmt: skip
            if rows:
                connection.execute(insert(DecisionRow), rows)
            commit(connection, position, now=now, what="decisions")
        return position

    def of(self, lead_id: str) -> tuple[StoredDecision, ...]:
        """A lead's decisions, oldest first."""
        return self._list(DecisionRow.lead_id == lead_id)
