"""Views of the current state, for whoever looks into the database: mqlab itself reads the facts.

Each fact stands once, in its current version. Ids are those the sources named: merges of people are not applied.
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SYSTEM = ("id", "position", "recorded_at", "lead_ref", "key", "version", "known_at", "backfill", "system")
LEADS = (*SYSTEM, "created_at", "source", "email_domain", "account_key", "row_is", "fields")
OUTCOMES = (
    *SYSTEM, "kind", "occurred_at", "resolution", "opportunity_id", "amount", "currency", "quantity", "reason_code",
    "owner", "row_id",
)  # fmt: skip
ASSIGNMENTS = (
    "id", "position", "recorded_at", "known_at", "experiment", "unit", "lead_id", "arm", "phase", "assigned_at", "why",
    "override",
)  # fmt: skip
GREATEST_VERSION = "f.version DESC NULLS LAST, f.content DESC, f.known_at, f.backfill, f.id"
TAKEN_BACK = (
    "NOT EXISTS (SELECT 1 FROM withdrawn AS w WHERE w.kind = 'outcomes' AND w.lead_ref = f.lead_ref "
    'AND w."key" = f."key" AND w.content = f.content)'
)
VIEWS = {
    "current_leads": ("leads", LEADS, 'f.lead_ref, f."key"', GREATEST_VERSION, "1 = 1"),
    "current_outcomes": ("outcomes", OUTCOMES, 'f.lead_ref, f."key"', GREATEST_VERSION, TAKEN_BACK),
    "current_assignments": ("assignments", ASSIGNMENTS, "f.experiment, f.unit", "f.id DESC", "1 = 1"),
}
"""By name of the view: the table, its columns, what a row is about, which row of several stands, which count."""


def upgrade() -> None:
    """Makes the views; nothing that is there changes."""
    for name, (table, columns, about, order, counts) in VIEWS.items():
        listed = ", ".join(f'"{column}"' for column in columns)
        op.execute(
            f"CREATE VIEW {name} AS SELECT {listed} FROM (SELECT f.*, row_number() OVER (PARTITION BY {about} "
            f"ORDER BY {order}) AS place FROM {table} AS f WHERE {counts}) AS ranked WHERE place = 1"
        )


def downgrade() -> None:
    """Drops the views."""
    for name in VIEWS:
        op.execute(f"DROP VIEW {name}")
