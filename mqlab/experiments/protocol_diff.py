"""What changed between two versions of a protocol, in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WORDS = {
    "title": "the title",
    "hypothesis": "the hypothesis",
    "aim": "the aim",
    "owner": "the owner",
    "unit": "what is randomised",
    "salt": "the salt",
    "enrolment.from": "the first day of enrolment",
    "enrolment.to": "the last day of enrolment",
    "enrolment.timezone": "the time zone",
    "eligible": "who is eligible",
    "prior_handoff": "what happens to accounts handed over before",
    "layer": "the layer",
    "slice": "the slice of the layer",
    "control": "which arm is the control",
    "qualify_within": "the time leads have to qualify",
    "handling": "the handling",
    "cadence": "the cadence of hand-over",
    "looks.dates": "the dates of the looks",
    "looks.spending": "the spending function",
    "looks.maximum_leads": "the declared maximum of leads",
    "alpha": "alpha",
    "segments": "the segments",
    "post_stratify": "what leads are post-stratified by",
    "overrides": "the overrides",
    "costs": "the costs",
}


@dataclass(frozen=True, slots=True)
class ProtocolChange:
    """One key that says something else: its path in the file, what it said and says (None: nothing)."""

    path: str
    before: Any
    after: Any

    @property
    def words(self) -> str:
        """The change as a sentence."""
        subject = _subject(self.path)
        if self._whole:
            return f"{subject} is {'new' if self.before is None else 'gone'}"
        if self.before is None:
            return f"{subject} is new: {_shown(self.after)}"
        if self.after is None:
            return f"{subject} is gone (it was {_shown(self.before)})"
        return f"{subject} changes from {_shown(self.before)} to {_shown(self.after)}"

    @property
    def _whole(self) -> bool:
        """Whether an arm or a metric came or went as a whole."""
        return None in (self.before, self.after) and (
            self.path.endswith("]") or (self.path.count(".") == 1 and self.path.startswith("arms."))
        )

    def to_dict(self) -> dict[str, Any]:
        """As the other diffs print it."""
        return {"path": self.path, "before": self.before, "after": self.after, "words": self.words}


def protocol_diff(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[ProtocolChange, ...]:
    """The changes between two `canonical` documents, in the order of the file.

    Metrics are matched by role, name and horizon, phases by their start, arms by name, all else by key.

    Example:
        >>> [change.words for change in protocol_diff({"alpha": 0.05}, {"alpha": 0.1})]
        ['alpha changes from 0.05 to 0.1']
    """
    old, new = dict(_leaves(before)), dict(_leaves(after))
    paths = [*old, *(path for path in new if path not in old)]
    order = {name: index for index, name in enumerate([*before, *(key for key in after if key not in before)])}
    changes = [ProtocolChange(path, old.get(path), new.get(path)) for path in paths if old.get(path) != new.get(path)]
    whole = tuple(f"{change.path}." for change in changes if change.before is None or change.after is None)
    changes = [change for change in changes if not change.path.startswith(whole)]
    if _arm_order(before) != _arm_order(after) and sorted(_arm_order(before)) == sorted(_arm_order(after)):
        changes.append(ProtocolChange("arms", ", ".join(_arm_order(before)), ", ".join(_arm_order(after))))
    return tuple(sorted(changes, key=lambda change: order[re.split(r"[.\[]", change.path)[0]]))


def _arm_order(document: Mapping[str, Any]) -> list[str]:
    return list(document.get("arms", {}))


def _leaves(document: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Every path with what stands there; an item (arm, metric) also has a path of its own, with what tells it apart."""
    for key, value in document.items():
        inner = f"{path}.{key}" if path else key
        if path == "arms":
            yield inner, key
        if key == "overrides" or not isinstance(value, Mapping | list):
            yield inner, value
        elif isinstance(value, Mapping):
            yield from _leaves(value, inner)
        elif inner == "metrics.beside" or not any(isinstance(item, Mapping) for item in value):
            yield inner, [_metric_name(item) if isinstance(item, Mapping) else item for item in value]
        else:
            yield from _items(value, inner)


def _items(items: Sequence[Mapping[str, Any]], path: str) -> Iterator[tuple[str, Any]]:
    """Phases by their start; metrics by name, and by horizon too where the name stands twice."""
    names = [str(item.get("metric", item.get("from"))) for item in items]
    for item, name in zip(items, names, strict=True):
        label = _metric_name(item) if names.count(name) > 1 else name
        if "metric" in item:
            yield f"{path}[{label}]", label
        for key, value in item.items():
            if key not in ("metric", "from"):
                yield f"{path}[{label}].{key}", value
    if path == "metrics.then" and len(names) > 1:
        yield f"{path}.order", names


def _metric_name(item: Mapping[str, Any]) -> str:
    return f"{item['metric']} {item['horizon']}" if "horizon" in item else str(item["metric"])


def _subject(path: str) -> str:
    if path in WORDS:
        return WORDS[path]
    head, _, rest = path.partition(".")
    match head.split("[")[0]:
        case "arms" if rest:
            arm, _, key = rest.partition(".")
            return f"the {key} of the arm '{arm}'" if key else f"the arm '{arm}'"
        case "arms":
            return "the order of the arms"
        case "phases":
            return f"the coverage from {path[len('phases[') : path.index(']')]}"
        case "costs":
            return f"the cost {rest}"
        case "metrics":
            return _metric_subject(rest)
        case _:
            return path


def _metric_subject(rest: str) -> str:
    role, bracket, inside = rest.partition("[")
    if bracket:
        name, _, key = inside.partition("]")
        thing = f"{'metric tested next' if role == 'then' else 'guardrail'} {name}"
        key = key.lstrip(".").replace("_", " ")
        return f"the {key} of the {thing}" if key else f"the {thing}"
    if rest == "then.order":
        return "the order of the metrics tested next"
    if rest == "primary.metric":
        return "the primary metric"
    if rest.startswith("primary.precision"):
        return f"the {rest.removeprefix('primary.precision').lstrip('.').replace('_', ' ') or 'metric'} of precision"
    if rest.startswith("primary."):
        return f"the {rest.removeprefix('primary.').replace('_', ' ')} of the primary metric"
    return "the metrics shown beside"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {inner}" for key, inner in value.items()) or "none"
    if isinstance(value, str) and " " in value:
        return f'"{value}"' if "'" in value else f"'{value}'"
    return str(value)
