"""Registers of the imports: files read, rows that could not be used, rows that wait for their lead."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Engine, func, select

from mqlab.errors import InputError
from mqlab.store.engine import reading
from mqlab.store.models import ImportRow, MappingRow, QuarantineRow, QuarantineStepRow, UnmatchedRow
from mqlab.store.records import Import, Quarantined, QuarantineStep, Unmatched
from mqlab.store.register import Register
from mqlab.store.rows import unsettled


class Imports(Register[Import]):
    """Every file that was read."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, ImportRow, Import)

    def list(self, *, limit: int | None = None) -> tuple[Import, ...]:
        """The newest first."""
        return self._list(limit=limit, newest_first=True)

    def read_with(self, import_id: int) -> tuple[Import, str | None]:
        """An import, and the mapping it was read with as JSON; None where an earlier version of mqlab kept none."""
        (found,) = self._list(ImportRow.id == import_id)
        with reading(self._engine) as connection:
            text = connection.scalar(select(MappingRow.text).where(MappingRow.fingerprint == found.mapping))
        return found, text


class Quarantine(Register[Quarantined]):
    """The rows that could not be used, whole, and what was done about them."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, QuarantineRow, Quarantined)
        self._steps = Register(engine, QuarantineStepRow, QuarantineStep)

    def list(
        self, *, limit: int | None = None, status: str | None = "open", reason: str | None = None,
        kind: str | None = None,
    ) -> tuple[Quarantined, ...]:  # fmt: skip
        """The newest first; `status` is open, fixed, released, discarded, or None for all."""
        asked = ((QuarantineRow.reason, reason), (QuarantineRow.kind, kind))
        return self._rows(
            *(column == value for column, value in asked if value is not None), status=status, limit=limit
        )

    def get(self, row_id: int) -> Quarantined:
        """One row, whole; InputError when there is none."""
        found = self._rows(QuarantineRow.id == row_id, status=None, limit=1)
        if not found:
            raise InputError(
                f"there is no quarantined row {row_id}.", code="NoSuchRow", hint="See them with: mqlab quarantine list"
            )
        return found[0]

    def steps(self, row_id: int) -> tuple[QuarantineStep, ...]:
        """What was done about a row, oldest first."""
        return self._steps._list(QuarantineStepRow.quarantine_id == row_id)

    def counts(self) -> dict[str, int]:
        """Open rows by reason."""
        query = (
            select(QuarantineRow.reason, func.count())
            .where(unsettled())
            .group_by(QuarantineRow.reason)
            .order_by(QuarantineRow.reason)
        )
        with reading(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def _rows(self, *where: ColumnElement[bool], status: str | None, limit: int | None) -> tuple[Quarantined, ...]:
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
            .where(*where)
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
