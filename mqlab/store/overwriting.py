"""What deleted and changed rows left in the files of a database is overwritten: bytes of whoever is forgotten."""

from __future__ import annotations

from sqlalchemy import Engine

from mqlab.store.engine import told
from mqlab.store.models import FACTS

READER_TIMEOUT_MS = 5_000


def overwrite(engine: Engine) -> bool:
    """Overwrites what deleted and changed rows left in the files; False where somebody reads and a part must wait.

    SQLite's file is written anew and its log emptied. PostgreSQL is asked to vacuum; its own log and its backups
    follow its own rules.
    """
    if engine.dialect.name == "postgresql":
        with told(engine), engine.connect() as raw:
            connection = raw.execution_options(isolation_level="AUTOCOMMIT")
            for table in (
                *(model.__tablename__ for model in FACTS.values()),
                "decisions",
                "quarantine",
                "imports",
                "unmatched_rows",
            ):
                connection.exec_driver_sql(f"VACUUM FULL {table}")
        return True
    with told(engine), engine.connect() as raw:
        connection = raw.execution_options(begin_with="")
        connection.exec_driver_sql("PRAGMA secure_delete = ON").fetchone()
        connection.exec_driver_sql("VACUUM")
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {READER_TIMEOUT_MS}").fetchone()
        busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return busy is not None and busy[0] == 0
