"""One rule of a score said in English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from mqlab.definitions.model import (
    AbsenceRule,
    BandsRule,
    Decay,
    EventRule,
    FieldDecl,
    HalfLife,
    Linear,
    MapRule,
    Rule,
    Steps,
    WeightRule,
    WhenRule,
    WordsRule,
)
from mqlab.definitions.phrases import clause, limits
from mqlab.definitions.wording import enumerate_words, plain_name, points, spoken_duration, spoken_number


def rule_words(rule: Rule, fields: Mapping[str, FieldDecl]) -> str:
    """What a rule gives, without its id: "12 points for each page view event …"."""
    return f"{_body(rule, fields)}{_cap(rule)}"


def band_words(low: float | None, high: float | None, given: float) -> str:
    """One band: "20 points from 50 to below 200".

    Example:
        >>> band_words(50, 200, 20), band_words(2000, None, 25), band_words(None, 0, -5)
        ('20 points from 50 to below 200', '25 points from 2,000', '-5 points below 0')
    """
    if low is None and high is None:
        return f"{points(given)} for any value"
    if low is None:
        return f"{points(given)} below {spoken_number(high or 0.0)}"
    upper = "" if high is None else f" to below {spoken_number(high)}"
    return f"{points(given)} from {spoken_number(low)}{upper}"


def decay_words(decay: Decay) -> str:
    """How points fade: "the points halve every 14 days".

    Example:
        >>> decay_words(Linear(30 * 86_400_000_000))
        'the points of an event fade evenly to nothing over 30 days'
    """
    match decay:
        case HalfLife(half_life_us=us):
            return f"the points of an event halve every {_every(us)}"
        case Linear(length_us=us):
            return f"the points of an event fade evenly to nothing over {spoken_duration(us)}"
        case Steps(steps=steps):
            told = enumerate_words(
                (f"{spoken_number(factor * 100)}% after {spoken_duration(us)}" for us, factor in steps), "and"
            )
            return f"the points of an event drop to {told}"
        case _:
            assert_never(decay)


def _body(rule: Rule, fields: Mapping[str, FieldDecl]) -> str:
    match rule:
        case BandsRule(field=name, bands=bands):
            told = "; ".join(band_words(*band) for band in sorted(bands, key=_low))
            return f"by {plain_name(name)}: {told}"
        case MapRule(field=name, points=entries, default=default):
            told = "; ".join(f"{_key(key)} {points(given)}" for key, given in entries)
            return f"by {plain_name(name)}: {told}; anything else {points(default)}"
        case WordsRule(field=name, choices=choices):
            told = "; else ".join(f"{points(given)} if it has {_words(words)}" for words, given in choices)
            return f"by the words of {plain_name(name)}: {told}"
        case EventRule(channel=channel, points=given, decay=decay):
            fading = f"; {decay_words(decay)}" if decay else ""
            return f"{points(given)} for each {plain_name(channel.event)} event{limits(channel)}{fading}"
        case AbsenceRule(events=events, of_us=us, points=given):
            told = enumerate_words(plain_name(event) for event in events)
            return f"{points(given)} while there was no {told} event for {spoken_duration(us)}"
        case WhenRule(when=when, points=given):
            return f"{points(given)} while {clause(when.tree)}"
        case WeightRule(field=name, weight=weight):
            return f"{spoken_number(weight)} times {plain_name(name)} ({_values(fields.get(name))})"
        case _:
            assert_never(rule)


def _cap(rule: Rule) -> str:
    cap = None if isinstance(rule, WeightRule) else rule.cap
    return "" if cap is None else f"; {points(cap)} at most in either direction"


def _values(decl: FieldDecl | None) -> str:
    if decl is None or decl.kind != "enum":
        return "true 1, false 0"
    return ", ".join(f"{label.display} {spoken_number(label.value or 0.0)}" for label in decl.labels)


def _key(key: str | bool) -> str:
    return ("true" if key else "false") if isinstance(key, bool) else key


def _words(words: tuple[str, ...]) -> str:
    return enumerate_words(f"“{word.strip()}”" for word in words)


def _low(band: tuple[float | None, float | None, float]) -> float:
    return float("-inf") if band[0] is None else band[0]


def _every(us: int) -> str:
    spoken = spoken_duration(us)
    return spoken.removeprefix("1 ") if spoken.startswith("1 ") else spoken
