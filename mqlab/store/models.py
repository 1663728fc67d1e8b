"""The tables of the ledger, and the only place that knows their names.

Facts are appended, never changed: a correction is a new row. Every row carries `position`, the ledger position of the
batch that wrote it, and `recorded_at`, our own clock. `known_at` is when the business knew. Instants are integer
microseconds UTC, money is integer ten-thousandths of a currency unit, JSON is canonical text.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from sqlalchemy import Boolean, Double, Index, Integer, MetaData, String, Text, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from mqlab.store.types import Big, Bytewise, Instant

Key = Annotated[int, mapped_column(Big, primary_key=True, autoincrement=True)]
Whole = Annotated[int, mapped_column(Big)]
Words = Annotated[str, mapped_column(Text)]


class Base(DeclarativeBase):
    """The root of the declared tables."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {datetime: Instant, str: Text, bool: Boolean, float: Double}


class Commit(Base):
    """One committed batch of facts; `position` is the ledger position it made."""

    __tablename__ = "commits"
    position: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    recorded_at: Mapped[datetime]
    what: Mapped[str] = mapped_column(String(32))


class Row:
    """What every row of the ledger has."""

    id: Mapped[Key]
    position: Mapped[Whole]
    recorded_at: Mapped[datetime]


class Fact(Row):
    """What every imported fact has.

    `lead_ref` names the lead as the file did (`email:<hash>` where only an e-mail was given); (`lead_ref`, `key`) is
    the fact, (`version`, `content`) one of its versions.
    """

    lead_ref: Mapped[str]
    key: Mapped[Whole]
    version: Mapped[int | None] = mapped_column(Big)
    content: Mapped[Whole]
    known_at: Mapped[datetime]
    backfill: Mapped[bool]
    system: Mapped[str]
    line: Mapped[Whole]


class LeadRow(Fact, Base):
    """A version of a lead's row; `domain_path` is its `email_domain` from the last label to the first."""

    __tablename__ = "leads"
    __table_args__ = (
        Index(None, "lead_ref", "key"),
        Index(None, "email_hash"),
        Index(None, "created_at"),
        Index(
            "ix_leads_domain_path",
            "domain_path",
            sqlite_where=text("domain_path IS NOT NULL"),
            postgresql_where=text("domain_path IS NOT NULL"),
        ),
    )
    created_at: Mapped[datetime]
    source: Mapped[str | None]
    email_hash: Mapped[str | None]
    email_domain: Mapped[str | None]
    account_key: Mapped[str | None]
    row_is: Mapped[str] = mapped_column(String(16))
    fields: Mapped[str]
    domain_path: Mapped[str | None] = mapped_column(Bytewise)


class FieldChangeRow(Fact, Base):
    """A field of a lead took a value."""

    __tablename__ = "field_changes"
    __table_args__ = (Index(None, "lead_ref", "key"),)
    field: Mapped[str]
    value: Mapped[str]
    changed_at: Mapped[datetime]


class EventRow(Fact, Base):
    """A version of something a lead did."""

    __tablename__ = "events"
    __table_args__ = (Index(None, "lead_ref", "key"),)
    source: Mapped[str]
    event_id: Mapped[str | None]
    name: Mapped[str]
    occurred_at: Mapped[datetime]
    props: Mapped[str]


class MergeRow(Fact, Base):
    """`lead_ref`, the old id, became `new_id`."""

    __tablename__ = "identity_merges"
    __table_args__ = (Index(None, "lead_ref", "key"), Index(None, "new_id"))
    new_id: Mapped[str]
    merged_at: Mapped[datetime]


class OutcomeRow(Fact, Base):
    """A version of what sales reported; `amount` is in ten-thousandths of a currency unit.

    `account_domain` is the company's domain of the e-mail address, kept only where the lab matches by it.
    """

    __tablename__ = "outcomes"
    __table_args__ = (
        Index(None, "lead_ref", "key"),
        Index(
            "ix_outcomes_email_hash",
            "email_hash",
            sqlite_where=text("email_hash IS NOT NULL"),
            postgresql_where=text("email_hash IS NOT NULL"),
        ),
        Index(
            "ix_outcomes_account_domain",
            "account_domain",
            sqlite_where=text("account_domain IS NOT NULL"),
            postgresql_where=text("account_domain IS NOT NULL"),
        ),
    )
    email_hash: Mapped[str | None]
    kind: Mapped[str] = mapped_column(String(16))
    occurred_at: Mapped[datetime]
    resolution: Mapped[str] = mapped_column(String(8))
    opportunity_id: Mapped[str | None]
    amount: Mapped[int | None] = mapped_column(Big)
    currency: Mapped[str | None] = mapped_column(String(3))
    quantity: Mapped[float | None]
    reason_code: Mapped[str | None]
    owner: Mapped[str | None]
    row_id: Mapped[str | None]
    account_domain: Mapped[str | None]


class AssignmentRow(Row, Base):
    """A unit was put into an arm; an override was put there by hand and is excluded from analysis."""

    __tablename__ = "assignments"
    __table_args__ = (Index(None, "experiment", "unit"),)
    known_at: Mapped[datetime]
    experiment: Mapped[str]
    unit: Mapped[str]
    lead_id: Mapped[str | None]
    arm: Mapped[str | None]
    phase: Mapped[int | None] = mapped_column(Integer)
    assigned_at: Mapped[datetime]
    why: Mapped[str] = mapped_column(String(32))
    override: Mapped[bool]


class DecisionRow(Row, Base):
    """A definition's judgement of one lead; `acts` where it is the lead's own arm's, else it is a shadow."""

    __tablename__ = "decisions"
    __table_args__ = (Index(None, "lead_id", "experiment"),)
    known_at: Mapped[datetime]
    lead_id: Mapped[str]
    experiment: Mapped[str | None]
    arm: Mapped[str | None]
    definition: Mapped[str]
    fingerprint: Mapped[str] = mapped_column(String(64))
    acts: Mapped[bool]
    verdict: Mapped[str] = mapped_column(String(16))
    path: Mapped[str | None]
    qualified_at: Mapped[datetime | None]
    would_have_qualified_at: Mapped[datetime | None]
    explanation: Mapped[str]


class ImportRow(Row, Base):
    """One file read: what it was and what became of its rows."""

    __tablename__ = "imports"
    id: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16))
    system: Mapped[str]
    file: Mapped[str]
    sha256: Mapped[str] = mapped_column(String(64))
    mapping: Mapped[str] = mapped_column(String(64))
    snapshot_at: Mapped[datetime | None]
    read: Mapped[Whole]
    new: Mapped[Whole]
    unchanged: Mapped[Whole]
    corrected: Mapped[Whole]
    unmatched: Mapped[Whole]
    quarantined: Mapped[Whole]
    backfilled: Mapped[Whole]
    found: Mapped[Whole]
    notes: Mapped[str]


class QuarantineRow(Row, Base):
    """A row that could not be used, whole, with e-mails masked; the same row is kept once.

    `email_hash` is set where only the lead is in doubt: the fact waits in the ledger until the doubt is gone.
    """

    __tablename__ = "quarantine"
    __table_args__ = (UniqueConstraint("kind", "system", "digest"),)
    import_id: Mapped[Whole]
    kind: Mapped[str] = mapped_column(String(16))
    system: Mapped[str]
    file: Mapped[str]
    line: Mapped[Whole]
    reason: Mapped[str] = mapped_column(String(40))
    detail: Mapped[str]
    raw: Mapped[str]
    digest: Mapped[str] = mapped_column(String(32))
    lead_ref: Mapped[str | None]
    email_hash: Mapped[str | None]


class MappingRow(Base):
    """A mapping as it was when a file was read with it, so that a row can be read again the same way."""

    __tablename__ = "mappings"
    fingerprint: Mapped[str] = mapped_column(String(64), primary_key=True)
    text: Mapped[Words]


class WithdrawnRow(Row, Base):
    """A version of a fact that no longer counts: its row was discarded, or fixed to name another lead."""

    __tablename__ = "withdrawn"
    __table_args__ = (Index(None, "lead_ref", "key"),)
    kind: Mapped[str] = mapped_column(String(16))
    lead_ref: Mapped[str]
    key: Mapped[Whole]
    content: Mapped[Whole]
    quarantine_id: Mapped[Whole]


class ForgottenRow(Row, Base):
    """Somebody who is forgotten, by one of their ids and the digest of one of their e-mail hashes (empty: none)."""

    __tablename__ = "forgotten"
    __table_args__ = (UniqueConstraint("lead_ref", "email_digest"), Index(None, "email_digest"))
    lead_ref: Mapped[str]
    email_digest: Mapped[str] = mapped_column(String(64))


class QuarantineStepRow(Row, Base):
    """What was done about a quarantined row: fixed, released or discarded."""

    __tablename__ = "quarantine_steps"
    __table_args__ = (Index(None, "quarantine_id"),)
    quarantine_id: Mapped[Whole]
    step: Mapped[str] = mapped_column(String(16))
    by: Mapped[str]
    because: Mapped[str]


class UnmatchedRow(Row, Base):
    """A fact waits for its lead; `matched_at_position` says which batch brought it. No e-mail is the empty text."""

    __tablename__ = "unmatched_rows"
    __table_args__ = (
        UniqueConstraint("kind", "lead_ref", "key", "content", "email_hash"),
        Index(None, "matched_at_position"),
    )
    import_id: Mapped[Whole]
    kind: Mapped[str] = mapped_column(String(16))
    lead_ref: Mapped[str]
    email_hash: Mapped[str]
    key: Mapped[Whole]
    content: Mapped[Whole]
    line: Mapped[Whole]
    matched_at_position: Mapped[int | None] = mapped_column(Big)


class LockRow(Row, Base):
    """A definition was locked: its fingerprints and the null tokens they cover."""

    __tablename__ = "definition_locks"
    __table_args__ = (Index(None, "definition"),)
    definition: Mapped[str]
    meaning: Mapped[str] = mapped_column(String(64))
    reporting: Mapped[str] = mapped_column(String(64))
    null_tokens: Mapped[str]
    by: Mapped[str]


class ApprovalRow(Row, Base):
    """A team approved one meaning of a definition; a change of meaning voids it."""

    __tablename__ = "approvals"
    __table_args__ = (Index(None, "definition"),)
    definition: Mapped[str]
    fingerprint: Mapped[str] = mapped_column(String(64))
    team: Mapped[str]
    by: Mapped[str]
    at: Mapped[datetime]
    because: Mapped[str]


class ExperimentStepRow(Row, Base):
    """One step in an experiment's life; `start` holds the protocol's text and fingerprint."""

    __tablename__ = "experiment_log"
    __table_args__ = (Index(None, "experiment"),)
    experiment: Mapped[str]
    step: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime]
    by: Mapped[str]
    because: Mapped[str]
    protocol_text: Mapped[str | None]
    protocol_fingerprint: Mapped[str | None] = mapped_column(String(64))
    details: Mapped[str]


class PhaseRow(Row, Base):
    """A period of constant coverage, appended by `start` and `ramp`."""

    __tablename__ = "experiment_phases"
    __table_args__ = (UniqueConstraint("experiment", "number"),)
    experiment: Mapped[str]
    number: Mapped[int] = mapped_column(Integer)
    starts_at: Mapped[datetime]
    coverage: Mapped[str] = mapped_column(String(40))
    by: Mapped[str]


class InForceRow(Row, Base):
    """A definition governs every lead no running experiment governs, from `from_at` on."""

    __tablename__ = "in_force"
    definition: Mapped[str]
    from_at: Mapped[datetime]
    by: Mapped[str]
    because: Mapped[str]
    experiment: Mapped[str | None]


class LookRow(Row, Base):
    """A look that was taken: its result as it was said then; `read_position` is the ledger position it read."""

    __tablename__ = "looks"
    __table_args__ = (Index(None, "experiment"),)
    experiment: Mapped[str]
    as_of: Mapped[datetime]
    read_position: Mapped[Whole]
    protocol_fingerprint: Mapped[str] = mapped_column(String(64))
    result: Mapped[str]
    digest: Mapped[str] = mapped_column(String(64))


class ApiKeyRow(Row, Base):
    """A key of the service: only its hash, what it may do, and when it ended."""

    __tablename__ = "api_keys"
    __table_args__ = (UniqueConstraint("name"), UniqueConstraint("hash"))
    name: Mapped[str]
    hash: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[str]
    by: Mapped[str]
    revoked_at: Mapped[datetime | None]


class AuditRow(Row, Base):
    """Who did what to what, when and why."""

    __tablename__ = "audit_log"
    __table_args__ = (Index(None, "subject"),)
    by: Mapped[str]
    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str]
    details: Mapped[str]


FACTS: dict[str, type[LeadRow | FieldChangeRow | EventRow | MergeRow | OutcomeRow]] = {
    "leads": LeadRow,
    "field-changes": FieldChangeRow,
    "events": EventRow,
    "identity": MergeRow,
    "outcomes": OutcomeRow,
}
"""The five kinds of imported facts, by the words of `mqlab ingest`."""
