"""The truth: every lead under every arm, with the same random numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mqlab.experiments.protocol import Protocol
from mqlab.simulation.funnel import Funnel, plan_truth, simulate
from mqlab.simulation.judging import OUT
from mqlab.simulation.plan import Plan
from mqlab.simulation.population import DAY_S, NEVER
from mqlab.simulation.sales import draw_chances, play
from mqlab.simulation.truth import true_values


def test_one_play_counts_every_lead_under_every_arm(plan: Plan, funnel: Funnel):
    """With one play the truth is the plain share of leads who get there in time, each arm on the same luck."""
    protocol = plan.protocols[0]
    who = funnel.population.take(np.flatnonzero(funnel.arms[protocol.id] != OUT))

    truth = true_values(protocol, who, funnel.by_arm[protocol.id], rng=np.random.default_rng(5), plays=1)

    luck = draw_chances(np.random.default_rng(5), len(who))
    for arm, at in funnel.by_arm[protocol.id].items():
        played = play(who, luck, at)
        sql = (played.sql_s != NEVER) & (played.sql_s < who.created_s + 60 * DAY_S)
        mql = at != NEVER
        assert truth.value("sql_per_lead", arm, 60) == pytest.approx(sql.mean())
        assert truth.value("mql_per_lead", arm) == pytest.approx(mql.mean())
        assert truth.value("sql_per_mql", arm) == pytest.approx(sql[mql].mean())
    assert truth.lift("sql_per_lead", "strict").relative == pytest.approx(
        truth.value("sql_per_lead", "strict") / truth.value("sql_per_lead", "standard") - 1
    )


def test_the_truth_covers_the_assigned_leads(plan: Plan, funnel: Funnel):
    """Every assigned lead is played, whatever its arm, as often as the plan says."""
    for protocol in plan.protocols:
        truth = funnel.truth[protocol.id]
        assert truth.leads == np.sum(funnel.arms[protocol.id] != OUT)
        assert truth.plays == plan.plays
        assert set(truth.values[("sql_per_lead", 60)]) == {arm.name for arm in protocol.arms}


def test_the_truth_of_a_plan_is_that_of_many_leads(plan: Plan):
    """Asked of more leads, the plan's truth is about those leads: here twice as many."""
    truth = plan_truth(replace(plan, plays=2), leads=3_000, seed=8)

    assert truth["trap"].leads + truth["challenger"].leads > 2_400


def test_arms_with_one_definition_differ_in_nothing(plan: Plan):
    """With common random numbers the truth of two arms with one definition is no difference at all, to the last bit."""
    aa = tuple(_same_definition(protocol) for protocol in plan.protocols)
    truth = simulate(replace(plan, protocols=aa), seed=3).truth

    for protocol in aa:
        arm = protocol.challengers[0].name
        values = truth[protocol.id].values
        assert len(values) >= 8
        assert all(by_arm[arm] == by_arm["standard"] for by_arm in values.values())
        assert truth[protocol.id].lift("sql_per_lead", arm).absolute == 0.0


def test_the_truth_of_the_demo_has_the_planned_signs(funnel: Funnel):
    """The higher bar gives better MQLs, but fewer SQLs from the same leads; the challenger gives more of them."""
    trap, challenger = funnel.truth["trap"], funnel.truth["challenger"]

    assert trap.lift("sql_per_mql", "strict").absolute > 0
    assert trap.lift("mql_per_lead", "strict").absolute < 0
    assert trap.lift("sql_per_lead", "strict").absolute < 0
    assert challenger.lift("sql_per_lead", "intent").absolute > 0
    assert challenger.lift("won_per_lead", "intent").absolute > 0


def test_the_truth_names_what_it_does_not_hold(funnel: Funnel):
    """Asking for the truth of a metric that is not declared is a KeyError that names it."""
    with pytest.raises(KeyError, match="meeting_per_lead"):
        funnel.truth["trap"].value("meeting_per_lead", "strict")


def _same_definition(protocol: Protocol) -> Protocol:
    control = protocol.arms[0].definition
    return replace(protocol, arms=tuple(replace(arm, definition=control) for arm in protocol.arms))
