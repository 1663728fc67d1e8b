"""The walk between looks against plain quadrature with fine nodes everywhere, however close the looks are."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from mqlab.stats.sequential import boundaries, obrien_fleming, pocock
from mqlab.stats.walk import NO_STOP, START


def crossings(times, bounds):
    """P(first crossing at look k) by the recursion on a grid that is fine from end to end, with no part left out."""
    at, mass, time, found = np.zeros(1), np.ones(1), 0.0, []
    for k, (then, bound) in enumerate(zip(times, bounds, strict=True)):
        top, spread = bound * math.sqrt(then), math.sqrt(then - time)
        found.append(float(mass @ ndtr((at - top) / spread)))
        if k + 1 == len(times):
            return found
        fine = min(spread, math.sqrt(times[k + 1] - then))
        low, top = -8 * math.sqrt(then), min(bound, 9.5) * math.sqrt(then)
        edges = np.linspace(low, top, math.ceil((top - low) / fine) + 1)
        nodes, weights = np.polynomial.legendre.leggauss(8)
        half = np.diff(edges) / 2
        points = ((edges[1:] + edges[:-1])[:, None] / 2 + half[:, None] * nodes).ravel()
        density = np.concatenate(
            [np.exp(-(((some[:, None] - at) / spread) ** 2) / 2) @ mass for some in np.array_split(points, 40)]
        )
        density /= spread * math.sqrt(2 * math.pi)
        at, mass, time = points, (half[:, None] * weights).ravel() * density, then
    return found


GAINS = st.lists(st.sampled_from([0.002, 0.005, 0.02, 0.1, 0.4, 1.5]), min_size=1, max_size=4)


@settings(max_examples=15, deadline=None)
@given(GAINS, st.sampled_from([0.7, 0.2, 0.05, 0.01]), st.booleans(), st.sampled_from([obrien_fleming, pocock]))
@example([1.5, 0.4, 0.002, 0.002, 0.002, 0.002, 0.4], 0.05, False, obrien_fleming)
@example([0.4, 0.1, 0.005], 0.05, True, obrien_fleming)
@example([0.002] * 6, 0.05, True, pocock)
@example([0.005] * 12, 0.2, False, obrien_fleming)
def test_every_look_spends_what_it_should(gains, alpha, last, spending):
    """Near looks, distant ones and a last look that spends much on little new: what is spent adds up look by look."""
    times = np.cumprod([0.3, *(1 + gain for gain in gains)])
    maximum = 1.1 * times[-1]
    bounds = boundaries(times, maximum=maximum, alpha=alpha, last=last, spending=spending)
    fractions = [0.0, *times / maximum]
    if last:
        fractions[-1] = 1.0
    spent = np.diff([spending(fraction, alpha) for fraction in fractions])

    assert crossings(times, bounds) == pytest.approx(list(spent), rel=1e-7, abs=1e-13)


def test_a_guess_changes_nothing_but_the_time_taken():
    """From far to the left, from near and from far to the right the same boundary is found."""
    walk = START.step(0.5, 2.5, 0.5001)
    plain = walk.bound_at(0.5001, 1e-4)

    for guess in (-5.0, 1.0, plain - 0.01, plain + 0.01, 15.0):
        assert walk.bound_at(0.5001, 1e-4, guess) == pytest.approx(plain, abs=1e-9)


def test_next_to_no_error_has_no_boundary():
    """A look with nothing to spend cannot be crossed."""
    assert START.bound_at(0.5, 0.0) == NO_STOP
    assert START.step(0.5, 2.5, 0.6).bound_at(0.6, 1e-301) == NO_STOP


def test_more_than_half_can_be_spent_on_little_new():
    """A last look that stops nearly everybody lies far below the boundary before it, and below the middle."""
    walk = START.step(0.5, 2.0, 0.5005)
    left = 1 - float(ndtr(-2.0))
    bound = walk.bound_at(0.5005, left * 0.9)

    assert bound < -1
    assert crossings([0.5, 0.5005], [2.0, bound])[1] == pytest.approx(left * 0.9, rel=1e-8)
