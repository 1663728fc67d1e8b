"""Privacy: who is in the ledger is in no file, log or output; who is forgotten is gone, and the counts are not."""

from __future__ import annotations

import hashlib
import json
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow.compute as pc
import pytest

from mqlab.errors import InputError
from mqlab.lab import Lab
from mqlab.lab.forget import subject_of
from mqlab.store.engine import make_engine, parse_url, reading
from mqlab.store.models import Base
from tests.cli.runner import mqlab
from tests.cli.small_lab import LOOK, started_lab, write_lab
from tests.store.server import own_database

NAMES = ("grace", "hopper", "lovelace", "turing", "0301234567")
ADDRESSES = ("grace@navy.example", "g.hopper@acme.com", "ada@lovelace-consulting.com", "alan@acme.com")

LEADS = """\
lead_id,created_at,source,email,first_name,last_name,Phone,employees,industry,motto
G1,2026-01-06T01:00:00Z,organic,g.hopper@acme.com,Grace,Hopper,0301234567,400,navy,ask forgiveness
G2,2026-01-07T01:00:00Z,organic,grace@navy.example,Grace,Hopper,0301234567,400,navy,ask forgiveness
A1,2026-01-08T01:00:00Z,referral,ada@lovelace-consulting.com,Ada,Lovelace,,20,it,poetical science
T1,2026-01-08T01:00:00Z,referral,alan@acme.com,Alan,Turing,,20,it,
T2,2026-01-08T01:00:00Z,referral,alan@acme.com,Alan,Turing,,20,it,
"""
MORE = "".join(f"M{n},2026-01-09T01:00:00Z,organic,,,,,60,navy,\n" for n in range(6))
EVENTS = """\
event_id,lead_id,name,occurred_at,path,first_name,note
E1,G1,page_view,2026-01-06T02:00:00Z,/pricing,Grace,it was grace@navy.example
E2,G1,page_view,2026-01-06T03:00:00Z,/my-secret-page,,
E3,A1,page_view,2026-01-09T03:00:00Z,/pricing,,
""" + "".join(f"M{n},M{n},page_view,2026-01-10T02:00:00Z,/pricing,,\n" for n in range(6))
CHANGES = """\
lead_id,field,value,changed_at
G1,last_name,Hopper,2026-01-10T00:00:00Z
G1,employees,500,2026-01-10T00:00:00Z
G1,motto,a ship in port is safe,2026-01-10T00:00:00Z
"""
OUTCOMES = """\
lead_id,kind,occurred_at,opportunity_id,amount,currency,reason_code,owner,email
G1,sql,2026-01-20T10:00:00Z,,,,,Alan Turing,
,closed_won,2026-02-01T10:00:00Z,O1,900,EUR,,Alan Turing,g.hopper@acme.com
C99,meeting,2026-01-21T10:00:00Z,,,,,,grace@navy.example
G2,rejected,2026-01-22T10:00:00Z,,,,called grace twice,Alan Turing,grace@navy.example
A1,closed_won,2026-02-01T10:00:00Z,O2,500,EUR,,,
,sql,2026-01-23T10:00:00Z,,,,,,alan@acme.com
G1,sql,someday,,,,,Alan Turing,g.hopper@acme.com
A1,sql,someday,,,,,Alan Turing,ada@lovelace-consulting.com
"""
MERGES = "old_id,new_id,merged_at\nG2,G1,2026-01-25T00:00:00Z\n"
FEEDS = (("leads", LEADS + MORE), ("events", EVENTS), ("field-changes", CHANGES), ("outcomes", OUTCOMES),
         ("identity", MERGES))  # fmt: skip


def hashed(address: str) -> str:
    """An address as the ledger knows it."""
    return hashlib.sha256(address.encode()).hexdigest()


def feed(lab: Lab, *kinds: str) -> None:
    """Read the feeds, all or some of them."""
    for kind, content in FEEDS:
        if not kinds or kind in kinds:
            path = lab.folder / f"{kind}.csv"
            path.write_text(content)
            lab.ingest(kind, path, now=LOOK)


def everything(lab: Lab) -> str:
    """Every value in every table of the store, and for a file the bytes of it and of its log."""
    url = parse_url(lab.settings.store_url(lab.folder))
    engine = make_engine(url, create=False)
    with reading(engine) as connection:
        rows = [str(row) for table in Base.metadata.tables.values() for row in connection.execute(table.select()).all()]
    engine.dispose()
    files = [path.read_bytes().decode("latin-1") for path in sorted((lab.folder / ".mqlab").glob("*"))]
    return "\n".join([*rows, *files]).casefold()


@pytest.fixture(params=["sqlite", "postgres"])
def lab(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """A started lab with people in it, on each database."""
    with ExitStack() as stack:
        if request.param == "postgres":
            url = stack.enter_context(own_database(request.getfixturevalue("postgres_url")))
            monkeypatch.setenv("MQLAB_STORE_URL", url)
        made = started_lab(tmp_path / "lab")
        feed(made)
        assert made.reading.facts(as_of=LOOK, leads=["G1"]).leads.num_rows == 2
        decide(made, "G1")
        yield made
        made.let_go()


def decide(lab: Lab, lead: str) -> None:
    """Write a decision with its explanation."""
    from mqlab.lab.known import Known

    known = Known.read(lab, as_of=LOOK)
    lab.decide(known.histories.by_id[lead].lead, as_of=datetime(2026, 1, 12, tzinfo=UTC), now=LOOK)


def counted(lab: Lab) -> list[tuple[str, str, str, str]]:
    """The outcomes that count, without what may be personal; G2 was merged into G1."""
    table = lab.reading.facts(as_of=LOOK).outcomes
    return sorted(
        (row["lead_id"].replace("G2", "G1"), row["kind"], row["opportunity_id"] or "", str(row["amount"]))
        for row in table.to_pylist()
    )


def test_neither_addresses_nor_names_are_stored_or_logged(lab: Lab, caplog: pytest.LogCaptureFixture):
    """After an import of people nothing in the database, its files or the logs names one of them or writes to them."""
    with caplog.at_level(logging.DEBUG):
        feed(lab)

    stored = everything(lab)
    said = caplog.text.casefold()
    assert [one for one in (*ADDRESSES, *NAMES) if one in said] == []
    leaks = [one for one in (*ADDRESSES, "hopper", "alan turing", "0301234567") if one in stored]
    assert leaks == []
    assert "called grace twice" in stored  # what sales wrote in a reason is theirs until it is forgotten


def test_a_forgotten_person_is_gone_and_the_counts_are_not(lab: Lab):
    """The hashes, free texts and explanations of every id of the person are nowhere; outcomes count as before."""
    before, position = counted(lab), lab.ledger.position()
    leads = lab.reading.facts(as_of=LOOK).leads.num_rows

    forgot = lab.forget("G2", by="Ada King", because="request 17", now=LOOK)

    stored = everything(lab)
    gone = [hashed("g.hopper@acme.com"), hashed("grace@navy.example"), "ask forgiveness", "my-secret-page",
            "ship in port", "called grace twice"]  # fmt: skip
    assert [one for one in gone if one in stored] == []
    assert (forgot.ids, forgot.overwritten) == (2, True)
    assert before == counted(lab)
    assert len(before) == 5
    assert lab.reading.facts(as_of=LOOK).leads.num_rows == leads
    assert lab.ledger.position() == position + 1


def test_what_many_share_and_definitions_read_stays(lab: Lab):
    """A number that a definition reads stays, and so does a page that many saw; one that nobody else saw does not."""
    lab.forget("G1", by="Ada", now=LOOK)

    facts = lab.reading.facts(as_of=LOOK, leads=["G1"])
    assert json.loads(facts.leads.to_pylist()[0]["fields"]) == {"employees": "400"}
    assert [json.loads(row["props"]) for row in facts.events.to_pylist()] == [{"path": "/pricing"}, {}]
    assert [(row["field"], row["value"]) for row in facts.field_changes.to_pylist()] == [
        ("employees", '"500"'), ("motto", "null"),
    ]  # fmt: skip
    assert [decision.explanation for decision in lab.ledger.decisions.of("G1")] == [{}, {}]


def test_it_is_audited_without_the_id(lab: Lab):
    """Who did it, when and why is in the audit log; whom it was about only as a hash of the id."""
    lab.forget("G2", by="Ada King", because="request 17", now=LOOK)

    entry = lab.ledger.audit.list(subject_of("G2"))[0]
    assert (entry.by, entry.action, entry.recorded_at, entry.details["because"]) == (
        "Ada King", "forget", LOOK, "request 17",
    )  # fmt: skip
    assert "G2" not in json.dumps(entry.to_dict())


def test_old_files_bring_nothing_back(lab: Lab):
    """The same files again, and later versions of them, change no count and hold nothing of the person."""
    lab.forget("G1", by="Ada", now=LOOK)
    before, facts = counted(lab), lab.reading.facts(as_of=LOOK)

    feed(lab)
    later = LEADS.replace("ask forgiveness", "a new motto").replace(",created_at", ",created_at,known_at", 1)
    later = later.replace("G1,2026-01-06T01:00:00Z,", "G1,2026-01-06T01:00:00Z,2026-05-01T00:00:00Z,")
    (lab.folder / "later.csv").write_text("\n".join(later.splitlines()[:2]) + "\n")
    lab.ingest("leads", lab.folder / "later.csv", now=LOOK)
    (lab.folder / "events.csv").write_text(
        "event_id,lead_id,name,occurred_at,path\nE9,G2,page_view,2026-03-01T00:00:00Z,/another-secret\n"
    )
    lab.ingest("events", lab.folder / "events.csv", now=LOOK)

    stored = everything(lab)
    gone = [hashed("g.hopper@acme.com"), hashed("grace@navy.example"), "motto\":\"a", "ask forgiveness",
            "called grace twice", "another-secret"]  # fmt: skip
    assert [one for one in gone if one in stored] == []
    assert before == counted(lab)
    after = lab.reading.facts(as_of=LOOK)
    assert (after.unmatched_outcomes, after.leads.num_rows) == (facts.unmatched_outcomes, facts.leads.num_rows)


def test_rows_that_could_not_be_used_are_emptied(lab: Lab):
    """Quarantined rows of the person are empty and set aside; those of others stay as they are."""
    before = {row.id: row for row in lab.quarantined(status=None)}
    assert len(before) == 3

    lab.forget("G1", by="Ada", now=LOOK)

    after = {row.id: row for row in lab.quarantined(status=None)}
    changed = [row_id for row_id, row in after.items() if row.raw == "***"]
    assert [(before[one].raw["lead_id"], after[one].status, after[one].detail) for one in changed] == [
        ("G1", "discarded", "")
    ]
    assert {one: row for one, row in before.items() if one not in changed} == {
        one: row for one, row in after.items() if one not in changed
    }


def test_forgetting_again_is_no_harm(lab: Lab):
    """A second time finds nothing to change, and what came in meanwhile goes."""
    lab.forget("G1", by="Ada", now=LOOK)

    again = lab.forget("G1", by="Ada", now=LOOK)

    assert not any(again.changed.values())


def test_an_address_of_two_leads_stays_undecided(lab: Lab):
    """Forgetting one of two leads with one address does not hand their undecided outcome to the other."""
    before = counted(lab)

    lab.forget("T1", by="Ada", now=LOOK)

    assert before == counted(lab)
    assert lab.reading.facts(as_of=LOOK).unmatched_outcomes == 1
    assert hashed("alan@acme.com") in everything(lab)  # the other lead has it still


def test_a_company_domain_of_one_person_goes(lab: Lab):
    """A domain that nobody else has names the person; one that colleagues have names the company."""
    lab.forget("A1", by="Ada", now=LOOK)
    lab.forget("G1", by="Ada", now=LOOK)

    domains = {row["lead_id"]: row["email_domain"] for row in lab.reading.facts(as_of=LOOK).leads.to_pylist()}
    assert (domains["A1"], domains["G1"]) == (None, "acme.com")


def test_a_domain_that_only_a_private_network_has_goes_too(draft: Lab, tmp_path: Path):
    """A domain without a public suffix names a firm as well as any; one that a mail service has names nobody."""
    file = tmp_path / "leads.csv"
    file.write_text(
        "lead_id,created_at,email\nL1,2026-03-01T10:00:00Z,a@unique-firm.local\nL2,2026-03-01T10:00:00Z,b@gmail.com\n"
    )
    draft.ingest("leads", file, now=LOOK)
    for lead in ("L1", "L2"):
        draft.forget(lead, by="Ada", now=LOOK)

    domains = {row["lead_id"]: row["email_domain"] for row in draft.reading.facts(as_of=LOOK).leads.to_pylist()}
    assert domains == {"L1": None, "L2": "gmail.com"}


def matching_by_domain(draft: Lab, tmp_path: Path, leads: dict[str, str], address: str) -> Lab:
    """A lab that matches by domains, with these leads and one SQL of an address that nobody has."""
    settings = draft.folder / "mqlab.toml"
    settings.write_text(settings.read_text() + "\n[crm]\nmatch_domains = true\n")
    draft.let_go()
    lab = Lab.open(draft.folder, clock=draft.clock)
    rows = "".join(f"{lead},2026-03-01T10:00:00Z,{email}\n" for lead, email in leads.items())
    for kind, content in (
        ("leads", f"lead_id,created_at,email\n{rows}"),
        ("outcomes", f"email,kind,occurred_at\n{address},sql,2026-03-02T10:00:00Z\n"),
    ):
        (tmp_path / "file.csv").write_text(content)
        lab.ingest(kind, tmp_path / "file.csv", now=LOOK)
    return lab


def test_what_a_domain_gave_to_somebody_stays_theirs(draft: Lab, tmp_path: Path):
    """The outcome names the person by their id, and their domain, which nobody else has, is nowhere."""
    lab = matching_by_domain(draft, tmp_path, {"L1": "a@unique-firm.com", "L2": "b@acme.com"}, "c@unique-firm.com")
    assert "unique-firm" in everything(lab)
    before = lab.reading.facts(as_of=LOOK).outcomes["lead_id"].to_pylist()

    lab.forget("L1", by="Ada", now=LOOK)

    assert before == lab.reading.facts(as_of=LOOK).outcomes["lead_id"].to_pylist() == ["L1"]
    assert "unique-firm" not in everything(lab)
    lab.let_go()


def test_forgetting_one_of_a_company_gives_nothing_to_the_other(draft: Lab, tmp_path: Path):
    """A tie of two people stays one: the company's domain, which is not the person's alone, is kept."""
    lab = matching_by_domain(draft, tmp_path, {"L1": "a@de.acme.com", "L2": "b@acme.com"}, "c@acme.com")

    lab.forget("L1", by="Ada", now=LOOK)

    facts = lab.reading.facts(as_of=LOOK)
    assert (facts.outcomes.num_rows, facts.unmatched_outcomes) == (0, 1)
    assert facts.leads["email_domain"].to_pylist() == ["acme.com", "acme.com"]
    lab.let_go()


def test_an_analysis_says_what_it_said(fed: Lab):
    """Forgetting a lead whose values definitions read and many share changes no number of a past or a new analysis."""
    position = fed.ledger.position()

    def metrics(ledger: int | None) -> object:
        return fed.analyze("demo-requests", as_of=date(2026, 6, 30), ledger=ledger).to_dict()["metrics"]

    before = metrics(position)
    for lead in ("L0001", "L0002", "L0050", "L0101"):
        assert fed.forget(lead, by="Ada", now=LOOK).changed["leads"] == 1

    assert before == metrics(position) == metrics(None)


def test_a_reader_in_the_way_is_told(fed: Lab):
    """While another program reads, the log cannot be emptied: the answer says so, and a second time does it."""
    with closing(sqlite3.connect(fed.folder / ".mqlab" / "ledger.sqlite")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM leads").fetchone()

        forgot = fed.forget("L0001", by="Ada", now=LOOK)

    assert (forgot.overwritten, "run the command again" in forgot.notes[-1]) == (False, True)
    assert fed.forget("L0001", by="Ada", now=LOOK).overwritten


def test_somebody_who_is_only_in_quarantine_can_be_forgotten(draft: Lab, tmp_path: Path):
    """Rows of them go, open and settled ones, and what named them by an address alone; later files bring nothing."""
    rows = {
        "leads": "lead_id,created_at,email\nQ77,someday,kay@quarantined.example\nQ78,someday,jo@other.example\n",
        "outcomes": "lead_id,kind,occurred_at,email\nQ77,sql,someday,\n,sql,someday,kay@quarantined.example\n"
        ",sql,2026-03-01T10:00:00Z,kay@quarantined.example\n",
    }
    for kind, content in rows.items():
        (tmp_path / f"{kind}.csv").write_text(content)
        draft.ingest(kind, tmp_path / f"{kind}.csv", now=LOOK)
    named = (tmp_path / "leads.csv").rename(tmp_path / "of kay@quarantined.example.csv")
    draft.ingest("leads", named, now=LOOK)
    draft.discard([1], by="Ada", because="asked", now=LOOK)

    forgot = draft.forget("Q77", by="Ada", now=LOOK)
    draft.ingest("outcomes", tmp_path / "outcomes.csv", now=LOOK)

    assert (forgot.ids, forgot.changed["quarantined"]) == (1, 3)
    assert [found.file for found in draft.ledger.imports.list()][1] == "of ***"
    assert [row.raw for row in draft.quarantined(status="open")] == [
        {"lead_id": "Q78", "created_at": "someday", "email": f"sha256:{hashed('jo@other.example')}@other.example"}
    ]
    stored = everything(draft)
    assert [one for one in (hashed("kay@quarantined.example"), "quarantined.example") if one in stored] == []
    assert not any(draft.forget("Q77", by="Ada", now=LOOK).changed.values())


def test_whoever_is_unknown_is_told(lab: Lab):
    """An id of which nothing is known is bad input, and nothing is noted."""
    with pytest.raises(InputError, match="knows nothing"):
        lab.forget("nobody", by="Ada", now=LOOK)

    assert lab.ledger.forgotten() == set()


def test_a_lab_without_a_ledger_gets_none(draft: Lab):
    """Forgetting somebody in a lab to which nothing was ever told makes no ledger."""
    with pytest.raises(InputError, match="knows nothing"):
        draft.forget("L1", by="Ada", now=LOOK)

    assert not (draft.folder / ".mqlab").exists()


def test_a_restored_backup_forgets_again(tmp_path: Path):
    """A backup made before brings the person back for no command: restoring forgets whoever was forgotten since."""
    made = Lab.open(write_lab(tmp_path / "lab"))
    feed(made)
    made.backup(tmp_path / "copy.sqlite")
    made.forget("G1", by="Ada", now=LOOK)
    assert hashed("g.hopper@acme.com").encode() in (tmp_path / "copy.sqlite").read_bytes()

    _, aside = made.restore(tmp_path / "copy.sqlite", by="Ada", overwrite=True, now=LOOK)

    assert aside is not None
    aside.unlink()
    assert hashed("g.hopper@acme.com") not in everything(made)
    assert made.ledger.forgotten() == {"G1", "G2"}
    made.let_go()


def test_the_command_asks_and_answers(tmp_path: Path):
    """Without --yes and without a terminal nothing happens; the answer names nobody and fits into 80 columns."""
    made = Lab.open(write_lab(tmp_path / "lab"))
    feed(made)
    made.let_go()
    arguments = ("forget", "G1", "--by", "Ada King", "--because", "request 17")

    refused = mqlab(*arguments, lab=made.folder)
    done = mqlab(*arguments, "--yes", lab=made.folder)
    data = mqlab(*arguments, "--yes", "--format", "json", lab=made.folder)

    assert (refused.code, "--yes" in refused.err) == (2, True)
    assert (done.code, done.err, [line for line in done.lines if len(line) > 80]) == (0, "", [])
    assert "a person with 2 ids" in done.out and "G1" not in done.out
    assert (data.json["subject"], data.json["ids"]) == (subject_of("G1"), 2)


def test_no_command_prints_an_address_or_a_name(tmp_path: Path):
    """Import, quarantine, why, analyze, doctor, export and forget: none of them prints who somebody is."""
    made = started_lab(tmp_path / "lab")
    made.let_go()
    folder, said = made.folder, ""
    for kind, content in FEEDS:
        (folder / f"{kind}.csv").write_text(content)
        done = mqlab("ingest", kind, folder / f"{kind}.csv", lab=folder)
        assert done.code == 0
        said += done.out + done.err
    for arguments in (
        ["quarantine", "list"], ["quarantine", "show", 1], ["quarantine", "show", 2], ["why", "G1"], ["why", "A1"],
        ["analyze", "demo-requests", "--as-of", date(2026, 6, 30)], ["doctor"], ["experiments", "status"],
        ["quarantine", "release", "--all", "--by", "x"], ["forget", "G1", "--by", "x", "--yes"],
    ):  # fmt: skip
        done = mqlab(*arguments, lab=folder)
        assert done.code in (0, 1), done.err
        said += done.out + done.err

    said = said.casefold()
    assert [one for one in (*ADDRESSES, "hopper", "alan turing", "0301234567") if one in said] == []


def test_what_is_said_of_a_linked_deal_goes_too(lab: Lab):
    """An opportunity that names no lead keeps its amount, and loses what was written about the person, for good."""
    feed(lab)
    mapping = lab.folder / "deals.yaml"
    mapping.write_text(
        "kind: crm-preset/v1\nid: deals\nidentity: {opportunity: deal, new_id: lead, at: at}\n"
        "outcomes: [{kind: closed_lost, opportunity: deal, at: at, amount: amount, reason: why}]\n"
    )
    deals = lab.folder / "deals.csv"
    deals.write_text("deal,lead,at,amount,why\nD1,G2,2026-02-02T00:00:00Z,70,ms hopper went sailing\n")
    for kind in ("identity", "outcomes"):
        lab.ingest(kind, deals, now=LOOK, mapping=mapping)

    before = lab.ledger.facts(as_of=LOOK).outcomes.filter(pc.field("opportunity_id") == "D1").to_pylist()
    lab.forget("G1", by="dpo", because="asked", now=LOOK)
    again = lab.ingest("outcomes", deals, now=LOOK, mapping=mapping)

    after = lab.ledger.facts(as_of=LOOK).outcomes.filter(pc.field("opportunity_id") == "D1").to_pylist()
    assert (before[0]["lead_id"], before[0]["reason_code"]) == ("G1", "ms hopper went sailing")
    assert after == [{**before[0], "reason_code": None}]
    assert (again.read, again.unchanged) == (1, 1)
    assert "sailing" not in everything(lab)
