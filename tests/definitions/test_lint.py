"""What lint finds, rule by rule: one file that triggers it and one that nearly does."""

from __future__ import annotations

from pathlib import Path

import pytest

from mqlab.definitions.lint import RULES, lint
from mqlab.definitions.lint_rule import LintRule
from mqlab.definitions.load import load_file, load_text
from mqlab.definitions.model import Definition

CASES = Path(__file__).parent / "lint_cases"
RULE_PARAMS = [pytest.param(rule, id=rule.code) for rule in RULES]


def of(body: str) -> Definition:
    """A definition with this body."""
    return load_text(f"kind: mql-definition/v1\nid: case\nversion: 1.0.0\n{body}", file="case@1.0.0.yaml")


@pytest.mark.parametrize("rule", RULE_PARAMS)
def test_each_rule_has_a_file_that_triggers_it(rule: LintRule) -> None:
    """The rule finds its mistake in a file that has it, with a line, a message without gaps, and its severity."""
    path = CASES / f"{rule.code}.triggers.yaml"

    found = [problem for problem in lint(load_file(path)) if problem.code == rule.code]

    assert len(found) == 1
    assert found[0].place.file == str(path)
    assert found[0].place.line is not None
    assert "{" not in found[0].message
    assert found[0].severity == rule.severity


@pytest.mark.parametrize("rule", RULE_PARAMS)
def test_each_rule_has_a_near_miss_that_is_clean(rule: LintRule) -> None:
    """A file that nearly makes the mistake is clean of everything."""
    assert lint(load_file(CASES / f"{rule.code}.near_miss.yaml")) == ()


def test_every_case_belongs_to_a_rule() -> None:
    """No case outlives its rule."""
    codes = {path.name.split(".")[0] for path in CASES.glob("*.yaml")}

    assert codes == {rule.code for rule in RULES}


def test_problems_stand_in_the_order_of_the_file() -> None:
    """Several findings are told from the top of the file to its bottom."""
    body = "fields:\n  owner: {type: string}\n  spare: {type: string}\nevents:\n  demo: {}\n"
    body += "gates:\n  - {id: g, when: \"owner == 'x'\", then: hold}\nqualify: count(demo) >= 1\n"

    found = [problem.code for problem in lint(of(body))]

    assert found == ["LeakageField", "UnusedField", "GateOnUnknownUnstated"]


def test_a_hint_tells_what_a_score_can_reach() -> None:
    """A threshold out of reach comes with the range of its score."""
    body = "events: {demo: {}}\nscores: {interest: {rules: [{id: demo, event: demo, points: 30, max_count: 2}]}}\n"

    (threshold, nobody) = lint(of(body + "qualify: interest >= 70"))

    assert threshold.hint == "The score interest lies between 0 and 60."
    assert nobody.code == "NobodyQualifies"


@pytest.mark.parametrize(
    "gate",
    [
        pytest.param('{id: g, when: "missing(employees)", then: hold, on_unknown: pass}', id="asks for missing"),
        pytest.param('{id: g, when: "employees < 10", then: disqualify, on_unknown: fail}', id="fails on unknown"),
    ],
)
def test_a_gate_on_an_unknown_size_penalises_small_companies(gate: str) -> None:
    """A gate that keeps back leads of unknown size is told as unfair to small companies."""
    body = (
        f"fields: {{employees: {{type: number}}}}\nevents: {{demo: {{}}}}\ngates: [{gate}]\nqualify: count(demo) >= 1"
    )

    assert [problem.code for problem in lint(of(body))] == ["DefaultPenalisesSmallCompanies"]


def test_an_assumed_size_that_a_gate_keeps_back_is_told() -> None:
    """A size assumed when missing, and a gate on just that size, together keep small companies out."""
    body = "fields: {employees: {type: number, missing: {impute: 1}}}\nevents: {demo: {}}\n"
    body += 'gates: [{id: tiny, when: "employees < 10", then: disqualify, on_unknown: pass}]\nqualify: count(demo) >= 1'

    (problem,) = lint(of(body))

    assert problem.message.startswith("The gate 'tiny' keeps back a lead by 'employees', taken as 1 when it is missing")


def test_a_fitted_coefficient_for_missing_is_no_penalty() -> None:
    """What a model learned about missing sizes is a finding, not a default."""
    body = "fields: {employees: {type: number}}\nmodel: {type: logistic, trained: {}, intercept: 0, terms: "
    body += '[{feature: "missing(employees)", coef: -0.6}]}\nqualify: probability >= 0.4'

    assert lint(of(body)) == ()


def test_a_matrix_that_takes_every_pair_is_told() -> None:
    """A matrix with no pair left out decides nothing."""
    body = "events: {a: {}, b: {}}\nscores: {x: {rules: [{id: x, event: a, points: 1, max_count: 5}]}, "
    body += (
        "y: {rules: [{id: y, event: b, points: 1, max_count: 5}]}}\ngrades: {x: {A: 3, B: 0}, y: {'1': 3, '2': 0}}\n"
    )

    every = lint(of(body + "qualify: {matrix: {A: ['1', '2'], B: ['1', '2']}}"))

    assert [problem.code for problem in every] == ["EverybodyQualifies"]
    assert lint(of(body + "qualify: {matrix: {A: ['1', '2'], B: ['1']}}")) == ()


def test_what_the_file_does_not_state_is_told_at_its_id() -> None:
    """A missing `qualify` has no line of its own: the finding stands at the definition's `id`."""
    (problem,) = lint(load_text("kind: mql-definition/v1\nid: a\nversion: 1.0.0\n", file="a@1.0.0.yaml"))

    assert (problem.code, problem.place.line, problem.place.column) == ("NobodyQualifies", 2, 1)
    assert problem.place.path == "qualify"
