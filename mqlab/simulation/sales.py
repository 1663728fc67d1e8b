"""What sales does with a lead, and what becomes of one nobody hands over.

`play` is a pure function of the leads, of one set of chances per lead and of the instant of the hand-over: playing
the same chances with two hand-over instants answers "what if", with common random numbers.

A lead handed over at H is touched, accepted or rejected with a reason, met, and may become an SQL, an opportunity, a
win or a loss. Its chance of SQL grows with intent and with how well the company suits, and fades while it waits: the
chance halves every `FADE_DAYS` between arrival and hand-over. A lead that is not handed over is nurtured and may still
come through on its own (the leak), rarely and late; if that happens before H, the hand-over adds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from mqlab.simulation.population import DAY_S, HOUR_S, NEVER, Bools, Floats, Ints, Population

FADE_DAYS = 60.0
LEAK = 0.14
"""Chance of coming through alone, as a share of the chance of SQL when handed over at once."""
LEAK_MEAN_DAYS = 14.0
TOUCHED = 0.985
MET = 0.88
QUALIFIED_TO_OPPORTUNITY = 0.93
STAYS_OPEN = 0.15
DEAL_MEDIAN = 7_500.0
DEAL_SIGMA = 0.85


@dataclass(frozen=True, slots=True)
class Chances:
    """One lead's luck at every stage, drawn before anyone decides: uniforms in [0, 1) and standard normals."""

    touch: Floats
    accept: Floats
    meet: Floats
    qualify: Floats
    leak: Floats
    leak_at: Floats
    opportunity: Floats
    win: Floats
    recycle: Floats
    touch_wait: Floats
    accept_wait: Floats
    meet_wait: Floats
    qualify_wait: Floats
    opportunity_wait: Floats
    close_wait: Floats
    deal: Floats


WAITS = ("touch_wait", "accept_wait", "meet_wait", "qualify_wait", "opportunity_wait", "close_wait", "deal")


def draw_chances(rng: np.random.Generator, leads: int) -> Chances:
    """Fresh luck for every lead."""
    return Chances(
        **{
            chance.name: rng.standard_normal(leads) if chance.name in WAITS else rng.random(leads)
            for chance in fields(Chances)
        }
    )


@dataclass(frozen=True, slots=True)
class Played:
    """When each stage was reached, seconds since 1970 UTC, NEVER where it was not; `deal` in currency units.

    `leaked`: the SQL came without the arm's hand-over. A lead reaches at most one of accepted and rejected, and one of
    won and lost.
    """

    handed_over_s: Ints
    touched_s: Ints
    accepted_s: Ints
    rejected_s: Ints
    recycled_s: Ints
    met_s: Ints
    sql_s: Ints
    opportunity_s: Ints
    won_s: Ints
    lost_s: Ints
    leaked: Bools
    deal: Floats


def chance_of_sql(who: Population) -> Floats:
    """The chance in [0, 1] that a lead handed over on arrival becomes an SQL, if sales works it."""
    suits = 1.0 / (1.0 + np.exp(-(who.company - 0.68) / 0.09))
    return np.minimum(0.92, 1.15 * who.intent**1.5 * (0.12 + 0.88 * suits))


def play(who: Population, chances: Chances, handed_over_s: Ints) -> Played:
    """What happens to every lead when it is handed over at `handed_over_s` (NEVER: not at all)."""
    at_once = chance_of_sql(who)
    leak_s = np.where(
        chances.leak < LEAK * at_once,
        who.created_s + DAY_S + _whole(-np.log1p(-chances.leak_at) * LEAK_MEAN_DAYS * DAY_S),
        NEVER,
    )
    leaked = leak_s < handed_over_s
    worked = (handed_over_s != NEVER) & (chances.touch < TOUCHED)
    start = np.where(handed_over_s == NEVER, 0, handed_over_s)
    waited_days = np.maximum(0.0, (start - who.created_s) / DAY_S)
    fresh = at_once * 0.5 ** (waited_days / FADE_DAYS)
    accepts = np.minimum(0.97, 0.28 + 0.9 * np.sqrt(fresh))

    touched_s = _after(worked, start, 3.0 * HOUR_S, 1.0, chances.touch_wait)
    accepted = worked & (leaked | (chances.accept < accepts))
    rejected = worked & ~accepted
    decided_s = _after(worked, touched_s, 16.0 * HOUR_S, 0.8, chances.accept_wait)
    recycled = rejected & (chances.recycle < 0.5)
    recycled_s = np.where(recycled, decided_s + DAY_S + _whole(chances.recycle * 12 * DAY_S), NEVER)
    met = accepted & ~leaked & (chances.meet < MET)
    met_s = _after(met, decided_s, 3.0 * DAY_S, 0.7, chances.meet_wait)
    qualified = met & (chances.qualify < np.minimum(1.0, fresh / (TOUCHED * accepts * MET)))
    sql_s = np.where(leaked, leak_s, _after(qualified, met_s, 1.5 * DAY_S, 0.8, chances.qualify_wait))

    to_opportunity = (sql_s != NEVER) & (chances.opportunity < QUALIFIED_TO_OPPORTUNITY)
    opportunity_s = _after(to_opportunity, sql_s, 2.5 * DAY_S, 0.7, chances.opportunity_wait)
    wins = np.minimum(0.8, 0.08 + 0.16 * who.company + 0.18 * who.intent)
    won = to_opportunity & (chances.win < wins)
    lost = to_opportunity & (chances.win >= wins + STAYS_OPEN * (1.0 - wins))
    closed_s = _after(won | lost, opportunity_s, 18.0 * DAY_S, 0.55, chances.close_wait)
    size = (np.maximum(5.0, who.employees) / 100.0) ** 0.3
    return Played(
        handed_over_s=handed_over_s,
        touched_s=touched_s,
        accepted_s=np.where(accepted, decided_s, NEVER),
        rejected_s=np.where(rejected, decided_s, NEVER),
        recycled_s=recycled_s,
        met_s=met_s,
        sql_s=sql_s,
        opportunity_s=opportunity_s,
        won_s=np.where(won, closed_s, NEVER),
        lost_s=np.where(lost, closed_s, NEVER),
        leaked=leaked,
        deal=np.round(DEAL_MEDIAN * size * np.exp(DEAL_SIGMA * chances.deal), 2),
    )


def _after(which: Bools, start: Ints, median_s: float, sigma: float, normal: Floats) -> Ints:
    """`start` plus a lognormal wait where `which`, else NEVER."""
    return np.where(which, np.where(which, start, 0) + 60 + _whole(median_s * np.exp(sigma * normal)), NEVER)


def _whole(seconds: Floats) -> Ints:
    return np.floor(seconds).astype(np.int64)
