"""An experiment file and its definitions for tests, small enough to change one line of."""

from __future__ import annotations

from functools import cache

from mqlab.definitions.load import load_text as load_definition
from mqlab.definitions.model import Definition
from mqlab.experiments.load import load_text
from mqlab.experiments.protocol import Protocol

CURRENT = """\
kind: mql-definition/v1
id: current
version: 1.0.0
fields:
  employees: {type: number}
  industry: {type: string}
events: {page_view: {props: {path: string}}}
scores:
  fit:
    rules:
      - {id: size, field: employees, bands: [[0, 50, 0], [50, null, 40]]}
qualify: "fit >= 40"
handoff: {first_touch: 4h}
requalify: {cooldown: 90d, max: 3}
"""
INTENT = """\
kind: mql-definition/v1
id: intent
version: 2.0.0
fields:
  employees: {type: number}
  region: {type: enum, values: [emea, amer]}
events: {page_view: {props: {path: string}}}
scores:
  interest:
    rules:
      - {id: pricing, event: page_view, where: "path == '/pricing'", points: 20, max_count: 2, decay: {half_life: 14d}}
qualify: "interest >= 20"
handoff: {first_touch: 4h}
requalify: {cooldown: 90d, max: 3}
"""
ACCOUNTS = """\
kind: mql-definition/v1
id: accounts
version: 1.0.0
events: {page_view: {}}
qualify: "account.count(page_view) >= 3"
"""
BLINKING = """\
kind: mql-definition/v1
id: blinking
version: 1.0.0
events: {page_view: {}}
scores:
  heat:
    rules: [{id: view, event: page_view, points: 20, max_count: 2, decay: {half_life: 1h}}]
qualify: "heat >= 20"
"""
OTHERWISE = """\
kind: mql-definition/v1
id: otherwise
version: 1.0.0
fields: {employees: {type: string}}
qualify: "employees == 'many'"
handoff: {first_touch: 24h}
nurture: {when: "missing(employees)", track: slow}
"""
EXPERIMENT = """\
kind: mql-experiment/v1
id: q3
title: Does intent bring more SQLs?
hypothesis: It does.
aim: growth
owner: growth
unit: account
salt: q3-salt
enrolment: {from: 2026-07-01, to: 2026-09-30, timezone: Europe/Berlin}
eligible: "source != 'partner'"
phases: [{from: 2026-07-01, coverage: 10%}, {from: 2026-07-15, coverage: 100%}]
control: current
arms:
  current: {definition: current@1.0.0, weight: 1}
  challenger: {definition: intent@2.0.0, weight: 1}
qualify_within: 60d
handling: blinded
cadence: 1h
metrics:
  primary: {metric: sql_per_lead, horizon: 60d, minimum_effect: 5%}
  then:
    - {metric: won_per_lead, horizon: 180d}
  beside: [sql_per_mql, mql_per_lead]
  guardrails:
    - {metric: won_per_lead, horizon: 180d, margin: 10%}
    - {metric: rejected_per_mql, horizon: 30d, margin: 3pp}
looks: {dates: [2026-10-15, 2027-04-05], spending: obrien_fleming, maximum_leads: 24000}
alpha: 0.05
segments: [source, industry]
costs: {lead: {paid_search: 45, default: 12}, mql: 45, currency: EUR}
"""


@cache
def definitions() -> dict[str, Definition]:
    """The definitions by ref."""
    texts = (CURRENT, INTENT, ACCOUNTS, BLINKING, OTHERWISE)
    found = (load_definition(text, file=f"{number}.yaml") for number, text in enumerate(texts))
    return {definition.ref: definition for definition in found}


def edited(*changes: tuple[str, str]) -> str:
    """The experiment file with texts replaced; each must stand in it."""
    text = EXPERIMENT
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def protocol(*changes: tuple[str, str]) -> Protocol:
    """The protocol of the edited file."""
    return load_text(edited(*changes), file="q3.yaml", definitions=definitions())
