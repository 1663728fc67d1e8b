"""What a reader must know where accounts are randomised, as data: how many, how alike, and what one account decides.

One report per challenger, of the primary metric and by the estimator that decides (statistics.md section 5). Where
leads are randomised one by one there is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mqlab.analysis import accounts, rates
from mqlab.analysis.accounts import Group, Measure
from mqlab.analysis.comparison import finite, scaled
from mqlab.analysis.estimate_rows import Estimator
from mqlab.analysis.pictures import counted_stage
from mqlab.analysis.result_rows import estimate_dict
from mqlab.analysis.study import Study
from mqlab.experiments.metrics import kind_of
from mqlab.experiments.protocol import Protocol
from mqlab.stats import clusters as maths
from mqlab.stats.clusters import Accounts
from mqlab.stats.estimate import Estimate, Interval, NotEstimable
from mqlab.stats.means import Contrast
from mqlab.warehouse.sufficient import UnitRow

NEEDS_LEADS = NotEstimable("needs_lead_values", "How alike leads of an account are is told for shares of leads only.")
MOST_MOVING = 10
"""Accounts left out one by one: of either arm and phase, so many at each end of every way to matter."""


@dataclass(frozen=True, slots=True)
class AccountsReport:
    """The accounts behind one challenger's comparison; pairs are (control, challenger).

    `estimator`: the deciding one; `itt` until the definitions disagree about an account. `df`: its Bell–McCaffrey
    degrees of freedom. `largest_share`: of the arm's leads, in [0, 1].
    `leave_one_out`: the relative lift without any one account, lowest and highest. `reading` is what the primary's
    repeated interval says (`better`, `worse`, `no_gain`, `open`), `turned_by` the accounts without which it would say
    something else. `per_account`: the difference of outcomes per account, each account counting once (Welch).
    """

    arm: str
    estimator: Estimator
    horizon_days: int
    accounts: tuple[int, int]
    leads: tuple[int, int]
    df: float | NotEstimable
    largest_share: tuple[float, float]
    icc: float | NotEstimable
    design_effect: float | NotEstimable
    leave_one_out: Interval | NotEstimable
    reading: str | NotEstimable
    turned_by: tuple[str, ...]
    per_account: Estimate | NotEstimable
    per_account_p: float | NotEstimable

    def to_dict(self) -> dict[str, Any]:
        """Plain values; what cannot be told is `{"not_estimable": reason}`."""
        alone: dict[str, Any] = (
            {"not_estimable": self.leave_one_out.reason}
            if isinstance(self.leave_one_out, NotEstimable)
            else {"low": self.leave_one_out.low, "high": self.leave_one_out.high}
        )
        return {
            "arm": self.arm,
            "estimator": self.estimator,
            "horizon_days": self.horizon_days,
            "control": {
                "accounts": self.accounts[0], "leads": self.leads[0], "largest_share": self.largest_share[0]
            },
            "treatment": {
                "accounts": self.accounts[1], "leads": self.leads[1], "largest_share": self.largest_share[1]
            },
            "df": _plain(self.df),
            "icc": _plain(self.icc),
            "design_effect": _plain(self.design_effect),
            "leave_one_out": alone,
            "reading": _plain(self.reading),
            "turned_by": list(self.turned_by),
            "per_account": {**estimate_dict(self.per_account), "p_value": _plain(self.per_account_p)},
        }  # fmt: skip


def accounts_report(study: Study, arm: str, deciding: Estimator) -> AccountsReport | None:
    """The report of one challenger; None where leads are randomised, or no account of an arm can be counted yet."""
    if not study.by_account:
        return None
    metric = study.protocol.primary
    horizon = study.horizon(metric)
    reached, minor, money_number = _counted(study)
    rows = rates.comparable(study.units(arm, horizon, None, money_number), study.control, arm)
    groups = accounts.groups_of(rows, study.control, arm, reached)
    a, b = accounts.together(groups)
    if not a.leads.size or not b.leads.size:
        return None
    triggered = deciding == "triggered" and bool(a.discordant.any() or b.discordant.any())
    method = maths.compare_triggered if triggered else maths.compare
    found = accounts.over_phases(groups, method)
    z = study.boundary(arm, horizon, metric).z(study.alpha(arm))
    reading: str | NotEstimable = found if isinstance(found, NotEstimable) else says(study.protocol, found, z)
    lifts, turned_by = [], []
    if not isinstance(found, NotEstimable):
        for name, others in _without_one(groups, _names(rows, study.control, arm), triggered=triggered):
            left = accounts.over_phases(others, method)
            if isinstance(left, NotEstimable):
                continue
            lifts.append(left.treatment / left.control - 1 if left.control else None)
            if says(study.protocol, left, z) != reading:
                turned_by.append(name)
    alike = NEEDS_LEADS if money_number is not None else maths.similarity([a, b])
    twin = accounts.over_phases(groups, maths.per_account, weight=lambda each: each.leads.size)
    return AccountsReport(
        arm=arm,
        estimator="triggered" if triggered else "itt",
        horizon_days=horizon,
        accounts=(int(a.leads.size), int(b.leads.size)),
        leads=(int(a.leads.sum()), int(b.leads.sum())),
        df=_degrees(study, arm, rows, reached, method),
        largest_share=(a.largest_share, b.largest_share),
        icc=alike if isinstance(alike, NotEstimable) else alike.icc,
        design_effect=alike if isinstance(alike, NotEstimable) else alike.design_effect,
        leave_one_out=_range(lifts, found),
        reading=reading,
        turned_by=tuple(sorted(set(turned_by))),
        per_account=twin if isinstance(twin, NotEstimable) else finite(scaled(twin, 1 / minor).difference(z=z)),
        per_account_p=twin if isinstance(twin, NotEstimable) else twin.p_value(),
    )


def says(protocol: Protocol, contrast: Contrast, z: float) -> str:
    """What the primary's interval says, guardrails and precision apart: `better`, `worse`, `no_gain` or `open`.

    For `growth` no gain means that the minimum effect is ruled out. For `efficiency` better means not worse than the
    margin, and no gain that the metric is worse at all.
    """
    lift, gap = contrast.relative_lift(z=z), contrast.difference(z=z).interval
    low, high = (None, None) if isinstance(lift, NotEstimable) else (lift.interval.low, lift.interval.high)
    margin = protocol.primary.margin if protocol.aim == "efficiency" else None
    if margin is not None and margin.kind == "points":
        low, high = gap.low, gap.high
    if kind_of(protocol.primary).better == "lower":
        low, high = (None if high is None else -high), (None if low is None else -low)
    floor = 0.0 if margin is None else -margin.size
    ruled_out = (protocol.primary.minimum_effect or 0.0) if margin is None else 0.0
    if low is not None and low > floor:
        return "better"
    if high is not None and high < floor:
        return "worse"
    return "no_gain" if high is not None and high < ruled_out else "open"


def _counted(study: Study) -> tuple[Measure, int, int | None]:
    """What the primary metric counts of an account, how many make one unit of it, and the money measure it needs."""
    metric = study.protocol.primary
    if metric in study.money_number:
        return (lambda row: row.total), study.outcomes.minor, study.money_number[metric]
    stage = counted_stage(study)
    return ((lambda row: row.mql) if stage == "mql" else (lambda row: row.x[stage])), 1, None


def _degrees(
    study: Study, arm: str, rows: Sequence[UnitRow], reached: Measure, method: accounts.Compared
) -> float | NotEstimable:
    """Degrees of freedom of the deciding row: of all leads where it reads each as far as it was followed."""
    metric = study.protocol.primary
    delayed = metric not in study.money_number and not study.complete(arm, study.horizon(metric))
    everybody = (lambda row: row.leads) if delayed else accounts.mature
    groups = accounts.groups_of(rows, study.control, arm, reached, denominator=everybody)
    found = accounts.over_phases(groups, method)
    return found if isinstance(found, NotEstimable) else found.df


def _names(rows: Sequence[UnitRow], control: str, arm: str) -> list[tuple[list[str], list[str]]]:
    """The accounts of `accounts.groups_of`, by name."""
    return [
        (
            [row.unit for row in group if row.arm == control and row.mature],
            [row.unit for row in group if row.arm == arm and row.mature],
        )
        for group in rates.by_phase(rows).values()
    ]


def _without_one(
    groups: Sequence[Group], names: Sequence[tuple[list[str], list[str]]], *, triggered: bool
) -> Iterator[tuple[str, tuple[Group, ...]]]:
    """The accounts that matter most, each with all the others."""
    for number, group in enumerate(groups):
        for side, arm in enumerate(group):
            for place in _moving(arm, triggered=triggered):
                kept = np.arange(arm.leads.size) != place
                rest = Accounts(arm.leads[kept], arm.totals[kept], arm.discordant[kept])
                changed = (rest, group[1]) if side == 0 else (group[0], rest)
                others = (*groups[:number], changed, *groups[number + 1 :])
                yield names[number][side][place], others


def _moving(arm: Accounts, *, triggered: bool) -> list[int]:
    """Places of the accounts with the most leads, and of those that move the arm's rate most, up and down.

    Without account k a rate moves by (Y_k − R n_k) / (N − n_k): the ends of the range are among them.
    """
    places: set[int] = set(np.argsort(-arm.leads, kind="stable")[:MOST_MOVING].tolist())
    inside = np.flatnonzero(arm.discordant) if triggered else np.arange(arm.leads.size)
    n, y = arm.leads[inside], arm.totals[inside]
    if n.size > 1:
        order = np.argsort((y - y.sum() / n.sum() * n) / (n.sum() - n), kind="stable")
        places |= set(inside[order[:MOST_MOVING]].tolist()) | set(inside[order[-MOST_MOVING:]].tolist())
    return sorted(places)


def _range(lifts: Sequence[float | None], found: Contrast | NotEstimable) -> Interval | NotEstimable:
    if isinstance(found, NotEstimable):
        return found
    if not lifts:
        return maths.ONE_ACCOUNT
    known = [lift for lift in lifts if lift is not None]
    if len(known) < len(lifts):
        return NotEstimable("zero_control", "Without one account the control arm has no outcome.")
    return Interval(min(known), max(known))


def _plain(value: float | str | NotEstimable) -> Any:
    return {"not_estimable": value.reason} if isinstance(value, NotEstimable) else value
