"""Where a lead's company is found by its domain: leads by the labels of theirs, outcomes with their company's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BYTEWISE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
ROWS = 10_000
INDICES = {"leads": "domain_path", "outcomes": "account_domain"}


def upgrade() -> None:
    """Adds a column each, that of leads filled from their domains; of outcomes nothing is known yet."""
    op.add_column("leads", sa.Column("domain_path", BYTEWISE, nullable=True))
    op.add_column("outcomes", sa.Column("account_domain", sa.Text(), nullable=True))
    leads = sa.table("leads", sa.column("id"), sa.column("email_domain"), sa.column("domain_path"))
    fill = sa.update(leads).where(leads.c.id == sa.bindparam("row")).values({"domain_path": sa.bindparam("path")})
    for rows in _batches(op.get_bind(), leads):
        op.get_bind().execute(fill, [{"row": row, "path": _path(domain)} for row, domain in rows])
    for table, column in INDICES.items():
        there = sa.text(f"{column} IS NOT NULL")
        op.create_index(f"ix_{table}_{column}", table, [column], sqlite_where=there, postgresql_where=there)


def downgrade() -> None:
    """Drops both; outcomes that only a domain gave to a lead wait again."""
    for table, column in INDICES.items():
        op.drop_index(f"ix_{table}_{column}", table_name=table)
        op.drop_column(table, column)


def _batches(connection: sa.Connection, leads: sa.TableClause) -> Iterator[list[tuple[int, str]]]:
    """The numbers and domains of leads that have one."""
    last = -1
    while True:
        query = (
            sa.select(leads.c.id, leads.c.email_domain)
            .where(leads.c.id > last, leads.c.email_domain.is_not(None))
            .order_by(leads.c.id)
            .limit(ROWS)
        )
        rows = [(int(row[0]), str(row[1])) for row in connection.execute(query)]
        if not rows:
            return
        yield rows
        last = rows[-1][0]


def _path(domain: str) -> str:
    """As `mqlab.assignment.units.domain_path` was when this was written."""
    labels = domain.strip(".").split(".")
    with suppress(UnicodeError, ValueError):
        labels = [one[4:].encode("ascii").decode("punycode") if one.startswith("xn--") else one for one in labels]
    return ".".join(reversed(labels))
