"""What the registers of the ledger hand out: frozen records with aware instants."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from mqlab.leads.instants import iso


def canonical_json(value: object) -> str:
    """JSON text with sorted keys and no spaces: the same value, the same text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


@dataclass(frozen=True, slots=True)
class Record:
    """A row of a register; `position` is the ledger position when it was written."""

    id: int
    position: int
    recorded_at: datetime

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON: instants as ISO text."""
        return {item.name: _plain(getattr(self, item.name)) for item in fields(self)}


@dataclass(frozen=True, slots=True)
class Import(Record):
    """One file read, and what became of its rows."""

    kind: str
    system: str
    file: str
    sha256: str
    mapping: str
    snapshot_at: datetime | None
    read: int
    new: int
    unchanged: int
    corrected: int
    unmatched: int
    quarantined: int
    backfilled: int
    found: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quarantined(Record):
    """A row that could not be used; `raw` is what the file said, e-mails masked. `status` is open, or its last step."""

    import_id: int
    kind: str
    system: str
    file: str
    line: int
    reason: str
    detail: str
    raw: Any
    status: str


@dataclass(frozen=True, slots=True)
class QuarantineStep(Record):
    """What was done about a quarantined row: `step` is fixed, released or discarded."""

    quarantine_id: int
    step: str
    by: str
    because: str


@dataclass(frozen=True, slots=True)
class Unmatched(Record):
    """A fact that waits for its lead."""

    import_id: int
    kind: str
    lead_ref: str
    line: int


@dataclass(frozen=True, slots=True)
class LockedDefinition(Record):
    """A definition's locked fingerprints."""

    definition: str
    meaning: str
    reporting: str
    null_tokens: tuple[str, ...]
    by: str


@dataclass(frozen=True, slots=True)
class Approval(Record):
    """A team's approval of one meaning of a definition."""

    definition: str
    fingerprint: str
    team: str
    by: str
    at: datetime
    because: str


@dataclass(frozen=True, slots=True)
class ExperimentStep(Record):
    """One step in an experiment's life."""

    experiment: str
    step: str
    at: datetime
    by: str
    because: str
    protocol_text: str | None
    protocol_fingerprint: str | None
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ExperimentPhase(Record):
    """A period of constant coverage, numbered from 1; `coverage` is exact decimal text in [0, 1]."""

    experiment: str
    number: int
    starts_at: datetime
    coverage: str
    by: str


@dataclass(frozen=True, slots=True)
class InForce(Record):
    """The definition in force from `from_at` on."""

    definition: str
    from_at: datetime
    by: str
    because: str
    experiment: str | None


@dataclass(frozen=True, slots=True)
class Look(Record):
    """A look that was taken, with its result as it was said then."""

    experiment: str
    as_of: datetime
    read_position: int
    protocol_fingerprint: str
    result: Mapping[str, Any]
    digest: str


@dataclass(frozen=True, slots=True)
class StoredAssignment(Record):
    """A unit in an arm (`arm` None: out)."""

    known_at: datetime
    experiment: str
    unit: str
    lead_id: str | None
    arm: str | None
    phase: int | None
    assigned_at: datetime
    why: str
    override: bool


@dataclass(frozen=True, slots=True)
class StoredDecision(Record):
    """A definition's judgement of one lead; `acts` where it is the lead's own arm's."""

    known_at: datetime
    lead_id: str
    experiment: str | None
    arm: str | None
    definition: str
    fingerprint: str
    acts: bool
    verdict: str
    path: str | None
    qualified_at: datetime | None
    would_have_qualified_at: datetime | None
    explanation: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ApiKey(Record):
    """A key of the service; only its hash is kept."""

    name: str
    hash: str
    scopes: tuple[str, ...]
    by: str
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class AuditEntry(Record):
    """Who did what to what."""

    by: str
    action: str
    subject: str
    details: Mapping[str, Any]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    return list(value) if isinstance(value, tuple) else value
