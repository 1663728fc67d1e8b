"""A whole file: what it means when it is right, and everything it can be told when it is wrong."""

# ruff: noqa: E501 (a table reads best with one case on one line)
from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqlab.definitions.load import load_file, load_text
from mqlab.definitions.model import (
    AbsenceRule,
    BandsRule,
    EnumLabel,
    EventRule,
    FieldDecl,
    Gate,
    Group,
    HalfLife,
    Handoff,
    Linear,
    MapRule,
    Matrix,
    Requalify,
    Steps,
    WeightRule,
    WhenRule,
    WordsRule,
)
from mqlab.definitions.tree import Channel, Compare, PropRef, TextLiteral
from mqlab.errors import InputError
from tests.definitions.texts import HEAD, RICH, SMALL, load, problems_of, told, told_by

DAY = 86_400_000_000
RULES = "fields: {n: {type: number}, t: {type: string}, b: {type: bool}, e: {type: enum, values: {x: 1, y: 2}}, l: {type: enum, values: [x, y]}}\nevents: {view: {props: {path: string}}}\nscores: {s: {rules: [%s]}}\n"  # fmt: skip


def test_every_part_of_the_language_is_bound() -> None:
    """
    The file that uses every key of the language becomes the tree it means.
    """
    bound = load(RICH)
    rules = {rule.id: rule for score in bound.scores for group in score.groups for rule in group.rules}

    assert (bound.ref, bound.timezone, bound.extends) == ("everything@1.10.0", "Europe/Berlin", None)
    assert bound.fields[0] == FieldDecl("employees", "number", impute=120.0)
    assert bound.fields[2].pii and bound.fields[4].default_label == "none"
    assert bound.events[1].props[0].labels == (EnumLabel("demo", "demo", None), EnumLabel("ebook", "ebook", None))
    assert bound.events[2].props == ()
    assert isinstance(bound.gates[1], Gate) and bound.gates[1].forever and bound.gates[1].on_unknown == "fail"
    assert rules["size"] == BandsRule(
        "size", "employees", ((None, 50.0, 0.0), (50.0, 200.0, 20.0), (200.0, None, 40.0)), 30.0
    )
    assert rules["industry_points"] == MapRule(
        "industry_points", "industry", (("software", 20.0), ("finance", 15.0)), 1.0
    )
    assert rules["active_points"] == MapRule("active_points", "active", ((True, 5.0), (False, -5.0)))
    assert rules["seniority"] == WordsRule("seniority", "title", (((" chief ", " vp "), 40.0), ((" manager ",), 15.0)))
    where = Compare("==", PropRef("path", "string"), TextLiteral("/pricing"))
    assert rules["views"] == EventRule(
        "views", Channel("page_view", where, 90 * DAY, True, 3), 12.0, HalfLife(14 * DAY), 30.0
    )
    assert isinstance(rules["webinars"], EventRule) and rules["webinars"].decay == Linear(30 * DAY)
    assert isinstance(rules["forms"], EventRule) and rules["forms"].decay == Steps(((7 * DAY, 0.5), (30 * DAY, 0.0)))
    assert rules["dormant"] == AbsenceRule("dormant", ("page_view", "form_submit"), 60 * DAY, -15.0)
    assert isinstance(rules["asked"], WhenRule) and rules["need"] == WeightRule("need", "need", 4.0)
    assert bound.scores[0].groups[1].minimum == -5 and bound.scores[1].groups[0] == Group(
        None, bound.scores[1].groups[0].rules
    )
    assert (bound.scores[2].scale_to, bound.scores[2].factor) == (100.0, 100 / 13)
    assert bound.grades[0].bounds == (("A", 50.0), ("B", 20.0))
    assert bound.qualify == Matrix("fit", "engagement", (("A", "1"), ("A", "2"), ("B", "1")))
    assert bound.model is not None and bound.model.intercept == -4.6 and bound.model.trained["rows"] == 18420
    assert bound.nurture is not None and bound.nurture.track == "sleeping"
    assert [label.label for label in bound.classify] == ["Solution-aware", "other"]
    assert bound.handoff == Handoff(4 * 3_600_000_000, 2 * DAY) and bound.requalify == Requalify(90 * DAY, 3)


def test_every_part_knows_its_place() -> None:
    """
    Places are kept by dotted path, with ids where there are some, and only of what the file states.
    """
    bound = load(RICH)

    assert bound.places["qualify"].line == RICH[: RICH.index("\nqualify:")].count("\n") + 2
    assert bound.places["scores.fit.groups.role.rules.seniority"].line is not None
    assert "gates.student.on_unknown" in bound.places and "gates.student.forever" not in bound.places


def test_a_minimal_definition_needs_kind_id_and_version() -> None:
    """
    Everything but kind, id and version may be left out, and has its default.
    """
    bound = load(HEAD)

    assert (bound.title, bound.timezone, bound.qualify, bound.fields) == ("", "UTC", None, ())


@pytest.mark.parametrize(
    ("weights", "factor"),
    [
        pytest.param("{need: 4, authority: 3, budget: 3, timeline: 2, fit: 3}", 100 / 45, id="all weights positive"),
        pytest.param("{need: 4, budget: -3}", 100 / 12, id="a negative weight gives at most nothing"),
    ],
)
def test_scale_to_divides_by_the_greatest_attainable_score(weights: str, factor: float) -> None:
    """
    `bant-weighted` of definitions.md: 45 raw points are 100, so 36 are 80.
    """
    names = ("need", "authority", "budget", "timeline", "fit")
    fields = "".join(
        f"  {name}: {{type: enum, values: {{none: 0, low: 1, medium: 2, high: 3}}, missing: none}}\n" for name in names
    )

    bound = load(f"{HEAD}fields:\n{fields}scores: {{bant: {{scale_to: 100, weights: {weights}}}}}\n")

    assert bound.scores[0].factor == pytest.approx(factor, rel=1e-15)


def test_a_missing_field_counts_as_nothing_in_what_is_attainable() -> None:
    """
    Without a default a field may be missing and give 0, which is then the most a negative weight gives.
    """
    text = (
        HEAD
        + "fields: {a: {type: enum, values: {x: 1, y: 2}%s}, b: {type: bool}}\nscores: {s: {scale_to: 10, weights: {a: -2, b: 4}}}\n"
    )

    assert load(text % "").scores[0].factor == 10 / 4
    assert load(text % ", missing: x").scores[0].factor == 10 / 2


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        pytest.param("kind: mql-definition/v1\nid: a\nversion: 1.10\n", "version", "MAJOR.MINOR.PATCH", id="version as a number"),
        pytest.param("kind: mql-definition/v1\nid: a\nversion: 2\n", "version", "MAJOR.MINOR.PATCH", id="version as a whole number"),
        pytest.param("kind: mql-definition/v1\nid: a\nversion: '1.10'\n", "version", "MAJOR.MINOR.PATCH", id="version of two parts"),
        pytest.param("kind: mql-definition/v1\nid: a\nversion: 1.01.0\n", "version", "MAJOR.MINOR.PATCH", id="version with a leading zero"),
        pytest.param("kind: mql-definition/v1\nid: a\nversion: v1.0.0\n", "version", "MAJOR.MINOR.PATCH", id="version with a letter"),
        pytest.param("kind: mql-definition/v1\nid: a\nversion: [1]\n", "version", "must be text, not a list", id="version as a list"),
        pytest.param("kind: mql-definition/v1\nversion: 1.0.0\n", "id", "needed", id="no id"),
        pytest.param("kind: mql-definition/v1\nid: A b\nversion: 1.0.0\n", "id", "letters", id="id with a space"),
        pytest.param("kind: mql-definition/v1\nid: 2026\nversion: 1.0.0\n", "id", 'Quote it: "2026"', id="id as a number"),
        pytest.param(HEAD + "country: NO\n", "country", "Unknown key 'country'", id="country NO"),
        pytest.param(HEAD + "tilte: x\n", "tilte", "Did you mean 'title'?", id="misspelled key"),
        pytest.param(HEAD + "title: 5\n", "title", "must be text", id="title as a number"),
        pytest.param(HEAD + "owner:\n", "owner", "no value", id="key without a value"),
        pytest.param(HEAD + "timezone: Europe/Berln\n", "timezone", "Did you mean 'Europe/Berlin'?", id="unknown time zone"),
        pytest.param(HEAD + "timezone: ../etc/passwd\n", "timezone", "Unknown time zone", id="time zone that is a path"),
        pytest.param(HEAD + "timezone: America\n", "timezone", "Unknown time zone", id="time zone that is a folder"),
        pytest.param(HEAD + "fields: [a]\n", "fields", "keys with values", id="fields as a list"),
        pytest.param(HEAD + "fields: {a: number}\n", "fields.a", "keys with values", id="field as a word"),
        pytest.param(HEAD + "fields: {a: {type: nubmer}}\n", "fields.a.type", "Did you mean 'number'?", id="unknown type"),
        pytest.param(HEAD + "fields: {a: {typ: number}}\n", "fields.a.typ", "Did you mean 'type'?", id="misspelled type"),
        pytest.param(HEAD + "fields: {a: {type: number, pii: 'yes'}}\n", "fields.a.pii", "true or false", id="pii as text"),
        pytest.param(HEAD + "fields: {9a: {type: number}}\n", "fields.9a", "cannot be a name", id="name that begins with a digit"),
        pytest.param(HEAD + "fields: {1: {type: number}}\n", "fields.1", "Quote it", id="name that is a number"),
        pytest.param(HEAD + "fields: {and: {type: number}}\n", "fields.and", "word of the language", id="reserved name"),
        pytest.param(HEAD + "fields: {None: {type: number}}\n", "fields.None", "word of the language", id="name None"),
        pytest.param(HEAD + "fields: {source: {type: number}}\n", "fields.source", "always declared", id="source as a number"),
        pytest.param(HEAD + "fields: {a: {type: enum}}\n", "fields.a", "needs `values`", id="enum without labels"),
        pytest.param(HEAD + "fields: {a: {type: enum, values: []}}\n", "fields.a", "needs `values`", id="enum with no label"),
        pytest.param(HEAD + "fields: {a: {type: enum, values: [1, x]}}\n", "fields.a.values.0", "Quote it", id="labels that are numbers"),
        pytest.param(HEAD + "fields: {a: {type: enum, values: [x, 'X ']}}\n", "fields.a.values.1", "same text", id="labels that fold together"),
        pytest.param(HEAD + "fields: {a: {type: enum, values: [x, x]}}\n", "fields.a.values", "twice", id="label twice"),
        pytest.param(HEAD + "fields: {a: {type: enum, values: [x, N/A]}}\n", "fields.a.values.1", "null_tokens", id="null token as a label"),
        pytest.param(HEAD + "fields: {a: {type: enum, values: {x: 1, select: 2}}}\n", "fields.a.values.select", "null_tokens", id="null token with a value"),
        pytest.param(HEAD + "fields: {a: {type: enum, values: {x: one}}}\n", "fields.a.values.x", "a number", id="value that is text"),
        pytest.param(HEAD + "fields: {a: {type: number, values: [x]}}\n", "fields.a.values", "belong to an enum", id="values of a number"),
        pytest.param(HEAD + "fields: {a: {type: number, missing: 5}}\n", "fields.a.missing", "text or keys with values", id="missing without impute"),
        pytest.param(HEAD + "fields: {a: {type: number, missing: x}}\n", "fields.a.missing", "{impute: 120}", id="missing number as text"),
        pytest.param(HEAD + "fields: {a: {type: number, missing: {impute: .inf}}}\n", "fields.a.missing.impute", "finite", id="infinite impute"),
        pytest.param(HEAD + "fields: {a: {type: enum, values: [x], missing: y}}\n", "fields.a.missing", "no label", id="missing label unknown"),
        pytest.param(HEAD + "fields: {a: {type: string, missing: y}}\n", "fields.a.missing", "only enums and numbers", id="missing text"),
        pytest.param(HEAD + "fields: {a: {type: string}}\nlists: {a: [x]}\n", "lists.a", "both a field and a list", id="list named as a field"),
        pytest.param(HEAD + "fields: {a: {type: string}}\nevents: {v: {props: {a: string}}}\n", "events.v.props.a", "both a field and a property", id="property named as a field"),
        pytest.param(HEAD + "events: {v: {props: {source: string}}}\n", "events.v.props.source", "always declared", id="property named source"),
        pytest.param(HEAD + "fields: {a: {type: bool}}\nscores: {a: {weights: {a: 1}}}\n", "scores.a", "both a field and a score", id="score named as a field"),
        pytest.param(HEAD + "lists: {a: []}\n", "lists.a", "empty", id="empty list"),
        pytest.param(HEAD + "lists: {a: [1]}\n", "lists.a.0", "Quote it", id="list of numbers"),
        pytest.param(HEAD + "events: {v: {props: {p: strng}}}\n", "events.v.props.p", "Did you mean 'string'?", id="unknown property type"),
        pytest.param(HEAD + "events: {v: {props: {p: string}}, w: {props: {p: number}}}\n", "events.w.props.p", "must share it", id="property of two types"),
        pytest.param(HEAD + "events: {not: {}}\n", "events.not", "word of the language", id="event with a reserved name"),
        pytest.param(HEAD + "gates: [{id: g, when: 'true', then: refuse}]\n", "gates.g.then", "'disqualify' or 'hold'", id="unknown consequence"),
        pytest.param(HEAD + "gates: [{id: g, when: 'true', then: hold}, {id: G, when: 'true', then: hold}]\n", "gates.G.id", "twice", id="gate id twice"),
        pytest.param(HEAD + "gates: [{when: 'true', then: hold}]\n", "gates.0.id", "needed", id="gate without an id"),
        pytest.param(HEAD + "gates: [{id: g, when: true, then: hold}]\n", "gates.g.when", 'Quote it: "true"', id="condition as a bool"),
        pytest.param(HEAD + "gates: {id: g, when: 'true', then: hold}\n", "gates", "must be a list", id="gates as keys"),
        pytest.param(HEAD + "scores: {s: {}}\n", "scores.s", "holds nothing", id="empty score"),
        pytest.param(HEAD + "fields: {b: {type: bool}}\nscores: {s: {weights: {b: 1}, rules: [{id: r, when: 'b', points: 1}]}}\n", "scores.s", "rules and weights", id="score of two kinds"),
        pytest.param(HEAD + "scores: {s: {scale_to: 9, rules: [{id: r, when: 'true', points: 1}]}}\n", "scores.s.scale_to", "goes with `weights`", id="scale without weights"),
        pytest.param(HEAD + "scores: {s: {range: [5, 5], rules: [{id: r, when: 'true', points: 1}]}}\n", "scores.s.range", "must be less", id="empty range"),
        pytest.param(HEAD + "scores: {s: {range: [5], rules: [{id: r, when: 'true', points: 1}]}}\n", "scores.s.range", "too few", id="range of one number"),
        pytest.param(HEAD + "scores: {s: {groups: {g: {min: 3, max: 1, rules: [{id: r, when: 'true', points: 1}]}}}}\n", "scores.s.groups.g.min", "above its `max`", id="group upside down"),
        pytest.param(HEAD + "scores: {s: {groups: {g: {rules: []}}}}\n", "scores.s.groups.g.rules", "empty", id="group without rules"),
        pytest.param(HEAD + "fields: {t: {type: string}}\nscores: {s: {weights: {t: 1}}}\n", "scores.s.weights.t", "enums with values and for bools", id="weight of text"),
        pytest.param(HEAD + "fields: {t: {type: enum, values: [x]}}\nscores: {s: {weights: {t: 1}}}\n", "scores.s.weights.t", "no values to weigh", id="weight of a list enum"),
        pytest.param(HEAD + "fields: {t: {type: bool}}\nscores: {s: {weights: {tt: 1}}}\n", "scores.s.weights.tt", "Did you mean 't'?", id="weight of an unknown field"),
        pytest.param(HEAD + "fields: {t: {type: bool}}\nscores: {s: {scale_to: 9, weights: {t: -1}}}\n", "scores.s.scale_to", "nothing to scale", id="scale of nothing"),
        pytest.param(HEAD + "fields: {t: {type: bool}}\nscores: {s: {weights: {t: 1}}, u: {weights: {t: 2}}}\n", "scores.u.weights.t", "a weight's id is its field", id="field weighed twice"),
        pytest.param(HEAD + "grades: {s: {A: 1}}\n", "grades.s", "unknown score 's'", id="grades of an unknown score"),
        pytest.param(SMALL.replace('"1": 5', "1: 5"), "grades.engagement.1", 'Quote it: "1"', id="grade that is a number"),
        pytest.param(SMALL.replace("A: 5, B: 1", "A: 5, a: 1"), "grades.fit.a", "same text", id="grades that fold together"),
        pytest.param(SMALL.replace("A: 5, B: 1", "A: 5, B: 5"), "grades.fit.B", "begin at the same", id="grades with one bound"),
        pytest.param(SMALL + "qualify: {matrix: {A: ['1'], C: ['1']}}\n", "qualify.matrix.C", "no grade of 'fit'", id="unknown row"),
        pytest.param(SMALL + "qualify: {matrix: {A: ['4']}}\n", "qualify.matrix.A.0", "1, 2, 3", id="unknown column"),
        pytest.param(SMALL + "qualify: {matrix: {A: ['1', '1']}}\n", "qualify.matrix.A.1", "twice", id="cell twice"),
        pytest.param(SMALL + "qualify: {matrix: {A: [1]}}\n", "qualify.matrix.A.0", 'Quote it: "1"', id="column as a number"),
        pytest.param(SMALL + "qualify: {matrx: {A: ['1']}}\n", "qualify.matrx", "Did you mean 'matrix'?", id="misspelled matrix"),
        pytest.param(SMALL + "qualify: [a]\n", "qualify", "text or keys with values", id="qualify as a list"),
        pytest.param(SMALL.replace('"1": 5, "2": 3, "3": 1', "A: 5, X: 1") + "qualify: {matrix: {A: [X]}}\n", "grades.engagement.A", "must differ", id="grades that share a label"),
        pytest.param(SMALL.replace(", engagement: {\"1\": 5, \"2\": 3, \"3\": 1}", "") + "qualify: {matrix: {A: ['1']}}\n", "qualify.matrix", "exactly two", id="matrix of one score"),
        pytest.param(HEAD + "model: {type: logistic, intercept: 1, terms: []}\n", "model.terms", "empty", id="model without terms"),
        pytest.param(HEAD + "model: {type: forest, intercept: 1, terms: [{feature: 'true', coef: 1}]}\n", "model.type", "logistic", id="unknown model"),
        pytest.param(HEAD + "fast_track: [{id: f, when: 'true'}, {id: f, when: 'true'}]\n", "fast_track.f.id", "twice", id="fast track id twice"),
        pytest.param(HEAD + "handoff: {first_touch: 4}\n", "handoff.first_touch", "needs a unit", id="duration without a unit"),
        pytest.param(HEAD + "handoff: {first_touch: 4 hours}\n", "handoff.first_touch", "no length of time", id="duration in words"),
        pytest.param(HEAD + "handoff: {first_touch: 200000d}\n", "handoff.first_touch", "longer than 100 years", id="duration of centuries"),
        pytest.param(HEAD + "handoff: {first_touch: 0.0000001s}\n", "handoff.first_touch", "no length of time", id="duration too fine"),
        pytest.param(HEAD + "requalify: {cooldown: 1d}\n", "requalify.max", "needed", id="requalify without max"),
        pytest.param(HEAD + "requalify: {cooldown: 1d, max: 0}\n", "requalify.max", "greater than", id="requalify never"),
        pytest.param(HEAD + "nurture: {when: 'true', track: ''}\n", "nurture.track", "empty", id="track without a name"),
        pytest.param(HEAD + "extends: base@1.0.0\n", "extends", "read alone", id="extends without parents"),
    ],
)  # fmt: skip
def test_every_wrong_key_or_value_is_told_with_its_path(text: str, path: str, words: str) -> None:
    """
    Each wrong key, type, label, bound and name has its own message, at its own path and line.
    """
    found = problems_of(text)

    assert [problem.place.path for problem in found] == [path]
    assert words in told(found[0])
    assert found[0].place.file == "probe.yaml" and found[0].place.line is not None and found[0].place.column is not None


@pytest.mark.parametrize(
    ("rule", "path", "words"),
    [
        pytest.param("{id: r, field: n}", "", "One of these keys is needed", id="rule of no kind"),
        pytest.param("{id: r, field: n, band: [[0, 1, 2]]}", "", "Did you mean 'bands'?", id="misspelled kind"),
        pytest.param("{id: r, field: n, bands: [[0, 1, 2]], map: {a: 1}}", ".map", "does not go with", id="rule of two kinds"),
        pytest.param("{id: r, field: m, bands: [[0, 1, 2]]}", ".field", "Unknown field 'm'", id="bands of an unknown field"),
        pytest.param("{id: r, field: t, bands: [[0, 1, 2]]}", ".field", "bands are for numbers", id="bands of text"),
        pytest.param("{id: r, field: e, bands: [[0, 1, 2]]}", ".field", "Use `map`", id="bands of an enum"),
        pytest.param("{id: r, field: n, bands: []}", ".bands", "empty", id="no bands"),
        pytest.param("{id: r, field: n, bands: [[0, 1]]}", ".bands.0", "too few", id="band of two numbers"),
        pytest.param("{id: r, field: n, bands: [[1, 0, 5]]}", ".bands.0", "must be less", id="reversed band"),
        pytest.param("{id: r, field: n, bands: [[1, 1, 5]]}", ".bands.0", "must be less", id="empty band"),
        pytest.param("{id: r, field: n, bands: [[0, 10, 5], [9, 20, 6]]}", ".bands.1", "overlaps [0, 10)", id="overlapping bands"),
        pytest.param("{id: r, field: n, bands: [[5, null, 5], [null, 6, 6]]}", ".bands.1", "overlaps [5, null)", id="overlapping open bands"),
        pytest.param("{id: r, field: n, bands: [[0, 10, x]]}", ".bands.0.2", "must be a number", id="points that are text"),
        pytest.param("{id: r, field: n, bands: [[0, 10, 1]], cap: 0}", ".cap", "greater than 0", id="cap of nothing"),
        pytest.param("{id: r, field: n, map: {a: 1}}", ".field", "Use `bands`", id="map of a number"),
        pytest.param("{id: r, field: t, map: {}}", ".map", "empty", id="empty map"),
        pytest.param("{id: r, field: t, map: {5: 1}}", ".map.5", "Quote it", id="map key that is a number"),
        pytest.param("{id: r, field: t, map: {true: 1}}", ".map.true", "Quote it", id="map key that is a bool"),
        pytest.param("{id: r, field: t, map: {a: 1, 'A ': 2}}", ".map.A ", "twice, once normalised", id="map keys that fold together"),
        pytest.param("{id: r, field: e, map: {z: 1}}", ".map.z", "no label of 'e'", id="map key that is no label"),
        pytest.param("{id: r, field: b, map: {sure: 1}}", ".map.sure", "true and false", id="map key of a bool"),
        pytest.param("{id: r, field: n, words: [[[a], 1]]}", ".field", "looked for in text", id="words of a number"),
        pytest.param("{id: r, field: t, words: [[a, 1]]}", ".words.0.0", "a list", id="words without a list"),
        pytest.param("{id: r, field: t, words: [[[], 1]]}", ".words.0.0", "empty", id="no words"),
        pytest.param("{id: r, field: t, words: [[['--'], 1]]}", ".words.0.0.0", "no letter or digit", id="word without letters"),
        pytest.param("{id: r, event: veiw, points: 1}", ".event", "Did you mean 'view'?", id="unknown event"),
        pytest.param("{id: r, event: view, points: 1, where: \"pth == 'x'\"}", ".where", "Did you mean 'path'?", id="unknown property"),
        pytest.param("{id: r, event: view, points: 1, where: 'n > 1'}", ".where", "lead's fields", id="field in where"),
        pytest.param("{id: r, event: view, points: 1, distinct: week}", ".distinct", "'day'", id="distinct by week"),
        pytest.param("{id: r, event: view, points: 1, max_count: 0}", ".max_count", "greater than or equal to 1", id="count of none"),
        pytest.param("{id: r, event: view, points: 1, max_count: 1.5}", ".max_count", "whole number", id="count of one and a half"),
        pytest.param("{id: r, event: view, points: 1, within: 0d}", ".within", "greater than 0", id="window of nothing"),
        pytest.param("{id: r, event: view, points: 1, within: 90}", ".within", "needs a unit", id="window without a unit"),
        pytest.param("{id: r, event: view, points: .nan}", ".points", "finite", id="points that are no number"),
        pytest.param("{id: r, event: view, points: 1e400}", ".points", "finite", id="endless points"),
        pytest.param("{id: r, event: view, points: 1, decay: {quarter: 3d}}", ".decay", "half_life, linear, steps", id="unknown decay"),
        pytest.param("{id: r, event: view, points: 1, decay: {half_life: 3d, linear: 3d}}", ".decay.linear", "does not go with", id="two decays"),
        pytest.param("{id: r, event: view, points: 1, decay: {half_life: 0d}}", ".decay.half_life", "greater than 0", id="half-life of nothing"),
        pytest.param("{id: r, event: view, points: -1, decay: {linear: 3d}}", ".points", "0 or more", id="negative points that decay"),
        pytest.param("{id: r, event: view, points: 1, decay: {steps: []}}", ".decay.steps", "empty", id="no steps"),
        pytest.param("{id: r, event: view, points: 1, decay: {steps: [[7d, 0.5], [9d, 0.6]]}}", ".decay.steps.1", "may not rise", id="steps that rise"),
        pytest.param("{id: r, event: view, points: 1, decay: {steps: [[7d, 1.5]]}}", ".decay.steps.0", "[0, 1]", id="step above one"),
        pytest.param("{id: r, event: view, points: 1, decay: {steps: [[7d, 0.5], [7d, 0.1]]}}", ".decay.steps.1", "later than", id="steps at one boundary"),
        pytest.param("{id: r, absence: [view], points: 1}", ".of", "needed", id="absence without a length"),
        pytest.param("{id: r, absence: [veiw], of: 3d, points: 1}", ".absence.0", "Did you mean 'view'?", id="absence of an unknown event"),
        pytest.param("{id: r, absence: [view, view], of: 3d, points: 1}", ".absence", "twice", id="absence of one event twice"),
        pytest.param("{id: r, absence: view, of: 3d, points: 1}", ".absence", "a list", id="absence without a list"),
        pytest.param("{id: r, when: 'n', points: 1}", ".when", "not a condition", id="number as a condition"),
        pytest.param("{id: r, when: 's > 1', points: 1}", ".when", "cannot read scores", id="score in a rule"),
        pytest.param("{id: r, when: 'b'}", ".points", "needed", id="condition without points"),
        pytest.param("{id: r s, when: 'b', points: 1}", ".id", "letters", id="id with a space"),
        pytest.param("{id: q, when: 'b', points: 1}, {id: r, when: 'b', points: 1}, {id: R, when: 'b', points: 1}", ".id", "twice", id="id twice"),
    ],
)  # fmt: skip
def test_every_wrong_rule_is_told_with_its_path(rule: str, path: str, words: str) -> None:
    """
    Each way to write a rule wrongly has its own message, at its own path.
    """
    found = problems_of(HEAD + RULES % rule)

    assert len(found) == 1
    own = (found[0].place.path or "").removeprefix("scores.s.rules.")
    assert "." + own.partition(".")[2] == path if path else "." not in own
    assert words in told(found[0])


def test_wrong_declarations_and_wrong_expressions_are_told_together() -> None:
    """
    A wrong label, an unknown time zone and what expressions get wrong are one answer.
    """
    text = HEAD + (
        "timezone: Europe/Berln\n"
        "fields: {a: {type: enum, values: []}, b: {type: enum, values: {x: 1, unknown: 0}, missing: unknown}}\n"
        "scores: {s: {scale_to: 9, weights: {a: 1, b: 2}}}\n"
        "grades: {t: {A: 1}}\n"
        "qualify: \"s > 1 and c == 'x'\"\n"
    )

    found = [problem.code for problem in problems_of(text)]

    assert found == ["UnknownTimezone", "MissingKey", "NullTokenLabel", "UnknownLabel", "UnknownScore", "UnknownField"]


def test_problems_of_several_parts_are_told_together() -> None:
    """
    Unknown keys, missing keys and wrong types of one file are one answer, in the order of its lines.
    """
    text = HEAD + "tilte: x\nfields: {a: {type: nubmer}, b: {}}\ngates: [{id: g, when: true, then: hold, wen: 1}]\n"

    found = problems_of(text)

    assert [problem.place.path for problem in found] == [
        "tilte",
        "fields.a.type",
        "fields.b.type",
        "gates.g.when",
        "gates.g.wen",
    ]
    assert [problem.place.line for problem in found] == [4, 5, 5, 6, 6]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("id: a\nversion: 1.0.0\n", "MissingKey", id="no kind"),
        pytest.param("knd: mql-definition/v1\nid: a\n", "MissingKey", id="misspelled kind"),
        pytest.param("kind: mql-definition/v2\nid: a\n", "WrongKind", id="kind of another version"),
        pytest.param("kind: mql-experiment/v1\nid: a\n", "WrongKind", id="experiment"),
        pytest.param("kind: [a]\nid: a\n", "WrongKind", id="kind as a list"),
    ],
)
def test_a_file_of_another_kind_is_told_nothing_else(text: str, code: str) -> None:
    """
    A file that is no definition is told that, and not what else a definition would need.
    """
    (problem,) = problems_of(text)

    assert problem.code == code and "kind: mql-definition/v1" in (problem.hint or "")


def test_source_may_be_declared_as_what_it_is() -> None:
    """
    Declaring `source` as text changes nothing.
    """
    assert load(HEAD + "fields: {source: {type: string}}\nqualify: \"source == 'x'\"\n").fields == ()


def test_null_tokens_of_the_lab_are_normalised_and_kept() -> None:
    """
    The lab's null tokens decide what may be a label, and are part of the definition.
    """
    text = HEAD + "fields: {a: {type: enum, values: [x, Leer]}}\n"

    assert load_text(text, file="f", null_tokens=["N/A "]).null_tokens == ("n/a",)
    with pytest.raises(InputError, match="null_tokens"):
        load_text(text, file="f", null_tokens=["LEER"])


def test_a_file_is_loaded_from_disk(tmp_path: Path) -> None:
    """
    `load_file` reads the file and names it in the definition and in every problem.
    """
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(RICH, encoding="utf-8")
    bad.write_text(RICH.replace("employees:", "emplyees:"), encoding="utf-8")

    assert load_file(good).file == str(good)
    with pytest.raises(InputError) as caught:
        load_file(bad)
    assert {problem.place.file for problem in caught.value.problems} == {str(bad)}


@settings(max_examples=120, deadline=None)
@given(st.integers(min_value=0, max_value=2**32), st.integers(min_value=1, max_value=4))
def test_a_mutated_file_is_loaded_or_refused(seed: int, changes: int) -> None:
    """
    Whatever is cut, doubled, swapped or put into a valid file, loading gives a definition or an InputError.
    """
    rng = random.Random(seed)
    text = RICH
    for _ in range(changes):
        start = rng.randrange(len(text))
        end = min(len(text), start + rng.choice([1, 1, 2, 5, 20]))
        piece = rng.choice(
            [
                "",
                "",
                text[start:end] * 2,
                rng.choice("{}[]:,'\"#&*!|>-\t\n 9.é"),
                "null",
                "true",
                ".nan",
                "[]",
                "{}",
                "1e999",
            ]
        )
        text = text[:start] + piece + text[end:]
    assert all(problem.message and problem.place.file for problem in told_by(lambda: load(text)))


VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-5, 2000), st.floats(), st.sampled_from(["a", "n", "90d", "true", "n > 1", ""])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["id", "when", "then", "field", "bands", "map", "words", "event", "points", "rules", "groups", "weights", "type", "a"]), inner, max_size=3),
    ),
    max_leaves=8,
)  # fmt: skip
KEYS = [
    "title",
    "timezone",
    "fields",
    "lists",
    "events",
    "ignore_events",
    "gates",
    "scores",
    "grades",
    "model",
    "qualify",
    "fast_track",
    "nurture",
    "classify",
    "handoff",
    "requalify",
    "extends",
]


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4))
def test_any_values_under_the_keys_are_loaded_or_refused(values: dict[str, object]) -> None:
    """
    Whatever shape stands under a key of the language, loading gives a definition or an InputError.
    """
    import json

    body = "".join(
        f"{key}: {json.dumps(value).replace('NaN', '.nan').replace('Infinity', '.inf')}\n"
        for key, value in values.items()
    )
    assert all(problem.message and problem.place.file for problem in told_by(lambda: load(HEAD + body)))


@pytest.mark.parametrize(
    ("body", "path", "words"),
    [
        pytest.param("fields: {size: {type: number}, Size: {type: number}}\n", "fields.Size", "'size' and 'Size'", id="fields"),
        pytest.param("fields: {SOURCE: {type: string}}\n", "fields.SOURCE", "'source' and 'SOURCE'", id="source"),
        pytest.param("events: {view: {}, View: {}}\n", "events.View", "'view' and 'View'", id="events"),
        pytest.param("events: {view: {props: {path: string, Path: string}}}\n", "events.view.props.Path", "'path' and 'Path'", id="properties"),
        pytest.param("events: {view: {props: {path: string}}, click: {props: {PATH: string}}}\n", "events.click.props.PATH", "'path' and 'PATH'", id="properties of two events"),
    ],
)  # fmt: skip
def test_names_of_the_data_differ_in_more_than_case(body: str, path: str, words: str) -> None:
    """
    Two declared names that are one name once stored would read the same values, so they are refused.
    """
    (problem,) = problems_of(HEAD + body)

    assert (problem.code, problem.place.path) == ("DuplicateName", path)
    assert words in problem.message


def test_lists_and_scores_may_differ_in_case() -> None:
    """
    Names that no data holds are told apart as they are written.
    """
    bound = load(HEAD + "lists: {good: [a], Good: [b]}\nfields: {x: {type: bool}}\nscores: {X: {weights: {x: 1}}}\n")

    assert [name for name, _ in bound.lists] == ["good", "Good"] and bound.scores[0].name == "X"


def test_a_weight_and_a_rule_cannot_share_an_id() -> None:
    """
    Nobody wrote the id of a weight, so the message says that it is the field's name.
    """
    rules = "fields: {t: {type: bool}}\nscores: {s: {weights: {t: 1}}, u: {rules: [{id: t, when: t, points: 1}]}}\n"

    (problem,) = problems_of(HEAD + rules)

    assert problem.code == "DuplicateId" and "a weight's id is its field; the first is in line 5" in problem.message
