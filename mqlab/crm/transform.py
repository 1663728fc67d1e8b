"""A batch of rows becomes facts as the ledger stores them; rows that cannot are set aside with the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mqlab.assignment.units import domain_path
from mqlab.crm.ahead import happened, known_of, modified_of, refuse_ahead
from mqlab.crm.batches import Batch
from mqlab.crm.door import blanks, digests
from mqlab.crm.header import Layout
from mqlab.crm.money import currency_code
from mqlab.crm.quarantine import Reason, is_personal
from mqlab.crm.rules import LinkWord
from mqlab.crm.who import refs_of, who
from mqlab.crm.work import Context, Facts, Work
from mqlab.leads.identity import UNDATED
from mqlab.leads.instants import micros
from mqlab.leads.links import LinkKind, account_ref, opportunity_ref
from mqlab.leads.moved_back import MARK
from mqlab.leads.records import OutcomeKind
from mqlab.leads.text import normalise
from mqlab.leads.values import BOOL_TEXT


def leads(batch: Batch, layout: Layout, context: Context) -> Facts:
    """Leads: one version of a lead's row each. Its version is `modified_at`, the snapshot, or a stated `known_at`."""
    work = Work(batch, layout, context)
    ids = work.ids("id")
    work.needed(ids, Reason.MISSING_ID, "id")
    created = happened(work, "created_at")
    known, backfill = known_of(work, created)
    stated = [None if was else us for us, was in zip(known, backfill, strict=True)]
    version = _versions(work, modified_of(work), stated)
    emails = work.door.emails(work.raw("email"))
    source, account = work.texts("source"), work.texts("account_key")
    hashes = [None if email is None else email.hash for email in emails]
    domains = [None if email is None else email.domain for email in emails]
    paths = [None if domain is None else domain_path(domain) for domain in domains]
    objects = work.objects("fields_json")
    row_is = [context.row_is] * len(batch)
    return work.done(
        {
            "lead_ref": ids, "key": [0] * len(batch), "version": version,
            "content": digests(blanks(created), blanks(source), blanks(hashes), blanks(account), row_is, objects),
            "known_at": known, "backfill": backfill, "created_at": created, "source": source, "email_hash": hashes,
            "email_domain": domains, "domain_path": paths, "account_key": account, "row_is": row_is, "fields": objects,
        }
    )  # fmt: skip


def arrivals(batch: Batch, layout: Layout, context: Context) -> Facts:
    """Leads as they stand at the door, perhaps without `created_at`; those of a day to come are set aside."""
    work = Work(batch, layout, context)
    ids = work.ids("id")
    work.needed(ids, Reason.MISSING_ID, "id")
    created = happened(work, "created_at", needed=False)
    domains = [None if email is None else email.domain for email in work.door.emails(work.raw("email"))]
    return work.done(
        {
            "lead_ref": ids, "created_at": created, "source": work.texts("source"),
            "account_key": work.texts("account_key"), "email_domain": domains, "fields": work.objects("fields_json"),
        }
    )  # fmt: skip


def events(batch: Batch, layout: Layout, context: Context) -> Facts:
    """Events; keyed by the source's own id, else by name, second and properties."""
    work = Work(batch, layout, context)
    refs = work.ids("lead")
    work.needed(refs, Reason.MISSING_LEAD, "lead")
    names = work.names("name")
    work.needed(names, Reason.MISSING_NAME, "name")
    at = happened(work, "at")
    known, backfill = known_of(work, at)
    modified = modified_of(work)
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
    """Changed field values, each known by lead, field and instant; a change of a personal field states nothing."""
    work = Work(batch, layout, context)
    refs = work.ids("lead")
    work.needed(refs, Reason.MISSING_LEAD, "lead")
    names = work.names("field")
    work.needed(names, Reason.MISSING_NAME, "field")
    personal = {name for name in set(names) if name is not None and is_personal(name, context.personal)}
    work.blank.update(row for row, name in enumerate(names) if name in personal)
    at = happened(work, "at")
    known, backfill = known_of(work, at)
    values = work.door.json_values(work.raw("value"))
    return work.done(
        {
            "lead_ref": refs, "key": digests(blanks(names), blanks(at)), "version": [None] * len(batch),
            "content": digests(values), "known_at": known, "backfill": backfill, "field": names, "value": values,
            "changed_at": at,
        }
    )  # fmt: skip


def identity(
    batch: Batch,
    layout: Layout,
    context: Context,
    *,
    link: LinkWord = "associated",
    undated: bool = False,
    unless_same: bool = False,
) -> Facts:
    """Merges: an old id became a new one. Of an opportunity: to which lead it belongs, and by what `link`.

    The version of a link is its kind; a merge has none, or `UNDATED`. `unless_same`: equal ids state nothing.
    """
    work = Work(batch, layout, context)
    key, target = _sides(layout)
    old, new = work.ids(key), work.ids(target)
    kinds: list[int | None] = [UNDATED if undated else None] * len(batch)
    if key != "old_id":
        old = refs_of(opportunity_ref if key == "opportunity" else account_ref, context.system, old)
        kinds = _link_kinds(work, link, target)
    if target in _TARGETS:
        new = refs_of(_TARGETS[target][0], context.system, new)
    work.needed(old, Reason.MISSING_ID, key)
    work.needed(new, Reason.MISSING_ID, target)
    for row, (one, other) in enumerate(zip(old, new, strict=True)):
        if one is not None and one == other:
            if unless_same:
                work.blank.add(row)
            work.refuse(row, Reason.MERGED_WITH_ITSELF, f"'{one}'")
    at = happened(work, "at")
    known, backfill = known_of(work, at)
    return work.done(
        {
            "lead_ref": old, "key": digests(blanks(new)), "version": kinds,
            "content": digests(blanks(at)), "known_at": known, "backfill": backfill, "new_id": new, "merged_at": at,
        }
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Manner:
    """How the rows of an outcome are meant.

    `several`: rows may make several statements, so one without an instant is blank. `first`: all rows that state the
    kind of one opportunity, or without one of one lead, are versions of one fact, of which the earliest stands: its
    version is the instant counted backwards. `frozen`: the first version of a row stands, so versions count backwards.
    `moved_back`: the kind is kept with a mark, and means something only where the stage had been later before.
    """

    several: bool = False
    first: bool = False
    frozen: bool = False
    moved_back: bool = False


PLAINLY = Manner()


def outcomes(batch: Batch, layout: Layout, context: Context, manner: Manner = PLAINLY) -> Facts:
    """What sales reported."""
    work = Work(batch, layout, context)
    first, several = manner.first, manner.several
    kinds = _kinds(work)
    if manner.moved_back:
        kinds = [None if kind is None else kind + MARK for kind in kinds]
    at, days = work.instants("at", needed=not several, end_of_day=True)
    if several:
        work.blank.update(row for row, us in enumerate(at) if us is None and row not in work.findings)
    opportunity, row_ids = work.ids("opportunity"), work.ids("row_id")
    refs, emails = who(work, opportunity)
    hashes = [None if email is None else email.hash for email in emails]
    domains = [None if email is None else email.domain for email in emails]
    known, backfill = work.known(at)
    refuse_ahead(work, kinds, at, days, known)
    modified = modified_of(work)
    version = at if first else _versions(work, modified)
    if first or manner.frozen:
        version = [None if us is None else -us for us in version]
    amount = work.door.numbers.amounts(work.raw("amount"), work.findings, column=work.name("amount"))
    quantity = work.door.numbers.quantities(work.raw("quantity"), work.findings, column=work.name("quantity"))
    currency = _currencies(work)
    reason, owner = work.texts("reason"), work.door.owners(work.raw("owner"))
    resolution = (
        ["day" if row in days else "instant" for row in range(len(batch))] if days else ["instant"] * len(batch)
    )
    count = len(batch)
    occurrence = (
        ["first"] * count
        if first
        else [f"row\0{own}" if own is not None else f"at\0{us}" for own, us in zip(row_ids, at, strict=True)]
    )
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
            "quantity": quantity, "reason_code": reason, "owner": owner, "row_id": row_ids, "account_domain": domains,
        }
    )  # fmt: skip


def _versions(
    work: Work, modified: Sequence[int | None], otherwise: Sequence[int | None] | None = None
) -> list[int | None]:
    """A row's version: `modified_at`, else the snapshot's instant, else what stands in for it."""
    if work.context.snapshot_at is not None:
        snapshot = micros(work.context.snapshot_at)
        return [snapshot if us is None else us for us in modified]
    if otherwise is None:
        return list(modified)
    return [other if us is None else us for us, other in zip(modified, otherwise, strict=True)]


def leads_somewhere(layout: Layout) -> bool:
    """Whether a file has the columns without which a rule of identity states nothing."""
    return not any(layout[key].absent for key in _sides(layout))


def _sides(layout: Layout) -> tuple[str, str]:
    """What a row of identity is about, and what that leads to, by their keys."""
    if not layout["old_id"].absent:
        return "old_id", "new_id"
    if layout["opportunity"].absent:
        return ("old_id" if layout["account"].absent else "account"), "new_id"
    return "opportunity", next((key for key in _TARGETS if not layout[key].absent), "new_id")


def _link_kinds(work: Work, link: LinkWord, target: str) -> list[int | None]:
    """What links each row's opportunity; of contact roles the primary one is told apart."""
    if target in _TARGETS:
        return [_TARGETS[target][1]] * len(work.batch)
    if link != "contact_role":
        return [_LINKS[link]] * len(work.batch)
    primary = work.door.texts(work.raw("primary"))
    return [LinkKind.PRIMARY_ROLE if BOOL_TEXT.get(said or "") else LinkKind.ROLE for said in primary]


def _kinds(work: Work) -> list[str | None]:
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


def _currencies(work: Work) -> list[str | None]:
    codes: list[str | None] = []
    for row, text in enumerate(work.door.ids(work.raw("currency"))):
        code = None if text is None else currency_code(text)
        if text is not None and code is None:
            work.refuse(row, Reason.UNKNOWN_CURRENCY, f"{work.name('currency')}: '{text}'")
        codes.append(code)
    return codes


_KINDS = frozenset(kind.value for kind in OutcomeKind)
_TARGETS: Mapping[str, tuple[Callable[[str, str], str], LinkKind]] = {
    "account": (account_ref, LinkKind.ACCOUNT), "into": (opportunity_ref, LinkKind.MERGED),
}  # fmt: skip
"""What an opportunity leads to that is no lead: how facts name it, and the kind of link."""
_LINKS: Mapping[LinkWord, LinkKind] = {
    "converted": LinkKind.CONVERTED, "associated": LinkKind.ASSOCIATED, "removed": LinkKind.REMOVED,
}  # fmt: skip
