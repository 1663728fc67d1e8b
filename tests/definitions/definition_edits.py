"""Edits of a definition file: each meaningful one changes one thing, each cosmetic one changes none.

A file is plain data here; `meaningful` lists every edit that can be made to it, with the path where it is made.
"""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]
Change = Callable[[Any], Any]
NUMBER = re.compile(r"(?<![\w.'\[])\d+(\.\d+)?(?!\w)")
DURATION = re.compile(r"^\d+[smhdw]$")
UNITS = {"d": 24, "w": 168, "h": 1}


@dataclass(frozen=True)
class Edit:
    """One edit: its name, the path of the line a diff should give, and the edited file."""

    name: str
    path: str
    document: Document


def meaningful(document: Document, amount: int = 3) -> Iterator[Edit]:
    """Every edit that changes one thing in the meaning; numbers move by `amount`."""
    for name, path, steps, change in _changes(document, amount):
        edited = copy.deepcopy(document)
        _apply(edited, steps, change)
        yield Edit(name, path, edited)


def cosmetic(document: Document, chance: random.Random, *, rename: bool = True) -> Document:
    """The file written another way: other key order, other ids, other units, defaults written out."""
    edited = copy.deepcopy(document)
    if rename:
        _rename_ids(edited)
    _write_defaults(edited)
    _other_lists(edited, chance)
    return _shuffled(_other_units(edited), chance)


def rules_of(document: Document) -> Iterator[tuple[str, str | None, int, dict[str, Any]]]:
    """Score, group, index and rule of every rule in the file."""
    for score, body in document.get("scores", {}).items():
        for index, rule in enumerate(body.get("rules", ())):
            yield score, None, index, rule
        for group, inner in body.get("groups", {}).items():
            for index, rule in enumerate(inner.get("rules", ())):
                yield score, group, index, rule


def _changes(document: Document, amount: int) -> Iterator[tuple[str, str, tuple[Any, ...], Change]]:
    yield from _rule_changes(document, amount)
    yield from _score_changes(document, amount)
    yield from _gate_changes(document)
    yield from _input_changes(document, amount)
    yield from _qualify_changes(document, amount)
    yield from _other_changes(document, amount)


def _rule_changes(document: Document, amount: int) -> Iterator[tuple[str, str, tuple[Any, ...], Change]]:
    for score, group, index, rule in rules_of(document):
        above: tuple[Any, ...] = ("scores", score, *(("groups", group) if group else ()), "rules")
        steps = (*above, index)
        path = ".".join(map(str, (*above, rule["id"])))
        if "points" in rule:
            yield "points", f"{path}.points", (*steps, "points"), lambda value: value + amount
        if "event" in rule:
            yield "max_count", f"{path}.max_count", (*steps, "max_count"), lambda value: (value or 1) + amount
            yield "within", f"{path}.within", (*steps, "within"), lambda value: _other_duration(value or "77d")
            yield "cap", f"{path}.cap", (*steps, "cap"), lambda value: (value or 5) + amount
            flip: Change = lambda value: None if value == "day" else "day"  # noqa: E731
            yield "distinct", f"{path}.distinct", (*steps, "distinct"), flip
            if rule["points"] >= 0:
                yield "decay", f"{path}.decay", (*steps, "decay"), _other_decay
            if "where" in rule:
                yield "where gone", f"{path}.where", (*steps, "where"), lambda value: None
                yield "where", f"{path}.where", (*steps, "where"), lambda value: f"not ({value})"
        if "of" in rule:
            yield "absence length", f"{path}.of", (*steps, "of"), _other_duration
            if len(rule["absence"]) > 1:
                yield "absence event", f"{path}.absence", (*steps, "absence"), lambda value: value[1:]
        if "when" in rule:
            yield "rule when", f"{path}.when", (*steps, "when"), lambda value: f"not ({value})"
        if "bands" in rule:
            yield "band points", f"{path}.bands", (*steps, "bands", -1, 2), lambda value: value + amount
            yield "band edge", f"{path}.bands", (*steps, "bands"), _moved_edge
        if "map" in rule:
            key = next(iter(rule["map"]))
            yield "map entry", f"{path}.map", (*steps, "map", key), lambda value: value + amount
            yield "map default", f"{path}.default", (*steps, "default"), lambda value: (value or 0) + amount
        if "words" in rule:
            yield "words points", f"{path}.words", (*steps, "words", 0, 1), lambda value: value + amount
            yield "words", f"{path}.words", (*steps, "words", 0, 0), lambda value: [*value, "chairman"]
            if len(rule["words"]) > 1:
                yield "words order", f"{path}.words", (*steps, "words"), lambda value: value[::-1]
        siblings = document["scores"][score]
        siblings = siblings["groups"][group]["rules"] if group else siblings["rules"]
        if len(siblings) > 1:
            yield "rule gone", path, above, lambda value, index=index: [*value[:index], *value[index + 1 :]]
        if index == 0 and document.get("events"):
            event = next(iter(document["events"]))
            new = {"id": "brand-new", "event": event, "points": amount, "max_count": 2}
            yield "rule new", f"{path.rpartition('.')[0]}.brand-new", above, lambda value, new=new: [new, *value]


def _score_changes(document: Document, amount: int) -> Iterator[tuple[str, str, tuple[Any, ...], Change]]:
    for score, body in document.get("scores", {}).items():
        path = f"scores.{score}"
        yield (
            "range",
            f"{path}.range",
            ("scores", score, "range"),
            lambda value: [-300, 200 + (value or [0, 0])[1] + amount],
        )
        if "scale_to" in body:
            yield "scale_to", f"{path}.scale_to", ("scores", score, "scale_to"), lambda value: value + amount
        for name in body.get("weights", {}):
            steps = ("scores", score, "weights", name)
            yield "weight", f"{path}.weights.{name}", steps, lambda value: value + amount
        if len(body.get("weights", {})) > 1:
            name = next(iter(body["weights"]))
            gone: Change = lambda value, name=name: {key: kept for key, kept in value.items() if key != name}  # noqa: E731
            yield "weight gone", f"{path}.weights.{name}", ("scores", score, "weights"), gone
        for group, inner in body.get("groups", {}).items():
            for bound in ("max", "min"):
                if bound in inner:
                    steps = ("scores", score, "groups", group, bound)
                    yield f"group {bound}", f"{path}.groups.{group}.{bound}", steps, lambda value: value + amount
                else:
                    steps = ("scores", score, "groups", group, bound)
                    value = 500 + amount if bound == "max" else -500 - amount
                    yield f"group {bound} new", f"{path}.groups.{group}.{bound}", steps, lambda _, value=value: value
        if len(body.get("groups", {})) > 1:
            group = next(iter(body["groups"]))
            gone = lambda value, group=group: {key: kept for key, kept in value.items() if key != group}  # noqa: E731
            alone = len(body["groups"][group]["rules"]) >= 1
            yield "group gone", f"{path}.groups.{group}" if alone else path, ("scores", score, "groups"), gone
    for score, bounds in document.get("grades", {}).items():
        for label in bounds:
            steps = ("grades", score, label)
            yield "grade bound", f"grades.{score}.{label}", steps, lambda value: value + amount / 8


def _gate_changes(document: Document) -> Iterator[tuple[str, str, tuple[Any, ...], Change]]:
    for index, gate in enumerate(document.get("gates", ())):
        path, steps = f"gates.{gate['id']}", ("gates", index)
        other: Change = lambda value: "hold" if value == "disqualify" else "disqualify"  # noqa: E731
        yield "gate then", f"{path}.then", (*steps, "then"), other
        unknown: Change = lambda value: "fail" if value == "pass" else "pass"  # noqa: E731
        yield "gate on_unknown", f"{path}.on_unknown", (*steps, "on_unknown"), unknown
        yield "gate forever", f"{path}.forever", (*steps, "forever"), lambda value: not value
        yield "gate when", f"{path}.when", (*steps, "when"), lambda value: f"({value}) or source == 'partner'"
        yield "gate gone", path, ("gates",), lambda value, index=index: [*value[:index], *value[index + 1 :]]
    new = {"id": "brand-new", "when": "source == 'partner'", "then": "hold", "on_unknown": "pass"}
    yield "gate new", "gates.brand-new", ("gates",), lambda value: [*(value or []), new]


def _input_changes(document: Document, amount: int) -> Iterator[tuple[str, str, tuple[Any, ...], Change]]:
    for name, field in document.get("fields", {}).items():
        path = f"fields.{name}"
        if isinstance(field.get("values"), dict):
            label = next(iter(field["values"]))
            yield "enum value", f"{path}.values", ("fields", name, "values", label), lambda value: value - amount
            yield "enum label", f"{path}.values", ("fields", name, "values"), lambda value: {**value, "brand new": 99}
            other = list(field["values"])[1]
            yield "enum default", f"{path}.missing", ("fields", name, "missing"), lambda value, other=other: other
        elif "values" in field:
            yield "enum label", f"{path}.values", ("fields", name, "values"), lambda value: [*value, "brand new"]
        if field["type"] == "number":
            impute: Change = lambda value: {"impute": (value or {"impute": 7})["impute"] + amount}  # noqa: E731
            yield "imputed number", f"{path}.missing", ("fields", name, "missing"), impute
    yield "field new", "fields.brand_new", ("fields",), lambda value: {**(value or {}), "brand_new": {"type": "bool"}}
    yield "event new", "events.brand_new", ("events",), lambda value: {**(value or {}), "brand_new": {}}
    for name in document.get("events", {}):
        steps = ("events", name, "props")
        new: Change = lambda value: {**(value or {}), "brand_new": "number"}  # noqa: E731
        yield "property new", f"events.{name}.props.brand_new", steps, new
    for name in document.get("lists", {}):
        yield "list entry", f"lists.{name}", ("lists", name), lambda value: [*value, "brand-new.example"]
        if len(document["lists"][name]) > 1:
            yield "list entry gone", f"lists.{name}", ("lists", name), lambda value: value[1:]
    if "ignore_events" in document:
        yield "ignored events", "ignore_events", ("ignore_events",), lambda value: None
    if any(rule.get("distinct") for *_, rule in rules_of(document)):
        yield "timezone", "timezone", ("timezone",), lambda value: "Asia/Tokyo"


def _qualify_changes(document: Document, amount: int) -> Iterator[tuple[str, str, tuple[Any, ...], Change]]:
    qualify = document.get("qualify")
    if isinstance(qualify, str):
        yield "qualify and", "qualify", ("qualify",), lambda value: f"({value}) and source != 'partner'"
        yield "qualify or", "qualify", ("qualify",), lambda value: f"({value}) or source == 'referral'"
        if NUMBER.search(qualify):
            raised = NUMBER.sub(lambda found: str(float(found.group()) + amount / 100), qualify, count=1)
            if not raised.startswith("count"):
                yield "qualify threshold", "qualify", ("qualify",), lambda _: raised
    elif qualify is not None:
        row = next(iter(qualify["matrix"]))
        yield "matrix cell gone", "qualify.matrix", ("qualify", "matrix", row), lambda value: value[:-1]
    for index, track in enumerate(document.get("fast_track", ())):
        steps, path = ("fast_track", index, "when"), f"fast_track.{track['id']}.when"
        yield "fast track", path, steps, lambda value: f"({value}) and source != 'partner'"
    new = {"id": "brand-new", "when": "source == 'referral'"}
    yield "fast track new", "fast_track.brand-new", ("fast_track",), lambda value: [*(value or []), new]
    for index, _ in enumerate(document.get("model", {}).get("terms", ())):
        steps, path = ("model", "terms", index), f"model.terms.{index}"
        yield "coefficient", f"{path}.coef", (*steps, "coef"), lambda value: value + amount
        yield "feature", f"{path}.feature", (*steps, "feature"), lambda value: "source == 'referral'"
    if "model" in document:
        yield "intercept", "model.intercept", ("model", "intercept"), lambda value: value + amount
        term = {"feature": "source == 'referral'", "coef": 0.25}
        position = len(document["model"]["terms"])
        yield "term new", f"model.terms.{position}", ("model", "terms"), lambda value: [*value, term]
        yield "term gone", "model.terms.removed.0", ("model", "terms"), lambda value: value[1:]


def _other_changes(document: Document, amount: int) -> Iterator[tuple[str, str, tuple[Any, ...], Change]]:
    for index, _ in enumerate(document.get("classify", ())):
        path = f"classify.{index}"
        yield "label", f"{path}.label", ("classify", index, "label"), lambda value: f"{value} too"
        yield "label when", f"{path}.when", ("classify", index, "when"), lambda value: f"({value}) or missing(source)"
        yield "label gone", "classify.removed.0", ("classify",), lambda value, i=index: [*value[:i], *value[i + 1 :]]
    if len(document.get("classify", ())) > 1:
        yield "label order", "classify", ("classify",), lambda value: [value[1], value[0], *value[2:]]
    if "nurture" in document:
        yield "track", "nurture.track", ("nurture", "track"), lambda value: f"{value}-2"
        yield "nurture when", "nurture.when", ("nurture", "when"), lambda value: f"({value}) or missing(source)"
        yield "nurture gone", "nurture", ("nurture",), lambda value: None
    if "handoff" in document:
        yield "first touch", "handoff.first_touch", ("handoff", "first_touch"), _other_duration
        yield "decide within", "handoff.decide_within", ("handoff", "decide_within"), _other_duration
        yield "handoff gone", "handoff", ("handoff",), lambda value: None
    else:
        yield "handoff new", "handoff", ("handoff",), lambda value: {"first_touch": "3h"}
    if "requalify" in document:
        yield "cooldown", "requalify.cooldown", ("requalify", "cooldown"), _other_duration
        yield "requalify max", "requalify.max", ("requalify", "max"), lambda value: value + amount
        yield "requalify gone", "requalify", ("requalify",), lambda value: None


def _apply(document: Any, steps: tuple[Any, ...], change: Change) -> None:
    """Change the value at `steps`; None takes the key away."""
    for step in steps[:-1]:
        document = document[step] if not isinstance(document, dict) else document.setdefault(step, {})
    last = steps[-1]
    old = document.get(last) if isinstance(document, dict) else document[last]
    new = change(copy.deepcopy(old))
    if new is None and isinstance(document, dict):
        document.pop(last, None)
    else:
        document[last] = new


def _other_duration(value: str) -> str:
    return f"{int(value[:-1]) + 5}{value[-1]}"


def _other_decay(value: Any) -> Any:
    if value is None:
        return {"half_life": "9d"}
    if "half_life" in value:
        return {"half_life": _other_duration(value["half_life"])}
    return {"steps": [["1d", 0.5], ["9d", 0]]}


def _moved_edge(bands: list[list[Any]]) -> list[list[Any]]:
    """The edge between the last two bands one higher."""
    bands[-2][1] += 1
    bands[-1][0] += 1
    return bands


def _rename_ids(document: Document) -> None:
    for *_, rule in rules_of(document):
        rule["id"] = f"renamed-{rule['id']}"
    for part in ("gates", "fast_track"):
        for item in document.get(part, ()):
            item["id"] = f"renamed-{item['id']}"
    for body in document.get("scores", {}).values():
        if "groups" in body:
            body["groups"] = {f"renamed_{name}": inner for name, inner in body["groups"].items()}


def _write_defaults(document: Document) -> None:
    document.setdefault("timezone", "UTC")
    document["title"], document["owner"] = "Another title", "somebody else"
    document["changelog"] = "nothing that matters"
    for gate in document.get("gates", ()):
        gate.setdefault("on_unknown", "pass")
        gate.setdefault("forever", False)
    for *_, rule in rules_of(document):
        if "map" in rule:
            rule.setdefault("default", 0)


def _other_lists(document: Document, chance: random.Random) -> None:
    """What has no order gets another one; conditions are written another way."""
    for entries in document.get("lists", {}).values():
        chance.shuffle(entries)
    for *_, rule in rules_of(document):
        for part in ("bands", "absence"):
            if part in rule:
                chance.shuffle(rule[part])
        if "where" in rule:
            rule["where"] = f"not (not ({rule['where']}))"
    for body in document.get("scores", {}).values():
        for inner in (body, *body.get("groups", {}).values()):
            if "rules" in inner:
                chance.shuffle(inner["rules"])
    if "model" in document:
        chance.shuffle(document["model"]["terms"])
    for gate in document.get("gates", ()):
        gate["when"] = f"({gate['when']}) or ({gate['when']})"
    for field in document.get("fields", {}).values():
        if isinstance(field.get("values"), list):
            chance.shuffle(field["values"])
    if isinstance(document.get("qualify"), str):
        document["qualify"] = f"not (not ({document['qualify']}) or not ({document['qualify']}))"


def _other_units(value: Any) -> Any:
    """Whole numbers as decimals, days as hours."""
    if isinstance(value, dict):
        return {key: kept if key in COUNTS else _other_units(kept) for key, kept in value.items()}
    if isinstance(value, list):
        return [_other_units(kept) for kept in value]
    if isinstance(value, str) and DURATION.match(value) and value[-1] in UNITS:
        return f"{int(value[:-1]) * UNITS[value[-1]]}h"
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


COUNTS = frozenset({"max_count", "max", "trained", "changelog", "title", "owner", "lists"})


def _shuffled(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {key: _shuffled(value[key], chance) for key in keys}
    return [_shuffled(kept, chance) for kept in value] if isinstance(value, list) else value
