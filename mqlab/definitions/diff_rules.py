"""What differs between two versions of one rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from mqlab.definitions.describe_rules import band_words, decay_words
from mqlab.definitions.diff_canonical import Form, Naming, form, where_form
from mqlab.definitions.diff_matching import both
from mqlab.definitions.diff_words import (
    Change,
    changed,
    condition_words,
    duration_changed,
    number_changed,
    number_or_none,
)
from mqlab.definitions.model import (
    AbsenceRule,
    BandsRule,
    Decay,
    EventRule,
    HalfLife,
    Linear,
    MapRule,
    Rule,
    Steps,
    WeightRule,
    WhenRule,
    WordsRule,
)
from mqlab.definitions.phrases import clause
from mqlab.definitions.tree import Node
from mqlab.definitions.wording import enumerate_words, plain_name, points, sentence

Bands = tuple[tuple[float | None, float | None, float], ...]
Entries = tuple[tuple[str | bool, float], ...]
EVERYTHING_ELSE = "anything else"


def rule_form(rule: Rule, naming: Naming) -> Form:
    """What a rule means, without its id; equal forms give equal points to every lead."""
    match rule:
        case BandsRule(field=name, bands=bands, cap=cap):
            return ("bands", name, telling_bands(bands), cap)
        case MapRule(field=name, points=entries, default=default, cap=cap):
            return ("map", name, tuple(sorted(_telling_entries(entries, default), key=repr)), default, cap)
        case WordsRule(field=name, choices=choices, cap=cap):
            return ("words", name, tuple((tuple(sorted(set(words))), given) for words, given in choices), cap)
        case EventRule(channel=channel, points=given, decay=decay, cap=cap):
            where = where_form(channel.where, naming)
            limits = (channel.within_us, channel.distinct_day, channel.max_count)
            return ("event", channel.event, where, *limits, given, _decay_form(decay), cap)
        case AbsenceRule(events=events, of_us=us, points=given, cap=cap):
            return ("absence", tuple(sorted(set(events))), us, given, cap)
        case WhenRule(when=when, points=given, cap=cap):
            return ("when", form(when.tree, naming), given, cap)
        case WeightRule(field=name, weight=weight):
            return ("weight", name, weight)
        case _:
            assert_never(rule)


def telling_bands(bands: Bands) -> Bands:
    """Bands without those that give 0 (as gaps do), neighbours with the same points joined.

    Example:
        >>> telling_bands(((0, 50, 0), (50, 100, 20), (100, 200, 20), (200, None, 5)))
        ((50, 200, 20), (200, None, 5))
    """
    joined: list[tuple[float | None, float | None, float]] = []
    for low, high, given in sorted(bands, key=lambda band: float("-inf") if band[0] is None else band[0]):
        if given == 0:
            continue
        if joined and joined[-1][1] == low and joined[-1][2] == given:
            joined[-1] = (joined[-1][0], high, given)
        else:
            joined.append((low, high, given))
    return tuple(joined)


def rule_changes(path: str, before: Rule, after: Rule, what: str, naming: tuple[Naming, Naming]) -> Iterator[Change]:
    """One change for each attribute that differs; `what` names the rule."""
    match before, after:
        case BandsRule(), BandsRule():
            yield from _field_changed(path, before.field, after.field, what)
            yield from _bands_changed(path, before.bands, after.bands, what)
        case MapRule(), MapRule():
            yield from _field_changed(path, before.field, after.field, what)
            yield from _map_changed(path, before, after, what)
        case WordsRule(), WordsRule():
            yield from _field_changed(path, before.field, after.field, what)
            yield from _words_changed(path, before, after, what)
        case EventRule(), EventRule():
            yield from _event_changed(path, before, after, what, naming)
        case AbsenceRule(), AbsenceRule():
            yield from _absence_changed(path, before, after, what)
        case WhenRule(), WhenRule():
            if form(before.when.tree, naming[0]) != form(after.when.tree, naming[1]):
                words = condition_words(before.when.tree, after.when.tree, naming)
                yield Change(
                    f"{path}.when", "behaviour", before.when.text, after.when.text, sentence(f"{what}: {words}")
                )
            yield from _points_changed(path, before.points, after.points, what)
        case WeightRule(), WeightRule():
            if before.weight != after.weight:
                yield number_changed(path, before.weight, after.weight, what)
        case _:
            told = both(_kind, before, after)
            yield changed(path, *told, f"{what} is another kind of rule", told)
            return
    old_cap, new_cap = both(_cap, before, after)
    if old_cap != new_cap:
        yield number_changed(f"{path}.cap", old_cap, new_cap, f"{what}, the most it can give")


def _event_changed(
    path: str, before: EventRule, after: EventRule, what: str, naming: tuple[Naming, Naming]
) -> Iterator[Change]:
    old, new = before.channel, after.channel
    if old.event != new.event:
        yield changed(f"{path}.event", old.event, new.event, f"{what}, event", (old.event, new.event))
    if where_form(old.where, naming[0]) != where_form(new.where, naming[1]):
        words = _where_words(old.where, new.where, naming)
        texts = (None if old.where is None else clause(old.where), None if new.where is None else clause(new.where))
        yield Change(f"{path}.where", "behaviour", *texts, sentence(f"{what}, which events count: {words}"))
    yield from _points_changed(path, before.points, after.points, what)
    if old.distinct_day != new.distinct_day:
        stated = ("day" if old.distinct_day else None, "day" if new.distinct_day else None)
        words = "only one event a day counts now" if new.distinct_day else "every event of a day counts now"
        yield Change(f"{path}.distinct", "behaviour", *stated, sentence(f"{what}: {words}"))
    if old.max_count != new.max_count:
        yield number_changed(f"{path}.max_count", old.max_count, new.max_count, f"{what}, most events that count")
    if old.within_us != new.within_us:
        yield duration_changed(f"{path}.within", old.within_us, new.within_us, f"{what}, how far back events count")
    if _decay_form(before.decay) != _decay_form(after.decay):
        told = both(lambda decay: "none" if decay is None else decay_words(decay), before.decay, after.decay)
        yield changed(f"{path}.decay", *told, f"{what}, how points fade", (f"“{told[0]}”", f"“{told[1]}”"))


def _where_words(before: Node | None, after: Node | None, naming: tuple[Naming, Naming]) -> str:
    if before is None or after is None:
        return "all of them now" if after is None else f"only those now where {clause(after)}"
    return condition_words(before, after, naming)


def _absence_changed(path: str, before: AbsenceRule, after: AbsenceRule, what: str) -> Iterator[Change]:
    if set(before.events) != set(after.events):
        told = both(lambda rule: enumerate_words(sorted(set(rule.events))), before, after)
        yield changed(f"{path}.absence", *told, f"{what}, the events whose absence counts", told)
    if before.of_us != after.of_us:
        yield duration_changed(f"{path}.of", before.of_us, after.of_us, f"{what}, how long nothing may happen")
    yield from _points_changed(path, before.points, after.points, what)


def _points_changed(path: str, before: float, after: float, what: str) -> Iterator[Change]:
    if before != after:
        yield changed(f"{path}.points", before, after, what, (points(before), points(after)))


def _field_changed(path: str, before: str, after: str, what: str) -> Iterator[Change]:
    if before != after:
        told = (plain_name(before), plain_name(after))
        yield changed(f"{path}.field", before, after, f"{what}, the field it reads", told)


def _bands_changed(path: str, before: Bands, after: Bands, what: str) -> Iterator[Change]:
    old, new = telling_bands(before), telling_bands(after)
    if old == new:
        return
    gone = [band for band in old if band not in new]
    come = [band for band in new if band not in old]
    told = both(lambda bands: "; ".join(band_words(*band) for band in bands) or "nothing there", gone, come)
    yield changed(f"{path}.bands", _bands_text(before), _bands_text(after), what, told)


def _bands_text(bands: Bands) -> str:
    return "; ".join(band_words(*band) for band in bands)


def _map_changed(path: str, before: MapRule, after: MapRule, what: str) -> Iterator[Change]:
    old, new = dict(before.points), dict(after.points)
    if before.default != after.default and old == new:
        yield number_changed(f"{path}.default", before.default, after.default, f"{what}, {EVERYTHING_ELSE}")
        return
    told = []
    for key in sorted({*old, *new}, key=str):
        earlier, later = old.get(key, before.default), new.get(key, after.default)
        if earlier != later:
            label = str(key).lower() if isinstance(key, bool) else key
            told.append(f"{label} {points(earlier)} before, now {points(later)}")
    if before.default != after.default:
        told.append(f"{EVERYTHING_ELSE} {points(before.default)} before, now {points(after.default)}")
    if told:
        yield Change(
            f"{path}.map", "behaviour", _map_text(before), _map_text(after), sentence(f"{what}: {'; '.join(told)}")
        )


def _map_text(rule: MapRule) -> str:
    entries = (f"{str(key).lower()} {number_or_none(given)}" for key, given in sorted(rule.points, key=repr))
    return "; ".join((*entries, f"{EVERYTHING_ELSE} {number_or_none(rule.default)}"))


def _telling_entries(
    entries: tuple[tuple[str | bool, float], ...], default: float
) -> tuple[tuple[str | bool, float], ...]:
    return tuple((key, given) for key, given in entries if given != default)


def _words_changed(path: str, before: WordsRule, after: WordsRule, what: str) -> Iterator[Change]:
    old, new = both(lambda rule: [(frozenset(words), given) for words, given in rule.choices], before, after)
    if old == new:
        return
    told = (_choices_text(before), _choices_text(after))
    if sorted(old, key=repr) == sorted(new, key=repr):
        yield Change(f"{path}.words", "behaviour", *told, sentence(f"{what}: the words are tried in another order"))
        return
    gone = _choices_text(before, [choice not in new for choice in old])
    come = _choices_text(after, [choice not in old for choice in new])
    yield changed(f"{path}.words", *told, what, (gone or "nothing there", come or "nothing there"))


def _choices_text(rule: WordsRule, keep: list[bool] | None = None) -> str:
    chosen = [choice for index, choice in enumerate(rule.choices) if keep is None or keep[index]]
    return "; ".join(f"{enumerate_words(word.strip() for word in words)} {points(given)}" for words, given in chosen)


def _decay_form(decay: Decay | None) -> Form:
    match decay:
        case None:
            return ()
        case HalfLife(half_life_us=us):
            return ("half_life", us)
        case Linear(length_us=us):
            return ("linear", us)
        case Steps(steps=steps):
            return ("steps", *steps)
        case _:
            assert_never(decay)


def _cap(rule: Rule) -> float | None:
    return None if isinstance(rule, WeightRule) else rule.cap


def _kind(rule: Rule) -> str:
    match rule:
        case BandsRule():
            return "bands"
        case MapRule():
            return "map"
        case WordsRule():
            return "words"
        case EventRule():
            return "event"
        case AbsenceRule():
            return "absence"
        case WhenRule():
            return "when"
        case WeightRule():
            return "weight"
        case _:
            assert_never(rule)
