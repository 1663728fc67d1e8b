"""The JSON Schema: it accepts what the loader accepts and marks what an editor can know to be wrong."""

# ruff: noqa: E501 (a table reads best with one case on one line)
from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from mqlab.definitions.schema import json_schema
from mqlab.definitions.yaml import plain, read_yaml, read_yaml_file
from tests.definitions.texts import HEAD, RICH, SMALL

VALIDATOR = jsonschema.Draft202012Validator(json_schema())


def complaints(text: str) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(plain(read_yaml(text, file="f")))]


def test_the_schema_is_a_schema() -> None:
    """
    The schema is valid itself, says its draft, and describes its keys.
    """
    jsonschema.Draft202012Validator.check_schema(json_schema())

    assert json_schema()["$schema"].endswith("2020-12/schema")
    assert json_schema()["properties"]["timezone"]["description"]


def test_it_accepts_what_the_loader_accepts(root: Path) -> None:
    """
    Every shipped definition and the ones of these tests are valid.
    """
    shipped = sorted((root / "definitions").glob("*.yaml"))

    assert len(shipped) >= 4
    assert [error.message for path in shipped for error in VALIDATOR.iter_errors(plain(read_yaml_file(path)))] == []
    assert complaints(RICH) == [] and complaints(SMALL) == [] and complaints(HEAD) == []


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(HEAD + "extends: a@1.0.0\ngates: [{id: x, remove: true}]\n", id="remove a gate"),
        pytest.param(HEAD + "extends: a@1.0.0\nscores: {s: {groups: {g: {max: 3}}}}\n", id="a group's bounds alone"),
        pytest.param(HEAD + "extends: a@1.0.0\nscores: {s: {rules: [{id: x, remove: true}]}}\n", id="remove a rule"),
        pytest.param(HEAD + "events:\n  view:\n", id="event without anything"),
        pytest.param(HEAD + "scores: {s: {groups: {g: {min: null, rules: [{id: r, when: 'true', points: 1}]}}}}\n", id="bound without a value"),
    ],
)  # fmt: skip
def test_it_accepts_changes_to_another_definition(text: str) -> None:
    """
    A file that extends another may remove items and state parts.
    """
    assert complaints(text) == []


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(HEAD + "tilte: x\n", id="unknown key"),
        pytest.param(HEAD.replace("1.0.0", "1.10"), id="version as a number"),
        pytest.param(HEAD + "title:\n", id="key without a value"),
        pytest.param(HEAD + "qualify:\n", id="qualify without a value"),
        pytest.param(HEAD + "fields: {a: {type: nubmer}}\n", id="unknown type"),
        pytest.param(HEAD + "fields: {9a: {type: number}}\n", id="wrong name"),
        pytest.param(HEAD + "gates: [{id: g, when: true, then: hold}]\n", id="condition as a bool"),
        pytest.param(HEAD + "scores: {s: {rules: [{id: r, field: n}]}}\n", id="rule of no kind"),
        pytest.param(HEAD + "scores: {s: {rules: [{id: r, event: e, points: 1, within: 90}]}}\n", id="duration without a unit"),
        pytest.param("id: a\nversion: 1.0.0\n", id="no kind"),
    ],
)  # fmt: skip
def test_it_marks_what_an_editor_can_know(text: str) -> None:
    """
    Unknown keys, wrong types, wrong words and missing keys are marked while one types.
    """
    assert complaints(text) != []
