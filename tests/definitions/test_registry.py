"""The folder of definitions: what is in it, what is asked for, what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mqlab.definitions.lock import Lock, with_definition, write_lock
from mqlab.definitions.registry import Registry
from mqlab.errors import InputError
from tests.definitions.texts import RICH

SIMPLE = "kind: mql-definition/v1\nid: {id}\nversion: {version}\nqualify: 'true'\n"

CHILD = "kind: mql-definition/v1\nid: {id}\nversion: 1.0.0\nextends: {parent}\n"


def write(folder: Path, ref: str, text: str | None = None, *, name: str | None = None) -> Path:
    identity, _, version = ref.partition("@")
    path = folder / (name or f"{ref}.yaml")
    path.write_text(text if text is not None else SIMPLE.format(id=identity, version=version), encoding="utf-8")
    return path


def test_refs_are_sorted_by_id_and_version(tmp_path: Path) -> None:
    """
    1.10.0 comes after 1.9.0, and the latest is the greatest version.
    """
    for ref in ("b@1.0.0", "a@1.10.0", "a@1.9.0", "a@1.2.0"):
        write(tmp_path, ref)
    registry = Registry.open(tmp_path)

    assert registry.refs() == ("a@1.2.0", "a@1.9.0", "a@1.10.0", "b@1.0.0")
    assert registry.latest("a").version == "1.10.0"
    assert "a@1.9.0" in registry and "c@1.0.0" not in registry
    assert (len(registry), tuple(registry)) == (4, registry.refs())


def test_an_unknown_ref_names_the_nearest(tmp_path: Path) -> None:
    """
    Asking for what is not there is an InputError with the nearest ref or id.
    """
    write(tmp_path, "intent@1.0.0")
    registry = Registry.open(tmp_path)

    with pytest.raises(InputError, match=r"Did you mean 'intent@1\.0\.0'"):
        registry["intnt@1.0.0"]
    with pytest.raises(InputError, match="Did you mean 'intent'"):
        registry.latest("intnt")
    with pytest.raises(InputError, match="Known: intent"):
        registry.latest("zzz")


def test_an_empty_folder_and_none_at_all(tmp_path: Path) -> None:
    """
    An empty folder has no definitions and says so; a folder that is not there cannot be opened.
    """
    registry = Registry.open(tmp_path)

    assert registry.refs() == () and registry.problems() == ()
    with pytest.raises(InputError, match="no definitions"):
        registry["a@1.0.0"]
    with pytest.raises(InputError, match="cannot be read"):
        Registry.open(tmp_path / "nowhere")


def test_a_bad_file_troubles_nobody_else(tmp_path: Path) -> None:
    """
    The good files work, the bad one is told when it is asked for, and `problems` tells all.
    """
    write(tmp_path, "good@1.0.0")
    write(tmp_path, "bad@1.0.0", "kind: mql-definition/v1\nid: bad\nversion: 1.0.0\ntilte: x\nqualify: 'a >'\n")
    write(tmp_path, "worse@1.0.0", "\tnothing")
    registry = Registry.open(tmp_path)

    assert registry["good@1.0.0"].ref == "good@1.0.0"
    with pytest.raises(InputError, match="tilte"):
        registry["bad@1.0.0"]
    assert [problem.code for problem in registry.problems()] == ["UnknownKey", "TabIndent"]


def test_a_definition_extends_another_of_the_folder(tmp_path: Path) -> None:
    """
    Chains are resolved through the folder, and each file is read once.
    """
    write(tmp_path, "everything@1.10.0", RICH)
    for identity, parent in (("child", "everything@1.10.0"), ("grandchild", "child@1.0.0")):
        write(
            tmp_path,
            f"{identity}@1.0.0",
            CHILD.format(id=identity, parent=parent),
        )
    registry = Registry.open(tmp_path)

    assert len(registry["grandchild@1.0.0"].gates) == 2
    assert registry.problems() == ()


def test_a_circle_of_extends_is_told_with_its_way(tmp_path: Path) -> None:
    """
    Definitions that extend each other are refused, and the whole circle is named.
    """
    for identity, parent in (("a", "b"), ("b", "c"), ("c", "a")):
        write(
            tmp_path,
            f"{identity}@1.0.0",
            CHILD.format(id=identity, parent=f"{parent}@1.0.0"),
        )
    registry = Registry.open(tmp_path)

    with pytest.raises(InputError, match=r"b@1\.0\.0 → c@1\.0\.0 → a@1\.0\.0 → b@1\.0\.0"):
        registry["a@1.0.0"]
    assert len(registry.problems()) >= 3


def test_an_unknown_parent_is_told_at_the_child(tmp_path: Path) -> None:
    """
    A parent that is not there is told at `extends`, with the nearest ref; a bad parent with its own problems.
    """
    write(tmp_path, "base@1.0.0", "kind: mql-definition/v1\nid: base\nversion: 1.0.0\na: [\n")
    write(tmp_path, "x@1.0.0", "kind: mql-definition/v1\nid: x\nversion: 1.0.0\nextends: bas@1.0.0\n")
    write(tmp_path, "y@1.0.0", "kind: mql-definition/v1\nid: y\nversion: 1.0.0\nextends: base@1.0.0\n")
    registry = Registry.open(tmp_path)

    with pytest.raises(InputError) as unknown:
        registry["x@1.0.0"]
    with pytest.raises(InputError) as bad:
        registry["y@1.0.0"]

    assert unknown.value.problem.place.line == 4 and "base@1.0.0" in (unknown.value.problem.hint or "")
    assert [problem.code for problem in bad.value.problems] == ["BadParent", "InvalidYaml"]


def test_the_name_of_a_file_is_its_ref(tmp_path: Path) -> None:
    """
    A file whose name says another id or version than its text is refused, and one that says nothing is told.
    """
    write(tmp_path, "a@1.0.0", SIMPLE.format(id="b", version="1.1.0"))
    write(tmp_path, "c@1.0.0", name="stray.yaml")
    write(tmp_path, "d@1.0.0", "version: [1]\n", name="nameless.yaml")
    registry = Registry.open(tmp_path)

    with pytest.raises(InputError) as caught:
        registry["a@1.0.0"]

    assert [problem.place.path for problem in caught.value.problems] == ["id", "version"]
    assert [problem.code for problem in registry.problems()] == ["FileName"] * 4
    assert "Call it c@1.0.0.yaml." in {problem.hint for problem in registry.problems()}


def test_two_files_of_one_version_are_told(tmp_path: Path) -> None:
    """
    An (id, version) stands in one file only.
    """
    write(tmp_path, "a@1.0.0")
    write(tmp_path, "a@1.0.0", name="a@1.0.0.yml")
    write(tmp_path, "a@1.0.0", name="copy.yaml")

    codes = [problem.code for problem in Registry.open(tmp_path).problems()]

    assert codes == ["DuplicateDefinition", "DuplicateDefinition"]


def test_locks_are_checked_with_the_folder(tmp_path: Path) -> None:
    """
    A locked file that was edited is among the problems of its folder; a damaged lock is told too.
    """
    path = write(tmp_path, "a@1.0.0")
    write_lock(tmp_path / "definitions.lock", with_definition(Lock(), Registry.open(tmp_path)["a@1.0.0"]))

    assert Registry.open(tmp_path).problems() == ()
    path.write_text(path.read_text().replace("'true'", "'false'"))
    assert [problem.code for problem in Registry.open(tmp_path).problems()] == ["LockedDefinition"]
    (tmp_path / "definitions.lock").write_text("{")
    assert [problem.code for problem in Registry.open(tmp_path).problems()] == ["DamagedLock"]


def test_the_shipped_definitions_are_sound(root: Path) -> None:
    """
    Every definition that ships loads without a problem.
    """
    registry = Registry.open(root / "definitions")

    assert registry.problems() == ()
    assert {"bant-weighted", "fit-x-engagement", "intent-fast-track", "logit-propensity"} <= {
        ref.partition("@")[0] for ref in registry
    }
