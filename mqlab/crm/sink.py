"""What an import needs of the ledger; `mqlab.store.ledger.Ledger` is one such sink."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Literal, Protocol

from mqlab.leads.completeness import Gaps
from mqlab.leads.links import Link, Linking
from mqlab.leads.records import Merge
from mqlab.leads.ties import Ties

Kind = Literal["leads", "events", "field-changes", "outcomes", "identity"]
"""What a file holds, by the words of `mqlab ingest`."""


Sighting = tuple[int, bool, str | None]
"""How a version of a fact was seen: known at (µs), whether that is a backfill, and the e-mail hash it came with, after
which an @ and the company's domain may stand."""

Stored = tuple[str, int, int | None, int, int, bool, str | None]
"""A stored version of a fact: lead_ref, key, version (None where the source numbers none), content, its sighting."""


class Intake(Protocol):
    """One import's transaction."""

    @property
    def import_id(self) -> int:
        """The import's number."""

    @property
    def position(self) -> int:
        """The ledger position it will make."""

    def stored(self, kind: str, refs: Sequence[str], keys: Sequence[int]) -> Sequence[Stored]:
        """The versions held of the facts (ref, key)."""

    def append(self, kind: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Appends facts."""

    def known_leads(self, ids: Collection[str]) -> set[str]:
        """Those of `ids` that are leads."""

    def leads_by_email(self, hashes: Collection[str]) -> Mapping[str, set[str]]:
        """The leads that had these e-mail hashes."""

    def leads_by_domain(self, domains: Collection[str]) -> Mapping[str, set[str]]:
        """The leads that had addresses of these companies' domains, where the lab matches by them."""

    def account_domains(self, hashes: Collection[str]) -> Mapping[str, str]:
        """The companies' domains that outcomes with these e-mail hashes came with."""

    @property
    def linking(self) -> Linking:
        """How a row that names no known lead finds one."""

    def created(self, ids: Collection[str]) -> Mapping[str, int]:
        """When those of `ids` that are leads were created, in microseconds."""

    def merges(self) -> Sequence[Merge]:
        """Every merge of people known."""

    def links(self) -> Sequence[Link]:
        """Everything known that links opportunities to leads."""

    def stage_gaps(self, refs: Collection[str], tells: str) -> Gaps:
        """Of the opportunities that facts name as `refs`, those whose history ends in another stage than their row."""

    def ties(self) -> Ties:
        """The outcomes that the leads of this import leave to nobody, for they share an address with other leads."""

    def systems(self, kind: str) -> set[str]:
        """The systems of earlier imports of this kind."""

    def forgotten(self) -> Sequence[tuple[str, str]]:
        """Who is forgotten: the id of a lead, and the digest of an e-mail hash it had (empty: none)."""

    def quarantine(self, columns: Mapping[str, Sequence[Any]]) -> int:
        """Keeps rows that could not be used; how many of them were there already and are settled."""

    def wait(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """Notes facts whose lead is not known."""

    def waiting(self) -> set[tuple[str, str | None]]:
        """The (lead_ref, e-mail hash) that facts wait for."""

    def found(self, refs: Collection[tuple[str, str | None]]) -> int:
        """Notes that those leads are known now; how many facts that frees."""

    def finish(self, **header: Any) -> None:
        """Writes the import's own row."""


class Sink(Protocol):
    """A ledger that takes imports."""

    def intake(self, *, now: datetime, dry_run: bool = False) -> AbstractContextManager[Intake]:
        """One import: written whole when the block ends well, else not at all."""
