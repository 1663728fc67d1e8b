"""Conditions of validity that do not hold, each with what to do about it (statistics.md section 19).

A condition that holds is not mentioned. Where a check tells the fact, the condition names the check and only adds the
advice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo

from mqlab.analysis import accounts, rates
from mqlab.analysis.pictures import counted_stage
from mqlab.analysis.results import Check, CheckName, Condition, ConditionName
from mqlab.analysis.study import Study
from mqlab.leads.instants import DAY_US, instant, micros
from mqlab.stats import binary
from mqlab.stats.binary import Counts
from mqlab.stats.estimate import NotEstimable
from mqlab.warehouse import census
from mqlab.warehouse.head_counts import with_event

EVEN = (0.30, 0.70)
"""The share of a pair's leads within which money's interval, and few outcomes, are safe."""
FEW_OUTCOMES = 10
LARGEST_ACCOUNT = 0.20
INFERRED = 0.05
"""A share of SQLs dated by a later stage that is worth a word."""
SILENT_DAYS = 31
"""So many days without any sales feedback in the ledger are worth a word."""
UNEVEN_P, UNEVEN_RATIO, FEW_LEADS = 0.001, 5.0, 20


def conditions(study: Study, checks: Sequence[Check]) -> tuple[Condition, ...]:
    """Every condition that does not hold; `checks` are those of the same analysis."""
    return (
        *_from_checks(checks),
        *_arms(study),
        *_accounts(study),
        *_outcomes(study),
        *_looks(study),
        *_events(study),
        *_silence(study),
    )


_ADVICE: tuple[tuple[CheckName, ConditionName, str], ...] = (
    (
        "protocol_unchanged",
        "definition_changed",
        "Restore what was locked; a changed definition is another experiment, or a new phase of its own.",
    ),
    (
        "cross_arm",
        "two_arms",
        "Merge duplicates before they are assigned; where people of one company share deals, randomise accounts.",
    ),
    (
        "lateness",
        "late_feedback",
        "Have deals entered when they happen, or declare a longer horizon: outcomes of the last days are cut off.",
    ),
    (
        "capacity",
        "leads_not_worked",
        "Give each arm a queue of its own with its share of the reps' time, or randomise accounts, regions or weeks: "
        "with a shared queue what all assigned leads show does not carry over to a roll-out.",
    ),
    (
        "concordant_effect",
        "concordant_effect",
        "Read the row of all assigned leads; find out what sales or nurture does differently for one arm.",
    ),
)


def _from_checks(checks: Sequence[Check]) -> Iterator[Condition]:
    found = {check.check: check for check in checks}
    for name, condition, advice in _ADVICE:
        check = found.get(name)
        if check is not None and check.status in ("warn", "fail"):
            yield Condition(condition, check.detail, advice, name)


def _silence(study: Study) -> Iterator[Condition]:
    """An instant long after the newest feedback, or the first leads: what happened since nobody has imported."""
    newest, begin = study.clock.newest_us, micros(study.protocol.enrolment_start)
    if study.clock.as_of_us - (begin if newest is None else newest) <= SILENT_DAYS * DAY_US:
        return
    if newest is None:
        if study.follow_up.leads:
            yield Condition(
                "nothing_heard_lately",
                "the ledger holds no sales feedback of any lead, so every count of what sales did is 0",
                "Import what sales said: mqlab ingest outcomes FILE. Until then no result tells anything.",
            )
        return
    day = instant(newest).astimezone(ZoneInfo(study.protocol.timezone)).date()
    days = (study.clock.as_of_us - newest) // DAY_US
    yield Condition(
        "nothing_heard_lately",
        f"the newest sales feedback in the ledger is of {day}, {days:,} days before the instant asked about",
        "Import what sales said since, or ask with an earlier --as-of: what happened in between is missing everywhere.",
    )


def _arms(study: Study) -> Iterator[Condition]:
    leads = study.follow_up.leads_of
    arms = [arm.name for arm in study.protocol.arms if arm.weight > 0]
    enrolled = sum(leads.values())
    if not enrolled:
        return
    if enrolled < len(arms):
        yield Condition(
            "more_arms_than_leads",
            f"{len(arms)} arms share {enrolled} lead{'s' * (enrolled != 1)}",
            "Wait for leads, or start with fewer arms.",
        )
    elif empty := [name for name in arms if not leads[name]]:
        yield Condition(
            "empty_arm",
            f"nobody is in {_listed(empty)}",
            "Compare nothing with an empty arm; look whether its leads are assigned at all.",
        )
    yield from _uneven(study, leads)


def _uneven(study: Study, leads: Mapping[str, int]) -> Iterator[Condition]:
    """Arms of very different size, where money is compared or the small arm has few outcomes."""
    told = []
    few = False
    horizon, stage = study.horizon(study.protocol.primary), counted_stage(study)
    for arm in (each.name for each in study.protocol.challengers):
        pair = leads[study.control], leads[arm]
        if not min(pair) or EVEN[0] <= pair[1] / sum(pair) <= EVEN[1]:
            continue
        small = arm if pair[1] < pair[0] else study.control
        cells = [cell for cell in study.cells(arm, horizon) if cell.arm == small]
        outcomes = sum(cell.mql if stage == "mql" else cell.x[stage] for cell in cells)
        if study.money_number or outcomes < FEW_OUTCOMES:
            told.append(f"{arm} has {100 * pair[1] / sum(pair):.0f}% of the leads it shares with {study.control}")
            few = few or outcomes < FEW_OUTCOMES
    if told:
        yield Condition(
            "uneven_arms",
            "; ".join(told) + (f"; the smaller arm has fewer than {FEW_OUTCOMES} outcomes" if few else ""),
            "Trust revenue's p-value, which permutes, and not its interval; next time give the arms equal weights.",
        )


def _accounts(study: Study) -> Iterator[Condition]:
    if not study.by_account:
        return
    horizon = study.horizon(study.protocol.primary)
    largest: dict[str, float] = {}
    for arm in (each.name for each in study.protocol.challengers):
        rows = rates.comparable(study.units(arm, horizon), study.control, arm)
        for side in (study.control, arm):
            found = accounts.accounts_of(rows, side, accounts.mature, accounts.mature)
            if found.leads.size:
                largest[side] = found.largest_share
    if over := {arm: share for arm, share in largest.items() if share > LARGEST_ACCOUNT}:
        shares = ", ".join(f"{100 * share:.0f}% of {arm}" for arm, share in over.items())
        yield Condition(
            "largest_account",
            f"the largest account holds {shares}",
            "Read the result without that account as well, and prefer the difference per account.",
            "clusters",
        )


def _outcomes(study: Study) -> Iterator[Condition]:
    early = sum(row.rows for row in study.log if row.fate == "before_assignment")
    if early:
        yield Condition(
            "outcome_before_assignment",
            f"{early:,} outcome row{'s are' if early != 1 else ' is'} earlier than the assignment of the lead, "
            "and left out",
            "Look whether the CRM backdates, and whether these leads were known to sales before they arrived.",
        )
    rows, taken = census.inferred(study.dataset, "sql")
    if rows and taken > INFERRED * rows:
        yield Condition(
            "dates_taken_from_later_stages",
            f"{taken:,} of {rows:,} SQL rows ({100 * taken / rows:.1f}%) have no date of their own, so that of the "
            "opportunity or the deal stands for it",
            "Have the SQL stage set in the CRM: with later dates some SQLs fall out of the horizon.",
        )
    won, without = study.deals_won
    if study.money_number and study.outcomes.unlabelled:
        yield Condition(
            "currency_assumed",
            study.outcomes.unlabelled,
            "Give every amount its code, or name the one currency of a file in its mapping, and import again.",
        )
    if study.money_number and without and study.outcomes.no_money is None:
        yield Condition(
            "missing_amounts",
            f"{without:,} of {won:,} deals won ({100 * without / won:.1f}%) have no amount, and count as no revenue",
            "Complete the amounts and import again; until then revenue is too low in every arm.",
        )


def _looks(study: Study) -> Iterator[Condition]:
    looks = study.schedule.undeclared
    if looks:
        yield Condition(
            "undeclared_look",
            f"{looks} look{'s were' if looks != 1 else ' was'} taken that {'were' if looks != 1 else 'was'} not "
            "declared, and spent a share of alpha",
            "This is sound unless the day was chosen by a peek at the result; declare the days you want to look.",
        )


def _events(study: Study) -> Iterator[Condition]:
    """Events that leads of one arm have and leads of the other arm hardly ever have."""
    arms = [arm.name for arm in study.protocol.arms]
    units = [study.follow_up.leads_of[arm] for arm in arms]
    counted = {
        name: [leads.get(arm, 0) for arm in arms]
        for name, leads in sorted(with_event(study.dataset, study.events).items())
    }
    if not counted:
        return
    uneven = []
    level = UNEVEN_P / (len(counted) * (len(arms) - 1))
    control = arms.index(study.control)
    for name, leads in counted.items():
        for index, arm in enumerate(arms):
            if index == control or min(units[index], units[control]) == 0:
                continue
            a, b = Counts(leads[control], units[control]), Counts(leads[index], units[index])
            p_value = binary.p_value(a, b)
            if isinstance(p_value, NotEstimable) or p_value >= level or a.x + b.x < FEW_LEADS:
                continue
            low, high = sorted((a.x / a.n, b.x / b.n))
            if high >= UNEVEN_RATIO * low:
                uneven.append(f"{name} ({a.x:,} of {a.n:,} leads of {study.control}, {b.x:,} of {b.n:,} of {arm})")
    if uneven:
        yield Condition(
            "uneven_events",
            f"hardly any lead of one arm has the event {_listed(uneven)}",
            "Look whether the event is collected alike in every arm; a definition must not read one that is not.",
        )


def _listed(names: Sequence[str], most: int = 3) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
