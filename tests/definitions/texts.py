"""Definition files for the tests of the loader: a small one, and one that uses every part of the language."""

from __future__ import annotations

from collections.abc import Callable

from mqlab.definitions.load import load_text
from mqlab.definitions.model import Definition
from mqlab.errors import InputError, Problem

HEAD = "kind: mql-definition/v1\nid: probe\nversion: 1.0.0\n"

SMALL = (
    HEAD
    + """\
fields:
  employees: {type: number}
  industry: {type: string}
  active: {type: bool}
  need: {type: enum, values: {none: 0, low: 1, high: 3}}
  tier: {type: enum, values: [gold, silver]}
lists: {good: [software, finance], tiers: [gold], odd_tiers: [gold, bronze]}
events:
  page_view: {props: {path: string, seconds: number, bot: bool}}
  email_click: {}
scores:
  fit: {rules: [{id: size, field: employees, bands: [[0, 50, 1], [50, null, 5]]}]}
  engagement: {rules: [{id: view, event: page_view, points: 5, decay: {half_life: 14d}}]}
grades: {fit: {A: 5, B: 1}, engagement: {"1": 5, "2": 3, "3": 1}}
"""
)

RICH = """\
kind: mql-definition/v1
id: everything
version: 1.10.0
title: Every part of the language
owner: growth
changelog: the first one
timezone: Europe/Berlin
fields:
  employees: {type: number, missing: {impute: 120}}
  industry: {type: string}
  title: {type: string, pii: true}
  active: {type: bool}
  need: {type: enum, values: {none: 0, low: 1, high: 3}, missing: none}
  region: {type: enum, values: [emea, apac]}
lists: {good: [software, finance]}
events:
  page_view: {props: {path: string, seconds: number, bot: bool}}
  form_submit: {props: {form: {type: enum, values: [demo, ebook]}}}
  webinar_attended:
ignore_events: "bot == true or seconds < 2"
gates:
  - {id: student, when: "has_word(title, 'student')", then: disqualify, on_unknown: pass}
  - {id: pause, when: "not active and region in ['apac']", then: hold, on_unknown: fail, forever: true}
scores:
  fit:
    range: [0, 100]
    groups:
      firmographic:
        max: 60
        rules:
          - {id: size, field: employees, bands: [[null, 50, 0], [50, 200, 20], [200, null, 40]], cap: 30}
          - {id: industry_points, field: industry, map: {software: 20, finance: 15}, default: 1}
          - {id: active_points, field: active, map: {true: 5, false: -5}}
      role:
        min: -5
        rules:
          - {id: seniority, field: title, words: [[[chief, vp], 40], [[manager], 15]]}
  engagement:
    rules:
      - {id: views, event: page_view, where: "path == '/pricing'", points: 12, distinct: day,
         max_count: 3, within: 90d, decay: {half_life: 14d}, cap: 30}
      - {id: webinars, event: webinar_attended, points: 15, max_count: 2, decay: {linear: 30d}}
      - {id: forms, event: form_submit, points: 10, decay: {steps: [[7d, 0.5], [30d, 0]]}}
      - {id: dormant, absence: [page_view, form_submit], of: 60d, points: -15}
      - {id: asked, when: "count(form_submit, form == 'demo') >= 2", points: 7}
  wish: {scale_to: 100, weights: {need: 4, active: 1}}
grades: {fit: {A: 50, B: 20}, engagement: {"1": 30, "2": 10}}
model:
  type: logistic
  trained: {as_of: "2026-03-31", rows: 18420, share: 0.03, tags: [a, b]}
  intercept: -4.6
  terms:
    - {feature: "log10(employees)", coef: 0.35}
    - {feature: "missing(employees)", coef: -0.6}
qualify: {matrix: {A: ["1", "2"], B: ["1"]}}
fast_track:
  - {id: hand-raise, when: "count(form_submit, form == 'demo', within='7d') >= 1 and grade(fit) >= 'B'"}
  - {id: sure, when: "probability >= 0.9 and wish > 50 and industry in good"}
nurture: {when: "days_since(page_view) > 30", track: sleeping}
classify:
  - {label: Solution-aware, when: "sum(page_view, seconds, within='30d') > 60"}
  - {label: other, when: "true"}
handoff: {first_touch: 4h, decide_within: 48h}
requalify: {cooldown: 90d, max: 3}
"""


def load(text: str) -> Definition:
    """The definition of a text."""
    return load_text(text, file="probe.yaml")


def qualify(expression: str) -> Definition:
    """The small definition with this `qualify`, in single quotes of YAML."""
    return load(with_qualify(expression))


def with_qualify(expression: str) -> str:
    """The text of the small definition with this `qualify`."""
    return SMALL + "qualify: '" + expression.replace("'", "''") + "'\n"


def problems_of(text: str) -> tuple[Problem, ...]:
    """What is wrong with a text; it must be something."""
    found = told_by(lambda: load(text))
    assert found, "the text was accepted"
    return found


def told_by(call: Callable[[], object]) -> tuple[Problem, ...]:
    """The problems a call is refused with, none where it succeeds; any other error goes through."""
    try:
        call()
    except InputError as error:
        return error.problems
    return ()


def told(problem: Problem) -> str:
    """Message and hint, as people read them."""
    return f"{problem.message} {problem.hint or ''}"
