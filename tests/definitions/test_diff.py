"""A meaningful edit gives one line in words, a cosmetic one none."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mqlab.definitions.diff import diff
from mqlab.definitions.diff_words import Change
from mqlab.definitions.load import load_text
from mqlab.definitions.model import Definition
from mqlab.definitions.registry import Registry
from mqlab.definitions.yaml import plain
from mqlab.errors import InputError
from tests.definitions.definition_edits import Document, cosmetic, meaningful

LAB = Registry.open(Path(__file__).parents[2] / "definitions")
REFS = LAB.refs()
EXTENDED = {LAB[ref].extends for ref in REFS}


def document(ref: str) -> Document:
    """A shipped definition as plain data, with what it extends written out."""
    found: Any = plain(LAB.inlined(ref))
    return {key: value for key, value in found.items() if key != "extends"}


def load(file: Document) -> Definition:
    """The definition a document declares; JSON is YAML."""
    return load_text(json.dumps(file), file="edited.yaml")


def loads(file: Document) -> Definition | None:
    """The definition, or None where the edit made the file wrong (a matrix that could rise, an unknown label)."""
    try:
        return load(file)
    except InputError:
        return None


@pytest.mark.parametrize("ref", [ref for ref in REFS if ref not in EXTENDED])
def test_every_meaningful_edit_gives_one_line_at_its_path(ref: str) -> None:
    """Whatever single thing is changed in a shipped definition, the diff has one line, and it says where."""
    before = load(document(ref))
    wrong: list[tuple[str, str, tuple[Change, ...]]] = []
    tried = 0
    for edit in meaningful(document(ref)):
        after = loads(edit.document)
        if after is None:
            continue
        tried += 1
        changes = diff(before, after)
        if [change.path for change in changes] != [edit.path]:
            wrong.append((edit.name, edit.path, changes))

    assert wrong == []
    assert tried >= 6


def place(path: str) -> str:
    """The path without positions, which move when a list without order is written in another one."""
    return re.sub(r"\.\d+", "", path)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ref=st.sampled_from(REFS), amount=st.integers(1, 40), data=st.data())
def test_a_random_edit_of_a_file_written_another_way_gives_one_line(ref: str, amount: int, data: st.DataObject) -> None:
    """One meaningful edit gives one line even when everything else is reordered and written in other units."""
    edit = data.draw(st.sampled_from(list(meaningful(document(ref), amount))), label="edit")
    chance = random.Random(data.draw(st.integers(0, 10**6), label="order"))
    assume(loads(edit.document) is not None)
    after = load(cosmetic(edit.document, chance, rename=False))

    changes = diff(load(document(ref)), after)

    assert [place(change.path) for change in changes] == [place(edit.path)]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ref=st.sampled_from(REFS), seed=st.integers(0, 10**6))
def test_a_cosmetic_edit_gives_no_line(ref: str, seed: int) -> None:
    """Key order, units, 4 for 4.0, defaults written out, renamed ids and groups, other titles: no difference."""
    before, after = load(document(ref)), load(cosmetic(document(ref), random.Random(seed)))

    assert diff(before, after) == ()
    assert diff(after, before) == ()
