"""The ledger: open it, ask its position, read facts as of an instant, append an import, keep the registers."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from functools import cached_property
from types import TracebackType
from typing import Self

from sqlalchemy import Engine, func, select

from mqlab.errors import InputError
from mqlab.leads.links import DEFAULT_LINKING, Linking
from mqlab.leads.tables import Facts
from mqlab.leads.ties import Ties
from mqlab.store import schema
from mqlab.store.approvals import ApiKeys, Approvals, Audit, Locks
from mqlab.store.around import Around
from mqlab.store.decisions import Assignments, Decisions
from mqlab.store.engine import make_engine, parse_url, reading, writing
from mqlab.store.experiments import Experiments, InForceRegister, Looks
from mqlab.store.facts import read_facts
from mqlab.store.forgetting import Forgetting, forgetting, forgotten
from mqlab.store.intake import Intake
from mqlab.store.models import Commit
from mqlab.store.overwriting import overwrite
from mqlab.store.quarantine import Imports, Quarantine, UnmatchedRows
from mqlab.store.ties import ties


class Ledger:
    """An append-only store of facts and of what was done with them.

    Facts are read with `facts`, written with `intake` (see `mqlab.crm.ingest`); the rest are registers: `imports,
    quarantine, unmatched, assignments, decisions, locks, approvals, experiments, in_force, looks, keys, audit`.
    """

    def __init__(self, engine: Engine, linking: Linking) -> None:
        self._engine = engine
        self._linking = linking
        weakref.finalize(self, engine.dispose)

    @classmethod
    def open(cls, url: str, *, create: bool, linking: Linking = DEFAULT_LINKING) -> Ledger:
        """Opens the ledger at a database URL, brought up to this code's revision; `create` makes it where none is.

        `linking` says how a row that names no known lead finds one.
        Raises UnreachableError when it cannot be reached, read or written, RefusedError when newer code made it.
        """
        engine = make_engine(parse_url(url), create=create)
        try:
            schema.ensure(engine, create=create)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, linking)

    def position(self) -> int:
        """The latest ledger position, 0 when nothing was ever appended."""
        with reading(self._engine) as connection:
            return int(connection.scalar(select(func.coalesce(func.max(Commit.position), 0))) or 0)

    def facts(
        self, *, as_of: datetime, position: int | None = None, leads: Collection[str] | None = None,
        since: datetime | None = None, around: Around | None = None,
    ) -> Facts:  # fmt: skip
        """Everything known at `as_of` in the ledger up to `position` (default: the latest).

        The same `as_of` and `position` give the same rows in the same order after any later import. `leads` limits
        it to those leads and whoever they were merged with, `around` to what an experiment concerns: the leads of an
        enrolment, with everything about them, and outcomes of others from `since` on. Outcomes that find no lead are
        counted from then on.
        InputError for a position the ledger has not reached.
        """
        with reading(self._engine) as connection:
            latest = int(connection.scalar(select(func.coalesce(func.max(Commit.position), 0))) or 0)
            if position is not None and not 0 <= position <= latest:
                raise InputError(
                    f"the ledger has no position {position}.",
                    code="NoSuchPosition",
                    hint=f"Its latest position is {latest}.",
                )
            return read_facts(
                connection,
                as_of=as_of,
                position=latest if position is None else position,
                leads=leads,
                linking=self._linking,
                since=since,
                around=around,
            )

    @contextmanager
    def intake(self, *, now: datetime, dry_run: bool = False) -> Iterator[Intake]:
        """One import's transaction: written whole when the block ends well, not at all otherwise or in a dry run."""
        with writing(self._engine) as connection:
            intake = Intake(connection, now=now, linking=self._linking)
            with intake.copying:
                yield intake
            if dry_run:
                connection.rollback()

    def forgetting(self, *, now: datetime, digest: Callable[[str], str]) -> AbstractContextManager[Forgetting]:
        """One transaction in which a person is forgotten; `digest` makes of an e-mail's hash what is kept of it."""
        return forgetting(self._engine, now=now, digest=digest, linking=self._linking)

    def ties(self) -> Ties:
        """The outcomes that have come to belong to several leads and do not stand in quarantine for it."""
        with reading(self._engine) as connection:
            return ties(connection, self._linking)

    def forgotten(self) -> set[str]:
        """The ids that are forgotten."""
        return forgotten(self._engine)

    def overwrite(self) -> bool:
        """Overwrites what changed rows left in the files; False where a reader is in the way of a part of it."""
        return overwrite(self._engine)

    def close(self) -> None:
        """Lets go of the database."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def revision(self) -> str | None:
        """The store's schema revision."""
        return schema.current(self._engine)

    @cached_property
    def imports(self) -> Imports:
        """Files read."""
        return Imports(self._engine)

    @cached_property
    def quarantine(self) -> Quarantine:
        """Rows that could not be used."""
        return Quarantine(self._engine)

    @cached_property
    def unmatched(self) -> UnmatchedRows:
        """Facts that wait for their lead."""
        return UnmatchedRows(self._engine)

    @cached_property
    def assignments(self) -> Assignments:
        """Units in arms."""
        return Assignments(self._engine)

    @cached_property
    def decisions(self) -> Decisions:
        """Definitions' judgements of leads."""
        return Decisions(self._engine)

    @cached_property
    def locks(self) -> Locks:
        """Locked definitions."""
        return Locks(self._engine)

    @cached_property
    def approvals(self) -> Approvals:
        """Approvals of definitions."""
        return Approvals(self._engine)

    @cached_property
    def experiments(self) -> Experiments:
        """Lives of experiments."""
        return Experiments(self._engine)

    @cached_property
    def in_force(self) -> InForceRegister:
        """Definitions in force."""
        return InForceRegister(self._engine)

    @cached_property
    def looks(self) -> Looks:
        """Looks that were taken."""
        return Looks(self._engine)

    @cached_property
    def keys(self) -> ApiKeys:
        """Keys of the service."""
        return ApiKeys(self._engine)

    @cached_property
    def audit(self) -> Audit:
        """The audit log."""
        return Audit(self._engine)
