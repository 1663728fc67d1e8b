"""Every lead of a lab, whatever experiment it is in: from its creation, with everything that was merged into it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import ibis
import pyarrow as pa
from ibis.expr import types as ir

from mqlab.analysis.judge import reads_account
from mqlab.analysis.judge_in_engine import Held
from mqlab.definitions.model import Definition
from mqlab.leads.identity import canonical_ids, standing_ids
from mqlab.leads.instants import micros
from mqlab.leads.text import DEFAULT_NULL_TOKENS
from mqlab.warehouse import ring
from mqlab.warehouse.engines.engine import Engine
from mqlab.warehouse.units import with_units
from mqlab.warehouse.view.merged import shares
from mqlab.warehouse.view.stretches import START_COLUMNS, view_of
from mqlab.warehouse.view.view import View


@dataclass(frozen=True)
class Everyone:
    """`leads` has `lead_id`, `created_us` and `asked` of every lead that no other one stands for; kept in the engine.

    `person` gives merged ids the id that stands for them. `starts` (`START_COLUMNS`, kept) are those of the leads that
    are `asked` about, and of their colleagues where a definition reads accounts; `view` makes the view of them or of a
    part of them.
    """

    leads: ir.Table
    person: Mapping[str, str]
    starts: ir.Table
    view: Callable[[ir.Table], View]


def everyone(
    engine: Engine,
    held: Held,
    definitions: Sequence[Definition],
    *,
    as_of_us: int,
    created_us: tuple[int | None, int | None] = (None, None),
    qualify_within_us: int | None = None,
    internal_domains: Collection[str] = (),
    null_tokens: Collection[str] = DEFAULT_NULL_TOKENS,
) -> Everyone:
    """The leads known by `as_of_us`; `asked` are those created within `created_us`, both ends included.

    A lead starts when it is created; without `qualify_within_us` its window has no end.
    """
    created, person = _persons(engine, held)
    leads = held.known.leads
    if person:
        gone = engine.load("everyone_merged", pa.table({"gone": pa.array(list(person), pa.string())}))
        leads = leads.anti_join(gone, leads.lead_id == gone.gone)
    by_account = any(reads_account(one) for one in definitions)
    account: ir.Value = ibis.null("string")
    if by_account:
        leads = with_units(
            engine, leads, "account", name="everyone", internal_domains=internal_domains, null_tokens=null_tokens,
            plain_ids=held.plain_ids,
        ).leads  # fmt: skip
        account = leads.unit
    rows = engine.keep(
        "everyone", leads.select("lead_id", "created_us", asked=_asked(leads, created_us), account=account)
    )
    begun = rows if by_account else rows.filter(rows.asked)
    until: ir.Value = ibis.null("int64")
    if qualify_within_us is not None:
        until = begun.created_us + qualify_within_us
    starts = begun.select(
        key=begun.lead_id,
        lead_id=begun.lead_id,
        account=begun.account,
        whole=ibis.literal(True),
        start_us=begun.created_us,
        until_us=ibis.ifelse(begun.asked, until, begun.created_us),
    )
    kept = engine.keep("everyone_starts", starts.select(*START_COLUMNS).cast(START_COLUMNS))
    came = shares(held.merges, created.__contains__)
    came = came.filter(pa.array([key not in person for key in came["key"].to_pylist()], pa.bool_()))
    added = engine.load("everyone_shares", came) if came.num_rows else None
    return Everyone(
        rows.select("lead_id", "created_us", "asked"),
        person,
        kept,
        lambda part: view_of(held.known, part, as_of_us=as_of_us, shares=added),
    )


def leads_in_slices(engine: Engine, starts: ir.Table, slices: int) -> Iterator[ir.Table]:
    """The kept `starts` in parts, colleagues together, each kept until the next one is asked for."""
    if slices == 1:
        yield starts
        return
    place = ring.number(engine, engine.md5_prefix(ibis.coalesce(starts.account, starts.lead_id))) % slices
    numbered = engine.keep("everyone_in_slices", starts.mutate(slice=place.cast("int64")))
    try:
        for number in range(slices):
            yield engine.keep("everyone_slice", numbered.filter(numbered["slice"] == number).drop("slice"))
    finally:
        engine.drop("everyone_in_slices", "everyone_slice")


def _persons(engine: Engine, held: Held) -> tuple[Mapping[str, int], Mapping[str, str]]:
    """When the leads that merges name were created, and who stands for whom."""
    named = sorted({one for merge in held.merges for one in (merge.old_id, merge.new_id)})
    if not named:
        return {}, {}
    ids = engine.load("everyone_named", pa.table({"named": pa.array(named, pa.string())}))
    leads = held.known.leads.select("lead_id", "created_us")
    found = engine.fetched(leads.semi_join(ids, leads.lead_id == ids.named)).to_pylist()
    created = {row["lead_id"]: row["created_us"] for row in found}
    survivors = canonical_ids((one.old_id, one.new_id, micros(one.merged_at)) for one in held.merges)
    return created, standing_ids(survivors, created)


def _asked(leads: ir.Table, created_us: tuple[int | None, int | None]) -> ir.BooleanValue:
    first, last = created_us
    asked: ir.BooleanValue = ibis.literal(True)
    if first is not None:
        asked = asked & (leads.created_us >= first)
    if last is not None:
        asked = asked & (leads.created_us <= last)
    return asked
