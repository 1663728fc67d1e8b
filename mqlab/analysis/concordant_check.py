"""The check `concordant_effect`: leads both definitions treat alike must fare alike in both arms.

The triggered estimator rests on that. One Cochran–Mantel–Haenszel test over `both` and `none` together, phase by phase,
with accounts CR2 inside them; at every look so far. It has little power, which is why handling is checked as well, and
why κ* stands beside it: how large an arm effect among leads of `both` would overturn the result.
"""

from __future__ import annotations

from dataclasses import dataclass

from mqlab.analysis import accounts, rates
from mqlab.analysis.effect_split import CONCORDANT, of_accounts
from mqlab.analysis.estimate_rows import compare
from mqlab.analysis.pictures import counted_stage
from mqlab.analysis.results import Check
from mqlab.analysis.study import Study
from mqlab.experiments.metrics import kind_of
from mqlab.experiments.same_handling import handling_differences
from mqlab.leads.instants import instant
from mqlab.stats.estimate import NotEstimable
from mqlab.stats.independence import cochran_mantel_haenszel
from mqlab.stats.strata import Pair
from mqlab.warehouse import sufficient

DISTRUST_P = 0.001
"""Below it at any look, intention-to-treat decides from then on (a gate at .05 would ruin valid experiments)."""
WARNING_P = 0.05


def concordant_effect(study: Study, arm: str) -> Check:
    """Pass, warn (p < .05), or fail (p < .001 at this or an earlier look): then intention-to-treat decides for good.

    An earlier look that the ledger recorded as decided by intention-to-treat, where now the triggered estimator would
    decide, had found it then.
    """
    recorded = _recorded(study, arm)
    now = _alike(study, arm, None)
    if isinstance(now, NotEstimable):
        if recorded:
            return Check("concordant_effect", "fail", f"{recorded}; intention-to-treat decides from now on")
        detail = "no lead that both definitions treat alike has an outcome in both arms yet"
        return Check("concordant_effect", "not_applicable", detail)
    earlier = [
        test.p_value
        for at_us in study.schedule.looks_us[:-1]
        if not isinstance(test := _alike(study, arm, study.clock.cut_off_at(at_us)), NotEstimable)
    ]
    words = f"among leads both definitions treat alike {now.words}{_break_even(study, arm)}"
    if now.p_value < DISTRUST_P:
        return Check("concordant_effect", "fail", f"{words}; intention-to-treat decides from now on", now.p_value)
    worst = min(earlier, default=1.0)
    if recorded or worst < DISTRUST_P:
        when = recorded or f"p = {worst:.2g} at an earlier look"
        return Check(
            "concordant_effect", "fail", f"{words} ({when}); intention-to-treat decides from now on", now.p_value
        )
    return Check("concordant_effect", "warn" if now.p_value < WARNING_P else "pass", words, now.p_value)


@dataclass(frozen=True, slots=True)
class _Alike:
    """The test of the leads that both definitions treat alike."""

    p_value: float
    words: str


def _alike(study: Study, arm: str, cut_off_us: int | None) -> _Alike | NotEstimable:
    """Whether leads of `both` and `none` fare alike in both arms, as far as a look with this cut-off could see."""
    horizon, stage = study.horizon(study.protocol.primary), counted_stage(study)
    arms = (study.control, arm)
    if study.by_account:
        if cut_off_us is None:
            rows = study.units(arm, horizon)
        else:
            rows = sufficient.units(study.dataset, horizon, arms=arms, stratum_of=arm, cut_off_us=cut_off_us)
        alike = [row for row in rows if row.stratum in CONCORDANT]
        reached: accounts.Measure = (lambda row: row.mql) if stage == "mql" else (lambda row: row.x[stage])
        (part, _, _), _ = of_accounts(alike, study.control, arm, reached, z=1.0)
        if isinstance(part.difference, NotEstimable):
            return part.difference
        if isinstance(part.p_value, NotEstimable):
            return part.p_value
        return _Alike(part.p_value, f"the arms differ by {part.difference.value:+.4f} per lead")
    if cut_off_us is None:
        cells = study.cells(arm, horizon)
    else:
        cells = sufficient.cells(study.dataset, horizon, arms=arms, stratum_of=arm, cut_off_us=cut_off_us)
    count = rates.numerator(f"{stage}_per_lead")
    pairs: list[Pair] = []
    for group in rates.by_phase(cells).values():
        strata = rates.strata_of(group, study.control, arm, count)
        pairs += [strata.both, strata.none]
    found = cochran_mantel_haenszel(pairs)
    return found if isinstance(found, NotEstimable) else _Alike(found.p_value, f"the arms differ by z = {found.z:.2f}")


def _recorded(study: Study, arm: str) -> str:
    """In words, the first recorded look at which intention-to-treat decided though handling is the same; or nothing."""
    differs = any(each.arm == arm for each in handling_differences(study.protocol, study.definitions))
    if differs or study.protocol.handling != "blinded" or kind_of(study.protocol.primary).denominator != "lead":
        return ""
    taken = [at_us for at_us, look in study.schedule.recorded.items() if look.deciding.get(arm) == "itt"]
    return f"found at the look of {instant(min(taken)).date()}" if taken else ""


def _break_even(study: Study, arm: str) -> str:
    """κ* in words, from the triggered interval of the primary metric."""
    metric = study.protocol.primary
    horizon = study.horizon(metric)
    if kind_of(metric).unit != "rate" or kind_of(metric).denominator != "lead" or not study.due(arm, horizon):
        return ""
    found = compare(study, metric, arm, "triggered").difference(
        study.boundary(arm, horizon, metric).z(study.alpha(arm))
    )
    counted = [(row.stratum, row.mature) for row in study.cells(arm, horizon)]
    leads, both = (sum(n for stratum, n in counted if stratum in names) for names in (rates.STRATA, ("both",)))
    if isinstance(found, NotEstimable) or not both:
        return ""
    low, high = found.interval.low or 0.0, found.interval.high or 0.0
    if low <= 0 <= high:
        return "; the triggered interval includes no effect, so there is nothing to overturn"
    kappa = (low if low > 0 else -high) * leads / both
    return f"; an arm difference of {100 * kappa:.2f} points among leads both hand over would overturn the result"
