"""Checks of what sales did and reported: handling, owners, matching, maturity, lateness, capacity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from mqlab.analysis.results import Check
from mqlab.analysis.study import Study
from mqlab.leads.instants import DAY_US
from mqlab.stats import binary
from mqlab.stats.binary import Counts
from mqlab.stats.clusters import Accounts, compare
from mqlab.stats.estimate import NotEstimable
from mqlab.stats.independence import chi_square
from mqlab.stats.means import Moments, welch
from mqlab.stats.multiplicity import holm
from mqlab.stats.ranks import mid_ranks, rank_sum_p
from mqlab.warehouse.shared_leads import SharedLead

WARNING_P = 0.01
FAILING_P = 0.001
GAP = 0.10
"""A gap between arms, as a share, that fails `match_rate`."""
MATCHED_ENOUGH = 0.95
WORKED_ENOUGH = 0.95
FEW_LEADS = 20
HOUR_US = 3_600_000_000


def handling_parity(study: Study, arm: str, shared: Sequence[SharedLead]) -> Check:
    """Among leads both definitions hand over: the wait for a first response, touches and acceptance, by arm.

    Three tests, Holm's p: ranks of the waits, Welch on touches, two proportions; where accounts are randomised each is
    the clustered comparison of means (of waits, of their ranks).
    """
    if not study.responses[0]:
        return Check("handling_parity", "not_applicable", "no touches, meetings or answers of sales are known")
    a, b = ([lead for lead in shared if lead.arm == side] for side in (study.control, arm))
    if min(len(a), len(b)) < FEW_LEADS:
        detail = f"fewer than {FEW_LEADS} leads of an arm were handed over by both definitions"
        return Check("handling_parity", "not_applicable", detail)
    p_values = _parity_by_account(a, b) if study.by_account else _parity_by_lead(a, b)
    usable = {name: p for name, p in p_values.items() if not isinstance(p, NotEstimable)}
    if not usable:
        return Check("handling_parity", "not_applicable", "the leads both definitions hand over do not vary")
    adjusted = dict(zip(usable, holm(list(usable.values())), strict=True))
    name, p_value = min(adjusted.items(), key=lambda item: item[1])
    accepted = [Counts(sum(lead.accepted for lead in group), len(group)) for group in (a, b)]
    detail = (
        f"first response after {_median_hours(a)} and {_median_hours(b)}, "
        f"touches per lead {_mean_touches(a):.2f} and {_mean_touches(b):.2f}, "
        f"accepted {_percent(accepted[0])} and {_percent(accepted[1])} (control and {arm})"
    )
    if p_value < WARNING_P:
        return Check("handling_parity", "warn", f"{detail}; {name} differs", p_value)
    return Check("handling_parity", "pass", detail, p_value)


def _parity_by_lead(a: Sequence[SharedLead], b: Sequence[SharedLead]) -> dict[str, float | NotEstimable]:
    touches = welch(
        *(Moments(len(g), sum(lead.touches for lead in g), sum(lead.touches**2 for lead in g)) for g in (a, b))
    )
    accepted = [Counts(sum(lead.accepted for lead in group), len(group)) for group in (a, b)]
    return {
        "wait": rank_sum_p(_waits(a), _waits(b)),
        "touches": touches if isinstance(touches, NotEstimable) else touches.p_value(),
        "acceptance": binary.p_value(accepted[0], accepted[1]),
    }


def _parity_by_account(a: Sequence[SharedLead], b: Sequence[SharedLead]) -> dict[str, float | NotEstimable]:
    ranks = mid_ranks([*_waits(a), *_waits(b)])
    return {
        "wait": _clustered_p(a, ranks[: len(a)], b, ranks[len(a) :]),
        "touches": _clustered_p(a, [lead.touches for lead in a], b, [lead.touches for lead in b]),
        "acceptance": _clustered_p(a, [lead.accepted for lead in a], b, [lead.accepted for lead in b]),
    }


def _clustered_p(
    a: Sequence[SharedLead], of_a: Sequence[float], b: Sequence[SharedLead], of_b: Sequence[float]
) -> float | NotEstimable:
    """The p-value of equal means per lead, accounts as clusters."""
    sides = []
    for leads, values in ((a, of_a), (b, of_b)):
        sums: dict[str, list[float]] = {}
        for lead, value in zip(leads, values, strict=True):
            account = sums.setdefault(lead.unit, [0.0, 0.0])
            account[0] += 1
            account[1] += value
        sides.append(Accounts.of([n for n, _ in sums.values()], [total for _, total in sums.values()]))
    found = compare(*sides)
    return found if isinstance(found, NotEstimable) else found.p_value()


def owner_balance(study: Study, arm: str, shared: Sequence[SharedLead]) -> Check:
    """Among leads both definitions hand over, who works a lead must not depend on the arm.

    Where accounts are randomised an account counts once, with the owner of its first lead.
    """
    if not shared:
        return Check("owner_balance", "not_applicable", "no lead that both definitions hand over has been handed over")
    owned = [(lead.arm, lead.unit, lead.owner) for lead in shared if lead.owner is not None]
    if study.by_account:
        owned = list({unit: (side, unit, owner) for side, unit, owner in reversed(owned)}.values())
    if not owned:
        return Check("owner_balance", "not_applicable", "sales feedback names no owner of these leads")
    counts = Counter((side, owner) for side, _, owner in owned)
    owners = sorted({owner for _, _, owner in owned})
    often = [owner for owner in owners if sum(counts[side, owner] for side in (study.control, arm)) >= 10]
    rest = [owner for owner in owners if owner not in set(often)]
    table = [
        [counts[side, owner] for owner in often] + [sum(counts[side, owner] for owner in rest)]
        for side in (study.control, arm)
    ]
    found = chi_square(table)
    if isinstance(found, NotEstimable):
        told = "1 owner" if len(owners) == 1 else f"{len(owners)} owners"
        return Check("owner_balance", "not_applicable", f"{told}, too few to compare arms by")
    words = f"{len(owners)} owners, χ² = {found.statistic:.2f} with {found.df} degrees of freedom"
    if found.p_value < WARNING_P:
        return Check("owner_balance", "warn", f"{words}: some owners get more of one arm", found.p_value)
    return Check("owner_balance", "pass", words, found.p_value)


def match_rate(study: Study) -> Check:
    """Sales feedback must find its leads, and as often in every arm."""
    matched, unmatched = sum(row.rows for row in study.log), study.unmatched_outcomes
    if not matched and not unmatched:
        return Check("match_rate", "not_applicable", "there is no sales feedback yet")
    share = matched / (matched + unmatched)
    words = f"{matched:,} of {matched + unmatched:,} outcome rows found their lead ({100 * share:.1f}%)"
    if not matched:
        return Check("match_rate", "fail", words)
    arms = [arm.name for arm in study.protocol.arms]
    counts = {arm: _worked(study, arm) for arm in arms}
    shares = ", ".join(f"{arm} {_percent(each)}" for arm, each in counts.items() if each.n)
    if shares:
        words += f"; leads handed over with any feedback: {shares}"
    control = counts[study.control]
    smallest: float | None = None
    for arm in arms:
        other = counts[arm]
        if arm == study.control or min(control.n, other.n) < FEW_LEADS:
            continue
        p_value = binary.p_value(control, other)
        if isinstance(p_value, NotEstimable):
            continue
        smallest = p_value if smallest is None else min(smallest, p_value)
        gap = abs(other.x / other.n - control.x / control.n)
        none_at_all = (not other.x) != (not control.x)
        if (none_at_all and p_value < WARNING_P) or (gap > GAP and p_value < FAILING_P):
            return Check("match_rate", "fail", f"{words}; a large gap between the arms", p_value)
    return Check("match_rate", "pass" if share >= MATCHED_ENOUGH else "warn", words, smallest)


def maturity(study: Study) -> Check:
    """How many leads have been followed for the primary's whole horizon."""
    horizon = study.horizon(study.protocol.primary)
    mature = sum(study.follow_up.mature(horizon, study.clock.as_of_us).values())
    leads = study.follow_up.leads
    words = f"{mature:,} of {leads:,} enrolled leads have been followed for {horizon} days"
    if not leads:
        return Check("maturity", "warn", "nobody is enrolled yet")
    if not all(study.due(arm.name, horizon) for arm in study.protocol.challengers):
        return Check("maturity", "warn", f"{words}: too few to read {study.protocol.primary.metric}")
    if study.schedule.final and mature < leads:
        return Check("maturity", "warn", f"{words} at the planned end")
    return Check("maturity", "pass", words)


def lateness(study: Study) -> Check:
    """How late sales feedback arrives, against the primary's horizon."""
    late = study.clock.lateness_us
    if late is None:
        detail = "lateness unknown: no outcome row has a real arrival time, so feedback is taken as complete"
        return Check("lateness", "not_applicable", detail)
    horizon = study.horizon(study.protocol.primary)
    words = f"99% of {study.clock.rows:,} outcome rows were known within {late / DAY_US:.1f} days"
    if late > horizon * DAY_US / 4:
        return Check("lateness", "warn", f"{words}, more than a quarter of the horizon of {horizon} days")
    return Check("lateness", "pass", f"{words}; leads are followed up to then")


def capacity(study: Study) -> Check:
    """Whether sales works what it is handed: if it cannot, one arm's leads crowd out the other's.

    Then a shared queue hides what a roll-out would do, and neither estimator tells it (statistics.md section 3.6).
    """
    if not study.responses[0]:
        return Check("capacity", "not_applicable", "no touches, meetings or answers of sales are known")
    counts = {arm.name: _worked(study, arm.name) for arm in study.protocol.arms}
    handed, worked = sum(each.n for each in counts.values()), sum(each.x for each in counts.values())
    if not handed:
        return Check("capacity", "not_applicable", "no lead has been handed over long enough ago")
    words = f"sales worked {_percent(Counts(worked, handed))} of {handed:,} leads handed over ({_each(counts)})"
    in_time = {arm.name: _in_time(study, arm.name) for arm in study.protocol.arms}
    promised, kept = sum(each.n for each in in_time.values()), sum(each.x for each in in_time.values())
    if promised:
        words += f", {_percent(Counts(kept, promised))} of {promised:,} within the promised time ({_each(in_time)})"
    if worked < WORKED_ENOUGH * handed:
        return Check("capacity", "warn", f"{words}: {TRANSPORT}")
    return Check("capacity", "pass", words)


TRANSPORT = (
    "with a queue this full the effect, intention-to-treat's too, does not carry over to a roll-out; give each arm a "
    "queue of its own with its share of the reps' time, or randomise accounts, regions or weeks"
)


def _in_time(study: Study, arm: str) -> Counts:
    """Leads of an arm touched within the time its definition promises, of those handed over; none without a promise."""
    definition = study.definitions[next(each.definition for each in study.protocol.arms if each.name == arm)]
    promised = definition.handoff.first_touch_us if definition.handoff is not None else None
    if promised is None or (promised < DAY_US and not study.responses[1]):
        return Counts(0, 0)
    pair = study.protocol.challengers[0].name if arm == study.control else arm
    rows = [cell for cell in study.cells(pair, study.horizon(study.protocol.primary)) if cell.arm == arm]
    return Counts(sum(cell.in_time for cell in rows), sum(cell.handed for cell in rows))


def _each(counts: Mapping[str, Counts]) -> str:
    return ", ".join(f"{arm} {_percent(each)}" for arm, each in counts.items() if each.n)


def _worked(study: Study, arm: str) -> Counts:
    """Leads of an arm that sales said anything about, of those handed over."""
    handed, worked = study.worked(arm)
    return Counts(worked, handed)


def _waits(rows: Sequence[SharedLead]) -> list[float]:
    """Waits in microseconds; a lead not answered yet waits longest."""
    return [np.inf if row.wait_us is None else float(row.wait_us) for row in rows]


def _median_hours(rows: Sequence[SharedLead]) -> str:
    waits = sorted(_waits(rows))
    middle = waits[(len(waits) - 1) // 2]
    return "no answer" if np.isinf(middle) else f"{middle / HOUR_US:.1f} h"


def _mean_touches(rows: Sequence[SharedLead]) -> float:
    return sum(row.touches for row in rows) / len(rows)


def _percent(counts: Counts) -> str:
    return f"{100 * counts.x / counts.n:.1f}%" if counts.n else "none"
