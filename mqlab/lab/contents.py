"""What a lab consists of: its folder and settings, its clock, its definitions and its ledger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from mqlab.errors import InputError
from mqlab.leads.instants import end_of_day, start_of_day
from mqlab.settings.load import find_lab, load_settings
from mqlab.settings.model import Settings

if TYPE_CHECKING:
    from mqlab.definitions.registry import Registry
    from mqlab.experiments.protocol import Protocol
    from mqlab.lab.no_ledger import NoLedger
    from mqlab.store.ledger import Ledger


def utc_now() -> datetime:
    """The clock of a lab that was given no other."""
    return datetime.now(UTC)


class Contents:
    """What a lab consists of, read or opened when first asked for."""

    def __init__(self, folder: Path, settings: Settings, clock: Callable[[], datetime] = utc_now) -> None:
        self.folder = folder
        self.settings = settings
        self.clock = clock
        self.protocols: dict[Path, tuple[tuple[int, int], Protocol]] = {}
        """Experiment files read so far, by path, with their time and size: read again only after a change."""

    @classmethod
    def open(cls, folder: Path | str | None = None, *, clock: Callable[[], datetime] = utc_now) -> Self:
        """The lab in `folder`, or the nearest one from the working folder upward.

        Raises InputError where there is none, ProblemsFound where its settings are wrong.
        """
        found = Path(folder).resolve() if folder is not None else find_lab(Path.cwd())
        return cls(found, load_settings(found), clock)

    def _instant(self, as_of: object) -> datetime:
        if as_of is None:
            return self.clock()
        if isinstance(as_of, datetime):
            if as_of.tzinfo is None:
                hint = "Give it one, or a date."
                raise InputError(f"as_of {as_of} has no time zone.", code="NaiveInstant", hint=hint)
            return as_of
        if not isinstance(as_of, date):
            hint = "Give a date, such as date(2026, 12, 5), or an instant with its time zone."
            raise InputError(f"as_of {as_of!r} is no date.", code="NoDate", hint=hint)
        return end_of_day(as_of, self.settings.zone)

    def _beginning(self, at: datetime | date | None) -> datetime | None:
        """As `_instant`, but a date means the beginning of that day; nothing stays nothing."""
        if at is None or isinstance(at, datetime) or not isinstance(at, date):
            return None if at is None else self._instant(at)
        return start_of_day(at, self.settings.zone)

    @cached_property
    def definitions(self) -> Registry:
        """Every definition of the lab."""
        from mqlab.definitions.registry import Registry

        return Registry.open(self.folder / "definitions", null_tokens=self.settings.lab.null_tokens)

    @cached_property
    def ledger(self) -> Ledger:
        """The lab's ledger, made where there is none: for verbs that write."""
        from mqlab.store.ledger import Ledger

        self.__dict__.pop("_read_only", None)
        return Ledger.open(self.settings.store_url(self.folder), create=True, linking=self.settings.linking)

    @property
    def reading(self) -> Ledger | NoLedger:
        """The lab's ledger for verbs that only read: where there is none, none is made."""
        return self.__dict__.get("ledger") or self._read_only

    def let_go(self) -> None:
        """Let go of the ledger, whichever way it was opened; it is opened again when asked for."""
        for name in ("ledger", "_read_only"):
            opened = self.__dict__.pop(name, None)
            if opened is not None:
                opened.close()

    @cached_property
    def _read_only(self) -> Ledger | NoLedger:
        from mqlab.lab.no_ledger import open_to_read

        return open_to_read(self.settings.store_url(self.folder), self.settings.linking)
