"""Random protocols, leads, hand-overs and merges, as Python reads them and as an engine does.

Instants lie on a coarse grid with the edges of enrolment and phases on it, ids and accounts come from short lists with
texts that only Unicode makes equal: so ties, shared units and merges of merged ids are common.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from mqlab.assignment.units import unit_of
from mqlab.experiments.arrival import Arrival
from mqlab.experiments.enrol import Assignment, enrol
from mqlab.experiments.protocol import Arm, Layer, Phase, Protocol
from mqlab.leads.instants import micros
from mqlab.leads.records import Merge
from mqlab.warehouse.engines.engine import Engine
from mqlab.warehouse.enrolment import enrolled
from mqlab.warehouse.persons import Persons, persons
from tests.experiments.files import protocol

Q3 = protocol()
START, END = Q3.enrolment_start, Q3.enrolment_end
GRID = [START + timedelta(days=day) for day in (-3, 0, 1, 14, 40, 91)]
EDGES = [START - timedelta(microseconds=1), START, END, END + timedelta(microseconds=1), *GRID, *GRID[2:5] * 2]
INTERNAL = ("us.example",)

IDS = [
    *(f"L{number}" for number in range(24)), "ａ", "a", " a", "A", "ﬁ", "fi", "Ünal", "U\u0308nal", "İ", "i\u0307",
    "ß", "Σς", "٣", "x y", " x y ", "😀", "aa", "dd", "ll'x", "back\\slash", "100%", '"q"',
]  # fmt: skip
KEYS = [
    None,
    "",
    "acme",
    "ACME",
    "  Acme ",
    "ＡＣＭＥ",
    "n/a",
    "gmail.com",
    "straße",
    "STRASSE",
    "İstanbul",
    "acme.com",
]
DOMAINS = [None, "acme.com", "mail.ACME.com", "gmail.com", "us.example", "bücher.example", "xn--bcher-kva.example", "x"]


@dataclass(frozen=True)
class World:
    """One experiment and what is known of those who arrive."""

    protocol: Protocol
    leads: tuple[Arrival, ...]
    eligible: Mapping[str, bool | None]
    handed: tuple[tuple[str, datetime], ...]
    overrides: Mapping[str, str]
    merges: tuple[Merge, ...]

    def assigned_in_python(self, *, merged: bool) -> list[Assignment]:
        """What `enrol` says, before or after the merges."""
        return enrol(
            self.protocol,
            self.leads,
            eligible=lambda lead: self.eligible[lead.lead_id] if self.protocol.eligible is not None else True,
            prior_handoff=self._first_handoff().get,
            internal_domains=INTERNAL,
            overrides=self.overrides,
            merges=self.merges if merged else (),
        )

    def _first_handoff(self) -> dict[str, datetime]:
        by_id = {lead.lead_id: lead for lead in self.leads}
        first: dict[str, datetime] = {}
        for lead_id, at in self.handed:
            if lead_id in by_id:
                unit = unit_of(by_id[lead_id], self.protocol.unit, INTERNAL)
                first[unit] = min(first.get(unit, at), at)
        return first

    def assigned_in(self, engine: Engine, *, listed: Sequence[Mapping[str, Any]] | None = None) -> Persons:
        """What the engine says, after the merges."""
        table = None
        if listed is not None:
            kinds = {"experiment": pa.string(), "unit": pa.string(), "arm": pa.string(), "phase": pa.int64()}
            table = engine.load("listed", _rows({**kinds, "assigned_us": pa.int64()}, listed))
        found, units = enrolled(
            engine,
            self.protocol,
            engine.load("arrivals", self.lead_rows()),
            handoffs=engine.load(
                "handoffs",
                _rows(
                    {"lead_id": pa.string(), "occurred_us": pa.int64()},
                    [{"lead_id": lead_id, "occurred_us": micros(at)} for lead_id, at in self.handed],
                ),
            ),
            listed=table,
            overrides=self.overrides,
            internal_domains=INTERNAL,
            positions=True,
        )
        return persons(engine, found, in_order(self.merges), own=units.own)

    def lead_rows(self) -> pa.Table:
        """The leads as an engine takes them."""
        kinds = {
            "lead_id": pa.string(),
            "created_us": pa.int64(),
            "account_key": pa.string(),
            "email_domain": pa.string(),
            "eligible": pa.bool_(),
        }
        return _rows(
            kinds,
            [
                {
                    "lead_id": lead.lead_id,
                    "created_us": micros(lead.created_at),
                    "account_key": lead.account_key,
                    "email_domain": lead.email_domain,
                    "eligible": self.eligible[lead.lead_id],
                }
                for lead in self.leads
            ],
        )


def in_order(merges: Sequence[Merge]) -> list[Merge]:
    """Merges in the order of their dates."""
    return sorted(merges, key=lambda merge: (merge.merged_at, merge.known_at, merge.old_id, merge.new_id))


def as_rows(assignments: Sequence[Assignment]) -> list[dict[str, Any]]:
    """Assignments as the engine's rows are fetched, by id."""
    rows = [
        {
            "lead_id": row.lead_id,
            "unit": row.unit,
            "arm": row.arm,
            "phase": row.phase,
            "why": row.why,
            "in_experiment": row.in_experiment,
            "start_us": None if row.assigned_at is None else micros(row.assigned_at),
            "override": row.why == "override",
            "cross_arm_merge": row.cross_arm_merge,
            "merged_into": row.merged_into,
            "position": row.position,
            "traffic_position": row.traffic_position,
        }
        for row in assignments
    ]
    return sorted(rows, key=lambda row: row["lead_id"])


def fetched_rows(engine: Engine, found: Persons) -> list[dict[str, Any]]:
    """The rows of an enrolment in an engine, by id; creation is the lead's own and not compared."""
    rows = engine.fetched(found.rows).drop(["created_us"]).to_pylist()
    return sorted(rows, key=lambda row: row["lead_id"])


@st.composite
def worlds(draw: st.DrawFn, *, merges: bool = True) -> World:
    """An experiment with up to three arms, a layer, a ramp, overrides, and the leads that arrive."""
    unit = draw(st.sampled_from(["lead", "account"]))
    plan = _plan(draw, unit)
    ids = draw(st.permutations(IDS))[: draw(st.sampled_from([0, 1, 8, 16, 30]))]
    instants = st.sampled_from(EDGES)
    leads = tuple(
        Arrival(
            lead_id,
            draw(instants),
            account_key=draw(st.sampled_from(KEYS)),
            email_domain=draw(st.sampled_from(DOMAINS)),
        )
        for lead_id in ids
    )
    named = st.sampled_from([*ids, "ghost", "Z"])
    merged = st.builds(lambda old, new, at: Merge(old, new, at, at), named, named, instants)
    names = [arm.name for arm in plan.arms]
    return World(
        protocol=plan,
        leads=leads,
        eligible={lead_id: draw(st.sampled_from([True, True, True, False, None])) for lead_id in ids},
        handed=tuple(draw(st.lists(st.tuples(named, instants), max_size=8))),
        overrides=draw(
            st.dictionaries(st.sampled_from(["L1", " a", "ACME.com", "x y"]), st.sampled_from(names), max_size=2)
        ),
        merges=tuple(draw(st.lists(merged, max_size=8))) if merges else (),
    )


def _plan(draw: st.DrawFn, unit: str) -> Protocol:
    """A protocol of the file's dates with other cuts."""
    weights = draw(st.lists(st.sampled_from(["1", "0.1", "2.5", "1e-9"]), min_size=2, max_size=3))
    arms = tuple(Arm(f"arm's {n}", "current@1.0.0", Decimal(weight)) for n, weight in enumerate(weights))
    shares = st.sampled_from(["0", "0.1", "0.5", "0.9", "1", "1", "1"]).map(Decimal)
    starts = draw(st.lists(st.sampled_from(GRID), min_size=1, max_size=3, unique=True))
    phases = tuple(Phase(number + 1, start, draw(shares)) for number, start in enumerate(starts))
    layer = None
    if draw(st.sampled_from([True, False, False])):
        low, high = sorted((draw(shares), draw(shares)))
        layer = Layer("inbound", low, high)
    return replace(
        Q3,
        unit=unit,
        salt=draw(st.sampled_from(["q3-salt", "salt-2", "2026q3-intent"])),
        arms=arms,
        control=arms[0].name,
        phases=phases,
        layer=layer,
        eligible=Q3.eligible if draw(st.booleans()) else None,
        allow_prior_handoff=draw(st.booleans()),
        overrides=draw(st.sampled_from([(), (("L0", "arm's 1"),), (("STRASSE", "arm's 0"),)])),
    )


def _rows(kinds: Mapping[str, pa.DataType], rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    return pa.table({name: pa.array([row[name] for row in rows], kind) for name, kind in kinds.items()})


def everything(unit: str) -> World:
    """One world with every reason, merge and text, for engines that are too slow for many."""
    plan = replace(
        Q3,
        unit=unit,
        arms=tuple(Arm(f"arm's {n}", "current@1.0.0", Decimal(weight)) for n, weight in enumerate(("1", "2.5", "0.1"))),
        control="arm's 0",
        phases=(Phase(1, GRID[1], Decimal("0.5")), Phase(2, GRID[3], Decimal(1))),
        layer=Layer("inbound", Decimal("0.2"), Decimal("0.8")),
        overrides=(("L0", "arm's 1"), ("STRASSE", "arm's 0")),
    )
    ids, keys = list(IDS), [*(f"k{number}.example" for number in range(25)), *KEYS]
    leads = tuple(
        Arrival(
            lead_id,
            EDGES[index % len(EDGES)],
            account_key=keys[index % len(keys)],
            email_domain=DOMAINS[index % len(DOMAINS)],
        )
        for index, lead_id in enumerate(ids)
    )
    world = World(
        protocol=plan,
        leads=leads,
        eligible={lead_id: [True, True, True, False, True, None][index % 6] for index, lead_id in enumerate(ids)},
        handed=(("L2", GRID[0]), ("ﬁ", GRID[0]), ("L5", GRID[2]), ("ghost", GRID[0])),
        overrides={"x y": "arm's 2", "K7.example": "arm's 1"},
        merges=(),
    )
    placed = [row.lead_id for row in world.assigned_in_python(merged=False) if row.why == "in"]
    rest = [lead_id for lead_id in ids if lead_id not in placed]
    pairs = [*zip(placed[::2], placed[1::2], strict=False), (rest[0], placed[0]), (placed[0], rest[0])]
    pairs += pairwise(rest[1:10])
    days = (START + timedelta(days=day) for day in range(1, 90))
    return replace(world, merges=tuple(Merge(old, new, at, at) for (old, new), at in zip(pairs, days, strict=False)))
