"""The check `clusters`: are there accounts enough, and does one of them decide the result?"""

from __future__ import annotations

from mqlab.analysis.account_rows import AccountsReport
from mqlab.analysis.results import Check
from mqlab.stats.estimate import NotEstimable

LEAST_DF = 5.0
LARGEST_SHARE = 0.20
READINGS = {
    "better": "a gain",
    "worse": "a loss",
    "no_gain": "no gain that matters",
    "open": "nothing yet",
}
"""What the primary's interval shows, in words."""


def clusters(arm: str, report: AccountsReport | None, *, by_account: bool) -> Check:
    """Accounts per arm, degrees of freedom, the largest account's share, the result without any one account."""
    if not by_account:
        return Check("clusters", "not_applicable", "leads are randomised one by one")
    if report is None:
        return Check("clusters", "not_applicable", "no account of an arm has been followed long enough")
    largest = max(report.largest_share)
    words = (
        f"{report.accounts[0]:,} and {report.accounts[1]:,} accounts (control and {arm}), "
        f"the largest has {100 * largest:.1f}% of its arm's leads"
    )
    if isinstance(report.df, NotEstimable):
        return Check("clusters", "fail", f"{words}; {report.df.detail}")
    words += f", {report.df:.1f} degrees of freedom"
    if report.df < LEAST_DF:
        return Check("clusters", "fail", f"{words}: too few accounts for an interval")
    words += _more(report)
    if report.turned_by:
        which = f"account {report.turned_by[0]}" if len(report.turned_by) == 1 else f"any of {len(report.turned_by)}"
        shown = READINGS.get(str(report.reading), "nothing yet")
        words += f"; without {which} the primary metric would no longer show {shown}"
    if largest > LARGEST_SHARE:
        return Check("clusters", "warn", f"{words}; one account holds more than a fifth of an arm")
    return Check("clusters", "warn" if report.turned_by else "pass", words)


def _more(report: AccountsReport) -> str:
    """The design effect, the range of the lift, and the robust twin."""
    words = ""
    if not isinstance(report.design_effect, NotEstimable):
        words += f", design effect {report.design_effect:.2f}"
    alone = report.leave_one_out
    if not isinstance(alone, NotEstimable) and alone.low is not None and alone.high is not None:
        words += f"; leaving one account out, the lift runs from {100 * alone.low:+.1f}% to {100 * alone.high:+.1f}%"
    twin = report.per_account
    if not isinstance(twin, NotEstimable) and twin.value is not None:
        words += f"; per account the difference is {twin.value:+.4f}"
        if isinstance(report.per_account_p, float):
            words += f" (p = {report.per_account_p:.2g})"
    return words
