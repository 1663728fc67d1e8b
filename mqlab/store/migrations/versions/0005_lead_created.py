"""Leads by when they were created, so that an experiment finds those of its enrolment however many there are."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the index."""
    op.create_index("ix_leads_created_at", "leads", ["created_at"])


def downgrade() -> None:
    """Drops it."""
    op.drop_index("ix_leads_created_at", table_name="leads")
