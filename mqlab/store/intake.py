"""One import: facts, quarantined and unmatched rows of one file in one transaction, all of it or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, tuple_, update

from mqlab.leads.completeness import Gaps
from mqlab.leads.instants import micros
from mqlab.leads.links import DEFAULT_LINKING, Link, Linking, link_kind
from mqlab.leads.records import Merge
from mqlab.leads.ties import NO_TIES, Ties
from mqlab.store.account_domains import leads_by_domain
from mqlab.store.completeness import gaps
from mqlab.store.copying import Copying
from mqlab.store.freshness import Freshness
from mqlab.store.models import (
    FACTS,
    Commit,
    ForgottenRow,
    ImportRow,
    LeadRow,
    MappingRow,
    MergeRow,
    OutcomeRow,
    QuarantineRow,
    QuarantineStepRow,
    UnmatchedRow,
    WithdrawnRow,
)
from mqlab.store.records import canonical_json
from mqlab.store.rows import Version, among, is_link, listed_pairs, unsettled, versions_of
from mqlab.store.rows import insert as insert_rows
from mqlab.store.ties import ties

MANY_ROWS = 10_000


def next_position(connection: Connection) -> int:
    """The ledger position that the batch being written will make."""
    return int(connection.scalar(select(func.coalesce(func.max(Commit.position), 0))) or 0) + 1


def commit(connection: Connection, position: int, *, now: datetime, what: str) -> None:
    """Records that a batch of facts made `position`."""
    connection.execute(insert(Commit).values(position=position, recorded_at=now, what=what))


class Intake:
    """What an import may ask and write while it runs; made by `Ledger.intake`."""

    def __init__(self, connection: Connection, *, now: datetime, linking: Linking = DEFAULT_LINKING) -> None:
        self.linking = linking
        self.copying = Copying()
        self._settled = connection
        self._now = now
        self._appended = False
        self._fresh: dict[str, Freshness | None] = {}
        self._grown: Counter[str] = Counter()
        self.position = next_position(connection)
        self.import_id = int(connection.scalar(select(func.coalesce(func.max(ImportRow.id), 0))) or 0) + 1

    @property
    def _connection(self) -> Connection:
        """The connection, once no rows are on their way any more."""
        self.copying.settle()
        return self._settled

    def stored(self, kind: str, refs: Sequence[str], keys: Sequence[int]) -> list[Version]:
        """The versions the ledger holds of the facts (ref, key)."""
        fresh = self._freshness(kind)
        if fresh is not None:
            rows = fresh.may_hold(refs, keys)
            refs, keys = [refs[row] for row in rows], [keys[row] for row in rows]
        return versions_of(self._connection, _table(kind), refs, keys) if refs else []

    def append(self, kind: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Appends facts given as columns of stored values."""
        if not len(next(iter(columns.values()))):
            return
        self._appended = True
        fresh = self._freshness(kind)
        if fresh is not None:
            fresh.add(columns["lead_ref"], columns["key"])
        self._grown[kind] += insert_rows(self._settled, _table(kind), columns, stamp=self._stamp, copying=self.copying)

    def known_leads(self, ids: Collection[str]) -> set[str]:
        """Those of `ids` that are leads."""
        query = select(LeadRow.lead_ref).where(among(self._settled, LeadRow.lead_ref, ids)).distinct()
        with self.copying.beside(LeadRow.__table__):
            return set(self._settled.scalars(query))

    def leads_by_email(self, hashes: Collection[str]) -> Mapping[str, set[str]]:
        """The leads that ever had these e-mail hashes."""
        query = select(LeadRow.email_hash, LeadRow.lead_ref).where(among(self._connection, LeadRow.email_hash, hashes))
        found: dict[str, set[str]] = {}
        for email_hash, lead_id in self._connection.execute(query):
            found.setdefault(str(email_hash), set()).add(lead_id)
        return found

    def leads_by_domain(self, domains: Collection[str]) -> Mapping[str, set[str]]:
        """The leads that ever had addresses of these companies' domains, where the lab matches by them."""
        return leads_by_domain(self._connection, domains, self.linking)

    def account_domains(self, hashes: Collection[str]) -> Mapping[str, str]:
        """The companies' domains that outcomes with these e-mail hashes came with."""
        query = select(OutcomeRow.email_hash, OutcomeRow.account_domain).where(
            among(self._connection, OutcomeRow.email_hash, hashes), OutcomeRow.account_domain.is_not(None)
        )
        return {str(found): str(domain) for found, domain in self._connection.execute(query.distinct())}

    def created(self, ids: Collection[str]) -> Mapping[str, int]:
        """When those of `ids` that are leads were first created, in microseconds."""
        query = select(LeadRow.lead_ref, LeadRow.created_at).where(among(self._connection, LeadRow.lead_ref, ids))
        found: dict[str, int] = {}
        for lead, at in self._connection.execute(query):
            found[lead] = min(micros(at), found.get(lead, micros(at)))
        return found

    def merges(self) -> tuple[Merge, ...]:
        """Every merge of people in the ledger."""
        query = select(MergeRow.lead_ref, MergeRow.new_id, MergeRow.merged_at, MergeRow.known_at)
        return tuple(Merge(*row) for row in self._connection.execute(query.where(~is_link())))

    def links(self) -> tuple[Link, ...]:
        """Everything that links opportunities to leads."""
        query = select(MergeRow.lead_ref, MergeRow.new_id, MergeRow.version, MergeRow.merged_at)
        rows = self._connection.execute(query.where(is_link()))
        return tuple(Link(ref, lead, link_kind(kind), micros(at)) for ref, lead, kind, at in rows)

    def stage_gaps(self, refs: Collection[str], tells: str) -> Gaps:
        """Of the opportunities that facts name as `refs`, those whose history ends in another stage than their row."""
        return gaps(self._connection, sorted(refs), now_at=self.position, tells=tells)

    def ties(self) -> Ties:
        """The outcomes that the leads of this import leave to nobody, for they share an address with other leads."""
        grown = self._grown["leads"]
        return ties(self._connection, self.linking, newest=grown) if grown else NO_TIES

    def systems(self, kind: str) -> set[str]:
        """The systems of earlier imports of this kind."""
        return set(self._connection.scalars(select(ImportRow.system).where(ImportRow.kind == kind).distinct()))

    def forgotten(self) -> list[tuple[str, str]]:
        """Who is forgotten: the id of a lead, and the digest of an e-mail hash it had (empty: none)."""
        query = select(ForgottenRow.lead_ref, ForgottenRow.email_digest)
        return [(str(ref), str(digest)) for ref, digest in self._connection.execute(query)]

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """A part of the transaction that is taken back alone where the block raises."""
        appended = self._appended
        try:
            with self._connection.begin_nested(), self.copying:
                yield
        except BaseException:
            self._appended = appended
            raise

    def settle(self, row_id: int, step: str, *, by: str, because: str) -> None:
        """Notes what was done about a quarantined row."""
        self._appended = True
        self._connection.execute(
            insert(QuarantineStepRow).values(
                position=self.position, recorded_at=self._now, quarantine_id=row_id, step=step, by=by, because=because
            )
        )

    def open_row(self, row_id: int) -> bool:
        """Whether nothing was done about a quarantined row yet."""
        query = select(QuarantineStepRow.id).where(QuarantineStepRow.quarantine_id == row_id).limit(1)
        return self._connection.scalar(query) is None

    def withdraw(self, kind: str, facts: Collection[tuple[str, int, int]], *, row_id: int) -> None:
        """Takes back versions of facts (lead_ref, key, content) that waited for a doubt about their lead to end."""
        for ref, key, content in sorted(facts):
            self._connection.execute(
                insert(WithdrawnRow).values(
                    position=self.position, recorded_at=self._now, kind=kind, lead_ref=ref, key=key, content=content,
                    quarantine_id=row_id,
                )
            )  # fmt: skip

    def quarantine(self, columns: Mapping[str, Sequence[Any]]) -> int:
        """Keeps rows that could not be used; a row that is already there stays as it is. Says how many are settled."""
        if self._keep_new(QuarantineRow, columns):
            self._appended = True
        if self._connection.scalar(select(QuarantineStepRow.id).limit(1)) is None:
            return 0
        same = among(self._connection, QuarantineRow.digest, sorted(set(columns["digest"])))
        kept = select(QuarantineRow.kind, QuarantineRow.system, QuarantineRow.digest).where(same, ~unsettled())
        settled = {tuple(row) for row in self._connection.execute(kept)}
        return sum(row in settled for row in zip(columns["kind"], columns["system"], columns["digest"], strict=True))

    def wait(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """Notes facts whose lead is not known yet."""
        self._keep_new(UnmatchedRow, columns)

    def waiting(self) -> set[tuple[str, str | None]]:
        """The (lead_ref, e-mail hash) whose facts wait for their lead, or for a doubt about it to end."""
        unmatched = select(UnmatchedRow.lead_ref, UnmatchedRow.email_hash).where(
            UnmatchedRow.matched_at_position.is_(None)
        )
        doubtful = select(QuarantineRow.lead_ref, QuarantineRow.email_hash).where(
            QuarantineRow.lead_ref.is_not(None), QuarantineRow.email_hash.is_not(None), unsettled()
        )
        rows = [row for query in (unmatched, doubtful) for row in self._connection.execute(query)]
        return {(str(ref), email_hash or None) for ref, email_hash in rows}

    def found(self, refs: Collection[tuple[str, str | None]]) -> int:
        """Notes that the lead of each (lead_ref, e-mail hash) is known now; says how many facts that frees."""
        pairs = listed_pairs(self._connection, sorted((ref, email_hash or "") for ref, email_hash in refs))
        freed = self._connection.execute(
            update(UnmatchedRow)
            .where(
                UnmatchedRow.matched_at_position.is_(None),
                tuple_(UnmatchedRow.lead_ref, UnmatchedRow.email_hash).in_(pairs),
            )
            .values(matched_at_position=self.position)
        ).rowcount
        doubtful = select(QuarantineRow.id).where(
            tuple_(QuarantineRow.lead_ref, QuarantineRow.email_hash).in_(pairs), unsettled()
        )
        step = {
            "position": self.position, "recorded_at": self._now, "step": "released", "by": "mqlab",
            "because": "its lead is known now",
        }  # fmt: skip
        released = [{**step, "quarantine_id": row} for row in self._connection.scalars(doubtful)]
        if released:
            self._connection.execute(insert(QuarantineStepRow), released)
        return freed + len(released)

    def done(self, what: str) -> None:
        """Ends a transaction that read no file; the ledger position moves only where something was appended."""
        if self._appended:
            commit(self._connection, self.position, now=self._now, what=what)

    def finish(self, **header: Any) -> None:
        """Writes the import's own row; the ledger position moves only where something was appended."""
        if self._appended:
            commit(self._connection, self.position, now=self._now, what="import")
        self._count_anew()
        position = self.position if self._appended else self.position - 1
        self._keep_mapping(header["mapping"], header.pop("mapping_text", None))
        self._connection.execute(
            insert(ImportRow).values(
                id=self.import_id,
                position=position,
                recorded_at=self._now,
                **{**header, "notes": canonical_json(list(header["notes"]))},
            )
        )

    def _count_anew(self) -> None:
        """Lets PostgreSQL count a table that grew much: until it has, it would rather read all of it than an index."""
        if self._connection.dialect.name == "postgresql":
            for kind, rows in self._grown.items():
                if rows >= MANY_ROWS:
                    self._connection.exec_driver_sql(f'ANALYZE "{_table(kind).name}"')

    def _keep_mapping(self, fingerprint: str, text: str | None) -> None:
        same = select(MappingRow.fingerprint).where(MappingRow.fingerprint == fingerprint)
        if text is not None and self._connection.scalar(same) is None:
            self._connection.execute(insert(MappingRow).values(fingerprint=fingerprint, text=text))

    def _freshness(self, kind: str) -> Freshness | None:
        """What this import has appended of a kind, None where the ledger held such facts before it."""
        if kind not in self._fresh:
            table = FACTS[kind]
            was_empty = self._connection.scalar(select(table.id).limit(1)) is None
            self._fresh[kind] = Freshness() if was_empty else None
        return self._fresh[kind]

    @property
    def _stamp(self) -> dict[str, int]:
        return {"position": self.position, "recorded_at": micros(self._now)}

    def _keep_new(self, model: type[QuarantineRow] | type[UnmatchedRow], columns: Mapping[str, Sequence[Any]]) -> int:
        stamp = {**self._stamp, "import_id": self.import_id}
        return insert_rows(self._connection, model.__table__, columns, stamp=stamp, once=True)


def _table(kind: str) -> Any:
    return FACTS[kind].__table__
