"""A quarantined row read again: the mapping it came with is the one it is read with."""

from __future__ import annotations

import pytest

from mqlab.crm.email import hashed_owner, masked, masked_owner, read_email
from mqlab.crm.mapping import PRESETS, load_preset
from mqlab.crm.quarantine import BadRow, Finding, Hidden, Reason, mask_text
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


def test_a_huge_word_beside_an_address_is_no_obstacle():
    """Masking takes time that grows with the text, not with its square."""
    huge = "x" * 300_000

    assert mask_text(f"{huge} <ada@x.example>") == f"{huge} <{masked('ada@x.example')}>"


GRACE = masked("grace@navy.example")


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        pytest.param({"e_mail": "Grace Hopper <grace@navy.example>"}, {"e_mail": GRACE}, id="a name beside"),
        pytest.param({"e_mail": "Grace Hopper"}, {"e_mail": masked("")}, id="no address"),
        pytest.param({"e_mail": "Hopper grace@navy.example; none"}, {"e_mail": GRACE}, id="words beside"),
        pytest.param({"e_mail": "n/a"}, {"e_mail": "n/a"}, id="nothing"),
        pytest.param({"cc": '"Hopper, Grace" <grace@navy.example>'}, {"cc": GRACE}, id="another column"),
        pytest.param({"to": [{"value": "Grace <grace@navy.example>"}]}, {"to": [{"value": GRACE}]}, id="nested"),
        pytest.param("L1,Grace Hopper <grace@navy.example>,x", f"L1,<{GRACE}>,x", id="a line"),
        pytest.param('L1,"Hopper, Grace" <grace@navy.example>', f"L1,<{GRACE}>", id="a quoted name in a line"),
    ],
)
def test_a_name_beside_an_address_is_not_kept(raw: object, shown: object):
    """Of a column of addresses only the hashes remain; elsewhere the name before an address in brackets goes."""
    hidden = Hidden(addresses=frozenset({"e_mail"}))

    assert hidden.row(BadRow(2, raw, Finding(Reason.NOT_A_DATE, ""))) == shown


def test_a_name_beside_an_address_is_no_obstacle(desk: Desk):
    """`Name <address>` names the lead as the address does; neither a bad row nor the file's name tells who it is."""
    desk.take("leads", "lead_id,created_at,email\nL1,2026-07-01,grace@navy.example\n")
    rows = "kind,lead_id,occurred_at,email\n" + "".join(
        f"sql,,{day},Grace Hopper <grace@navy.example>\n" for day in ("2026-08-01", "someday")
    )
    counts = desk.take("outcomes", rows, name="from grace@navy.example.csv")

    assert (counts.new, counts.unmatched, counts.quarantined) == (1, 0, 1)
    bad = desk.ledger.quarantine.list()[0]
    assert (bad.raw["email"], bad.file) == (GRACE, f"from {GRACE}.csv")
    stored = b"".join(path.read_bytes() for path in desk.folder.glob("ledger.sqlite*")).lower()
    assert b"hopper" not in stored and b"grace@" not in stored


HISTORY = Hidden(fields=frozenset({"property"}), personal=frozenset({"first_name", "name"}))


@pytest.mark.parametrize(
    ("raw", "reason", "kept"),
    [
        pytest.param({"property": "First Name", "value": "Ada"}, Reason.UNKNOWN_KIND, False, id="a name"),
        pytest.param({"property": "email", "value": "Ada, at home"}, Reason.UNKNOWN_KIND, False, id="an address"),
        pytest.param({"property": "status", "value": "Name"}, Reason.UNKNOWN_KIND, True, id="another field"),
        pytest.param({"property": "L1", "value": "name", "": ["Ada"]}, Reason.RAGGED_ROW, False, id="ragged"),
        pytest.param({"property": "status", "value": "New", "": ["x"]}, Reason.RAGGED_ROW, True, id="ragged, another"),
    ],
)
def test_of_a_personal_field_nothing_is_kept(raw: dict[str, object], reason: Reason, kept: bool):
    """A row of a history that is about a name or an address keeps none of its cells."""
    shown = HISTORY.row(BadRow(2, raw, Finding(reason, "")))

    assert shown == (raw if kept else dict.fromkeys(raw, "***"))


HISTORIES = {
    "hubspot": "vid,property,value,timestamp\n"
    "51,firstname,Adalbert,never\n51,mobilephone,Adalbert,never\n51,jobtitle,CTO,never\n51,lastname,Adalbert,1,2,3\n",
    "salesforce": "LeadId,Field,OldValue,NewValue,CreatedDate\n"
    "00Q1,FirstName,Adalbert,Adalbert,never\n00Q1,Email,Adalbert,Adalbert,never\n00Q1,Title,CTO,CEO,never\n"
    "00Q1,Last Name,Adalbert,Adalbert\n",
}


@pytest.mark.parametrize("preset", HISTORIES)
def test_a_history_that_cannot_be_read_tells_no_name(desk: Desk, preset: str):
    """Whatever else is wrong with a change of a personal field, it states nothing; a ragged row is masked whole."""
    counts = desk.take("field-changes", HISTORIES[preset], preset=preset)
    desk.take("outcomes", HISTORIES[preset], preset=preset)

    stored = b"".join(path.read_bytes() for path in desk.folder.glob("ledger.sqlite*"))
    assert b"adalbert" not in stored.lower()
    assert (counts.read, counts.quarantined, counts.blank) == (2, 2, 2)


def test_a_webhook_that_cannot_be_read_tells_no_name(desk: Desk):
    """Events of HubSpot that tell a name with a broken instant."""
    event = '{"subscriptionType": "contact.propertyChange", "objectId": 51, "occurredAt": "never", "propertyName": '
    lines = [f'{event}"firstname", "propertyValue": "Adalbert"}}\n', f'{event}"industry", "propertyValue": "IT"}}\n']
    counts = desk.take("field-changes", "".join(lines), name="x.jsonl", preset="hubspot")

    stored = b"".join(path.read_bytes() for path in desk.folder.glob("ledger.sqlite*"))
    assert b"adalbert" not in stored.lower()
    assert [row.raw["propertyName"] for row in desk.ledger.quarantine.list()] == ["industry"]
    assert counts.blank == 1


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
