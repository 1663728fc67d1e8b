"""What lies behind revenue per lead: how many won, how large a deal is, and the revenue without a cap. All descriptive.

Who wins depends on the arm, so the deals of two arms are those of different leads: nothing here is an effect.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from mqlab.analysis.amounts import FEW_WINS, NO_DEALS, TOO_FEW_WINS
from mqlab.analysis.comparison import Comparison, without
from mqlab.analysis.rates import DESCRIPTIVE, NO_UNITS
from mqlab.analysis.result_rows import ArmValue
from mqlab.stats.estimate import Estimate, Interval, NotEstimable
from mqlab.stats.means import welch_of
from mqlab.warehouse.sufficient import MoneyCell, Winner


@dataclass(frozen=True, slots=True)
class Deals:
    """One arm's deals, in currency units: `wins` of the `leads` followed long enough have revenue.

    `revenue` and `mean_deal` count a deal up to the cap, `uncapped` and `uncapped_per_lead` count all of it.
    """

    leads: int
    wins: int
    revenue: float
    mean_deal: float | NotEstimable
    uncapped: float
    uncapped_per_lead: float | NotEstimable


def deals(capped: Iterable[MoneyCell], uncapped: Iterable[MoneyCell], name: str, minor: int) -> Deals:
    """The deals of arm `name` from its sums with and without the cap; `minor` units make one."""
    below = [cell for cell in capped if cell.arm == name]
    leads, wins = sum(cell.mature for cell in below), sum(cell.wins for cell in below)
    revenue = sum(cell.total for cell in below)
    whole = sum(cell.total for cell in uncapped if cell.arm == name)
    return Deals(
        leads=leads,
        wins=wins,
        revenue=revenue / minor,
        mean_deal=revenue / wins / minor if wins else NO_DEALS,
        uncapped=whole / minor,
        uncapped_per_lead=whole / leads / minor if leads else NO_UNITS,
    )


def deal_size(winners: Iterable[Winner], control: str, arm: str, minor: int) -> Comparison:
    """The mean capped amount of a lead with revenue; relative: the ratio of geometric means, by Welch on log amounts.

    The p-value is that of the logs: amounts are skewed, their logs hardly.
    """
    chosen = [one for one in winners if one.amount > 0]
    a, b = ([one.amount / minor for one in chosen if one.arm == side] for side in (control, arm))
    side_a, side_b = _side(a), _side(b)
    means, logs = welch_of(a, b), welch_of(np.log(a), np.log(b))
    if min(len(a), len(b)) < FEW_WINS or isinstance(means, NotEstimable) or isinstance(logs, NotEstimable):
        return without(TOO_FEW_WINS, side_a, side_b, note=DESCRIPTIVE)
    return Comparison(
        side_a,
        side_b,
        difference=lambda z: means.difference(z=z),
        relative=lambda z: _as_change(logs.difference(z=z)),
        p_value=logs.p_value(),
        method="leads with revenue, Welch; relative: geometric means, Welch on log amounts",
        note=DESCRIPTIVE,
    )


def _side(amounts: Sequence[float]) -> ArmValue:
    total = math.fsum(amounts)
    return ArmValue(len(amounts), len(amounts), total / len(amounts) if amounts else NO_DEALS, total)


def _as_change(logs: Estimate) -> Estimate:
    """A difference of logs as a relative change."""
    value, low, high = (
        None if number is None else math.expm1(number) for number in (logs.value, logs.interval.low, logs.interval.high)
    )
    return Estimate(value, Interval(low, high))
