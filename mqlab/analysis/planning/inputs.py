"""What a plan takes for granted, and where each number is from: stated, the experiment, the lab's history, a default.

What was stated wins over what the ledger knows, and that over the defaults of `mqlab.experiments.chance`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mqlab.analysis.planning.arrivals import delays, design_effect, leads_per_day
from mqlab.analysis.planning.assumed import Assumed, Origin, Stated, capital, percent
from mqlab.analysis.planning.history import History
from mqlab.analysis.planning.overlap import lift_of, overlap_of, precision_lift_of
from mqlab.errors import InputError, nearest
from mqlab.experiments.chance import DEFAULT_RATES
from mqlab.experiments.metrics import METRICS
from mqlab.experiments.protocol import Metric, Protocol
from mqlab.stats.duration import DelayCurve

DEFAULT_POWER = 0.80


@dataclass(frozen=True)
class PlanInputs:
    """Every number a plan needs. `overlap`: by challenger π_D and the control's rate q_A there, for the primary."""

    primary: str
    rates: Mapping[str, Assumed]
    lift: Assumed
    precision_lift: Assumed | None
    leads_per_day: Assumed
    overlap: Mapping[str, tuple[Assumed, Assumed]]
    power: Assumed
    design_effect: Assumed
    curves: Mapping[str, DelayCurve]
    delay_words: tuple[str, ...]
    lateness_days: int
    lateness: Assumed

    def rate(self, metric: str) -> float:
        """The rate of a metric that the plan uses."""
        return self.rates[metric].value

    def words(self) -> tuple[str, ...]:
        """Every assumption as a sentence, the most important first."""
        found = [self.lift.words]
        if self.precision_lift is not None:
            found.append(self.precision_lift.words)
        found += [rate.words for rate in self.rates.values()]
        found += [words.words for pair in self.overlap.values() for words in pair]
        found += [self.leads_per_day.words, *self.delay_words, self.lateness.words, self.design_effect.words]
        found.append(self.power.words)
        return tuple(dict.fromkeys(text for text in found if text))


def plan_inputs(protocol: Protocol, stated: Stated, past: History) -> PlanInputs:
    """Fill in what was not stated; InputError where something stated cannot be."""
    rates = {name: _rate(name, stated, past) for name in _used(protocol)}
    _known_rates(stated, rates)
    share = overlap_of(protocol, stated, past, rates)
    curves, delay_words = delays(protocol, conditions_of(protocol), stated, past)
    late = past.lateness_days
    return PlanInputs(
        primary=protocol.primary.metric,
        rates=rates,
        lift=lift_of(protocol, stated, rates, share),
        precision_lift=precision_lift_of(protocol, stated),
        leads_per_day=leads_per_day(protocol, stated, past),
        overlap=share,
        power=_power(stated),
        design_effect=design_effect(protocol, stated, past),
        curves=curves,
        delay_words=delay_words,
        lateness_days=late or 0,
        lateness=Assumed(late or 0, "default", "Lateness: sales reports an outcome at once (default).")
        if late is None
        else Assumed(
            late, "history", f"Lateness: {late} day{'' if late == 1 else 's'} until 99% is reported (history)."
        ),
    )


def conditions_of(protocol: Protocol) -> tuple[Metric, ...]:
    """The metrics a ship depends on: the primary, the precision of an efficiency experiment, the guardrails."""
    precision = (protocol.precision,) if protocol.precision is not None else ()
    return (protocol.primary, *precision, *(rail for rail in protocol.guardrails if rail.margin is not None))


def _used(protocol: Protocol) -> tuple[str, ...]:
    """The rates the conditions need."""
    found: dict[str, None] = {}
    for metric in conditions_of(protocol):
        kind = METRICS[metric.metric]
        found.setdefault(metric.metric if kind.unit == "rate" else "won_per_lead")
        if kind.denominator in ("mql", "handoff"):
            found.setdefault("mql_per_lead")
    return tuple(found)


def _rate(name: str, stated: Stated, past: History) -> Assumed:
    what = METRICS[name].words
    given = stated.rates.get(name)
    if given is not None:
        if not 0 < given < 1:
            message = f"the rate of {name} must lie between 0% and 100%, and is {percent(given)}."
            raise InputError(message, code="BadRate", hint=f"Such as --rate {name}={percent(DEFAULT_RATES[name])}.")
        return Assumed(given, "stated", f"{capital(what)}: {percent(given)} (stated).")
    seen = past.rates.get(name)
    if seen is not None:
        words = f"{capital(what)}: {percent(seen.value)} (history: {seen.leads:,} leads that are old enough)."
        return Assumed(seen.value, "history", words)
    return Assumed(DEFAULT_RATES[name], "default", f"{capital(what)}: {percent(DEFAULT_RATES[name])} (default).")


def _known_rates(stated: Stated, used: Mapping[str, Assumed]) -> None:
    for name in stated.rates:
        if name not in DEFAULT_RATES:
            hint = nearest(name, DEFAULT_RATES) or f"Rates are {', '.join(sorted(DEFAULT_RATES))}."
            if name in METRICS:
                raise InputError(f"{name} is no rate.", code="NoRate", hint="State won_per_lead instead.")
            raise InputError(f"there is no metric '{name}'.", code="UnknownMetric", hint=hint)
        if name not in used:
            message = f"this plan does not depend on {name}."
            raise InputError(message, code="UnusedRate", hint=f"It depends on {', '.join(used)}.")


def _power(stated: Stated) -> Assumed:
    value = DEFAULT_POWER if stated.power is None else stated.power
    if not 0.5 <= value < 1:
        message = f"a power of {percent(value)} cannot be planned for."
        raise InputError(message, code="BadPower", hint="It is at least 50% and below 100%, such as --power 80%.")
    origin: Origin = "default" if stated.power is None else "stated"
    return Assumed(value, origin, "")
