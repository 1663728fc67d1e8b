"""A batch of rows becomes facts as the ledger stores them; rows that cannot are set aside with the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mqlab.crm.batches import Batch
from mqlab.crm.door import Door, blanks, digests, flat
from mqlab.crm.header import Layout
from mqlab.crm.mapping import Column
from mqlab.crm.money import currency_code
from mqlab.crm.quarantine import BadRow, Finding, Reason
from mqlab.leads.instants import micros
from mqlab.leads.records import OutcomeKind
from mqlab.leads.text import normalise

EMAIL = "email:"
"""How a fact names its lead where only an e-mail was given: this, then the hash."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts of one batch as columns of equal length, and the rows of the batch they came from.

    `rows` are indices into the batch; `bad` the rows set aside; `blank` how many rows stated nothing.
    """

    columns: dict[str, list[Any]]
    rows: list[int]
    bad: list[BadRow] = field(default_factory=list)
    blank: int = 0


@dataclass(frozen=True, slots=True)
class Context:
    """What a transformation needs beside the batch: the system, the door, and the snapshot's instant."""

    system: str
    door: Door
    snapshot_at: datetime | None = None
    row_is: str = "initial"


class _Work:
    """One batch on its way: values by key, and findings by row."""

    def __init__(self, batch: Batch, layout: Layout, context: Context) -> None:
        self.batch = batch
        self.layout = layout
        self.context = context
        self.door = context.door
        self.findings: dict[int, Finding] = {}
        self.blank: set[int] = set()

    def raw(self, key: str) -> Sequence[Any]:
        return _worded(self.layout[key].values(self.batch), self.layout[key].declared)

    def name(self, key: str) -> str:
        return self.layout[key].name or key

    def texts(self, key: str) -> list[str | None]:
        return self.door.texts(self.raw(key))

    def ids(self, key: str) -> list[str | None]:
        return self.door.ids(self.raw(key))

    def needed(self, values: Sequence[Any], reason: Reason, key: str) -> None:
        for row, value in enumerate(values):
            if value is None:
                self.refuse(row, reason, f"{self.name(key)} is empty")

    def refuse(self, row: int, reason: Reason, detail: str) -> None:
        self.findings.setdefault(row, Finding(reason, detail))

    def instants(self, key: str, *, needed: bool, end_of_day: bool = False) -> tuple[list[int | None], frozenset[int]]:
        spot = self.layout[key]
        if spot.absent:
            return [None] * len(self.batch), frozenset()
        values = spot.values(self.batch)
        if not isinstance(values, tuple):
            values = [
                value if isinstance(value, datetime) or not isinstance(value, dict | list) else flat(value)
                for value in values
            ]
        read = self.door.clock.read(values, column=self.name(key), end_of_day=end_of_day, formats=spot.declared.format)
        for row, finding in read.findings.items():
            self.findings.setdefault(row, finding)
        if needed:
            for row, us in enumerate(read.us):
                if us is None and row not in self.findings:
                    self.refuse(row, Reason.MISSING_INSTANT, f"{self.name(key)} is empty")
        return read.us, read.days

    def known(self, at: Sequence[int | None]) -> tuple[list[int | None], list[bool]]:
        """When the business knew; where the file does not say, when it happened, marked as backfill."""
        stated, _ = self.instants("known_at", needed=False)
        return (
            [happened if us is None else us for us, happened in zip(stated, at, strict=True)],
            [us is None for us in stated],
        )

    def objects(self, extra_key: str) -> list[str]:
        """Per row the further columns, and the object in `extra_key`, as one canonical JSON object."""
        columns: dict[str, Sequence[Any]] = {
            name: _worded(spot.values(self.batch), spot.declared) for name, spot in self.layout.rest.items()
        }
        if not self.layout[extra_key].absent:
            columns = self._with_objects(columns, extra_key)
        return self.door.objects(columns, len(self.batch))

    def _with_objects(self, columns: dict[str, Sequence[Any]], extra_key: str) -> dict[str, Sequence[Any]]:
        given = self.door.flattened(self.layout[extra_key].values(self.batch))
        for row, found in enumerate(given):
            if found is None:
                self.refuse(row, Reason.BAD_JSON, f"{self.name(extra_key)} is not a JSON object")
        names = {normalise(str(name)) for found in given if found for name in found}
        folded = [{normalise(str(name)): value for name, value in (found or {}).items()} for found in given]
        both: dict[str, Sequence[Any]] = dict(columns)
        for name in names:
            beside = columns.get(name, [None] * len(given))
            both[name] = [flat(one.get(name, other)) for one, other in zip(folded, beside, strict=True)]
        return dict(sorted(both.items()))

    def done(self, columns: dict[str, list[Any]]) -> Facts:
        """The facts without the rows set aside."""
        count = len(self.batch)
        columns["system"] = [self.context.system] * count
        columns["line"] = list(self.batch.lines)
        bad = [
            BadRow(self.batch.lines[row], self.batch.raw(row), finding)
            for row, finding in sorted(self.findings.items())
            if row not in self.blank
        ]
        out = self.blank.union(self.findings)
        rows = [row for row in range(count) if row not in out] if out else list(range(count))
        if out:
            columns = {name: [values[row] for row in rows] for name, values in columns.items()}
        return Facts(columns, rows, bad, len(self.blank))


def leads(batch: Batch, layout: Layout, context: Context) -> Facts:
    """Leads: one version of a lead's row each. Its version is `modified_at`, the snapshot, or a stated `known_at`."""
    work = _Work(batch, layout, context)
    ids = work.ids("id")
    work.needed(ids, Reason.MISSING_ID, "id")
    created, _ = work.instants("created_at", needed=True)
    known, backfill = work.known(created)
    stated = [None if was else us for us, was in zip(known, backfill, strict=True)]
    modified, _ = work.instants("modified_at", needed=False)
    version = _versions(work, modified, stated)
    emails = work.door.emails(work.raw("email"))
    source, account = work.texts("source"), work.texts("account_key")
    hashes = [None if email is None else email.hash for email in emails]
    domains = [None if email is None else email.domain for email in emails]
    objects = work.objects("fields_json")
    row_is = [context.row_is] * len(batch)
    return work.done(
        {
            "lead_ref": ids, "key": [0] * len(batch), "version": version,
            "content": digests(blanks(created), blanks(source), blanks(hashes), blanks(account), row_is, objects),
            "known_at": known, "backfill": backfill, "created_at": created, "source": source, "email_hash": hashes,
            "email_domain": domains, "account_key": account, "row_is": row_is, "fields": objects,
        }
    )  # fmt: skip


def arrivals(batch: Batch, layout: Layout, context: Context) -> Facts:
    """Leads as they stand at the door, perhaps without `created_at`."""
    work = _Work(batch, layout, context)
    ids = work.ids("id")
    work.needed(ids, Reason.MISSING_ID, "id")
    created, _ = work.instants("created_at", needed=False)
    domains = [None if email is None else email.domain for email in work.door.emails(work.raw("email"))]
    return work.done(
        {
            "lead_ref": ids, "created_at": created, "source": work.texts("source"),
            "account_key": work.texts("account_key"), "email_domain": domains, "fields": work.objects("fields_json"),
        }
    )  # fmt: skip


def events(batch: Batch, layout: Layout, context: Context) -> Facts:
    """Events; keyed by the source's own id, else by name, second and properties."""
    work = _Work(batch, layout, context)
    refs = work.ids("lead")
    work.needed(refs, Reason.MISSING_LEAD, "lead")
    names = work.texts("name")
    work.needed(names, Reason.MISSING_NAME, "name")
    at, _ = work.instants("at", needed=True)
    known, backfill = work.known(at)
    modified, _ = work.instants("modified_at", needed=False)
    ids = work.ids("id")
    sources = blanks(work.texts("source"))
    props = work.objects("props_json")
    seconds = ["" if us is None else str(us // 1_000_000) for us in at]
    identity = [
        f"id\0{own}" if own is not None else f"at\0{name}\0{second}\0{prop}"
        for own, name, second, prop in zip(ids, names, seconds, props, strict=True)
    ]
    return work.done(
        {
            "lead_ref": refs, "key": digests(sources, identity), "version": modified,
            "content": digests(blanks(names), blanks(at), props), "known_at": known, "backfill": backfill,
            "source": sources, "event_id": ids, "name": names, "occurred_at": at, "props": props,
        }
    )  # fmt: skip


def field_changes(batch: Batch, layout: Layout, context: Context) -> Facts:
    """Changed field values, each known by lead, field and instant."""
    work = _Work(batch, layout, context)
    refs = work.ids("lead")
    work.needed(refs, Reason.MISSING_LEAD, "lead")
    names = work.texts("field")
    work.needed(names, Reason.MISSING_NAME, "field")
    at, _ = work.instants("at", needed=True)
    known, backfill = work.known(at)
    values = work.door.json_values(work.raw("value"))
    return work.done(
        {
            "lead_ref": refs, "key": digests(blanks(names), blanks(at)), "version": [None] * len(batch),
            "content": digests(values), "known_at": known, "backfill": backfill, "field": names, "value": values,
            "changed_at": at,
        }
    )  # fmt: skip


def identity(batch: Batch, layout: Layout, context: Context) -> Facts:
    """Merges: an old id became a new one."""
    work = _Work(batch, layout, context)
    old, new = work.ids("old_id"), work.ids("new_id")
    work.needed(old, Reason.MISSING_ID, "old_id")
    work.needed(new, Reason.MISSING_ID, "new_id")
    for row, (one, other) in enumerate(zip(old, new, strict=True)):
        if one is not None and one == other:
            work.refuse(row, Reason.MERGED_WITH_ITSELF, f"'{one}'")
    at, _ = work.instants("at", needed=True)
    known, backfill = work.known(at)
    return work.done(
        {
            "lead_ref": old, "key": digests(blanks(new)), "version": [None] * len(batch),
            "content": digests(blanks(at)), "known_at": known, "backfill": backfill, "new_id": new, "merged_at": at,
        }
    )  # fmt: skip


def outcomes(batch: Batch, layout: Layout, context: Context, *, several: bool = False) -> Facts:
    """What sales reported. `several`: rows may make several statements, so one without an instant is blank."""
    work = _Work(batch, layout, context)
    kinds = _kinds(work)
    at, days = work.instants("at", needed=not several, end_of_day=True)
    if several:
        work.blank.update(row for row, us in enumerate(at) if us is None and row not in work.findings)
    refs, hashes = _who(work)
    known, backfill = work.known(at)
    modified, _ = work.instants("modified_at", needed=False)
    version = _versions(work, modified)
    opportunity, row_ids = work.ids("opportunity"), work.ids("row_id")
    amount = work.door.numbers.amounts(work.raw("amount"), work.findings, column=work.name("amount"))
    quantity = work.door.numbers.quantities(work.raw("quantity"), work.findings, column=work.name("quantity"))
    currency = _currencies(work)
    reason, owner = work.texts("reason"), work.door.owners(work.raw("owner"))
    resolution = (
        ["day" if row in days else "instant" for row in range(len(batch))] if days else ["instant"] * len(batch)
    )
    count = len(batch)
    occurrence = [f"row\0{own}" if own is not None else f"at\0{us}" for own, us in zip(row_ids, at, strict=True)]
    return work.done(
        {
            "lead_ref": refs,
            "key": digests([context.system] * count, blanks(kinds), blanks(opportunity), occurrence),
            "version": version,
            "content": digests(
                blanks(at), resolution, blanks(amount), blanks(currency), blanks(quantity), blanks(reason),
                blanks(owner),
            ),
            "known_at": known, "backfill": backfill, "email_hash": hashes, "kind": kinds, "occurred_at": at,
            "resolution": resolution, "opportunity_id": opportunity, "amount": amount, "currency": currency,
            "quantity": quantity, "reason_code": reason, "owner": owner, "row_id": row_ids,
        }
    )  # fmt: skip


def _versions(
    work: _Work, modified: Sequence[int | None], otherwise: Sequence[int | None] | None = None
) -> list[int | None]:
    """A row's version: `modified_at`, else the snapshot's instant, else what stands in for it."""
    if work.context.snapshot_at is not None:
        snapshot = micros(work.context.snapshot_at)
        return [snapshot if us is None else us for us in modified]
    if otherwise is None:
        return list(modified)
    return [other if us is None else us for us, other in zip(modified, otherwise, strict=True)]


def _who(work: _Work) -> tuple[list[str | None], list[str | None]]:
    """The lead each row names, by id or by the hash of an e-mail."""
    ids = work.ids("lead")
    hashes = work.door.identifying(work.raw("email"))
    refs = [
        own if own is not None else None if found is None else EMAIL + found
        for own, found in zip(ids, hashes, strict=True)
    ]
    work.needed(refs, Reason.MISSING_LEAD, "lead")
    return refs, hashes


def _kinds(work: _Work) -> list[str | None]:
    spot = work.layout["kind"]
    words = work.door.texts(spot.values(work.batch))
    meaning = {normalise(word): kind for word, kind in (spot.declared.values or {}).items()}
    skipped = {normalise(word) for word in spot.declared.skip}
    kinds: list[str | None] = []
    for row, word in enumerate(words):
        kind = meaning.get(word or "", word) if meaning else word
        if word is not None and word in skipped:
            work.blank.add(row)
        elif kind not in _KINDS:
            work.refuse(row, Reason.UNKNOWN_KIND, f"{work.name('kind')}: '{word or ''}'")
        kinds.append(kind)
    return kinds


def _currencies(work: _Work) -> list[str | None]:
    codes: list[str | None] = []
    for row, text in enumerate(work.ids("currency")):
        code = None if text is None else currency_code(text)
        if text is not None and code is None:
            work.refuse(row, Reason.UNKNOWN_CURRENCY, f"{work.name('currency')}: '{text}'")
        codes.append(code)
    return codes


def _worded(values: Sequence[Any], declared: Column) -> Sequence[Any]:
    """Values with the mapping's own words put in the place of the file's."""
    if not declared.values:
        return values
    words: Mapping[str, str] = {normalise(word): meaning for word, meaning in declared.values.items()}
    return [words.get(normalise(value), value) if isinstance(value, str) else value for value in values]


_KINDS = frozenset(kind.value for kind in OutcomeKind)
