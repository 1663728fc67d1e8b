"""The change a plan looks for, and where it can come from: the leads on which the definitions differ."""

from __future__ import annotations

from collections.abc import Mapping

from mqlab.analysis.planning.assumed import Assumed, Stated, percent, signed
from mqlab.analysis.planning.history import History
from mqlab.errors import InputError
from mqlab.experiments.chance import DEFAULT_DISCORDANT_SHARE, DISCORDANT_RATE_RATIO
from mqlab.experiments.metrics import METRICS
from mqlab.experiments.protocol import Protocol
from mqlab.experiments.questions import MINIMUM_EFFECT

DEFAULT_PRECISION_LIFT = 0.10


def overlap_of(
    protocol: Protocol, stated: Stated, past: History, rates: Mapping[str, Assumed]
) -> dict[str, tuple[Assumed, Assumed]]:
    found: dict[str, tuple[Assumed, Assumed]] = {}
    several = len(protocol.challengers) > 1
    base = _base_rate(protocol, rates)
    for arm in protocol.challengers:
        who = f"Where {arm.name} and {protocol.control} differ" if several else "Where the definitions differ"
        seen = past.overlap.get(arm.name)
        if stated.discordant_share is not None:
            if not 0 < stated.discordant_share <= 1:
                message = f"the share of leads on which the definitions differ is {percent(stated.discordant_share)}."
                raise InputError(message, code="BadShare", hint="It lies above 0% and is 100% at most.")
            share = Assumed(stated.discordant_share, "stated", "stated")
        elif seen is not None and seen.share > 0:
            whose = "the experiment's own leads" if seen.own else "past leads, judged by both"
            share = Assumed(seen.share, "history", f"history: {seen.leads:,} of {whose}")
        else:
            share = Assumed(DEFAULT_DISCORDANT_SHARE, "default", "default: it decides most, state yours")
        words = f"{who}: {percent(share.value)} of leads ({share.words})."
        share = Assumed(share.value, share.origin, words)
        found[arm.name] = (share, _control_rate(stated, past, arm.name, share.value, base))
    return found


def _base_rate(protocol: Protocol, rates: Mapping[str, Assumed]) -> float:
    primary = protocol.primary.metric
    return (rates[primary] if primary in rates else rates["won_per_lead"]).value


def _control_rate(stated: Stated, past: History, arm: str, share: float, base: float) -> Assumed:
    """q_A: the primary's rate among the leads on which the definitions differ, handled by the control."""
    seen = past.overlap.get(arm)
    most = base / share
    if stated.discordant_rates is not None:
        given = stated.discordant_rates[0]
        for rate in stated.discordant_rates:
            if not 0 < rate < 1:
                message = f"a rate among the leads on which the definitions differ is {percent(rate)}."
                raise InputError(message, code="BadRate", hint="Write both, such as --discordant-rates 12%,18%.")
        if given >= most:
            message = (
                f"{percent(given)} of {percent(share)} of the leads is more than the {percent(base)} of all leads that "
                "the rate allows."
            )
            raise InputError(message, code="BadRate", hint=f"Below {percent(most)}, or a higher --rate.")
        return Assumed(given, "stated", f"Rate there under the control: {percent(given)} (stated).")
    if seen is not None and seen.control_rate is not None and 0 < seen.control_rate < min(1.0, most):
        whose = "the control's among them" if seen.own else "what became of them"
        words = f"Rate there under the control: {percent(seen.control_rate)} (history: {whose})."
        return Assumed(seen.control_rate, "history", words)
    value = typical_discordant_rate(base, share)
    words = f"Rate there under the control: {percent(value)} (default: {value / base:.3g} times the rate of all leads)."
    return Assumed(value, "default", words)


def typical_discordant_rate(rate: float, share: float) -> float:
    """q_A where nothing is known: `DISCORDANT_RATE_RATIO` times the rate of all, as far as that can be.

    Example:
        >>> round(typical_discordant_rate(0.08, 0.1), 4), round(typical_discordant_rate(0.08, 0.9), 4)
        (0.12, 0.08)
    """
    tried = min(rate * DISCORDANT_RATE_RATIO, 0.5)
    return tried if rate <= tried < rate / share else rate


def lift_of(
    protocol: Protocol, stated: Stated, rates: Mapping[str, Assumed], overlap: Mapping[str, tuple[Assumed, Assumed]]
) -> Assumed:
    what = METRICS[protocol.primary.metric].words
    base = _base_rate(protocol, rates)
    if stated.discordant_rates is not None:
        if stated.lift is not None:
            raise InputError(
                "--discordant-rates and --lift say the same thing twice.", code="TwoLifts", hint="State one of them."
            )
        before, after = stated.discordant_rates
        share = next(iter(overlap.values()))[0].value
        value = share * (after - before) / base
        value = -value if METRICS[protocol.primary.metric].better == "lower" else value
        words = f"Looked for: {signed(value)} {what} (stated, by the rates where the definitions differ)."
        found = Assumed(value, "stated", words)
    elif stated.lift is not None:
        found = Assumed(
            stated.lift,
            "stated",
            f"Looked for: {signed(stated.lift)} {what} (stated)."
            if protocol.aim == "growth"
            else f"Truth: {signed(stated.lift)} {what} (stated).",
        )
    elif protocol.aim == "efficiency":
        found = Assumed(0.0, "default", f"Truth: no change in {what} (default).")
    else:
        value = protocol.primary.minimum_effect or MINIMUM_EFFECT
        words = f"Looked for: {signed(value)} {what} (experiment: its minimum effect)."
        found = Assumed(value, "experiment", words)
    _possible(protocol, found.value)
    return found


def _possible(protocol: Protocol, lift: float) -> None:
    if protocol.aim == "growth" and lift <= 0:
        message = f"a lift of {signed(lift)} is none to find."
        raise InputError(message, code="BadLift", hint="State a lift above 0%, such as --lift 10%.")
    margin = protocol.primary.margin
    if protocol.aim == "efficiency" and margin is not None and margin.kind == "relative" and lift <= -margin.size:
        message = f"a change of {signed(lift)} is as bad as the margin of {percent(margin.size)} or worse."
        raise InputError(message, code="BadLift", hint="No number of leads shows that such a loss is within it.")


def precision_lift_of(protocol: Protocol, stated: Stated) -> Assumed | None:
    if protocol.precision is None:
        if stated.precision_lift is not None:
            message = "only an efficiency experiment plans for precision."
            raise InputError(message, code="NoPrecision", hint=f"The aim of {protocol.id} is {protocol.aim}.")
        return None
    what = METRICS[protocol.precision.metric].words
    if stated.precision_lift is not None:
        if stated.precision_lift <= 0:
            message = f"a precision lift of {signed(stated.precision_lift)} is none to find."
            raise InputError(message, code="BadLift", hint="State one above 0%, such as --precision-lift 10%.")
        value, origin, why = stated.precision_lift, "stated", "stated"
    elif protocol.precision.minimum_effect:
        value, origin, why = protocol.precision.minimum_effect, "experiment", "experiment: its minimum effect"
    else:
        value, origin, why = DEFAULT_PRECISION_LIFT, "default", "default"
    return Assumed(value, origin, f"Looked for: {signed(value)} {what} ({why}).")  # type: ignore[arg-type]
