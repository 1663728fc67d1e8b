"""Which definition fires first, as Ibis expressions: `mqlab.analysis.strata` over a one-row-per-lead table.

A batch is named by its first microsecond, and remainders are taken of integers: a quotient of two of them goes
through a double in some engines.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
from ibis.expr import types as ir

from mqlab.warehouse.columns import STRATUM_NAMES, at_column, stratum_column

NONE, BOTH, CONTROL_FIRST, ARM_FIRST = STRATUM_NAMES


def batch_start(at_us: ir.IntegerValue, cadence_us: int) -> ir.IntegerValue:
    """The first microsecond of the batch of an instant; batches of `cadence_us` are counted from 1970 UTC."""
    into = at_us % cadence_us
    return at_us - ibis.ifelse(into < 0, into + cadence_us, into)


def with_strata(
    leads: ir.Table,
    *,
    control: str,
    challengers: Sequence[str],
    cadence_us: int,
    as_of_us: int,
    by_unit: bool,
) -> ir.Table:
    """The leads with `stratum:<challenger>` for every pair (challenger, control); null for leads of other arms.

    `leads` has `unit`, `arm` and for every arm `at:<arm>`, the microseconds at which its definition first fired, null
    where it has not. What fires in a batch still open at `as_of_us` does not count yet. `by_unit`: units hold several
    leads, and all of them take the unit's stratum: that of its earliest divergence (of two leads at one instant
    `control_first`), else `both` where any lead is, else `none`.
    """
    if cadence_us <= 0:
        raise ValueError(f"a cadence is longer than nothing, not {cadence_us} microseconds")
    closed_us = (as_of_us + 1) // cadence_us * cadence_us
    pairs = {arm: _Pair(leads, control, arm, cadence_us, closed_us) for arm in challengers}
    if not by_unit:
        return leads.mutate(
            **{
                stratum_column(arm): ibis.ifelse(pair.member, pair.stratum, ibis.null("string"))
                for arm, pair in pairs.items()
            }
        )
    facts: dict[str, ir.Value] = {}
    for number, pair in enumerate(pairs.values()):
        facts[f"control_{number}"] = pair.first_us.min(where=pair.member & (pair.stratum == CONTROL_FIRST))
        facts[f"arm_{number}"] = pair.first_us.min(where=pair.member & (pair.stratum == ARM_FIRST))
        facts[f"both_{number}"] = leads.count(where=pair.member & (pair.stratum == BOTH))
    units = leads.group_by("unit").aggregate(**facts).rename(stratum_unit="unit")
    rows = leads.left_join(units, leads.unit == units.stratum_unit)
    return rows.select(
        *leads.columns,
        **{
            stratum_column(arm): ibis.ifelse(rows.arm.isin([arm, control]), _of_unit(rows, number), ibis.null("string"))
            for number, arm in enumerate(pairs)
        },
    )


class _Pair:
    """The leads of one (challenger, control) pair: who is one, its own stratum and when the first of the two fired."""

    def __init__(self, leads: ir.Table, control: str, arm: str, cadence_us: int, closed_us: int) -> None:
        first, second = (leads[at_column(name)] for name in (control, arm))
        here, there = ((at < closed_us).fill_null(False) for at in (first, second))
        first_batch, second_batch = batch_start(first, cadence_us), batch_start(second, cadence_us)
        self.member = leads.arm.isin([arm, control])
        self.stratum = ibis.cases(
            (~here & ~there, NONE),
            (~there, CONTROL_FIRST),
            (~here, ARM_FIRST),
            (first_batch == second_batch, BOTH),
            (first_batch < second_batch, CONTROL_FIRST),
            else_=ARM_FIRST,
        )
        self.first_us = ibis.least(ibis.coalesce(first, second), ibis.coalesce(second, first))
        """Null where neither fired: LEAST of a value and a null is the value on some engines and null on others."""


def _of_unit(rows: ir.Table, number: int) -> ir.StringValue:
    """The stratum of a unit from what its leads diverged at."""
    control, arm = rows[f"control_{number}"], rows[f"arm_{number}"]
    return ibis.cases(
        (control.isnull() & arm.isnull(), ibis.ifelse(rows[f"both_{number}"] > 0, BOTH, NONE)),
        (arm.isnull() | (control <= arm), CONTROL_FIRST),
        else_=ARM_FIRST,
    )
