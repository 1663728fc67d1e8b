"""What is questionable about a definition that loads: leaks, dead rules, thresholds out of reach, unfair defaults."""

from __future__ import annotations

from mqlab.definitions import lint_rules_inputs as inputs
from mqlab.definitions import lint_rules_points as points
from mqlab.definitions import lint_rules_reach as reach
from mqlab.definitions.lint_rule import LintRule, Subject
from mqlab.definitions.model import Definition
from mqlab.errors import Problem

RULES: tuple[LintRule, ...] = (
    inputs.leakage_field,
    inputs.leakage_event,
    inputs.points_for_email_open,
    inputs.unused_list,
    inputs.unused_field,
    inputs.unused_event,
    inputs.unused_property,
    inputs.unused_score,
    points.cap_without_max_count,
    points.gate_on_unknown_unstated,
    points.gapped_bands,
    points.rule_never_fires,
    points.words_never_reached,
    points.default_penalises_small_companies,
    reach.threshold_out_of_reach,
    reach.grade_out_of_reach,
    reach.nobody_qualifies,
    reach.everybody_qualifies,
    reach.gate_stops_everybody,
    reach.condition_never_true,
    reach.threshold_every_simulated_lead_passes,
    reach.threshold_no_simulated_lead_passes,
    reach.matrix_nobody_simulated_fits,
)


def lint(definition: Definition) -> tuple[Problem, ...]:
    """Everything the rules find, in the order of the file; an empty tuple is a clean definition.

    Example:
        >>> from mqlab.definitions.load import load_text
        >>> head = "kind: mql-definition/v1\\nid: a\\nversion: 1.0.0\\n"
        >>> text = head + "events: {demo: {}, trial: {}}\\nqualify: count(demo) > 0"
        >>> [problem.message for problem in lint(load_text(text, file="a@1.0.0.yaml"))]
        ["The event 'trial' is used nowhere."]
    """
    subject = Subject(definition)
    found = dict.fromkeys(problem for rule in RULES for problem in rule.problems(subject))
    return tuple(sorted(found, key=lambda problem: (problem.place.line or 0, problem.place.column or 0)))
