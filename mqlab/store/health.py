"""What can be asked of a store without changing it: its version, damage, who writes to it, and what it holds."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from sqlalchemy import Engine, func, select, text

from mqlab.leads.completeness import Gaps
from mqlab.leads.links import Linking
from mqlab.leads.ties import Ties
from mqlab.store import schema
from mqlab.store.account_domains import ByDomain, by_domain
from mqlab.store.completeness import gaps
from mqlab.store.engine import WRITE_LOCK, make_engine, parse_url, reading, shown, told
from mqlab.store.models import FACTS, Commit, ImportRow, QuarantineRow, UnmatchedRow
from mqlab.store.rows import unsettled
from mqlab.store.ties import ties

Version = Literal["none", "older", "current", "newer"]
Writing = Literal["free", "busy", "read-only"]


@dataclass(frozen=True, slots=True)
class Held:
    """What a store holds; `facts` counts rows, versions each, by the words of `mqlab ingest`."""

    position: int
    facts: Mapping[str, int]
    imports: int
    last_import: tuple[str, str, datetime] | None
    unmatched: int
    quarantined: Mapping[str, int]
    recorded_at: datetime | None


class Health:
    """A store that is looked at, never migrated and never written to."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def file(self) -> Path | None:
        """The file of a SQLite store."""
        return Path(str(self._engine.url.database)) if self._engine.dialect.name == "sqlite" else None

    @property
    def shown(self) -> str:
        """The address without its password."""
        return shown(self._engine.url)

    def version(self) -> tuple[Version, str]:
        """How the store's revision stands to this program's, and the revision."""
        found = schema.current(self._engine)
        if found is None:
            return "none", ""
        if found == schema.HEAD:
            return "current", found
        return ("older" if found in schema.REVISIONS else "newer"), found

    def damage(self, *, deep: bool = False) -> str | None:
        """The first damage that SQLite finds in its file, None where it finds none; `deep` compares indices too.

        PostgreSQL minds its own files.
        """
        if self.file is None:
            return None
        with reading(self._engine) as connection:
            found = str(connection.scalar(text(f"PRAGMA {'integrity_check' if deep else 'quick_check'}(1)")))
        return None if found == "ok" else found

    def writing(self) -> Writing:
        """Whether a command could write now: free, busy with another one's writing, or read-only to this user."""
        if self.file is None:
            return self._server_writing()
        with told(self._engine), closing(sqlite3.connect(self.file, timeout=0, isolation_level=None)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("ROLLBACK")
            except sqlite3.OperationalError as error:
                if "readonly" in str(error):
                    return "read-only"
                if "locked" in str(error):
                    return "busy"
                raise
        return "free"

    def _server_writing(self) -> Writing:
        with reading(self._engine) as connection:
            if connection.scalar(text("SHOW transaction_read_only")) == "on":
                return "read-only"
            free = connection.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": WRITE_LOCK})
        return "free" if free else "busy"

    def stage_gaps(self) -> Gaps:
        """The opportunities whose history ends in another stage than their own row."""
        with reading(self._engine) as connection:
            return gaps(connection)

    def ties(self, linking: Linking) -> Ties:
        """The outcomes that have come to belong to several leads and do not stand in quarantine for it."""
        with reading(self._engine) as connection:
            return ties(connection, linking)

    def by_domain(self, linking: Linking) -> ByDomain:
        """The outcomes whose lead the domain of its company alone can tell."""
        with reading(self._engine) as connection:
            return by_domain(connection, linking)

    def held(self) -> Held:
        """What the store holds. Rows are appended, so the greatest number of a table says how many it has."""
        with reading(self._engine) as connection:
            last = connection.execute(
                select(ImportRow.kind, ImportRow.file, ImportRow.recorded_at).order_by(ImportRow.id.desc()).limit(1)
            ).first()
            by_reason = (
                select(QuarantineRow.reason, func.count())
                .where(unsettled())
                .group_by(QuarantineRow.reason)
                .order_by(QuarantineRow.reason)
            )
            waiting = select(func.count()).select_from(UnmatchedRow).where(UnmatchedRow.matched_at_position.is_(None))
            return Held(
                position=int(connection.scalar(select(func.max(Commit.position))) or 0),
                facts={kind: int(connection.scalar(select(func.max(table.id))) or 0) for kind, table in FACTS.items()},
                imports=int(connection.scalar(select(func.max(ImportRow.id))) or 0),
                last_import=None if last is None else (last[0], last[1], last[2]),
                unmatched=int(connection.scalar(waiting) or 0),
                quarantined={row[0]: row[1] for row in connection.execute(by_reason)},
                recorded_at=connection.scalar(select(Commit.recorded_at).order_by(Commit.position.desc()).limit(1)),
            )


@contextmanager
def looked_at(url: str) -> Iterator[Health]:
    """The store at an address, to be looked at; UnreachableError where it cannot be opened."""
    engine = make_engine(parse_url(url), create=False)
    try:
        yield Health(engine)
    finally:
        engine.dispose()
