"""A quarter from leads to revenue: one seed, one set of bytes, and a truth played under every arm."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest

from mqlab.analysis.judge import judge
from mqlab.errors import InputError
from mqlab.experiments.protocol import Looks
from mqlab.leads.instants import micros
from mqlab.leads.tables import EVENTS, FIELD_CHANGES, IDENTITY, LEADS, OUTCOMES
from mqlab.simulation.feeds import ORDER
from mqlab.simulation.funnel import Funnel, simulate
from mqlab.simulation.judging import OUT
from mqlab.simulation.noise import BAD_ROWS, UNKNOWN_LEADS
from mqlab.simulation.plan import Plan
from mqlab.simulation.population import NEVER

CANONICAL = {
    "leads": {"lead_id", "created_at", "source", "email", "account_key", "known_at"},
    "field-changes": {"lead_id", "field", "value", "changed_at", "known_at"},
    "events": {"event_id", "lead_id", "name", "occurred_at", "known_at", "source"},
    "identity": {"old_id", "new_id", "merged_at", "known_at"},
    "outcomes": {
        "lead_id", "kind", "occurred_at", "known_at", "opportunity_id", "amount", "currency", "quantity",
        "reason_code", "owner", "row_id", "modified_at",
    },
}  # fmt: skip


def read(path: Path) -> list[dict[str, str]]:
    """A CSV file as rows."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def bytes_of(funnel: Funnel, folder: Path) -> dict[str, bytes]:
    """The feeds of a funnel, by kind."""
    return {kind: feed.path.read_bytes() for kind, feed in funnel.write_feeds(folder).items()}


def test_one_seed_one_set_of_bytes(plan: Plan, funnel: Funnel, tmp_path: Path):
    """One plan and seed write the same bytes and tell the same truth; another seed changes every feed and the truth."""
    again, other = simulate(plan, seed=1), simulate(plan, seed=2)

    assert bytes_of(again, tmp_path / "again") == bytes_of(funnel, tmp_path / "first")
    assert again.truth == funnel.truth
    others = bytes_of(other, tmp_path / "other")
    assert all(others[kind] != content for kind, content in bytes_of(funnel, tmp_path / "first").items())
    assert other.truth != funnel.truth


def test_every_feed_has_its_canonical_columns(funnel: Funnel, tmp_path: Path):
    """The five feeds carry every column of the canonical tables, leads their fields and events their properties too."""
    feeds = funnel.write_feeds(tmp_path)

    assert tuple(feeds) == ORDER
    for kind, feed in feeds.items():
        columns = set(read(feed.path)[0])
        assert columns >= CANONICAL[kind]
    assert {"employees", "industry", "title", "email_type", "country"} <= set(read(feeds["leads"].path)[0])
    assert {"path", "form", "seconds_since_delivery", "is_bot"} <= set(read(feeds["events"].path)[0])


def test_feeds_hold_repeated_rows_bad_rows_and_strangers(funnel: Funnel, tmp_path: Path):
    """Each feed carries rows twice and rows nobody can use, the outcomes also leads nobody knows; the counts add up."""
    feeds = funnel.write_feeds(tmp_path)

    for kind, feed in feeds.items():
        rows = read(feed.path)
        distinct = {tuple(row.values()) for row in rows}
        assert len(rows) == feed.rows
        assert len(rows) - len(distinct) == feed.repeats
        assert feed.bad == len(BAD_ROWS[kind]) > 0
    assert feeds["outcomes"].strangers == UNKNOWN_LEADS
    assert feeds["events"].repeats > 0
    known = {row["lead_id"] for row in read(feeds["leads"].path)}
    strange = [row for row in read(feeds["outcomes"].path) if row["lead_id"].startswith("LD-unknown")]
    assert len(strange) == UNKNOWN_LEADS
    assert not known & {row["lead_id"] for row in strange}


def test_facts_have_the_shape_a_store_hands_out(funnel: Funnel):
    """Facts hold the contract's schemas, one row per lead and event, and no bad row; unusable rows are counted."""
    facts = funnel.facts()

    for table, schema in (
        (facts.leads, LEADS),
        (facts.events, EVENTS),
        (facts.field_changes, FIELD_CHANGES),
        (facts.identity, IDENTITY),
        (facts.outcomes, OUTCOMES),
    ):
        assert table.schema == schema
        assert table.num_rows > 0
    assert pc.count_distinct(facts.leads["lead_id"]).as_py() == facts.leads.num_rows
    assert pc.count_distinct(facts.events["event_id"]).as_py() == facts.events.num_rows
    assert facts.unmatched_outcomes == UNKNOWN_LEADS
    assert facts.quarantined == sum(len(rows) for rows in BAD_ROWS.values())
    assert set(facts.outcomes["lead_id"].to_pylist()) <= set(facts.leads["lead_id"].to_pylist())


def test_facts_of_an_earlier_day_know_less(plan: Plan, funnel: Funnel):
    """At an earlier instant every table holds exactly the rows that were known by then."""
    early = plan.as_of - timedelta(days=140)
    then, now = funnel.facts(early), funnel.facts()

    for name in ("leads", "events", "outcomes", "field_changes"):
        before, after = getattr(then, name), getattr(now, name)
        assert 0 < before.num_rows < after.num_rows
        assert micros(pc.max(before["known_at"]).as_py()) <= micros(early)


def test_nothing_is_known_before_it_happens(funnel: Funnel):
    """In every table the business knows a fact when it occurs or later."""
    facts = funnel.facts()

    for table, clock in ((facts.events, "occurred_at"), (facts.outcomes, "occurred_at"), (facts.identity, "merged_at")):
        assert pc.all(pc.greater_equal(table["known_at"], table[clock])).as_py()


def test_a_correction_replaces_its_row(funnel: Funnel):
    """Of an outcome reported twice under one row id the facts keep the later version only."""
    rows = funnel.rows.outcomes
    ids, counts = np.unique(rows["row_id"], return_counts=True)

    assert counts.max() == 2
    assert funnel.facts().outcomes.num_rows == len(ids)


def test_no_lead_is_in_two_experiments(plan: Plan, funnel: Funnel):
    """The two slices of the layer share no lead; nearly all leads of the quarter are in one of them."""
    inside = [funnel.arms[protocol.id] != OUT for protocol in plan.protocols]

    assert not np.any(inside[0] & inside[1])
    assert 0.8 < np.mean(inside[0] | inside[1]) < 0.95


def test_partners_and_latecomers_follow_the_definition_in_force(funnel: Funnel):
    """Leads of partners are in no experiment, and some of them are handed over all the same."""
    partner = funnel.population.source == "partner"
    outside = np.ones(len(partner), dtype=bool)
    for arm in funnel.arms.values():
        outside &= arm == OUT

    assert np.all(outside[partner])
    assert np.any(funnel.handed_over_s[outside] != NEVER)


@pytest.mark.parametrize("number", [pytest.param(0, id="trap"), pytest.param(1, id="challenger")])
def test_the_analysis_finds_the_same_arms_hand_overs_and_strata(plan: Plan, funnel: Funnel, number: int):
    """Reading the facts back, the analysis assigns and judges as the simulation did, merged records and all.

    After a hand-over a lead behaves otherwise than it would have, and still every stratum is the one of the world in
    which nobody is handed over: it freezes before any arm acts.
    """
    protocol = plan.protocols[number]
    judged = judge(protocol, plan.definitions, funnel.facts())
    rows = {row["lead_id"]: row for row in judged.table.to_pylist()}
    inside = np.flatnonzero(funnel.arms[protocol.id] != OUT)
    challenger = protocol.challengers[0].name
    control_s, arm_s = (funnel.by_arm[protocol.id][name] for name in (protocol.control, challenger))

    assert judged.excluded == {"override": 0, "cross_arm_merge": 0}
    assert sorted(rows) == sorted(funnel.population.lead_id[inside].tolist())
    for place, lead in enumerate(inside.tolist()):
        row = rows[str(funnel.population.lead_id[lead])]
        assert row["arm"] == protocol.arms[funnel.arms[protocol.id][lead]].name
        assert (row["qualified_at"] is None) == (funnel.handed_over_s[lead] == NEVER)
        both = control_s[place] == arm_s[place]
        fires = min(control_s[place], arm_s[place]) != NEVER
        expected = "none" if not fires else "both" if both else "control_first"
        if not both and arm_s[place] < control_s[place]:
            expected = "arm_first"
        assert row[f"stratum:{challenger}"] == expected


def test_sales_gets_each_lead_from_its_own_arm_only(plan: Plan, funnel: Funnel):
    """A lead is handed over once, at the end of a UTC hour, exactly where its own arm's definition fired."""
    outcomes = funnel.facts().outcomes
    handed = outcomes.filter(pc.equal(outcomes["kind"], "handed_off"))
    at = dict(zip(handed["lead_id"].to_pylist(), handed["occurred_at"].to_pylist(), strict=True))

    assert len(at) == handed.num_rows
    assert all(instant.minute == instant.second == 0 for instant in at.values())
    ids = funnel.population.lead_id
    assert set(at) == set(ids[funnel.handed_over_s != NEVER].tolist())


@pytest.mark.parametrize(
    ("experiment", "challenger", "both", "control_first", "arm_first"),
    [
        pytest.param("trap", "strict", (0.11, 0.21), (0.12, 0.22), (0.0, 0.005), id="trap"),
        pytest.param("challenger", "intent", (0.2, 0.34), (0.025, 0.085), (0.035, 0.1), id="challenger"),
    ],
)
def test_strata_have_the_planned_shares(
    plan: Plan,
    funnel: Funnel,
    experiment: str,
    challenger: str,
    both: tuple[float, float],
    control_first: tuple[float, float],
    arm_first: tuple[float, float],
):
    """A stricter rule only ever fires later or not at all; the challenger swaps some leads and shares most."""
    control_s, arm_s = funnel.by_arm[experiment]["standard"], funnel.by_arm[experiment][challenger]
    fires = (control_s != NEVER) | (arm_s != NEVER)

    assert both[0] < np.mean(fires & (control_s == arm_s)) < both[1]
    assert control_first[0] < np.mean(control_s < arm_s) < control_first[1]
    assert arm_first[0] <= np.mean(arm_s < control_s) < arm_first[1]


def test_experiments_that_overlap_are_refused(plan: Plan):
    """Two experiments a lead could both be in cannot be simulated together, and the message says what to do."""
    loose = tuple(replace(protocol, layer=None) for protocol in plan.protocols)

    with pytest.raises(InputError, match="one layer"):
        simulate(replace(plan, protocols=loose), seed=1)


@pytest.mark.parametrize(
    ("changes", "seed", "words"),
    [
        pytest.param({}, -1, "whole number", id="negative seed"),
        pytest.param({"leads": 0}, 1, "at least one lead", id="no leads"),
        pytest.param({"plays": 0}, 1, "one play", id="no plays"),
    ],
)
def test_what_cannot_be_simulated_is_refused(plan: Plan, changes: dict[str, int], seed: int, words: str):
    """A seed or a size that means nothing is refused with a message, before anything is drawn."""
    with pytest.raises(InputError, match=words):
        simulate(replace(plan, **changes), seed=seed)


def test_an_experiment_without_looks_is_refused(plan: Plan):
    """Without a declared look there is no end to simulate up to."""
    endless = tuple(replace(protocol, looks=Looks(dates=())) for protocol in plan.protocols)

    with pytest.raises(InputError, match="declares no look"):
        simulate(replace(plan, protocols=endless), seed=1)


def test_a_handful_of_leads_is_a_quarter_too(plan: Plan, tmp_path: Path):
    """With next to nobody in it a quarter still has facts, feeds and a truth."""
    funnel = simulate(replace(plan, leads=3, plays=2), seed=6)

    assert funnel.facts().leads.num_rows >= 3
    assert len(funnel.write_feeds(tmp_path)) == 5
    assert set(funnel.truth) == {"trap", "challenger"}


def test_progress_is_told_in_words(plan: Plan):
    """Progress never goes back, ends at 1 and says what is being done."""
    told: list[tuple[str, float]] = []
    simulate(replace(plan, leads=700, plays=1), seed=1, progress=lambda words, share: told.append((words, share)))

    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert all(words for words, _ in told)
