"""The judged leads, in an engine: one row per person with its arm, its own definition's first crossing, its strata.

What `mqlab.analysis.judge` and `mqlab.analysis.analyze.lead_rows` make in Python, from an enrolment and the crossings
of every arm's definition.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis
import pyarrow as pa
from ibis.expr import types as ir

from mqlab.definitions.model import Definition
from mqlab.experiments.protocol import Protocol
from mqlab.warehouse.columns import at_column
from mqlab.warehouse.dataset import LEAD_ROWS
from mqlab.warehouse.persons import Persons, Stretches, is_kept
from mqlab.warehouse.strata import batch_start, with_strata

if TYPE_CHECKING:
    from mqlab.warehouse.engines.engine import Engine


@dataclass(frozen=True)
class JudgedLeads:
    """`table` has one row per lead that is analysed, in no order.

    Its columns: those of `LEAD_ROWS`, `path` of the own arm, `at:<arm>` for every arm, `stratum:<challenger>` (null
    for leads of other arms), and the segments' where they were given. `person` gives every merged id the id that
    stands for it, `leads` counts persons, `out` those that are not enrolled by reason, `excluded` the enrolled ones
    that are left out.
    """

    table: ir.Table
    person: Mapping[str, str]
    leads: int
    out: Mapping[str, int]
    excluded: Mapping[str, int]


def refs_of(protocol: Protocol) -> tuple[str, ...]:
    """The definitions of the arms, each once: definition number d of the crossings is the d-th of these."""
    return tuple(dict.fromkeys(arm.definition for arm in protocol.arms))


def judged_leads(
    engine: Engine,
    protocol: Protocol,
    definitions: Mapping[str, Definition],
    persons: Persons,
    stretches: Stretches,
    crossings: ir.Table,
    *,
    as_of_us: int,
    segments: ir.Table | None = None,
    name: str = "judged",
) -> JudgedLeads:
    """The judged leads, kept in the engine as `name`.

    `crossings` has one row per key of `stretches.starts`: `at_<d>` (microseconds, null: not yet) and `path_<d>` for
    every definition of `refs_of(protocol)`. `segments` has `lead_id` and a column per segment, named as in the result.
    """
    rows = persons.rows
    first = _first_of_person(engine, persons, stretches, crossings, len(refs_of(protocol)), name)
    kept = rows.filter(is_kept(rows)).select("lead_id", "unit", "arm", "phase", assigned_us="start_us")
    leads = kept.left_join(first, kept.lead_id == first.person)
    number = {ref: index for index, ref in enumerate(refs_of(protocol))}
    arms = {arm.name: number[arm.definition] for arm in protocol.arms}
    qualified = _of_own_arm(leads, {arm: leads[f"at_{index}"] for arm, index in arms.items()}, "int64")
    leads = leads.select(
        *(leads[column] for column in kept.columns),
        qualified_us=qualified,
        handed_us=batch_start(qualified, protocol.cadence_us) + protocol.cadence_us,
        sla_us=_of_own_arm(leads, _promises(protocol, definitions), "int64"),
        path=_of_own_arm(leads, {arm: leads[f"path_{index}"] for arm, index in arms.items()}, "string"),
        **{at_column(arm): leads[f"at_{index}"] for arm, index in arms.items()},
    )
    table = with_strata(
        leads,
        control=protocol.control,
        challengers=[arm.name for arm in protocol.challengers],
        cadence_us=protocol.cadence_us,
        as_of_us=as_of_us,
        by_unit=protocol.unit == "account",
    )
    if segments is not None:
        beside = segments.rename(segment_lead="lead_id")
        table = table.left_join(beside, table.lead_id == beside.segment_lead).drop("segment_lead")
    table = engine.keep(name, table.relocate(*LEAD_ROWS.names))
    out, excluded = _counts(engine, rows)
    return JudgedLeads(
        table=table,
        person=persons.person,
        leads=sum(out.values()) + sum(excluded.values()),
        out=dict(sorted(out.items())),
        excluded={"override": excluded["override"], "cross_arm_merge": excluded["cross_arm_merge"]},
    )


def _promises(protocol: Protocol, definitions: Mapping[str, Definition]) -> dict[str, ir.Value]:
    """The promised first touch of every arm, in microseconds after hand-over; null where none is promised."""
    promised = {arm.name: definitions[arm.definition].handoff for arm in protocol.arms}
    return {
        arm: ibis.null("int64") if handoff is None else ibis.literal(handoff.first_touch_us, "int64")
        for arm, handoff in promised.items()
    }


def _of_own_arm(leads: ir.Table, values: Mapping[str, ir.Value], kind: str) -> ir.Value:
    """Of several values, each an arm's, the one of the lead's own arm."""
    return ibis.cases(*((leads.arm == arm, value) for arm, value in values.items()), else_=ibis.null(kind)).cast(kind)


def _first_of_person(
    engine: Engine, persons: Persons, stretches: Stretches, crossings: ir.Table, definitions: int, name: str
) -> ir.Table:
    """Per `person` the first crossing of every definition over its histories."""
    instants = [f"at_{number}" for number in range(definitions)]
    paths = [f"path_{number}" for number in range(definitions)]
    if not stretches.places:
        return crossings.select("key", *instants, *paths).rename(person="key")
    keys = list(stretches.places)
    links = engine.load(
        f"{name}_places",
        pa.table(
            {
                "link": pa.array(keys, pa.string()),
                "person": pa.array([persons.person.get(key, key) for key in keys], pa.string()),
                "place": pa.array([stretches.places[key] for key in keys], pa.int64()),
            }
        ),
    )
    many = crossings.inner_join(links, crossings.key == links.link)
    many = many.mutate(**{f"first_{at}": many[at].min().over(group_by="person") for at in instants})
    many = many.mutate(
        **{
            f"place_{at}": ibis.ifelse(many[at] == many[f"first_{at}"], many.place, ibis.null("int64"))
            .min()
            .over(group_by="person")
            for at in instants
        }
    )
    best = many.group_by("person").aggregate(
        **{at: many[at].min() for at in instants},
        **{
            path: many[path].max(where=(many.place == many[f"place_{at}"]) & (many[at] == many[f"first_{at}"]))
            for at, path in zip(instants, paths, strict=True)
        },
    )
    one = crossings.anti_join(links, crossings.key == links.link).select("key", *instants, *paths).rename(person="key")
    return one.union(best)


def _counts(engine: Engine, rows: ir.Table) -> tuple[Counter[str], Counter[str]]:
    """Persons that are out by reason; those that are in by why they are left out (empty: they are not)."""
    persons = rows.filter(rows.merged_into.isnull())
    keys: Sequence[str] = ("in_experiment", "why", "cross_arm_merge")
    out: Counter[str] = Counter()
    excluded: Counter[str] = Counter()
    for row in engine.fetched(persons.group_by(*keys).aggregate(leads=persons.count())).to_pylist():
        if not row["in_experiment"]:
            out[row["why"]] += row["leads"]
        elif row["why"] == "override":
            excluded["override"] += row["leads"]
        else:
            excluded["cross_arm_merge" if row["cross_arm_merge"] else ""] += row["leads"]
    return out, excluded
