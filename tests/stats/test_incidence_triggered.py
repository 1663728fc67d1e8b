"""Triggered and delayed together: `triggered` when all are mature, the formula of the page, resampling, laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqlab.stats import incidence_triggered as delayed
from mqlab.stats import triggered
from mqlab.stats.binary import Counts
from mqlab.stats.estimate import Estimate, NotEstimable
from mqlab.stats.incidence import Followed
from mqlab.stats.incidence_by_age import ByAge, FollowedPair
from mqlab.stats.incidence_triggered import Diluted, FollowedStrata, dilute
from mqlab.stats.strata import Pair, Strata
from mqlab.stats.tails import critical_z

Z = critical_z(0.05)
LAW = settings(deadline=None, max_examples=30)
HORIZON = 8
NOBODY = Followed.nobody(horizon_days=HORIZON)
EMPTY = FollowedPair(NOBODY, NOBODY)
WORKED = Strata(
    both=Pair(Counts(264, 880), Counts(262, 884)),
    control_first=Pair(Counts(18, 120), Counts(6, 122)),
    arm_first=Pair(Counts(5, 118), Counts(30, 121)),
    none=Pair(Counts(29, 2882), Counts(28, 2873)),
)


def diluted(found: Diluted | NotEstimable) -> Diluted:
    assert isinstance(found, Diluted)
    return found


def mature(counts: Counts, rng: np.random.Generator) -> Followed:
    """The same leads, all followed to the end, converted at random ages."""
    ages = [*rng.integers(1, HORIZON + 1, counts.x), *[0] * (counts.n - counts.x)]
    return Followed.of([HORIZON] * counts.n, ages, horizon_days=HORIZON)


def matured(strata: Strata, seed: int) -> FollowedStrata:
    rng = np.random.default_rng(seed)
    pairs = (strata.both, strata.control_first, strata.arm_first, strata.none)
    return FollowedStrata(*(FollowedPair(mature(p.control, rng), mature(p.treatment, rng)) for p in pairs))


def swapped(strata: FollowedStrata) -> FollowedStrata:
    return FollowedStrata(
        *(
            FollowedPair(p.treatment, p.control)
            for p in (strata.both, strata.arm_first, strata.control_first, strata.none)
        )
    )


def counts(least: int = 0) -> st.SearchStrategy[Counts]:
    return st.integers(least, 60).flatmap(lambda n: st.integers(0, n).map(lambda x: Counts(x, n)))


def all_mature(least: int = 0) -> st.SearchStrategy[Strata]:
    return st.builds(Strata, *[st.builds(Pair, counts(least), counts(least))] * 4)


@st.composite
def leads(draw, least: int = 1) -> Followed:
    entries = draw(
        st.lists(
            st.tuples(st.integers(0, HORIZON), st.integers(0, HORIZON), st.integers(0, 20)), min_size=1, max_size=6
        )
    )
    if least:
        entries.append((HORIZON, 0, draw(st.integers(least, 20))))
    return Followed.of(*zip(*entries, strict=True), horizon_days=HORIZON)


def pairs(least: int = 1) -> st.SearchStrategy[FollowedPair]:
    return st.builds(FollowedPair, leads(least), leads(least))


def phases(least: int = 1) -> st.SearchStrategy[FollowedStrata]:
    return st.builds(FollowedStrata, pairs(), pairs(least), pairs(least), pairs())


def test_the_worked_example_when_all_are_mature():
    """8,000 leads, 481 discordant: Δ .003097008, SE .001795043, interval [−.00044218, .00669410] (statistics, G3)."""
    found = diluted(dilute([matured(WORKED, 3)]))
    gap, lift, plain = found.difference(z=Z), found.relative_lift(z=Z), triggered.relative_lift(WORKED, z=Z)

    assert (found.share.value, found.share.units) == pytest.approx((0.060125, 8_000), rel=1e-12)
    assert found.standard_error == pytest.approx(0.001795043, abs=5e-10)
    assert (gap.value, gap.interval.low, gap.interval.high) == pytest.approx(
        (0.003097008, -0.00044218, 0.00669410), abs=5e-9
    )
    assert isinstance(lift, Estimate) and isinstance(plain, Estimate)
    assert (lift.value, lift.interval.low, lift.interval.high) == pytest.approx(
        (plain.value, plain.interval.low, plain.interval.high), rel=1e-9
    )


@LAW
@given(all_mature(), st.integers(0, 9), st.sampled_from([0.3, 0.05, 0.001]))
def test_with_everybody_followed_it_is_the_triggered_estimator(strata, seed, alpha):
    """All mature: difference, p, z, rates, standard errors and lift are `triggered`'s, whatever the ages were."""
    z = critical_z(alpha)
    phase = [matured(strata, seed)]
    plain, found = triggered.difference(strata, z=z), delayed.difference(phase, z=z)
    if isinstance(plain, NotEstimable):
        assert isinstance(found, NotEstimable)
        assert plain.reason == found.reason or not strata.assigned.filled
        return

    assert isinstance(found, Estimate)
    assert (found.value, found.interval.low, found.interval.high) == pytest.approx(
        (plain.value, plain.interval.low, plain.interval.high), abs=1e-14
    )
    assert delayed.p_value(phase) == triggered.p_value(strata)
    assert delayed.z_score(phase) == triggered.z_score(strata)
    assert delayed.arm_rates(phase) == pytest.approx(triggered.arm_rates(strata), abs=1e-12)
    assert delayed.standard_error(phase) == pytest.approx(triggered.standard_error(strata), abs=1e-12)
    lift, plain_lift = delayed.relative_lift(phase, z=z), triggered.relative_lift(strata, z=z)
    assert isinstance(lift, Estimate) is isinstance(plain_lift, Estimate)
    if isinstance(lift, Estimate) and isinstance(plain_lift, Estimate):
        assert _three(lift) == pytest.approx(_three(plain_lift), rel=1e-9, abs=1e-9)
    error, plain_error = diluted(dilute(phase)).log_lift_standard_error, triggered.log_lift_standard_error(strata)
    if isinstance(plain_error, float):
        assert error == pytest.approx(plain_error, rel=1e-9, abs=1e-12)


def _three(estimate: Estimate) -> list[float]:
    return [
        math.inf if number is None else number
        for number in (estimate.value, estimate.interval.low, estimate.interval.high)
    ]


def sample(rng: np.random.Generator, units: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Arm, stratum known so far (0 both … 3 none), follow-up and age of conversion of leads that arrive over time."""
    arm, kind = rng.integers(0, 2, units), rng.choice(4, units, p=[0.2, 0.15, 0.15, 0.5])
    follow_up = rng.integers(2, HORIZON + 4, units)
    parts = rng.integers(0, HORIZON, units)
    rate = np.array([[0.5, 0.4, 0.1, 0.05], [0.5, 0.1, 0.6, 0.05]])[arm, kind]
    age = np.where(rng.random(units) < rate, parts + rng.integers(1, 5, units), 0)
    return arm, np.where(parts < follow_up, kind, 3), follow_up, age


def strata_of(arm, kind, follow_up, age) -> FollowedStrata:
    def pair(stratum: int) -> FollowedPair:
        cells = [(arm == side) & (kind == stratum) for side in (0, 1)]
        return FollowedPair(*(Followed.of(follow_up[c], age[c], horizon_days=HORIZON) for c in cells))

    return FollowedStrata(*(pair(stratum) for stratum in range(4)))


def test_difference_and_variance_are_those_of_the_formula():
    """Δ̂ = Σ π_u (a_uB − a_uA) and Var = Σ IF², both written out lead by lead."""
    arm, kind, follow_up, age = sample(np.random.default_rng(5), 400)
    c, t = np.minimum(follow_up, HORIZON), np.where(age <= np.minimum(follow_up, HORIZON), age, 0)
    disagree = (kind == 1) | (kind == 2)
    effect, one = 0.0, np.zeros(400)
    for u in range(1, HORIZON + 1):
        reached = c >= u
        n, share = reached.sum(), (disagree & reached).sum() / reached.sum()
        hazard = []
        for k in (0, 1):
            at = disagree & reached & (arm == k)
            a = (at & (t == u)).sum() / at.sum()
            hazard.append(a)
            one += np.where(at, (1 if k else -1) * share * ((t == u) - a) / at.sum(), 0.0)
        one += np.where(reached, (hazard[1] - hazard[0]) * (disagree - share) / n, 0.0)
        effect += share * (hazard[1] - hazard[0])
    found = diluted(dilute([strata_of(arm, kind, follow_up, age)]))

    assert found.difference(z=Z).value == pytest.approx(effect, abs=1e-14)
    assert found.standard_error == pytest.approx(math.sqrt(one @ one), abs=1e-14)


def test_standard_errors_match_a_bootstrap():
    """Those of the difference and of the log lift equal the spread over 1,000 resamples of the leads, within 5%."""
    rng = np.random.default_rng(11)
    rows = sample(rng, 3_000)
    found = diluted(dilute([strata_of(*rows)]))
    effects, logs = [], []
    for _ in range(1_000):
        chosen = rng.integers(0, 3_000, 3_000)
        again = diluted(dilute([strata_of(*(column[chosen] for column in rows))]))
        control, treatment = again.counts
        effects.append(again.share.value * (treatment.rate - control.rate))
        logs.append(math.log(again.rates[1] / again.rates[0]))

    assert found.standard_error == pytest.approx(np.std(effects), rel=0.05)
    assert found.log_lift_standard_error == pytest.approx(np.std(logs), rel=0.05)


def test_effective_leads_are_worth_the_variance_of_the_influences():
    """Arms alike, conversions spread over follow-up as over leads: n = q(1 − q)π²/Σ own², for either arm."""
    arm = Followed.of([8, 4, 8, 8, 4], [2, 2, 6, 0, 0], [10, 5, 20, 70, 45], horizon_days=HORIZON)
    rest = Followed.of([8, 4], [0, 0], [300, 100], horizon_days=HORIZON)
    ages = ByAge(rest, [FollowedPair(arm, arm)])
    rate, *units = ages.effective_units()
    within, share = float(arm.leads @ ages.own(arm, 0, 0) ** 2), float(ages.share[0, -1])

    assert share == pytest.approx(200 / 500)
    assert rate == pytest.approx((300 / 700 * 0.1 + 0.4 * 0.2) / 0.4)
    assert units == pytest.approx([rate * (1 - rate) * share**2 / within] * 2)


@LAW
@given(phases())
def test_influences_sum_to_nothing(phase):
    """Over all leads the influences on either rate sum to 0, and so does every arm's own part."""
    ages = ByAge(phase.concordant.pooled, [phase.discordant])
    total = np.zeros(2)
    total += ages.shared(phase.concordant.pooled, None) @ phase.concordant.pooled.leads
    for side, arm in enumerate(phase.discordant.arms):
        total += ages.shared(arm, 0) @ arm.leads
        assert ages.own(arm, 0, side) @ arm.leads == pytest.approx(0.0, abs=1e-12)

    assert total == pytest.approx([0.0, 0.0], abs=1e-12)


@LAW
@given(st.lists(phases(least=0), min_size=1, max_size=3), st.sampled_from([0.5, 0.05, 0.001]))
def test_the_parts_agree_about_the_sign(several, alpha):
    """0 is outside the difference's interval exactly when p < α; the lift's limits never claim another sign."""
    z = critical_z(alpha)
    gap, p, lift = (delayed.difference(several, z=z), delayed.p_value(several), delayed.relative_lift(several, z=z))
    if isinstance(gap, NotEstimable):
        assert isinstance(p, NotEstimable) and isinstance(lift, NotEstimable)
        return

    assert isinstance(p, float)
    assert gap.interval.contains(0.0) is (p >= alpha)
    assert gap.interval.low - 1e-12 <= gap.value <= gap.interval.high + 1e-12
    if isinstance(lift, Estimate):
        value, low, high = _three(lift)
        assert low >= 0 if gap.interval.low > 0 else low <= 0
        assert high <= 0 if gap.interval.high < 0 else high >= 0
        assert math.isinf(value) or low - 1e-12 <= value <= high + 1e-12


@LAW
@given(st.lists(phases(), min_size=1, max_size=3))
def test_swapping_the_arms_negates_the_difference(several):
    """The other arm as control: difference and limits change sign, rates change places, p and SE stay."""
    there, back = diluted(dilute(several)), diluted(dilute([swapped(phase) for phase in several]))
    gap, turned = there.difference(z=Z), back.difference(z=Z)

    assert (-turned.value, -turned.interval.high, -turned.interval.low) == pytest.approx(
        (gap.value, gap.interval.low, gap.interval.high), abs=1e-12
    )
    assert back.rates == pytest.approx(there.rates[::-1], abs=1e-12)
    assert (back.p_value, back.standard_error) == pytest.approx((there.p_value, there.standard_error), abs=1e-12)


@LAW
@given(phases())
def test_a_phase_split_in_halves_stays_whole(phase):
    """Two equal halves as phases of their own say what the whole says."""
    doubled = FollowedStrata(*(pair + pair for pair in (phase.both, phase.control_first, phase.arm_first, phase.none)))
    whole, halves = diluted(dilute([doubled])), diluted(dilute([phase, phase]))
    one, two = whole.difference(z=Z), halves.difference(z=Z)

    assert _three(two) == pytest.approx(_three(one), abs=1e-9)
    assert (halves.rates, halves.standard_error) == (
        pytest.approx(whole.rates),
        pytest.approx(whole.standard_error, abs=1e-12),
    )


def test_phases_count_with_their_leads():
    """Δ̂ = Σ (N_φ/N) Δ̂_φ, SE² = Σ (N_φ/N)² SE_φ²; a phase without disagreement adds leads and no effect."""
    rng = np.random.default_rng(23)
    first, second = strata_of(*sample(rng, 900)), strata_of(*sample(rng, 300))
    alike = FollowedStrata(first.both, EMPTY, EMPTY, first.none)
    parts = [diluted(dilute([phase])) for phase in (first, second)]
    weights = [phase.units / (first.units + second.units + alike.units) for phase in (first, second)]
    found = diluted(dilute([first, second, alike]))

    assert found.difference(z=Z).value == pytest.approx(
        sum(w * part.difference(z=Z).value for w, part in zip(weights, parts, strict=True)), abs=1e-14
    )
    assert found.standard_error**2 == pytest.approx(
        sum((w * part.standard_error) ** 2 for w, part in zip(weights, parts, strict=True))
    )


def test_phases_that_cannot_be_read_are_left_out():
    """A phase with one arm, with one-sided disagreement, or not followed to the horizon does not count."""
    rng = np.random.default_rng(29)
    good = strata_of(*sample(rng, 900))
    recent = Followed.of([3] * 40, [0] * 40, horizon_days=HORIZON)
    some = FollowedPair(recent, recent)
    one_sided = FollowedStrata(good.both, FollowedPair(good.none.control, NOBODY), EMPTY, good.none)
    young = FollowedStrata(some, some, some, some)
    one_arm = FollowedStrata(EMPTY, EMPTY, EMPTY, FollowedPair(recent, NOBODY))
    alone = delayed.difference([good], z=Z)

    assert delayed.difference([good, one_sided, young, one_arm], z=Z) == alone


@pytest.mark.parametrize(
    ("several", "reason"),
    [
        pytest.param([], "no_units", id="no phase"),
        pytest.param([FollowedStrata(EMPTY, EMPTY, EMPTY, EMPTY)], "no_units", id="nobody"),
        pytest.param(
            [FollowedStrata(*[FollowedPair(Followed.of([8], [0], horizon_days=8), NOBODY)] * 4)],
            "no_units",
            id="one arm",
        ),
        pytest.param(
            [FollowedStrata(EMPTY, EMPTY, EMPTY, FollowedPair(*[Followed.of([8], [0], horizon_days=8)] * 2))],
            "no_discordant_leads",
            id="definitions agree on everybody",
        ),
        pytest.param(
            [
                FollowedStrata(
                    EMPTY,
                    FollowedPair(Followed.of([8], [2], horizon_days=8), NOBODY),
                    EMPTY,
                    FollowedPair(*[Followed.of([8], [0], horizon_days=8)] * 2),
                )
            ],
            "no_units",
            id="all discordant leads in one arm",
        ),
        pytest.param(
            [FollowedStrata(*[FollowedPair(*[Followed.of([7, 7], [3, 0], horizon_days=8)] * 2)] * 4)],
            "horizon_beyond_data",
            id="a day too early",
        ),
        pytest.param(
            [FollowedStrata(EMPTY, EMPTY, EMPTY, FollowedPair(*[Followed.of([7], [0], horizon_days=8)] * 2))],
            "horizon_beyond_data",
            id="too early to agree",
        ),
    ],
)
def test_what_cannot_be_estimated_says_why(several, reason):
    """Every function gives the same reason instead of a number."""
    found = [
        delayed.difference(several, z=Z),
        delayed.relative_lift(several, z=Z),
        delayed.p_value(several),
        delayed.z_score(several),
        delayed.arm_rates(several),
        delayed.standard_error(several),
    ]

    assert [one.reason for one in found if isinstance(one, NotEstimable)] == [reason] * 6


def test_without_conversions_there_is_a_difference_but_no_lift():
    """Nobody converted: difference 0 with an interval, p = 1, and no relative change."""
    nothing = Followed.of([8, 4], [0, 0], [40, 40], horizon_days=HORIZON)
    phase = [FollowedStrata(*[FollowedPair(nothing, nothing)] * 4)]
    gap, lift = delayed.difference(phase, z=Z), delayed.relative_lift(phase, z=Z)

    assert isinstance(gap, Estimate) and gap.value == 0.0
    assert gap.interval.low < 0 < gap.interval.high
    assert delayed.p_value(phase) == 1.0
    assert isinstance(lift, NotEstimable) and lift.reason == "no_outcomes"
    error = diluted(dilute(phase)).log_lift_standard_error
    assert isinstance(error, NotEstimable) and error.reason == "no_outcomes"


def test_outcomes_of_one_definition_only_leave_the_lift_open():
    """Every conversion among the treatment's discordant leads: a lower limit of the lift and no upper one."""
    nothing = Followed.of([8, 4], [0, 0], [200, 50], horizon_days=HORIZON)
    won = Followed.of([8, 8, 4], [3, 0, 0], [9, 191, 50], horizon_days=HORIZON)
    still = FollowedPair(nothing, nothing)
    lift = delayed.relative_lift([FollowedStrata(still, still, FollowedPair(nothing, won), still)], z=Z)

    assert isinstance(lift, Estimate) and lift.value is None and lift.interval.high is None
    assert lift.interval.low is not None and lift.interval.low > 0


def test_late_divergence_is_not_attenuated():
    """Half the leads are followed for 30 of 60 days and part at day 40: the share of those followed counts."""
    parted = [Followed.of([60, 60], [50, 0], [won, 100 - won], horizon_days=60) for won in (10, 30)]
    waiting = Followed.of([60, 30], [0, 0], [100, 200], horizon_days=60)
    nobody = FollowedPair(*[Followed.nobody(horizon_days=60)] * 2)
    phase = FollowedStrata(nobody, nobody, FollowedPair(*parted), FollowedPair(waiting, waiting))
    found = diluted(dilute([phase]))

    assert found.share.value == pytest.approx(200 / 400)
    assert found.difference(z=Z).value == pytest.approx(0.5 * (0.3 - 0.1))
    assert phase.discordant.units / phase.units * (0.3 - 0.1) == pytest.approx(0.05)
