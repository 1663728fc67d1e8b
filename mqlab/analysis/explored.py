"""What reading a sample of leads tells: scores around thresholds, near misses, signals, the frontier."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mqlab.analysis.movers import Mover
from mqlab.analysis.quarter.thresholds import Threshold, thresholds
from mqlab.analysis.rejected_rules import RuleRejections
from mqlab.definitions.model import Definition
from mqlab.stats import binary
from mqlab.stats.binary import Counts
from mqlab.stats.estimate import Estimate, NotEstimable
from mqlab.stats.multiplicity import benjamini_hochberg
from mqlab.stats.tails import critical_z
from mqlab.stats.thresholds import Point, Scores, bands, frontier

BINS = 24
"""At most so many bars show a score."""

NEAR_BINS = 2
"""Near the threshold: this many bars below it or above it."""

LEAST_IN_BAND = 25


@dataclass(frozen=True, slots=True)
class Read:
    """One lead as a definition read it: its path, its scores, the rules that gave points; and what became of it.

    `handed`: the definition is that of its arm, and handed it over. `path` is None where the definition says nothing of
    it. `won` is None where its deals still have days left.
    """

    handed: bool
    path: str | None
    sql: bool
    won: bool | None
    scores: Mapping[str, float]
    rules: frozenset[str]


@dataclass(frozen=True, slots=True)
class Bin:
    """Leads with a score in [low, high): those of every arm, and of them the ones that became SQLs."""

    low: float
    high: float
    leads: int
    sqls: int


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """A score that a definition asks for, over the leads that reach every other score it asks for.

    Leads that come by another path than their score, such as a fast track, or that a gate stops, are not among them.
    `missed` and `passed` are those at most `near` points below the threshold, and as close above it. `least` and `most`
    are the bounds of the score where it has any; the last bin holds leads with `most` points too.
    """

    threshold: Threshold
    arms: tuple[str, ...]
    leads: int
    of: int
    bins: tuple[Bin, ...]
    near: float
    missed: Counts
    passed: Counts
    frontier: tuple[Point, ...]
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """What a rule has to do with SQLs and wins: leads that it gave points, `with_`, beside those that it did not.

    `difference` is of SQL rates, its interval not adjusted; `p_adjusted` is, over all rules of the definition.
    """

    definition: str
    rule: str
    with_: Counts
    without: Counts
    won_with: Counts
    won_without: Counts
    difference: Estimate | NotEstimable
    p_adjusted: float | NotEstimable


@dataclass(frozen=True, slots=True)
class Explored:
    """All of it, by definition; `silent` are those of which nothing can be said, and why.

    `leads` were read, SQLs counted within `sql_days` and wins within `won_days` of assignment. `movers` are examples of
    leads on which two definitions part, `rejections` those of leads followed as long, by the rules that made them MQLs.
    """

    leads: int
    sql_days: int
    won_days: int
    scores: tuple[ScoreTable, ...]
    signals: tuple[Signal, ...]
    silent: tuple[tuple[str, NotEstimable], ...] = ()
    movers: tuple[Mover, ...] = ()
    rejections: tuple[RuleRejections, ...] = ()

    @classmethod
    def of(
        cls,
        definitions: Mapping[str, Definition],
        arms: Mapping[str, tuple[str, ...]],
        read: Mapping[str, Sequence[Read]],
        silent: tuple[tuple[str, NotEstimable], ...],
        days: tuple[int, int],
        alpha: float,
    ) -> Explored:
        """From what each definition read of the same leads."""
        tables = [
            _table(definitions[ref], threshold, arms[ref], rows, alpha)
            for ref, rows in read.items()
            for threshold in thresholds(definitions[ref])
        ]
        return cls(
            max((len(rows) for rows in read.values()), default=0),
            *days,
            tuple(table for table in tables if table is not None),
            tuple(signal for ref, rows in read.items() for signal in _signals(definitions[ref], rows, alpha)),
            silent,
        )


def _table(
    definition: Definition, threshold: Threshold, arms: tuple[str, ...], rows: Sequence[Read], alpha: float
) -> ScoreTable | None:
    """The leads that reach every other score that is asked for; None where no lead does."""
    others = [one for one in thresholds(definition) if one != threshold]
    bounds = ((one.low, one.high) for one in definition.scores if one.name == threshold.score)
    least, most = next(bounds, (None, None))
    chosen = [
        row
        for row in rows
        if row.path in (None, "score")
        and threshold.score in row.scores
        and all(row.scores.get(one.score, -math.inf) >= one.bound for one in others)
    ]
    if not chosen:
        return None
    score = np.array([row.scores[threshold.score] for row in chosen], dtype=np.float64)
    sql = np.array([row.sql for row in chosen], dtype=bool)
    handed = np.array([row.handed for row in chosen], dtype=bool)
    width = _width(float(score.min()), float(score.max()))
    near = NEAR_BINS * width
    found = bands(
        Scores.of(score, handed, sql), z=critical_z(alpha), least=LEAST_IN_BAND, most=12, in_force=threshold.bound
    )
    return ScoreTable(
        threshold,
        arms,
        len(chosen),
        len(rows),
        tuple(_bins(score, sql, threshold.bound, width, least, most)),
        near,
        _counts(sql[(score < threshold.bound) & (score >= threshold.bound - near)]),
        _counts(sql[(score >= threshold.bound) & (score < threshold.bound + near)]),
        frontier(found, alpha=alpha),
        least,
        most,
    )


def _width(low: float, high: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten with which `BINS` bars hold all scores.

    Example:
        >>> _width(0, 100), _width(0, 1), _width(7, 7)
        (5.0, 0.05, 1.0)
    """
    least = (high - low) / (BINS - 1)
    if least <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(least))
    return next(round(times * power, 12) for times in (1, 2, 5, 10) if times * power >= least * (1 - 1e-9))


def _bins(
    score: np.ndarray[tuple[int], np.dtype[np.float64]],
    sql: np.ndarray[tuple[int], np.dtype[np.bool_]],
    bound: float,
    width: float,
    least: float | None,
    most: float | None,
) -> list[Bin]:
    """Bars of one width, one of which begins at the threshold; the outer ones end where the score does."""
    place = np.floor((score - bound) / width + 1e-9).astype(np.int64)
    if most is not None and most > bound:
        place = np.minimum(place, math.ceil((most - bound) / width - 1e-9) - 1)
    found = []
    for number in range(int(place.min()), int(place.max()) + 1):
        inside = place == number
        low, high = (round(bound + edge * width, 9) for edge in (number, number + 1))
        low = low if least is None else max(low, least)
        high = high if most is None or most <= low else min(high, most)
        found.append(Bin(low, high, int(inside.sum()), int(sql[inside].sum())))
    return found


def _counts(yes: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Counts:
    return Counts(int(yes.sum()), int(yes.size))


def _signals(definition: Definition, rows: Sequence[Read], alpha: float) -> list[Signal]:
    """Every rule of the definition's scores, from the one that goes with most SQLs to the one that goes with fewest."""
    names = [rule.id for score in definition.scores for group in score.groups for rule in group.rules]
    z = critical_z(alpha)
    found: list[Signal] = []
    p_values: list[float] = []
    for name in dict.fromkeys(names):
        yes = [row for row in rows if name in row.rules]
        no = [row for row in rows if name not in row.rules]
        counts = [Counts(sum(row.sql for row in part), len(part)) for part in (yes, no)]
        deals = [[row.won for row in part if row.won is not None] for part in (yes, no)]
        wins = [Counts(sum(part), len(part)) for part in deals]
        p = binary.p_value(counts[1], counts[0])
        apart = binary.difference(counts[1], counts[0], z=z)
        found.append(Signal(definition.ref, name, counts[0], counts[1], wins[0], wins[1], apart, p))
        if isinstance(p, float):
            p_values.append(p)
    adjusted = iter(benjamini_hochberg(p_values))
    told = [replace(one, p_adjusted=next(adjusted)) if isinstance(one.p_adjusted, float) else one for one in found]
    return sorted(told, key=_by_difference)


def _by_difference(one: Signal) -> float:
    return -(one.difference.value or 0.0) if isinstance(one.difference, Estimate) else math.inf
