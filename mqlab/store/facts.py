"""Reading facts: what the business knew at an instant, from the ledger up to a position, as the canonical Arrow tables.

Rows come in an order that depends on their content alone, so the same position and instant give the same tables.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import BigInteger, ColumnElement, Connection, Select, and_, func, or_, select, type_coerce

from mqlab.leads.identity import LINK, Edge, canonical_ids, joined_at, standing_ids
from mqlab.leads.instants import micros
from mqlab.leads.links import DEFAULT_LINKING, Claim, Link, Linking, claims, link_kind, merged_deals, opportunity_ref
from mqlab.leads.tables import EVENTS, FIELD_CHANGES, IDENTITY, LEADS, OUTCOMES, Facts
from mqlab.store.account_domains import account_domain, leads_by_domain
from mqlab.store.around import Around, created_within, ids_around, leads_aside, linked
from mqlab.store.current import current
from mqlab.store.models import (
    EventRow,
    Fact,
    FieldChangeRow,
    LeadRow,
    MergeRow,
    OutcomeRow,
    QuarantineRow,
    QuarantineStepRow,
    WithdrawnRow,
)
from mqlab.store.read_tables import (
    claims_table,
    dated,
    only_moved_back,
    other_names,
    with_amounts_in_force,
    with_changed_amounts,
    with_merged_deals,
)
from mqlab.store.removals import ended_before_won
from mqlab.store.rows import among, instants, is_link, money, read, unsettled
from mqlab.store.whose import Whose, waiting

EMAIL = "email:"
"""How a fact names its lead where only an e-mail was given: this, then the hash."""

Doers = Callable[[type[Fact]], ColumnElement[bool]]
"""The facts of one kind that are of leads whose doings are asked for."""

Joined = Mapping[str, tuple[str, int]]
"""An id that was merged: who stands for it, and since when in microseconds."""

_TYPES: Mapping[str, pa.DataType] = {
    "key": pa.int64(), "version": pa.int64(), "content": pa.int64(), "created_at": pa.int64(), "known_at": pa.int64(),
    "changed_at": pa.int64(), "occurred_at": pa.int64(), "merged_at": pa.int64(), "amount": pa.int64(),
    "quantity": pa.float64(), "backfill": pa.bool_(),
}  # fmt: skip


def read_facts(
    connection: Connection,
    *,
    as_of: datetime,
    position: int,
    leads: Collection[str] | None = None,
    linking: Linking = DEFAULT_LINKING,
    since: datetime | None = None,
    around: Around | None = None,
) -> Facts:
    """Everything known at `as_of` in the ledger up to `position`.

    `leads` limits it to those and whoever they were merged with; `linking` says what links an opportunity to a lead;
    `around` limits events and field changes to leads created within an enrolment and to every id that was merged.
    Unless it takes everybody, leads and outcomes, too, are read only of those and of whoever has outcomes from `since`
    on, where that is not most of the ledger. Outcomes without a lead are counted from `since` on.
    """
    reader = _Reader(connection, micros(as_of), position, linking)
    if leads is None and around is not None and since is not None:
        leads = ids_around(connection, around, micros(since), linking, as_of_us=micros(as_of), position=position)
    wanted = None if leads is None else reader.limit(leads)
    identity, links = reader.identity()
    merges = list(zip(*(identity[name].to_pylist() for name in ("old_id", "new_id", "merged_at")), strict=True))
    people = reader.leads()
    standing = _standing(merges, people)
    joined = joined_at(merges, standing)
    doers = None if around is None else reader.doers(around, merged={one for edge in merges for one in edge[:2]})
    outcomes, claimed, unmatched = reader.outcomes(
        people, standing, _claims(people, standing, links, linking), merged_deals(links), since
    )
    facts = Facts(
        as_of=as_of,
        position=position,
        leads=people,
        field_changes=reader.field_changes(people, joined, doers),
        events=reader.events(people, joined, doers),
        identity=_shaped(identity, IDENTITY, ["old_id", "merged_at", "new_id", "known_at"]),
        outcomes=outcomes,
        claims=claimed,
        unmatched_outcomes=unmatched,
        quarantined=_quarantined(connection, position) if wanted is None or around is not None else 0,
    )
    if wanted is None:
        return facts
    facts = _only(facts, wanted)
    if around is None:
        return facts
    before, after = leads_aside(connection, around, wanted, as_of_us=micros(as_of), position=position)
    return replace(facts, leads_before=before, leads_after=after)


def _standing(merges: Sequence[Edge], people: pa.Table) -> Mapping[str, str]:
    """Who stands for each id that merges named."""
    survivors = canonical_ids(merges)
    if not survivors:
        return survivors
    named = pa.array(sorted({*survivors, *survivors.values()}), pa.string())
    leads = people.filter(pc.is_in(people["lead_id"], value_set=named))
    created = leads["created_at"].cast(pa.int64()).to_pylist()
    return standing_ids(survivors, dict(zip(leads["lead_id"].to_pylist(), created, strict=True)))


def _claims(
    people: pa.Table, standing: Mapping[str, str], links: Sequence[Link], linking: Linking
) -> Mapping[str, tuple[Claim, ...]]:
    """The leads that each opportunity is linked to, its owner first."""
    if not links:
        return {}
    created = people["created_at"].cast(pa.int64()).to_pylist()
    return claims(links, standing, dict(zip(people["lead_id"].to_pylist(), created, strict=True)), linking)


def _only(facts: Facts, wanted: set[str]) -> Facts:
    """The facts of some leads alone."""
    ids = pa.array(sorted(wanted), pa.string())

    def of(table: pa.Table, name: str) -> pa.Table:
        return table.filter(pc.is_in(table[name], value_set=ids)).combine_chunks()

    return replace(
        facts,
        leads=of(facts.leads, "lead_id"),
        field_changes=of(facts.field_changes, "lead_id"),
        events=of(facts.events, "lead_id"),
        identity=of(facts.identity, "old_id"),
        outcomes=of(facts.outcomes, "lead_id"),
    )


class _Reader:
    def __init__(self, connection: Connection, as_of_us: int, position: int, linking: Linking) -> None:
        self.connection = connection
        self.as_of_us = as_of_us
        self.position = position
        self.linking = linking
        self.refs: set[str] | None = None
        self.emails: set[str] = set()
        self.domains: set[str] = set()

    def limit(self, leads: Collection[str]) -> set[str]:
        """Read only what concerns these leads and whoever they were merged with; says who that is.

        Whoever shares an e-mail with them is read too, for an address of two leads names neither, and whoever is named
        beside that e-mail, for a lead's own id comes first. So it is with the domains of their companies, where the lab
        matches by them.
        """
        wanted = self._with_merged(leads)
        self.emails = set(self._column(LeadRow.email_hash, LeadRow.lead_ref, wanted))
        sharing = self._column(LeadRow.lead_ref, LeadRow.email_hash, self.emails)
        named = self._column(OutcomeRow.lead_ref, OutcomeRow.email_hash, self.emails)
        if self.linking.same_domain:
            told = self._column(LeadRow.email_domain, LeadRow.lead_ref, wanted)
            self.domains = {found for one in told if (found := account_domain(one, self.linking)) is not None}
            sharing += set().union(*leads_by_domain(self.connection, self.domains, self.linking).values())
            named += self._column(OutcomeRow.lead_ref, OutcomeRow.account_domain, self.domains)
        deals = self._deals(wanted)
        links, leads_of = linked(self.connection, {*wanted, *deals, *(one for one in named if one.startswith(LINK))})
        self.refs = self._with_merged({*wanted, *sharing, *named, *leads_of}) | {EMAIL + found for found in self.emails}
        self.refs.update(links)
        return wanted

    def _with_merged(self, leads: Collection[str]) -> set[str]:
        """These ids and every id they are connected with by merges known now."""
        known = and_(
            MergeRow.position <= self.position,
            type_coerce(MergeRow.known_at, BigInteger) <= self.as_of_us,
            type_coerce(MergeRow.merged_at, BigInteger) <= self.as_of_us,
            ~is_link(),
        )
        found: set[str] = set()
        ahead = set(leads)
        while ahead:
            found |= ahead
            new = self._column(MergeRow.new_id, MergeRow.lead_ref, ahead, known)
            old = self._column(MergeRow.lead_ref, MergeRow.new_id, ahead, known)
            ahead = {*new, *old} - found
        return found

    def _deals(self, wanted: Collection[str]) -> set[str]:
        """The opportunities that outcomes of these leads name beside them, for they may have been merged."""
        theirs = [among(self.connection, OutcomeRow.lead_ref, wanted)]
        if self.emails:
            theirs.append(among(self.connection, OutcomeRow.email_hash, self.emails))
        if self.domains:
            theirs.append(among(self.connection, OutcomeRow.account_domain, self.domains))
        query = select(OutcomeRow.system, OutcomeRow.opportunity_id).where(
            OutcomeRow.opportunity_id.is_not(None), or_(*theirs)
        )
        return {opportunity_ref(system, str(own)) for system, own in self.connection.execute(query.distinct())}

    def _column(self, column: Any, within: Any, values: Collection[str], *where: ColumnElement[bool]) -> list[str]:
        query = select(column).where(column.is_not(None), among(self.connection, within, values), *where)
        return list(self.connection.scalars(query.distinct()))

    def identity(self) -> tuple[pa.Table, list[Link]]:
        """The merges of people, and apart from them what links opportunities to leads."""
        table = self._read(MergeRow, "lead_ref", "new_id", "merged_at", "known_at", "version")
        table = table.rename_columns([*IDENTITY.names, "version"])
        done = table.filter(pc.less_equal(table["merged_at"], self.as_of_us))
        links_deal = pc.starts_with(done["old_id"], LINK)
        linked = done.filter(links_deal)
        columns = (linked[name].to_pylist() for name in ("old_id", "new_id", "version", "merged_at"))
        links = [Link(old, new, link_kind(kind), at) for old, new, kind, at in zip(*columns, strict=True)]
        links = ended_before_won(self.connection, links, as_of_us=self.as_of_us, position=self.position)
        people = dated(done.filter(pc.invert(links_deal)) if links else done)
        return people.group_by(IDENTITY.names).aggregate([]), links

    def leads(self) -> pa.Table:
        table = self._read(
            LeadRow,
            "lead_ref",
            "key",
            "version",
            "content",
            "created_at",
            "known_at",
            "source",
            "email_domain",
            "account_key",
            "row_is",
            "fields",
        )
        now = current(table["lead_ref"], table["key"], table["version"], table["content"], table["known_at"])
        table = _known(table.take(pa.array(now.rows)), now.known_us)
        table = table.filter(pc.less_equal(table["created_at"], self.as_of_us)).rename_columns({"lead_ref": "lead_id"})
        return _shaped(table, LEADS, ["lead_id"])

    def doers(self, around: Around, *, merged: Collection[str]) -> Doers:
        """Whose events and field changes are read: of leads created within an enrolment, and of `merged` ids."""

        def of_them(model: type[Fact]) -> ColumnElement[bool]:
            born = select(LeadRow.lead_ref).where(created_within(around))
            inside: ColumnElement[bool] = model.lead_ref.in_(born)
            return or_(inside, among(self.connection, model.lead_ref, sorted(merged))) if merged else inside

        return of_them

    def field_changes(self, people: pa.Table, joined: Joined, doers: Doers | None = None) -> pa.Table:
        table = self._read(
            FieldChangeRow, "lead_ref", "field", "value", "changed_at", "known_at",
            only=None if doers is None else doers(FieldChangeRow),
        ).rename_columns({"lead_ref": "lead_id"})  # fmt: skip
        table = _of_known_leads(table, people, joined)
        return _shaped(table, FIELD_CHANGES, ["lead_id", "field", "changed_at", "known_at", "value"])

    def events(self, people: pa.Table, joined: Joined, doers: Doers | None = None) -> pa.Table:
        table = self._read(
            EventRow, "lead_ref", "source", "event_id", "name", "occurred_at", "known_at", "version", "props",
            only=None if doers is None else doers(EventRow),
        ).rename_columns({"lead_ref": "lead_id"})  # fmt: skip
        table = _of_known_leads(table, people, joined)
        order = ["lead_id", "occurred_at", "known_at", "name", "source", "event_id", "version", "props"]
        return _shaped(table, EVENTS, order)

    def outcomes(
        self,
        people: pa.Table,
        standing: Mapping[str, str],
        claimed: Mapping[str, tuple[Claim, ...]],
        merged: Mapping[str, str],
        since: datetime | None,
    ) -> tuple[pa.Table, pa.Table, int]:
        """The current outcomes with the id of their lead, who else claims their opportunities, and how many wait."""
        table = self._read(
            OutcomeRow, "lead_ref", "email_hash", "key", "version", "content", "kind", "occurred_at", "known_at",
            "opportunity_id", "amount", "currency", "quantity", "reason_code", "owner", "resolution", "backfill",
            "system", *(["account_domain"] if self.linking.same_domain else []), but=self._withdrawn(),
        )  # fmt: skip
        table = with_merged_deals(table, merged)
        owners = {link: leads[0].lead for link, leads in claimed.items()}
        whose = Whose(self.connection, self.linking, self.as_of_us, self.position, people, {**standing, **owners})
        lead_ids, evidence = whose.leads_of(table)
        unmatched = waiting(table, lead_ids, None if since is None else micros(since))
        table = table.append_column("lead_id", lead_ids).append_column("evidence", evidence)
        table = only_moved_back(table.filter(pc.is_valid(lead_ids)), standing)
        table = with_changed_amounts(table, standing, self.as_of_us)
        owner = _mapped(table["lead_id"], standing)
        guessed = table["backfill"].to_numpy().astype(np.int64)
        now = current(
            owner,
            table["key"],
            table["version"],
            table["content"],
            table["known_at"],
            lesser=[guessed, other_names(owner, table["lead_ref"])],
        )
        table = _known(table.take(pa.array(now.rows)), now.known_us)
        table = with_amounts_in_force(table.filter(pc.less_equal(table["occurred_at"], self.as_of_us)), standing)
        table = table.set_column(table.schema.get_field_index("amount"), "amount", money(table["amount"]))
        order = [
            "lead_id", "occurred_at", "kind", "known_at", "opportunity_id", "amount", "currency", "quantity",
            "reason_code", "owner", "resolution", "backfill", "evidence",
        ]  # fmt: skip
        return (
            _shaped(table, OUTCOMES, order),
            claims_table(table["lead_ref"], table["opportunity_id"], claimed),
            unmatched,
        )

    def _withdrawn(self) -> ColumnElement[bool] | None:
        """The outcomes that were taken back; None where there are none, as almost everywhere."""
        taken_back = select(WithdrawnRow.id).where(
            WithdrawnRow.kind == "outcomes", WithdrawnRow.position <= self.position
        )
        if self.connection.scalar(taken_back.limit(1)) is None:
            return None
        same = (getattr(WithdrawnRow, name) == getattr(OutcomeRow, name) for name in ("lead_ref", "key", "content"))
        return taken_back.where(*same).exists()

    def _read(
        self,
        model: type[Fact],
        *names: str,
        but: ColumnElement[bool] | None = None,
        only: ColumnElement[bool] | None = None,
    ) -> pa.Table:
        columns = [_raw(model, name) for name in names]
        statement: Select[Any] = select(*columns).where(
            type_coerce(model.known_at, BigInteger) <= self.as_of_us, model.position <= self.position
        )
        if but is not None:
            statement = statement.where(~but)
        if only is not None:
            statement = statement.where(only)
        if self.refs is not None:
            of_them = among(self.connection, model.lead_ref, self.refs)
            if model is OutcomeRow and self.emails:
                of_them = or_(of_them, among(self.connection, OutcomeRow.email_hash, self.emails))
            if model is OutcomeRow and self.domains:
                of_them = or_(of_them, among(self.connection, OutcomeRow.account_domain, self.domains))
            statement = statement.where(of_them)
        return read(self.connection, statement, [(name, _TYPES.get(name, pa.string())) for name in names])


def _raw(model: type[Fact], name: str) -> Any:
    column = getattr(model, name)
    return type_coerce(column, BigInteger).label(name) if name.endswith("_at") else column


def _known(table: pa.Table, known_us: np.ndarray[Any, Any]) -> pa.Table:
    return table.set_column(table.schema.get_field_index("known_at"), "known_at", pa.array(known_us, pa.int64()))


def _shaped(table: pa.Table, schema: pa.Schema, order: Sequence[str]) -> pa.Table:
    for index, name in enumerate(table.column_names):
        if name.endswith("_at") and not pa.types.is_timestamp(table.schema.field(name).type):
            table = table.set_column(index, name, instants(table[name]))
    return table.select(schema.names).cast(schema).sort_by([(name, "ascending") for name in order]).combine_chunks()


def _mapped(ids: pa.ChunkedArray, standing: Mapping[str, str]) -> pa.ChunkedArray:
    """The ids with every merged one replaced by who stands for it."""
    if not standing or not len(ids):
        return ids
    encoded = ids.combine_chunks().dictionary_encode()
    values = pa.array([standing.get(value, value) for value in encoded.dictionary.to_pylist()], pa.string())
    return pa.chunked_array([values.take(encoded.indices)])


def _of_known_leads(table: pa.Table, people: pa.Table, joined: Joined) -> pa.Table:
    """The rows of known leads; those of an id that is no lead itself but was merged with one become that lead's.

    Such a row is known from the merge at the earliest. Rows whose lead has not come yet are left out.
    """
    known = people["lead_id"].combine_chunks()
    own = pc.is_in(table["lead_id"], value_set=known)
    stray = table.filter(
        pc.and_(pc.invert(own), pc.is_in(table["lead_id"], value_set=pa.array(list(joined), pa.string())))
    )
    if not stray.num_rows:
        return table.filter(own)
    ids = stray["lead_id"].to_pylist()
    became = [joined[lead_id] for lead_id in ids]
    known_us = [max(us, at) for us, (_, at) in zip(stray["known_at"].to_pylist(), became, strict=True)]
    moved = stray.set_column(0, "lead_id", pa.array([survivor for survivor, _ in became], pa.string()))
    moved = _known(moved, np.array(known_us, dtype=np.int64))
    moved = moved.filter(pc.is_in(moved["lead_id"], value_set=known))
    return pa.concat_tables([table.filter(own), moved])


def _quarantined(connection: Connection, position: int) -> int:
    open_rows = (
        select(func.count())
        .select_from(QuarantineRow)
        .where(QuarantineRow.position <= position, unsettled(QuarantineStepRow.position <= position))
    )
    return int(connection.scalar(open_rows) or 0)
