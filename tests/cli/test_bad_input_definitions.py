"""Definition files that cannot be used: each told with file, line, what and what next, and nothing else is touched."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.runner import mqlab
from tests.cli.small_lab import POINTS

LAUGHS = "kind: mql-definition/v1\nid: bad\nversion: 1.0.0\n" + "\n".join(
    ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
)
NESTED = "kind: mql-definition/v1\nid: bad\nversion: 1.0.0\nfields: " + "{a: " * 2_500_000


def edited(*changes: tuple[str, str]) -> str:
    """The good definition as `bad@1.0.0`, with texts replaced; each must stand in it."""
    text = POINTS.replace("id: points\n", "id: bad\n")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


CASES = {
    "unknown key": (edited(("owner:", "ownr:")), "UnknownKey", 5, "Did you mean 'owner'?"),
    "unknown field": (edited(("field: employees", "field: employes")), "UnknownField", 15, "Did you mean 'employees'?"),
    "type mismatch": (edited(("points >= 50", "points >= 'a'")), "TypeMismatch", 17, "number"),
    "version as a number": (edited(("version: 1.0.0", "version: 1.10")), "InvalidValue", 3, "1.10.0"),
    "tabs": (edited(("  employees:", "\temployees:")), "TabIndent", 7, "Indent with spaces"),
    "empty file": ("", "EmptyFile", 1, "empty"),
    "only a comment": ("# nothing\n", "EmptyFile", 1, "empty"),
    "10 MB of nested YAML": (NESTED, "TooLarge", None, "larger than 1 MB"),
    "deeply nested YAML": (NESTED[:900_000], None, None, ""),
    "billion laughs": (LAUGHS, "UnsupportedYaml", 4, "Anchors"),
    "attribute access": (edited(("points >= 50", "points.__class__ >= 50")), "NotAllowed", 17, "Attribute access"),
    "forbidden call": (edited(("points >= 50", "open('x') >= 50")), "NotAllowed", 17, "open"),
    "could rise between candidates": (
        edited(("max_count: 3, within: 30d", "decay: {half_life: 7d}"), ("points >= 50", "not points >= 50")),
        "CouldRise", 17, "decay",
    ),
    "duplicate rule id": (edited(("id: size", "id: pricing")), "DuplicateId", 16, "twice"),
    "Latin-1": (edited().encode().replace(b"growth", b"gr\xf6wth"), "BadEncoding", 5, "UTF-8"),
    "NUL byte": (edited(("owner: growth", "owner: gro\x00wth")), "InvalidYaml", 5, "NUL"),
    "number too large": (edited(("50, 10]", "50, " + "9" * 400 + "]")), "TypeMismatch", 15, "finite"),
    "not a number": (edited(("50, 10]", "50, .nan]")), "TypeMismatch", 15, "finite"),
    "a list": ("- a\n- b\n", "NotAMapping", 1, "keys with values"),
    "just text": ("just text\n", "NotAMapping", 1, "keys with values"),
    "key twice": (edited(("owner: growth", "owner: growth\nowner: sales")), "DuplicateKey", 6, "twice"),
    "unknown kind": (edited(("definition/v1", "definition/v9")), "WrongKind", 1, "mql-definition/v1"),
    "endless parentheses": (edited(("points >= 50", "(" * 5000 + "1" + ")" * 5000)), "TooLong", 17, "longer"),
}  # fmt: skip
Content = str | bytes


def write(path: Path, content: Content) -> None:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize(
    ("content", "code", "line", "said"), [pytest.param(*case, id=name) for name, case in CASES.items()]
)
def test_a_bad_file_is_told_with_its_place(
    draft_lab: Path, content: Content, code: str | None, line: int | None, said: str
):
    """A definition that cannot be used ends with exit 2 and one message: file, line, what, and what would be right."""
    path = draft_lab / "definitions" / "bad@1.0.0.yaml"
    write(path, content)

    done = mqlab("definitions", "describe", "bad@1.0.0", lab=draft_lab)

    where = str(path) if line is None else f"{path}:{line}"
    assert (done.code, done.out) == (2, "")
    assert where in done.err
    assert said in done.err
    assert code is None or f"({code})" in done.err


def test_check_tells_every_bad_file_and_the_good_ones_go_on(draft_lab: Path):
    """`check` reports each bad file once, in one run, with exit 1; the good definitions can still be used."""
    files = {}
    for number, (content, code, line, _) in enumerate(CASES.values()):
        path = draft_lab / "definitions" / f"bad@1.0.{number}.yaml"
        write(path, content)
        files[str(path)] = (code, line)

    done = mqlab("check", "--format", "json", lab=draft_lab)
    listed = mqlab("definitions", "list", "--format", "json", lab=draft_lab)
    good = mqlab("definitions", "describe", "points@1.0.0", lab=draft_lab)

    told = {row["file"]: row for row in reversed(done.json) if row["severity"] == "error"}
    assert done.code == 1
    assert set(files) <= set(told)
    assert {"points@1.0.0", "points@1.1.0"} == {row["definition"] for row in listed.json if row["problem"] is None}
    assert (good.code, listed.code) == (0, 0)
    assert not (draft_lab / ".mqlab").exists()


def test_what_no_lead_can_pass_is_an_error_of_check(draft_lab: Path):
    """A threshold out of reach fails `check` and `lint` with the line, and the range that is in reach."""
    path = draft_lab / "definitions" / "bad@1.0.0.yaml"
    write(path, edited(("points >= 50", "points >= 90")))

    for command in (["check"], ["definitions", "lint", "bad@1.0.0"]):
        done = mqlab(*command, "--format", "json", lab=draft_lab)
        row = next(row for row in done.json if row["code"] == "ThresholdOutOfReach")

        assert done.code == 1
        assert (row["line"], row["severity"], row["hint"]) == (17, "error", "The score points lies between 0 and 70.")


def test_norway_stays_norway(draft_lab: Path):
    """`country: NO` is the text NO, not a truth value: the definition loads and says so."""
    text = edited(("{type: number}", "{type: number}\n  country: {type: enum, values: [NO, SE]}"))
    write(draft_lab / "definitions" / "bad@1.0.0.yaml", text.replace("points >= 50", "country == 'NO'"))

    lead = draft_lab / "lead.json"
    lead.write_text('{"lead_id": "a", "created_at": "2026-01-01T00:00:00Z", "fields": {"country": "NO"}}')

    done = mqlab("definitions", "score", "bad", "--lead", lead, "--at", "2026-02-01", "--format", "json", lab=draft_lab)

    assert [row["verdict"] for row in done.json] == ["mql"]


def test_one_version_lives_in_one_file(draft_lab: Path):
    """Two files that hold the same id and version are told; the rightly named one stays usable."""
    copy = draft_lab / "definitions" / "other.yaml"
    shutil.copy(draft_lab / "definitions" / "points@1.0.0.yaml", copy)

    done = mqlab("check", "--format", "json", lab=draft_lab)

    row = next(row for row in done.json if row["file"] == str(copy))
    assert (done.code, row["code"]) == (1, "DuplicateDefinition")
    assert mqlab("definitions", "show", "points@1.0.0", lab=draft_lab).code == 0


def test_a_locked_definition_may_not_change_its_meaning(draft_lab: Path):
    """After `lock` an edit of the rule is refused by check, lock, and start; taking it back heals; the lock stays."""
    assert mqlab("definitions", "lock", lab=draft_lab).code == 0
    lock = (draft_lab / "definitions" / "definitions.lock").read_bytes()
    path = draft_lab / "definitions" / "points@1.0.0.yaml"
    before = path.read_text()

    path.write_text(before.replace("points >= 50", "points >= 40"))
    check = mqlab("check", "--format", "json", lab=draft_lab)
    again = mqlab("definitions", "lock", lab=draft_lab)
    start = mqlab("experiments", "start", "demo-requests", "--by", "Ada", lab=draft_lab)

    assert check.code == 1
    assert "LockedDefinition" in {row["code"] for row in check.json}
    assert (again.code, start.code) == (2, 2)
    assert "new version" in again.err
    assert lock == (draft_lab / "definitions" / "definitions.lock").read_bytes()
    path.write_text(before)
    assert mqlab("check", lab=draft_lab).code == 0


def test_deleting_the_lock_file_unlocks_nothing(draft_lab: Path):
    """The ledger remembers what was locked: without `definitions.lock` an edit is found all the same."""
    mqlab("definitions", "lock", lab=draft_lab)
    (draft_lab / "definitions" / "definitions.lock").unlink()
    path = draft_lab / "definitions" / "points@1.0.0.yaml"
    path.write_text(path.read_text().replace("points >= 50", "points >= 40"))

    check = mqlab("check", "--format", "json", lab=draft_lab)
    again = mqlab("definitions", "lock", "points@1.0.0", lab=draft_lab)

    assert (check.code, again.code) == (1, 2)
    assert any(row["code"] == "LockedDefinition" and row["file"] == str(path) for row in check.json)
    assert not (draft_lab / "definitions" / "definitions.lock").exists()


def test_a_cosmetic_edit_of_a_locked_definition_is_free(draft_lab: Path):
    """A new title or another order of keys changes no meaning and breaks no lock."""
    mqlab("definitions", "lock", lab=draft_lab)
    path = draft_lab / "definitions" / "points@1.0.0.yaml"
    path.write_text(path.read_text().replace("title: Points for size and pricing visits", 'title: "Better words"'))

    assert mqlab("check", lab=draft_lab).code == 0
