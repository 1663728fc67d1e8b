"""The closed list of metrics: what is counted over what, whether it is causal, and its words for people."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from mqlab.experiments.protocol import Metric, MetricName, Protocol
from mqlab.leads.instants import DAY_US
from mqlab.leads.records import OutcomeKind

Denominator = Literal["lead", "mql", "handoff", "win"]


@dataclass(frozen=True, slots=True)
class MetricKind:
    """What a metric is.

    `outcomes`: what sales reports in the numerator (none for `mql_per_lead`, which counts our own decisions).
    `causal`: compares the same assigned leads under each arm; else it describes the leads each arm picked.
    `better`: which way is an improvement. `unit`: a rate in [0, 1], money, or a count per win.
    """

    name: MetricName
    outcomes: tuple[OutcomeKind, ...]
    denominator: Denominator
    causal: bool
    better: Literal["higher", "lower"]
    unit: Literal["rate", "money", "count"]
    words: str
    sentence: str

    @property
    def needs_activity(self) -> bool:
        """Whether it needs the touches and meetings of sales: without any it is `no_activity_data`, never 0."""
        return self.name in ("effort_per_win", "touched_within_sla")

    @property
    def descriptive(self) -> bool:
        """Whether it may warn or block `ship` as a guardrail, and never cause `harm`."""
        return not self.causal


_STAGES: tuple[tuple[str, OutcomeKind, str, str, Literal["higher", "lower"]], ...] = (
    ("accepted", OutcomeKind.ACCEPTED, "accepted by sales", "are accepted by sales", "higher"),
    ("rejected", OutcomeKind.REJECTED, "rejected by sales", "are rejected by sales", "lower"),
    ("meeting", OutcomeKind.MEETING, "meetings", "have a meeting", "higher"),
    ("sql", OutcomeKind.SQL, "SQLs", "become SQLs", "higher"),
    ("opportunity", OutcomeKind.OPPORTUNITY, "opportunities", "become opportunities", "higher"),
    ("won", OutcomeKind.CLOSED_WON, "deals won", "become customers", "higher"),
)


def _kinds() -> Iterator[MetricKind]:
    for stage, outcome, noun, verb, better in _STAGES:
        for denominator, of, of_sentence in (
            ("lead", "per assigned lead", "assigned leads"),
            ("mql", "per MQL", "MQLs handed to sales"),
        ):
            yield MetricKind(
                name=f"{stage}_per_{denominator}",  # type: ignore[arg-type]
                outcomes=(outcome,),
                denominator=denominator,  # type: ignore[arg-type]
                causal=denominator == "lead",
                better=better,
                unit="rate",
                words=f"{noun} {of}",
                sentence=f"Share of {of_sentence} that {verb}",
            )
    yield MetricKind(
        "mql_per_lead",
        (),
        "lead",
        True,
        "higher",
        "rate",
        "MQLs per assigned lead",
        "Share of assigned leads that become MQLs",
    )
    yield MetricKind(
        "revenue_per_lead", (OutcomeKind.CLOSED_WON,), "lead", True, "higher", "money",
        "revenue per assigned lead", "Revenue of won deals, each up to the cap, per assigned lead",
    )  # fmt: skip
    touches = (OutcomeKind.TOUCHED, OutcomeKind.MEETING)
    yield MetricKind(
        "effort_per_win", (*touches, OutcomeKind.CLOSED_WON), "win", True, "lower", "count",
        "effort per deal won", "Touches and meetings of sales per deal won",
    )  # fmt: skip
    yield MetricKind(
        "touched_within_sla", (*touches, OutcomeKind.ACCEPTED, OutcomeKind.REJECTED),
        "handoff", False, "higher", "rate",
        "touched within the promised time", "Share of handed-over leads that sales touched within the promised time",
    )  # fmt: skip


METRICS: dict[str, MetricKind] = {kind.name: kind for kind in _kinds()}
"""Every metric by name; the names are those of `protocol.MetricName`."""

if set(METRICS) != set(get_args(MetricName)):
    raise AssertionError("the list of metrics and protocol.MetricName differ")


def kind_of(metric: Metric) -> MetricKind:
    """What a declared metric is."""
    return METRICS[metric.metric]


def declared(protocol: Protocol) -> tuple[Metric, ...]:
    """Every metric of the protocol: primary, precision, then, guardrails, beside."""
    precision = (protocol.precision,) if protocol.precision else ()
    return (protocol.primary, *precision, *protocol.then, *protocol.guardrails, *protocol.beside)


def horizon_days(metric: Metric, protocol: Protocol) -> int:
    """Days after assignment within which an outcome counts for the metric.

    Its own horizon where it states one. Else: `qualify_within` for `mql_per_lead`; the horizon of a metric of the same
    outcome (`won_per_mql` follows `won_per_lead`) in the order primary, precision, then, guardrails, beside; else the
    primary's.
    """
    if metric.horizon_days is not None:
        return metric.horizon_days
    if metric.metric == "mql_per_lead":
        return math.ceil(protocol.qualify_within_us / DAY_US)
    outcome = _outcome(metric)
    for other in declared(protocol):
        if other.horizon_days is not None and outcome is not None and _outcome(other) is outcome:
            return other.horizon_days
    if protocol.primary.horizon_days is None:
        return math.ceil(protocol.qualify_within_us / DAY_US)
    return protocol.primary.horizon_days


def _outcome(metric: Metric) -> OutcomeKind | None:
    kind = kind_of(metric)
    if metric.metric == "touched_within_sla" or not kind.outcomes:
        return None
    return kind.outcomes[-1]
