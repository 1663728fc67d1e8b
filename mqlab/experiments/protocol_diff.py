"""What changed between two versions of a protocol, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
        if self.before is None:
            return f"{subject} is new: {_shown(self.after)}"
        if self.after is None:
            return f"{subject} is gone (it was {_shown(self.before)})"
        return f"{subject} changes from {_shown(self.before)} to {_shown(self.after)}"

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
    if _arm_order(before) != _arm_order(after) and sorted(_arm_order(before)) == sorted(_arm_order(after)):
        changes.append(ProtocolChange("arms", ", ".join(_arm_order(before)), ", ".join(_arm_order(after))))
    return tuple(sorted(changes, key=lambda change: order[change.path.split(".")[0]]))


def _arm_order(document: Mapping[str, Any]) -> list[str]:
    return list(document.get("arms", {}))


def _leaves(document: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in document.items():
        inner = f"{path}.{key}" if path else key
        if key in ("overrides",) or not isinstance(value, Mapping | list):
            yield inner, value
        elif isinstance(value, Mapping):
            yield from _leaves(value, inner)
        elif inner == "metrics.beside" or not any(isinstance(item, Mapping) for item in value):
            yield inner, [_metric_name(item) if isinstance(item, Mapping) else item for item in value]
        else:
            yield from _items(value, inner)


def _items(items: list[Mapping[str, Any]], path: str) -> Iterator[tuple[str, Any]]:
    """Phases by their start; metrics by name, and by horizon too where the name stands twice."""
    names = [str(item.get("metric", item.get("from"))) for item in items]
    for item, name in zip(items, names, strict=True):
        label = _metric_name(item) if names.count(name) > 1 else name
        for key, value in item.items():
            if key not in ("metric", "from"):
                yield f"{path}[{label}].{key}", value
        if set(item) <= {"metric", "from"}:
            yield f"{path}[{label}]", label
    if path == "metrics.then":
        yield path, names


def _metric_name(item: Mapping[str, Any]) -> str:
    return f"{item['metric']} {item['horizon']}" if "horizon" in item else str(item["metric"])


def _subject(path: str) -> str:
    if path in WORDS:
        return WORDS[path]
    head, _, rest = path.partition(".")
    match head.split("[")[0]:
        case "arms" if rest:
            arm, _, key = rest.partition(".")
            return f"the {key} of the arm '{arm}'"
        case "arms":
            return "the order of the arms"
        case "phases":
            return f"the coverage from {path[len('phases[') : path.index(']')]}"
        case "costs":
            return f"the cost {rest}"
        case "metrics" if "[" in rest:
            role, _, after = rest.partition("[")
            name, _, key = after.partition("]")
            role_words = {"then": "metric tested next", "guardrails": "guardrail"}.get(role, role)
            return f"the {key.lstrip('.') or 'place'} of the {role_words} {name}".replace("_", " ").replace(
                name.replace("_", " "), name
            )
        case "metrics" if rest.startswith("primary"):
            key = rest.removeprefix("primary").lstrip(".")
            return f"the {key.replace('.', ' ').replace('_', ' ')} of the primary metric".replace(
                "the metric of the primary metric", "the primary metric"
            )
        case "metrics":
            return f"the metrics under '{rest}'"
        case _:
            return path


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {inner}" for key, inner in value.items()) or "none"
    return f"'{value}'" if isinstance(value, str) and " " in value else str(value)
