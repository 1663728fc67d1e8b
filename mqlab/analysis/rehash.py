"""A/A by re-hashing: the same leads split again by other salts, with the whole analysis each time.

What a lead did and what sales reported stays as it is, so arms that another salt makes differ by nothing but a coin:
p-values must be uniform, intervals must cover no effect at their level, and no salt may look like a broken split. When
each definition fires does not depend on the arm either, so leads are judged once and only assigned again.

Metrics that count an arm's own MQLs (`mql_per_lead`, everything per MQL or per hand-over) have no null here: the
definitions do pick different leads. They are left out.

Source: Kohavi, Tang & Xu 2020 ch. 19; the bars are those of 1,000 salts. Uniformity is scipy's Kolmogorov–Smirnov test.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from mqlab.analysis.analyze import conclude
from mqlab.analysis.judge import Judged, Progress
from mqlab.analysis.outcome_rows import Exchange
from mqlab.analysis.reassign import Reassigned
from mqlab.analysis.results import AnalysisResult
from mqlab.definitions.model import Definition
from mqlab.errors import InputError
from mqlab.experiments.metrics import METRICS
from mqlab.experiments.protocol import Looks, Metric, Protocol
from mqlab.leads.instants import end_of_day
from mqlab.leads.tables import Facts
from mqlab.stats.estimate import Estimate

LEVEL = 0.05
SHARE_BELOW = 0.02
"""With 1,000 salts the share of p-values below `LEVEL` may be this far from it; with n salts √(1000/n) times that."""
UNIFORM_P = 0.001
SPLIT_P = 0.001
SPLITS_PER_1000 = 5
FEWEST = 100
"""A question answered for fewer salts than this is shown and not judged."""


@dataclass(frozen=True, slots=True, order=True)
class Question:
    """What is asked again under each salt."""

    arm: str
    metric: str
    horizon_days: int
    estimator: str

    def __str__(self) -> str:
        return f"{self.metric} of {self.arm} within {self.horizon_days} days, {self.estimator}"


@dataclass(frozen=True, slots=True)
class Answer:
    """The plain p-value, whether the interval covers no effect (None: there is none), and the interval's level."""

    p_value: float
    covers: bool | None
    level: float


@dataclass(frozen=True, slots=True)
class Rerun:
    """One salt: the p-value of its sample ratio (None: nobody is in), and what could be answered."""

    salt: str
    sample_ratio_p: float | None
    answers: Mapping[Question, Answer]


@dataclass(frozen=True, slots=True)
class Uniformity:
    """One question over all salts, in their order.

    `below`: the share of p-values below 0.05. `uniform_p`: Kolmogorov–Smirnov against the uniform distribution, of
    p-values randomised within their steps. `covering`: the share of intervals with no effect inside, which should be
    about `level`; None without intervals.
    """

    question: Question
    p_values: tuple[float, ...]
    below: float
    uniform_p: float
    covering: float | None
    level: float

    @property
    def judged(self) -> bool:
        """Whether there are salts enough to say."""
        return len(self.p_values) >= FEWEST

    @property
    def holds(self) -> bool:
        """Whether the p-values are those of a coin, as far as so many salts can tell."""
        room = SHARE_BELOW * math.sqrt(1000 / len(self.p_values))
        return abs(self.below - LEVEL) <= room + 1e-12 and self.uniform_p > UNIFORM_P

    def to_dict(self) -> dict[str, Any]:
        """As plain data, without the single p-values."""
        return {
            "arm": self.question.arm,
            "metric": self.question.metric,
            "horizon_days": self.question.horizon_days,
            "estimator": self.question.estimator,
            "salts": len(self.p_values),
            "below_0.05": self.below,
            "uniform_p": self.uniform_p,
            "covering": self.covering,
            "level": self.level,
            "holds": self.holds if self.judged else None,
        }


@dataclass(frozen=True, slots=True)
class Rehashing:
    """All salts together: `broken_splits` of them have a sample ratio with p < 0.001."""

    salts: int
    broken_splits: int
    questions: tuple[Uniformity, ...]

    @property
    def failures(self) -> tuple[str, ...]:
        """What does not hold, in words and numbers; empty where the arms are alike."""
        found = [
            f"{row.question}: {100 * row.below:.1f}% of {len(row.p_values):,} p-values are below 0.05, "
            f"uniform with p = {row.uniform_p:.2g}"
            for row in self.questions
            if row.judged and not row.holds
        ]
        if self.broken_splits > max(1.0, SPLITS_PER_1000 * self.salts / 1000):
            found.append(f"{self.broken_splits} of {self.salts:,} splits have a sample ratio with p < {SPLIT_P}")
        return tuple(found)

    @property
    def holds(self) -> bool:
        """Whether something could be judged, and all of it holds."""
        return any(row.judged for row in self.questions) and not self.failures

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "salts": self.salts,
            "broken_splits": self.broken_splits,
            "questions": [row.to_dict() for row in self.questions],
            "holds": self.holds,
            "failures": list(self.failures),
        }


def everyone(protocol: Protocol) -> Protocol:
    """The protocol with every coverage at 100%: what leads are judged by before they are re-hashed.

    Another salt lets other leads in, so those that the coverage kept out have to be judged as well.
    """
    return replace(protocol, phases=tuple(replace(phase, coverage=Decimal(1)) for phase in protocol.phases))


def rehash(
    protocol: Protocol,
    definitions: Mapping[str, Definition],
    facts: Facts,
    judged: Judged,
    *,
    salts: Sequence[str],
    rng: np.random.Generator,
    timezone: ZoneInfo,
    currency: str = "EUR",
    fx: Exchange | None = None,
    memory_limit: str | None = None,
    progress: Progress | None = None,
) -> Rehashing:
    """Whether the analysis finds nothing where there is nothing, over `salts` (1,000 of them for the bars).

    `judged` are the leads as `judge(everyone(protocol), …)` gives them; without a coverage below 100% that is what the
    analysis itself judged. Persons merged of several ids take the arm of the id that was assigned first. Each salt is
    read as one look at `facts.as_of`, which spends all of alpha. `rng` places the p-values of a discrete test within
    their steps. `progress` is called with (salts done, salts in all).
    """
    reruns = rerun(
        protocol,
        definitions,
        facts,
        judged,
        salts=salts,
        timezone=timezone,
        currency=currency,
        fx=fx,
        memory_limit=memory_limit,
        progress=progress,
    )
    return uniformity(reruns, rng)


def rerun(
    protocol: Protocol,
    definitions: Mapping[str, Definition],
    facts: Facts,
    judged: Judged,
    *,
    salts: Sequence[str],
    timezone: ZoneInfo,
    currency: str = "EUR",
    fx: Exchange | None = None,
    memory_limit: str | None = None,
    progress: Progress | None = None,
) -> tuple[Rerun, ...]:
    """The first half of `rehash`, for a share of the salts: processes can divide them and put the parts together."""
    if judged.out.get("coverage"):
        raise InputError(
            f"{judged.out['coverage']:,} leads are out by coverage and were not judged; another salt lets some of "
            f"them in.",
            code="NotEveryoneJudged",
            hint="Judge `everyone(protocol)`, which covers all leads, and re-hash that.",
        )
    asked = _one_look(_with_a_null(protocol), facts, timezone)
    leads = Reassigned(asked, judged, facts.as_of)
    found = []
    for number, salt in enumerate(salts, start=1):
        result = conclude(
            replace(asked, salt=salt),
            definitions,
            facts,
            leads.by(salt),
            timezone=timezone,
            currency=currency,
            fx=fx,
            memory_limit=memory_limit,
        )
        found.append(_read(salt, asked, result))
        if progress is not None:
            progress(number, len(salts))
    return tuple(found)


def uniformity(reruns: Sequence[Rerun], rng: np.random.Generator) -> Rehashing:
    """The second half of `rehash`: what all salts say together."""
    from scipy.stats import kstest

    rows = []
    for question in sorted({question for each in reruns for question in each.answers}):
        answers = [each.answers[question] for each in reruns if question in each.answers]
        p_values = np.array([answer.p_value for answer in answers])
        inside = [answer.covers for answer in answers if answer.covers is not None]
        rows.append(
            Uniformity(
                question=question,
                p_values=tuple(p_values.tolist()),
                below=float(np.mean(p_values < LEVEL)),
                uniform_p=float(kstest(mid_randomised(p_values, rng), "uniform").pvalue),
                covering=sum(inside) / len(inside) if inside else None,
                level=answers[0].level,
            )
        )
    ratios = [each.sample_ratio_p for each in reruns if each.sample_ratio_p is not None]
    return Rehashing(len(reruns), sum(p_value < SPLIT_P for p_value in ratios), tuple(rows))


def mid_randomised(p_values: npt.NDArray[np.float64], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """The p-values of a test with few possible results, each placed at random within its step.

    The score test without a correction for continuity has p-values in the middle of the steps of the exact one, so a
    step reaches half-way to the next possible p-value on either side. The possible ones are those that were seen.

    Example:
        >>> steps = mid_randomised(np.array([0.2, 0.2, 1.0]), np.random.default_rng(1))
        >>> bool(steps[:2].max() < 0.6 < steps[2])
        True
    """
    seen, place = np.unique(np.round(p_values, 12), return_inverse=True)
    edges = np.concatenate([[0.0], (seen[1:] + seen[:-1]) / 2, [1.0]])
    return np.asarray(edges[place] + rng.random(len(p_values)) * (edges[place + 1] - edges[place]), dtype=np.float64)


def _has_a_null(metric: str) -> bool:
    return metric != "mql_per_lead" and METRICS[metric].denominator in ("lead", "win")


def _with_a_null(protocol: Protocol) -> Protocol:
    """The protocol without what has no null here, and without segments."""

    def those_with(metrics: tuple[Metric, ...]) -> tuple[Metric, ...]:
        return tuple(metric for metric in metrics if _has_a_null(metric.metric))

    return replace(
        protocol,
        precision=None,
        segments=(),
        then=those_with(protocol.then),
        beside=those_with(protocol.beside),
        guardrails=those_with(protocol.guardrails),
    )


def _one_look(protocol: Protocol, facts: Facts, timezone: ZoneInfo) -> Protocol:
    """The protocol with a single declared look, reached at `facts.as_of`."""
    zone = ZoneInfo(protocol.timezone)
    today: date = facts.as_of.astimezone(zone).date()
    reached = min(end_of_day(today, zone), end_of_day(today, timezone)) <= facts.as_of
    return replace(protocol, looks=Looks(dates=(today if reached else today - timedelta(days=1),)))


def _read(salt: str, protocol: Protocol, result: AnalysisResult) -> Rerun:
    """What is kept of one salt's result; of a question asked in two roles the first."""
    answers: dict[Question, Answer] = {}
    for row in result.metrics:
        if row.p_fixed is None or row.horizon_days is None or not _has_a_null(row.metric):
            continue
        question = Question(row.arm, row.metric, row.horizon_days, row.estimator)
        alpha = protocol.alpha if row.role == "guardrail" else result.counts["alpha"][row.arm]
        if question not in answers:
            covers = row.absolute.interval.contains(0.0) if isinstance(row.absolute, Estimate) else None
            answers[question] = Answer(row.p_fixed, covers, 1.0 - alpha)
    ratio = next(check for check in result.checks if check.check == "sample_ratio")
    return Rerun(salt, ratio.p_value, answers)
