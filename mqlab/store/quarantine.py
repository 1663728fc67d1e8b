"""Registers of the imports: files read, rows that could not be used, rows that wait for their lead."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Engine, func, insert, select

from mqlab.errors import InputError
from mqlab.store.engine import reading, writing
from mqlab.store.intake import commit, next_position
from mqlab.store.models import ImportRow, QuarantineRow, QuarantineStepRow, UnmatchedRow
from mqlab.store.records import Import, Quarantined, Unmatched
from mqlab.store.register import Register

Step = Literal["fixed", "released", "discarded"]


class Imports(Register[Import]):
    """Every file that was read."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, ImportRow, Import)

    def list(self, *, limit: int | None = None) -> tuple[Import, ...]:
        """The newest first."""
        return self._list(limit=limit, newest_first=True)


class Quarantine(Register[Quarantined]):
    """The rows that could not be used, whole, and what was done about them."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, QuarantineRow, Quarantined)

    def list(self, *, limit: int | None = None, status: str | None = "open") -> tuple[Quarantined, ...]:
        """The newest first; `status` is open, fixed, released, discarded, or None for all."""
        return self._rows(select(QuarantineRow.id), status=status, limit=limit)

    def get(self, row_id: int) -> Quarantined:
        """One row, whole; InputError when there is none."""
        found = self._rows(select(QuarantineRow.id).where(QuarantineRow.id == row_id), status=None, limit=1)
        if not found:
            raise InputError(
                f"there is no quarantined row {row_id}.", code="NoSuchRow", hint="See them with: mqlab quarantine list"
            )
        return found[0]

    def counts(self) -> dict[str, int]:
        """Open rows by reason."""
        settled = select(QuarantineStepRow.quarantine_id)
        query = (
            select(QuarantineRow.reason, func.count())
            .where(QuarantineRow.id.not_in(settled))
            .group_by(QuarantineRow.reason)
            .order_by(QuarantineRow.reason)
        )
        with reading(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def settle(self, row_ids: Sequence[int], step: Step, *, by: str, because: str, now: datetime) -> None:
        """Records what was done about rows; the rows themselves stay."""
        with writing(self._engine) as connection:
            position = next_position(connection)
            for row_id in row_ids:
                connection.execute(
                    insert(QuarantineStepRow).values(
                        position=position, recorded_at=now, quarantine_id=row_id, step=step, by=by, because=because
                    )
                )
            commit(connection, position, now=now, what="quarantine")

    def _rows(self, ids: Any, *, status: str | None, limit: int | None) -> tuple[Quarantined, ...]:
        last = select(func.max(QuarantineStepRow.id)).group_by(QuarantineStepRow.quarantine_id)
        steps = (
            select(QuarantineStepRow.quarantine_id, QuarantineStepRow.step)
            .where(QuarantineStepRow.id.in_(last))
            .subquery()
        )
        state = func.coalesce(steps.c.step, "open")
        query = (
            select(QuarantineRow.__table__, state.label("status"))
            .outerjoin(steps, steps.c.quarantine_id == QuarantineRow.id)
            .where(QuarantineRow.id.in_(ids))
            .order_by(QuarantineRow.id.desc())
        )
        if status is not None:
            query = query.where(state == status)
        with reading(self._engine) as connection:
            return tuple(self._of(row._asdict()) for row in connection.execute(query.limit(limit)))


class UnmatchedRows(Register[Unmatched]):
    """The facts that wait for their lead."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, UnmatchedRow, Unmatched)

    def list(self, *, limit: int | None = None) -> tuple[Unmatched, ...]:
        """Those still waiting, the newest first."""
        return self._list(UnmatchedRow.matched_at_position.is_(None), limit=limit, newest_first=True)

    def count(self) -> int:
        """How many facts still wait."""
        query = select(func.count()).select_from(UnmatchedRow).where(UnmatchedRow.matched_at_position.is_(None))
        with reading(self._engine) as connection:
            return int(connection.scalar(query) or 0)
