"""What may be read at any moment, between the declared looks or with no end declared: the rows of a live dashboard.

A planned look has narrower limits (`looks`); these hold however often somebody looks, and never decide by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mqlab.analysis.comparison import Comparison, finite
from mqlab.analysis.result_rows import AlwaysValid
from mqlab.stats.always_valid import FEWEST_OUTCOMES, multiplier, p_value
from mqlab.stats.estimate import Estimate, NotEstimable
from mqlab.stats.label_process import LabelProcess, prior_wins_for
from mqlab.stats.tails import critical_z

TOO_FEW_OUTCOMES = "too_few_outcomes_for_live_reading"


def always_valid_of(
    comparison: Comparison,
    *,
    effective_leads: float,
    maximum_leads: float,
    alpha: float,
    events_per_arm: Sequence[float],
) -> AlwaysValid | NotEstimable:
    """The confidence sequence of `comparison` at `effective_leads` of information, narrowest at `maximum_leads`.

    Both are in effective mature leads; the first may pass the second. `events_per_arm` are the outcomes of control and
    treatment: with fewer than 10 in either the normal approximation is not to be trusted yet. The p-value is that of
    this moment; the smallest so far is valid too, as long as maximum and α stay (`always_valid.running_p`).
    """
    if isinstance(comparison.p_value, NotEstimable):
        return comparison.p_value
    if maximum_leads <= 0:
        raise ValueError(f"the planned number of leads must be positive, not {maximum_leads}")
    if effective_leads <= 0:
        return NotEstimable("no_mature_leads", "No lead has been followed long enough to be read.")
    fewest = min(events_per_arm)
    if fewest < FEWEST_OUTCOMES:
        counts = " and ".join(f"{events:,.0f}" for events in events_per_arm)
        return NotEstimable(
            TOO_FEW_OUTCOMES, f"A reading at any time needs {FEWEST_OUTCOMES} outcomes in each arm; there are {counts}."
        )
    fraction = effective_leads / maximum_leads
    m = multiplier(fraction, alpha=alpha)
    return AlwaysValid(
        absolute=finite(comparison.difference(m)),
        relative=finite(comparison.relative(m)),
        p_value=p_value(_z(comparison.p_value), fraction, alpha_for_tuning=alpha),
    )


def _z(fixed_p: float) -> float:
    """|z| of a plain two-sided p-value, as far as a float can tell it from 0."""
    return critical_z(max(fixed_p, 1e-300)) if fixed_p < 1.0 else 0.0


@dataclass(frozen=True, slots=True)
class LabelRow:
    """Rare wins as they may be read at any time: evidence against "no effect", and treatment's rate over control's."""

    e_value: float
    p_value: float
    ratio: Estimate


def label_row_of(
    control_wins: int,
    treatment_wins: int,
    *,
    treatment_share: float,
    expected_wins_at_end: float,
    alpha: float,
) -> LabelRow | NotEstimable:
    """The exact label process of a pair of arms: no approximation, so from the first win on.

    `treatment_share` is treatment's weight over that of the pair, constant all along. Wins are those within the horizon
    of mature leads; `expected_wins_at_end` counts both arms. A pair of which one arm gets no lead cannot be compared.

    Example:
        >>> row = label_row_of(62, 95, treatment_share=0.5, expected_wins_at_end=180, alpha=0.05)
        >>> round(row.e_value, 6), round(row.p_value, 6), round(row.ratio.interval.low, 6)
        (7.526606, 0.132862, 0.945957)
    """
    if not 0.0 < treatment_share < 1.0:
        return NotEstimable("one_arm", "One arm of the pair gets no leads, so there is nothing to compare.")
    process = LabelProcess(control_wins, treatment_wins, treatment_share, prior_wins_for(expected_wins_at_end))
    return LabelRow(process.e_value, process.p_value, process.ratio(alpha=alpha))
