"""Who is in the experiment, and what every arm's definition says about each of them.

One row per person: ids that the CRM merged are one lead. Every arm's definition is judged on every enrolled lead,
whichever arm acts; the stratum of a (challenger, control) pair is frozen at the first batch in which either fires.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mqlab.analysis.exclusions import Exclusions
from mqlab.analysis.histories import Histories, histories
from mqlab.analysis.people import People
from mqlab.analysis.strata import NAMES, NEVER, Int64s, first_divergence, spread_over_units
from mqlab.assignment.units import unit_of
from mqlab.definitions.evaluate import Evaluator, condition
from mqlab.definitions.fields import values_at
from mqlab.definitions.model import Definition, FieldDecl
from mqlab.definitions.tree import AccountCount
from mqlab.experiments.enrol import Assignment, carry_merges, enrol
from mqlab.experiments.exclusions import asked, with_standard
from mqlab.experiments.population import parts
from mqlab.experiments.protocol import Protocol
from mqlab.leads.instants import micros
from mqlab.leads.records import Lead, Scalar
from mqlab.leads.tables import INSTANT, Facts
from mqlab.leads.text import DEFAULT_NULL_TOKENS, stored_name
from mqlab.leads.values import text
from mqlab.warehouse.columns import segment_column, stratum_column

Texts = npt.NDArray[np.object_]
Progress = Callable[[int, int], None]
"""Called with (leads done, leads in all) as an analysis goes on."""


@dataclass(frozen=True)
class Judged:
    """`table` has one row per enrolled lead, sorted by id.

    Its columns: `lead_id`, `unit`, `arm`, `phase`, `assigned_at`, `source`, `account_key`, `path` and `qualified_at` of
    the own arm, `qualified_at:<arm>` for every arm, `stratum:<challenger>` (null for leads of other arms) and
    `segment:<name>`, the value known at assignment. `person` gives every merged id the id that stands for it.
    `out` counts the leads that are not enrolled by reason, `excluded` the enrolled ones that are left out.
    """

    table: pa.Table
    person: Mapping[str, str]
    leads: int
    out: Mapping[str, int]
    excluded: Mapping[str, int]


def qualified_column(arm: str) -> str:
    """The column of the instant at which an arm's definition first fired."""
    return f"qualified_at:{arm}"


def judge(
    protocol: Protocol,
    definitions: Mapping[str, Definition],
    facts: Facts,
    *,
    internal_domains: Collection[str] = (),
    null_tokens: Collection[str] = DEFAULT_NULL_TOKENS,
    overrides: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    known: Histories | None = None,
    progress: Progress | None = None,
) -> Judged:
    """Enrol every lead of `facts` and judge it by every arm's definition; `definitions` are keyed by `id@version`.

    `known` are the histories of these facts, where a caller judges several experiments by them.
    """
    known = histories(facts) if known is None else known
    single = assigned(protocol, facts, definitions, known, internal_domains, null_tokens, dict(overrides))
    assignments = carry_merges(single, known.merges)
    persons = tuple(row for row in assignments if row.merged_into is None)
    enrolled = [row for row in persons if row.in_experiment]
    excluded = Counter(_excluded(row) for row in enrolled if _excluded(row))
    kept = sorted((row for row in enrolled if not _excluded(row)), key=lambda row: row.lead_id)
    refs = tuple(dict.fromkeys(arm.definition for arm in protocol.arms))
    by_account = protocol.unit == "account" and any(reads_account(definitions[ref]) for ref in refs)
    people = People(known, single, assignments, by_account=by_account)
    evaluators = {ref: Evaluator(definitions[ref]) for ref in refs}
    crossings = _crossings(evaluators, people, kept, facts.as_of, protocol.qualify_within_us, progress)
    return Judged(
        table=_table(protocol, facts, known, kept, crossings, null_tokens),
        person={row.lead_id: row.merged_into for row in assignments if row.merged_into is not None},
        leads=len(persons),
        out=dict(sorted(Counter(row.why for row in persons if not row.in_experiment).items())),
        excluded={"override": excluded["override"], "cross_arm_merge": excluded["cross_arm_merge"]},
    )


def assigned(
    protocol: Protocol,
    facts: Facts,
    definitions: Mapping[str, Definition],
    known: Histories,
    internal_domains: Collection[str],
    null_tokens: Collection[str],
    overrides: Mapping[str, str],
) -> list[Assignment]:
    """Every lead's own assignment, before any merge; in the order of `known.leads`."""
    declared: dict[str, FieldDecl] = {}
    for arm in protocol.arms:
        for field in definitions[arm.definition].fields:
            declared.setdefault(field.name, field)
    fits = None
    if protocol.eligible is not None:
        fits = condition(protocol.eligible, fields=with_standard(declared.values()), null_tokens=tuple(null_tokens))
    names = asked(protocol.eligible, declared)
    leads = {lead.lead_id: lead for lead in known.leads} if names else {}
    excluded = Exclusions(names, facts, leads, internal_domains, null_tokens)

    def eligible(lead: Lead) -> bool | None:
        if fits is None:
            return True
        values = values_at(known.without_events(lead), lead.created_at, facts.as_of)
        return fits({**values, **excluded.of(lead, micros(lead.created_at))} if names else values)

    handed = _first_handoff(protocol, facts, known, internal_domains, null_tokens)
    return enrol(
        protocol,
        known.leads,
        eligible=eligible,
        prior_handoff=handed.get,
        internal_domains=internal_domains,
        null_tokens=null_tokens,
        overrides=overrides,
    )


def _first_handoff(
    protocol: Protocol,
    facts: Facts,
    known: Histories,
    internal_domains: Collection[str],
    null_tokens: Collection[str],
) -> dict[str, datetime]:
    """The first instant at which any lead of a unit was handed to sales."""
    first: dict[str, datetime] = {}
    leads = {lead.lead_id: lead for lead in known.leads}
    rows = facts.outcomes.select(["lead_id", "occurred_at"]).filter(pc.equal(facts.outcomes["kind"], "handed_off"))
    for row in rows.to_pylist():
        lead = leads.get(row["lead_id"])
        if lead is not None:
            unit = unit_of(lead, protocol.unit, internal_domains, null_tokens)
            first[unit] = min(first.get(unit, row["occurred_at"]), row["occurred_at"])
    return first


def _excluded(row: Assignment) -> str:
    """Why an enrolled lead is left out of the analysis; the empty text when it is not."""
    if row.why == "override":
        return "override"
    return "cross_arm_merge" if row.cross_arm_merge else ""


@dataclass(frozen=True)
class _Crossings:
    """By definition: when it first fired for each kept lead (`NEVER`: not yet), and by which path."""

    at_us: Mapping[str, Int64s]
    path: Mapping[str, Sequence[str | None]]


def _crossings(
    evaluators: Mapping[str, Evaluator],
    people: People,
    kept: Sequence[Assignment],
    as_of: datetime,
    qualify_within_us: int,
    progress: Progress | None,
) -> _Crossings:
    """The first crossing of every definition for every kept lead."""
    at_us = {ref: np.full(len(kept), NEVER, dtype=np.int64) for ref in evaluators}
    path: dict[str, list[str | None]] = {ref: [None] * len(kept) for ref in evaluators}
    for index, row in enumerate(kept):
        person = people.person(row)
        for ref, evaluator in evaluators.items():
            found = person.first_crossing(evaluator, as_of, qualify_within_us)
            if found is not None:
                at_us[ref][index], path[ref][index] = found
        if progress is not None and (index % 500 == 499 or index + 1 == len(kept)):
            progress(index + 1, len(kept))
    return _Crossings(at_us, path)


def reads_account(definition: Definition) -> bool:
    """Whether a definition reads the other leads of the account."""
    return any(isinstance(node, AccountCount) for node in parts(definition))


def _table(
    protocol: Protocol,
    facts: Facts,
    known: Histories,
    kept: Sequence[Assignment],
    crossings: _Crossings,
    null_tokens: Collection[str],
) -> pa.Table:
    """One row per kept lead."""
    definition_of = {arm.name: arm.definition for arm in protocol.arms}
    arms = [row.arm or "" for row in kept]
    leads = [known.by_id[row.lead_id].lead for row in kept]
    own = [crossings.at_us[definition_of[arm]][index] for index, arm in enumerate(arms)]
    columns: dict[str, pa.Array] = {
        "lead_id": pa.array([row.lead_id for row in kept], pa.string()),
        "unit": pa.array([row.unit for row in kept], pa.string()),
        "arm": pa.array(arms, pa.string()),
        "phase": pa.array([row.phase for row in kept], pa.int64()),
        "assigned_at": pa.array([row.assigned_at for row in kept], INSTANT),
        "source": pa.array([lead.source for lead in leads], pa.string()),
        "account_key": pa.array([lead.account_key for lead in leads], pa.string()),
        "path": pa.array([crossings.path[definition_of[arm]][index] for index, arm in enumerate(arms)], pa.string()),
        "qualified_at": instants(np.array(own, dtype=np.int64)),
    }
    for arm in protocol.arms:
        columns[qualified_column(arm.name)] = instants(crossings.at_us[arm.definition])
    sides, units = np.array(arms, dtype=object), np.array([row.unit for row in kept], dtype=object)
    for arm in protocol.challengers:
        columns[stratum_column(arm.name)] = stratum(protocol, facts.as_of, arm.name, sides, units, crossings.at_us)
    columns.update(_segments(protocol, facts, known, kept, null_tokens))
    return pa.table(columns)


def stratum(
    protocol: Protocol, as_of: datetime, challenger: str, arms: Texts, units: Texts, at_us: Mapping[str, Int64s]
) -> pa.Array:
    """The stratum of each lead of the pair (`challenger`, control); null for leads of other arms.

    `arms` and `units` are those of the leads, `at_us` the first crossing of each definition (`NEVER`: not yet).
    """
    definition_of = {arm.name: arm.definition for arm in protocol.arms}
    pair = (arms == challenger) | (arms == protocol.control)
    found = first_divergence(
        at_us[definition_of[protocol.control]][pair],
        at_us[definition_of[challenger]][pair],
        cadence_us=protocol.cadence_us,
        as_of_us=micros(as_of),
    )
    if protocol.unit == "account":
        found = spread_over_units(found, np.unique(units[pair], return_inverse=True)[1])
    names = np.full(len(arms), None, dtype=object)
    names[pair] = np.array(NAMES, dtype=object)[found.code]
    return pa.array(names, pa.string())


def _segments(
    protocol: Protocol, facts: Facts, known: Histories, kept: Sequence[Assignment], null_tokens: Collection[str]
) -> dict[str, pa.Array]:
    """The values of the declared segments and of the covariate as known at assignment, as text."""
    names = tuple(dict.fromkeys((*protocol.segments, *filter(None, [protocol.post_stratify]))))
    if not names:
        return {}
    columns: dict[str, list[str | None]] = defaultdict(list)
    for row in kept:
        history = known.by_id[row.lead_id]
        at = row.assigned_at or history.lead.created_at
        values: Mapping[str, Scalar] = values_at(history, at, facts.as_of)
        for name in names:
            columns[name].append(text(values.get(stored_name(name)), null_tokens))
    return {segment_column(name): pa.array(columns[name], pa.string()) for name in names}


def instants(at_us: Int64s) -> pa.Array:
    """Microseconds as instants, `NEVER` as null."""
    return pa.array(at_us, pa.int64(), mask=at_us == NEVER).cast(INSTANT)
