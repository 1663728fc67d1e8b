"""The check `clusters`: are there accounts enough, and does one of them decide the result?"""

from __future__ import annotations

from mqlab.analysis import accounts, rates
from mqlab.analysis.results import Check
from mqlab.analysis.study import Study
from mqlab.stats import clusters as maths
from mqlab.stats.estimate import NotEstimable
from mqlab.warehouse.sufficient import UnitRow

LEAST_DF = 5.0
LARGEST_SHARE = 0.20


def clusters(study: Study, arm: str) -> Check:
    """Accounts per arm, degrees of freedom, the largest account's share, the lift without any one account."""
    if not study.by_account:
        return Check("clusters", "not_applicable", "leads are randomised one by one")
    metric = study.protocol.primary
    stage = metric.metric.removesuffix("_per_lead") if metric.metric != "revenue_per_lead" else "won"

    def reached(row: UnitRow) -> int:
        return row.mql if stage == "mql" else row.x.get(stage, row.x["won"])

    rows = rates.comparable(study.units(arm, study.horizon(metric)), study.control, arm)
    a, b = (accounts.accounts_of(rows, side, accounts.mature, reached) for side in (study.control, arm))
    if not a.leads.size or not b.leads.size:
        return Check("clusters", "not_applicable", "no account of an arm has been followed long enough")
    found = accounts.contrast_of(rows, study.control, arm, reached)
    largest = max(a.largest_share, b.largest_share)
    words = (
        f"{a.leads.size:,} and {b.leads.size:,} accounts (control and {arm}), "
        f"the largest has {100 * largest:.1f}% of its arm's leads"
    )
    if isinstance(found, NotEstimable):
        return Check("clusters", "fail", f"{words}; {found.detail}")
    words += f", {found.df:.1f} degrees of freedom"
    if found.df < LEAST_DF:
        return Check("clusters", "fail", f"{words}: too few accounts for an interval")
    alike = maths.similarity([a, b])
    if not isinstance(alike, NotEstimable):
        words += f", design effect {alike.design_effect:.2f}"
    without_one = maths.leave_one_out(a, b)
    changes = False
    if not isinstance(without_one, NotEstimable) and without_one.low is not None and without_one.high is not None:
        low, high = 100 * without_one.low, 100 * without_one.high
        words += f"; leaving one account out, the lift runs from {low:+.1f}% to {high:+.1f}%"
        changes = without_one.low < 0 < without_one.high
    twin = maths.per_account(a, b)
    if not isinstance(twin, NotEstimable):
        words += f"; per account the difference is {twin.treatment - twin.control:+.4f}"
    if largest > LARGEST_SHARE:
        return Check("clusters", "warn", f"{words}; one account holds more than a fifth of an arm")
    return Check(
        "clusters", "warn" if changes else "pass", f"{words}{': one account turns its sign' if changes else ''}"
    )
