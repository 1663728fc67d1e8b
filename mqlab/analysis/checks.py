"""The validity checks of the closed list, each computed or `not_applicable` with its reason, and what they decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from mqlab.analysis import accounts, phases, rates
from mqlab.analysis import checks_feedback as feedback
from mqlab.analysis.clusters_check import clusters
from mqlab.analysis.estimate_rows import Estimator
from mqlab.analysis.results import Check, CheckStatus
from mqlab.analysis.study import Study
from mqlab.experiments.metrics import kind_of
from mqlab.experiments.same_handling import handling_differences
from mqlab.stats.estimate import NotEstimable
from mqlab.stats.independence import chi_square, cochran_mantel_haenszel
from mqlab.stats.sample_ratio import sample_ratio as test_sample_ratio
from mqlab.stats.strata import Pair
from mqlab.warehouse import sufficient

BLOCKING_P = 0.001
WARNING_P = 0.05
BLOCKERS = ("sample_ratio", "arm_by_stratum", "clusters", "protocol_unchanged")


@dataclass(frozen=True)
class Found:
    """`checks` in the order of the closed list; per challenger what blocks its verdict and which estimator decides."""

    checks: tuple[Check, ...]
    blocks: Mapping[str, tuple[str, ...]]
    deciding: Mapping[str, Estimator]


def run_checks(study: Study, *, protocol_unchanged: bool | None) -> Found:
    """Every check of an analysis."""
    challengers = [arm.name for arm in study.protocol.challengers]
    per_arm: Mapping[str, Callable[[Study, str], Check]] = {
        "arm_by_stratum": arm_by_stratum,
        "concordant_effect": concordant_effect,
        "handling_parity": feedback.handling_parity,
        "owner_balance": feedback.owner_balance,
        "clusters": clusters,
    }
    by_arm = {name: {arm: check(study, arm) for arm in challengers} for name, check in per_arm.items()}
    handling = same_handling(study)
    checks = (
        sample_ratio(study),
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
    everywhere = [check for check in checks if check.check in ("sample_ratio", "protocol_unchanged")]
    blocks = {
        arm: tuple(
            f"{check.check}: {check.detail}"
            for check in (*everywhere, by_arm["arm_by_stratum"][arm], by_arm["clusters"][arm])
            if check.status == "fail"
        )
        for arm in challengers
    }
    deciding: dict[str, Estimator] = {}
    for arm in challengers:
        alike = handling[arm].status == "pass" and by_arm["concordant_effect"][arm].status != "fail"
        deciding[arm] = "triggered" if alike and kind_of(study.protocol.primary).denominator == "lead" else "itt"
    return Found(checks, blocks, deciding)


def sample_ratio(study: Study) -> Check:
    """Units by arm against the declared weights, over all and in each phase."""
    arms = study.protocol.arms
    weights = [arm.weight for arm in arms]
    units = "accounts" if study.by_account else "leads"

    def counted(name: str, phase: int | None = None) -> int:
        return sum(row.units for row in study.census if row.arm == name and phase in (None, row.phase))

    overall = [counted(arm.name) for arm in arms]
    found = test_sample_ratio(overall, weights)
    if isinstance(found, NotEstimable):
        return Check("sample_ratio", "not_applicable", found.detail or found.reason)
    p_values = {"": found.p_value}
    phases_seen = sorted({row.phase for row in study.census})
    for phase in phases_seen if len(phases_seen) > 1 else ():
        inside = test_sample_ratio([counted(arm.name, phase) for arm in arms], weights)
        if not isinstance(inside, NotEstimable):
            p_values[f" in phase {phase}"] = inside.p_value
    where, worst = min(p_values.items(), key=lambda item: item[1])
    split = ", ".join(f"{arm.name} {n:,}" for arm, n in zip(arms, overall, strict=True))
    expected = ", ".join(f"{want:,.1f}" for want in found.expected)
    detail = f"{units}: {split}; expected {expected}"
    if worst < BLOCKING_P:
        return Check(
            "sample_ratio", "fail", f"{detail}; not the declared split{where} (p = {worst:.2g})", found.p_value
        )
    return Check("sample_ratio", "pass", detail, found.p_value)


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


def concordant_effect(study: Study, arm: str) -> Check:
    """Leads both definitions treat alike must fare alike in both arms: one test over `both` and `none`, each look."""
    if kind_of(study.protocol.primary).denominator != "lead" or study.protocol.primary.metric == "revenue_per_lead":
        stage = "won"
    else:
        stage = study.protocol.primary.metric.removesuffix("_per_lead")
    horizon = study.horizon(study.protocol.primary)
    earlier = [
        test
        for at_us in study.schedule.looks_us[:-1]
        if not isinstance(test := _alike(study, arm, horizon, stage, study.clock.cut_off_at(at_us)), NotEstimable)
    ]
    now = _alike(study, arm, horizon, stage, None)
    if isinstance(now, NotEstimable):
        detail = "no lead that both definitions treat alike has an outcome in both arms yet"
        return Check("concordant_effect", "not_applicable", detail)
    words = f"among leads both definitions treat alike {now.words}{_break_even(study, arm, horizon, stage)}"
    worst = min([test.p_value for test in earlier], default=1.0)
    if min(now.p_value, worst) < BLOCKING_P:
        when = "" if now.p_value < BLOCKING_P else f" (p = {worst:.2g} at an earlier look)"
        detail = f"{words}{when}; intention-to-treat decides from now on"
        return Check("concordant_effect", "fail", detail, now.p_value)
    return Check("concordant_effect", "warn" if now.p_value < WARNING_P else "pass", words, now.p_value)


def cross_arm(study: Study) -> Check:
    """Leads and opportunities that touch two arms."""
    merged, deals = study.judged.excluded["cross_arm_merge"], sum(row.crossing for row in study.log)
    if not merged and not deals:
        return Check("cross_arm", "pass", "no lead and no opportunity touches two arms")
    parts = []
    if merged:
        parts.append(f"{merged:,} merged leads had been in two arms and are left out")
    if deals:
        parts.append(f"{deals:,} opportunities touch two arms and count for the lead assigned first")
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


@dataclass(frozen=True, slots=True)
class _Alike:
    """The test of the leads that both definitions treat alike."""

    p_value: float
    words: str


def _alike(study: Study, arm: str, horizon: int, stage: str, cut_off_us: int | None) -> _Alike | NotEstimable:
    """Whether leads of `both` and `none` fare alike in both arms, as far as a look with this cut-off could see."""
    arms = (study.control, arm)
    if study.by_account:
        rows = sufficient.units(study.dataset, horizon, arms=arms, stratum_of=arm, cut_off_us=cut_off_us)
        alike = [row for row in rows if row.stratum in ("both", "none")]
        contrast = accounts.contrast_of(
            alike, study.control, arm, (lambda row: row.mql) if stage == "mql" else (lambda row: row.x[stage])
        )
        if isinstance(contrast, NotEstimable):
            return contrast
        p_value = contrast.p_value()
        if isinstance(p_value, NotEstimable):
            return p_value
        return _Alike(p_value, f"the arms differ by {contrast.treatment - contrast.control:+.4f} per lead")
    cells = sufficient.cells(study.dataset, horizon, arms=arms, stratum_of=arm, cut_off_us=cut_off_us)
    count = rates.numerator(f"{stage}_per_lead")
    pairs: list[Pair] = []
    for group in rates.by_phase(cells).values():
        strata = rates.strata_of(group, study.control, arm, count)
        pairs += [strata.both, strata.none]
    found = cochran_mantel_haenszel(pairs)
    return found if isinstance(found, NotEstimable) else _Alike(found.p_value, f"the arms differ by z = {found.z:.2f}")


def _break_even(study: Study, arm: str, horizon: int, stage: str) -> str:
    """κ* in words: how large an arm effect among leads of `both` would overturn the result."""
    if study.by_account:
        return ""
    count = rates.numerator(f"{stage}_per_lead")
    cells = rates.comparable(study.cells(arm, horizon), study.control, arm)
    groups = [rates.strata_of(group, study.control, arm, count) for group in rates.by_phase(cells).values()]
    found = phases.triggered_difference(groups, z=study.boundary(arm, horizon).z(study.alpha(arm)))
    units = sum(strata.units for strata in groups)
    both = sum(strata.both.pooled.n for strata in groups) / units if units else 0.0
    if isinstance(found, NotEstimable) or not both:
        return ""
    low, high = found.interval.low or 0.0, found.interval.high or 0.0
    if low <= 0 <= high:
        return "; the triggered interval includes no effect, so there is nothing to overturn"
    kappa = (low if low > 0 else -high) / both
    return f"; an arm difference of {100 * kappa:.2f} points among leads both hand over would overturn the result"


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
