"""Lead files: what is read, and what is refused with file, line and path."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.definitions.lead_file import read_lead_file, read_leads
from mqlab.errors import InputError
from mqlab.leads.records import Event, FieldChange, History, Lead

WHOLE = """{
  "lead_id": "Lead-7", "created_at": "2026-07-01T10:00:00+02:00", "source": " Paid Search ", "account_key": "ACME",
  "email_domain": "Acme.com", "assigned_at": "2026-07-02T00:00:00Z", "row_is": "current",
  "known_at": "2026-07-01T09:00:00Z", "recycled_at": ["2026-08-02T00:00:00Z", "2026-08-01T00:00:00Z"],
  "fields": {"employees": 420, "title": "VP, Straße", "opted": true, "region": null, "note": " "},
  "field_changes": [
    {"field": "employees", "value": "500", "changed_at": "2026-07-05T00:00:00Z", "known_at": "2026-07-06T00:00:00Z"},
    {"field": "title", "value": null, "changed_at": "2026-07-07T00:00:00Z"}
  ],
  "events": [
    {"event_id": "e1", "source": "Web", "name": "page_view", "occurred_at": "2026-07-03T00:00:00.000001Z",
     "known_at": "2026-07-04T00:00:00Z", "version": 2, "props": {"path": "/Pricing", "secs": 1.5}},
    {"name": "webinar", "occurred_at": "2026-07-03T00:00:00Z"}
  ]
}"""


def at(month: int, day: int, *more: int) -> datetime:
    """An instant of 2026."""
    return datetime(2026, month, day, *more, tzinfo=UTC)


def test_a_whole_lead() -> None:
    """Every key is read; text is normalised, ids keep their case, instants are UTC, known_at may be left out."""
    (found,) = read_leads(WHOLE, file="lead.json")

    assert found == History(
        Lead(
            "Lead-7",
            at(7, 1, 8),
            source="paid search",
            account_key="acme",
            email_domain="acme.com",
            fields={"employees": 420.0, "title": "vp, strasse", "opted": True, "region": None, "note": None},
            row_is="current",
            assigned_at=at(7, 2),
            known_at=at(7, 1, 9),
        ),
        events=(
            Event("page_view", at(7, 3, 0, 0, 0, 1), at(7, 4), "e1", "web", {"path": "/pricing", "secs": 1.5}, 2),
            Event("webinar", at(7, 3), at(7, 3)),
        ),
        field_changes=(
            FieldChange("employees", "500", at(7, 5), at(7, 6)),
            FieldChange("title", None, at(7, 7), at(7, 7)),
        ),
        recycled_at=(at(8, 1), at(8, 2)),
    )


A, B = ('{"lead_id": "%s", "created_at": "2026-07-01T00:00:00Z"}' % name for name in "ab")  # noqa: UP031


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"[{A}, {B}]", id="list"),
        pytest.param(f"\n[\n{A}\n,\n{B}\n]\n", id="list over lines"),
        pytest.param(f"{A}\n{B}\n", id="one a line"),
        pytest.param(f"{A}\r\n\r\n{B}", id="blank line and CRLF"),
        pytest.param(f"\ufeff{A}\n{B}", id="byte order mark"),
    ],
)
def test_forms_of_the_file(tmp_path: Path, text: str) -> None:
    """One object, a list or one object a line, in the order of the file."""
    (tmp_path / "leads.json").write_bytes(text.encode())

    assert [one.lead.lead_id for one in read_lead_file(tmp_path / "leads.json")] == ["a", "b"]


def test_null_tokens_are_missing() -> None:
    """The lab's null tokens become nothing where they are given."""
    text = A[:-1] + ', "source": "N/A", "fields": {"title": "unknown"}}'

    (kept,), (dropped,) = read_leads(text, file="f"), read_leads(text, file="f", null_tokens=("n/a", "unknown"))

    assert (kept.lead.source, kept.lead.fields["title"]) == ("n/a", "unknown")
    assert (dropped.lead.source, dropped.lead.fields["title"]) == (None, None)


def test_a_date_starts_the_day_where_a_zone_is_given() -> None:
    """A date-only created_at is the start of its local day, and refused where no zone is known."""
    text = '{"lead_id": "a", "created_at": "2026-07-01"}'

    (found,) = read_leads(text, file="f", timezone=ZoneInfo("Europe/Berlin"))

    assert found.lead.created_at == at(6, 30, 22)
    with pytest.raises(InputError, match="no time zone"):
        read_leads(text, file="f")


def test_source_may_stand_among_the_fields() -> None:
    """`source` is a key of the lead; among the fields it is taken too, unless the two disagree."""
    (found,) = read_leads(A[:-1] + ', "fields": {"source": "Ads"}}', file="f")

    assert (found.lead.source, found.lead.fields) == ("ads", {})
    with pytest.raises(InputError, match="says otherwise"):
        read_leads(A[:-1] + ', "source": "web", "fields": {"source": "Ads"}}', file="f")


EVENT = '"events": [{"name": "view", "occurred_at": "2026-07-01T00:00:00Z"}, {"name": "view", %s}]'
BAD = [
    pytest.param(
        '"createdat": 1', "Unknown key 'createdat'. Did you mean 'created_at'?", "createdat", id="unknown key"
    ),
    pytest.param('"lead_id": "b"', "The key 'lead_id' stands here twice.", None, id="key twice"),
    pytest.param('"assigned_at": "2026-07-01T00:00:00"', "has no time zone", "assigned_at", id="naive"),
    pytest.param('"assigned_at": 1751328000', "is no instant", "assigned_at", id="number as instant"),
    pytest.param('"assigned_at": "yesterday"', "is no instant", "assigned_at", id="words as instant"),
    pytest.param('"assigned_at": "0001-01-01T00:00:00+14:00"', "is no instant", "assigned_at", id="before year one"),
    pytest.param('"fields": {"n": NaN}', "not finite", "fields.n", id="NaN"),
    pytest.param('"fields": {"n": 1e400}', "not finite", "fields.n", id="1e400"),
    pytest.param('"fields": {"n": -Infinity}', "not finite", "fields.n", id="infinity"),
    pytest.param(f'"fields": {{"n": {"9" * 5000}}}', "not finite", "fields.n", id="five thousand digits"),
    pytest.param('"fields": {"n": [1]}', "Text is needed here, not a list", "fields.n", id="list as value"),
    pytest.param('"fields": {"n": {"m": 1}}', "Text is needed here, not an object", "fields.n", id="object as value"),
    pytest.param('"fields": [1]', "An object is needed here, not a list", "fields", id="list of fields"),
    pytest.param('"fields": {"n": "a\\u0000"}', "cannot be stored", "fields.n", id="NUL"),
    pytest.param('"fields": {"n": "\\ud800"}', "cannot be stored", "fields.n", id="half a character"),
    pytest.param('"source": 4', "Text is needed here, not 4.0", "source", id="number as source"),
    pytest.param('"row_is": "latest"', "neither 'initial' nor 'current'", "row_is", id="row_is"),
    pytest.param('"events": {}', "A list is needed here, not an object", "events", id="object of events"),
    pytest.param('"events": ["view"]', "An object is needed here, not 'view'", "events[0]", id="event as text"),
    pytest.param(
        EVENT % '"known_at": "2026-07-01T00:00:00Z"', "'occurred_at' is missing", "events[1]", id="no instant"
    ),
    pytest.param(
        EVENT % '"occurred_at": "2026-07-01T00:00:00Z", "version": 1.5',
        "whole number",
        "events[1].version",
        id="version",
    ),
    pytest.param(
        EVENT % '"occurred_at": "2026-07-01T00:00:00Z", "prop": {}', "'props'", "events[1].prop", id="key of an event"
    ),
    pytest.param('"events": [{"occurred_at": "2026-07-01T00:00:00Z"}]', "'name' is missing", "events[0]", id="no name"),
    pytest.param(
        '"field_changes": [{"field": "n", "value": 1}]', "'changed_at' is missing", "field_changes[0]", id="change"
    ),
    pytest.param('"recycled_at": ["soon"]', "is no instant", "recycled_at[0]", id="recycled"),
]


@pytest.mark.parametrize(("more", "message", "path"), BAD)
def test_what_is_refused(more: str, message: str, path: str | None) -> None:
    """Each fault is told with its file, line and path, on whichever line the lead stands."""
    bad = A[:-1] + f", {more}}}"

    for text, line, index in ((f"\n{bad}", 2, ""), (f"{B}\n\n{bad}", 3, ""), (f"[{B},\n{bad}]", 2, "[1]")):
        with pytest.raises(InputError) as raised:
            read_leads(text, file="leads.json")
        problem = raised.value.problem
        assert message in str(problem)
        assert (problem.place.file, problem.place.line) == ("leads.json", line)
        assert problem.place.path == (".".join(part for part in (index, path) if part) or None)


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        pytest.param("", "holds no lead", None, id="empty"),
        pytest.param("[]", "holds no lead", None, id="empty list"),
        pytest.param("[] []", "after the list", 1, id="two lists"),
        pytest.param(f"{A}\n{{", "not JSON", 2, id="cut off"),
        pytest.param(f"[{A}\n", "comma or ']'", 2, id="list cut off"),
        pytest.param(f"[{A},\n]", "not JSON", 2, id="comma at the end"),
        pytest.param(f"[{A}\n{B}]", "comma or ']'", 2, id="no comma"),
        pytest.param("lead_id,created_at\n", "not JSON", 1, id="CSV"),
        pytest.param("[" * 100_000, "not JSON|nested too deeply", 1, id="nested"),
        pytest.param('{"lead_id": "a"}', "'created_at' is missing", 1, id="no creation"),
        pytest.param('{"created_at": "2026-07-01T00:00:00Z"}', "'lead_id' is missing", 1, id="no id"),
        pytest.param(
            '{"lead_id": " ", "created_at": "2026-07-01T00:00:00Z"}', "'lead_id' is missing", 1, id="blank id"
        ),
        pytest.param(f"{A}\n{B}\n{A}", "'a' stands here twice; its first line is 1", 3, id="lead twice"),
        pytest.param("7", "An object is needed here, not 7.0", 1, id="number"),
    ],
)
def test_what_is_no_lead_file(text: str, message: str, line: int | None) -> None:
    """A file that holds no leads says so and where."""
    with pytest.raises(InputError, match=message) as raised:
        read_leads(text, file="leads.json")

    assert raised.value.problem.place.line == line


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """A file that is absent, a folder, or not UTF-8 is an InputError, never a traceback."""
    (tmp_path / "latin.json").write_bytes('{"lead_id": "Müller"}'.encode("latin-1"))

    for name, message in (("absent.json", "cannot be read"), (".", "cannot be read"), ("latin.json", "not UTF-8")):
        with pytest.raises(InputError, match=message):
            read_lead_file(tmp_path / name)


def test_a_number_is_an_id() -> None:
    """Ids that are whole numbers stand for their digits."""
    (found,) = read_leads('{"lead_id": 17, "created_at": "2026-07-01T00:00:00Z"}', file="f")

    assert found.lead.lead_id == "17"


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)
KEYS = ("lead_id", "created_at", "fields", "events", "field_changes", "row_is", "known_at", "recycled_at", "source")


@given(lead=st.dictionaries(st.sampled_from(KEYS), JSON, max_size=6), tail=st.text(max_size=4))
def test_no_input_gives_a_traceback(lead: dict[str, object], tail: str) -> None:
    """Whatever JSON stands in a lead file, it is read or refused with an InputError."""
    text = json.dumps({"lead_id": "a", "created_at": "2026-07-01T00:00:00Z", **lead}) + tail
    with contextlib.suppress(InputError):
        assert all(isinstance(one, History) for one in read_leads(text, file="f"))


def test_names_that_differ_in_case_alone_are_one_name() -> None:
    """Two spellings of one field or property would overwrite each other, so they are refused."""
    head = '{"lead_id": "a", "created_at": "2026-07-01T00:00:00Z", '
    event = '"events": [{"name": "view", "occurred_at": "2026-07-01T00:00:00Z", "props": {"p": 1, "P": 2}}]}'

    for text in (head + '"fields": {"Size": 1, "size": 2}}', head + event):
        with pytest.raises(InputError, match="are the same name: its case does not count") as caught:
            read_leads(text, file="leads.json")
        assert caught.value.problem.code == "DuplicateKey"


def test_a_source_among_the_fields_is_the_source() -> None:
    """However it is spelled, the lead's source may stand among its fields."""
    text = '{"lead_id": "a", "created_at": "2026-07-01T00:00:00Z", "fields": {"Source": "Ads"}}'

    (found,) = read_leads(text, file="leads.json")

    assert (found.lead.source, dict(found.lead.fields)) == ("ads", {})
