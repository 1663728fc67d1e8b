"""How the MQLs of a window fared with sales, and why leads were rejected in it: by definition, rule and source.

Two sets of leads, never mixed. *Handed over* in the window: what sales has answered about them since. *Rejected* in
the window, whenever they were handed over: the reasons.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mqlab.analysis.feedback.mqls import Mql
from mqlab.analysis.feedback.said import ANSWERS, Said, Saying, first
from mqlab.leads.instants import instant, iso
from mqlab.leads.records import OutcomeKind
from mqlab.stats.estimate import NotEstimable

REJECTED = OutcomeKind.REJECTED
TIMING: Mapping[str, str] = {"hand-01": "too early", "hand-02": "too late"}
"""The reason codes by which sales says that a hand-over came at the wrong time."""

Rules = Callable[[Mql], tuple[str, ...]]
"""The rules, or the one path, that made an MQL."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """An MQL that sales rejected in the window, by its first rejection there."""

    mql: Mql
    at_us: int
    reason: str | None
    owner: str | None


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many of a group's rejected leads have a reason; None: sales gave none."""

    reason: str | None
    leads: int


@dataclass(frozen=True, slots=True)
class Group:
    """The leads of one definition, rule or source; `name` is None for those without one.

    `handed` leads were handed over in the window; by sales' latest answer `turned_down` of them are rejected and
    `accepted` accepted.
    `rejected` were rejected in it, for `reasons` that add up to them.
    """

    name: str | None
    handed: int
    turned_down: int
    rejected: int
    reasons: tuple[ReasonCount, ...]
    definition: str | None = None
    accepted: int = 0

    @property
    def rate(self) -> float | NotEstimable:
        """Turned down per MQL handed over in the window."""
        return share(self.turned_down, self.handed, NO_MQLS)

    @property
    def acceptance(self) -> float | NotEstimable:
        """Accepted per MQL handed over in the window."""
        return share(self.accepted, self.handed, NO_MQLS)

    def to_dict(self) -> dict[str, Any]:
        """The group as JSON; shares are fractions of what their names say."""
        return {
            "name": self.name,
            **({"definition": self.definition} if self.definition is not None else {}),
            "handed_over": self.handed,
            "handed_over_and_accepted": self.accepted,
            "accepted_per_handed_over": plain(self.acceptance),
            "handed_over_and_rejected": self.turned_down,
            "rejected_per_handed_over": plain(self.rate),
            "rejected": self.rejected,
            "reasons": [reason_dict(one, self.rejected) for one in self.reasons],
        }


@dataclass(frozen=True, slots=True)
class Timing:
    """Rejections of one definition as too early or too late; waits in microseconds, in ascending order.

    `rejected` is how many leads of the definition were rejected in the window, for whatever reason.
    """

    definition: str | None
    reason: str
    rejected: int
    after_us: tuple[int, ...]

    @property
    def leads(self) -> int:
        """How many."""
        return len(self.after_us)

    @property
    def median_us(self) -> int:
        """The time from qualification to the rejection that half of them did not exceed."""
        return self.after_us[(self.leads - 1) // 2]

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON; hours from qualification to the rejection."""
        return {
            "definition": self.definition,
            "reason": self.reason,
            "rejected": self.rejected,
            "leads": self.leads,
            "share": self.leads / self.rejected,
            "hours_after_qualification": {
                "least": hours(self.after_us[0]), "median": hours(self.median_us), "most": hours(self.after_us[-1]),
            },
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rejections:
    """`handed` = `accepted` + `turned_down` + `undecided`, by sales' latest answer about leads handed over then.

    `rejected` leads were rejected in the window; `others` were rejected in it too and were no MQLs then.
    """

    handed: int
    accepted: int
    turned_down: int
    undecided: int
    rejected: int
    others: int
    reasons: tuple[ReasonCount, ...]
    by_definition: tuple[Group, ...]
    by_rule: tuple[Group, ...]
    by_source: tuple[Group, ...]
    timing: tuple[Timing, ...]

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            "handed_over": self.handed,
            "accepted": {"leads": self.accepted, "share": plain(share(self.accepted, self.handed, NO_MQLS))},
            "rejected": {"leads": self.turned_down, "share": plain(share(self.turned_down, self.handed, NO_MQLS))},
            "undecided": {"leads": self.undecided, "share": plain(share(self.undecided, self.handed, NO_MQLS))},
            "rejected_in_the_window": self.rejected,
            "rejected_and_no_mql": self.others,
            "reasons": [reason_dict(one, self.rejected) for one in self.reasons],
            "by_definition": [one.to_dict() for one in self.by_definition],
            "by_rule": [one.to_dict() for one in self.by_rule],
            "by_source": [one.to_dict() for one in self.by_source],
            "timing": [one.to_dict() for one in self.timing],
        }


NO_MQLS = NotEstimable("no_mqls", "No lead was handed over.")


def rejected_in(mqls: Mapping[str, Mql], sayings: Said, begin_us: int, end_us: int) -> tuple[tuple[Rejected, ...], int]:
    """The MQLs rejected in a window, in the order of their rejections, and how many other leads were."""
    found, others = [], 0
    for lead_id, one in sayings.items():
        if first(one, (REJECTED,), begin_us, end_us) is None:
            continue
        mql = mqls.get(lead_id)
        told = None if mql is None else first(one, (REJECTED,), max(begin_us, mql.since_us), end_us)
        if mql is None or told is None:
            others += 1
        else:
            found.append(Rejected(mql, told.at_us, told.reason, told.owner))
    return tuple(sorted(found, key=lambda each: (each.at_us, each.mql.lead_id))), others


def latest_answer(mql: Mql, sayings: Sequence[Saying]) -> str | None:
    """What sales last answered about an MQL, `accepted` or `rejected`; None while it has not."""
    answers = [one for one in sayings if one.kind in ANSWERS and one.at_us >= mql.since_us]
    return answers[-1].kind if answers else None


def rejections(
    handed: Sequence[Mql], rejected: Sequence[Rejected], others: int, sayings: Said, rules: Rules
) -> Rejections:
    """Counts of the MQLs `handed` over and of those `rejected` in a window, by definition, rule and source."""
    answers = {mql.lead_id: latest_answer(mql, sayings.get(mql.lead_id, ())) for mql in handed}
    counted = Counter(answers.values())
    by_rule = {each.lead_id: rules(each) for each in [*handed, *(one.mql for one in rejected)]}

    def groups(names: Callable[[Mql], Iterable[tuple[str | None, str | None]]]) -> tuple[Group, ...]:
        return _groups(names, handed, rejected, answers)

    return Rejections(
        handed=len(handed),
        accepted=counted["accepted"],
        turned_down=counted["rejected"],
        undecided=counted[None],
        rejected=len(rejected),
        others=others,
        reasons=_reasons(rejected),
        by_definition=groups(lambda mql: [(None, mql.definition)]),
        by_rule=groups(lambda mql: [(mql.definition, rule) for rule in by_rule[mql.lead_id]]),
        by_source=groups(lambda mql: [(None, mql.source)]),
        timing=_timing(rejected),
    )


def _groups(
    names: Callable[[Mql], Iterable[tuple[str | None, str | None]]],
    handed: Sequence[Mql],
    rejected: Sequence[Rejected],
    answers: Mapping[str, str | None],
) -> tuple[Group, ...]:
    """Groups by (definition, name), the one with most rejections first."""
    of_handed: Counter[tuple[str | None, str | None]] = Counter()
    down: Counter[tuple[str | None, str | None]] = Counter()
    taken: Counter[tuple[str | None, str | None]] = Counter()
    mine: dict[tuple[str | None, str | None], list[Rejected]] = {}
    for mql in handed:
        for key in names(mql):
            of_handed[key] += 1
            down[key] += answers[mql.lead_id] == REJECTED
            taken[key] += answers[mql.lead_id] == OutcomeKind.ACCEPTED
    for one in rejected:
        for key in names(one.mql):
            mine.setdefault(key, []).append(one)
    found = [
        Group(
            key[1], of_handed[key], down[key], len(mine.get(key, ())), _reasons(mine.get(key, ())), key[0], taken[key]
        )
        for key in {*of_handed, *mine}
    ]
    return tuple(
        sorted(found, key=lambda one: (one.definition or "", -one.rejected, -one.handed, one.name is None, one.name))
    )


def _reasons(rejected: Iterable[Rejected]) -> tuple[ReasonCount, ...]:
    """The reasons, most frequent first, what has none last."""
    counted = Counter(one.reason for one in rejected)
    order = sorted(counted, key=lambda reason: (reason is None, -counted[reason], reason or ""))
    return tuple(ReasonCount(reason, counted[reason]) for reason in order)


def _timing(rejected: Sequence[Rejected]) -> tuple[Timing, ...]:
    of_definition = Counter(one.mql.definition for one in rejected)
    waits: dict[tuple[str | None, str], list[int]] = {}
    for one in rejected:
        if one.reason is not None and one.reason in TIMING:
            since = one.mql.qualified_us if one.mql.qualified_us is not None else one.mql.since_us
            waits.setdefault((one.mql.definition, one.reason), []).append(max(0, one.at_us - since))
    return tuple(
        Timing(definition, reason, of_definition[definition], tuple(sorted(waits[definition, reason])))
        for definition, reason in sorted(waits, key=lambda key: (key[0] is None, key[0] or "", key[1]))
    )


def reason_dict(one: ReasonCount, of: int) -> dict[str, Any]:
    """A reason with its count and its share of `of` leads, of which it is one part."""
    return {"reason": one.reason, "leads": one.leads, "share": one.leads / of}


def share(part: int, whole: int, reason: NotEstimable) -> float | NotEstimable:
    """A fraction, or why there is none."""
    return part / whole if whole else reason


def plain(value: float | NotEstimable) -> Any:
    """A number, or the reason why there is none, as JSON."""
    return {"not_estimable": value.reason} if isinstance(value, NotEstimable) else value


def hours(us: int) -> float:
    """Microseconds as hours."""
    return us / 3_600_000_000


def at(us: int | None) -> str | None:
    """An instant as JSON."""
    return None if us is None else iso(instant(us))
