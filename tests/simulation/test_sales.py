"""What sales makes of a lead, with common random numbers."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from mqlab.simulation.population import DAY_S, HOUR_S, NEVER
from mqlab.simulation.sales import LEAK, LEAK_MEAN_DAYS, chance_of_sql, draw_chances, play
from tests.simulation.test_population import some_people

WHO = some_people(leads=20_000, seed=5)
LUCK = draw_chances(np.random.default_rng(11), len(WHO))
NOBODY = np.full(len(WHO), NEVER)
AT_ONCE = WHO.created_s + HOUR_S


def test_the_same_hand_over_ends_the_same_way():
    """Played twice with one luck and one hand-over, a lead has one fate: that is what couples the arms."""
    once, again = play(WHO, LUCK, AT_ONCE), play(WHO, LUCK, AT_ONCE)

    assert np.array_equal(once.sql_s, again.sql_s)
    assert np.array_equal(once.deal, again.deal)
    assert np.array_equal(once.won_s, again.won_s)


def test_leads_handed_over_at_once_become_sqls_at_their_chance():
    """The share of SQLs among leads handed over on arrival is their mean chance, within four standard errors."""
    share = np.mean(play(WHO, LUCK, AT_ONCE).sql_s != NEVER)
    chance = chance_of_sql(WHO)

    assert share == pytest.approx(chance.mean(), abs=4 * np.sqrt(chance.mean() / len(WHO)))


def test_nobody_works_a_lead_that_is_not_handed_over():
    """Without a hand-over nothing is touched, accepted, rejected or met; a few leads come through on their own."""
    played = play(WHO, LUCK, NOBODY)
    leaked = played.sql_s != NEVER

    assert all(np.all(at == NEVER) for at in (played.touched_s, played.accepted_s, played.rejected_s, played.met_s))
    assert leaked.mean() == pytest.approx(LEAK * chance_of_sql(WHO).mean(), rel=0.15)
    assert np.array_equal(leaked, played.leaked)
    assert np.mean(played.sql_s[leaked] - WHO.created_s[leaked]) / DAY_S == pytest.approx(1 + LEAK_MEAN_DAYS, rel=0.15)


def test_waiting_costs_sqls():
    """The longer sales waits for a lead, the fewer SQLs; and still more than if it never got it."""
    sqls = [
        np.sum(play(WHO, LUCK, at).sql_s != NEVER)
        for at in (AT_ONCE, AT_ONCE + 10 * DAY_S, AT_ONCE + 28 * DAY_S, NOBODY)
    ]

    assert sqls == sorted(sqls, reverse=True)
    assert len(set(sqls)) == 4


def test_a_lead_that_came_through_alone_before_the_hand_over_gains_nothing():
    """Where the leak comes before the hand-over the SQL is the leak's, at the instant it would have had anyway."""
    late = WHO.created_s + 28 * DAY_S
    alone, handed_over = play(WHO, LUCK, NOBODY), play(WHO, LUCK, late)
    earlier = alone.sql_s < late

    assert earlier.sum() > 100
    assert np.array_equal(handed_over.sql_s[earlier], alone.sql_s[earlier])
    assert np.array_equal(handed_over.won_s[earlier], alone.won_s[earlier])
    assert not np.any(handed_over.rejected_s[earlier] != NEVER)


def test_stages_follow_one_another():
    """Touch, decision, meeting, SQL, opportunity and close come in this order, and nobody is both won and lost."""
    played = play(WHO, LUCK, AT_ONCE)
    working = [played.handed_over_s, played.touched_s, played.accepted_s, played.met_s]
    chain = [*working, played.sql_s, played.opportunity_s]

    for before, after in pairwise(chain):
        reached = (after != NEVER) & ~played.leaked
        assert np.all(before[reached] < after[reached])
    for closed in (played.won_s, played.lost_s):
        assert np.all(closed[closed != NEVER] > played.opportunity_s[closed != NEVER])
    assert not np.any((played.won_s != NEVER) & (played.lost_s != NEVER))
    assert not np.any((played.accepted_s != NEVER) & (played.rejected_s != NEVER))
    assert np.all(played.recycled_s[played.rejected_s == NEVER] == NEVER)


def test_most_leads_are_touched_within_a_day():
    """Sales keeps its promise of 24 hours for at least nine leads in ten."""
    played = play(WHO, LUCK, AT_ONCE)

    assert 0.93 < np.mean(played.touched_s <= AT_ONCE + DAY_S) < 0.999


def test_deals_are_lognormal_and_grow_with_the_company():
    """Amounts are positive cents, skewed, and larger where the company is."""
    deal = play(WHO, LUCK, AT_ONCE).deal

    assert np.all(deal > 0)
    assert np.array_equal(np.round(deal, 2), deal)
    assert np.mean(deal) > 1.2 * np.median(deal)
    assert np.median(deal[WHO.employees > 500]) > 1.5 * np.median(deal[WHO.employees < 50])
