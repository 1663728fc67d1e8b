"""The desk of the ledger: mappings as they were, facts taken back, and people who are forgotten."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Adds three tables; nothing that is there changes."""
    op.create_table(
        "mappings",
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_mappings")),
    )
    op.create_table(
        "withdrawn",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("lead_ref", sa.Text(), nullable=False),
        sa.Column("key", BIG, nullable=False),
        sa.Column("content", BIG, nullable=False),
        sa.Column("quarantine_id", BIG, nullable=False),
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withdrawn")),
    )
    op.create_index(op.f("ix_withdrawn_lead_ref_key"), "withdrawn", ["lead_ref", "key"], unique=False)
    op.create_table(
        "forgotten",
        sa.Column("lead_ref", sa.Text(), nullable=False),
        sa.Column("email_digest", sa.String(length=64), nullable=False),
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forgotten")),
        sa.UniqueConstraint("lead_ref", "email_digest", name=op.f("uq_forgotten_lead_ref_email_digest")),
    )
    op.create_index(op.f("ix_forgotten_email_digest"), "forgotten", ["email_digest"], unique=False)


def downgrade() -> None:
    """Drops the three tables; whoever is forgotten stays so in the facts, but not against a later import."""
    op.drop_index(op.f("ix_forgotten_email_digest"), table_name="forgotten")
    op.drop_table("forgotten")
    op.drop_index(op.f("ix_withdrawn_lead_ref_key"), table_name="withdrawn")
    op.drop_table("withdrawn")
    op.drop_table("mappings")
