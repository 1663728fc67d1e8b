"""Which rules made leads MQLs that sales rejected, and for what reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from mqlab.definitions.decision import Decision


@dataclass(frozen=True, slots=True)
class RuleRejections:
    """MQLs that a rule, or a path such as `fast_track:demo`, had a part in: `handed` over, `rejected` of them.

    `reasons` are those of the first rejections, the most frequent first; the code is empty where none was given.
    """

    definition: str
    rule: str
    handed: int
    rejected: int
    reasons: tuple[tuple[str, int], ...]


def made_by(path: str, decision: Decision | None) -> tuple[str, ...]:
    """What made a lead qualify: its fast track or model, else the rules that gave it points at that instant."""
    if path.startswith("fast_track:") or path == "model":
        return (path,)
    given = () if decision is None else tuple(dict.fromkeys(rule.id for rule in decision.rules if rule.points > 0))
    return given or (path,)


def by_rule(definition: str, leads: Iterable[tuple[tuple[str, ...], str | None]]) -> tuple[RuleRejections, ...]:
    """From what made each lead handed over qualify, and its reason for rejection (None: not rejected).

    Example:
        >>> found = by_rule("a@1.0.0", [(("demo",), "hand-01"), (("demo", "size"), None), (("size",), "hand-01")])
        >>> [(one.rule, one.handed, one.rejected, one.reasons) for one in found]
        [('demo', 2, 1, (('hand-01', 1),)), ('size', 2, 1, (('hand-01', 1),))]
    """
    handed: Counter[str] = Counter()
    reasons: dict[str, Counter[str]] = {}
    for rules, rejected in leads:
        handed.update(rules)
        if rejected is not None:
            for rule in rules:
                reasons.setdefault(rule, Counter())[rejected] += 1
    rows = [
        RuleRejections(definition, rule, count, mine.total(), tuple(sorted(mine.items(), key=_most_frequent)))
        for rule, count in handed.items()
        for mine in (reasons.get(rule, Counter()),)
    ]
    return tuple(sorted(rows, key=lambda row: (-row.rejected, -row.handed, row.rule)))


def _most_frequent(item: tuple[str, int]) -> tuple[int, str]:
    reason, leads = item
    return -leads, reason
