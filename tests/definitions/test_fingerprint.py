"""Fingerprints: what makes no difference, what makes one, and in which of the three parts."""

# ruff: noqa: E501 (a table reads best with one case on one line)
from __future__ import annotations

import hashlib
import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqlab.definitions.fingerprint import Fingerprints, fingerprint
from mqlab.definitions.load import load_text
from mqlab.definitions.yaml import plain, read_yaml
from tests.definitions.texts import HEAD, RICH, load, qualify

BASE = fingerprint(load(RICH))


def changed(before: str, after: str) -> set[str]:
    """Which parts change when the file changes."""
    assert before in RICH
    return differing(BASE, fingerprint(load(RICH.replace(before, after, 1))))


def differing(one: Fingerprints, other: Fingerprints) -> set[str]:
    return {part for part, print_ in one.to_dict().items() if other.to_dict()[part] != print_}


def test_fingerprints_are_pinned() -> None:
    """
    The canonical form, written out by hand here, is a contract with every lock file: changing it breaks all locks.
    """
    meaning = (
        '{"events":[],"fast_track":[],'
        '"fields":[{"default":null,"impute":null,"kind":"number","labels":[],"name":"a"}],'
        '"gates":[],"grades":[],"handoff":null,"ignore_events":null,"kind":"mql-definition/v1","model":null,'
        '"null_tokens":["n/a"],"qualify":{"is":"Compare","left":{"is":"NumberLiteral","value":4},"op":"<=",'
        '"right":{"is":"FieldRef","kind":"number","name":"a"},"rounded":false},'
        '"requalify":null,"scores":[],"timezone":"UTC"}'
    )
    metadata = '{"changelog":"","owner":"","pii":[],"spelling":[],"title":"","trained":{}}'
    text = HEAD + "fields: {a: {type: number}}\nqualify: 'a >= 4.0'\n"

    prints = fingerprint(load_text(text, file="f", null_tokens=["N/A"]))

    assert prints.meaning == hashlib.sha256(meaning.encode()).hexdigest()
    assert prints.reporting == hashlib.sha256(b'{"classify":[],"nurture":null}').hexdigest()
    assert prints.metadata == hashlib.sha256(metadata.encode()).hexdigest()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("within: 90d", "within: 2160h", id="90d and 2160h"),
        pytest.param("decay: {linear: 30d}", "decay: {linear: 720h}", id="another unit"),
        pytest.param("within='7d'", 'within="168h"'.replace('"', "'"), id="window in an expression"),
        pytest.param("points: 15,", "points: 15.0,", id="15 and 15.0"),
        pytest.param("max: 60", "max: 6.0e1", id="exponent"),
        pytest.param("on_unknown: pass", "on_unknown: 'pass'", id="quotes"),
        pytest.param(", on_unknown: pass", "", id="default left out"),
        pytest.param("{id: webinars, event: webinar_attended,", "{id: webinars, cap: null, event: webinar_attended,", id="bound without a value"),
        pytest.param("map: {true: 5, false: -5}", "map: {true: 5, false: -5}, default: 0", id="default of a map stated"),
        pytest.param("map: {software: 20, finance: 15}", "map: {FINANCE: 15, ' Software ': 20}", id="normalised keys in another order"),
        pytest.param("path == '/pricing'", "'/Pricing'   ==  path", id="sides of an equality"),
        pytest.param("wish > 50 and", "50 < wish and", id="turned comparison"),
        pytest.param("probability >= 0.9 and wish > 50 and industry in good", "(industry in good) and (wish > 50 and probability >= 0.9)", id="order and brackets of and"),
        pytest.param("industry in good", "industry in ['finance', 'software', 'finance']", id="list written out"),
        pytest.param("industry in good", "industry in better", id="list renamed"),
        pytest.param("region: {type: enum, values: [emea, apac]}", "region: {type: enum, values: [apac, emea]}", id="labels without order"),
        pytest.param("[[[chief, vp], 40]", "[[[vp, chief], 40]", id="words of one choice"),
        pytest.param("absence: [page_view, form_submit]", "absence: [form_submit, page_view]", id="absent events"),
        pytest.param("matrix: {A: [\"1\", \"2\"], B: [\"1\"]}", "matrix: {B: [\"1\"], A: [\"2\", \"1\"]}", id="cells"),
        pytest.param("{A: 50, B: 20}", "{B: 20, A: 50}", id="grades"),
        pytest.param("  webinar_attended:\n", "  webinar_attended: {props: {}}\n", id="event without properties"),
        pytest.param("lists: {good: [software, finance]}", "lists: {good: [software, finance], unused: [x]}", id="list that nothing uses"),
        pytest.param("version: 1.10.0", "version: 1.11.0", id="version"),
        pytest.param("title: Every", "# a comment\ntitle: Every", id="comment"),
    ],
)  # fmt: skip
def test_what_makes_no_difference(before: str, after: str) -> None:
    """
    Ways to write the same thing have the same three prints.
    """
    text = RICH.replace(before, after, 1)
    if "better" in after:
        text = text.replace("lists: {good:", "lists: {better:")

    assert before in RICH and differing(BASE, fingerprint(load(text))) == set()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("timezone: Europe/Berlin", "timezone: UTC", id="time zone"),
        pytest.param("impute: 120", "impute: 121", id="imputed number"),
        pytest.param("low: 1", "low: 2", id="value of a label"),
        pytest.param("missing: none", "missing: low", id="default label"),
        pytest.param("[emea, apac]", "[emea, apac, amer]", id="new label"),
        pytest.param("seconds < 2", "seconds <= 2", id="ignored events"),
        pytest.param("then: hold", "then: disqualify", id="consequence"),
        pytest.param("on_unknown: fail", "on_unknown: hold", id="unknown gate"),
        pytest.param(", forever: true", "", id="forever"),
        pytest.param("range: [0, 100]", "range: [0, 99]", id="range"),
        pytest.param("max: 60", "max: 61", id="group maximum"),
        pytest.param("min: -5", "min: -6", id="group minimum"),
        pytest.param("[50, 200, 20]", "[50, 200, 21]", id="points of a band"),
        pytest.param("[50, 200, 20], [200, null, 40]", "[50, 201, 20], [201, null, 40]", id="bound of a band"),
        pytest.param("cap: 30}", "cap: 31}", id="cap"),
        pytest.param("default: 1", "default: 2", id="default of a map"),
        pytest.param("[chief, vp]", "[chief, vp, ceo]", id="new word"),
        pytest.param("path == '/pricing'", "path == '/price'", id="where"),
        pytest.param("points: 12", "points: 13", id="points of an event"),
        pytest.param(", distinct: day", "", id="distinct"),
        pytest.param("max_count: 3", "max_count: 4", id="max_count"),
        pytest.param("within: 90d", "within: 91d", id="window"),
        pytest.param("half_life: 14d", "half_life: 15d", id="half-life"),
        pytest.param("linear: 30d", "half_life: 30d", id="kind of decay"),
        pytest.param("[30d, 0]", "[31d, 0]", id="step"),
        pytest.param("of: 60d", "of: 61d", id="absence"),
        pytest.param("form == 'demo') >= 2", "form == 'demo') > 2", id="condition of a rule"),
        pytest.param("scale_to: 100", "scale_to: 99", id="scale"),
        pytest.param("need: 4", "need: 5", id="weight"),
        pytest.param("{A: 50, B: 20}", "{A: 51, B: 20}", id="bound of a grade"),
        pytest.param("intercept: -4.6", "intercept: -4.7", id="intercept"),
        pytest.param("coef: 0.35", "coef: 0.36", id="coefficient"),
        pytest.param("B: [\"1\"]", "B: []", id="cell"),
        pytest.param("within='7d'", "within='8d'", id="window in an expression"),
        pytest.param("wish > 50", "wish >= 50", id="operator"),
        pytest.param("industry in good", "industry not in good", id="negation"),
        pytest.param("[software, finance]", "[software, retail]", id="entry of a list"),
        pytest.param("first_touch: 4h", "first_touch: 5h", id="promise to sales"),
        pytest.param("max: 3}\n", "max: 4}\n", id="re-qualifications"),
        pytest.param("id: hand-raise", "id: hand-raised", id="id that a path names"),
        pytest.param("{id: student, when: \"has_word(title, 'student')\"", "{id: student, when: \"has_word(title, 'students')\"", id="gate"),
    ],
)  # fmt: skip
def test_what_changes_the_meaning(before: str, after: str) -> None:
    """
    Whatever can change who qualifies, when or by which path changes the meaning, and nothing else.
    """
    assert "meaning" in changed(before, after) and "reporting" not in changed(before, after)


@pytest.mark.parametrize(
    ("before", "after", "parts"),
    [
        pytest.param("track: sleeping", "track: dormant", {"reporting"}, id="nurture track"),
        pytest.param("days_since(page_view) > 30", "days_since(page_view) > 31", {"reporting"}, id="nurture condition"),
        pytest.param("label: other", "label: rest", {"reporting"}, id="label"),
        pytest.param(
            "seconds, within='30d') > 60", "seconds, within='30d') > 61", {"reporting"}, id="classify condition"
        ),
        pytest.param("title: Every", "title: Any", {"metadata"}, id="title"),
        pytest.param("owner: growth", "owner: revops", {"metadata"}, id="owner"),
        pytest.param("changelog: the first one", "changelog: words", {"metadata"}, id="changelog"),
        pytest.param("rows: 18420", "rows: 18421", {"metadata"}, id="trained"),
        pytest.param(", pii: true", "", {"metadata"}, id="pii"),
        pytest.param("values: [emea, apac]", "values: [EMEA, apac]", {"metadata"}, id="spelling of a label"),
        pytest.param("{id: student,", "{id: Student,", {"metadata"}, id="spelling of an id"),
    ],
)
def test_reports_and_metadata_have_their_own_prints(before: str, after: str, parts: set[str]) -> None:
    """
    Labels and tracks change the reporting print only, words and personal data the metadata print only.
    """
    assert changed(before, after) == parts


def test_null_tokens_are_part_of_the_meaning() -> None:
    """
    Other null tokens make other values missing, in whatever order they are listed.
    """
    one = fingerprint(load_text(RICH, file="f", null_tokens=["a", "b"]))

    assert differing(one, fingerprint(load_text(RICH, file="f", null_tokens=["B", "a", "a"]))) == set()
    assert differing(one, fingerprint(load_text(RICH, file="f", null_tokens=["a"]))) == {"meaning"}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param("employees > 5", "5 < employees", True, id="turned"),
        pytest.param("employees >= 5 and employees < 9", "5 <= employees < 9", True, id="chain"),
        pytest.param("active or active", "active", True, id="said twice"),
        pytest.param("min(fit, employees) > 1", "min(employees, fit) > 1", True, id="arguments of min"),
        pytest.param("fit + employees > 1", "employees + fit > 1", True, id="summands"),
        pytest.param("fit - employees > 1", "employees - fit > 1", False, id="difference"),
        pytest.param(
            "fit + (employees + 1) > 1", "(fit + employees) + 1 > 1", False, id="floating point is not associative"
        ),
        pytest.param("has_word(industry, 'a', 'b')", "has_word(industry, 'b', 'a')", True, id="words"),
        pytest.param("industry in ['a']", "industry == 'a'", True, id="list of one"),
        pytest.param("employees > 5", "employees >= 5", False, id="strictness"),
        pytest.param("active and need == 'low'", "active or need == 'low'", False, id="and, or"),
        pytest.param("not active", "active", False, id="not"),
        pytest.param("employees > 0", "employees > -0.0", True, id="negative zero"),
        pytest.param("employees > 1e1", "employees > 10.0", True, id="ways to write ten"),
        pytest.param("missing(industry)", "missing(employees)", False, id="field"),
        pytest.param("count(page_view, bot) > 0", "count(page_view) > 0", False, id="condition"),
        pytest.param("grade(fit) >= 'b'", "grade(fit) >= 'B'", True, id="spelling of a grade"),
    ],
)
def test_expressions_that_mean_the_same(one: str, other: str, same: bool) -> None:
    """
    Ways to write one condition have one print; conditions that differ for some lead have two.
    """
    assert (fingerprint(qualify(one)) == fingerprint(qualify(other))) is same


ORDERED = frozenset({"gates", "fast_track", "bands", "words", "classify", "steps", "range"})


def shuffled(value: Any, rng: random.Random, key: str = "") -> Any:
    """The same file with everything in another order that has none."""
    if isinstance(value, dict):
        items = [(name, shuffled(inner, rng, str(name))) for name, inner in value.items()]
        rng.shuffle(items)
        return dict(items)
    if isinstance(value, list):
        items = [shuffled(item, rng, key) for item in value]
        if key not in ORDERED and not (items and isinstance(items[0], list)):
            rng.shuffle(items)
        return items
    return value


def as_yaml(value: Any) -> str:
    """JSON is YAML; keys that are truths stay truths."""
    return json.dumps(value, ensure_ascii=False).replace('"true":', "true:").replace('"false":', "false:")


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_order_that_means_nothing_makes_no_difference(seed: int) -> None:
    """
    Shuffling every mapping, and every list but gates, fast tracks, bands, words, steps and labels, changes no print.
    """
    rng = random.Random(seed)
    text = as_yaml(shuffled(plain(read_yaml(RICH, file="f")), rng))

    found = fingerprint(load(text))

    assert differing(BASE, found) <= {"metadata"} and found.meaning == BASE.meaning
    assert found.reporting == BASE.reporting


@pytest.mark.parametrize("key", ["gates", "fast_track", "classify"])
def test_order_that_means_something_makes_one(key: str) -> None:
    """
    Reversing gates, fast tracks or labels changes a print, for the first one wins.
    """
    raw = plain(read_yaml(RICH, file="f"))
    assert isinstance(raw, dict) and isinstance(raw[key], list)
    raw[key] = raw[key][::-1]

    assert differing(BASE, fingerprint(load(as_yaml(raw)))) == ({"reporting"} if key == "classify" else {"meaning"})


def test_order_of_choices_of_words_makes_a_difference() -> None:
    """
    The first choice of words that occurs gives the points, so their order counts; so does that of bands.
    """
    assert changed("[[[chief, vp], 40], [[manager], 15]]", "[[[manager], 15], [[chief, vp], 40]]") == {"meaning"}
    assert changed("[50, 200, 20], [200, null, 40]", "[200, null, 40], [50, 200, 20]") == {"meaning"}
