"""Which definition fires first, frozen at the batch in which it did."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.analysis.strata import NAMES, NEVER, Divergence, first_divergence, spread_over_units

HOUR = 3_600_000_000
LATE = 10**18
instants = st.lists(
    st.tuples(
        st.one_of(st.just(NEVER), st.integers(-5 * HOUR, 50 * HOUR)),
        st.one_of(st.just(NEVER), st.integers(-5 * HOUR, 50 * HOUR)),
    ),
    max_size=40,
)


def strata(control: list[int], arm: list[int], *, as_of_us: int = LATE, cadence_us: int = HOUR) -> list[str]:
    """The names of the strata of a few leads."""
    found = first_divergence(
        np.array(control, dtype=np.int64), np.array(arm, dtype=np.int64), cadence_us=cadence_us, as_of_us=as_of_us
    )
    return [NAMES[code] for code in found.code]


@pytest.mark.parametrize(
    ("control", "arm", "stratum"),
    [
        pytest.param(10, 20, "both", id="the same hour"),
        pytest.param(HOUR - 1, HOUR, "control_first", id="one microsecond apart over the hour"),
        pytest.param(3 * HOUR, 2 * HOUR, "arm_first", id="an hour apart"),
        pytest.param(NEVER, 5, "arm_first", id="only the arm"),
        pytest.param(5, NEVER, "control_first", id="only the control"),
        pytest.param(NEVER, NEVER, "none", id="neither"),
        pytest.param(-1, 0, "control_first", id="batches are counted from the epoch"),
        pytest.param(5, 500 * HOUR, "control_first", id="the later one fires weeks after"),
    ],
)
def test_the_first_batch_decides(control: int, arm: int, stratum: str) -> None:
    """Both in one batch is `both`; otherwise the earlier batch names the stratum."""
    assert strata([control], [arm]) == [stratum]


def test_a_batch_that_is_still_open_has_handed_nothing_over() -> None:
    """What fires in the hour of `as_of` counts from the hour's last microsecond on."""
    assert strata([HOUR + 5], [NEVER], as_of_us=2 * HOUR - 2) == ["none"]
    assert strata([HOUR + 5], [NEVER], as_of_us=2 * HOUR - 1) == ["control_first"]


@given(instants, st.integers(1, 3 * HOUR))
def test_later_facts_never_move_a_frozen_stratum(pairs: list[tuple[int, int]], cadence_us: int) -> None:
    """Once a lead has a stratum, standing at any later instant gives the same."""
    control, arm = [a for a, _ in pairs], [b for _, b in pairs]
    early = strata(control, arm, as_of_us=20 * HOUR, cadence_us=cadence_us)
    late = strata(control, arm, as_of_us=200 * HOUR, cadence_us=cadence_us)

    assert all(before in ("none", after) for before, after in zip(early, late, strict=True))


@given(instants)
def test_swapping_the_definitions_swaps_the_strata(pairs: list[tuple[int, int]]) -> None:
    """The function treats both definitions alike."""
    control, arm = [a for a, _ in pairs], [b for _, b in pairs]
    mirror = {"control_first": "arm_first", "arm_first": "control_first"}

    assert strata(arm, control) == [mirror.get(name, name) for name in strata(control, arm)]


@given(instants)
def test_what_the_later_definition_does_is_not_looked_at(pairs: list[tuple[int, int]]) -> None:
    """Moving the later crossing, or taking it away, leaves the stratum of a discordant lead as it is."""
    control, arm = np.array([a for a, _ in pairs], dtype=np.int64), np.array([b for _, b in pairs], dtype=np.int64)
    found = first_divergence(control, arm, cadence_us=HOUR, as_of_us=LATE)
    without_later = first_divergence(
        np.where(found.code == 3, NEVER, control), np.where(found.code == 2, NEVER, arm), cadence_us=HOUR, as_of_us=LATE
    )

    assert np.array_equal(found.code, without_later.code)


def spread(codes: list[int], batches: list[int], units: list[int]) -> list[str]:
    """The strata of leads whose accounts are randomised."""
    divergence = Divergence(
        np.array(codes, dtype=np.int8), np.array(batches, dtype=np.int64), np.array(batches, dtype=np.int64) * HOUR
    )
    return [NAMES[code] for code in spread_over_units(divergence, np.array(units, dtype=np.int64)).code]


def test_an_account_is_discordant_as_soon_as_one_of_its_leads_is() -> None:
    """All leads of an account take its earliest divergence; without one `both` beats `none`."""
    assert spread([1, 3, 0, 2], [1, 9, NEVER, 5], [7, 7, 7, 7]) == ["control_first"] * 4
    assert spread([1, 0, 0, 0], [1, NEVER, NEVER, NEVER], [0, 0, 1, 1]) == ["both", "both", "none", "none"]
    assert spread([], [], []) == []


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(0, 4)), max_size=30), st.randoms())
def test_the_order_of_the_leads_does_not_matter_to_their_accounts(
    leads: list[tuple[int, int, int]], random: object
) -> None:
    """Shuffled leads get the strata they had."""
    shuffled = list(range(len(leads)))
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    plain = spread(*([lead[part] for lead in leads] for part in range(3)))
    mixed = spread(*([leads[index][part] for index in shuffled] for part in range(3)))

    assert mixed == [plain[index] for index in shuffled]


def test_a_cadence_of_nothing_is_refused() -> None:
    """A cadence must be longer than nothing."""
    with pytest.raises(ValueError, match="cadence"):
        strata([1], [2], cadence_us=0)
