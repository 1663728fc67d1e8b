"""Bad input: a file is refused with a clear message before its first row, or its bad rows are kept with a reason."""

from __future__ import annotations

import gzip
import io
import json
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mqlab.errors import InputError, ProblemsFound
from tests.crm.conftest import NOW, Desk

HEAD = "lead_id,kind,occurred_at,amount,currency\n"
GOOD = "L1,closed_won,2026-08-01T10:00:00Z,100,EUR\n"


@pytest.fixture
def known(desk: Desk) -> Desk:
    """A desk that knows one lead."""
    desk.take("leads", "lead_id,created_at\nL1,2026-07-01T00:00:00Z\n", name="leads.csv")
    return desk


@pytest.mark.parametrize(
    ("content", "name", "code", "said"),
    [
        pytest.param("", "x.csv", "EmptyFile", "empty", id="an empty file"),
        pytest.param("\n\n", "x.csv", "EmptyFile", "empty", id="only blank lines"),
        pytest.param(
            "lead,kind,occurred_at\nL1,sql,2026-08-01\n",
            "x.csv",
            "MissingColumn",
            "'lead_id' is missing.*Did you mean 'lead'",
            id="a missing column",
        ),
        pytest.param(
            "lead_id,kind,kind,occurred_at\n",
            "x.csv",
            "DuplicateColumn",
            "'kind' stands in the header twice",
            id="a column twice",
        ),
        pytest.param(
            HEAD.encode() + "Müller,sql,2026-08-01,,\n".encode("latin-1"),
            "x.csv",
            "BadEncoding",
            "x.csv:2.*encoding: latin-1",
            id="Latin-1 not stated",
        ),
        pytest.param(
            HEAD + 'L1,sql,"2026-08-01',
            "x.csv",
            "Truncated",
            "quoted cell that began in line 2",
            id="cut inside quotes",
        ),
        pytest.param(
            gzip.compress((HEAD + GOOD * 500).encode())[:-20], "x.csv.gz", "Truncated", "cut off", id="a cut gzip"
        ),
        pytest.param(b"no gzip at all", "x.csv.gz", "BadGzip", "not a gzip", id="no gzip"),
        pytest.param(b"PAR1 no parquet", "x.parquet", "BadParquet", "not a Parquet file", id="no Parquet"),
        pytest.param("lead_id\0,kind\n", "x.csv", "NotCsv", "NUL byte", id="NUL in the header"),
        pytest.param(
            HEAD.encode("utf-16-le"), "x.csv", "BadEncoding", "x.csv:1.*without a byte.*utf-16-le", id="UTF-16, no mark"
        ),
        pytest.param('{"lead_id": 1}'.encode("utf-16-le"), "x.jsonl", "BadEncoding", "utf-16-le", id="JSONL in UTF-16"),
        pytest.param('[{"lead_id": 1}]'.encode("utf-16-be"), "x.json", "BadEncoding", "utf-16-be", id="JSON in UTF-16"),
        pytest.param(
            f"größe,{HEAD}".encode("utf-16-be"), "x.csv", "BadEncoding", "encoding: utf-16-be", id="UTF-16-BE, no mark"
        ),
        pytest.param("anything", "x.xlsx", "UnknownFile", ".csv", id="an unknown kind of file"),
        pytest.param(
            "lead_id|kind;occurred_at\n",
            "x.csv",
            "AmbiguousSeparator",
            "semicolon or bar",
            id="two possible separators",
        ),
        pytest.param('{"lead": 1}\n', "x.jsonl", "MissingColumn", "lead_id", id="JSON without the key"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_whole(
    known: Desk, content: str | bytes, name: str, code: str, said: str
):
    """The message names the file, the line where there is one, what is wrong and what to do; nothing is written."""
    before = known.ledger.position()

    with pytest.raises(InputError, match="(?s)" + said) as refused:
        known.take("outcomes", content, name=name)

    assert code == refused.value.problem.code
    assert str(known.folder / name) == refused.value.problem.place.file
    assert (before, 1) == (known.ledger.position(), len(known.ledger.imports.list()))


def test_a_file_that_turns_bad_half_way_leaves_nothing(known: Desk):
    """Thousands of good rows before a byte that is no text: not one of them is in the ledger."""
    rows = "".join(f"L1,sql,2026-08-01T10:00:{second % 60:02d}.{second:06d}Z,,\n" for second in range(30_000))

    with pytest.raises(InputError) as refused:
        known.take("outcomes", (HEAD + rows).encode() + b"L1,sql,2026-08-01,\xff,\n")

    assert refused.value.problem.place.line == 30_002
    assert known.facts().outcomes.num_rows == 0


def test_an_address_that_names_nobody_is_told_as_what_it_is(known: Desk):
    """An address of our own, a word that is no address, and nothing at all are three reasons to name no lead."""
    rows = "".join(f",{email},sql,2026-08-01\n" for email in ("me@our.example", "call her", ""))
    counts = known.take("outcomes", "lead_id,email,kind,occurred_at\n" + rows, internal_domains=["our.example"])

    assert dict(counts.reasons) == {"internal_address": 1, "missing_lead": 2}
    assert [row.detail for row in reversed(known.ledger.quarantine.list())] == [
        "email is of [lab] internal_domains", "email holds no address", "lead_id is empty",
    ]  # fmt: skip


def test_a_planned_meeting_counts_from_its_day_on(known: Desk):
    """Meetings may lie ahead, and the day on which a task that is done is due; nothing else may, nor known_at."""
    counts = known.take(
        "outcomes",
        "lead_id,kind,occurred_at,known_at\nL1,meeting,2027-03-01T10:00:00Z,\nL1,meeting,2027-03-02,2026-11-30T10:00:00Z\n"
        "L1,touched,2027-03-01,\nL1,touched,2027-03-01T10:00:00Z,\nL1,sql,2026-12-02,\nL1,sql,2026-08-01,2027-08-01\n",
    )

    assert (counts.new, dict(counts.reasons)) == (4, {"in_the_future": 2})
    assert known.facts().outcomes.num_rows == 0
    later = known.facts(as_of=datetime(2027, 4, 1, tzinfo=UTC)).outcomes["kind"].to_pylist()
    assert sorted(later) == ["meeting", "meeting", "sql", "touched"]
    detail = known.ledger.quarantine.list()[0].detail
    assert detail == "known_at: 2027-07-31T22:00:00Z, read on 2026-12-01"


def test_outcomes_may_name_leads_by_address_alone(desk: Desk):
    """A file without ids of leads is taken where it has a column of addresses; a row without one is set aside."""
    desk.take("leads", "lead_id,created_at,email\nL1,2026-07-01T00:00:00Z,ada@example.com\n")
    rows = "kind,email,occurred_at,opportunity_id\nsql,ada@example.com,2026-08-01,\nsql,,2026-08-01,O1\n"
    counts = desk.take("outcomes", rows)

    assert (counts.new, dict(counts.reasons)) == (1, {"missing_lead": 1})
    assert desk.ledger.quarantine.list()[0].detail == "email is empty"


def test_what_a_file_has_is_told_once(desk: Desk):
    """Of a file read with another system's preset every missing column is named, its own columns once."""
    header = ",".join(f"strange{number}" for number in range(9))
    with pytest.raises(ProblemsFound) as found:
        desk.take("outcomes", f"{header}\n{header}\n", preset="salesforce")

    assert sum("The file has:" in str(problem) for problem in found.value.problems) == 1


def test_a_slip_in_a_restriction_is_told(desk: Desk):
    """A column that a condition of the lab's own mapping misspells is told with the table's name for it."""
    restrict = "kind: crm-preset/v1\nid: salesforce\nrestrict: {opportunity: \"tpye == 'New'\"}\n"
    header = "Id,CreatedDate,IsClosed,IsWon,CloseDate,StageName,Amount,SystemModstamp,IsDeleted,AccountId,Type\n"
    with pytest.raises(ProblemsFound, match=r"'tpye' is missing.*Did you mean 'type'"):
        desk.take("outcomes", header, preset="salesforce", mapping=restrict)


VERSIONED = {
    "leads": "lead_id,created_at,modified_at\nL9,2026-07-01,2062-10-15\n",
    "leads by known_at": "lead_id,created_at,known_at\nL9,2026-07-01,2062-10-15\n",
    "events": "lead_id,name,occurred_at,modified_at\nL1,visit,2026-07-01T10:00:00Z,2062-10-15\n",
    "field-changes": "lead_id,field,value,changed_at,known_at\nL1,size,7,2026-07-01T10:00:00Z,2062-10-15\n",
    "identity": "old_id,new_id,merged_at,known_at\nL9,L1,2026-07-01T10:00:00Z,2062-10-15\n",
    "outcomes": "lead_id,kind,occurred_at,modified_at\nL1,sql,2026-08-01,2062-10-15\n",
}


@pytest.mark.parametrize("name", VERSIONED)
def test_a_version_of_a_day_to_come_is_set_aside(known: Desk, name: str):
    """It would stand above every real correction until then."""
    counts = known.take(name.partition(" ")[0], VERSIONED[name])

    assert (counts.new, dict(counts.reasons)) == (0, {"in_the_future": 1})


DAY_TO_COME = datetime(2062, 10, 15, tzinfo=UTC)
TO_COME = {
    "leads": "lead_id,created_at,known_at\nL9,{},{}\n",
    "events": "lead_id,name,occurred_at,known_at\nL1,visit,{},{}\n",
    "field-changes": "lead_id,field,value,changed_at,known_at\nL1,size,7,{},{}\n",
    "identity": "old_id,new_id,merged_at,known_at\nL9,L1,{},{}\n",
}


@pytest.mark.parametrize("known_at", ["", "2026-11-30T00:00:00Z"])
@pytest.mark.parametrize("kind", TO_COME)
def test_what_happened_on_a_day_to_come_is_set_aside(known: Desk, kind: str, known_at: str):
    """A lead or an event of 2062 is a slip of the pen: kept with its reason, and released once that day has come."""
    counts = known.take(kind, TO_COME[kind].format("2062-10-15T00:00:00Z", known_at))
    tomorrow = known.take(kind, TO_COME[kind].format("2026-12-02T00:00:00Z", known_at).replace("L9", "L8"))

    assert (counts.new, dict(counts.reasons)) == (0, {"in_the_future": 1})
    assert known.ledger.quarantine.list()[0].detail.endswith("_at: 2062-10-15T00:00:00Z, read on 2026-12-01")
    assert (tomorrow.new, tomorrow.quarantined) == (1, 0)
    assert not known.take(kind, TO_COME[kind].format("2062-10-15T00:00:00Z", known_at), now=DAY_TO_COME).quarantined


def test_a_snapshot_of_a_day_to_come_is_refused(known: Desk):
    """A year typed wrong would keep the amounts of that file for ever; a day's leeway is given, as clocks differ."""
    row = "lead_id,kind,occurred_at,opportunity_id,amount,currency\nL1,closed_won,2026-08-01,O1,{},EUR\n"
    with pytest.raises(InputError, match="2062-10-15, and the file is read on 2026-12-01"):
        known.take("outcomes", row.format(10), snapshot_at=datetime(2062, 10, 15, tzinfo=UTC))
    known.take("outcomes", row.format(10), snapshot_at=NOW)
    assert known.take("outcomes", row.format(20), snapshot_at=NOW + timedelta(days=1)).corrected == 1


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        pytest.param("L1,sql,2026-08-01\n", "ragged_row", id="too few cells"),
        pytest.param("L1,sql,2026-08-01,,,,,\n", "ragged_row", id="too many cells"),
        pytest.param("L1,sql,2026-08-01,\0,\n", "nul_byte", id="a NUL byte"),
        pytest.param('L1,"sql"x,2026-08-01,,\n', "broken_quotes", id="text after a closing quote"),
        pytest.param("L1,sql," + "9" * 140_000 + ",,\n", "huge_cell", id="a huge cell"),
        pytest.param(
            "L1,sql," + "9" * 140_000 + ',,"two\nL1,sql,2026-08-01T09:00:00Z,,\nlines"\n', "huge_cell",
            id="a huge cell before one whose second line looks like a row",
        ),
        pytest.param("L1,sql," + "9" * 140_000 + ',,5"\n', "huge_cell", id="a huge cell before a stray quote"),
        pytest.param("L1,sql,01.08.2026,,\n", "unstated_format", id="a German date"),
        pytest.param("L1,sql,08/01/2026,,\n", "unstated_format", id="an American date"),
        pytest.param("L1,sql,2026-08-01 10:00:00,,\n", "no_timezone", id="a time without a zone"),
        pytest.param("L1,sql,2026-02-30,,\n", "not_a_date", id="30 February"),
        pytest.param("L1,sql,0001-01-01,,\n", "instant_out_of_range", id="the year 1"),
        pytest.param("L1,sql,9999-12-31T00:00:00Z,,\n", "instant_out_of_range", id="the year 9999"),
        pytest.param("L1,sql,2026-12-03,,\n", "in_the_future", id="a day to come"),
        pytest.param("L1,closed_won,2062-08-01T10:00:00Z,5,EUR\n", "in_the_future", id="two digits swapped"),
        pytest.param("L1,sql,,,\n", "missing_instant", id="no date"),
        pytest.param("L1,,2026-08-01,,\n", "unknown_kind", id="no kind"),
        pytest.param("L1,won,2026-08-01,,\n", "unknown_kind", id="an unknown kind"),
        pytest.param(",sql,2026-08-01,,\n", "missing_lead", id="no lead"),
        pytest.param("n/a,sql,2026-08-01,,\n", "missing_lead", id="a null token for a lead"),
        pytest.param("L1,closed_won,2026-08-01,1e400,EUR\n", "amount_too_large", id="1e400"),
        pytest.param("L1,closed_won,2026-08-01,inf,EUR\n", "not_a_number", id="infinity"),
        pytest.param("L1,closed_won,2026-08-01,NaN,EUR\n", "not_a_number", id="not a number"),
        pytest.param('L1,closed_won,2026-08-01,"1,000.00",EUR\n', "not_a_number", id="a thousands separator"),
        pytest.param("L1,closed_won,2026-08-01,-5,EUR\n", "negative_amount", id="a negative amount"),
        pytest.param("L1,closed_won,2026-08-01,5,EURO\n", "unknown_currency", id="an unknown currency"),
        pytest.param("L1,closed_won,2026-08-01,5,ABC\n", "unknown_currency", id="a code that does not exist"),
    ],
)  # fmt: skip
def test_a_bad_row_is_kept_whole_with_its_reason(known: Desk, row: str, reason: str):
    """The bad row is in quarantine with line and reason, its neighbours are facts, and the sum is the rows read."""
    counts = known.take("outcomes", HEAD + GOOD + row + GOOD.replace("10:00", "11:00"))

    kept = known.ledger.quarantine.list()
    assert (3, 2, 1, {reason: 1}) == (counts.read, counts.new, counts.quarantined, dict(counts.reasons))
    assert [(reason, 3, "file.csv")] == [(one.reason, one.line, one.file) for one in kept]
    assert "2026-" in json.dumps(kept[0].raw) or row[:2] in json.dumps(kept[0].raw)
    assert known.facts().outcomes.num_rows == 2
    assert known.facts().quarantined == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param("{broken", "bad_json", id="broken JSON"),
        pytest.param("[1, 2]", "bad_json", id="no object"),
        pytest.param('{"lead_id": "L1", "lead_id": "L2"}', "bad_json", id="a key twice"),
        pytest.param("[" * 100_000, "bad_json", id="nested too deeply"),
        pytest.param(
            '{"lead_id": "\\ud800", "kind": "sql", "occurred_at": "2026-08-01"}', "bad_text", id="half a surrogate pair"
        ),
        pytest.param(
            '{"lead_id": "a\\u0000b", "kind": "sql", "occurred_at": "2026-08-01"}', "nul_byte", id="a NUL character"
        ),
        pytest.param(
            '{"lead_id": "L1", "kind": "closed_won", "occurred_at": "2026-08-01", "amount": 1e400}',
            "not_a_number",
            id="1e400",
        ),
        *(
            pytest.param(
                f'{{"lead_id": "L1", "kind": "closed_won", "occurred_at": "2026-08-01", "{column}": {value}}}',
                reason,
                id=f"{column} {value}",
            )
            for column, value, reason in [
                ("amount", "[1]", "not_a_number"),
                ("amount", '{"eur": 1}', "not_a_number"),
                ("amount", "true", "not_a_number"),
                ("quantity", "[1]", "not_a_number"),
                ("quantity", '{"n": [1]}', "not_a_number"),
                ("opportunity_id", "true", "missing_id"),
                ("opportunity_id", '["o1"]', "missing_id"),
                ("row_id", "{}", "missing_id"),
            ]
        ),
        pytest.param(
            '{"lead_id": true, "kind": "sql", "occurred_at": "2026-08-01"}', "missing_lead", id="true, a lead"
        ),
        pytest.param('{"lead_id": ["L1"], "kind": "sql", "occurred_at": "2026-08-01"}', "missing_lead", id="a list"),
        pytest.param('{"lead_id": "L1", "kind": "sql", "occurred_at": true}', "not_a_date", id="true for a date"),
        pytest.param(
            '{"lead_id": "L1", "kind": "sql", "occurred_at": {"day": 1}}', "unstated_format", id="an object for a date"
        ),
        pytest.param(
            '{"lead_id": null, "kind": "sql", "occurred_at": "2026-08-01"}', "missing_lead", id="null for a lead"
        ),
    ],
)
def test_a_bad_json_line_is_kept_with_its_reason(known: Desk, line: str, reason: str):
    """One bad line among good ones is set aside."""
    good = '{"lead_id": "L1", "kind": "sql", "occurred_at": "2026-08-01T10:00:00Z"}\n'

    counts = known.take("outcomes", good + line + "\n" + good, name="x.jsonl")

    assert (3, 1, 1, {reason: 1}) == (counts.read, counts.new, counts.unchanged, dict(counts.reasons))


@pytest.mark.parametrize(
    ("kind", "row", "column", "reason"),
    [
        pytest.param("leads", {"lead_id": 3.0, "created_at": "2026-07-01"}, "lead_id", "missing_id", id="a lead"),
        pytest.param(
            "identity", {"old_id": 3.0, "new_id": 4, "merged_at": "2026-07-01"}, "old_id", "missing_id", id="an old id"
        ),
        pytest.param(
            "identity", {"old_id": 3.0, "new_id": 4, "merged_at": "2026-07-01"}, "new_id", "missing_id", id="a new id"
        ),
        pytest.param(
            "events",
            {"lead_id": "L1", "name": "page_view", "occurred_at": "2026-07-02"},
            "name",
            "missing_name",
            id="an event's name",
        ),
        pytest.param(
            "field-changes",
            {"lead_id": "L1", "field": "employees", "value": 1, "changed_at": "2026-07-02"},
            "field",
            "missing_name",
            id="a field",
        ),
    ],
)
def test_an_id_that_is_no_text_or_number_is_set_aside(
    known: Desk, kind: str, row: dict[str, object], column: str, reason: str
):
    """True, a list and an object are no ids and no names: such rows are kept with words; a whole float is an id."""
    lines = [row, *({**row, column: bad} for bad in (True, ["a"], {"a": 1}))]

    counts = known.take(kind, "".join(json.dumps(line) + "\n" for line in lines), name="x.jsonl")

    assert (counts.new, dict(counts.reasons)) == (1, {reason: 3})
    kept = known.ledger.quarantine.list()
    assert {one.detail for one in kept} == {
        f"{column} is {words}" for words in ("true or false: True", 'a list: ["a"]', 'an object: {"a": 1}')
    }


def test_a_list_for_an_amount_in_parquet_is_set_aside(known: Desk):
    """A nested column where a number belongs stops no file."""
    sink = io.BytesIO()
    row = {"lead_id": ["L1", "L1"], "kind": ["sql", "sql"], "occurred_at": ["2026-08-01", "2026-08-02"]}
    pq.write_table(pa.table({**row, "amount": [[1], None]}), sink)

    counts = known.take("outcomes", sink.getvalue(), name="x.parquet")

    assert (counts.new, dict(counts.reasons)) == (1, {"not_a_number": 1})


@pytest.mark.parametrize("bad", [pytest.param(3, id="a few"), pytest.param(10_001, id="more than two batches")])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_bad_json_lines_before_the_first_object_stop_nothing(known: Desk, bad: int, packed: bool):
    """The first readable object gives the columns, wherever it stands."""
    good = '{"lead_id": "L1", "kind": "sql", "occurred_at": "2026-08-01T10:00:00Z"}\n'
    content = ("\ufeff" + "{broken\n" * bad + good).encode()

    counts = known.take(
        "outcomes", gzip.compress(content) if packed else content, name="x.jsonl.gz" if packed else "x.jsonl"
    )

    assert (counts.read, counts.new, dict(counts.reasons)) == (bad + 1, 1, {"bad_json": bad})
    assert known.ledger.quarantine.list()[0].line == 1


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        pytest.param("\n{broken\n[1]\n", "NoRows", r":2.*no row of the file is a JSON object.*property", id="broken"),
        pytest.param("1\n" * 6_000, "NoRows", r":1.*no row of the file is a JSON object.*not an object", id="numbers"),
        pytest.param('{"a": "\\u0000"}\n', "NoRows", "no row of the file can be read.*NUL", id="only NUL characters"),
        pytest.param("\n\n", "EmptyFile", "empty", id="blank lines"),
        pytest.param("{}\n", "MissingColumn", "names no column", id="an empty object"),
    ],
)
def test_json_lines_without_any_row_are_refused(known: Desk, content: str, code: str, said: str):
    """A file without one readable object says so, with the first line's reason."""
    with pytest.raises(InputError, match="(?s)" + said) as refused:
        known.take("outcomes", content, name="x.jsonl")

    assert refused.value.problem.code == code


def test_a_nul_in_parquet_is_set_aside(desk: Desk):
    """A text that no database keeps is a bad row; its neighbours are read."""
    sink = io.BytesIO()
    pq.write_table(
        pa.table({"lead_id": ["a", "b", "c"], "created_at": ["2026-07-01"] * 3, "x": ["1", "\0", None]}), sink
    )

    counts = desk.take("leads", sink.getvalue(), name="x.parquet")

    assert (counts.new, dict(counts.reasons), desk.ledger.quarantine.list()[0].line) == (2, {"nul_byte": 1}, 2)


def test_odd_json_values_are_kept_as_they_are(desk: Desk):
    """Numbers beyond any float, objects and lists become text; an escaped backslash is no NUL."""
    line = {"lead_id": 10**30, "created_at": "2026-07-01", "big": 10**400, "many": [1, {"a": None}], "text": "\\u0000"}

    desk.take("leads", json.dumps(line) + "\n", name="x.jsonl")

    lead = desk.facts().leads.to_pylist()[0]
    assert lead["lead_id"] == "1" + "0" * 30
    assert json.loads(lead["fields"]) == {"big": "1" + "0" * 400, "many": '[1, {"a": null}]', "text": "\\u0000"}


def test_a_quarantined_row_is_kept_once(known: Desk):
    """The same bad file again counts its bad rows again and keeps them once."""
    for _ in range(2):
        counts = known.take("outcomes", HEAD + "L1,won,2026-08-01,,\n")

    assert (counts.quarantined, len(known.ledger.quarantine.list()), known.facts().quarantined) == (1, 1, 1)


def test_addresses_in_quarantined_rows_are_masked(desk: Desk):
    """A bad row of a person is kept without the address, in a form that can still be used once the row is fixed."""
    desk.take("leads", "lead_id,created_at,email,note\nL1,never,Ada@Example.com,cc bob@example.com\n")

    raw = desk.ledger.quarantine.list()[0].raw
    content = b"".join(path.read_bytes() for path in desk.folder.glob("ledger.sqlite*"))
    assert raw["email"].startswith("sha256:") and raw["email"].endswith("@example.com")
    assert b"ada@" not in content.lower() and b"bob@" not in content.lower()
    desk.take("leads", f"lead_id,created_at,email\nL1,2026-07-01,{raw['email']}\nL2,2026-07-01,ada@example.com\n")
    counts = desk.take("outcomes", "email,lead_id,kind,occurred_at\nada@example.com,,sql,2026-08-01\n")
    assert dict(counts.reasons) == {"ambiguous_identity": 1}


def test_lines_are_counted_through_quoted_line_ends(known: Desk):
    """A row after cells with line ends inside is named by the line it begins in."""
    rows = 'L1,"sql\n\n",2026-08-01,,\n\nL1,won,2026-08-01,,\n'

    known.take("outcomes", HEAD + rows)

    assert [row.line for row in known.ledger.quarantine.list()] == [6]


def test_a_merge_with_itself_is_refused(desk: Desk):
    """A lead cannot become itself."""
    counts = desk.take("identity", "old_id,new_id,merged_at\nA,A,2026-07-01\nA,,2026-07-01\nA,B,2026-07-01\n")

    assert (dict(counts.reasons), counts.new) == ({"merged_with_itself": 1, "missing_id": 1}, 1)


def test_every_missing_column_is_told(desk: Desk):
    """All missing columns are named at once, each with what the file has."""
    with pytest.raises(ProblemsFound) as refused:
        desk.take("field-changes", "lead,name,changed\nL1,x,y\n")

    assert len(refused.value.problems) == 4
    assert {"MissingColumn"} == {problem.code for problem in refused.value.problems}


def test_latin_1_is_read_where_it_is_stated(desk: Desk):
    """With the encoding stated in the mapping the same bytes are text."""
    content = "lead_id;created_at;city\nL1;2026-07-01;Köln\n".encode("latin-1")

    counts = desk.take("leads", content, mapping="kind: crm-preset/v1\nid: old\nencoding: latin-1\n")

    assert desk.facts().leads["fields"][0].as_py() == '{"city":"köln"}'
    assert any("semicolon" in note for note in counts.notes)


def test_a_file_that_is_not_there_is_told(desk: Desk):
    """No such file, and a folder instead of a file, are bad input."""
    (desk.folder / "folder.csv").mkdir()
    for name in ("nothing.csv", "folder.csv"):
        with pytest.raises(InputError) as refused:
            desk.take_path("leads", desk.folder / name)
        assert refused.value.problem.code == "NoSuchFile"
