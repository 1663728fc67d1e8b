"""Bad input to every public function of `mqlab.stats`: a number, a reason, or a ValueError that says what is wrong.

Each function has a pool of values for each of its arguments, harmless ones and bad ones (nobody, an empty arm, all or
none converted, one giant account, money of 0, −5, 1e12 and NaN, falling information, …); every combination is tried. No
combination may crash, give NaN, a limit on the wrong side, or a bare "math domain error".
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import itertools
import math
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

import mqlab.stats
from mqlab.stats.binary import Counts
from mqlab.stats.clusters import AccountRate, Accounts, account_rate
from mqlab.stats.dilution import Share
from mqlab.stats.duration import Arrivals, DelayCurve
from mqlab.stats.effective import Effective
from mqlab.stats.estimate import Estimate, Interval, NotEstimable
from mqlab.stats.incidence import Followed, Incidence, product_limit
from mqlab.stats.incidence_accounts import FollowedAccounts
from mqlab.stats.incidence_by_age import FollowedPair
from mqlab.stats.incidence_triggered import FollowedStrata
from mqlab.stats.means import Moments, MomentStrata, RatioSums
from mqlab.stats.permutation import Winnings
from mqlab.stats.precision import Qualified, QualifiedPair
from mqlab.stats.stopping import group_sequential
from mqlab.stats.strata import Pair, Strata
from mqlab.stats.thresholds import Curve, Scores, Worth, bands, curve

NAN, INF = math.nan, math.inf
MOST = 1_500
"""Combinations tried of one function; beyond, an even choice of them."""

Pools = Mapping[str, Sequence[Any]]


def counts() -> list[Counts]:
    """Nobody; one unit; nobody, everybody and some converted; far too many."""
    pairs = ((0, 0), (0, 1), (1, 1), (0, 40), (40, 40), (3, 40), (1, 10**12), (10**12, 10**12))
    return [Counts(x, n) for x, n in pairs]


NOBODY = Counts(0, 0)
FEW, MANY = Counts(1, 3), Counts(30, 400)
PAIRS = [Pair(a, b) for a in (NOBODY, Counts(0, 1), Counts(4, 4), MANY) for b in (NOBODY, Counts(1, 1), FEW)]
STRATA = [
    Strata(*(Pair(*arms) for arms in cells))
    for cells in (
        [(NOBODY, NOBODY)] * 4,
        [(MANY, MANY), (NOBODY, NOBODY), (NOBODY, NOBODY), (MANY, MANY)],
        [(NOBODY, NOBODY), (FEW, NOBODY), (NOBODY, NOBODY), (NOBODY, NOBODY)],
        [(NOBODY, NOBODY), (FEW, NOBODY), (NOBODY, FEW), (NOBODY, NOBODY)],
        [(NOBODY, NOBODY), (NOBODY, NOBODY), (MANY, FEW), (NOBODY, MANY)],
        [(Counts(0, 90), Counts(0, 90))] * 4,
        [(Counts(90, 90), Counts(90, 90))] * 4,
        [(Counts(0, 90), Counts(0, 90)), (Counts(0, 5), Counts(0, 5)), (Counts(0, 5), Counts(5, 5)), (MANY, MANY)],
        [(MANY, MANY), (Counts(0, 1), Counts(1, 1)), (Counts(1, 1), Counts(0, 1)), (FEW, FEW)],
    )
]
MOMENTS = [
    Moments(0, 0, 0), Moments(1, 5, 25), Moments(2, 0, 0), Moments(9, 90, 900), Moments(40, 700, 90_000),
    Moments(40, -700, 90_000), Moments(10**7, 10**12 * 10**6, 10**24 * 10**6),
]  # fmt: skip
SUMS = [
    RatioSums(0, 0, 0, 0, 0, 0), RatioSums(1, 5, 1, 25, 1, 5), RatioSums(40, 90, 0, 400, 0, 0),
    RatioSums(40, 0, 4, 0, 4, 0), RatioSums(40, 90, 4, 400, 4, 30), RatioSums(40, 40, 40, 40, 40, 40),
]  # fmt: skip
ACCOUNTS = [
    Accounts.of([], []),
    Accounts.of([5], [2]),
    Accounts.of([0, 0], [0, 0]),
    Accounts.of([1, 1], [0, 0]),
    Accounts.of([1, 1, 1], [1, 1, 1]),
    Accounts.of([10**6, 1, 1], [10, 0, 1]),
    Accounts.of([4, 9, 2, 5], [1, 4, 0, 3], [True, False, True, False]),
    Accounts.of([4, 9, 2, 5], [1, 4, 0, 3], [False] * 4),
    Accounts.of([4, 9, 2, 5], [-(10**12), 10**12, 0, 3]),
]
ARM_RATES = [found for accounts in ACCOUNTS if isinstance(found := account_rate(accounts), AccountRate)]
FOLLOWED = [
    Followed.nobody(horizon_days=30),
    Followed.of([5, 6], [2, 0], horizon_days=30),
    Followed.of([30, 40], [0, 0], horizon_days=30),
    Followed.of([30, 40], [1, 30], horizon_days=30),
    Followed.of([30, 12, 0, -4], [9, 12, 0, 0], [5, 5, 9, 9], horizon_days=30),
    Followed.of([30, 12], [0, 12], [1, 10**9], horizon_days=30),
]
INCIDENCES = [found for followed in FOLLOWED if isinstance(found := product_limit(followed), Incidence)]
FOLLOWED_ACCOUNTS = [
    FollowedAccounts.of([], [], [], horizon_days=30),
    FollowedAccounts.of([30, 30], [1, 0], [7, 7], horizon_days=30),
    FollowedAccounts.of([30, 3], [1, 0], [7, 8], horizon_days=30),
    FollowedAccounts.of([30, 30, 30], [0, 0, 0], [1, 2, 3], horizon_days=30),
    FollowedAccounts.of([30, 30, 30], [1, 2, 3], [1, 2, 3], [10**6, 1, 1], horizon_days=30),
    FollowedAccounts.of([30, 20, 30, 9], [1, 0, 0, 0], [1, 1, 2, 3], discordant=[1, 0, 0, 0], horizon_days=30),
    FollowedAccounts.of([30, 20, 30, 9], [1, 0, 0, 0], [1, 1, 2, 3], discordant=[0, 0, 0, 0], horizon_days=30),
]
FOLLOWED_STRATA = [
    FollowedStrata(*(FollowedPair(FOLLOWED[a], FOLLOWED[b]) for a, b in cells))
    for cells in (
        [(0, 0)] * 4,
        [(1, 1)] * 4,
        [(2, 2)] * 4,
        [(3, 3)] * 4,
        [(4, 4), (0, 0), (0, 0), (4, 4)],
        [(4, 4), (1, 0), (0, 0), (4, 4)],
        [(4, 4), (4, 0), (0, 4), (2, 2)],
        [(0, 0), (3, 2), (2, 3), (0, 0)],
        [(5, 4), (4, 5), (4, 4), (1, 1)],
    )
]
QUALIFIED = [
    QualifiedPair(Qualified(*a), Qualified(*b))
    for a, b in (
        ((0, 0, 0), (0, 0, 0)), ((1, 1, 1), (0, 0, 0)), ((1, 1, 1), (1, 0, 0)), ((40, 0, 0), (40, 0, 0)),
        ((40, 40, 40), (40, 40, 40)), ((40, 30, 0), (40, 0, 0)), ((40, 30, 9), (40, 3, 1)),
    )
]  # fmt: skip
EFFECTIVE = [
    Effective(0.0, 1.0),
    Effective(1.0, 1.0),
    Effective(0.0, 40.5),
    Effective(40.5, 40.5),
    Effective(3.3, 40.5),
]
WINNINGS = [
    Winnings([], [], 0, 0), Winnings([], [], 5, 5), Winnings([], [4], 0, 5), Winnings([4], [4], 1, 1),
    Winnings([0, -5], [10**12], 5, 5), Winnings([7], [], 90, 10),
]  # fmt: skip
SCORES = [
    Scores.of(*columns)
    for columns in (
        ([], [], []), ([50.0], [0], [0]), ([50.0, 50.0], [1, 1], [1, 1]), ([50.0, 60.0, 1e12], [1, 0, 1], [0, 1, 1]),
        (list(range(300)), [k > 150 for k in range(300)], [k % 3 == 0 for k in range(300)]),
    )
]  # fmt: skip
CURVES = [found for scores in SCORES if isinstance(found := curve(scores), Curve)]
WORTHS = [Worth(1_000.0, 100.0), Worth(1e12, 0.0, 0.5), Worth(1e-9, 1e12)]
FLAT, LATE = DelayCurve(tuple((u + 1) / 30 for u in range(30))), DelayCurve((0.0,) * 29 + (1.0,))
ARRIVALS = [Arrivals((0.0,), (0.0,)), Arrivals((0.0,), (40.0,)), Arrivals((0.0, 14.0), (0.0, 9.0))]
DESIGNS = [group_sequential([1], alpha=0.05), group_sequential([0, 1, 1, 3], alpha=0.05)]
TABLES = [[], [[]], [[0, 0], [0, 0]], [[5, 0], [7, 0]], [[5, 2], [0, 0]], [[5, 2], [7, 10**12]], [[1, 0], [0, 1]]]
ESTIMATES = [
    Estimate(value, Interval(low, high))
    for value, low, high in (
        (0.1, -0.1, 0.3), (None, 0.1, None), (None, None, None), (0.1, 0.1, 0.1), (-1.0, -1.0, 0.2),
        (NAN, NAN, NAN), (0.1, None, 0.3), (INF, 0.1, INF),
    )
] + [NotEstimable("no_units")]  # fmt: skip

Z = [0.1, 1.96, 20.0]
WITH_Z = ("difference", "relative_lift", "intention_to_treat", "concordant_part", "break_even")
PARTS = [(0.1, 100.0), (1e-9, 1e12), (0.0, 5.0), (1.0, 1.0), (1.0, 1e9)]
LEVELS = [0.05, 0.0, 1.0, -0.1, NAN, 1e-9]
RATES = [0.1, 0.12, 0.0, 1.0, -0.2, NAN]
POWERS = [0.8, 0.0, 1.0, NAN]
SHARES = [1.0, 0.5, 0.0, -1.0, NAN, INF]
UNITS = [1_000.0, 0.0, -5.0, NAN, INF]
LOOKS = [[], [0], [100], [500, 400, 900], [900, 100], [-5, 3], [NAN], [INF], [100, 100, 100], [1e-9, 1e9]]
X = [0, 1, 40]
N = [1, 40]


def rng() -> np.random.Generator:
    """The same draws each time."""
    return np.random.default_rng(1)


TABLE: Mapping[str, Pools] = {
    "always_valid.tuning": {"alpha": [*LEVELS, 1e-300]},
    "always_valid.multiplier": {"information_fraction": [0.0, 0.5, 2.0, -1.0, NAN, INF, 1e-300], "alpha": LEVELS},
    "always_valid.multiplier_at": {"x": [0.0, 0.5, 1e300, -1.0, NAN, INF, 1e-300], "alpha": LEVELS},
    "always_valid.p_value": {"z": [0.0, -3.0, 1e200, INF, NAN], "information_fraction": [0.0, 0.5, -1.0, NAN, INF]},
    "always_valid.running_p": {
        "zs": [[], [1.0], [1.0, NAN], [3.0, INF]], "information_fractions": [[], [0.5], [0.5, 0.4], [0.0, -1.0]],
    },
    "bayes.shrunk_lift": {
        "log_ratio": [0.0, 0.2, NAN, INF, 800.0], "variance": [0.01, 0.0, -1.0, NAN, INF, 1e-300],
        "prior_sd": [0.1, 0.0, NAN, INF],
    },
    "bayes.reading_of": {"relative": ESTIMATES, "z": [1.96, 0.0, NAN]},
    "bayes.probability_better": {
        "alpha_a": [1.0, 0.0, NAN], "beta_a": [5.0, 0.3, INF], "alpha_b": [1e6, 1.5, -1.0], "beta_b": [2.0, 1e7],
    },
    "binary.difference": {"control": counts(), "treatment": counts(), "z": [*Z, 0.0, NAN, -1.0, INF]},
    "binary.ratio": {"control": counts(), "treatment": counts(), "z": [*Z, 0.0, NAN, -1.0]},
    "binary.relative_lift": {"control": counts(), "treatment": counts(), "z": Z},
    "binary.minus_one": {"estimate": [each for each in ESTIMATES if each not in ESTIMATES[5:]]},
    "binary.z_at_difference": {
        "control": counts(), "treatment": counts(), "null": [0.0, -0.1, 1.0, -1.0, 1.5, NAN],
    },
    "binary.z_at_ratio": {"control": counts(), "treatment": counts(), "null": [1.0, 0.9, 1e9, 0.0, -1.0, NAN, INF]},
    "binary.p_value": {"control": counts(), "treatment": counts()},
    "binary.wilson": {"counts": counts(), "z": [*Z, NAN, -1.0]},
    "binary.newcombe": {"control": counts(), "treatment": counts(), "z": Z},
    "clusters.account_rate": {"accounts": ACCOUNTS},
    "clusters.compare": {"control": ACCOUNTS, "treatment": ACCOUNTS},
    "clusters.compare_triggered": {"control": ACCOUNTS, "treatment": ACCOUNTS},
    "clusters.per_account": {"control": ACCOUNTS, "treatment": ACCOUNTS},
    "clusters.leave_one_out": {"control": ACCOUNTS, "treatment": ACCOUNTS},
    "clusters.joint_df": {"a": ARM_RATES, "b": ARM_RATES},
    "clusters.similarity": {"arms": [[], *([a, b] for a in ACCOUNTS for b in ACCOUNTS)]},
    "duration.lognormal_delays": {
        "median_days": [20.0, 0.0, -1.0, NAN, INF], "horizon_days": [30, 1, 0], "spread": [0.8, 0.0, NAN],
    },
    "duration.observed_delays": {"ages": [[], [3.0], [90.0], [-4.0], [NAN, 2.0]], "horizon_days": [30, 0]},
    "duration.stated_delays": {
        "days": [[], [2.0, 4.0], [4.0, 2.0], [NAN, 4.0]],
        "shares": [[], [0.5, 1.0], [0.0, 0.0], [1.0, 0.5], [NAN, 1.0]],
        "horizon_days": [30, 1, 0],
    },
    "duration.effective_units": {
        "arrivals": ARRIVALS, "curve": [FLAT, LATE], "day": [60.0, 0.0, -9.0, 1e6, NAN], "maximum": [1_000.0, 0.0, INF],
        "lateness_days": [0.0, 900.0],
    },
    "duration.mature_units": {"arrivals": ARRIVALS, "horizon_days": [30], "day": [60.0, 0.0, -9.0, NAN]},
    "duration.expected_day": {"chances": [[1.0], [0.5, 0.5]], "days": [[4.0], [4.0, 9.0]]},
    "effective.joined_units": {
        "parts": [[(1.0, 0.2, 9.0)], [(0.5, 0.0, 9.0), (0.5, 0.0, 9.0)], [(0.5, 1.0, 9.0), (0.5, 0.1, 9.0)]],
    },
    "effective.difference": {"control": EFFECTIVE, "treatment": EFFECTIVE, "z": Z},
    "effective.relative_lift": {"control": EFFECTIVE, "treatment": EFFECTIVE, "z": Z},
    "effective.z_score": {"control": EFFECTIVE, "treatment": EFFECTIVE},
    "effective.p_value": {"control": EFFECTIVE, "treatment": EFFECTIVE},
    "incidence.product_limit": {"followed": FOLLOWED},
    "incidence.influence": {"followed": FOLLOWED},
    "incidence.standardised": {
        "parts": [[], *([(w, i)] for w in (1.0, 0.0, -1.0, NAN) for i in INCIDENCES),
                  *([(1.0, i), (w, j)] for w in (1.0, 0.0, -1.0, NAN) for i in INCIDENCES for j in INCIDENCES)],
    },
    "incidence.difference": {"control": INCIDENCES, "treatment": INCIDENCES, "z": Z},
    "incidence.relative_lift": {"control": INCIDENCES, "treatment": INCIDENCES, "z": Z},
    "incidence.z_score": {"control": INCIDENCES, "treatment": INCIDENCES},
    "incidence.p_value": {"control": INCIDENCES, "treatment": INCIDENCES},
    "incidence.counts": {"control": INCIDENCES, "treatment": INCIDENCES},
    "incidence_curve.curve": {
        "phases": [[], *([(w, f)] for w in (1.0, 0.0, -1.0, NAN) for f in FOLLOWED),
                   *([(1.0, f), (2.0, g)] for f in FOLLOWED for g in FOLLOWED)],
        "ages": [(), (1, 7, 30), (7, 90), (0,), (-3, 5)], "z": Z,
    },
    "incidence_curve.wilson": {"counts": EFFECTIVE, "z": Z},
    "incidence_accounts.compare": {"control": FOLLOWED_ACCOUNTS, "treatment": FOLLOWED_ACCOUNTS},
    "incidence_accounts.compare_triggered": {"control": FOLLOWED_ACCOUNTS, "treatment": FOLLOWED_ACCOUNTS},
    "incidence_by_age.followed": {"pair": [FollowedPair(a, b) for a in FOLLOWED for b in FOLLOWED]},
    **{
        f"incidence_triggered.{name}": {"phases": [[], *([one] for one in FOLLOWED_STRATA), FOLLOWED_STRATA]}
        | ({"z": Z} if name in ("difference", "relative_lift") else {})
        for name in ("dilute", "difference", "relative_lift", "p_value", "z_score", "arm_rates", "standard_error")
    },
    "independence.chi_square": {"table": [*TABLES, [[1, 2], [3]], [[-1, 2], [3, 4]], [[NAN, 2], [3, 4]]]},
    "independence.cochran_mantel_haenszel": {
        "strata": [[], *([pair] for pair in PAIRS), PAIRS, [*PAIRS, *PAIRS]], "correction": [False, True],
    },
    "label_process.prior_wins_for": {"expected_wins_at_end": [0.0, 100.0, -1.0, NAN, INF]},
    "means.welch": {"control": MOMENTS, "treatment": MOMENTS},
    "means.welch_of": {
        "control": [[], [1.0], [1.0, 1.0], [1.0, NAN], [1e12, -5.0, 0.0]], "treatment": [[], [2.0, 3.0], [INF, 1.0]],
    },
    "means.skewness": {"amounts": [[], [0], [5, 5], [-5, 10**12], [NAN]], "units": [0, 1, 2, 9]},
    "means.units_for_normal_limits": {"skew": [0.0, -4.0, NAN, INF]},
    "means.diluted": {
        "strata": [
            MomentStrata(a, b, alike) for a in MOMENTS for b in MOMENTS for alike in ((), (MOMENTS[0],), (MOMENTS[4],))
        ],
    },
    "means.ratio_metric_in_phases": {"phases": [[], *([(a, b)] for a in SUMS for b in SUMS), [(a, a) for a in SUMS]]},
    "means.ratio_metric": {"control": SUMS, "treatment": SUMS},
    "multiplicity.dunnett_critical": {
        "alpha": [0.05, 0.0, NAN, 1e-9], "control_units": [9.0, 0.0, NAN],
        "challenger_units": [[], [9.0], [9.0, 0.0], [9.0, NAN], [1e9, 1e-9]], "df": [INF, 20.0, 0.0, NAN],
    },
    "multiplicity.dunnett_alpha": {
        "alpha": LEVELS, "control_units": [9.0, 0.0, NAN], "challenger_units": [[], [9.0], [9.0, 9.0], [9.0, -1.0]],
    },
    "multiplicity.holm": {"p_values": [[], [0.2], [0.0, 1.0], [NAN, 0.1], [1.5], [-0.1], [0.1] * 50]},
    "multiplicity.benjamini_hochberg": {"p_values": [[], [0.2], [0.0, 1.0], [NAN, 0.1], [1.5], [-0.1], [0.1] * 50]},
    "permutation.permutation_p": {
        "phases": [[], *([one] for one in WINNINGS), WINNINGS, [WINNINGS[3]] * 2], "rng": [rng()], "draws": [99, 1],
    },
    "permutation.pooled_p": {"phases": [[], *([(a, b)] for a in MOMENTS for b in MOMENTS)]},
    "power.units_control": {
        "control_rate": RATES, "treatment_rate": RATES, "alpha": LEVELS, "power": POWERS, "allocation": SHARES,
    },
    "power.power": {
        "control_rate": RATES, "treatment_rate": RATES, "control_units": UNITS, "alpha": LEVELS, "allocation": SHARES,
    },
    "power.units_control_non_inferiority": {
        "control_rate": RATES, "margin": [0.1, 0.0, 1.0, NAN], "alpha": LEVELS, "power": POWERS,
        "treatment_rate": [None, 0.05, 0.2], "allocation": SHARES,
    },
    "power.power_non_inferiority": {
        "control_rate": RATES, "margin": [0.1, 0.0, NAN], "control_units": UNITS, "alpha": LEVELS, "allocation": SHARES,
    },
    "power.units_control_points": {
        "control_rate": RATES, "margin_points": [0.03, 0.0, -1.0, NAN], "alpha": LEVELS, "power": POWERS,
        "allocation": SHARES,
    },
    "power.units_control_relative": {
        "effect": [0.1, 0.0, -0.2, NAN], "relative_variance": [9.0, 0.0, -1.0, NAN, INF], "alpha": LEVELS,
        "power": POWERS, "allocation": SHARES,
    },
    "power.smallest_lift": {
        "control_rate": RATES, "control_units": UNITS, "alpha": LEVELS, "power": POWERS, "allocation": SHARES,
    },
    "power.units_triggered": {"discordant_units": UNITS, "discordant_share": [0.1, 0.0, 1.0, NAN]},
    "power.discordant_rates": {
        "rate": RATES, "lift": [0.05, 0.0, -2.0, NAN], "discordant_share": [0.1, 0.0, 1.0, NAN], "control_rate": RATES,
    },
    "power.units_precision": {
        "control_precision": RATES, "control_volume": RATES, "treatment_precision": [0.2, 0.1, NAN],
        "treatment_volume": [0.2, 0.0], "alpha": [0.05, 0.0], "power": [0.8, 1.0], "control_share": [0.5, 0.0, NAN],
    },
    "power.units_precision_triggered": {
        "control_precision": RATES, "control_volume": [0.25, 0.0], "treatment_precision": [0.33, 0.1, NAN],
        "discordant_share": [0.05, 0.25, 0.0, NAN], "alpha": [0.05], "power": [0.8], "control_share": [0.5, 0.0, NAN],
    },
    "precision.efficient_precision": {
        "both": [Counts(0, 0), Counts(0, 90), Counts(90, 90), Counts(30, 90)], "control_first": QUALIFIED,
        "arm_first": QUALIFIED, "units": [0, 400], "z": Z,
    },
    "ranks.mid_ranks": {"values": [[], [1.0], [1.0, 1.0], [INF, 1.0, -INF], [1.0, NAN]]},
    "ranks.rank_sum_p": {
        "a": [[], [1.0], [1.0, 1.0], [INF, 1.0], [1.0, NAN]], "b": [[], [1.0], [2.0, INF], [NAN]],
    },
    "sample_ratio.sample_ratio": {
        "observed": [[], [0, 0], [5, 0], [500, 480], [1, 2, 10**9], [-3, 4], [3]],
        "weights": [[], [1, 1], [0.3, 0.3], [1, 0], [0, 0], [1, 1, 98], [-1, 2], [1]],
    },
    "sample_ratio.running_sample_ratio": {
        "observed": [[], [0, 0], [5, 0], [500, 480], [1, 2, 10**9], [-3, 4], [3]],
        "weights": [[], [1, 1], [0.3, 0.3], [1, 0], [0, 0], [1, 1, 98], [-1, 2], [1]],
    },
    "score.restricted_by_difference": {
        "x_a": X[:2], "n_a": [40], "x_b": X, "n_b": [40], "delta": [-1.0, 0.0, 0.4, 1.0],
    },
    "score.restricted_by_ratio": {"x_a": X[:2], "n_a": [40], "x_b": X, "n_b": [40], "phi": [1e-9, 1.0, 1e9]},
    "score.z_difference": {"x_a": X[:2], "n_a": N, "x_b": X[:2], "n_b": N, "delta": [-1.0, 0.0, 1.0]},
    "score.z_ratio": {"x_a": X[:2], "n_a": N, "x_b": X[:2], "n_b": N, "phi": [1e-9, 1.0, 1e9]},
    "score.difference_limits": {"x_a": X[:2], "n_a": N, "x_b": X[:2], "n_b": N, "z": Z},
    "score.ratio_limits": {"x_a": X[:2], "n_a": N, "x_b": X[:2], "n_b": N, "z": Z},
    "score_of_pair.z_difference": {"x_a": X[:2], "n_a": N, "x_b": X[:2], "n_b": N, "delta": [-1.0, 0.0, 1.0]},
    "score_of_pair.z_ratio": {"x_a": X[:2], "n_a": N, "x_b": X[:2], "n_b": N, "phi": [1e-9, 1.0, 1e9]},
    "score_of_pair.difference_limits": {"x_a": [0, 1, 0.3], "n_a": [1, 1.5, 1e9], "x_b": X[:2], "n_b": N, "z": Z},
    "score_of_pair.ratio_limits": {"x_a": [0, 1, 0.3], "n_a": [1, 1.5, 1e9], "x_b": X[:2], "n_b": N, "z": Z},
    "sequential.obrien_fleming": {"fraction": [0.0, -1.0, 0.5, 2.0, 1e-300], "alpha": [0.05, 0.0, 1.0, 1e-12]},
    "sequential.pocock": {"fraction": [0.0, -1.0, 0.5, 2.0], "alpha": [0.05]},
    "sequential.information_fractions": {
        "information": LOOKS, "maximum": [1_000.0, 0.0, -1.0, NAN, INF], "last": [False, True],
    },
    "sequential.deciding_look": {"information": LOOKS, "maximum": [1_000.0, 100.0, 0.0, NAN]},
    "sequential.boundaries": {
        "information": LOOKS, "maximum": [1_000.0, 0.0, NAN], "alpha": LEVELS, "last": [False, True],
    },
    "sequential.repeated_p_value": {
        "z": [0.0, -2.5, 40.0], "information": LOOKS, "maximum": [1_000.0, 0.0], "last": [False, True],
    },
    "stopping.group_sequential": {"information": LOOKS, "alpha": [0.05, 0.0, NAN], "maximum": [None, 1_000.0]},
    "stopping.spent": {"drift": [2.8, 0.0, -3.0, 40.0, NAN], "design": DESIGNS, "alpha": [0.05, 0.0]},
    "stopping.inflation": {"design": DESIGNS, "alpha": [0.05, 0.0], "power": [0.8, 0.9, 0.0, 1.0, NAN]},
    "thresholds.bands": {"scores": SCORES, "z": Z, "least": [1, 100], "in_force": [None, 50.0, NAN]},
    "thresholds.curve": {"scores": SCORES},
    "thresholds.frontier": {"table": [(), *(bands(scores, z=1.96, least=1) for scores in SCORES)], "alpha": LEVELS},
    "thresholds.choose_threshold": {"fitted": CURVES, "worth": WORTHS},
    "thresholds.value_per_lead": {"scores": SCORES, "threshold": [0.0, 50.0, INF, NAN], "worth": WORTHS, "z": Z},
    "thresholds.split_half": {
        "score": [[], [50.0, 60.0], [NAN, 60.0], [50.0, 60.0, 70.0, 80.0]],
        "handed": [[], [1, 1], [0, 0], [1, 1, 1, 1]],
        "sql": [[], [1, 0], [1, 1, 0, 1]], "choosing": [[], [1, 0], [1, 1], [1, 0, 1, 0]], "worth": WORTHS[:1],
        "z": [1.96],
    },
    "tails.critical_z": {"alpha": LEVELS},
    "tails.two_sided_p": {"z": [0.0, -1.0, 400.0, INF, -INF]},
    "tails.t_in_place_of": {"z": [0.0, 1.96, 8.0, 20.0], "df": [1.0, 5.5, 1e9, INF]},
    "tails.two_sided_p_t": {"t": [0.0, -1.0, 400.0, INF], "df": [1.0, 5.5, INF]},
    "tails.chi_square_p": {"statistic": [0.0, 3.0, 1e9], "df": [1, 40]},
    "estimate.implied_z": {"found": [*ESTIMATES[:5], ESTIMATES[-1]], "bound": [1.96, 20.0]},
    "dilution.diluted": {
        "inside": [*ESTIMATES[:4], Estimate(1.0, Interval(0.7, 1.0)), Estimate(-1.0, Interval(-1.0, -0.1))],
        "within": [0.0, 1e-6, 0.2, -1.0, NAN], "share": [Share(*one) for one in PARTS], "z": Z,
    },
    "dilution.widened": {
        "value": [0.2, 0.0, -0.9, -1.0, NAN],
        "inside": [Interval(-1.0, 0.3), Interval(-2.0, None), Interval(None, 9.0)],
        "other": [0.0, 0.01, -1.0, INF, NAN], "z": Z,
    },
    "triggered.by_score": {
        "rates": [(0.1, 0.2), (0.1, 0.0), (1e-9, 1.0), (0.0, 0.1)], "share": [0.0, 0.1, 1.0],
        "inside": [*ESTIMATES[:4], ESTIMATES[-1]], "shared": [0.0, 0.01, -1.0, NAN], "z": Z,
    },
    **{
        f"triggered.{name}": {"strata": STRATA}
        | ({"z": Z} if name in WITH_Z else {})
        for name in (
            "difference", "standard_error", "p_value", "z_score", "arm_rates", "relative_lift",
            "log_lift_standard_error", "intention_to_treat", "post_stratified", "concordant_part", "break_even",
        )
    },
}  # fmt: skip

CONTRASTS = (
    "clusters.compare", "clusters.compare_triggered", "clusters.per_account", "means.welch", "means.welch_of",
    "means.diluted", "means.ratio_metric", "means.ratio_metric_in_phases",
    "incidence_accounts.compare", "incidence_accounts.compare_triggered",
)  # fmt: skip
"""They return a `Contrast`, whose own methods are called as well."""


def function(name: str) -> Callable[..., Any]:
    """`module.function` of mqlab.stats."""
    module, _, attribute = name.partition(".")
    return getattr(importlib.import_module(f"mqlab.stats.{module}"), attribute)


def combinations(pools: Pools) -> list[dict[str, Any]]:
    """All combinations of the pools' values, or an even choice of them."""
    every = list(itertools.product(*pools.values()))
    step = max(1, -(-len(every) // MOST))
    if step > 1 and math.gcd(step, len(every)) > 1:
        step = next(s for s in itertools.count(step) if math.gcd(s, len(every)) == 1)
    return [dict(zip(pools, values, strict=True)) for values in every[::step]]


def faults(found: Any) -> list[str]:
    """What is wrong with a result: NaN anywhere, limits in the wrong order, a reason without a name."""
    match found:
        case None | bool() | str() | int():
            return []
        case float() | np.floating():
            return ["NaN"] if math.isnan(found) else []
        case np.ndarray():
            return ["NaN"] if found.dtype.kind == "f" and np.isnan(found).any() else []
        case NotEstimable(reason=reason):
            return [] if reason.replace("_", "").isalnum() else ["a reason without a name"]
        case Interval(low=low, high=high):
            if low is not None and high is not None and low > high:
                return [f"the limits {low} and {high} are the wrong way round"]
            return [*faults(low), *faults(high)]
        case tuple() | list():
            return [fault for part in found for fault in faults(part)]
        case _ if dataclasses.is_dataclass(found):
            return [fault for field in dataclasses.fields(found) for fault in faults(getattr(found, field.name))]
        case _:
            return [f"an unexpected {type(found).__name__}"]


def read(name: str, found: Any) -> list[Any]:
    """The result, and of a `Contrast` what its methods say."""
    if name not in CONTRASTS or isinstance(found, NotEstimable):
        return [found]
    return [found, found.p_value(), *(method(z=z) for z in Z for method in (found.difference, found.relative_lift))]


VAGUE = (
    "math domain error",
    "division by zero",
    "must have different signs",
    "cannot convert",
    "unpack",
    "Input domain",
)


def unclear(error: ValueError) -> bool:
    """Whether a message is one of Python's or scipy's own, which tell a caller nothing."""
    message = str(error)
    return len(message.split()) < 4 or any(words in message for words in VAGUE)


@pytest.mark.parametrize("name", TABLE)
def test_bad_input_has_a_reason_or_a_clear_error(name):
    """Every combination gives sound numbers, a reason, or a ValueError in words."""
    called, wrong = function(name), []
    for arguments in combinations(TABLE[name]):
        try:
            found = read(name, called(**arguments))
        except ValueError as error:
            if unclear(error):
                wrong.append(f"{arguments}: {error!r}")
        except Exception as error:  # noqa: BLE001 - whatever is raised is what the test is about
            wrong.append(f"{arguments}: {error!r}")
        else:
            wrong += [f"{arguments}: {fault}" for fault in faults(found)]

    assert wrong[:3] == [], f"{len(wrong)} of them"


def public() -> set[str]:
    """Every public function of mqlab.stats."""
    names = set()
    for module in pkgutil.iter_modules(mqlab.stats.__path__):
        loaded = importlib.import_module(f"mqlab.stats.{module.name}")
        for name, each in vars(loaded).items():
            if inspect.isfunction(each) and each.__module__ == loaded.__name__ and not name.startswith("_"):
                names.add(f"{module.name}.{name}")
    return names


def test_no_public_function_is_left_out():
    """A function added to mqlab.stats needs its line in the table."""
    assert public() - set(TABLE) == set()
