"""A protocol written out in full, in the shape of its file: what is fingerprinted, compared and kept at start."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import rfc8785

from mqlab.definitions.durations import duration_text
from mqlab.experiments.document import KIND
from mqlab.experiments.protocol import Margin, Metric, Phase, Protocol
from mqlab.leads.instants import iso

WORDING = ("title", "owner")
"""What may be reworded while an experiment runs: no number hangs on it."""


def canonical(protocol: Protocol) -> dict[str, Any]:
    """The protocol as the plain mapping that a file with every key stated would hold; `load_text` reads it back."""
    enrolment = {"from": str(protocol.enrolment_from), "to": str(protocol.enrolment_to), "timezone": protocol.timezone}
    looks = {
        "dates": [str(day) for day in protocol.looks.dates],
        "spending": protocol.looks.spending,
        "maximum_leads": protocol.looks.maximum_leads,
    }
    document: dict[str, Any] = {
        "kind": KIND,
        "id": protocol.id,
        "title": protocol.title,
        "hypothesis": protocol.hypothesis,
        "aim": protocol.aim,
        "owner": protocol.owner,
        "unit": protocol.unit,
        "salt": protocol.salt,
        "enrolment": enrolment,
        "eligible": _expression_text(protocol.eligible.text) if protocol.eligible else None,
        "prior_handoff": "allow" if protocol.allow_prior_handoff else "out",
        "phases": [_phase(phase) for phase in protocol.phases],
        "layer": protocol.layer.name if protocol.layer else None,
        "slice": [percent(protocol.layer.low), percent(protocol.layer.high)] if protocol.layer else None,
        "control": protocol.control,
        "arms": {arm.name: {"definition": arm.definition, "weight": _number(arm.weight)} for arm in protocol.arms},
        "qualify_within": duration_text(protocol.qualify_within_us),
        "handling": protocol.handling,
        "cadence": duration_text(protocol.cadence_us),
        "metrics": {
            "primary": _primary(protocol),
            "then": [_metric(metric) for metric in protocol.then],
            "beside": [_metric(metric) for metric in protocol.beside],
            "guardrails": [_metric(metric) for metric in protocol.guardrails],
        },
        "looks": looks,
        "alpha": protocol.alpha,
        "segments": list(protocol.segments),
        "post_stratify": protocol.post_stratify,
        "costs": _costs(protocol),
        "overrides": dict(protocol.overrides),
    }
    return {key: _without_none(value) for key, value in document.items() if value is not None}


def canonical_text(protocol: Protocol) -> str:
    """`canonical` as JSON in the order of the file: what the ledger keeps at start; `load_text` reads it back."""
    return json.dumps(canonical(protocol), ensure_ascii=False, indent=1)


def fingerprint(protocol: Protocol, ramped: Iterable[Phase] = ()) -> str:
    """SHA-256, in hex, of what the protocol means: without its wording and without the phases appended since the start.

    White space, quotes, `60d` v `1440h` and stating a default make no difference; the order of arms does.
    """
    later = {(phase.start, phase.coverage) for phase in ramped}
    phases = tuple(phase for phase in protocol.phases if (phase.start, phase.coverage) not in later)
    document = _in_order(canonical(replace(protocol, phases=phases)))
    meaning = {key: value for key, value in document.items() if key not in WORDING}
    return hashlib.sha256(rfc8785.dumps(meaning)).hexdigest()


def percent(value: Decimal) -> str:
    """A share as the file writes it.

    Example:
        >>> percent(Decimal("0.05")), percent(Decimal("0.125"))
        ('5%', '12.5%')
    """
    return f"{_plain(value * 100)}%"


def _primary(protocol: Protocol) -> dict[str, Any]:
    document = _metric(protocol.primary)
    if protocol.precision is not None:
        document["precision"] = _metric(protocol.precision)
    return document


def _metric(metric: Metric) -> dict[str, Any]:
    document = {
        "metric": metric.metric,
        "horizon": None if metric.horizon_days is None else f"{metric.horizon_days}d",
        "minimum_effect": None if metric.minimum_effect is None else percent(Decimal(str(metric.minimum_effect))),
        "margin": None if metric.margin is None else margin_text(metric.margin),
        "cap": None if metric.cap is None else _number(metric.cap),
        "currency": metric.currency,
    }
    return {key: value for key, value in document.items() if value is not None}


def margin_text(margin: Margin) -> str:
    """A margin as the file writes it: `10%` or `3pp`."""
    return f"{_plain(Decimal(str(margin.size)) * 100)}{'pp' if margin.kind == 'points' else '%'}"


def _phase(phase: Phase) -> dict[str, str]:
    return {"from": iso(phase.start), "coverage": percent(phase.coverage)}


def _costs(protocol: Protocol) -> dict[str, Any] | None:
    costs = protocol.costs
    if costs is None:
        return None
    return {
        "lead": {source: _number(cost) for source, cost in costs.lead},
        "mql": None if costs.mql is None else _number(costs.mql),
        "currency": costs.currency,
    }


def _expression_text(text: str) -> str:
    """The expression with one way of spacing and quoting."""
    return ast.unparse(ast.parse(f"({text.strip()}\n)", mode="eval"))


def _in_order(document: Mapping[str, Any]) -> dict[str, Any]:
    """RFC 8785 sorts keys, and the order of arms is meaning (the last one is "else"): so it is written down."""
    return {**document, "arms": [{"name": name, **arm} for name, arm in document["arms"].items()]}


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: inner for key, inner in value.items() if inner is not None}
    return value
