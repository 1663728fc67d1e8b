"""Post-stratification: all assigned leads compared level by level of a covariate that is known at assignment.

Δ̂ = Σ w_s Δ̂_s with w_s = N_s/N, Var Σ w_s² Var_s, p by Cochran–Mantel–Haenszel: the formulas of several phases with a
level in place of a phase, and with (phase, level) where there are several of both. So a level is handed to the same
functions as a phase of its own; there is no second estimator. R's Lin regression, `lm(y ~ arm * centred levels)`, has
the same estimate. Sources: Miratrix, Sekhon & Yu 2013; Lin 2013. statsmodels' `StratifiedTable` has the test, but
neither this estimate nor a score interval that agrees with the test.

Which cells are put together is read from numbers of leads, never from outcomes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from mqlab.analysis import rates
from mqlab.analysis.comparison import Comparison
from mqlab.warehouse.sufficient import Cell

MOST_LEVELS = 5
"""Levels compared; where there are more, all but the four most frequent are one."""
FEWEST_LEADS = 20
"""Mature leads a level needs in each arm of a phase; smaller ones are put together."""
MISSING, OTHERS = "(missing)", "(others)"

Place = tuple[int, str]
"""A phase and one of its levels."""


def per_lead_adjusted(
    cells: Sequence[Cell], control: str, arm: str, count: rates.Numerator, *, by: str = "covariate"
) -> Comparison:
    """Outcome per assigned lead as `rates.per_lead` compares it, within levels of `by`, the cells' `segment`.

    `cells` are those of the pair by (phase, arm, stratum, segment), in phases that have both arms. Where no level has
    20 mature leads in both arms, the comparison is the plain one, and its note says so.

    Example:
        >>> def cell(arm, source, sql, leads):
        ...     counts = dict(x={"sql": sql}, mql_x={"sql": 0}, mql=0, handed=0, in_time=0)
        ...     return Cell(1, arm, "none", source, leads=leads, mature=leads, **counts)
        >>> cells = [cell("a", "ads", 10, 100), cell("b", "ads", 12, 100),
        ...          cell("a", "event", 30, 60), cell("b", "event", 25, 40)]
        >>> found = per_lead_adjusted(cells, "a", "b", lambda cell: cell.x["sql"], by="source")
        >>> round(found.difference(1.96).value, 9), found.method
        (0.055, 'Miettinen–Nurminen score post-stratified by source, Cochran–Mantel–Haenszel')
    """
    places = _places(cells)
    numbers = {place: number for number, place in enumerate(sorted(set(places.values())), 1)}
    renumbered = [replace(cell, phase=numbers[places[cell.phase, _label(cell)]]) for cell in cells]
    levels = sorted({level for _, level in numbers})
    if len(levels) < 2:
        plain = rates.per_lead(cells, control, arm, count)
        return replace(plain, note=_joined(plain.note, f"too few leads to post-stratify by {by}"))
    found = rates.per_lead(renumbered, control, arm, count)
    method = f"Miettinen–Nurminen score post-stratified by {by}, Cochran–Mantel–Haenszel"
    if len({cell.phase for cell in cells}) > 1:
        method = f"Miettinen–Nurminen score stratified by phase and {by}, Cochran–Mantel–Haenszel"
    return replace(found, method=method, note=_joined(found.note, f"levels of {by}: {', '.join(levels)}"))


def _places(cells: Sequence[Cell]) -> Mapping[Place, Place]:
    """The phase and level at which the cells of every (phase, value) are compared."""
    leads: Counter[str] = Counter()
    for cell in cells:
        leads[_label(cell)] += cell.mature
    ordered = sorted(leads, key=lambda value: (-leads[value], value))
    rare = set(ordered[MOST_LEVELS - 1 :]) if len(ordered) > MOST_LEVELS else set()
    found: dict[Place, Place] = {}
    for phase, group in rates.by_phase(cells).items():
        counted: dict[str, Counter[str]] = defaultdict(Counter)
        values: dict[str, set[str]] = defaultdict(set)
        for cell in group:
            level = OTHERS if _label(cell) in rare else _label(cell)
            counted[level][cell.arm] += cell.mature
            values[level].add(_label(cell))
        arms = {cell.arm for cell in group}
        for level, members in _put_together(counted, arms).items():
            for member in members:
                found |= {(phase, value): (phase, level) for value in values[member]}
    return found


def _put_together(counted: Mapping[str, Counter[str]], arms: set[str]) -> dict[str, set[str]]:
    """Levels with too few leads in an arm joined, with the next smallest, until all have enough or one is left."""
    groups = {level: {level} for level in counted}
    sizes = {level: Counter(counts) for level, counts in counted.items()}
    while len(groups) > 1:
        ordered = sorted(groups, key=lambda level: (sizes[level].total(), level))
        small = next((level for level in ordered if min(sizes[level][arm] for arm in arms) < FEWEST_LEADS), None)
        if small is None:
            break
        other = next(level for level in (OTHERS, *ordered) if level != small and level in groups)
        members, size = groups.pop(small) | groups.pop(other), sizes.pop(small) + sizes.pop(other)
        groups[OTHERS], sizes[OTHERS] = members, size
    return groups


def _label(cell: Cell) -> str:
    return MISSING if cell.segment is None else cell.segment


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)
