"""Definitions and histories made from a seed: coarse times, ties, late arrivals, thresholds equal to points.

Hypothesis draws the seed; the rest comes from one generator, because drawing every choice by itself is slow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from random import Random
from typing import TypeVar

from hypothesis import note
from hypothesis import strategies as st

from mqlab.definitions.load import load_text
from mqlab.definitions.model import Definition
from mqlab.errors import InputError
from mqlab.leads.records import Event, FieldChange, History, Lead, Scalar

HEAD = """
kind: mql-definition/v1
id: made
version: 1.0.0
timezone: America/New_York
fields:
  employees: {type: number}
  staff: {type: number, missing: {impute: 50}}
  need: {type: enum, values: {none: 0, low: 1, medium: 2, high: 3}, missing: none}
  region: {type: enum, values: [north, south]}
  opted: {type: bool}
  title: {type: string}
events:
  view: {props: {path: string, secs: number}}
  form: {props: {kind: {type: enum, values: {ebook: 1, demo: 2}}}}
  click: {props: {bot: bool}}
"""
START = datetime(2026, 3, 7, 21, 0, tzinfo=UTC)
"""The evening before clocks change in New York."""
STEP = timedelta(minutes=90)

STILL = (
    "employees >= 50", "employees + staff >= 100", "staff < 100", "need >= 'medium'", "need == 'high'", "opted",
    "not opted", "region == 'north'", "region in ['north', 'south']", "title == 'vp sales'", "has_word(title, 'vp')",
    "contains(title, 'sales') or startswith(title, 'head')", "missing(title)", "missing(region) and opted",
    "10 <= employees < 100", "log10(employees) >= 1", "source == 'ads'", "employees in [10, 50]", "need != 'none'",
    "endswith(title, 'sales') and not missing(employees)",
)  # fmt: skip
MOVING = (
    "count(view) >= 2", "count(view, within='6h') >= 2", "count(view, path == '/p') > 0", "count(view) < 3",
    "count(view, distinct='day') >= 2", "count(view, distinct='day', within='24h') >= 2", "count(form) == 1",
    "sum(view, secs) >= 30", "sum(view, secs, within='12h') > 10", "sum(view, secs, within='6h') < 0",
    "days_since(form) >= 1", "days_since(view) < 1", "days_since(view) == 1", "days_since(click, not bot) > 0",
    "not (days_since(view) >= 1)", "account.count(view, within='24h') >= 3", "account.count(form) < 2",
    "not (count(form) > 0)", "count(view) - count(form) >= 2", "min(count(view), count(click)) >= 1",
    "log1p(count(view)) * 2 > 2", "-count(view) > -2", "2 * sum(view, secs) >= 60", "count(form, kind >= 'demo') > 0",
    "count(form, kind == 'ebook') != 1", "max(count(view), 2 * count(form)) >= 4", "1 <= count(view, within='9h') < 3",
    "count(view, secs > 5) >= 1 or missing(title)", "account.count(view, distinct='day') >= 2",
    "employees * count(view) >= 100", "count(view, path == '/p') in [1, 3]",
)  # fmt: skip
WINDOWS = ("90m", "3h", "6h", "12h", "24h", "36h")


COUNTED = (
    ("view", None), ("view", "path == '/p'"), ("view", "secs >= 10"), ("form", None), ("form", "kind == 'demo'"),
    ("view", None), ("form", None), ("click", None), ("click", "not bot"),
)  # fmt: skip
DECAYS = (
    None, None, None, "{half_life: 6h}", "{half_life: 2h}", "{linear: 12h}", "{linear: 30h}",
    "{steps: [[3h, 0.5], [9h, 0.25], [24h, 0]]}",
)  # fmt: skip
GRADED = ("grade(s) >= 'B'", "not (grade(s) < 'B')", "grade(s) == 'A'")


MATRICES = (
    "{matrix: {A: ['1', '2'], B: ['1']}}", "{matrix: {A: ['1', '2'], B: ['1', '2'], C: ['1']}}", "{matrix: {A: ['1']}}",
    "{matrix: {B: ['2'], C: ['1']}}", "{matrix: {A: ['3'], B: ['1', '2']}}",
)  # fmt: skip


Choice = TypeVar("Choice")
FIELD_VALUES: dict[str, tuple[Scalar, ...]] = {
    "employees": (10.0, 50.0, "100", None, "n/a", float("nan")),
    "staff": (None, 10.0, 120.0),
    "need": (None, "none", "low", "medium", "high", "huge"),
    "region": (None, "north", "south"),
    "opted": (None, True, False, "yes"),
    "title": (None, "vp sales", "head of it", "sales-vp"),
}
PROP_VALUES: dict[str, dict[str, tuple[Scalar, ...]]] = {
    "view": {"path": ("/p", "/p", "/q", None), "secs": (5.0, 10.0, "20", -10.0, None, "many")},
    "form": {"kind": ("demo", "ebook", None, "other")},
    "click": {"bot": (True, False, None, "no")},
}
LATE = (0, 0, 0, 0, 1, 4, 17)


class Maker:
    """Makes definitions and histories from one generator."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng

    def one(self, choices: Sequence[Choice]) -> Choice:
        """One of the choices."""
        return self._rng.choice(choices)

    def chance(self, share: float) -> bool:
        """True with the given probability."""
        return self._rng.random() < share

    def number(self, low: int, high: int) -> int:
        """A whole number in [low, high]."""
        return self._rng.randint(low, high)

    def condition(self) -> str:
        """A condition that may move with events, alone or with another."""
        moving, other = self.one(MOVING), self.one(STILL + MOVING)
        shapes = ("{0}", "{0}", "{1}", "({0}) and ({1})", "({0}) or ({1})", "not ({1})", "not (({0}) and ({1}))")
        return self.one(shapes).format(moving, other)

    def event_rule(self, rule_id: str) -> str:
        """A rule of points per event, with any of the things such a rule may have."""
        name, where = self.one(COUNTED)
        decay = self.one(DECAYS)
        points = self.one((5, 10, 15, 20) if decay else (-10, 5, 10, 15, 20))
        parts = [f"id: {rule_id}", f"event: {name}", f"points: {points}"]
        if where:
            parts.append(f'where: "{where}"')
        if decay:
            parts.append(f"decay: {decay}")
        if self.chance(0.5):
            parts.append(f"within: {self.one(WINDOWS)}")
        if self.chance(0.5):
            parts.append(f"max_count: {self.number(1, 3)}")
        if self.chance(0.3):
            parts.append("distinct: day")
        if self.chance(0.2):
            parts.append(f"cap: {self.one((10, 15, 25))}")
        return "{" + ", ".join(parts) + "}"

    def rule(self, rule_id: str) -> str:
        """Any rule."""
        points = self.one((5, 10, 20, -15, -5))
        match self.number(0, 8):
            case 0:
                return f"{{id: {rule_id}, field: employees, bands: [[0, 50, 0], [50, 100, 10], [100, null, 20]]}}"
            case 1:
                return f"{{id: {rule_id}, field: region, map: {{north: 10, south: -5}}, default: 5}}"
            case 2:
                return f"{{id: {rule_id}, field: title, words: [[[vp, head], 15], [[sales], 5]]}}"
            case 3 | 4:
                names = self.one(("view", "view, form", "click, view, form"))
                return f"{{id: {rule_id}, absence: [{names}], of: {self.one(WINDOWS)}, points: {points}}}"
            case 5:
                return f'{{id: {rule_id}, when: "{self.condition()}", points: {points}}}'
            case _:
                return self.event_rule(rule_id)

    def score(self, name: str) -> str:
        """A score with groups, rules or weights."""
        bounds = self.one(("", "", "    range: [-50, 100]\n", "    range: [0, 40]\n"))
        if name == "s" and self.chance(0.1):
            return f"  {name}:\n{bounds}    scale_to: 60\n    weights: {{need: 2, opted: 1}}\n"
        rules = [self.event_rule(f"{name}e"), *(self.rule(f"{name}{at}") for at in range(self.number(0, 3)))]
        if self.chance(0.4):
            return f"  {name}:\n{bounds}    rules:\n" + "".join(f"      - {rule}\n" for rule in rules)
        limit = self.one(("", "        max: 25\n", "        min: -10\n", "        max: 30\n        min: 0\n"))
        return (
            f"  {name}:\n{bounds}    groups:\n      one:\n{limit}        rules:\n"
            + "".join(f"          - {rule}\n" for rule in rules)
            + f"      two:\n        rules:\n          - {self.rule(f'{name}x')}\n"
        )

    def gate(self, gate_id: str) -> str:
        """A gate of any kind."""
        then, unknown = self.one(("disqualify", "hold")), self.one(("pass", "fail", "hold"))
        forever = ", forever: true" if self.chance(0.3) else ""
        return f'  - {{id: {gate_id}, when: "{self.condition()}", then: {then}, on_unknown: {unknown}{forever}}}\n'

    def model(self) -> str:
        """A logistic model, and a probability to reach."""
        terms = (
            (self.condition(), self.one((-1, 1, 2))),
            ("count(view, within='12h')", self.one((-1, 1))),
            ("log10(employees)", 0.5),
        )
        return (
            "model:\n  type: logistic\n  trained: {as_of: '2026-01-01', label: won, rows: 10, positives: 2}\n"
            "  intercept: -2\n  terms:\n"
            + "".join(f'    - {{feature: "{feature}", coef: {coefficient}}}\n' for feature, coefficient in terms)
            + f'qualify: "probability >= {self.one((0.2, 0.5, 0.7))}"\n'
        )

    def qualify(self) -> str:
        """Scores and what they must reach, a matrix, a condition or a model."""
        threshold = self.one((10, 15, 20, 25, 30))
        shape = self.one(("points", "points", "and", "grade", "matrix", "matrix", "condition", "model"))
        if shape == "model":
            return self.model()
        if shape == "condition":
            return f'qualify: "{self.condition()}"\n'
        text = "scores:\n" + self.score("s")
        match shape:
            case "matrix":
                grades = "{s: {A: 20, B: 10, C: 0}, w: {'1': 15, '2': 5, '3': -20}}"
                return text + self.score("w") + f"grades: {grades}\nqualify: {self.one(MATRICES)}\n"
            case "grade":
                return text + f'grades: {{s: {{A: 20, B: 10, C: 0}}}}\nqualify: "{self.one(GRADED)}"\n'
            case "and":
                return text + f'qualify: "s >= {threshold} and ({self.condition()})"\n'
            case _:
                return text + f'qualify: "s >= {threshold}"\n'

    def text(self) -> str:
        """The YAML of a definition; some are refused, because something could rise between candidates."""
        ignore = self.one((None, None, None, "bot == true", "secs < 5 or bot"))
        gates = [self.gate(f"g{number}") for number in range(self.one((0, 0, 0, 1, 2)))]
        requalify = f"requalify: {{cooldown: {self.one(('3h', '12h'))}, max: {self.number(1, 3)}}}\n"
        return (
            HEAD
            + (f'ignore_events: "{ignore}"\n' if ignore else "")
            + ("gates:\n" + "".join(gates) if gates else "")
            + self.qualify()
            + (f'fast_track:\n  - {{id: f, when: "{self.condition()}"}}\n' if self.chance(0.2) else "")
            + self.one((requalify, ""))
        )

    def definition(self) -> Definition:
        """A definition the binder accepts."""
        while True:
            text = self.text()
            try:
                made = load(text)
            except InputError as error:
                if {problem.code for problem in error.problems} != {"CouldRise"}:
                    raise
            else:
                note(text)
                return made

    def coarse(self) -> datetime:
        """An instant on the coarse grid, mostly after the start."""
        return START + (self.number(-24, 0) if self.chance(0.3) else self.number(0, 30)) * STEP

    def fine(self) -> datetime:
        """An instant to the microsecond."""
        return START + timedelta(microseconds=self.number(-20 * 3_600_000_000, 50 * 3_600_000_000))

    def event(self, when: Callable[[], datetime]) -> Event:
        """An event, now and then a version of another one."""
        occurred = when()
        name = self.one(("view", "view", "view", "form", "form", "click", "elsewhere"))
        props = {prop: self.one(values) for prop, values in PROP_VALUES.get(name, {}).items()}
        event_id = self.one((None, None, None, "e1", "e2"))
        known = occurred + self.one(LATE) * STEP
        return Event(name, occurred, known, event_id, self.one(("", "web")), props, self.one((None, 1, 2)))

    def change(self, when: Callable[[], datetime]) -> FieldChange:
        """A change of any field."""
        name, changed = self.one(list(FIELD_VALUES)), when()
        return FieldChange(name, self.one(FIELD_VALUES[name]), changed, changed + self.one(LATE) * STEP)

    def history(self, lead_id: str = "me", when: Callable[[], datetime] | None = None) -> History:
        """A lead with events and changes from a day and a half before its start on."""
        when = when or self.coarse
        lead = Lead(
            lead_id,
            min(START, when()),
            self.one((None, "ads", "web")),
            fields={name: self.one(values) for name, values in FIELD_VALUES.items()},
            row_is=self.one(("initial", "current")),
            assigned_at=START,
        )
        events = tuple(self.event(when) for _ in range(self.number(0, 10)))
        changes = tuple(self.change(when) for _ in range(self.one((0, 0, 1, 2, 4))))
        recycled = tuple(sorted(START + self.number(0, 30) * STEP for _ in range(self.number(0, 2))))
        history = History(lead, events, changes, recycled)
        note(repr(history))
        return history

    def colleagues(self) -> list[History]:
        """None, one or two other leads of the account."""
        return [self.history(f"colleague-{number}") for number in range(self.one((0, 0, 1, 2)))]


@lru_cache(maxsize=64)
def load(text: str) -> Definition:
    """The definition a made text declares."""
    return load_text(text, file="made@1.0.0.yaml")


MAKERS = st.randoms(use_true_random=True).map(Maker)
