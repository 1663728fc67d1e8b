"""Which thresholds deserve another look, and on what evidence.

Two kinds of evidence, never mixed. An *experiment* whose arms hand over different leads shows what handing over those
in between brings: that is an effect. *Within* one definition the leads that came just above its threshold can be set
beside those well above, and beside those that were not handed over: that describes, and what those below would have
done in sales' hands nobody knows. Either is a reason for an experiment, never for a change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mqlab.analysis.quarter.experiments import Ran
from mqlab.analysis.quarter.funnel import ALPHA
from mqlab.analysis.result_rows import estimate_dict
from mqlab.definitions.model import Definition, Matrix
from mqlab.definitions.tree import And, Compare, Node, NumberLiteral, ScoreRef
from mqlab.stats import binary
from mqlab.stats.estimate import Estimate, NotEstimable
from mqlab.stats.tails import critical_z

NEAR = 0.25
"""The leads just above: this share of those above, with the lowest scores."""

LEAST = 100
"""Fewer leads on a side tell nothing."""

NO_WORSE = 0.2
"""Just above counts as no worse where at most this share of the rate well above can be missing."""

Reading = Literal["raise", "lower", "ordered", "unclear"]


@dataclass(frozen=True, slots=True)
class Threshold:
    """A score that `qualify` asks a lead to reach."""

    definition: str
    score: str
    bound: float


@dataclass(frozen=True, slots=True)
class Near:
    """MQLs by their score as they qualified: `near` just above the threshold, up to `upto`, and `far` above that.

    `below` are the leads of the definition that were no MQLs, and those of them that became SQLs all the same.
    `sample` of `mqls` MQLs were looked at.
    """

    threshold: Threshold
    upto: float
    near: binary.Counts
    far: binary.Counts
    below: binary.Counts
    sample: int
    mqls: int
    within_days: int

    @property
    def difference(self) -> Estimate | NotEstimable:
        """SQLs per MQL just above − those well above, with its 95% interval."""
        return binary.difference(self.far, self.near, z=critical_z(ALPHA))

    @property
    def gain(self) -> Estimate | NotEstimable:
        """SQLs per MQL just above − SQLs per lead that was not handed over, with its 95% interval."""
        return binary.difference(self.below, self.near, z=critical_z(ALPHA))

    @property
    def reading(self) -> Reading:
        """What the counts speak for.

        `lower`: just above leads convert as those well above. `raise`: they convert no better than leads that nobody
        handed over, and at best half as much better as those well above. `ordered`: fewer convert, as a score should
        have it, and more than below. `unclear`: the counts do not tell.
        """
        apart, gain = self.difference, self.gain
        if isinstance(apart, NotEstimable) or isinstance(gain, NotEstimable):
            return "unclear"
        far, below = self.far.x / self.far.n, self.below.x / self.below.n
        low, high = apart.interval.low, apart.interval.high
        if low is not None and low > -NO_WORSE * far:
            return "lower"
        least, most = gain.interval.low, gain.interval.high
        if least is not None and most is not None and least <= 0 and most < (far - below) / 2:
            return "raise"
        return "ordered" if high is not None and high < 0 and least is not None and least > 0 else "unclear"

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "definition": self.threshold.definition,
            "score": self.threshold.score,
            "threshold": self.threshold.bound,
            "up_to": self.upto,
            "just_above": {"mqls": self.near.n, "sqls": self.near.x},
            "well_above": {"mqls": self.far.n, "sqls": self.far.x},
            "not_handed_over": {"leads": self.below.n, "sqls": self.below.x},
            "against_well_above": estimate_dict(self.difference),
            "against_not_handed_over": estimate_dict(self.gain),
            "reading": self.reading,
            "sample": self.sample,
            "of_mqls": self.mqls,
            "within_days": self.within_days,
        }


@dataclass(frozen=True, slots=True)
class Between:
    """What an experiment says of the leads that `hands_over` hands over first: SQLs per 1,000 assigned leads.

    `outcomes_per_1000` is what handing them over first adds, with its interval: the other arm goes without.
    """

    experiment: str
    arm: str
    stratum: str
    hands_over: str
    other: str
    stage: str
    leads_per_1000: float
    outcomes_per_1000: float
    low: float | None
    high: float | None

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Revisit:
    """The evidence there is; `silent` are definitions with a threshold of which nothing can be said, and why."""

    between: tuple[Between, ...]
    near: tuple[Near, ...]
    silent: tuple[tuple[str, NotEstimable], ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "experiments": [one.to_dict() for one in self.between],
            "just_above": [one.to_dict() for one in self.near],
            "nothing_to_say": [
                {"definition": ref, "reason": why.reason, "detail": why.detail} for ref, why in self.silent
            ],
        }


def thresholds(definition: Definition) -> tuple[Threshold, ...]:
    """The scores that `qualify` asks for, all of which a lead must reach.

    Example:
        >>> from mqlab.definitions.tree import Expression
        >>> tree = Compare(">=", ScoreRef("fit"), NumberLiteral(55))
        >>> mini = Definition("mini", "1.0.0", qualify=Expression("fit >= 55", tree))
        >>> [(one.score, one.bound) for one in thresholds(mini)]
        [('fit', 55)]
    """
    qualify = definition.qualify
    if qualify is None or isinstance(qualify, Matrix):
        return ()
    return tuple(
        Threshold(definition.ref, node.left.name, node.right.value)
        for node in _parts(qualify.tree)
        if isinstance(node, Compare)
        and node.op in (">=", ">")
        and isinstance(node.left, ScoreRef)
        and isinstance(node.right, NumberLiteral)
    )


def _parts(node: Node) -> Sequence[Node]:
    return [part for arg in node.args for part in _parts(arg)] if isinstance(node, And) else [node]


def near(
    threshold: Threshold,
    score: npt.NDArray[np.float64],
    sql: npt.NDArray[np.bool_],
    below: binary.Counts,
    *,
    mqls: int,
    within_days: int,
) -> Near | NotEstimable:
    """The MQLs just above a threshold beside the others; one entry per MQL that qualified by its score."""
    if len(score) < 2 * LEAST:
        return NotEstimable("too_few_mqls", f"Only {len(score)} MQLs came by this score; {2 * LEAST} would tell.")
    cut = float(np.quantile(score, NEAR, method="lower"))
    low = score <= cut
    if int((~low).sum()) < LEAST:
        return NotEstimable("one_score", "Nearly all MQLs have the same score.")
    return Near(
        threshold,
        cut,
        binary.Counts(int(sql[low].sum()), int(low.sum())),
        binary.Counts(int(sql[~low].sum()), int((~low).sum())),
        below,
        len(score),
        mqls,
        within_days,
    )


def between(ran: Sequence[Ran]) -> tuple[Between, ...]:
    """What experiments say of leads that one arm's definition hands over and the other's does not, or later."""
    found = []
    for one in ran:
        for row in one.marginal:
            numbers = (row["leads_per_1000"], row["outcomes_per_1000"])
            if not all(isinstance(number, float | int) for number in numbers) or None in (row["low"], row["high"]):
                continue
            by_arm = row["stratum"] == "arm_first"
            first, second = (row["arm"], one.control) if by_arm else (one.control, row["arm"])
            gain, low, high = float(row["outcomes_per_1000"]), row["low"], row["high"]
            if not by_arm:
                gain, low, high = -gain, -high, -low
            found.append(
                Between(
                    one.experiment,
                    row["arm"],
                    row["stratum"],
                    one.definitions[first],
                    one.definitions[second],
                    row["stage"],
                    float(row["leads_per_1000"]),
                    gain,
                    low,
                    high,
                )
            )
    return tuple(found)
