"""The validity checks of the closed list, each computed or `not_applicable` with its reason, and what they decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mqlab.analysis import checks_feedback as feedback
from mqlab.analysis import rates
from mqlab.analysis.account_rows import AccountsReport, accounts_report
from mqlab.analysis.clusters_check import clusters
from mqlab.analysis.concordant_check import concordant_effect
from mqlab.analysis.estimate_rows import Estimator
from mqlab.analysis.results import Check, CheckStatus
from mqlab.analysis.split_check import BLOCKING_P, sample_ratio
from mqlab.analysis.study import Study
from mqlab.experiments.metrics import kind_of
from mqlab.experiments.same_handling import handling_differences
from mqlab.stats.estimate import NotEstimable
from mqlab.stats.independence import chi_square
from mqlab.warehouse.shared_leads import shared_leads

BLOCKERS = ("sample_ratio", "arm_by_stratum", "clusters", "protocol_unchanged")


@dataclass(frozen=True)
class Found:
    """`checks` in the order of the closed list; per challenger what blocks its verdict and which estimator decides.

    `accounts`: what is known of the accounts behind a challenger's comparison, where accounts are randomised.
    """

    checks: tuple[Check, ...]
    blocks: Mapping[str, tuple[str, ...]]
    deciding: Mapping[str, Estimator]
    accounts: Mapping[str, AccountsReport] = field(default_factory=dict)


def run_checks(study: Study, *, protocol_unchanged: bool | None) -> Found:
    """Every check of an analysis."""
    challengers = [arm.name for arm in study.protocol.challengers]
    shared = {arm: shared_leads(study.dataset, arm, study.control) for arm in challengers}
    per_arm: Mapping[str, Callable[[Study, str], Check]] = {
        "sample_ratio": sample_ratio,
        "arm_by_stratum": arm_by_stratum,
        "concordant_effect": concordant_effect,
        "handling_parity": lambda study, arm: feedback.handling_parity(study, arm, shared[arm]),
        "owner_balance": lambda study, arm: feedback.owner_balance(study, arm, shared[arm]),
    }
    by_arm = {name: {arm: check(study, arm) for arm in challengers} for name, check in per_arm.items()}
    handling = same_handling(study)
    deciding: dict[str, Estimator] = {}
    for arm in challengers:
        alike = handling[arm].status == "pass" and by_arm["concordant_effect"][arm].status != "fail"
        deciding[arm] = "triggered" if alike and kind_of(study.protocol.primary).denominator == "lead" else "itt"
    reports = {arm: accounts_report(study, arm, deciding[arm]) for arm in challengers}
    by_arm["clusters"] = {arm: clusters(arm, reports[arm], by_account=study.by_account) for arm in challengers}
    checks = (
        _worst(by_arm["sample_ratio"]),
        _worst(by_arm["arm_by_stratum"]),
        _worst(handling),
        _worst(by_arm["concordant_effect"]),
        _worst(by_arm["handling_parity"]),
        _worst(by_arm["owner_balance"]),
        feedback.match_rate(study),
        feedback.maturity(study),
        feedback.lateness(study),
        feedback.capacity(study),
        cross_arm(study),
        _worst(by_arm["clusters"]),
        unchanged(protocol_unchanged),
    )
    by_name: dict[str, Check] = {check.check: check for check in checks}
    blocks = {
        arm: tuple(
            f"{name}: {check.detail}"
            for name in BLOCKERS
            if (check := by_arm.get(name, {}).get(arm, by_name[name])).status == "fail"
        )
        for arm in challengers
    }
    known = {arm: report for arm, report in reports.items() if report is not None}
    return Found(checks, blocks, deciding, known)


def arm_by_stratum(study: Study, arm: str) -> Check:
    """Which definition fires first must not depend on the arm: χ² of units by arm and stratum."""
    table = [
        [sum(row.units for row in study.census if (row.arm, row.strata[arm]) == (side, name)) for name in rates.STRATA]
        for side in (study.control, arm)
    ]
    found = chi_square(table)
    if isinstance(found, NotEstimable):
        return Check("arm_by_stratum", "not_applicable", "there are not two arms and two strata to compare yet")
    words = f"χ² = {found.statistic:.2f}, {found.df} degrees of freedom"
    if found.p_value < BLOCKING_P:
        detail = f"the stratum depends on the arm, so it is not what happened before any arm acted ({words})"
        return Check("arm_by_stratum", "fail", detail, found.p_value)
    return Check("arm_by_stratum", "pass", f"the stratum does not depend on the arm ({words})", found.p_value)


def same_handling(study: Study) -> Mapping[str, Check]:
    """Handling must be declared blinded and the definitions must promise sales the same."""
    protocol = study.protocol
    differences = handling_differences(protocol, study.definitions)
    found: dict[str, Check] = {}
    for arm in protocol.challengers:
        ours = [str(difference) for difference in differences if difference.arm == arm.name]
        if protocol.handling != "blinded":
            detail = "handling is open: sales can see the arm, so intention-to-treat decides"
            found[arm.name] = Check("same_handling", "not_applicable", detail)
        elif ours:
            detail = "; ".join(ours) + "; so intention-to-treat decides"
            found[arm.name] = Check("same_handling", "fail", detail)
        else:
            detail = "handling is blinded, and handoff, nurture and requalify are equal in the arms"
            found[arm.name] = Check("same_handling", "pass", detail)
    return found


def cross_arm(study: Study) -> Check:
    """Leads and opportunities that touch two arms."""
    merged = study.judged.excluded["cross_arm_merge"]
    deals = study.outcomes.crossing + sum(row.crossing for row in study.log)
    if not merged and not deals:
        return Check("cross_arm", "pass", "no lead and no opportunity touches two arms")
    parts = []
    if merged:
        parts.append(
            "1 merged lead had been in two arms and is left out"
            if merged == 1
            else f"{merged:,} merged leads had been in two arms and are left out"
        )
    if deals:
        parts.append(
            "1 opportunity touches two arms and counts for the lead assigned first"
            if deals == 1
            else f"{deals:,} opportunities touch two arms and count for the lead assigned first"
        )
    return Check("cross_arm", "warn", "; ".join(parts))


def unchanged(answer: bool | None) -> Check:
    """Definitions and protocol must still be those that were locked at the start."""
    if answer is None:
        return Check(
            "protocol_unchanged", "not_applicable", "the experiment has not been started, so nothing is locked"
        )
    if answer:
        return Check("protocol_unchanged", "pass", "protocol and definitions are those locked at the start")
    return Check("protocol_unchanged", "fail", "the protocol or a definition was changed after the start")


def _worst(checks: Mapping[str, Check]) -> Check:
    """The checks of several challengers as one: the worst status, each detail with its arm."""
    if len(checks) == 1:
        return next(iter(checks.values()))
    order: Sequence[CheckStatus] = ("fail", "warn", "pass", "not_applicable")
    worst = min(checks.items(), key=lambda item: (order.index(item[1].status), item[1].p_value or 0.0))[1]
    p_values = [check.p_value for check in checks.values() if check.p_value is not None]
    same = {check.detail for check in checks.values()}
    detail = worst.detail if len(same) == 1 else "; ".join(f"{name}: {check.detail}" for name, check in checks.items())
    return replace(worst, detail=detail, p_value=min(p_values) if p_values else None)
