"""Registers of an experiment's life: its steps, phases, looks, and the definitions in force."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, insert, select

from mqlab.errors import RefusedError
from mqlab.leads.instants import micros
from mqlab.store.engine import writing
from mqlab.store.intake import next_position
from mqlab.store.models import ExperimentStepRow, InForceRow, LookRow, PhaseRow
from mqlab.store.records import ExperimentPhase, ExperimentStep, InForce, Look, canonical_json
from mqlab.store.register import Register, written


class Experiments(Register[ExperimentStep]):
    """The log of every experiment's life."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, ExperimentStepRow, ExperimentStep)
        self._phases = Register(engine, PhaseRow, ExperimentPhase)

    def record(
        self,
        experiment: str,
        step: str,
        *,
        at: datetime,
        by: str,
        now: datetime,
        because: str = "",
        protocol_text: str | None = None,
        protocol_fingerprint: str | None = None,
        details: Mapping[str, Any] | None = None,
        phases: Sequence[tuple[int, datetime, str]] = (),
        after: int | None = None,
        in_force: tuple[str, datetime] | None = None,
    ) -> None:
        """Appends a step, and with it what it makes: phases (number from 1, start, coverage as decimal text), and the
        definition it puts `in_force` from an instant on. All of it is written, or nothing.

        `after` is the number of steps the caller has seen; RefusedError when another has been taken meanwhile.
        """
        with writing(self._engine) as connection:
            seen = connection.scalars(
                select(ExperimentStepRow.id).where(ExperimentStepRow.experiment == experiment)
            ).all()
            if after is not None and len(seen) != after:
                raise RefusedError(
                    f"experiment '{experiment}' has just been changed by another command.",
                    code="ChangedMeanwhile",
                    hint=f"Look at it with: mqlab experiments status {experiment}",
                )
            stamp = {"position": next_position(connection) - 1, "recorded_at": now}
            values = {
                "experiment": experiment, "step": step, "at": at, "by": by, "because": because,
                "protocol_text": protocol_text, "protocol_fingerprint": protocol_fingerprint, "details": details or {},
            }  # fmt: skip
            connection.execute(insert(ExperimentStepRow).values(**stamp, **written(values)))
            for number, starts_at, coverage in phases:
                connection.execute(
                    insert(PhaseRow).values(
                        **stamp, experiment=experiment, number=number, starts_at=starts_at, coverage=coverage, by=by
                    )
                )
            if in_force is not None:
                definition, from_at = in_force
                connection.execute(
                    insert(InForceRow).values(
                        **stamp, definition=definition, from_at=from_at, by=by, because=because, experiment=experiment
                    )
                )

    def log(self, experiment: str | None = None) -> tuple[ExperimentStep, ...]:
        """Every step, oldest first, of one experiment or of all."""
        return self._list(*([] if experiment is None else [ExperimentStepRow.experiment == experiment]))

    def phases(self, experiment: str) -> tuple[ExperimentPhase, ...]:
        """The phases recorded so far, by number."""
        return tuple(sorted(self._phases._list(PhaseRow.experiment == experiment), key=lambda phase: phase.number))


class InForceRegister(Register[InForce]):
    """Which definition governs the leads that no running experiment governs."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, InForceRow, InForce)

    def put(
        self, definition: str, *, from_at: datetime, by: str, because: str, now: datetime, experiment: str | None = None
    ) -> None:
        """Puts a definition in force from an instant on."""
        self._add(now=now, definition=definition, from_at=from_at, by=by, because=because, experiment=experiment)

    def list(self) -> tuple[InForce, ...]:
        """Everything ever put in force, oldest first."""
        return self._list()

    def at(self, instant: datetime) -> InForce | None:
        """What is in force at an instant: the entry that began last, the later one of two that began together."""
        begun = [entry for entry in self._list() if entry.from_at <= instant]
        return max(begun, key=lambda entry: (entry.from_at, entry.id), default=None)


class Looks(Register[Look]):
    """The looks that were taken, with what they said."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, LookRow, Look)

    def take(
        self,
        experiment: str,
        *,
        as_of: datetime,
        read_position: int,
        protocol_fingerprint: str,
        result: Mapping[str, Any],
        now: datetime,
    ) -> bool:
        """Stores a look; False when the very same look is stored already."""
        digest = hashlib.sha256(canonical_json(result).encode()).hexdigest()
        with writing(self._engine) as connection:
            same = select(LookRow.id).where(
                LookRow.experiment == experiment, LookRow.as_of == as_of, LookRow.digest == digest,
                LookRow.read_position == read_position,
            )  # fmt: skip
            if connection.scalar(same) is not None:
                return False
            self._add(
                now=now, connection=connection, experiment=experiment, as_of=as_of, read_position=read_position,
                protocol_fingerprint=protocol_fingerprint, result=result, digest=digest,
            )  # fmt: skip
        return True

    def taken(self, experiment: str) -> tuple[Look, ...]:
        """An experiment's looks, by the instant they stood at, then as stored."""
        return tuple(
            sorted(self._list(LookRow.experiment == experiment), key=lambda look: (micros(look.as_of), look.id))
        )
