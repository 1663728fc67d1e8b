"""What a ledger's past says for a plan: rates, arrivals, delays, accounts, and how often the definitions differ.

Nothing here looks at which definition governed a lead: rates are those of all leads that are old enough.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np

from mqlab.analysis.histories import histories
from mqlab.analysis.maturity import clock
from mqlab.analysis.planning.past import ENOUGH_LEADS, ENOUGH_OUTCOMES, PastLeads, PastRate, past_leads, past_rate
from mqlab.analysis.planning.replay import Overlap, Progress
from mqlab.analysis.planning.replay import replay as replayed
from mqlab.assignment.units import unit_of
from mqlab.definitions.model import Definition
from mqlab.definitions.wording import plural
from mqlab.experiments.metrics import METRICS, declared, horizon_days
from mqlab.experiments.protocol import Protocol
from mqlab.leads.instants import DAY_US, instant
from mqlab.leads.tables import Facts
from mqlab.leads.text import DEFAULT_NULL_TOKENS
from mqlab.stats.clusters import Accounts, similarity
from mqlab.stats.estimate import NotEstimable

RECENT_DAYS = 91
"""Arrivals are counted over the last quarter that the ledger knows."""


@dataclass(frozen=True, slots=True)
class PastAccounts:
    """Leads per account: mean and coefficient of variation, and the intra-account correlation where it can be told."""

    accounts: int
    mean: float
    cv: float
    icc: float | None


@dataclass(frozen=True)
class History:
    """What is known of the past; what is not, or from too little, is absent."""

    rates: Mapping[str, PastRate] = field(default_factory=dict)
    leads_per_day: float | None = None
    arrivals: str = ""
    lateness_days: int | None = None
    accounts: PastAccounts | None = None
    overlap: Mapping[str, Overlap] = field(default_factory=dict)


def history(
    protocol: Protocol,
    definitions: Mapping[str, Definition],
    facts: Facts,
    *,
    internal_domains: Collection[str] = (),
    null_tokens: Collection[str] = DEFAULT_NULL_TOKENS,
    replay: bool = True,
    progress: Progress | None = None,
) -> History:
    """What `facts` say for a plan of `protocol`; without `replay` nothing is said of where the definitions differ."""
    if not facts.leads.num_rows:
        return History()
    time = clock(facts.outcomes, facts.as_of)
    known = past_leads(facts, time.cut_off_us)
    rates = _rates(protocol, known)
    per_day, words = _arrivals(known)
    accounts = _accounts(protocol, facts, known, internal_domains, null_tokens) if protocol.unit == "account" else None
    overlap: dict[str, Overlap] = {}
    if replay:
        overlap, entered = replayed(protocol, definitions, facts, known, internal_domains, null_tokens, progress)
        if per_day is not None and entered is not None:
            per_day, words = per_day * entered, f"{words}, of which {entered:.0%} may enter"
    lateness = None if time.lateness_us is None else -(-time.lateness_us // DAY_US)
    return History(rates, per_day, words, lateness, accounts, overlap)


def _rates(protocol: Protocol, known: PastLeads) -> dict[str, PastRate]:
    """By metric: rates per lead, and per lead that sales was handed where the ledger holds hand-overs."""
    found: dict[str, PastRate] = {}
    handed = known.first.get("handed_off", {})
    for metric in {metric.metric: metric for metric in declared(protocol)}.values():
        horizon, kind = horizon_days(metric, protocol), METRICS[metric.metric]
        rate: PastRate | None = None
        if metric.metric == "mql_per_lead":
            rate = past_rate(known, handed, horizon, None)
        elif kind.unit == "rate" and kind.outcomes and kind.denominator in ("lead", "mql"):
            per_mql = handed if kind.denominator == "mql" else None
            rate = past_rate(known, known.first.get(str(kind.outcomes[-1]), {}), horizon, per_mql)
        if rate is not None:
            found[metric.metric] = rate
    won = next(
        (metric for metric in declared(protocol) if metric.metric in ("revenue_per_lead", "effort_per_win")), None
    )
    for name, outcome, asked in (("won_per_lead", "closed_won", won), ("mql_per_lead", "handed_off", protocol.primary)):
        if name not in found and asked is not None:
            rate = past_rate(known, known.first.get(outcome, {}), horizon_days(asked, protocol), None)
            found.update({name: rate} if rate is not None else {})
    return found


def _arrivals(known: PastLeads) -> tuple[float | None, str]:
    """Leads a day over the last quarter up to the last arrival."""
    last = int(known.starts.max())
    first = max(int(known.starts.min()), last - RECENT_DAYS * DAY_US)
    days = (last - first) / DAY_US
    count = int(np.count_nonzero(known.starts > first))
    if count < ENOUGH_LEADS or days < 7:
        return None, ""
    return count / days, f"{plural(count, 'lead')} in the {days:.0f} days up to {instant(last):%-d %b %Y}"


def _accounts(
    protocol: Protocol,
    facts: Facts,
    known: PastLeads,
    internal_domains: Collection[str],
    null_tokens: Collection[str],
) -> PastAccounts | None:
    """Sizes of the accounts that arrived in as long a time as the enrolment takes, up to the last lead."""
    length = (protocol.enrolment_end - protocol.enrolment_start) // timedelta(microseconds=1)
    begin = int(known.starts.max()) - length
    horizon = horizon_days(protocol.primary, protocol)
    outcome = METRICS[protocol.primary.metric].outcomes
    first = known.first.get(str(outcome[-1]), {}) if outcome else known.first.get("handed_off", {})
    units: dict[str, list[int]] = {}
    old: dict[str, list[bool]] = {}
    for lead in histories(facts).leads:
        if known.person.get(lead.lead_id, lead.lead_id) != lead.lead_id:
            continue
        unit, start = unit_of(lead, "account", internal_domains, null_tokens), known.people[lead.lead_id]
        if start >= begin:
            units.setdefault(unit, []).append(start)
        if start <= known.cut_off_us - horizon * DAY_US:
            came = first.get(lead.lead_id)
            old.setdefault(unit, []).append(came is not None and came < start + horizon * DAY_US)
    sizes = np.array([len(starts) for starts in units.values()], dtype=np.float64)
    if sizes.sum() < ENOUGH_LEADS:
        return None
    icc: float | None = None
    outcomes = sum(sum(each) for each in old.values())
    if outcomes >= ENOUGH_OUTCOMES and sum(map(len, old.values())) >= ENOUGH_LEADS:
        found = similarity([Accounts.of([len(each) for each in old.values()], [sum(each) for each in old.values()])])
        icc = None if isinstance(found, NotEstimable) else min(1.0, max(0.0, found.icc))
    return PastAccounts(len(sizes), float(sizes.mean()), float(sizes.std() / sizes.mean()), icc)
