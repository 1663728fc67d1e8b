"""The lock: what it keeps, what it refuses, and that it is written whole or not at all."""

from __future__ import annotations

import json
import resource
import signal
from pathlib import Path

import pytest

from mqlab.definitions.fingerprint import fingerprint
from mqlab.definitions.lock import Lock, problems, read_lock, with_definition, write_lock
from mqlab.definitions.registry import Registry
from mqlab.errors import InputError, RefusedError, UnreachableError
from tests.definitions.texts import RICH, load

REF = "everything@1.10.0"


def locked(folder: Path, text: str = RICH) -> tuple[Registry, Lock]:
    (folder / f"{REF}.yaml").write_text(text, encoding="utf-8")
    registry = Registry.open(folder)
    return registry, with_definition(Lock(file="definitions.lock"), registry[REF])


def edited(folder: Path, before: str, after: str) -> Registry:
    assert before in RICH
    (folder / f"{REF}.yaml").write_text(RICH.replace(before, after), encoding="utf-8")
    return Registry.open(folder)


def test_a_lock_is_read_as_it_was_written(tmp_path: Path) -> None:
    """
    Fingerprints and null tokens survive the file; refs are sorted and the file ends with a line.
    """
    _, lock = locked(tmp_path)
    lock = with_definition(lock, load(RICH.replace("id: everything", "id: another")))
    path = tmp_path / "definitions.lock"

    write_lock(path, lock)

    assert dict(read_lock(path).entries) == dict(lock.entries)
    text = path.read_text(encoding="utf-8")
    assert list(json.loads(text)["definitions"]) == ["another@1.10.0", REF] and text.endswith("}\n")
    assert list(tmp_path.glob(".*")) == []


def test_an_absent_lock_locks_nothing(tmp_path: Path) -> None:
    """
    Before the first lock there is no file, and that is fine.
    """
    assert dict(read_lock(tmp_path / "definitions.lock").entries) == {}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("{", id="cut off"),
        pytest.param("[]", id="list"),
        pytest.param('{"kind": "x", "definitions": {}}', id="other kind"),
        pytest.param('{"kind": "mql-definitions-lock/v1", "definitions": {"a@1.0.0": {}}}', id="entry without prints"),
        pytest.param('{"kind": "mql-definitions-lock/v1", "definitions": {}, "more": 1}', id="unknown key"),
        pytest.param("[" * 100_000, id="deep"),
        pytest.param("\xff", id="not UTF-8"),
    ],
)
def test_a_damaged_lock_is_told(tmp_path: Path, text: str) -> None:
    """
    A lock that was edited by hand or cut off is an InputError, never taken for an empty one.
    """
    path = tmp_path / "definitions.lock"
    path.write_bytes(text.encode("latin-1"))

    with pytest.raises(InputError) as caught:
        read_lock(path)

    assert caught.value.problem.code == "DamagedLock" and "version control" in (caught.value.problem.hint or "")


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        pytest.param("max: 60", "max: 61", "meaning changed", id="meaning"),
        pytest.param("track: sleeping", "track: asleep", "reporting changed", id="reporting"),
    ],
)
def test_a_changed_locked_version_is_a_problem(tmp_path: Path, before: str, after: str, what: str) -> None:
    """
    Changed meaning or reporting under a locked version is an error at its version, and cannot be locked again.
    """
    _, lock = locked(tmp_path)
    registry = edited(tmp_path, before, after)

    (problem,) = problems(registry, lock)

    assert problem.code == "LockedDefinition" and what in problem.message and problem.place.line == 3
    with pytest.raises(RefusedError, match=what):
        with_definition(lock, registry[REF])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("within: 90d", "within: 2160h", id="another way to write it"),
        pytest.param("owner: growth", "owner: revops", id="owner"),
        pytest.param("pii: true", "pii: false", id="pii"),
    ],
)
def test_cosmetics_and_metadata_may_change(tmp_path: Path, before: str, after: str) -> None:
    """
    What does not change meaning or reports may be edited, and locked again.
    """
    _, lock = locked(tmp_path)
    registry = edited(tmp_path, before, after)

    assert problems(registry, lock) == ()
    again = with_definition(lock, registry[REF])
    assert again.entries[REF].fingerprints == fingerprint(registry[REF])


def test_other_null_tokens_are_told_as_such(tmp_path: Path) -> None:
    """
    When the lab's null tokens change, the message says that, not that the file was edited.
    """
    _, lock = locked(tmp_path)

    (problem,) = problems(Registry.open(tmp_path, null_tokens=["leer"]), lock)

    assert "null tokens" in problem.message and "n/a" in problem.message


def test_a_locked_file_that_is_gone_or_broken_is_told(tmp_path: Path) -> None:
    """
    A locked definition cannot be deleted or broken unnoticed.
    """
    _, lock = locked(tmp_path)
    (tmp_path / f"{REF}.yaml").write_text("kind: [", encoding="utf-8")

    assert [problem.code for problem in problems(Registry.open(tmp_path), lock)] == ["InvalidYaml"]
    (tmp_path / f"{REF}.yaml").unlink()
    (gone,) = problems(Registry.open(tmp_path), lock)
    assert gone.code == "LockedDefinition" and "gone" in gone.message


def test_a_full_disk_leaves_the_old_lock(tmp_path: Path) -> None:
    """
    Where the disk is full nothing is half-written: the old lock stays, and no other file is left.
    """
    _, lock = locked(tmp_path)
    path = tmp_path / "definitions.lock"
    write_lock(path, lock)
    before = path.read_bytes()
    more = lock
    for number in range(10):
        more = with_definition(more, load(RICH.replace("id: everything", f"id: number-{number}")))

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, limits[1]))
    try:
        with pytest.raises(UnreachableError, match="cannot be written"):
            write_lock(path, more)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)

    assert path.read_bytes() == before and sorted(one.name for one in tmp_path.iterdir()) == [
        "definitions.lock",
        f"{REF}.yaml",
    ]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """
    A lock in a folder that is not there cannot be written, and says so.
    """
    _, lock = locked(tmp_path)

    with pytest.raises(UnreachableError, match="cannot be written"):
        write_lock(tmp_path / "nowhere" / "definitions.lock", lock)
    assert [one.name for one in tmp_path.iterdir()] == [f"{REF}.yaml"]


CHILD = "kind: mql-definition/v1\nid: {id}\nversion: 1.0.0\nextends: {parent}\n"


def family(folder: Path, *, keep_open: tuple[str, ...] = ()) -> Lock:
    """A lock of the big definition, its child and its grandchild, but for what is kept open."""
    (folder / f"{REF}.yaml").write_text(RICH, encoding="utf-8")
    (folder / "child@1.0.0.yaml").write_text(CHILD.format(id="child", parent=REF), encoding="utf-8")
    (folder / "grandchild@1.0.0.yaml").write_text(CHILD.format(id="grandchild", parent="child@1.0.0"), encoding="utf-8")
    registry = Registry.open(folder)
    lock = Lock(file="definitions.lock")
    for ref in registry.refs():
        lock = lock if ref in keep_open else with_definition(lock, registry[ref])
    return lock


def test_a_changed_parent_is_named_at_its_children(tmp_path: Path) -> None:
    """
    Where the root of a family was edited, its own problem says so, and every child's names the root as the cause.
    """
    lock = family(tmp_path)

    child, root, grandchild = problems(edited(tmp_path, "max: 60", "max: 61"), lock)

    assert root.message == f"{REF} is locked, and its meaning changed since (who is an MQL, when, and by which way)."
    assert (root.place.path, child.place.path, grandchild.place.path) == ("version", "extends", "extends")
    for problem in (child, grandchild):
        assert f"because {REF}, which it extends, changed" in problem.message
        assert REF in (problem.hint or "")


def test_a_child_s_own_change_is_its_own(tmp_path: Path) -> None:
    """
    The parent is not blamed for what stands in the child's file, nor for a change of another part.
    """
    lock = family(tmp_path)
    child = tmp_path / "child@1.0.0.yaml"
    child.write_text(child.read_text(encoding="utf-8") + "timezone: UTC\n", encoding="utf-8")

    found = {problem.place.file: problem.message for problem in problems(Registry.open(tmp_path), lock)}

    assert len(found) == 2 and "because" not in found[str(child)]
    assert "because child@1.0.0, which it extends" in found[str(tmp_path / "grandchild@1.0.0.yaml")]
    edited(tmp_path, "track: sleeping", "track: asleep")
    both = {problem.place.file: problem.message for problem in problems(Registry.open(tmp_path), lock)}
    assert "its reporting changed since (labels and nurture tracks)" in both[str(child)]
    assert "because" not in both[str(child)]


def test_a_parent_that_is_not_locked_may_be_the_cause(tmp_path: Path) -> None:
    """
    Without a fingerprint of the parent it cannot be told which file changed, and the hint says where to look.
    """
    lock = family(tmp_path, keep_open=(REF,))

    child, _ = problems(edited(tmp_path, "max: 60", "max: 61"), lock)

    assert "because" not in child.message
    assert f"It extends {REF}, not locked: the change may stand there." in (child.hint or "")
