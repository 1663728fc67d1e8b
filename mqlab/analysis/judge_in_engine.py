"""Who is in the experiment and what every arm's definition says, worked out where the leads are.

The same as `mqlab.analysis.judge` for a lab whose tables an engine holds, or whose ledger was loaded into one: view,
enrolment, merges, the sweep of every definition in one pass, strata. Rows stay in the engine.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import ibis
import pyarrow as pa
import pyarrow.compute as pc
from ibis.expr import types as ir

from mqlab.analysis.exclusions import deal_rows
from mqlab.analysis.judge import reads_account
from mqlab.definitions.model import Definition, FieldDecl
from mqlab.definitions.tree import Missing, Node
from mqlab.experiments.exclusions import asked, with_standard
from mqlab.experiments.protocol import Protocol
from mqlab.leads.records import Merge
from mqlab.leads.tables import Facts
from mqlab.leads.text import DEFAULT_NULL_TOKENS, stored_name
from mqlab.warehouse.columns import segment_column
from mqlab.warehouse.compile.columns import FieldLeaves
from mqlab.warehouse.compile.expression import compile_node
from mqlab.warehouse.compile.states import values_at_start
from mqlab.warehouse.engines.engine import Engine
from mqlab.warehouse.enrolment import enrolled
from mqlab.warehouse.exclusions import with_exclusions
from mqlab.warehouse.judged import JudgedLeads, judged_leads, refs_of
from mqlab.warehouse.outcomes import deals_told, handed_over
from mqlab.warehouse.persons import Persons, is_kept, persons, stretches
from mqlab.warehouse.readings import Reading, Readings, readings_of
from mqlab.warehouse.slices import Progress, crossings_in_slices, slices_for
from mqlab.warehouse.view.from_facts import known_from_facts
from mqlab.warehouse.view.from_tables import known_from_tables
from mqlab.warehouse.view.input_checks import check_tables
from mqlab.warehouse.view.known import KnownFacts
from mqlab.warehouse.view.merged import merges_of
from mqlab.warehouse.view.stretches import START_COLUMNS, view_of
from mqlab.warehouse.view.tables import LabTables


@dataclass(frozen=True)
class Held:
    """What an engine holds of a lab, read for some definitions; `handoffs`, `listed` are None where there are none.

    `deals` are the outcomes of deals (`mqlab.analysis.exclusions.deal_rows`), None where there are none. `plain_ids`:
    every lead id was seen to be its own unit.
    """

    known: KnownFacts
    handoffs: ir.Table | None
    listed: ir.Table | None
    merges: tuple[Merge, ...]
    plain_ids: bool = False
    deals: ir.Table | None = None


def held_of_facts(engine: Engine, facts: Facts, readings: Readings, merges: Sequence[Merge]) -> Held:
    """The facts of a ledger, loaded."""
    handed = facts.outcomes.select(["lead_id", "occurred_at"]).filter(pc.equal(facts.outcomes["kind"], "handed_off"))
    table = pa.table({"lead_id": handed["lead_id"], "occurred_us": handed["occurred_at"].cast(pa.int64())})
    return Held(
        known=known_from_facts(facts, readings, engine),
        handoffs=engine.load("handoffs", table),
        listed=None,
        merges=tuple(merges),
        deals=engine.load("deal_rows", deal_rows(facts)),
    )


def held_of_tables(engine: Engine, tables: LabTables, readings: Readings, *, as_of_us: int) -> Held:
    """The tables of a lab, checked."""
    check_tables(tables, readings, engine)
    listed = None
    if tables.assignments is not None:
        listed = tables.assignments.table.select(
            **tables.assignments.typed("experiment", "unit", "arm", "phase", "assigned_at")
        )
    return Held(
        known=known_from_tables(tables, readings, engine, as_of_us=as_of_us),
        handoffs=handed_over(tables.outcomes, as_of_us),
        listed=listed,
        merges=() if tables.identity is None else merges_of(tables.identity, engine, as_of_us=as_of_us),
        plain_ids=True,
        deals=deals_told(tables.outcomes, as_of_us),
    )


def readings_for(
    protocol: Protocol, definitions: Mapping[str, Definition], null_tokens: Collection[str] = DEFAULT_NULL_TOKENS
) -> Readings:
    """What an analysis reads of leads and events: the arms' definitions, `eligible`, segments and the covariate."""
    read = [definitions[ref] for ref in refs_of(protocol)]
    if protocol.eligible is not None:
        read.append(_eligibility(protocol, definitions, null_tokens))
    found = readings_of(read, [_segment(name, null_tokens) for name in _segments(protocol)])
    standard = _standard(protocol, definitions)
    return replace(found, fields=tuple(field for field in found.fields if field.name not in standard))


def judge_in(
    engine: Engine,
    held: Held,
    protocol: Protocol,
    definitions: Mapping[str, Definition],
    *,
    as_of_us: int,
    internal_domains: Collection[str] = (),
    null_tokens: Collection[str] = DEFAULT_NULL_TOKENS,
    overrides: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    slices: int | None = None,
    progress: Progress | None = None,
) -> JudgedLeads:
    """Enrol every lead and judge it by every arm's definition; `definitions` are keyed by `id@version`.

    They are judged in so many `slices`, by default as many as the engine's memory asks for.
    """
    people = enrolled_persons(
        engine,
        held,
        protocol,
        definitions,
        as_of_us=as_of_us,
        internal_domains=internal_domains,
        null_tokens=null_tokens,
        overrides=overrides,
    )
    arms = [definitions[ref] for ref in refs_of(protocol)]
    by_account = protocol.unit == "account" and any(reads_account(one) for one in arms)
    found = stretches(engine, people, qualify_within_us=protocol.qualify_within_us, by_account=by_account)
    crossed = crossings_in_slices(
        engine,
        found.starts,
        lambda part: view_of(held.known, part, as_of_us=as_of_us, shares=found.shares),
        arms,
        as_of_us=as_of_us,
        slices=slices_of(engine, held.known, found.starts) if slices is None else slices,
        progress=progress,
    )
    return judged_leads(
        engine,
        protocol,
        definitions,
        people,
        found,
        crossed,
        as_of_us=as_of_us,
        segments=_segment_values(engine, held.known, people.rows, protocol, null_tokens, as_of_us),
    )


def enrolled_persons(
    engine: Engine,
    held: Held,
    protocol: Protocol,
    definitions: Mapping[str, Definition],
    *,
    as_of_us: int,
    internal_domains: Collection[str] = (),
    null_tokens: Collection[str] = DEFAULT_NULL_TOKENS,
    overrides: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    positions: bool = False,
    at_creation: ir.Table | None = None,
) -> Persons:
    """Where every lead belongs, after merges; with `positions` also where its unit stands on the rings.

    `at_creation` is what `values_at_creation` gave, where several experiments enrol the same leads.
    """
    leads = engine.keep(
        "known_lead_rows",
        _with_eligible(engine, held, protocol, definitions, internal_domains, null_tokens, as_of_us, at_creation),
    )
    rows, units = enrolled(
        engine,
        protocol,
        leads,
        handoffs=held.handoffs,
        listed=held.listed,
        overrides=dict(overrides),
        internal_domains=internal_domains,
        null_tokens=null_tokens,
        positions=positions,
        plain_ids=held.plain_ids,
    )
    people = persons(engine, rows, held.merges, own=units.own)
    engine.drop("known_lead_rows")
    return people


def values_at_creation(engine: Engine, held: Held, *, as_of_us: int) -> ir.Table:
    """`key` (the lead) and the readings' columns of every lead, as known when it was created."""
    starts = held.known.leads.select("lead_id", start_us="created_us")
    return _values(engine, held.known, starts, "eligibility", as_of_us)


def slices_of(engine: Engine, known: KnownFacts, starts: ir.Table) -> int:
    """As many slices as the engine's memory asks for."""
    memory_bytes = engine.memory_bytes()
    if memory_bytes is None:
        return 1
    leads, events = (
        engine.fetched(one.aggregate(rows=one.count()))["rows"][0].as_py() for one in (starts, known.events)
    )
    return slices_for(leads=leads, events=events, memory_bytes=memory_bytes)


def _with_eligible(
    engine: Engine,
    held: Held,
    protocol: Protocol,
    definitions: Mapping[str, Definition],
    internal_domains: Collection[str],
    null_tokens: Collection[str],
    as_of_us: int,
    at_creation: ir.Table | None,
) -> ir.Table:
    """The leads as enrolment takes them; `eligible` from the values known at their creation."""
    known, standard = held.known, _standard(protocol, definitions)
    columns = ("lead_id", "created_us", "account_key", "email_domain")
    if protocol.eligible is None:
        return known.leads.select(*columns)
    values = values_at_creation(engine, held, as_of_us=as_of_us) if at_creation is None else at_creation
    if standard:
        flags = with_exclusions(
            engine, known.leads, held.deals, standard, internal_domains=internal_domains, null_tokens=null_tokens,
            plain_ids=held.plain_ids,
        )  # fmt: skip
        flags = flags.rename(flag_lead="lead_id")
        values = values.join(flags, values.key == flags.flag_lead)
    reader = _Leaves(values, _eligibility(protocol, definitions, null_tokens), known.readings, standard)
    answers = values.select(answer_lead="key", eligible=compile_node(protocol.eligible.tree, reader))
    return known.leads.left_join(answers, known.leads.lead_id == answers.answer_lead).select(*columns, "eligible")


class _Leaves(FieldLeaves):
    """Reads the standard exclusions from columns of their own names."""

    def __init__(self, leads: ir.Table, definition: Definition, readings: Readings, standard: Collection[str]) -> None:
        super().__init__(leads, definition, readings)
        self._rows, self._standard = leads, standard

    def leaf(self, node: Node) -> ir.Value:
        """A field, or whether its raw value is missing, which a standard one never is."""
        if isinstance(node, Missing) and node.field in self._standard:
            return ibis.literal(False)
        return super().leaf(node)

    def field(self, name: str) -> ir.Value:
        """A field's value."""
        return self._rows[name] if name in self._standard else super().field(name)


def _standard(protocol: Protocol, definitions: Mapping[str, Definition]) -> frozenset[str]:
    """The standard exclusions that `eligible` reads."""
    return asked(
        protocol.eligible, {field.name for arm in protocol.arms for field in definitions[arm.definition].fields}
    )


def _eligibility(protocol: Protocol, definitions: Mapping[str, Definition], null_tokens: Collection[str]) -> Definition:
    """`eligible` as a definition reads it: fields as the first arm's definition that has them declares them."""
    declared: dict[str, FieldDecl] = {}
    for arm in protocol.arms:
        for field in definitions[arm.definition].fields:
            declared.setdefault(field.name, field)
    return Definition(
        id="eligible",
        version="1.0.0",
        fields=with_standard(declared.values()),
        qualify=protocol.eligible,
        null_tokens=tuple(null_tokens),
    )


def _segment_values(
    engine: Engine,
    known: KnownFacts,
    rows: ir.Table,
    protocol: Protocol,
    null_tokens: Collection[str],
    as_of_us: int,
) -> ir.Table | None:
    """`lead_id` and every segment, and the covariate, as known at assignment; None where nothing is asked for."""
    names = _segments(protocol)
    if not names:
        return None
    starts = rows.filter(is_kept(rows)).select("lead_id", "start_us")
    values = _values(engine, known, starts, "segment_starts", as_of_us)
    columns = {segment_column(name): values[known.readings.field(_segment(name, null_tokens))] for name in names}
    return engine.keep("segments", values.select(lead_id="key", **columns))


def _values(engine: Engine, known: KnownFacts, starts: ir.Table, name: str, as_of_us: int) -> ir.Table:
    """key and the readings' columns of leads (`lead_id`, `start_us`), as known at their starts."""
    own = {
        "key": starts.lead_id,
        "account": ibis.null("string"),
        "whole": ibis.literal(True),
        "until_us": ibis.null("int64"),
    }
    kept = engine.keep(name, starts.mutate(**own).select(*START_COLUMNS).cast(START_COLUMNS))
    return engine.keep(f"{name}_values", values_at_start(view_of(known, kept, as_of_us=as_of_us), engine))


def _segments(protocol: Protocol) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*protocol.segments, *filter(None, [protocol.post_stratify]))))


def _segment(name: str, null_tokens: Collection[str]) -> Reading:
    """A segment is read as text, whatever its field is declared as."""
    return Reading(stored_name(name), "string", (), tuple(null_tokens))
