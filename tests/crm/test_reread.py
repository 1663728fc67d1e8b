"""A quarantined row read again: the mapping it came with is the one it is read with."""

from __future__ import annotations

import pytest

from mqlab.crm.email import hashed_owner, masked, masked_owner, read_email
from mqlab.crm.mapping import PRESETS, load_preset
from mqlab.crm.quarantine import BadRow, Finding, Hidden, Reason
from mqlab.crm.reread import mapping_of
from tests.crm.conftest import Desk


@pytest.mark.parametrize("name", PRESETS)
def test_a_mapping_is_kept_whole(name: str):
    """What the ledger keeps of a preset reads the same rows again."""
    preset = load_preset(name)

    assert mapping_of(preset.model_dump_json()) == preset


def test_a_mapping_of_another_version_is_none():
    """A text that this version cannot read is no mapping, and no error."""
    assert mapping_of('{"kind": "crm-preset/v0", "id": "x"}') is None


@pytest.mark.parametrize("rep", ["Grace Hopper", "grace@navy.example", "  GRACE@Navy.example "])
def test_a_masked_rep_is_the_same_rep(rep: str):
    """By name or by address, masking and reading back gives the rep's own hash."""
    assert hashed_owner(masked_owner(rep)) == hashed_owner(rep)
    if read_email(rep):
        assert hashed_owner(masked(rep)) == hashed_owner(rep)


HIDDEN = Hidden(names=frozenset({"first_name"}), owners=frozenset({"owner"}), there=True)


@pytest.mark.parametrize(
    ("raw", "reason", "shown"),
    [
        pytest.param({"First Name": "Ada", "x": "1"}, Reason.NOT_A_DATE, {"First Name": "***", "x": "1"}, id="column"),
        pytest.param({"f": {"first_name": "Ada"}}, Reason.NOT_A_DATE, {"f": {"first_name": "***"}}, id="nested"),
        pytest.param({"f": [{"first_name": "Ada"}]}, Reason.NOT_A_DATE, {"f": [{"first_name": "***"}]}, id="in a list"),
        pytest.param({"first_name": ""}, Reason.NOT_A_DATE, {"first_name": ""}, id="nothing"),
        pytest.param({"a": "Ada", "": ["b"]}, Reason.RAGGED_ROW, {"a": "***", "": "***"}, id="ragged"),
        pytest.param('L1,"Ada', Reason.BROKEN_QUOTES, "***", id="a line"),
    ],
)
def test_what_is_personal_is_not_kept(raw: object, reason: Reason, shown: object):
    """Personal values are masked; where the cells cannot be told apart all of them are."""
    assert HIDDEN.row(BadRow(2, raw, Finding(reason, ""))) == shown


def test_a_rep_is_kept_as_a_hash():
    """The rep of a bad row can still be read once it is fixed."""
    kept = HIDDEN.row(BadRow(2, {"owner": "Grace Hopper"}, Finding(Reason.NOT_A_DATE, "")))

    assert hashed_owner(kept["owner"]) == hashed_owner("grace hopper")


def test_bad_rows_that_are_kept_alike_are_kept_each(desk: Desk):
    """Two ragged rows of a file with names differ in what was masked, and are two rows."""
    counts = desk.take("leads", "lead_id,created_at,first_name\nL1,2026-07-01\nL2,2026-07-01\n")

    assert (counts.quarantined, [row.raw for row in desk.ledger.quarantine.list()]) == (
        2,
        [{"lead_id": "***", "created_at": "***"}] * 2,
    )


def test_personal_names_are_nowhere_stored(desk: Desk):
    """Personal columns of leads and events, personal keys of their objects, and changes of personal fields."""
    desk.take("leads", "lead_id,created_at,first_name,size\nL1,2026-07-01,Adalbert,3\n")
    row = '{"lead_id": "L2", "created_at": "2026-07-01", "fields": {"first_name": "Adalbert", "size": 3}}\n'
    desk.take("leads", row, name="x.jsonl")
    desk.take("events", "lead_id,name,occurred_at,first_name,path\nL1,visit,2026-07-02T00:00:00Z,Adalbert,/p\n")
    changes = "lead_id,field,value,changed_at\nL1,First Name,Adalbert,2026-07-02T00:00:00Z\n"
    counts = desk.take("field-changes", changes)

    stored = b"".join(path.read_bytes() for path in desk.folder.glob("ledger.sqlite*"))
    assert b"adalbert" not in stored.lower()
    assert (counts.read, counts.blank) == (0, 1)
    assert [row["props"] for row in desk.facts().events.to_pylist()] == ['{"path":"/p"}']
