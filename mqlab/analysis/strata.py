"""Which definition fires first: the stratum of a lead, frozen at the first batch in which either of two fires.

Before that batch no arm has handed the lead over, so its history is the same whichever arm it is in, and the stratum
is a pre-treatment variable (statistics.md section 3.1). Nothing here looks at the end of a window.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mqlab.warehouse.columns import STRATUM_NAMES, Stratum

Int64s = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int8]

NEVER = int(np.iinfo(np.int64).max)
"""The instant of a definition that has not fired."""

NONE, BOTH, CONTROL_FIRST, ARM_FIRST = 0, 1, 2, 3
NAMES: tuple[Stratum, ...] = STRATUM_NAMES
"""The stratum of each code."""


@dataclass(frozen=True)
class Divergence:
    """Per lead: the code of its stratum, the batch it froze in and the first firing in it (`NEVER` where none)."""

    code: Codes
    batch: Int64s
    first_us: Int64s

    @property
    def discordant(self) -> npt.NDArray[np.bool_]:
        """Whether exactly one of the two fired in that batch."""
        return np.asarray(self.code >= CONTROL_FIRST)


def first_divergence(control_us: Int64s, arm_us: Int64s, *, cadence_us: int, as_of_us: int) -> Divergence:
    """The stratum of every lead for one pair of definitions.

    `control_us` and `arm_us` hold the instants of the first crossings, microseconds since 1970 UTC, `NEVER` where a
    definition has not fired. Batches of `cadence_us` are counted from the epoch; a batch still open at `as_of_us` has
    handed nothing over, so what fires in it does not count yet.

    Example:
        >>> hour = 3_600_000_000
        >>> control = np.array([10, 10, NEVER, NEVER, hour])
        >>> arm = np.array([hour - 1, hour, 5, NEVER, 10])
        >>> [NAMES[code] for code in first_divergence(control, arm, cadence_us=hour, as_of_us=9 * hour).code]
        ['both', 'control_first', 'arm_first', 'none', 'arm_first']
    """
    if cadence_us <= 0:
        raise ValueError(f"a cadence is longer than nothing, not {cadence_us} microseconds")
    closed_batches = (as_of_us + 1) // cadence_us
    control_batch = _batches(control_us, cadence_us, closed_batches)
    arm_batch = _batches(arm_us, cadence_us, closed_batches)
    batch = np.minimum(control_batch, arm_batch)
    code = np.select(
        [batch == NEVER, control_batch == arm_batch, control_batch < arm_batch],
        [NONE, BOTH, CONTROL_FIRST],
        default=ARM_FIRST,
    ).astype(np.int8)
    first = np.where(batch == NEVER, NEVER, np.minimum(control_us, arm_us))
    return Divergence(code=code, batch=batch, first_us=first.astype(np.int64))


def _batches(instants_us: Int64s, cadence_us: int, closed_batches: int) -> Int64s:
    """The batch of each instant, `NEVER` for one that has not come or whose batch is still open."""
    batches = np.asarray(instants_us, dtype=np.int64) // cadence_us
    return np.where((np.asarray(instants_us) == NEVER) | (batches >= closed_batches), NEVER, batches)


def spread_over_units(divergence: Divergence, unit: Int64s) -> Divergence:
    """The stratum of every lead when a unit holds several: discordant as soon as any lead of the unit diverges.

    Then the whole unit takes the stratum of its earliest diverging batch (of two leads in one batch the earlier
    firing, then `control_first`); else it is `both` where any lead is, else `none` (statistics.md section 5). `unit`
    numbers the units from 0.
    """
    if not len(unit):
        return divergence
    rank = np.select([divergence.discordant, divergence.code == BOTH], [0, 1], default=2)
    order = np.lexsort((divergence.code, divergence.first_us, divergence.batch, rank, unit))
    units, first = np.unique(unit[order], return_index=True)
    leading = order[first]
    place = np.searchsorted(units, unit)
    return Divergence(
        code=divergence.code[leading][place],
        batch=divergence.batch[leading][place],
        first_us=divergence.first_us[leading][place],
    )
