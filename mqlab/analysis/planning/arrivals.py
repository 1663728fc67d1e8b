"""How leads come, and how late their outcomes: arrivals, accounts and delays of a plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mqlab.analysis.planning.assumed import Assumed, Origin, Stated, number, percent
from mqlab.analysis.planning.history import History
from mqlab.errors import InputError
from mqlab.experiments.metrics import METRICS, horizon_days
from mqlab.experiments.protocol import Metric, Protocol
from mqlab.stats.duration import DelayCurve, lognormal_delays, observed_delays, stated_delays

DEFAULT_LEADS_PER_DAY = 100.0
DEFAULT_ICC, DEFAULT_ACCOUNT_LEADS, DEFAULT_ACCOUNT_CV = 0.05, 3.0, 1.2
DEFAULT_MEDIAN_OF_HORIZON = 0.5
"""The median delay as a share of the horizon: some four fifths of all outcomes then come within it."""


def leads_per_day(protocol: Protocol, stated: Stated, past: History) -> Assumed:
    taken = "".join(f", {words}" for words in _taken(protocol))
    given = stated.leads_per_day
    if given is not None:
        if not 0 < given < 1e9:
            message = f"{given:g} leads a day is no number of leads."
            raise InputError(message, code="BadLeadsPerDay", hint="Such as --leads-per-day 40.")
        return Assumed(given, "stated", f"Leads: {number(given)} a day (stated){taken}.")
    if past.leads_per_day is not None and past.leads_per_day > 0:
        words = f"Leads: {number(past.leads_per_day)} a day (history: {past.arrivals}){taken}."
        return Assumed(past.leads_per_day, "history", words)
    days = covered_days(protocol)
    if protocol.looks.maximum_leads is not None and days > 0:
        value = protocol.looks.maximum_leads / days
        words = (
            f"Leads: {number(value)} a day (experiment: the {protocol.looks.maximum_leads:,} it declares, spread over "
            f"its enrolment){taken}."
        )
        return Assumed(value, "experiment", words)
    words = f"Leads: {number(DEFAULT_LEADS_PER_DAY)} a day (default: state yours){taken}."
    return Assumed(DEFAULT_LEADS_PER_DAY, "default", words)


def _taken(protocol: Protocol) -> Iterator[str]:
    if protocol.layer is not None and taken_share(protocol) < 1:
        yield f"{percent(taken_share(protocol))} of them in its slice of the layer"
    coverages = [float(phase.coverage) for phase in protocol.phases]
    if coverages != [1.0]:
        yield f"coverage {' then '.join(percent(value) for value in coverages)}"


def taken_share(protocol: Protocol) -> float:
    """The share of arriving leads that the experiment's slice of its layer holds."""
    return 1.0 if protocol.layer is None else float(protocol.layer.high - protocol.layer.low)


def covered_days(protocol: Protocol) -> float:
    """Days of enrolment, each counted as far as coverage and slice take the leads that arrive."""
    ends = [*(phase.start for phase in protocol.phases[1:]), protocol.enrolment_end]
    days = sum(
        max(0.0, (end - phase.start).total_seconds() / 86_400) * float(phase.coverage)
        for phase, end in zip(protocol.phases, ends, strict=True)
    )
    return days * taken_share(protocol)


def design_effect(protocol: Protocol, stated: Stated, past: History) -> Assumed:
    given = (stated.icc, stated.leads_per_account, stated.account_cv)
    if protocol.unit == "lead":
        if any(value is not None for value in given):
            message = "leads of one account are not kept together here: the unit of this experiment is the lead."
            raise InputError(message, code="NoAccounts", hint="Leave out --icc, --leads-per-account and --account-cv.")
        return Assumed(1.0, "experiment", "")
    seen = past.accounts
    icc = stated.icc if stated.icc is not None else (seen.icc if seen and seen.icc is not None else DEFAULT_ICC)
    mean = (
        stated.leads_per_account
        if stated.leads_per_account is not None
        else (seen.mean if seen else DEFAULT_ACCOUNT_LEADS)
    )
    cv = stated.account_cv if stated.account_cv is not None else (seen.cv if seen else DEFAULT_ACCOUNT_CV)
    if not (0 <= icc <= 1 and 1 <= mean < 1e9 and 0 <= cv < 100):
        raise InputError(
            f"accounts of {mean:g} leads that vary by {cv:g} with a correlation of {icc:g} cannot be.",
            code="BadAccounts",
            hint="Such as --icc 0.05 --leads-per-account 3 --account-cv 1.2.",
        )
    effect = max(1.0, 1 + ((1 + cv**2) * mean - 1) * icc)
    where = {
        "correlation": _from(stated.icc is not None, seen is not None and seen.icc is not None),
        "sizes": _from(stated.leads_per_account is not None or stated.account_cv is not None, seen is not None),
    }
    words = (
        f"Accounts: {number(mean)} leads on average with a variation of {cv:.2g} ({where['sizes']}), whose outcomes "
        f"correlate by {icc:.2g} ({where['correlation']}); that takes {effect:.2f} times the leads."
    )
    origin: Origin = "stated" if any(v is not None for v in given) else "history" if seen else "default"
    return Assumed(effect, origin, words)


def _from(stated: bool, known: bool) -> str:
    return "stated" if stated else "history" if known else "default"


def delays(
    protocol: Protocol, metrics: Sequence[Metric], stated: Stated, past: History
) -> tuple[dict[str, DelayCurve], tuple[str, ...]]:
    """By metric how late its outcomes come, with the words; what was stated is about the primary."""
    curves: dict[str, DelayCurve] = {}
    said: dict[str, list[str]] = {}
    for metric in metrics:
        name, horizon = metric.metric, horizon_days(metric, protocol)
        if name in curves and metric != protocol.primary:
            continue
        seen = past.rates.get(name)
        if stated.delay is not None and metric == protocol.primary:
            curves[name], origin = _stated_delay(stated.delay, horizon), "stated"
        elif seen is not None:
            curves[name], origin = observed_delays(seen.ages, horizon_days=horizon), "history"
        else:
            median = max(0.5, DEFAULT_MEDIAN_OF_HORIZON * horizon)
            curves[name], origin = lognormal_delays(median_days=median, horizon_days=horizon), "default"
        if METRICS[name].denominator == "lead":
            said.setdefault(origin, []).append(f"{METRICS[name].words} {curves[name].median_days} of {horizon}")
    words = (
        f"Days by which half of what counts within the horizon has come: {', '.join(each)} ({origin})."
        for origin, each in said.items()
    )
    return curves, tuple(words)


def _stated_delay(delay: float | tuple[tuple[float, float], ...], horizon: int) -> DelayCurve:
    try:
        if isinstance(delay, tuple):
            return stated_delays([day for day, _ in delay], [share for _, share in delay], horizon_days=horizon)
        return lognormal_delays(median_days=delay, horizon_days=horizon)
    except ValueError as error:
        hint = "Such as --delay 20 for a median of 20 days, or a file of lines day,share."
        raise InputError(f"--delay cannot be used: {error}.", code="BadDelay", hint=hint) from error
