"""What the experiments should find: every lead played under every arm with the same random numbers.

The truth is about the leads that came, with what they are and what they did: for each of them, under each arm, the
expectation over the luck of the sales stages. It is computed by playing every assigned lead `plays` times under every
arm, in each play with one set of chances for all arms (common random numbers), and averaging. The funnel that is
written to the feeds is the first of these plays, with each lead under its own arm only.

Averaging over luck is on purpose. An interval accounts for the luck in both arms, as if each arm had its own leads;
the difference of one single play on the same leads varies with that luck too, and the intervals would cover it more
often than their level says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from mqlab.experiments.metrics import declared, horizon_days
from mqlab.experiments.protocol import Metric, Protocol
from mqlab.simulation.population import DAY_S, NEVER, Bools, Floats, Ints, Population
from mqlab.simulation.sales import Played, draw_chances, play


@dataclass(frozen=True, slots=True)
class Lift:
    """The true change a challenger makes: absolute, and relative to the control (None where the control has 0)."""

    absolute: float
    relative: float | None


@dataclass(frozen=True, slots=True)
class ExperimentTruth:
    """The true values of one experiment's metrics under each arm.

    `values` maps (metric, horizon in days) to the value by arm: rates in [0, 1], money in currency units.
    `leads`: how many assigned leads were played; `plays`: how often each.
    """

    experiment: str
    control: str
    leads: int
    plays: int
    values: Mapping[tuple[str, int], Mapping[str, float]] = field(default_factory=dict)

    def value(self, metric: str, arm: str, horizon: int | None = None) -> float:
        """The value under an arm; without `horizon`, at the metric's first declared one. KeyError when not declared."""
        return self.values[self._key(metric, horizon)][arm]

    def lift(self, metric: str, arm: str, horizon: int | None = None) -> Lift:
        """What `arm` truly changes against the control."""
        control = self.value(metric, self.control, horizon)
        changed = self.value(metric, arm, horizon) - control
        return Lift(absolute=changed, relative=changed / control if control else None)

    def _key(self, metric: str, horizon: int | None) -> tuple[str, int]:
        for key in self.values:
            if key[0] == metric and horizon in (None, key[1]):
                return key
        raise KeyError(f"{self.experiment} has no truth for {metric}" + (f" within {horizon} days" if horizon else ""))


def true_values(
    protocol: Protocol,
    who: Population,
    handed_over_s: Mapping[str, Ints],
    *,
    rng: np.random.Generator,
    plays: int,
) -> ExperimentTruth:
    """Play the assigned leads `who` under every arm; `handed_over_s` holds each arm's hand-over instants (or NEVER)."""
    metrics = [metric for metric in declared(protocol) if _countable(metric)]
    totals = {arm: np.zeros((len(metrics), 2)) for arm in handed_over_s}
    for _ in range(plays):
        chances = draw_chances(rng, len(who))
        for arm, at in handed_over_s.items():
            played = play(who, chances, at)
            totals[arm] += _sums(metrics, protocol, who, played)
    values: dict[tuple[str, int], dict[str, float]] = {}
    for number, metric in enumerate(metrics):
        values[(metric.metric, horizon_days(metric, protocol))] = {
            arm: float(total[number, 0] / total[number, 1]) if total[number, 1] else 0.0
            for arm, total in totals.items()
        }
    return ExperimentTruth(protocol.id, protocol.control, len(who), plays, values)


def _countable(metric: Metric) -> bool:
    """Whether the truth of the metric is kept: effort and service levels depend on how reps log their work."""
    return metric.metric not in ("effort_per_win", "touched_within_sla")


def _sums(metrics: Sequence[Metric], protocol: Protocol, who: Population, played: Played) -> Floats:
    """Per metric: the sum of the numerator and of the denominator."""
    mql = played.handed_over_s != NEVER
    rows = []
    for metric in metrics:
        horizon = horizon_days(metric, protocol)
        stage, _, base = metric.metric.partition("_per_")
        if stage == "mql":
            counted: Floats = mql.astype(np.float64)
        elif stage == "revenue":
            cap = float(metric.cap) if metric.cap is not None else np.inf
            counted = _within(played.won_s, who, horizon) * np.minimum(played.deal, cap)
        else:
            counted = _within(_reached(played, stage), who, horizon)
        counted = counted * mql if base == "mql" else counted
        rows.append((counted.sum(), mql.sum() if base == "mql" else len(who)))
    return np.array(rows, dtype=np.float64)


def _within(at: Ints, who: Population, horizon: int) -> Floats:
    inside: Bools = (at != NEVER) & (at < who.created_s + horizon * DAY_S)
    return inside.astype(np.float64)


def _reached(played: Played, stage: str) -> Ints:
    return {
        "accepted": played.accepted_s,
        "rejected": played.rejected_s,
        "meeting": played.met_s,
        "sql": played.sql_s,
        "opportunity": played.opportunity_s,
        "won": played.won_s,
    }[stage]
