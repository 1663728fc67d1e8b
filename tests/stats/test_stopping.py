"""When a sequential design stops, against R's rpact."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqlab.stats.stopping import Stopping, group_sequential, inflation
from mqlab.stats.tails import critical_z


@pytest.mark.parametrize(
    ("looks", "factor", "expected"),
    [
        (2, 1.00372503, 0.9213862673),
        (3, 1.012794813, 0.8655689752),
        (4, 1.019637329, 0.8387425672),
        (6, 1.028593761, 0.8137137785),
        (12, 1.040421143, 0.7896708966),
    ],
)
def test_inflation_and_expected_information_match_r(looks, factor, expected):
    """
    > d <- getDesignGroupSequential(kMax=K, alpha=.025, beta=.2, sided=1, typeOfDesign="asOF")   # rpact
    > ch <- getDesignCharacteristics(d); ch$inflationFactor; ch$averageSampleNumber1
    K=2 1.00372503 0.9213862673; 3 1.012794813 0.8655689752; 4 1.019637329 0.8387425672; 6 1.028593761 0.8137137785;
    12 1.040421143 0.7896708966.
    """
    design = group_sequential(range(1, looks + 1), alpha=0.05)
    found = inflation(design, alpha=0.05, power=0.8)

    assert found == pytest.approx(factor, abs=2e-6)
    assert found * float(design.ends(design.drift(0.8)) @ np.array(design.times)) == pytest.approx(expected, abs=2e-6)


def test_two_sided_design_matches_r():
    """
    > d <- getDesignGroupSequential(kMax=4, alpha=.05, beta=.1, sided=2, typeOfDesign="asOF")   # rpact
    > ch <- getDesignCharacteristics(d); ch$inflationFactor; ch$averageSampleNumber1
    1.0182800180 0.7772985197.
    """
    design = group_sequential([1, 2, 3, 4], alpha=0.05)
    found = inflation(design, alpha=0.05, power=0.9)

    assert found == pytest.approx(1.0182800180, abs=1e-7)
    assert found * float(design.ends(design.drift(0.9)) @ np.array(design.times)) == pytest.approx(0.7772985197)


def test_chances_of_unequal_looks_match_r():
    """
    > d <- getDesignGroupSequential(kMax=4, informationRates=c(.1,.4,.7,1), alpha=.025, sided=1, typeOfDesign="asOF")
    > p <- getPowerAndAverageSampleNumber(d, theta=.5, nMax=40)   # rpact
    > p$rejectPerStage; p$overallReject; p$averageSampleNumber
    1.040520115e-09 8.741136062e-02 4.934152096e-01 3.001186011e-01; 0.8809451724; 31.98114472.
    """
    design = group_sequential([4, 16, 28, 40], alpha=0.05)
    drift = 0.5 * math.sqrt(40)

    assert design.upper(drift) == pytest.approx(
        [1.040520115e-09, 8.741136062e-02, 0.4934152096, 0.3001186011], rel=1e-5
    )
    assert design.power(drift) == pytest.approx(0.8809451724, abs=1e-8)
    assert 40 * float(design.ends(drift) @ np.array(design.times)) == pytest.approx(31.98114472, abs=1e-4)


def test_many_weekly_looks_cost_little():
    """26 equal looks: under 5.2% more information (statistics.md section 8 says 1.051), and the level is kept."""
    design = group_sequential(range(1, 27), alpha=0.05)

    assert 1.040421143 < inflation(design, alpha=0.05, power=0.8) < 1.052
    assert design.power(0.0) == pytest.approx(0.025, abs=1e-6)


def test_one_look_is_a_fixed_design():
    """A single look needs no more than z + z."""
    design = group_sequential([500], alpha=0.05)

    assert design.bounds == pytest.approx([critical_z(0.05)])
    assert inflation(design, alpha=0.05, power=0.8) == pytest.approx(1.0, abs=1e-9)
    assert design.ends(0.3).tolist() == [1.0]


@settings(max_examples=25)
@given(st.lists(st.floats(0.05, 1), min_size=1, max_size=5), st.floats(0.55, 0.99), st.sampled_from([0.05, 0.02696]))
def test_every_design_keeps_its_level_and_reaches_its_power(steps, chance, alpha):
    """Whatever the looks, half of α is spent on each side, the drift found has the power, and some look is the end."""
    design = group_sequential(np.cumsum(steps).tolist(), alpha=alpha)
    drift = design.drift(chance)

    assert design.power(0.0) == pytest.approx(alpha / 2, abs=1e-5)
    assert design.power(drift) == pytest.approx(chance, abs=1e-6)
    assert inflation(design, alpha=alpha, power=chance) >= 1 - 1e-6
    assert float(design.ends(drift).sum()) == pytest.approx(1.0)
    assert design.lower(drift).max() < alpha / 2


def test_a_level_spent_for_more_than_comes_waits_for_the_end():
    """Where far more information was declared than the looks bring, the early ones can hardly cross, the last can."""
    design = group_sequential([50, 400, 800], alpha=0.05, maximum=24_000)

    chances = design.upper(design.drift(0.95))

    assert chances[:2].max() < 1e-6
    assert float(chances.sum()) == pytest.approx(0.95, abs=1e-6)
    assert inflation(design, alpha=0.05, power=0.95) == pytest.approx(1.0, abs=1e-4)


def test_looks_without_information_are_left_out():
    """Empty looks, and ones that add nothing, are none; without any information there is no design."""
    assert group_sequential([0, 10, 10, 20], alpha=0.05).times == (0.5, 1.0)
    with pytest.raises(ValueError, match="needs a look"):
        group_sequential([0, 0], alpha=0.05)
    with pytest.raises(ValueError, match="rising"):
        Stopping((0.5, 0.5), (2.0, 2.0))
    with pytest.raises(ValueError, match="a boundary for each"):
        Stopping((0.5, 1.0), (2.0,))
    with pytest.raises(ValueError, match="power"):
        group_sequential([1], alpha=0.05).drift(1.0)
