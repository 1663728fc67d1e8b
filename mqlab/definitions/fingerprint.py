"""What a definition means, in 64 characters: SHA-256 of canonical JSON (RFC 8785) of the bound tree.

White space, quotes, ways to write a number or a duration, `extends`, named lists and the order of what has no order
make no difference. The order of gates, fast tracks, bands, words and classify labels does.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import rfc8785

from mqlab.definitions.model import (
    Definition,
    EnumLabel,
    EventDecl,
    FastTrack,
    FieldDecl,
    Gate,
    Grading,
    Group,
    LogisticModel,
    MapRule,
    Matrix,
    PropDecl,
    Rule,
    Score,
    WordsRule,
)
from mqlab.definitions.tree import (
    And,
    Arithmetic,
    Compare,
    CompareOp,
    Expression,
    GradeLiteral,
    Greatest,
    Least,
    Member,
    Or,
    TextTest,
)
from mqlab.leads.text import normalise

TURNED: dict[CompareOp, CompareOp] = {">": "<", ">=": "<="}
JSON = Any


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """Three hex digests: what decides about leads, what reports show, and the rest."""

    meaning: str
    reporting: str
    metadata: str

    def to_dict(self) -> dict[str, str]:
        """The three by name."""
        return {"meaning": self.meaning, "reporting": self.reporting, "metadata": self.metadata}


def fingerprint(definition: Definition) -> Fingerprints:
    """The fingerprints of a definition; its id and version are in none of them."""
    return Fingerprints(_digest(meaning(definition)), _digest(reporting(definition)), _digest(metadata(definition)))


def meaning(definition: Definition) -> dict[str, JSON]:
    """Everything that decides who qualifies, when, by which path and what happens then, as plain JSON."""
    qualify = definition.qualify
    return {
        "kind": "mql-definition/v1",
        "timezone": definition.timezone,
        "null_tokens": sorted(set(definition.null_tokens)),
        "fields": [_field(field) for field in sorted(definition.fields, key=lambda one: one.name)],
        "events": [_event(event) for event in sorted(definition.events, key=lambda one: one.name)],
        "ignore_events": canonical(definition.ignore_events),
        "gates": [_gate(gate) for gate in definition.gates],
        "scores": [_score(score) for score in sorted(definition.scores, key=lambda one: one.name)],
        "grades": [_grading(grading) for grading in sorted(definition.grades, key=lambda one: one.score)],
        "model": _model(definition.model) if definition.model is not None else None,
        "qualify": _matrix(qualify) if isinstance(qualify, Matrix) else canonical(qualify),
        "fast_track": [_track(track) for track in definition.fast_track],
        "handoff": canonical(definition.handoff),
        "requalify": canonical(definition.requalify),
    }


def reporting(definition: Definition) -> dict[str, JSON]:
    """Labels and tracks: what reports show and no hand-over hangs on."""
    return {"classify": canonical(definition.classify), "nurture": canonical(definition.nurture)}


def metadata(definition: Definition) -> dict[str, JSON]:
    """Words about the definition, what it was trained on, personal data, and how names are spelled."""
    labels = [label for declared in definition.fields for label in declared.labels]
    return {
        "title": definition.title,
        "owner": definition.owner,
        "changelog": definition.changelog,
        "trained": _free(definition.model.trained) if definition.model is not None else {},
        "pii": sorted(field.name for field in definition.fields if field.pii),
        "spelling": sorted({*(label.display for label in labels), *_ids(definition)}),
    }


def canonical(value: object) -> JSON:
    """A node, a rule or a part of one as plain JSON, in one order where order means nothing."""
    match value:
        case Expression(tree=tree):
            return canonical(tree)
        case And() | Or():
            return _junction(value)
        case Compare(op=">" | ">=" as op, left=left, right=right, rounded=rounded):
            return canonical(Compare(TURNED[op], right, left, rounded))
        case Compare(op="==" | "!=" as op, left=left, right=right, rounded=rounded):
            return {"is": "Compare", "op": op, "sides": _sorted(map(canonical, (left, right))), "rounded": rounded}
        case Member(item=item, options=options) if len(set(options)) == 1:
            return canonical(Compare("==", item, options[0]))
        case Member(item=item, options=options):
            return {"is": "Member", "item": canonical(item), "options": _unique(map(canonical, options))}
        case Least(args=args) | Greatest(args=args):
            return {"is": type(value).__name__, "args": _unique(map(canonical, args))}
        case TextTest(test=test, subject=subject, texts=texts):
            return {"is": "TextTest", "test": test, "subject": canonical(subject), "texts": sorted(set(texts))}
        case Arithmetic(op="+" | "*" as op, left=left, right=right):
            return {"is": "Arithmetic", "op": op, "sides": _sorted(map(canonical, (left, right)))}
        case GradeLiteral(label=label, rank=rank):
            return {"is": "GradeLiteral", "label": normalise(label), "rank": rank}
        case EnumLabel(label=label, value=number):
            return {"label": label, "value": canonical(number)}
        case None | bool() | str():
            return value
        case int():
            return value
        case float():
            return value + 0.0
        case tuple():
            return [canonical(item) for item in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            return _parts(value)
        case _:
            raise TypeError(f"a definition holds no {type(value).__name__}")


def _parts(value: Any) -> dict[str, JSON]:
    return {"is": type(value).__name__} | {part.name: canonical(getattr(value, part.name)) for part in fields(value)}


def _junction(value: And | Or) -> JSON:
    args = _unique(canonical(arg) for arg in _flat(value, type(value)))
    return args[0] if len(args) == 1 else {"is": type(value).__name__, "args": args}


def _flat(value: And | Or, kind: type[And] | type[Or]) -> Iterable[object]:
    for arg in value.args:
        if isinstance(arg, And | Or) and type(arg) is kind:
            yield from _flat(arg, kind)
        else:
            yield arg


def _field(field: FieldDecl) -> JSON:
    return {
        "name": field.name,
        "kind": field.kind,
        "labels": _sorted(map(canonical, field.labels)),
        "default": field.default_label,
        "impute": canonical(field.impute),
    }


def _event(event: EventDecl) -> JSON:
    return {"name": event.name, "props": [_prop(prop) for prop in sorted(event.props, key=lambda one: one.name)]}


def _prop(prop: PropDecl) -> JSON:
    return {"name": prop.name, "kind": prop.kind, "labels": _sorted(map(canonical, prop.labels))}


def _gate(gate: Gate) -> JSON:
    return _parts(gate) | {"id": normalise(gate.id)}


def _track(track: FastTrack) -> JSON:
    return _parts(track) | {"id": normalise(track.id)}


def _score(score: Score) -> JSON:
    return {
        "name": score.name,
        "groups": [_group(group) for group in sorted(score.groups, key=lambda one: one.name or "")],
        "scale_to": canonical(score.scale_to),
        "low": canonical(score.low),
        "high": canonical(score.high),
    }


def _group(group: Group) -> JSON:
    rules = [_rule(rule) for rule in sorted(group.rules, key=lambda one: normalise(one.id))]
    return {
        "name": group.name,
        "rules": rules,
        "minimum": canonical(group.minimum),
        "maximum": canonical(group.maximum),
    }


def _rule(rule: Rule) -> JSON:
    parts = _parts(rule) | {"id": normalise(rule.id)}
    match rule:
        case MapRule():
            parts["points"] = _sorted(parts["points"])
        case WordsRule(choices=choices):
            parts["choices"] = [[sorted(set(words)), canonical(points)] for words, points in choices]
    if "events" in parts:
        parts["events"] = sorted(parts["events"])
    return parts


def _grading(grading: Grading) -> JSON:
    return {"score": grading.score, "bounds": [[normalise(label), canonical(bound)] for label, bound in grading.bounds]}


def _matrix(matrix: Matrix) -> JSON:
    cells = sorted([normalise(row), normalise(column)] for row, column in matrix.cells)
    return {"is": "Matrix", "row_score": matrix.row_score, "column_score": matrix.column_score, "cells": cells}


def _model(model: LogisticModel) -> JSON:
    return {"intercept": canonical(model.intercept), "terms": _sorted(map(canonical, model.terms))}


def _ids(definition: Definition) -> Iterable[str]:
    yield from (gate.id for gate in definition.gates)
    yield from (track.id for track in definition.fast_track)
    yield from (rule.id for score in definition.scores for group in score.groups for rule in group.rules)
    yield from (label for grading in definition.grades for label, _ in grading.bounds)


def _free(value: object) -> JSON:
    """What a file says freely, such as `trained`, as JSON that the canonical form can hold."""
    match value:
        case Mapping():
            return {str(key): _free(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_free(inner) for inner in value]
        case float() if not math.isfinite(value):
            return str(value)
        case None | bool() | str() | float():
            return value
        case int():
            return float(value)
        case _:
            return str(value)


def _sorted(items: Iterable[JSON]) -> list[JSON]:
    return sorted(items, key=rfc8785.dumps)


def _unique(items: Iterable[JSON]) -> list[JSON]:
    return [item for _, item in sorted({rfc8785.dumps(item): item for item in items}.items())]


def _digest(value: JSON) -> str:
    return hashlib.sha256(rfc8785.dumps(value)).hexdigest()
