"""Yes/no metrics of randomised leads: plain intention-to-treat, the triggered estimator, and shares of MQLs."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from mqlab.analysis import phases
from mqlab.analysis.comparison import Comparison, without
from mqlab.analysis.result_rows import ArmValue
from mqlab.stats import binary
from mqlab.stats.binary import Counts
from mqlab.stats.estimate import Estimate, NotEstimable
from mqlab.stats.precision import Qualified, QualifiedPair, efficient_precision
from mqlab.stats.strata import Pair, Strata
from mqlab.stats.tails import two_sided_p
from mqlab.warehouse.columns import Stratum
from mqlab.warehouse.sufficient import Cell


class InPhase(Protocol):
    """A row that stands in a phase."""

    @property
    def phase(self) -> int: ...


class Sized(InPhase, Protocol):
    """What every row of sufficient statistics says of itself."""

    @property
    def arm(self) -> str: ...

    @property
    def leads(self) -> int: ...

    @property
    def mature(self) -> int: ...


AnyRow = TypeVar("AnyRow", bound=InPhase)
AnyCell = TypeVar("AnyCell", bound=Sized)
Numerator = Callable[[Cell], int]
STRATA: tuple[Stratum, ...] = ("both", "control_first", "arm_first", "none")

NO_UNITS = NotEstimable("no_units", "An arm has no leads that have been followed long enough.")
NO_MQLS = NotEstimable("no_mqls", "A definition has handed over no lead that has been followed long enough.")


def numerator(metric: str) -> Numerator:
    """What a `…_per_lead` metric counts of a cell: a stage reached, or its own MQLs."""
    stage = metric.removesuffix("_per_lead")
    return (lambda cell: cell.mql) if stage == "mql" else (lambda cell: cell.x[stage])


def by_phase(cells: Iterable[AnyRow]) -> Mapping[int, tuple[AnyRow, ...]]:
    """The rows of each phase."""
    found: dict[int, list[AnyRow]] = defaultdict(list)
    for cell in cells:
        found[cell.phase].append(cell)
    return {phase: tuple(found[phase]) for phase in sorted(found)}


def comparable(cells: Iterable[AnyCell], control: str, arm: str) -> tuple[AnyCell, ...]:
    """The cells of the pair in those phases in which both arms have mature leads; all of the pair if there are none."""
    chosen = tuple(cell for cell in cells if cell.arm in (control, arm))
    mature = {(cell.phase, cell.arm) for cell in chosen if cell.mature}
    kept = tuple(cell for cell in chosen if {(cell.phase, control), (cell.phase, arm)} <= mature)
    return kept or chosen


def strata_of(cells: Iterable[Cell], control: str, arm: str, count: Numerator) -> Strata:
    """Mature leads and outcomes of a pair of arms, by stratum."""
    x: dict[tuple[str, str | None], int] = defaultdict(int)
    n: dict[tuple[str, str | None], int] = defaultdict(int)
    for cell in cells:
        x[cell.arm, cell.stratum] += count(cell)
        n[cell.arm, cell.stratum] += cell.mature

    def counts(side: str, stratum: Stratum) -> Counts:
        return Counts(x[side, stratum], n[side, stratum])

    return Strata(**{stratum: Pair(counts(control, stratum), counts(arm, stratum)) for stratum in STRATA})


def per_lead(cells: Sequence[Cell], control: str, arm: str, count: Numerator) -> Comparison:
    """Outcome per assigned lead, as assigned: every mature lead of an arm in its denominator."""
    pairs = [strata_of(group, control, arm, count).assigned for group in by_phase(cells).values()]
    pairs = [pair for pair in pairs if pair.filled]
    sides = _sides(cells, control, arm, lambda cell: cell.leads, lambda cell: cell.mature, count)
    if not pairs:
        return without(NO_UNITS, *sides)
    if len(pairs) > 1:
        sides = _weighted(sides, pairs)
    return Comparison(
        *sides,
        difference=lambda z: phases.difference(pairs, z=z),
        relative=lambda z: phases.relative_lift(pairs, z=z),
        p_value=phases.p_value(pairs),
        method="Miettinen–Nurminen score, N−1 test" if len(pairs) == 1 else _STRATIFIED,
        note=few(sum(pair.control.x for pair in pairs), sum(pair.treatment.x for pair in pairs)),
    )


def per_lead_triggered(cells: Sequence[Cell], control: str, arm: str, count: Numerator) -> Comparison:
    """Outcome per assigned lead, from the leads on which the two definitions disagree."""
    each = [strata_of(group, control, arm, count) for group in by_phase(cells).values()]
    each = [strata for strata in each if strata.assigned.filled]
    sides = _sides(cells, control, arm, lambda cell: cell.leads, lambda cell: cell.mature, count)
    if not each:
        return without(NO_UNITS, *sides)
    rates = phases.triggered_rates(each)
    discordant = [strata.discordant for strata in each]
    events = sum(pair.control.x for pair in discordant), sum(pair.treatment.x for pair in discordant)
    return Comparison(
        sides[0] if isinstance(rates, NotEstimable) else _revalued(sides[0], rates[0]),
        sides[1] if isinstance(rates, NotEstimable) else _revalued(sides[1], rates[1]),
        difference=lambda z: phases.triggered_difference(each, z=z),
        relative=lambda z: phases.triggered_lift(each, z=z),
        p_value=phases.triggered_p_value(each),
        method="first-divergence strata, Miettinen–Nurminen score inside them, diluted"
        + ("" if len(each) == 1 else "; Cochran–Mantel–Haenszel over phases"),
        note=few(*events, " among leads the definitions disagree on"),
        events=events,
    )


def per_mql(cells: Sequence[Cell], control: str, arm: str, stage: str) -> Comparison:
    """Outcome per MQL of each arm's own definition: two proportions, descriptive."""
    return _proportions(cells, control, arm, lambda cell: cell.mql, lambda cell: cell.mql_x[stage], NO_MQLS)


def in_time(cells: Sequence[Cell], control: str, arm: str) -> Comparison:
    """Leads touched within the promised time per lead handed over: two proportions, descriptive."""
    nobody = NotEstimable("no_handoffs", "No lead of an arm has been handed over long enough ago.")
    return _proportions(cells, control, arm, lambda cell: cell.handed, lambda cell: cell.in_time, nobody)


def per_mql_efficient(cells: Sequence[Cell], control: str, arm: str, stage: str) -> Comparison:
    """Outcome per MQL with the leads both definitions hand over counted once for both arms; descriptive."""
    plain = per_mql(cells, control, arm, stage)

    def qualified(side: str, stratum: Stratum) -> Qualified:
        chosen = [cell for cell in cells if (cell.arm, cell.stratum) == (side, stratum)]
        return Qualified(
            sum(cell.mature for cell in chosen),
            sum(cell.mql for cell in chosen),
            sum(cell.mql_x[stage] for cell in chosen),
        )

    def pair(stratum: Stratum) -> QualifiedPair:
        return QualifiedPair(qualified(control, stratum), qualified(arm, stratum))

    together = qualified(control, "both") + qualified(arm, "both")
    units = sum(cell.mature for cell in cells if cell.arm in (control, arm))
    first, second = pair("control_first"), pair("arm_first")

    def precision(z: float) -> tuple[Estimate | NotEstimable, Estimate | NotEstimable]:
        found = efficient_precision(Counts(together.e, together.m), first, second, units, z=z)
        return (found, found) if isinstance(found, NotEstimable) else (found.absolute, found.relative)

    found = efficient_precision(Counts(together.e, together.m), first, second, units, z=1.0)
    if isinstance(found, NotEstimable):
        return without(found, plain.control, plain.treatment, _EFFICIENT)
    log_error = found.log_standard_error
    log_lift = found.relative
    p: float | NotEstimable = NotEstimable("no_variation", "The strata do not vary, so there is no test.")
    if isinstance(log_lift, NotEstimable):
        p = log_lift
    elif log_error and log_lift.value is not None:
        p = two_sided_p(math.log1p(log_lift.value) / log_error)
    return Comparison(
        _revalued(plain.control, found.control),
        _revalued(plain.treatment, found.treatment),
        difference=lambda z: precision(z)[0],
        relative=lambda z: precision(z)[1],
        p_value=p,
        method=_EFFICIENT,
        note=DESCRIPTIVE,
    )


FEW_OUTCOMES = 10
DESCRIPTIVE = "describes the leads each definition picks; not an effect"
_STRATIFIED = "Miettinen–Nurminen score stratified by phase, Cochran–Mantel–Haenszel"
_EFFICIENT = "post-stratified ratio, log-delta"


def few(control: int, treatment: int, where: str = "") -> str:
    """A warning where an arm has fewer than ten outcomes, else the empty text."""
    if min(control, treatment) >= FEW_OUTCOMES:
        return ""
    return f"few outcomes ({control} and {treatment}{where}), read with care"


def joined(*notes: str) -> str:
    """Notes as one."""
    return "; ".join(note for note in notes if note)


def _proportions(
    cells: Sequence[Cell], control: str, arm: str, of: Numerator, count: Numerator, nobody: NotEstimable
) -> Comparison:
    sides = _sides(cells, control, arm, of, of, count)
    a, b = (
        Counts(
            sum(count(cell) for cell in cells if cell.arm == side), sum(of(cell) for cell in cells if cell.arm == side)
        )
        for side in (control, arm)
    )
    if not a.n or not b.n:
        return without(nobody, *sides, note=DESCRIPTIVE)
    return Comparison(
        *sides,
        difference=lambda z: binary.difference(a, b, z=z),
        relative=lambda z: binary.relative_lift(a, b, z=z),
        p_value=binary.p_value(a, b),
        method="two proportions, Miettinen–Nurminen score, N−1 test",
        note=DESCRIPTIVE,
    )


def _sides(
    cells: Iterable[Cell], control: str, arm: str, units: Numerator, mature: Numerator, count: Numerator
) -> tuple[ArmValue, ArmValue]:
    """Both arms' raw counts."""
    cells = tuple(cells)

    def side(name: str) -> ArmValue:
        chosen = [cell for cell in cells if cell.arm == name]
        n, x = sum(map(mature, chosen)), sum(map(count, chosen))
        return ArmValue(sum(map(units, chosen)), n, x / n if n else NO_UNITS, float(x))

    return side(control), side(arm)


def _weighted(sides: tuple[ArmValue, ArmValue], pairs: Sequence[Pair]) -> tuple[ArmValue, ArmValue]:
    """Both arms' rates with each phase at its share of the leads, as the difference weighs them."""
    total = sum(pair.pooled.n for pair in pairs)
    return (
        _revalued(sides[0], sum(pair.pooled.n / total * pair.control.x / pair.control.n for pair in pairs)),
        _revalued(sides[1], sum(pair.pooled.n / total * pair.treatment.x / pair.treatment.n for pair in pairs)),
    )


def _revalued(side: ArmValue, value: float) -> ArmValue:
    return ArmValue(side.units, side.mature_units, value, side.numerator)
