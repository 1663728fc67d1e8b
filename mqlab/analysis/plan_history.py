"""What a ledger's past says for a plan: rates, arrivals, delays, accounts, and how often the definitions differ.

Nothing here looks at which definition governed a lead: rates are those of all leads that are old enough. The share on
which two definitions differ needs no outcomes: every arm's definition is replayed on past leads up to the first that
fires, before which nobody was treated (statistics.md sections 3.1 and 13).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mqlab.analysis.histories import histories
from mqlab.analysis.judge import Judged, judge
from mqlab.analysis.maturity import clock
from mqlab.assignment.units import unit_of
from mqlab.definitions.model import Definition
from mqlab.experiments.metrics import METRICS, declared, horizon_days
from mqlab.experiments.protocol import Phase, Protocol
from mqlab.leads.identity import canonical_ids, standing_ids
from mqlab.leads.instants import DAY_US, instant, micros, start_of_day
from mqlab.leads.tables import Facts
from mqlab.leads.text import DEFAULT_NULL_TOKENS
from mqlab.stats.clusters import Accounts, similarity
from mqlab.stats.estimate import NotEstimable
from mqlab.warehouse.columns import stratum_column

ENOUGH_LEADS, ENOUGH_OUTCOMES = 200, 10
"""Fewer leads that are old enough, or fewer of them with the outcome, and the default is assumed instead."""

RECENT_DAYS = 91
"""Arrivals are counted over the last quarter that the ledger knows."""

REPLAYED_LEADS = 4_000
"""The definitions are replayed on about so many of the latest leads that are old enough."""

Progress = Callable[[int, int], None]
_Int64s = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PastRate:
    """The share of `leads` old enough that had the outcome within the horizon, and the ages at which it came."""

    value: float
    leads: int
    ages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Overlap:
    """Of `leads` judged by a challenger and the control, the share on which they differ.

    `control_rate`: the primary's rate among those, None where too few outcomes tell. `own`: the leads are the
    experiment's, and the rate is the control arm's; else they came before it and were treated as they were.
    """

    share: float
    leads: int
    control_rate: float | None
    own: bool


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


@dataclass(frozen=True)
class _Leads:
    """Everyone in the ledger, merged ids as one: start, and by outcome kind the first instant (absent: none)."""

    people: Mapping[str, int]
    starts: _Int64s
    first: Mapping[str, Mapping[str, int]]
    person: Mapping[str, str]
    cut_off_us: int


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
    known = _leads(facts, time.cut_off_us)
    rates = _rates(protocol, known)
    per_day, words = _arrivals(known)
    accounts = _accounts(protocol, facts, known, internal_domains, null_tokens) if protocol.unit == "account" else None
    overlap: dict[str, Overlap] = {}
    if replay:
        overlap, entered = _replay(protocol, definitions, facts, known, internal_domains, null_tokens, progress)
        if per_day is not None and entered is not None:
            per_day, words = per_day * entered, f"{words}, of which {entered:.0%} may enter"
    lateness = None if time.lateness_us is None else -(-time.lateness_us // DAY_US)
    return History(rates, per_day, words, lateness, accounts, overlap)


def _leads(facts: Facts, cut_off_us: int) -> _Leads:
    created = dict(zip(facts.leads["lead_id"].to_pylist(), _us(facts.leads["created_at"]).tolist(), strict=True))
    merges = zip(
        facts.identity["old_id"].to_pylist(),
        facts.identity["new_id"].to_pylist(),
        _us(facts.identity["merged_at"]).tolist(),
        strict=True,
    )
    person = standing_ids(canonical_ids(merges), created)
    people: dict[str, int] = {}
    for lead, at in created.items():
        who = person.get(lead, lead)
        people[who] = min(at, people.get(who, at))
    first: dict[str, dict[str, int]] = {}
    outcomes = zip(
        facts.outcomes["lead_id"].to_pylist(),
        facts.outcomes["kind"].to_pylist(),
        _us(facts.outcomes["occurred_at"]).tolist(),
        strict=True,
    )
    for lead, kind, at in outcomes:
        who = person.get(lead, lead)
        if who in people and people[who] <= at <= cut_off_us:
            of_kind = first.setdefault(kind, {})
            of_kind[who] = min(at, of_kind.get(who, at))
    starts = np.fromiter(people.values(), dtype=np.int64, count=len(people))
    return _Leads(people, starts, first, person, cut_off_us)


def _us(column: pa.ChunkedArray) -> _Int64s:
    return np.asarray(column.cast(pa.int64()).to_numpy(), dtype=np.int64)


def _rates(protocol: Protocol, known: _Leads) -> dict[str, PastRate]:
    """By metric: rates per lead, and per lead that sales was handed where the ledger holds hand-overs."""
    found: dict[str, PastRate] = {}
    handed = known.first.get("handed_off", {})
    for metric in {metric.metric: metric for metric in declared(protocol)}.values():
        horizon, kind = horizon_days(metric, protocol), METRICS[metric.metric]
        rate: PastRate | None = None
        if metric.metric == "mql_per_lead":
            rate = _rate(known, handed, horizon, None)
        elif kind.unit == "rate" and kind.outcomes and kind.denominator in ("lead", "mql"):
            per_mql = handed if kind.denominator == "mql" else None
            rate = _rate(known, known.first.get(str(kind.outcomes[-1]), {}), horizon, per_mql)
        if rate is not None:
            found[metric.metric] = rate
    won = next(
        (metric for metric in declared(protocol) if metric.metric in ("revenue_per_lead", "effort_per_win")), None
    )
    for name, outcome, asked in (("won_per_lead", "closed_won", won), ("mql_per_lead", "handed_off", protocol.primary)):
        if name not in found and asked is not None:
            rate = _rate(known, known.first.get(outcome, {}), horizon_days(asked, protocol), None)
            found.update({name: rate} if rate is not None else {})
    return found


def _rate(known: _Leads, first: Mapping[str, int], horizon: int, among: Mapping[str, int] | None) -> PastRate | None:
    latest = known.cut_off_us - horizon * DAY_US
    mature = [who for who, start in known.people.items() if start <= latest and (among is None or who in among)]
    ages = sorted((first[who] - known.people[who]) // DAY_US + 1 for who in mature if who in first)
    ages = [age for age in ages if age <= horizon]
    if len(mature) < ENOUGH_LEADS or not ENOUGH_OUTCOMES <= len(ages) < len(mature):
        return None
    return PastRate(len(ages) / len(mature), len(mature), tuple(ages))


def _arrivals(known: _Leads) -> tuple[float | None, str]:
    """Leads a day over the last quarter up to the last arrival."""
    last = int(known.starts.max())
    first = max(int(known.starts.min()), last - RECENT_DAYS * DAY_US)
    days = (last - first) / DAY_US
    count = int(np.count_nonzero(known.starts > first))
    if count < ENOUGH_LEADS or days < 7:
        return None, ""
    return count / days, f"{count:,} leads in the {days:.0f} days up to {instant(last):%-d %b %Y}"


def _accounts(
    protocol: Protocol,
    facts: Facts,
    known: _Leads,
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


def _replay(
    protocol: Protocol,
    definitions: Mapping[str, Definition],
    facts: Facts,
    known: _Leads,
    internal_domains: Collection[str],
    null_tokens: Collection[str],
    progress: Progress | None,
) -> tuple[dict[str, Overlap], float | None]:
    """By challenger the overlap with the control, and the share of arriving leads that may enter.

    The experiment's own leads where enough are old enough to have qualified; else a trial enrolment of earlier ones.
    """
    latest = micros(facts.as_of) - protocol.qualify_within_us
    begin, end = micros(protocol.enrolment_start), min(latest, micros(protocol.enrolment_end))
    own = int(np.count_nonzero((known.starts >= begin) & (known.starts <= end))) >= 2 * ENOUGH_LEADS
    asked = protocol if own else _trial(protocol, known, latest)
    if asked is None:
        return {}, None
    judged = judge(
        asked, definitions, facts, internal_domains=internal_domains, null_tokens=null_tokens, progress=progress
    )
    starts = _us(judged.table["assigned_at"])
    overlaps: dict[str, Overlap] = {}
    for arm in asked.challengers:
        found = _overlap(asked, judged, known, arm.name, starts <= latest, own)
        if found is not None:
            overlaps[arm.name] = found
    refused = sum(judged.out.get(why, 0) for why in ("ineligible", "eligibility_unknown", "prior_handoff"))
    inside = judged.table.num_rows + sum(judged.out.get(why, 0) for why in ("layer", "coverage"))
    return overlaps, inside / (inside + refused) if inside + refused >= ENOUGH_LEADS else None


def _trial(protocol: Protocol, known: _Leads, latest: int) -> Protocol | None:
    """The protocol as if it had enrolled the latest leads that are old enough, everybody at full coverage."""
    old = np.sort(known.starts[known.starts <= latest])[-REPLAYED_LEADS:]
    if old.size < ENOUGH_LEADS:
        return None
    zone = ZoneInfo(protocol.timezone)
    first, last = (instant(int(at)).astimezone(zone).date() for at in (old[0], old[-1]))
    phase = Phase(1, start_of_day(first, zone), Decimal(1))
    return replace(
        protocol, enrolment_from=first, enrolment_to=last, phases=(phase,), layer=None, closed_at=None,
        allow_prior_handoff=True, overrides=(),
    )  # fmt: skip


def _overlap(
    protocol: Protocol, judged: Judged, known: _Leads, arm: str, old: npt.NDArray[np.bool_], own: bool
) -> Overlap | None:
    strata = np.array(judged.table[stratum_column(arm)].to_pylist(), dtype=object)[old]
    pair = strata != None  # noqa: E711
    if np.count_nonzero(pair) < ENOUGH_LEADS:
        return None
    apart = (strata == "control_first") | (strata == "arm_first")
    arms = np.array(judged.table["arm"].to_pylist(), dtype=object)[old]
    ids = np.array(judged.table["lead_id"].to_pylist(), dtype=object)[old]
    counted = ids[apart & (arms == protocol.control)] if own else ids[apart]
    outcome = METRICS[protocol.primary.metric].outcomes
    rate = None
    if outcome and METRICS[protocol.primary.metric].unit == "rate":
        found = _rate(
            known, known.first.get(str(outcome[-1]), {}), horizon_days(protocol.primary, protocol),
            dict.fromkeys(counted.tolist(), 0),
        )  # fmt: skip
        rate = None if found is None else found.value
    return Overlap(float(apart.sum() / pair.sum()), int(pair.sum()), rate, own)
