"""The check `sample_ratio`: are units where the declared weights say, in all, by phase, by stratum, and day by day?

Units are what was randomised: accounts, where accounts were (statistics.md section 12).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from mqlab.analysis import rates
from mqlab.analysis.results import Check
from mqlab.analysis.study import Study
from mqlab.leads.instants import DAY_US, instant
from mqlab.stats.estimate import NotEstimable
from mqlab.stats.sample_ratio import SampleRatio, running_sample_ratio
from mqlab.stats.sample_ratio import sample_ratio as test_sample_ratio
from mqlab.warehouse.columns import Stratum
from mqlab.warehouse.head_counts import arrivals_by_day

BLOCKING_P = 0.001


def sample_ratio(study: Study, arm: str) -> Check:
    """Units by arm against the declared weights: over all, in each phase, and inside every stratum of the pair.

    χ² with p < .001 blocks. The running e-value, read at the end of every day, warns where it has ever reached 100: the
    split was off then, though it has evened out since.
    """
    arms = study.protocol.arms
    found = _split(study)
    if isinstance(found, NotEstimable):
        return Check("sample_ratio", "not_applicable", found.detail or found.reason)
    counted = [_units(study, each.name) for each in arms]
    split = ", ".join(f"{each.name} {n:,}" for each, n in zip(arms, counted, strict=True))
    expected = ", ".join(f"{want:,.1f}" for want in found.expected)
    detail = f"{'accounts' if study.by_account else 'leads'}: {split}; expected {expected}"
    where, worst = min([("", found.p_value), *_splits_inside(study, arm)], key=lambda each: each[1])
    if worst < BLOCKING_P:
        return Check("sample_ratio", "fail", f"{detail}; not the declared split{where} (p = {worst:.2g})", worst)
    alarm = _alarm(study)
    if alarm:
        return Check("sample_ratio", "warn", f"{detail}; {alarm}", found.p_value)
    return Check("sample_ratio", "pass", detail, found.p_value)


def _split(study: Study, phase: int | None = None) -> SampleRatio | NotEstimable:
    """The test of all arms' units, over all or in a phase."""
    arms = study.protocol.arms
    return test_sample_ratio([_units(study, arm.name, phase) for arm in arms], [arm.weight for arm in arms])


def _splits_inside(study: Study, arm: str) -> Iterator[tuple[str, float]]:
    """Where, and the p-value, of the split in each phase, among discordant units and in each stratum of the pair."""
    phases_seen = sorted({row.phase for row in study.census})
    for phase in phases_seen if len(phases_seen) > 1 else ():
        inside = _split(study, phase)
        if not isinstance(inside, NotEstimable):
            yield f" in phase {phase}", inside.p_value
    pair = [each for each in study.protocol.arms if each.name in (study.control, arm)]
    strata: Mapping[str, Sequence[Stratum]] = {
        " where the definitions disagree": ("control_first", "arm_first"),
        **{f" in the stratum {name}": (name,) for name in rates.STRATA},
    }
    for where, names in strata.items():
        counted = [
            sum(row.units for row in study.census if row.arm == each.name and row.strata[arm] in names) for each in pair
        ]
        inside = test_sample_ratio(counted, [each.weight for each in pair])
        if not isinstance(inside, NotEstimable):
            yield f" of {study.control} and {arm}{where}", inside.p_value


def _units(study: Study, arm: str, phase: int | None = None) -> int:
    return sum(row.units for row in study.census if row.arm == arm and phase in (None, row.phase))


def _alarm(study: Study) -> str:
    """In words, the highest running e-value of all days and its day; nothing where it never reached 100."""
    arms = study.protocol.arms
    arrived = arrivals_by_day(study.dataset, by_unit=study.by_account)
    if not arrived:
        return ""
    seen = sorted({day for day, _ in arrived})
    counts = np.array([[arrived.get((day, arm.name), 0) for day in seen] for arm in arms])
    found = [
        (running.e_value, day)
        for day, row in zip(seen, counts.cumsum(axis=1).T.tolist(), strict=True)
        if not isinstance(running := running_sample_ratio(row, [arm.weight for arm in arms]), NotEstimable)
        and running.alarm
    ]
    if not found:
        return ""
    highest, day = max(found)
    return f"the running e-value reached {highest:,.0f} on {instant(day * DAY_US).date()}: the split was off then"
