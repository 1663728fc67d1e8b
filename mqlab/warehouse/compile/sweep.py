"""Every definition over every lead in one pass: when each first holds, by which path, and how it stands at `as_of`."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
from ibis.expr import types as ir

from mqlab.definitions.model import Definition, HalfLife
from mqlab.errors import InputError
from mqlab.warehouse.compile.calendar import local_day
from mqlab.warehouse.compile.columns import FieldLeaves
from mqlab.warehouse.compile.intervals import NEVER, SPAN, Events, day_column
from mqlab.warehouse.compile.judgement import Judgement
from mqlab.warehouse.compile.signals import Absent, Counted, Signal, signal_of, slots_of
from mqlab.warehouse.compile.states import States, states
from mqlab.warehouse.compile.statics import statics_of
from mqlab.warehouse.compile.steps import Steps
from mqlab.warehouse.compile.stream import swept
from mqlab.warehouse.engines.engine import Engine
from mqlab.warehouse.view.view import View


def crossings(
    view: View, definitions: Sequence[Definition], engine: Engine, *, as_of_us: int, name: str = "crossings"
) -> ir.Table:
    """key, and for definition number d `at_<d>`, `path_<d>`: when it first holds and by which path, null where never.

    Microseconds since 1970 UTC; from the lead's start, before the end of its window, with what is known by `as_of_us`.
    Kept in the engine as `name`.
    """
    return _judged(view, definitions, engine, name, as_of_us=as_of_us, at_the_end=False)


def decisions(view: View, definitions: Sequence[Definition], engine: Engine, *, as_of_us: int) -> ir.Table:
    """As `crossings`, and how each definition stands at `as_of_us`.

    `verdict_<d>`, `holds_<d>`, `score_<d>_<i>` for the i-th score and `probability_<d>`; where gates stop a lead,
    `path_<d>` names the gate.
    """
    return _judged(view, definitions, engine, "decisions", as_of_us=as_of_us, at_the_end=True)


def _judged(
    view: View, definitions: Sequence[Definition], engine: Engine, name: str, *, as_of_us: int, at_the_end: bool
) -> ir.Table:
    signals = _signals(view, definitions)
    leads = _origins(view, as_of_us, at_the_end=at_the_end)
    _refuse_long_spans(leads, signals, engine)
    steps = Steps(engine)
    leads = steps.step("sweep_leads", leads)
    states_of = states(view, engine)
    statics = [
        statics_of(one, FieldLeaves(states_of.rows, one, view.readings), f"x{place}_")
        for place, one in enumerate(definitions)
    ]
    events = _events(view, leads, signals, engine, steps, as_of_us=as_of_us, at_the_end=at_the_end)
    rows = swept(events, list(signals), states_of.begins, steps, at_the_end=at_the_end)
    columns = {name: value for found in statics for name, value in found.columns.items()}
    rows = _with_statics(rows, states_of, columns, steps)
    judgements = [
        Judgement(one, place, found, signals, view.readings)
        for place, (one, found) in enumerate(zip(definitions, statics, strict=True))
    ]
    for step, columns_of in (
        ("sweep_scores", Judgement.scores),
        ("sweep_grades", Judgement.grades),
        ("sweep_gates", Judgement.gates),
        ("sweep_lasting", Judgement.lasting),
        ("sweep_paths", Judgement.paths_taken),
    ):
        added = {column: value for one in judgements for column, value in columns_of(one, rows).items()}
        rows = steps.step(step, rows.mutate(**added)) if added else rows
    found = _by_lead(rows, leads, judgements, steps, at_the_end=at_the_end)
    return engine.make(name, steps.recipe(found))


def _signals(view: View, definitions: Sequence[Definition]) -> dict[Signal, int]:
    """Every signal of the definitions and its place in the stream."""
    found: dict[Signal, int] = {}
    for definition in definitions:
        for slot in slots_of(definition):
            found.setdefault(signal_of(definition, slot, view.readings), len(found))
    return found


def _bounded(rows: ir.Table, as_of_us: int, *, at_the_end: bool) -> ir.Table:
    """Rows with the start and the end of a window, and the origin, the last instant inside and the last looked at.

    The origin is the start, or `as_of` where that is earlier: then nothing can hold yet.
    """
    as_of = ibis.literal(as_of_us).cast("int64")
    rows = rows.mutate(origin=ibis.least(rows.start_us, as_of), begun=rows.start_us <= as_of)
    end = ibis.ifelse(rows.until_us.isnull(), as_of, ibis.least(as_of, rows.until_us - 1))
    rows = rows.mutate(last=ibis.ifelse(rows.begun, end - rows.origin, -1))
    return rows.mutate(final=(as_of - rows.origin) if at_the_end else rows["last"])


def _origins(view: View, as_of_us: int, *, at_the_end: bool) -> ir.Table:
    """key, account, lead_id, whole, origin, and relative to it: created, last, final."""
    leads = _bounded(view.leads, as_of_us, at_the_end=at_the_end)
    return leads.select(
        "key", "lead_id", "account", "whole", "origin", "last", "final", "begun",
        created=leads.created_us - leads.origin,
    )  # fmt: skip


def _refuse_long_spans(leads: ir.Table, signals: dict[Signal, int], engine: Engine) -> None:
    """A running sum of halving points holds a thousand half-lives; beyond, powers of two leave the doubles."""
    halving = [
        signal.decay.half_life_us
        for signal in signals
        if isinstance(signal, Counted) and isinstance(signal.decay, HalfLife)
    ]
    if not halving:
        return
    longest = engine.fetched(leads.aggregate(span=leads.final.max()))["span"][0].as_py() or 0
    if longest > SPAN * min(halving):
        raise InputError(
            f"a decay halves more than {SPAN} times within one lead's window.",
            code="HalfLifeTooShort",
            hint="Use a longer half-life, a window (`within`) instead of the decay, or a shorter `qualify_within`.",
        )


def _events(
    view: View,
    leads: ir.Table,
    signals: dict[Signal, int],
    engine: Engine,
    steps: Steps,
    *,
    as_of_us: int,
    at_the_end: bool,
) -> Events:
    """The view's events relative to each lead's origin, with the local days that somebody asks for."""
    names = sorted({name for signal in signals for name in signal.source.names})
    table = view.events.filter(view.events.name.isin(names)) if names else view.events.limit(0)
    zones = sorted({signal.zone for signal in signals if isinstance(signal, Counted) and signal.zone is not None})
    if zones:
        span = engine.fetched(table.aggregate(first=table.occurred_us.min(), last=table.occurred_us.max()))
        first, last = span["first"][0].as_py(), span["last"][0].as_py()
        first, last = (0, 0) if first is None else (first, last)
        table = table.mutate(**{day_column(zone): local_day(table.occurred_us, zone, first, last) for zone in zones})
    own = _bounded(table, as_of_us, at_the_end=at_the_end).drop("start_us", "until_us", "begun", "last")
    table = table.drop("start_us", "until_us")
    account = None
    if any(not isinstance(signal, Absent) and signal.source.account for signal in signals):
        mine = leads.filter(leads.account.notnull()).select(
            lead_key="key", my_lead="lead_id", my_account="account", origin="origin", final="final"
        )
        others = leads.filter(leads.whole & leads.account.notnull()).select(
            other_key="key", other_lead="lead_id", other_account="account"
        )
        pairs = mine.join(
            others, (mine.my_account == others.other_account) & (mine.my_lead != others.other_lead)
        ).select("lead_key", "other_key", "origin", "final")
        theirs = table.join(pairs, table.key == pairs.other_key).drop("other_key", "key").rename(key="lead_key")
        both = ibis.union(own.select(own.columns), theirs.select(own.columns))
        account = steps.step("sweep_account_events", _relative(both))
    return Events(steps.step("sweep_events", _relative(own)), account, leads)


def _relative(events: ir.Table) -> ir.Table:
    """Occurrence and arrival relative to the lead's origin; what arrives after the last instant is left out."""
    events = events.mutate(occ=events.occurred_us - events.origin, known=events.known_us - events.origin)
    return events.filter(events.known <= events.final).drop("occurred_us", "known_us", "origin")


def _with_statics(rows: ir.Table, states_of: States, columns: dict[str, ir.Value], steps: Steps) -> ir.Table:
    """The swept rows with what hangs on the fields as they are at each."""
    if not columns:
        return rows
    if states_of.begins is None:
        found = steps.step("sweep_statics", states_of.rows.select(static_key="key", **columns))
        return steps.step("sweep_rows", rows.join(found, rows.key == found.static_key).drop("static_key"))
    found = steps.step("sweep_statics", states_of.rows.select(static_key="key", static_state="state", **columns))
    same = (rows.key == found.static_key) & (rows.state == found.static_state)
    return steps.step("sweep_rows", rows.join(found, same).drop("static_key", "static_state"))


def _by_lead(
    rows: ir.Table, leads: ir.Table, judgements: Sequence[Judgement], steps: Steps, *, at_the_end: bool
) -> ir.Table:
    """One row per lead: the least instant at which each definition holds."""
    if at_the_end:
        ends = leads.select(end_key="key", last="last", final="final", begun="begun")
        rows = rows.join(ends, rows.key == ends.end_key).drop("end_key")
        rows = steps.step(
            "sweep_verdicts", rows.mutate(**{one.column("gate"): one.verdict(rows) for one in judgements})
        )
    found: dict[str, ir.Value] = {"instants": rows.count()}
    for one in judgements:
        path = rows[one.column("path")]
        inside = path.notnull()
        if at_the_end:
            inside = inside & (rows.t <= rows["last"])
        found[f"t_{one.place}"] = rows.t.min(where=inside)
        if len(one.paths) > 1:
            found[f"code_{one.place}"] = path.argmin(rows.t, where=inside)
        if at_the_end:
            end = rows.t == rows.final
            found[f"gate_{one.place}"] = rows[one.column("gate")].max(where=end & rows.begun)
            found[f"holding_{one.place}"] = ibis.ifelse(path.notnull(), 1, 0).max(where=end & rows.begun)
            for index, score in enumerate(one.definition.scores):
                found[f"score_{one.place}_{index}"] = rows[one.column(f"score:{score.name}")].max(where=end)
            if one.definition.model is not None:
                found[f"probability_{one.place}"] = rows[one.column("probability")].max(where=end)
    table = steps.step("sweep_found", rows.group_by("key").aggregate(**found))
    ends = leads.select(end_key="key", origin="origin", last="last")
    table = table.join(ends, table.key == ends.end_key).drop("end_key")
    columns: dict[str, ir.Value] = {}
    for one in judgements:
        at = table[f"t_{one.place}"]
        at = ibis.ifelse(at <= table["last"], at, NEVER)  # the instant 0 is asked of windows without any, too
        code = table[f"code_{one.place}"] if len(one.paths) > 1 else ibis.ifelse(at.notnull(), 0, NEVER)
        columns[f"at_{one.place}"] = table.origin + at
        path = _named(ibis.ifelse(at.notnull(), code, NEVER), one.paths)
        if at_the_end:
            gate = table[f"gate_{one.place}"]
            stopped = at.isnull() & gate.notnull() & (gate >= 0)
            path = ibis.ifelse(stopped, _named(gate, _gates(one.definition)), path)
            columns[f"verdict_{one.place}"] = ibis.cases(
                (at.notnull(), "mql"),
                (stopped & (gate % 2 == 0), "disqualified"),
                (stopped, "held"),
                else_="not_mql",
            )
            columns[f"holds_{one.place}"] = (table[f"holding_{one.place}"] > 0).fill_null(False)
            for index in range(len(one.definition.scores)):
                columns[f"score_{one.place}_{index}"] = table[f"score_{one.place}_{index}"]
            if one.definition.model is not None:
                columns[f"probability_{one.place}"] = table[f"probability_{one.place}"]
        columns[f"path_{one.place}"] = path
    return table.select("key", **columns)


def _named(code: ir.Value, names: Sequence[str]) -> ir.Value:
    if not names:
        return ibis.null("string")
    return ibis.cases(*((code == number, name) for number, name in enumerate(names)), else_=ibis.null("string"))


def _gates(definition: Definition) -> tuple[str, ...]:
    """`gate:<id>` by the numbers a verdict gives: even disqualifies, odd holds."""
    return tuple(f"gate:{gate.id}" for gate in definition.gates for _ in range(2))
