"""What became of the rows of a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mqlab.leads.completeness import NO_GAPS, Gaps

if TYPE_CHECKING:
    from mqlab.crm.preview import Preview


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """Every statement read is exactly one of new, unchanged, corrected, unmatched, quarantined: `read` is their sum.

    A row makes one statement, or as many as the mapping finds in it: `rows` counts the rows of the file, of which
    `blank` stated nothing at all; `footer` lines stood below them. `backfilled` statements came without a time at which
    they became known, `found` earlier facts found their lead by this import. Of the quarantined `settled` were fixed,
    released or discarded before. `notes` are sentences for people. `gaps` are opportunities whose history ends in
    another stage than their own row. `preview` is there in a dry run; `finds_leads` where statements are about leads
    that must be found.
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
    rows: int = 0
    footer: int = 0
    settled: int = 0
    gaps: Gaps = NO_GAPS
    reasons: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = ()
    dry_run: bool = False
    preview: Preview | None = None
    finds_leads: bool = False

    @property
    def read(self) -> int:
        """How many rows were read."""
        return self.new + self.unchanged + self.corrected + self.unmatched + self.quarantined

    @property
    def match_rate(self) -> float | None:
        """Of the statements that can be used, how many found their lead; None where there is none to find."""
        found = self.new + self.unchanged + self.corrected
        usable = found + self.unmatched
        return found / usable if self.finds_leads and usable else None

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
            "rows": self.rows,
            "footer": self.footer,
            "settled": self.settled,
            "stages_compared": self.gaps.compared,
            "stages_differing": self.gaps.differing,
            "match_rate": self.match_rate,
            "reasons": dict(self.reasons),
            "notes": list(self.notes),
            "dry_run": self.dry_run,
            **({} if self.preview is None else self.preview.to_dict()),
        }
