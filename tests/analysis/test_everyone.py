"""Every lead of a lab is judged in an engine as the Python evaluator judges it, and a backtest adds up the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from mqlab.analysis.backtest import backtest
from mqlab.analysis.backtest_result import Group
from mqlab.analysis.histories import histories
from mqlab.analysis.lab_in_engine import LabInEngine
from mqlab.analysis.maturity import clock
from mqlab.analysis.people import unions
from mqlab.analysis.score_in_engine import EveryLead, score_everyone
from mqlab.assignment.units import unit_of
from mqlab.definitions.decision import Decision
from mqlab.definitions.evaluate import Evaluator
from mqlab.definitions.load import load_text
from mqlab.definitions.model import Definition
from mqlab.errors import InputError
from mqlab.leads.identity import canonical_ids, standing_ids
from mqlab.leads.instants import instant, iso, micros
from mqlab.leads.records import History
from mqlab.leads.tables import IDENTITY, Facts
from mqlab.warehouse.engines.engine import open_engine
from mqlab.warehouse.readings import readings_of
from tests.analysis.lab_tables import write
from tests.analysis.test_analyze_in_engine import fill_postgres, world
from tests.analysis.world import START, definitions

pytestmark = pytest.mark.engines

ZONE = ZoneInfo("Europe/Berlin")
COLLEAGUES = """
kind: mql-definition/v1
id: colleagues
version: 1.0.0
fields: {employees: {type: number}}
events: {form_submit: {}, page_view: {}}
gates: [{id: small, when: "employees < 20", on_unknown: pass, then: disqualify}]
scores:
  fit: {rules: [{id: forms, event: form_submit, points: 10, max_count: 3, within: 60d}]}
qualify: "account.count(form_submit) >= 3 or fit >= 20"
"""
SQL_DAYS, WON_DAYS = 30, 60
LATE = datetime(2026, 8, 1, tzinfo=UTC)


def asked() -> dict[str, Definition]:
    """The definitions of the small world, and one that reads accounts and has a gate."""
    own = load_text(COLLEAGUES, file="test.yaml")
    return {**definitions(), own.ref: own}


def merged_world(seed: int = 7, count: int = 160) -> Facts:
    """Leads of shared accounts, some of them merged: a chain, and a survivor that is no lead."""
    facts = world(seed, count, accounts=50)
    merges = [("L00003", "L00004", 9), ("L00004", "L00005", 14), ("L00010", "elsewhere", 8), ("L00020", "L00011", 3)]
    rows = [
        {"old_id": old, "new_id": new, "merged_at": START + timedelta(days=days), "known_at": START + timedelta(days)}
        for old, new, days in merges
    ]
    return replace(facts, identity=pa.Table.from_pylist(rows, schema=IDENTITY))


def whole_of(facts: Facts) -> tuple[dict[str, History], Mapping[str, str]]:
    """Every lead that stands for itself, with what was merged into it; and who stands for the others."""
    known = histories(facts)
    survivors = canonical_ids((one.old_id, one.new_id, micros(one.merged_at)) for one in known.merges)
    person = standing_ids(survivors, {name: micros(one.lead.created_at) for name, one in known.by_id.items()})
    united = {**known.by_id, **unions(known.by_id, known.merges)}
    return {name: one for name, one in united.items() if name not in person}, person


def judged_in_python(facts: Facts, definition: Definition) -> dict[str, Decision]:
    """The evaluator's decision on every lead."""
    leads, _ = whole_of(facts)
    unit = {name: unit_of(one.lead, "account", (), ()) for name, one in leads.items()}
    colleagues: dict[str, list[History]] = {}
    for name, one in leads.items():
        colleagues.setdefault(unit[name], []).append(one)
    evaluator = Evaluator(definition)
    return {
        name: evaluator.decide(one, as_of=facts.as_of, account=colleagues[unit[name]])
        for name, one in sorted(leads.items())
    }


@contextmanager
def in_place(where: str, facts: Facts, asked_of: list[Definition], folder: Path) -> Iterator[LabInEngine]:
    """The facts in DuckDB, as the ledger's or as Parquet files."""
    if where == "facts":
        with open_engine("duckdb://") as engine:
            yield LabInEngine.of_facts(engine, facts, readings_of(asked_of))
        return
    if where == "parquet":
        write(facts, folder)
        where = f"parquet:///{folder}"
    else:
        fill_postgres(where, facts)
    with open_engine(where) as engine:
        yield LabInEngine.of_tables(engine, readings_of(asked_of), as_of=facts.as_of)


@pytest.mark.parametrize("ref", ["forms@1.0.0", "colleagues@1.0.0"])
@pytest.mark.parametrize("where", ["facts", "parquet"])
def test_every_lead_is_judged_as_the_evaluator_does(where: str, ref: str, tmp_path: Path) -> None:
    """Verdict, path, instant and scores of every lead, merged ones as one, colleagues and gates included."""
    facts, definition = merged_world(), asked()[ref]
    with in_place(where, facts, [definition], tmp_path) as lab:
        found = score_everyone(lab, definition)
    expected = judged_in_python(facts, definition)

    assert_as_the_evaluator(found, expected)
    assert {one.verdict for one in expected.values()} >= {"mql", "not_mql"}


def assert_as_the_evaluator(found: EveryLead, expected: dict[str, Decision]) -> None:
    """Verdict, path, instant, whether it holds and scores of every lead, in the order of ids."""
    told = {row["lead"]: row for row in found.rows()}
    assert list(told) == sorted(expected)
    for name, one in expected.items():
        row = told[name]
        at = None if one.qualified_at is None else iso(one.qualified_at)
        assert (row["verdict"], row["path"], row["qualified_at"], row["holds_now"]) == (
            one.verdict, one.path, at, one.holds_now,
        ), name  # fmt: skip
        assert row["scores"] == pytest.approx(dict(one.scores), abs=1e-9), name
    assert {(one.verdict, one.path): one.leads for one in found.standings} == Counter(
        (one.verdict, one.path) for one in expected.values()
    )


@pytest.mark.parametrize("ref", ["forms@1.0.0", "colleagues@1.0.0"])
def test_leads_in_slices_are_judged_as_in_one(ref: str, tmp_path: Path) -> None:
    """Merged persons and colleagues in three slices; told after each of them."""
    facts, definition, told = merged_world(), asked()[ref], []
    with in_place("parquet", facts, [definition], tmp_path) as lab:
        found = score_everyone(lab, definition, slices=3, progress=lambda done, total: told.append((done, total)))

    assert_as_the_evaluator(found, judged_in_python(facts, definition))
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]


FLEETING = """
kind: mql-definition/v1
id: fleeting
version: 1.0.0
fields: {employees: {type: number}}
events: {form_submit: {}, page_view: {}}
gates: [{id: small, when: "employees < 20", on_unknown: pass, then: disqualify}]
scores:
  now:
    rules:
      - {id: visits, event: page_view, points: 10, decay: {half_life: HALF}}
      - {id: forms, event: form_submit, points: 4, max_count: 2, within: 60d}
  size: {rules: [{id: large, when: "employees >= 300", points: 1}]}
qualify: "now >= 16 or account.count(form_submit) >= 6"
"""


@pytest.mark.parametrize(("where", "half_life"), [("facts", "20m"), ("facts", "4h"), ("postgres", "1h")])
def test_a_half_life_may_be_as_short_as_it_likes(
    where: str, half_life: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Windows of thousands of half-lives: who qualified at any time, and points that are nearly nothing by now."""
    facts = replace(merged_world(3, 220), as_of=START + timedelta(days=47, minutes=20))
    definition = load_text(FLEETING.replace("HALF", half_life), file="test.yaml")
    place = request.getfixturevalue("postgres_schema") if where == "postgres" else where
    with in_place(place, facts, [definition], tmp_path) as lab:
        found = score_everyone(lab, definition, slices=2)
    expected = judged_in_python(facts, definition)

    assert_as_the_evaluator(found, expected)
    assert {one.verdict for one in expected.values()} >= {"mql", "not_mql", "disqualified"}
    assert len({one.path for one in expected.values()}) > 1
    days = [one.qualified_at.date() for one in expected.values() if one.qualified_at is not None]
    assert (max(days) - min(days)).days > 25
    if half_life == "4h":
        assert any(0 < one.scores["now"] < 1e-3 for one in expected.values())


def test_a_gate_for_ever_needs_a_half_life_that_is_not_too_short(tmp_path: Path) -> None:
    """It has to see the whole window at once: refused, with what to do."""
    facts = replace(merged_world(3, 30), as_of=START + timedelta(days=47))
    text = FLEETING.replace("HALF", "20m").replace("then: disqualify", "then: disqualify, forever: true")
    definition = load_text(text, file="test.yaml")
    with in_place("facts", facts, [definition], tmp_path) as lab, pytest.raises(InputError, match="HalfLifeTooShort"):
        score_everyone(lab, definition)


def test_the_spread_of_a_score_is_told_by_nearest_rank(tmp_path: Path) -> None:
    """Half of the leads are at or below the middle value, and all between the least and the most."""
    facts, definition = merged_world(), asked()["forms@1.0.0"]
    with in_place("facts", facts, [definition], tmp_path) as lab:
        found = score_everyone(lab, definition)
    scores = sorted(one.scores["fit"] for one in judged_in_python(facts, definition).values())

    (spread,) = found.spreads
    assert (spread.leads, spread.quantiles[0], spread.quantiles[-1]) == (len(scores), scores[0], scores[-1])
    assert spread.quantiles[3] == scores[-(-len(scores) // 2) - 1]


class Replay:
    """A backtest worked out in Python, lead by lead."""

    def __init__(self, facts: Facts, one: Definition, other: Definition, window: tuple[datetime, datetime]) -> None:
        leads, person = whole_of(facts)
        self.created = {name: micros(lead.lead.created_at) for name, lead in leads.items()}
        self.asked = [name for name, at in self.created.items() if micros(window[0]) <= at <= micros(window[1])]
        self.cut_off = clock(facts.outcomes, facts.as_of).cut_off_us
        self.this, self.that = (judged_in_python(facts, each) for each in (one, other))
        self.reached: dict[str, dict[str, int]] = {"sql": {}, "won": {}}
        deals: dict[str, set[str]] = {}
        rows = [
            (person.get(row["lead_id"], row["lead_id"]), row["kind"], micros(row["occurred_at"]), row["opportunity_id"])
            for row in facts.outcomes.to_pylist()
        ]
        for name, kind, _, deal in rows:
            if deal is not None and kind in ("opportunity", "closed_won") and name in self.created:
                deals.setdefault(deal, set()).add(name)
        owner = {deal: min(names, key=lambda name: (self.created[name], name)) for deal, names in deals.items()}
        for name, kind, at, deal in rows:
            shows = {"sql": ["sql"], "opportunity": ["sql"], "closed_won": ["sql", "won"]}.get(kind, [])
            mine = kind == "sql" or deal is None or owner.get(deal) == name
            if name in self.created and mine and self.created[name] <= at <= self.cut_off:
                age = (at - self.created[name]) // 86_400_000_000 + 1
                for stage in shows:
                    self.reached[stage][name] = min(age, self.reached[stage].get(name, age))

    def group(self, chosen: Callable[[str], bool]) -> tuple[int, ...]:
        """Leads, then mature ones and those that reached it, for SQLs and wins."""
        names = [name for name in self.asked if chosen(name)]
        counts = [len(names)]
        for stage, days in (("sql", SQL_DAYS), ("won", WON_DAYS)):
            mature = [name for name in names if (self.cut_off - self.created[name]) // 86_400_000_000 >= days]
            counts += [len(mature), sum(self.reached[stage].get(name, days + 1) <= days for name in mature)]
        return tuple(counts)

    def median_days(self) -> float:
        """Of the first definition."""
        return median(
            (micros(one.qualified_at) - self.created[name]) / 86_400_000_000
            for name in self.asked
            if (one := self.this[name]).qualified_at is not None
        )


def counts(group: Group) -> tuple[int, ...]:
    return (group.leads, group.sql.mature, group.sql.reached, group.won.mature, group.won.reached)


@pytest.mark.parametrize("where", ["facts", "parquet", "postgres"])
def test_a_backtest_adds_up_to_what_python_counts(where: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Passed leads, the four cells, paths, months and the median: each equals a count lead by lead.

    Merged leads are one, an opportunity of two leads is the earlier one's, and only leads followed for the whole
    horizon are counted in a stage.
    """
    facts = replace(merged_world(11, 220), as_of=datetime(2026, 9, 15, tzinfo=UTC))
    facts = replace(facts, outcomes=facts.outcomes.filter(pc.less_equal(facts.outcomes["known_at"], facts.as_of)))
    one, other = asked()["visits@1.0.0"], asked()["colleagues@1.0.0"]
    window = (START + timedelta(days=1), LATE - timedelta(days=4))
    place = request.getfixturevalue("postgres_schema") if where == "postgres" else where
    with in_place(place, facts, [one, other], tmp_path) as lab:
        found = backtest(
            lab, one, other, zone=ZONE, created_from=window[0], created_to=window[1], sql_within_days=SQL_DAYS,
            won_within_days=WON_DAYS,
        )  # fmt: skip
    expected = Replay(facts, one, other, window)

    def mql(side: Mapping[str, Decision], name: str) -> bool:
        return side[name].verdict == "mql"

    assert counts(found.everyone) == expected.group(lambda _: True)
    assert 0 < found.everyone.won.mature < found.everyone.sql.mature <= found.everyone.leads
    for cell, this, that in (
        ("both", True, True), ("only_this", True, False), ("only_that", False, True), ("neither", False, False),
    ):  # fmt: skip
        of_cell = expected.group(
            lambda name, this=this, that=that: mql(expected.this, name) is this and mql(expected.that, name) is that
        )
        assert counts(found.cells[cell]) == of_cell  # type: ignore[index]
    assert found.that is not None
    for side, told in ((expected.this, found.this), (expected.that, found.that)):
        assert counts(told.mqls) == expected.group(lambda name, side=side: mql(side, name))
        for path, group in told.paths.items():
            assert counts(group) == expected.group(
                lambda name, side=side, path=path: mql(side, name) and side[name].path == path
            )
    assert found.this.median_days == pytest.approx(expected.median_days(), abs=1e-9)
    months = Counter(f"{instant(expected.created[name]).astimezone(ZONE):%Y-%m}" for name in expected.asked)
    assert {one.month: one.leads for one in found.months} == months
    assert sum(month.this for month in found.months) == found.this.mqls.leads


def test_a_window_to_qualify_in_leaves_out_what_comes_later(tmp_path: Path) -> None:
    """With an end of the window a lead that qualifies afterwards is none."""
    facts, one = merged_world(), asked()["forms@1.0.0"]
    days = 4
    with in_place("facts", facts, [one], tmp_path) as lab:
        found = backtest(lab, one, None, zone=ZONE, qualify_within_us=days * 86_400_000_000)
    sooner = [
        name
        for name, lead in whole_of(facts)[0].items()
        if Evaluator(one)
        .first_crossing(lead, as_of=facts.as_of, qualify_within_us=days * 86_400_000_000)
        .qualified_at_us
        is not None
    ]

    assert (found.this.mqls.leads, found.that) == (len(sooner), None)
    assert 0 < len(sooner) < sum(one.verdict == "mql" for one in judged_in_python(facts, one).values())


def test_nobody_is_no_division_by_zero(tmp_path: Path) -> None:
    """A window without leads says so in every rate."""
    facts, one = merged_world(), asked()["forms@1.0.0"]
    with in_place("facts", facts, [one], tmp_path) as lab:
        found = backtest(lab, one, None, zone=ZONE, created_from=datetime(2030, 1, 1, tzinfo=UTC)).to_dict()

    assert found["this"]["share"] == {"not_estimable": "no_leads"}
    assert found["this"]["sql"]["rate"] == {"not_estimable": "no_mature_leads"}
    assert found["months"] == []
