"""The label process against its definition as a mixture, R, and the laws that make it valid."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import betaln

from mqlab.stats.label_process import LabelProcess, prior_wins_for

SHARES = st.floats(0.05, 0.95)
WINS = st.integers(0, 400)
PRIORS = st.floats(2, 60)


@pytest.mark.parametrize(
    ("wins", "share", "expected", "log_e", "theta", "ratio"),
    [
        pytest.param(
            (62, 95), 0.5, 180, 2.01844417759, (0.486113903554, 0.716231345623), (0.945956520164, 2.5239973992)
        ),
        pytest.param(
            (100, 300), 0.2, 400, 250.530556118, (0.554978926585, 0.893279461249), (4.9883383933, 33.4810701559)
        ),
        pytest.param(
            (0, 9), 0.5, 60, 2.39682674512, (0.467810378519, 1.0), (0.879029503088, math.inf), id="no control win"
        ),
        pytest.param(
            (30, 20), 0.4, 0, -1.75075966451, (0.208052956228, 0.615858174611), (0.394066038627, 2.40480781019)
        ),
    ],
)
def test_evidence_and_limits_match_r(wins, share, expected, log_e, theta, ratio):
    """
    > E <- function(sA, sB, w, m) { k <- max(2, m/8.2); lbeta(k*w + sB, k*(1-w) + sA) - lbeta(k*w, k*(1-w)) -
    +   sB*log(w) - sA*log(1-w) }
    > g <- function(t) lbeta(k*w + sB, k*(1-w) + sA) - lbeta(k*w, k*(1-w)) - sB*log(t) - sA*log(1-t) - log(1/.05)
    > uniroot(g, c(1e-12, sB/(sA+sB)), tol = 1e-15)$root; uniroot(g, c(sB/(sA+sB), 1 - 1e-12), tol = 1e-15)$root
    R 4.2.2 gives the numbers above; RR is t/(1-t)*(1-w)/w.
    """
    process = LabelProcess(*wins, share, prior_wins_for(expected))
    found = process.share(alpha=0.05).interval
    limits = process.ratio(alpha=0.05).interval

    assert process.log_e_value == pytest.approx(log_e, rel=1e-9)
    assert (found.low, found.high) == pytest.approx(theta, rel=1e-9)
    assert (limits.low, math.inf if limits.high is None else limits.high) == pytest.approx(ratio, rel=1e-9)


@given(st.integers(0, 30), st.integers(0, 30), SHARES, PRIORS)
def test_the_e_value_is_the_mixture_likelihood_ratio(control, treatment, share, prior):
    """E is the likelihood of the labels averaged over a Beta prior, by scipy's quadrature, over that of no effect."""
    a, b = prior * share, prior * (1 - share)

    def labels_times_prior(logit):
        up, down = -math.log1p(math.exp(-logit)), -math.log1p(math.exp(logit))
        weight = (a + treatment) * up + (b + control) * down - betaln(a, b)
        return math.exp(weight - treatment * math.log(share) - control * math.log1p(-share))

    expected, _ = quad(labels_times_prior, -300, 300, points=[-20, -5, 0, 5, 20], limit=400)

    assert LabelProcess(control, treatment, share, prior).e_value == pytest.approx(expected, rel=1e-6)


@given(WINS, WINS, SHARES, PRIORS)
def test_the_process_is_a_martingale_under_no_effect(control, treatment, share, prior):
    """The next win is treatment's with probability ω: on average E stays exactly where it is."""
    now = LabelProcess(control, treatment, share, prior).log_e_value
    up = LabelProcess(control, treatment + 1, share, prior).log_e_value
    down = LabelProcess(control + 1, treatment, share, prior).log_e_value

    assert share * math.exp(up - now) + (1 - share) * math.exp(down - now) == pytest.approx(1, rel=1e-9)


@given(SHARES, PRIORS)
def test_before_the_first_win_there_is_no_evidence(share, prior):
    """E and p are 1 at zero data, and every share and every ratio is still possible."""
    process = LabelProcess(0, 0, share, prior)
    theta, ratio = process.share(alpha=0.05), process.ratio(alpha=0.05)

    assert process.e_value == process.p_value == 1.0
    assert (theta.value, theta.interval.low, theta.interval.high) == (None, 0.0, 1.0)
    assert (ratio.value, ratio.interval.low, ratio.interval.high) == (None, 0.0, None)


@given(WINS, WINS, SHARES, PRIORS)
def test_swapping_the_arms_inverts_the_ratio(control, treatment, share, prior):
    """With control and treatment exchanged the evidence is the same and the limits are one over each other."""
    plain = LabelProcess(control, treatment, share, prior)
    swapped = LabelProcess(treatment, control, 1 - share, prior)
    here, there = plain.ratio(alpha=0.05).interval, swapped.ratio(alpha=0.05).interval

    assert swapped.log_e_value == pytest.approx(plain.log_e_value, rel=1e-9, abs=1e-9)
    assert _inverse(there.high) == pytest.approx(here.low, rel=1e-8)
    assert there.low == pytest.approx(_inverse(here.high), rel=1e-8)


def _inverse(limit):
    return 0.0 if limit is None else 1 / limit


@given(WINS, WINS, SHARES, PRIORS, st.sampled_from([0.2, 0.05, 0.001]))
def test_interval_and_e_value_agree(control, treatment, share, prior, alpha):
    """The ratio's limits exclude 1 exactly when E exceeds 1/α, and they hold the observed ratio."""
    process = LabelProcess(control, treatment, share, prior)
    assume(abs(process.log_e_value + math.log(alpha)) > 1e-6)
    found = process.ratio(alpha=alpha)

    assert found.interval.contains(1.0) == (process.p_value > alpha)
    assert found.value is None or found.interval.contains(found.value)


@given(st.integers(0, 200), st.integers(1, 200), SHARES)
def test_more_confidence_is_a_wider_interval(control, treatment, share):
    """The limits at a smaller α lie outside those at a larger one."""
    process = LabelProcess(control, treatment, share)
    wide, narrow = process.ratio(alpha=0.01).interval, process.ratio(alpha=0.1).interval

    assert wide.low < narrow.low
    assert narrow.high is None or wide.high > narrow.high


@pytest.mark.parametrize(
    ("control", "treatment"), [(1_000_000, 1_002_000), (1_000_000, 0), (0, 1_000_000), (3, 2_000_000)]
)
def test_a_million_wins_do_not_overflow(control, treatment):
    """Very many wins, also all in one arm: numbers stay finite or are openly infinite, and limits hold the ratio."""
    process = LabelProcess(control, treatment, 0.5, prior_wins_for(2_000_000))
    found = process.ratio(alpha=0.05)

    assert 0 <= process.p_value <= 1 and process.e_value >= 0
    assert found.interval.low is not None and (found.interval.low == 0.0) == (treatment == 0)
    assert found.interval.high is None or control > 0
    assert found.value is None or found.interval.contains(found.value)


def test_close_counts_of_a_million_keep_their_digits():
    """
    > k <- 2e6/8.2; exp(lbeta(k/2 + 1002000, k/2 + 1e6) - lbeta(k/2, k/2) + 2002000*log(2))
    0.802890479595 at 1,000,000 v 1,002,000 wins (R 4.2.2, which carries eight of these digits).
    """
    found = LabelProcess(1_000_000, 1_002_000, 0.5, prior_wins_for(2_000_000))

    assert found.e_value == pytest.approx(0.8028905, abs=1e-7)


def test_the_prior_grows_with_the_wins_expected():
    """max(2, m*/8.2): two wins' worth at least; an expectation that is no number is refused."""
    assert prior_wins_for(0) == prior_wins_for(16.4) == 2.0
    assert prior_wins_for(820) == pytest.approx(100)
    for expected in (-1, math.nan, math.inf):
        with pytest.raises(ValueError, match="expected wins cannot be"):
            prior_wins_for(expected)


def test_what_cannot_be_counted_is_a_mistake():
    """A share outside (0, 1), negative wins, an empty prior or a level outside (0, 1) are refused."""
    for share in (0.0, 1.0, math.nan):
        with pytest.raises(ValueError, match="share of the leads must lie"):
            LabelProcess(1, 1, share)
    with pytest.raises(ValueError, match="wins cannot be"):
        LabelProcess(-1, 1, 0.5)
    with pytest.raises(ValueError, match="must be worth"):
        LabelProcess(1, 1, 0.5, 0.0)
    with pytest.raises(ValueError, match="alpha must lie"):
        LabelProcess(1, 1, 0.5).ratio(alpha=1.0)
