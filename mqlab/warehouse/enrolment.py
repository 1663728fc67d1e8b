"""Who is in an experiment and in which arm, as Ibis expressions: `mqlab.experiments.enrol` where the leads are.

A unit is judged in the phase of its first lead that arrives inside the enrolment and is eligible. A phase follows
from the instant alone, so the earliest instant decides and no text has to be ordered.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import ibis
import pyarrow as pa
from ibis.expr import types as ir

from mqlab.assignment.position import bound
from mqlab.assignment.split import Split
from mqlab.errors import InputError, nearest
from mqlab.experiments.enrol import forced_arms, split_of
from mqlab.experiments.protocol import Phase, Protocol
from mqlab.leads.instants import micros
from mqlab.leads.text import DEFAULT_NULL_TOKENS
from mqlab.warehouse import ring
from mqlab.warehouse.units import Units, with_units

if TYPE_CHECKING:
    from mqlab.warehouse.engines.engine import Engine

COLUMNS: Mapping[str, str] = {
    "lead_id": "string",
    "unit": "string",
    "arm": "string",
    "phase": "int64",
    "why": "string",
    "in_experiment": "boolean",
    "start_us": "int64",
    "created_us": "int64",
    "override": "boolean",
}
"""The columns of an enrolment and their types; `start_us` is null of a lead that is out."""

POSITIONS: Mapping[str, str] = {"position": "int64", "traffic_position": "int64"}
"""Further columns on request: where the unit stands on the ring of the split and on that of the traffic."""


def enrolled(
    engine: Engine,
    protocol: Protocol,
    leads: ir.Table,
    *,
    handoffs: ir.Table | None = None,
    listed: ir.Table | None = None,
    overrides: Mapping[str, str] | None = None,
    internal_domains: Collection[str] = (),
    null_tokens: Collection[str] = DEFAULT_NULL_TOKENS,
    positions: bool = False,
    plain_ids: bool = False,
    name: str = "enrolment",
) -> tuple[ir.Table, Units]:
    """One row of `COLUMNS` per lead before any merge, and the leads' units; `persons` keeps the rows.

    `leads` has `lead_id` (unique), `created_us`, under `unit: account` also `account_key` and `email_domain`, and,
    where the protocol has an `eligible`, its answer in the column `eligible` (null: unknown). `handoffs`
    (`lead_id`, `occurred_us`) are the known hand-overs to sales.

    `listed` (`experiment`, `unit`, `arm`, `phase`, `assigned_us`), where there is one, is what was assigned at the
    door. It wins over the hash: of a unit in it, the earliest row gives arm and phase (no arm: the unit stayed out,
    by `coverage`) and, where leads are randomised, the start. Enrolment, prior hand-over and eligibility of its leads
    are still looked at, units outside it are placed by the hash, and `overrides` (unit → arm) win over both. An arm
    that the protocol does not have raises InputError. `plain_ids`: lead ids are known to be normalised. Temporary
    tables are named after `name`.
    """
    needed = ["lead_id", "created_us"]
    needed += ["account_key", "email_domain"] if protocol.unit == "account" else []
    needed += ["eligible"] if protocol.eligible is not None else []
    known = with_units(
        engine,
        leads.select(*needed),
        protocol.unit,
        name=name,
        internal_domains=internal_domains,
        null_tokens=null_tokens,
        plain_ids=plain_ids,
    )
    rows = _with_forced(engine, known.leads, forced_arms(protocol, overrides or {}), name)
    rows = _with_handed(rows, protocol, handoffs)
    rows = rows.mutate(kept_out=_kept_out(rows, protocol))
    judged = rows.kept_out.isnull() & rows.forced.isnull()
    claims = None if listed is None else _claims(engine, protocol, listed)
    if known.alone:
        rows = _placed(engine, protocol, rows.mutate(judged_us=rows.created_us), claims)
    else:
        rows = engine.keep(f"{name}_leads", rows.mutate(judged=judged))
        units = rows.filter(rows.judged).group_by("unit").aggregate(judged_us=rows.created_us.min())
        placed = _placed(engine, protocol, units, claims).drop("judged_us").rename(placed_unit="unit")
        rows = rows.left_join(placed, rows.unit == placed.placed_unit).drop("placed_unit")
    return _columns(engine, protocol, rows, positions=positions), known


def _with_forced(engine: Engine, rows: ir.Table, forced: Mapping[str, str], name: str) -> ir.Table:
    """The rows with `forced`, the arm an override names."""
    if not forced:
        return rows.mutate(forced=ibis.null("string"))
    texts = {"forced_unit": list(forced), "forced": list(forced.values())}
    table = engine.load(
        f"{name}_overrides", pa.table({key: pa.array(text, pa.string()) for key, text in texts.items()})
    )
    return rows.left_join(table, rows.unit == table.forced_unit).drop("forced_unit")


def _with_handed(rows: ir.Table, protocol: Protocol, handoffs: ir.Table | None) -> ir.Table:
    """The rows with `handed`, whether a lead of the unit was handed over before the enrolment where that matters."""
    if handoffs is None or protocol.allow_prior_handoff:
        return rows.mutate(handed=ibis.literal(False))
    before = handoffs.filter(handoffs.occurred_us < micros(protocol.enrolment_start)).select(gone="lead_id").distinct()
    units = before.inner_join(rows, before.gone == rows.lead_id).select(handed_unit="unit").distinct()
    joined = rows.left_join(units, rows.unit == units.handed_unit)
    return joined.mutate(handed=joined.handed_unit.notnull()).drop("handed_unit")


def _kept_out(rows: ir.Table, protocol: Protocol) -> ir.StringValue:
    """Why a lead is out before anything is placed, null where it is judged; the reasons in their order."""
    reasons: list[tuple[ir.BooleanValue, str]] = [
        (rows.created_us < micros(protocol.enrolment_start), "before_enrolment"),
        (rows.created_us > micros(protocol.enrolment_end), "after_enrolment"),
        (rows.handed, "prior_handoff"),
    ]
    if protocol.eligible is not None:
        reasons += [(rows.eligible.isnull(), "eligibility_unknown"), (~rows.eligible, "ineligible")]
    return ibis.cases(*reasons, else_=ibis.null("string"))


def _in_time(rows: ir.Table, protocol: Protocol) -> ir.BooleanValue:
    """Whether a lead arrived inside the enrolment."""
    return (rows.created_us >= micros(protocol.enrolment_start)) & (rows.created_us <= micros(protocol.enrolment_end))


def _placed(engine: Engine, protocol: Protocol, units: ir.Table, claims: ir.Table | None) -> ir.Table:
    """Rows of `unit` and `judged_us` with where the unit stands: in the slice (`owned`), in the coverage (`covered`),
    `placed_arm` and `placed_phase`.

    `claimed_us` is the start that the list of assignments gives, null without one.
    """
    split = split_of(protocol)
    rows = units.mutate(
        owned=ibis.literal(True) if split.slice is None else ring.in_slice(engine, split.slice, units.unit),
        covered=_covered(engine, split, protocol, units),
    )
    rows = rows.mutate(  # of a later projection, so that nothing is hashed again for units that are out
        placed_arm=ibis.ifelse(rows.owned & rows.covered, ring.arm(engine, split, rows.unit), ibis.null("string")),
        placed_phase=_phase_at(protocol, rows.judged_us),
        claimed_us=ibis.null("int64"),
    )
    if claims is None:
        return rows
    rows = rows.left_join(claims, rows.unit == claims.claim_unit)
    claimed = rows.claim_unit.notnull()
    return rows.mutate(
        owned=claimed | rows.owned,
        covered=ibis.ifelse(claimed, rows.claim_arm.notnull(), rows.covered),
        placed_arm=ibis.ifelse(claimed, rows.claim_arm, rows.placed_arm),
        placed_phase=ibis.coalesce(rows.claim_phase, rows.placed_phase),
        claimed_us=rows.claim_us,
    ).drop("claim_unit", "claim_arm", "claim_phase", "claim_us")


def _claims(engine: Engine, protocol: Protocol, listed: ir.Table) -> ir.Table:
    """One row per unit of the experiment's listed assignments: the earliest, of several the arm named first."""
    mine = listed.filter((listed.experiment == protocol.id) & listed.unit.notnull())
    names = [arm.name for arm in protocol.arms]
    for arm in sorted(engine.fetched(mine.filter(mine.arm.notnull()).select("arm").distinct())["arm"].to_pylist()):
        if arm not in names:
            raise InputError(
                f"The table 'assignments' puts units of '{protocol.id}' into the arm '{arm}', which it does not have.",
                code="UnknownArm",
                hint=nearest(arm, names) or f"Its arms are {', '.join(names)}.",
            )
    number = ibis.cases(*((mine.arm == name, index) for index, name in enumerate(names)), else_=len(names))
    order = [mine.assigned_us, number, mine.phase]
    rows = mine.mutate(place=ibis.row_number().over(group_by=mine.unit, order_by=order))
    first = rows.filter(rows.place == 0)
    return first.select(claim_unit=first.unit, claim_arm=first.arm, claim_phase=first.phase, claim_us=first.assigned_us)


def _phases(protocol: Protocol) -> list[Phase]:
    """The latest first: the first that has begun holds."""
    return sorted(protocol.phases, key=lambda phase: phase.start, reverse=True)


def _phase_at(protocol: Protocol, at_us: ir.IntegerValue) -> ir.IntegerValue:
    """The number of the phase of an instant, null before the first."""
    numbers = [(at_us >= micros(phase.start), phase.number) for phase in _phases(protocol)]
    return ibis.cases(*numbers, else_=ibis.null("int64")).cast("int64")


def _covered(engine: Engine, split: Split, protocol: Protocol, units: ir.Table) -> ir.BooleanValue:
    """Whether a unit is in at the coverage of the phase it is judged in; before the first phase nobody is."""
    traffic = ring.digits(engine, split.traffic_salt, units.unit)
    covered = [
        (units.judged_us >= micros(phase.start), ring.below(engine, traffic, bound(phase.coverage)))
        for phase in _phases(protocol)
    ]
    return ibis.cases(*covered, else_=False)


def _columns(engine: Engine, protocol: Protocol, rows: ir.Table, *, positions: bool) -> ir.Table:
    """The columns of an enrolment from everything that is known of its leads."""
    forced, out = rows.forced.notnull(), rows.kept_out.notnull()
    inside = ~forced & ~out & rows.owned & rows.covered
    own = rows.created_us if protocol.unit == "account" else ibis.coalesce(rows.claimed_us, rows.created_us)
    why = ibis.cases(
        (forced, "override"),
        (out, rows.kept_out),
        (~rows.owned, "layer"),
        (~rows.covered, "coverage"),
        else_="in",
    )
    phase = ibis.cases(
        (forced, _phase_at(protocol, rows.created_us)),
        (~_in_time(rows, protocol), ibis.null("int64")),
        (out, _phase_at(protocol, rows.created_us)),
        else_=rows.placed_phase,
    )
    arm = ibis.cases((forced, rows.forced), (inside, rows.placed_arm), else_=ibis.null("string"))
    start = ibis.cases((forced, rows.created_us), (inside, own), else_=ibis.null("int64"))
    columns: dict[str, ir.Value] = {
        "lead_id": rows.lead_id,
        "unit": rows.unit,
        "arm": arm,
        "phase": phase,
        "why": why,
        "in_experiment": forced | inside,
        "start_us": start,
        "created_us": rows.created_us,
        "override": forced,
    }
    types = dict(COLUMNS)
    if positions:
        split = split_of(protocol)
        for column, salt in zip(POSITIONS, (split.split_salt, split.traffic_salt), strict=True):
            columns[column] = ring.number(engine, ring.digits(engine, salt, rows.unit))
        types |= POSITIONS
    return rows.select(**columns).cast(types)
