"""Texts of definitions of the whole language, made from one generator."""

from __future__ import annotations

import json
from random import Random

from tests.definitions.made import Maker
from tests.warehouse.agreement.conditions import MOVING, OF_CODE, OF_SCORES, STILL, WAITING

HEAD = """kind: mql-definition/v1
id: {id}
version: 1.0.0
timezone: {zone}
fields:
  employees: {{type: number}}
  staff: {{type: number{staff}}}
  budget: {{type: number}}
  need: {{type: enum, values: {{none: 0, low: {low}, medium: 2, high: 3}}{need}}}
  stage: {{type: enum, values: {{none: 0, low: {low}, medium: 2, high: 3}}}}
  region: {{type: enum, values: [north, south{region}]}}
  opted: {{type: bool}}
  jobTitle: {{type: string}}
  city: {{type: string}}
  email_domain: {{type: string, pii: true}}
  code: {{type: {code}}}
lists:
  cities: [München, 'İstanbul', Straße, 'Iğdır ılık', 'Σίσυφος ς', 株式会社 10]
events:
  view: {{props: {{path: string, secs: number}}}}
  FormFill: {{props: {{docKind: {{type: enum, values: {{ebook: {ebook}, demo: 2{webinar}}}}}}}}}
  click: {{props: {{bot: bool, secs: number}}}}
"""
WINDOWS = ("90m", "3h", "6h", "12h", "24h", "36h", "7d")
COUNTED = (
    ("view", None), ("view", None), ("FormFill", None), ("click", None), ("view", "path == '/p'"),
    ("view", "secs >= 10"), ("FormFill", "docKind == 'demo'"), ("click", "not bot"),
)  # fmt: skip
DECAYS = (
    "{half_life: 6h}", "{half_life: 2h}", "{half_life: 90m}", "{linear: 12h}", "{linear: 30h}", "{linear: 90m}",
    "{steps: [[3h, 0.5], [9h, 0.25], [24h, 0]]}", "{steps: [[0s, 0.8], [90m, 0.8], [6h, 0.3]]}",
)  # fmt: skip
GRADES = "grades: {s: {A: 20, B: 10, C: -5}, w: {'1': 15, '2': 5, '3': -20}}\n"
MATRICES = (
    "{matrix: {A: ['1', '2'], B: ['1']}}", "{matrix: {A: ['1', '2'], B: ['1', '2'], C: ['1']}}", "{matrix: {A: ['1']}}",
    "{matrix: {B: ['2'], C: ['1']}}", "{matrix: {A: ['3'], B: ['1', '2']}}",
    "{matrix: {A: ['1', '2', '3'], B: ['1', '2', '3'], C: ['1', '2']}}",
    "{matrix: {'1': [A, B], '2': [A], '3': []}}",
)  # fmt: skip
IGNORED = ("bot == true", "secs < 5 or bot", "contains(path, '%')", "docKind == 'ebook' or path == '/q'", "not bot")


def quoted(text: str) -> str:
    """A text as YAML reads it back, whatever is in it."""
    return json.dumps(text, ensure_ascii=False)


class DefinitionTexts(Maker):
    """Makes the text of a definition; the binder may refuse what could rise by itself."""

    def __init__(self, rng: Random) -> None:
        super().__init__(rng)
        self._code = self.one(list(OF_CODE))

    def atom(self, kinds: dict[str, tuple[str, ...]]) -> str:
        """A condition of any of the kinds, each as likely."""
        return self.one(kinds[self.one(list(kinds))])

    def still(self) -> str:
        """A condition that only fields move."""
        return self.one(OF_CODE[self._code]) if self.chance(0.05) else self.atom(STILL)

    def moving(self) -> str:
        """A condition that events move, or time alone."""
        return self.one(WAITING) if self.chance(0.35) else self.atom(MOVING)

    def condition(self) -> str:
        """A condition, alone or with another."""
        one = self.moving() if self.chance(0.7) else self.still()
        other = self.still() if self.chance(0.6) else self.moving()
        shapes = ("{0}", "{0}", "{0}", "({0}) and ({1})", "({0}) or ({1})", "not ({0})", "not (({0}) and not ({1}))")
        return self.one(shapes).format(one, other)

    def event_rule(self, rule_id: str) -> str:
        """A rule of points per event, with any of the things such a rule may have."""
        name, where = self.one(COUNTED)
        if name == "view" and self.chance(0.1):
            where = self.one(
                ("has_word(path, 'p', 'Straße')", "path in ['/p', '/Pricing%'] and secs > 0", "secs * 2 > 10")
            )
        decay = self.one(DECAYS) if self.chance(0.6) else None
        points = self.one((5, 10, 15, 20, 0.1) if decay else (-10, 5, 10, 15, 20, 0.1))
        parts = [f"id: {rule_id}", f"event: {name}", f"points: {points}"]
        if where:
            parts.append(f"where: {quoted(where)}")
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
        cap = self.one(("", "", "", ", cap: 10", ", cap: 3"))
        match self.number(0, 8):
            case 0:
                bands = self.one(("[[0, 50, 0], [50, 100, 10], [100, null, 20]]", "[[null, 10, -5], [10, 50.5, 15]]"))
                return f"{{id: {rule_id}, field: {self.one(('employees', 'staff', 'budget'))}, bands: {bands}{cap}}}"
            case 1 | 2:
                field, entries = self.one(
                    (
                        ("region", "{north: 10, south: -5}"),
                        ("opted", "{true: 10, false: 5}"),
                        ("opted", "{true: 20}"),
                        ("need", "{high: 20, medium: 10}"),
                        ("city", "{Straße: 10, 'İSTANBUL': 15, 'Σίσυφος': 20, münchen: 5}"),
                        ("jobTitle", "{'vp sales': 15, 'Head of IT': 10, '12': 20}"),
                        ("source", "{ads: 10}"),
                    )
                )
                return f"{{id: {rule_id}, field: {field}, map: {entries}{self.one(('', ', default: 5'))}{cap}}}"
            case 3:
                words = self.one(
                    ("[[[vp, head], 15], [[sales], 5]]", "[[['sales ops', '100'], 20], [[head/sales, VP], 10]]")
                )
                field = "jobTitle"
                if self.chance(0.4):
                    field, words = (
                        "city",
                        "[[['STRASSE', 'Σίσυφος'], 15], [['İstanbul', ılık, 株式会社], 10], [['10', '50'], 5]]",
                    )
                return f"{{id: {rule_id}, field: {field}, words: {words}{cap}}}"
            case 4 | 5:
                names = self.one(("view", "view, FormFill", "click, view, FormFill"))
                return f"{{id: {rule_id}, absence: [{names}], of: {self.one(WINDOWS[:6])}, points: {abs(points)}{cap}}}"
            case 6 | 7:
                return f"{{id: {rule_id}, when: {quoted(self.condition())}, points: {points}{cap}}}"
            case _:
                return self.event_rule(rule_id)

    def score(self, name: str) -> str:
        """A score with groups, rules or weights."""
        bounds = self.one(("", "", "    range: [-50, 100]\n", "    range: [0, 40]\n", "    range: [null, 30]\n"))
        if name == "s" and self.chance(0.15):
            scale = self.one(("", "    scale_to: 60\n", "    scale_to: 100\n"))
            weights = self.one(
                ("need: 2, opted: 1", "need: 4, stage: 3, opted: 2", "need: 0.1, stage: 0.2", "opted: 20")
            )
            return f"  {name}:\n{bounds}{scale}    weights: {{{weights}}}\n"
        rules = [self.event_rule(f"{name}e"), *(self.rule(f"{name}{at}") for at in range(self.number(1, 3)))]
        if self.chance(0.4):
            return f"  {name}:\n{bounds}    rules:\n" + "".join(f"      - {rule}\n" for rule in rules)
        limit = self.one(("", "        max: 25\n", "        min: -10\n", "        max: 30\n        min: 0\n"))
        return (
            f"  {name}:\n{bounds}    groups:\n      one:\n{limit}        rules:\n"
            + "".join(f"          - {rule}\n" for rule in rules)
            + f"      two:\n        rules:\n          - {self.rule(f'{name}x')}\n"
        )

    def gate(self, gate_id: str) -> str:
        """A gate of any kind; many only hold a lead back for a while."""
        then, unknown = self.one(("disqualify", "hold")), self.one(("pass", "pass", "fail", "hold"))
        forever = ", forever: true" if self.chance(0.2) else ""
        when = f"not ({self.one(WAITING)})" if self.chance(0.6) else self.condition()
        return f"  - {{id: {gate_id}, when: {quoted(when)}, then: {then}, on_unknown: {unknown}{forever}}}\n"

    def model(self) -> str:
        """A logistic model."""
        features = [
            (self.condition(), self.one((-1, 1, 2))),
            (
                self.one(("count(view, within='12h')", "sum(view, secs, within='24h')", "count(FormFill)")),
                self.one((-1, 1)),
            ),
            (self.one(("log10(employees)", "budget - 0.1", "min(employees, staff) * 0.01", "log1p(count(view))")), 0.5),
            (self.still(), 1.5),
        ]
        return (
            "model:\n  type: logistic\n  trained: {as_of: '2026-01-01', label: won, rows: 10, positives: 2}\n"
            f"  intercept: {self.one((-2, -1, 0))}\n  terms:\n"
            + "".join(f"    - {{feature: {quoted(text)}, coef: {weight}}}\n" for text, weight in features)
        )

    def of_scores(self) -> str:
        """A condition on scores, grades or both."""
        return self.atom(OF_SCORES).format(self.one((5, 10, 10, 15, 20, 25)))

    def qualify(self) -> str:
        """Scores and what they must reach, a matrix, a condition or a model."""
        shape = self.one(
            (
                "scores",
                "scores",
                "scores and",
                "scores or",
                "matrix",
                "waits",
                "waits",
                "waits",
                "waits",
                "waits",
                "condition",
                "model",
                "both",
                "none",
            )
        )
        if shape == "condition":
            return f"qualify: {quoted(self.one(WAITING) if self.chance(0.3) else self.condition())}\n"
        if shape == "model":
            probable = self.one(
                ("probability >= 0.5", "probability > 0.2", "probability >= 0.5 and ({0})", "0.7 <= probability")
            )
            return self.model() + f"qualify: {quoted(probable.format(self.condition()))}\n"
        text = "scores:\n" + self.score("s") + self.score("w") + GRADES
        match shape:
            case "matrix":
                return text + f"qualify: {self.one(MATRICES)}\n"
            case "both":
                return self.model() + text + f"qualify: {quoted(f'probability >= 0.5 or {self.of_scores()}')}\n"
            case "waits":
                return text + f"qualify: {quoted(f'({self.of_scores()}) and ({self.one(WAITING)})')}\n"
            case "scores and":
                return text + f"qualify: {quoted(f'({self.of_scores()}) and ({self.condition()})')}\n"
            case "scores or":
                return text + f"qualify: {quoted(f'({self.of_scores()}) or ({self.condition()})')}\n"
            case "none":
                return text + f"fast_track:\n  - {{id: only, when: {quoted(self.of_scores())}}}\n"
            case _:
                return text + f"qualify: {quoted(self.of_scores())}\n"

    def head(self, definition_id: str, zone: str) -> str:
        """The declarations, which differ a little between definitions that read the same data."""
        code = self._code if self._code != "enum" else "enum, values: {'0': 0, '1': 1, 'true': 2}"
        return HEAD.format(
            id=definition_id,
            zone=zone,
            staff=self.one((", missing: {impute: 50}", ", missing: {impute: 50}", ", missing: {impute: 10}", "")),
            need=self.one((", missing: none", ", missing: none", ", missing: medium", "")),
            low=self.one((1, 1, 2)),
            region=self.one(("", "", ", österreich")),
            code=code,
            ebook=self.one((1, 1, 3)),
            webinar=self.one(("", ", webinar: 2")),
        )

    def whole(self, definition_id: str, zone: str) -> str:
        """The YAML of a definition."""
        self._code = self.one(list(OF_CODE))
        ignore = self.one(IGNORED) if self.chance(0.25) else None
        gates = [self.gate(f"g{number}") for number in range(self.one((0, 0, 0, 1, 1, 2)))]
        qualify = self.qualify()
        track = self.of_scores() if "\nscores:" in f"\n{qualify}" and self.chance(0.3) else self.condition()
        tracks = f"fast_track:\n  - {{id: f, when: {quoted(track)}}}\n"
        if self.chance(0.3):
            tracks += f"  - {{id: h, when: {quoted(self.condition())}}}\n"
        return (
            self.head(definition_id, zone)
            + (f"ignore_events: {quoted(ignore)}\n" if ignore else "")
            + ("gates:\n" + "".join(gates) if gates else "")
            + qualify
            + (tracks if "fast_track" not in qualify and self.chance(0.2) else "")
        )
