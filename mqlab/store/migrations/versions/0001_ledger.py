"""The ledger, from empty: facts, quarantine, imports, approvals, experiments, looks, keys and audit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes every table and index."""
    op.create_table(
        "api_keys",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("hash", name=op.f("uq_api_keys_hash")),
        sa.UniqueConstraint("name", name=op.f("uq_api_keys_name")),
    )
    op.create_table(
        "approvals",
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
    )
    op.create_index(op.f("ix_approvals_definition"), "approvals", ["definition"], unique=False)
    op.create_table(
        "assignments",
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        sa.Column("experiment", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("lead_id", sa.Text(), nullable=True),
        sa.Column("arm", sa.Text(), nullable=True),
        sa.Column("phase", sa.Integer(), nullable=True),
        sa.Column("assigned_at", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.String(length=32), nullable=False),
        sa.Column("override", sa.Boolean(), nullable=False),
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignments")),
    )
    op.create_index(op.f("ix_assignments_experiment_unit"), "assignments", ["experiment", "unit"], unique=False)
    op.create_table(
        "audit_log",
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    op.create_index(op.f("ix_audit_log_subject"), "audit_log", ["subject"], unique=False)
    op.create_table(
        "commits",
        sa.Column("position", BIG, autoincrement=False, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_commits")),
    )
    op.create_table(
        "decisions",
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        sa.Column("lead_id", sa.Text(), nullable=False),
        sa.Column("experiment", sa.Text(), nullable=True),
        sa.Column("arm", sa.Text(), nullable=True),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("acts", sa.Boolean(), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("qualified_at", sa.BigInteger(), nullable=True),
        sa.Column("would_have_qualified_at", sa.BigInteger(), nullable=True),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
    )
    op.create_index(op.f("ix_decisions_lead_id_experiment"), "decisions", ["lead_id", "experiment"], unique=False)
    op.create_table(
        "definition_locks",
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("meaning", sa.String(length=64), nullable=False),
        sa.Column("reporting", sa.String(length=64), nullable=False),
        sa.Column("null_tokens", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_definition_locks")),
    )
    op.create_index(op.f("ix_definition_locks_definition"), "definition_locks", ["definition"], unique=False)
    op.create_table(
        "events",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("props", sa.Text(), nullable=False),
        sa.Column("lead_ref", sa.Text(), nullable=False),
        sa.Column("key", BIG, nullable=False),
        sa.Column("version", BIG, nullable=True),
        sa.Column("content", BIG, nullable=False),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        sa.Column("backfill", sa.Boolean(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("line", BIG, nullable=False),
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_index(op.f("ix_events_lead_ref_key"), "events", ["lead_ref", "key"], unique=False)
    op.create_table(
        "experiment_log",
        sa.Column("experiment", sa.Text(), nullable=False),
        sa.Column("step", sa.String(length=32), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("protocol_text", sa.Text(), nullable=True),
        sa.Column("protocol_fingerprint", sa.String(length=64), nullable=True),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_experiment_log")),
    )
    op.create_index(op.f("ix_experiment_log_experiment"), "experiment_log", ["experiment"], unique=False)
    op.create_table(
        "experiment_phases",
        sa.Column("experiment", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("coverage", sa.String(length=40), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_experiment_phases")),
        sa.UniqueConstraint("experiment", "number", name=op.f("uq_experiment_phases_experiment_number")),
    )
    op.create_table(
        "field_changes",
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("lead_ref", sa.Text(), nullable=False),
        sa.Column("key", BIG, nullable=False),
        sa.Column("version", BIG, nullable=True),
        sa.Column("content", BIG, nullable=False),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        sa.Column("backfill", sa.Boolean(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("line", BIG, nullable=False),
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_field_changes")),
    )
    op.create_index(op.f("ix_field_changes_lead_ref_key"), "field_changes", ["lead_ref", "key"], unique=False)
    op.create_table(
        "identity_merges",
        sa.Column("new_id", sa.Text(), nullable=False),
        sa.Column("merged_at", sa.BigInteger(), nullable=False),
        sa.Column("lead_ref", sa.Text(), nullable=False),
        sa.Column("key", BIG, nullable=False),
        sa.Column("version", BIG, nullable=True),
        sa.Column("content", BIG, nullable=False),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        sa.Column("backfill", sa.Boolean(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("line", BIG, nullable=False),
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_merges")),
    )
    op.create_index(op.f("ix_identity_merges_lead_ref_key"), "identity_merges", ["lead_ref", "key"], unique=False)
    op.create_index(op.f("ix_identity_merges_new_id"), "identity_merges", ["new_id"], unique=False)
    op.create_table(
        "imports",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("mapping", sa.String(length=64), nullable=False),
        sa.Column("snapshot_at", sa.BigInteger(), nullable=True),
        sa.Column("read", BIG, nullable=False),
        sa.Column("new", BIG, nullable=False),
        sa.Column("unchanged", BIG, nullable=False),
        sa.Column("corrected", BIG, nullable=False),
        sa.Column("unmatched", BIG, nullable=False),
        sa.Column("quarantined", BIG, nullable=False),
        sa.Column("backfilled", BIG, nullable=False),
        sa.Column("found", BIG, nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_table(
        "in_force",
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("experiment", sa.Text(), nullable=True),
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_in_force")),
    )
    op.create_table(
        "leads",
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("email_hash", sa.Text(), nullable=True),
        sa.Column("email_domain", sa.Text(), nullable=True),
        sa.Column("account_key", sa.Text(), nullable=True),
        sa.Column("row_is", sa.String(length=16), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("lead_ref", sa.Text(), nullable=False),
        sa.Column("key", BIG, nullable=False),
        sa.Column("version", BIG, nullable=True),
        sa.Column("content", BIG, nullable=False),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        sa.Column("backfill", sa.Boolean(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("line", BIG, nullable=False),
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leads")),
    )
    op.create_index(op.f("ix_leads_email_hash"), "leads", ["email_hash"], unique=False)
    op.create_index(op.f("ix_leads_lead_ref_key"), "leads", ["lead_ref", "key"], unique=False)
    op.create_table(
        "looks",
        sa.Column("experiment", sa.Text(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("read_position", BIG, nullable=False),
        sa.Column("protocol_fingerprint", sa.String(length=64), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_looks")),
    )
    op.create_index(op.f("ix_looks_experiment"), "looks", ["experiment"], unique=False)
    op.create_table(
        "outcomes",
        sa.Column("email_hash", sa.Text(), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("resolution", sa.String(length=8), nullable=False),
        sa.Column("opportunity_id", sa.Text(), nullable=True),
        sa.Column("amount", BIG, nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("quantity", sa.Double(), nullable=True),
        sa.Column("reason_code", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("row_id", sa.Text(), nullable=True),
        sa.Column("lead_ref", sa.Text(), nullable=False),
        sa.Column("key", BIG, nullable=False),
        sa.Column("version", BIG, nullable=True),
        sa.Column("content", BIG, nullable=False),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        sa.Column("backfill", sa.Boolean(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("line", BIG, nullable=False),
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outcomes")),
    )
    op.create_index(
        "ix_outcomes_email_hash",
        "outcomes",
        ["email_hash"],
        unique=False,
        sqlite_where=sa.text("email_hash IS NOT NULL"),
        postgresql_where=sa.text("email_hash IS NOT NULL"),
    )
    op.create_index(op.f("ix_outcomes_lead_ref_key"), "outcomes", ["lead_ref", "key"], unique=False)
    op.create_table(
        "quarantine",
        sa.Column("import_id", BIG, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("line", BIG, nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("lead_ref", sa.Text(), nullable=True),
        sa.Column("email_hash", sa.Text(), nullable=True),
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
        sa.UniqueConstraint("kind", "system", "digest", name=op.f("uq_quarantine_kind_system_digest")),
    )
    op.create_table(
        "quarantine_steps",
        sa.Column("quarantine_id", BIG, nullable=False),
        sa.Column("step", sa.String(length=16), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine_steps")),
    )
    op.create_index(op.f("ix_quarantine_steps_quarantine_id"), "quarantine_steps", ["quarantine_id"], unique=False)
    op.create_table(
        "unmatched_rows",
        sa.Column("import_id", BIG, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("lead_ref", sa.Text(), nullable=False),
        sa.Column("email_hash", sa.Text(), nullable=False),
        sa.Column("key", BIG, nullable=False),
        sa.Column("content", BIG, nullable=False),
        sa.Column("line", BIG, nullable=False),
        sa.Column("matched_at_position", BIG, nullable=True),
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unmatched_rows")),
        sa.UniqueConstraint(
            "kind",
            "lead_ref",
            "key",
            "content",
            "email_hash",
            name=op.f("uq_unmatched_rows_kind_lead_ref_key_content_email_hash"),
        ),
    )
    op.create_index(
        op.f("ix_unmatched_rows_matched_at_position"), "unmatched_rows", ["matched_at_position"], unique=False
    )


def downgrade() -> None:
    """Drops every table."""
    op.drop_index(op.f("ix_unmatched_rows_matched_at_position"), table_name="unmatched_rows")
    op.drop_table("unmatched_rows")
    op.drop_index(op.f("ix_quarantine_steps_quarantine_id"), table_name="quarantine_steps")
    op.drop_table("quarantine_steps")
    op.drop_table("quarantine")
    op.drop_index(op.f("ix_outcomes_lead_ref_key"), table_name="outcomes")
    op.drop_index(
        "ix_outcomes_email_hash",
        table_name="outcomes",
        sqlite_where=sa.text("email_hash IS NOT NULL"),
        postgresql_where=sa.text("email_hash IS NOT NULL"),
    )
    op.drop_table("outcomes")
    op.drop_index(op.f("ix_looks_experiment"), table_name="looks")
    op.drop_table("looks")
    op.drop_index(op.f("ix_leads_lead_ref_key"), table_name="leads")
    op.drop_index(op.f("ix_leads_email_hash"), table_name="leads")
    op.drop_table("leads")
    op.drop_table("in_force")
    op.drop_table("imports")
    op.drop_index(op.f("ix_identity_merges_new_id"), table_name="identity_merges")
    op.drop_index(op.f("ix_identity_merges_lead_ref_key"), table_name="identity_merges")
    op.drop_table("identity_merges")
    op.drop_index(op.f("ix_field_changes_lead_ref_key"), table_name="field_changes")
    op.drop_table("field_changes")
    op.drop_table("experiment_phases")
    op.drop_index(op.f("ix_experiment_log_experiment"), table_name="experiment_log")
    op.drop_table("experiment_log")
    op.drop_index(op.f("ix_events_lead_ref_key"), table_name="events")
    op.drop_table("events")
    op.drop_index(op.f("ix_definition_locks_definition"), table_name="definition_locks")
    op.drop_table("definition_locks")
    op.drop_index(op.f("ix_decisions_lead_id_experiment"), table_name="decisions")
    op.drop_table("decisions")
    op.drop_table("commits")
    op.drop_index(op.f("ix_audit_log_subject"), table_name="audit_log")
    op.drop_table("audit_log")
    op.drop_index(op.f("ix_assignments_experiment_unit"), table_name="assignments")
    op.drop_table("assignments")
    op.drop_index(op.f("ix_approvals_definition"), table_name="approvals")
    op.drop_table("approvals")
    op.drop_table("api_keys")
