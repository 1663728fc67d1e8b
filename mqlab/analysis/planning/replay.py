"""How often two definitions differ: both replayed on past leads, up to the first that fires.

Nobody was treated before that instant, so past leads tell it without an experiment and without outcomes
(statistics.md sections 3.1 and 13).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from mqlab.analysis.judge import Judged, judge
from mqlab.analysis.planning.past import ENOUGH_LEADS, PastLeads, microseconds, past_rate
from mqlab.definitions.model import Definition
from mqlab.experiments.metrics import METRICS, horizon_days
from mqlab.experiments.protocol import Phase, Protocol
from mqlab.leads.instants import instant, micros, start_of_day
from mqlab.leads.tables import Facts
from mqlab.warehouse.columns import stratum_column

REPLAYED_LEADS = 4_000
"""The definitions are replayed on about so many of the latest leads that are old enough."""

Progress = Callable[[int, int], None]


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


def replay(
    protocol: Protocol,
    definitions: Mapping[str, Definition],
    facts: Facts,
    known: PastLeads,
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
    starts = microseconds(judged.table["assigned_at"])
    overlaps: dict[str, Overlap] = {}
    for arm in asked.challengers:
        found = _overlap(asked, judged, known, arm.name, starts <= latest, own)
        if found is not None:
            overlaps[arm.name] = found
    refused = sum(judged.out.get(why, 0) for why in ("ineligible", "eligibility_unknown", "prior_handoff"))
    inside = judged.table.num_rows + sum(judged.out.get(why, 0) for why in ("layer", "coverage"))
    return overlaps, inside / (inside + refused) if inside + refused >= ENOUGH_LEADS else None


def _trial(protocol: Protocol, known: PastLeads, latest: int) -> Protocol | None:
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
    protocol: Protocol, judged: Judged, known: PastLeads, arm: str, old: npt.NDArray[np.bool_], own: bool
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
        found = past_rate(
            known, known.first.get(str(outcome[-1]), {}), horizon_days(protocol.primary, protocol),
            dict.fromkeys(counted.tolist(), 0),
        )  # fmt: skip
        rate = None if found is None else found.value
    return Overlap(float(apart.sum() / pair.sum()), int(pair.sum()), rate, own)
