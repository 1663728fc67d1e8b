"""Where Alembic starts: on the connection it is handed, inside the transaction that is already open."""

from __future__ import annotations

from alembic import context

from mqlab.store.models import Base

if hasattr(context, "config"):  # run by Alembic, not merely imported
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=Base.metadata,
        render_as_batch=True,
        transactional_ddl=True,
    )
    context.run_migrations()
