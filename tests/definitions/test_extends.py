"""`extends`: what merges, what replaces, what is removed, and what the result means."""

# ruff: noqa: E501 (a table reads best with one case on one line)
from __future__ import annotations

import pytest

from mqlab.definitions.extends import Parents, inline
from mqlab.definitions.fingerprint import fingerprint
from mqlab.definitions.load import load_text
from mqlab.definitions.model import Definition
from mqlab.definitions.yaml import MapNode, plain, read_yaml
from mqlab.errors import InputError, Problem
from tests.definitions.texts import RICH, load

CHILD = "kind: mql-definition/v1\nid: child\nversion: 1.0.0\nextends: everything@1.10.0\n"


def parents(text: str = RICH) -> Parents:
    def find(ref: str) -> MapNode:
        return read_yaml(text, file="everything@1.10.0.yaml")

    return find


def extended(changes: str, parent: str = RICH) -> Definition:
    return load_text(CHILD + changes, file="child@1.0.0.yaml", parents=parents(parent))


def refused(changes: str, parent: str = RICH) -> tuple[Problem, ...]:
    with pytest.raises(InputError) as caught:
        extended(changes, parent)
    return caught.value.problems


def raw(changes: str) -> dict[str, object]:
    found = plain(inline(read_yaml(CHILD + changes, file="child"), parents()))
    assert isinstance(found, dict)
    return found


def test_a_child_without_changes_means_what_its_parent_means() -> None:
    """
    Inheriting everything gives the parent's meaning under the child's own name; metadata is not inherited.
    """
    child = extended("")

    assert fingerprint(child).meaning == fingerprint(load(RICH)).meaning
    assert (child.ref, child.title, child.owner, child.changelog) == ("child@1.0.0", "", "", "")
    assert child.extends == "everything@1.10.0"


def test_mappings_merge_and_their_entries_are_replaced_whole() -> None:
    """
    A field that the child declares replaces the parent's entry whole; the other fields stay.
    """
    child = extended("fields: {employees: {type: number}, extra: {type: bool}}\nlists: {good: [retail]}\n")

    names = [field.name for field in child.fields]
    assert names == ["employees", "industry", "title", "active", "need", "region", "extra"]
    assert child.fields[0].impute is None
    assert dict(child.lists)["good"] == ("retail",)


def test_an_event_is_replaced_whole() -> None:
    """
    A child's event has the properties it lists and no others, so a rule that reads a dropped one is refused.
    """
    problems = refused("events: {page_view: {props: {path: string, bot: bool}}}\n")

    assert {(problem.code, problem.place.path) for problem in problems} == {
        ("UnknownProperty", "ignore_events"),
        ("UnknownProperty", "classify.0.when"),
    }


def test_groups_merge_down_to_single_rules() -> None:
    """
    Through scores and groups, rules merge by id: one is replaced in its place, one removed, one added at the end.
    """
    child = extended("""\
scores:
  fit:
    range: [0, 90]
    groups:
      firmographic:
        rules:
          - {id: industry_points, field: industry, map: {software: 30}}
          - {id: size, remove: true}
          - {id: more, when: active, points: 2}
""")

    fit = next(score for score in child.scores if score.name == "fit")
    assert [rule.id for rule in fit.groups[0].rules] == ["industry_points", "active_points", "more"]
    assert (fit.high, fit.groups[0].maximum, fit.groups[1].minimum) == (90.0, 60.0, -5.0)


def test_a_group_may_change_its_bounds_alone() -> None:
    """
    A child may state a group's maximum without repeating its rules.
    """
    child = extended("scores: {fit: {groups: {firmographic: {max: 50}}}}\n")

    assert child.scores[0].groups[0].maximum == 50 and len(child.scores[0].groups[0].rules) == 3


def test_gates_and_fast_tracks_merge_by_id() -> None:
    """
    A gate with a known id is replaced where it stood, a new one comes last, `remove: true` takes one away.
    """
    child = extended("""\
gates:
  - {id: Pause, when: "active", then: hold}
  - {id: new, when: "employees < 3", then: disqualify}
fast_track: [{id: sure, remove: true}]
""")

    assert [gate.id for gate in child.gates] == ["student", "Pause", "new"]
    assert child.gates[1].on_unknown == "pass" and not child.gates[1].forever
    assert [track.id for track in child.fast_track] == ["hand-raise"]


def test_everything_else_is_replaced_whole() -> None:
    """
    Grades, qualify, classify, the model and single values are replaced, never merged.
    """
    found = raw('grades: {fit: {A: 60}}\nqualify: "fit > 5"\nclassify: []\ntimezone: UTC\n')

    assert (found["grades"], found["qualify"], found["classify"], found["timezone"]) == (
        {"fit": {"A": 60}},
        "fit > 5",
        [],
        "UTC",
    )


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        pytest.param("gates: [{id: studnt, remove: true}]\n", "gates.studnt", "Did you mean 'student'?", id="unknown gate"),
        pytest.param("gates: [{id: student, remove: true, then: hold}]\n", "gates.student", "stands alone", id="remove with more"),
        pytest.param("gates: [{id: a, when: 'true', then: hold}, {id: a, when: 'true', then: hold}]\n", "gates.a", "twice", id="own id twice"),
        pytest.param("scores: {new: {rules: [{id: x, remove: true}]}}\n", "scores.new.rules.x", "nothing to remove", id="remove in a new score"),
        pytest.param("classify: [{id: x, remove: true}]\n", "classify.x", "nothing to remove", id="remove where nothing merges"),
    ],
)  # fmt: skip
def test_a_wrong_removal_is_told(changes: str, path: str, words: str) -> None:
    """
    Removing what is not there, or where nothing merges, is an error with the nearest id.
    """
    (problem,) = refused(changes)

    assert problem.code in ("InvalidRemove", "DuplicateId") and problem.place.path == path
    assert words in f"{problem.message} {problem.hint}" and problem.place.file == "child@1.0.0.yaml"


def test_remove_without_extends_is_told() -> None:
    """
    `remove: true` in a file that extends nothing means nothing.
    """
    with pytest.raises(InputError, match="nothing to remove"):
        load(RICH.replace("when: \"has_word(title, 'student')\", then: disqualify, on_unknown: pass", "remove: true"))


def test_problems_stand_in_the_file_they_come_from() -> None:
    """
    What an inherited part makes wrong is shown in the parent's file, what the child says wrong in the child's.
    """
    problems = refused("fields: {title: {type: number}}\ngates: [{id: mine, when: 'nothing > 1', then: hold}]\n")

    assert {problem.place.file for problem in problems} == {"child@1.0.0.yaml", "everything@1.10.0.yaml"}


def test_a_chain_resolves_from_the_root() -> None:
    """
    A grandchild changes what its parent made of the root.
    """
    middle = inline(
        read_yaml(CHILD + "lists: {good: [retail]}\nfields: {extra: {type: bool}}\n", file="child"), parents()
    )
    text = CHILD.replace("child", "grandchild") + "lists: {better: [a]}\nfields: {extra: {type: number}}\n"

    grandchild = load_text(text, file="grandchild", parents=lambda ref: middle)

    assert dict(grandchild.lists) == {"good": ("retail",), "better": ("a",)}
    assert grandchild.fields[-1].kind == "number"


@pytest.mark.parametrize(
    ("extends", "words"),
    [
        pytest.param("extends: [a]\n", "names one definition", id="list"),
        pytest.param("extends: 5\n", "names one definition", id="number"),
        pytest.param("extends: base\n", "cannot be used here", id="no version"),
    ],
)
def test_extends_names_one_version(extends: str, words: str) -> None:
    """
    `extends` is a ref with a version, nothing else.
    """
    with pytest.raises(InputError, match=words):
        load_text("kind: mql-definition/v1\nid: child\nversion: 1.0.0\n" + extends, file="c", parents=parents())


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param("scores: {fit: {groups: {firmographic: {rules: [{id: size, cap: 3}]}}}}\n", "UnknownShape", id="rule"),
        pytest.param("scores: {fit: {groups: {firmographic: {rules: [{id: size, when: active}]}}}}\n", "MissingKey", id="rule without points"),
        pytest.param("gates: [{id: student, then: hold}]\n", "MissingKey", id="gate"),
    ],
)  # fmt: skip
def test_an_item_with_one_changed_key_is_told_that_items_are_replaced_whole(changes: str, code: str) -> None:
    """
    Who writes only what changes in an item learns why the rest is needed; a new item is told nothing of a parent.
    """
    problem = refused(changes)[0]
    new = refused(changes.replace("size", "another").replace("student", "another"))[0]

    assert problem.code == code
    assert "An item replaces the parent's item whole" in (problem.hint or "")
    assert (new.code, new.hint) == (code, None)
