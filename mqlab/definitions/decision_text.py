"""A decision as a block of lines for a terminal: what was decided, and what led to it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from mqlab.definitions.decision import Decision, RuleOutcome
from mqlab.definitions.wording import plural, spoken_number

WIDTH = 80
LABEL_WIDTH = 16
POINT_DIGITS = 4
FIXED = "\N{NO-BREAK SPACE}"
"""Stands for the spaces inside an instant while lines are broken."""

VERDICTS = {"mql": "MQL", "not_mql": "no MQL", "held": "held back", "disqualified": "disqualified"}


def decision_lines(decision: Decision, zone: ZoneInfo, *, width: int = WIDTH) -> list[str]:
    """The decision, no line longer than `width`; instants stand whole, on the clock of `zone`.

    Rules that gave points come first, one a line; those that gave none are named after them.
    """
    lines = textwrap.wrap(decision.lead_id, width, break_on_hyphens=False) or [decision.lead_id]
    for label, text in _rows(decision, zone):
        under = " " * (2 + LABEL_WIDTH + (2 if label in {"", "rules"} else 0))
        broken = textwrap.wrap(
            text, width, initial_indent=f"  {label:<{LABEL_WIDTH}}", subsequent_indent=under, break_on_hyphens=False
        )
        lines += [line.replace(FIXED, " ") for line in broken]
    return lines


def local_instant(at: datetime, zone: ZoneInfo) -> str:
    """An instant as the clock of `zone` shows it, to the second.

    Example:
        >>> from datetime import UTC
        >>> local_instant(datetime(2026, 7, 2, 9, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
        '2026-07-02 11:00:00'
    """
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def _rows(decision: Decision, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    """Label and text of each part that there is; the second rule and those after it have no label."""
    yield "verdict", VERDICTS[decision.verdict]
    if decision.path is not None:
        yield "path", decision.path
    if decision.qualified_at is not None:
        yield "qualified at", _instant(decision.qualified_at, zone)
    yield "holds now", "yes" if decision.holds_now else "no"
    scores = [f"{name} {_points(value)}{_grade(decision, name)}" for name, value in decision.scores.items()]
    if decision.probability is not None:
        scores.append(f"probability {decision.probability:.4f}")
    if scores:
        yield "scores", ", ".join(scores)
    given = [rule for rule in decision.rules if rule.points or rule.capped]
    for index, rule in enumerate(given):
        yield ("" if index else "rules"), _rule(rule, zone)
    idle = [f"{rule.id} (not known)" if rule.unknown else rule.id for rule in decision.rules if rule not in given]
    lists = {
        "no points": idle,
        "gates": [f"{name} ({said})" for name, said in decision.gates.items() if said != "pass"],
        "not known": decision.missing,
        "terms left out": decision.unknown_features,
        "label": decision.labels,
        "track": [decision.track] if decision.track else [],
        "again at": [_instant(at, zone) for at in decision.crossings[1:]],
    }
    for label, texts in lists.items():
        if texts:
            yield label, ", ".join(texts)


def _rule(rule: RuleOutcome, zone: ZoneInfo) -> str:
    sign = "+" if rule.points > 0 else ""
    told = f"{sign}{_points(rule.points)} {rule.id}"
    if rule.counted:
        newest = f", the latest at {_instant(rule.newest_event_at, zone)}" if rule.newest_event_at else ""
        told += f", from {plural(rule.counted, 'event')}{newest}"
    return told + (f" (capped; {_points(rule.raw)} without its cap)" if rule.capped else "")


def _grade(decision: Decision, score: str) -> str:
    if score not in decision.grades:
        return ""
    grade = decision.grades[score]
    return " (no grade)" if grade is None else f" (grade{FIXED}{grade})"


def _instant(at: datetime, zone: ZoneInfo) -> str:
    return local_instant(at, zone).replace(" ", FIXED)


def _points(value: float) -> str:
    return spoken_number(round(value, POINT_DIGITS))
