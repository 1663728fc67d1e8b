"""What became of the rows of a file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """Every row read is exactly one of new, unchanged, corrected, unmatched, quarantined: `read` is their sum.

    `backfilled` rows came without a time at which they became known, `found` earlier facts found their lead by this
    import, `blank` rows stated nothing at all and are not counted as read. `notes` are sentences for people.
    """

    new: int
    unchanged: int
    corrected: int
    unmatched: int
    quarantined: int
    import_id: int
    backfilled: int = 0
    found: int = 0
    blank: int = 0
    reasons: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = ()
    dry_run: bool = False

    @property
    def read(self) -> int:
        """How many rows were read."""
        return self.new + self.unchanged + self.corrected + self.unmatched + self.quarantined

    def to_dict(self) -> dict[str, object]:
        """The agreed JSON of `mqlab ingest`, and a little more."""
        return {
            "read": self.read,
            "new": self.new,
            "unchanged": self.unchanged,
            "corrected": self.corrected,
            "unmatched": self.unmatched,
            "quarantined": self.quarantined,
            "import_id": self.import_id,
            "backfilled": self.backfilled,
            "found": self.found,
            "blank": self.blank,
            "reasons": dict(self.reasons),
            "notes": list(self.notes),
            "dry_run": self.dry_run,
        }
