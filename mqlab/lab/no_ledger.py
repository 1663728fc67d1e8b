"""What a lab knows that has no ledger yet: nothing. Commands that only read make none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from mqlab.errors import InputError, UnreachableError
from mqlab.leads.links import Linking
from mqlab.leads.tables import EVENTS, FIELD_CHANGES, IDENTITY, LEADS, OUTCOMES, OVERRIDES, Facts
from mqlab.leads.ties import NO_TIES, Ties
from mqlab.store.around import Around
from mqlab.store.engine import parse_url
from mqlab.store.ledger import Ledger
from mqlab.store.records import Approval, ExperimentStep, InForce, LockedDefinition, Look, Quarantined, QuarantineStep


def open_to_read(url: str, linking: Linking) -> Ledger | NoLedger:
    """The ledger at a URL, or none where nothing was ever written; UnreachableError where it cannot be read."""
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        path = Path(str(parsed.database))
        if not path.exists() or (path.is_file() and not path.stat().st_size):
            return NoLedger()
        return Ledger.open(url, create=False, linking=linking)
    try:
        return Ledger.open(url, create=False, linking=linking)
    except UnreachableError as error:
        if error.code == "StoreMissing":
            return NoLedger()
        raise


class NoLedger:
    """Reads like a ledger to which nothing was ever appended."""

    def __init__(self) -> None:
        self.approvals = _NoApprovals()
        self.assignments = _NoAssignments()
        self.experiments = _NoSteps()
        self.in_force = _NothingInForce()
        self.locks = _NoLocks()
        self.looks = _NoLooks()
        self.quarantine = _NothingQuarantined()

    def position(self) -> int:
        """The position of an empty ledger."""
        return 0

    def ties(self) -> Ties:
        """None."""
        return NO_TIES

    def facts(
        self, *, as_of: datetime, position: int | None = None, leads: Collection[str] | None = None,
        since: datetime | None = None, around: Around | None = None,
    ) -> Facts:  # fmt: skip
        """No facts; InputError for any position but 0."""
        del leads, since, around
        if position:
            raise InputError(
                f"the ledger has no position {position}.", code="NoSuchPosition", hint="Its latest position is 0."
            )
        tables = (schema.empty_table() for schema in (LEADS, FIELD_CHANGES, EVENTS, IDENTITY, OUTCOMES))
        return Facts(as_of, 0, *tables)

    def close(self) -> None:
        """There is nothing to let go of."""


class _NoApprovals:
    def of(self, definition: str, fingerprint: str | None = None) -> tuple[Approval, ...]:
        del definition, fingerprint
        return ()

    def list(self) -> tuple[Approval, ...]:
        return ()


class _NoAssignments:
    def overrides(self, experiment: str, *, position: int | None = None) -> pa.Table:
        del experiment, position
        return OVERRIDES.empty_table()


class _NoSteps:
    def log(self, experiment: str | None = None) -> tuple[ExperimentStep, ...]:
        del experiment
        return ()


class _NothingInForce:
    def list(self) -> tuple[InForce, ...]:
        return ()


class _NoLocks:
    def all(self) -> Mapping[str, LockedDefinition]:
        return {}


class _NoLooks:
    def taken(self, experiment: str) -> tuple[Look, ...]:
        del experiment
        return ()


class _NothingQuarantined:
    def list(
        self, *, limit: int | None = None, status: str | None = None, reason: str | None = None, kind: str | None = None
    ) -> tuple[Quarantined, ...]:
        del limit, status, reason, kind
        return ()

    def steps(self, row_id: int) -> tuple[QuarantineStep, ...]:
        del row_id
        return ()

    def get(self, row_id: int) -> Quarantined:
        raise InputError(f"there is no quarantined row {row_id}.", code="UnknownRow", hint="Nothing is quarantined.")
