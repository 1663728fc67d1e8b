"""The quarantine as a workflow: fix, release and discard; what each does to the facts, and that it is written down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from mqlab.errors import InputError, RefusedError
from mqlab.lab import Lab
from mqlab.lab.quarantine import Settled
from mqlab.leads.tables import Facts
from tests.cli.small_lab import LOOK, write_feeds, write_lab
from tests.store.server import own_database

LEADS = "lead_id,created_at,email\nL1,2026-02-01T00:00:00Z,ada@acme.com\nL2,2026-02-01T00:00:00Z,bob@acme.com\n"
OUTCOMES = "lead_id,kind,occurred_at,opportunity_id,amount,currency,owner,email\n"


def take(lab: Lab, kind: str, content: str, name: str = "file.csv", **options: object) -> None:
    """Read a text as a file."""
    path = lab.folder / name
    path.write_text(content)
    lab.ingest(kind, path, now=LOOK, **options)


def facts(lab: Lab, position: int | None = None) -> Facts:
    """What the ledger knows."""
    return lab.reading.facts(as_of=LOOK, position=position)


def edited(lab: Lab, row_id: int = 1, **changes: object) -> Path:
    """The row's file with some values changed."""
    raw = lab.quarantined_row(row_id).raw
    path = lab.folder / "row.json"
    path.write_text(json.dumps({**raw, **changes}))
    return path


def why(answers: tuple[Settled, ...]) -> list[tuple[str, str | None]]:
    """Status and what became of each row."""
    return [(one.status, one.became) for one in answers]


@pytest.fixture
def lab(draft: Lab) -> Lab:
    """A lab with two leads and a deal whose date nobody can read, sold by a rep with a name."""
    take(draft, "leads", LEADS)
    take(draft, "outcomes", OUTCOMES + "L1,closed_won,31/02/2026,O1,900,EUR,Grace Hopper,\n", "deals.csv")
    return draft


def test_a_fixed_row_becomes_a_fact(lab: Lab):
    """The edited row is read through its mapping, counts from then on, and who fixed it is kept."""
    before = facts(lab)

    answer = lab.fix(1, edited(lab, occurred_at="2026-02-28"), by="Ada King", because="no such day", now=LOOK)

    after = facts(lab)
    assert (answer.status, answer.became) == ("fixed", "new")
    assert (before.quarantined, before.outcomes.num_rows) == (1, 0)
    assert (after.quarantined, after.outcomes.to_pylist()[0]["amount"]) == (0, 900)
    (step,) = lab.quarantine_steps(1)
    assert (step.step, step.by, step.because, step.recorded_at) == ("fixed", "Ada King", "no such day", LOOK)
    assert lab.quarantined_row(1).status == "fixed"


def test_a_fixed_row_is_the_row_of_the_corrected_file(lab: Lab):
    """The same row in a corrected file is no second deal, and its rep is the same rep."""
    lab.fix(1, edited(lab, occurred_at="2026-02-28"), by="Ada", now=LOOK)

    take(lab, "outcomes", OUTCOMES + "L1,closed_won,2026-02-28,O1,900,EUR,grace hopper,\n")

    assert facts(lab).outcomes.num_rows == 1
    assert lab.ledger.imports.list(limit=1)[0].unchanged == 1


def test_a_row_may_be_fixed_by_a_csv_file(lab: Lab):
    """A file of one row with the same columns does as well as an object."""
    (lab.folder / "row.csv").write_text(OUTCOMES + "L1,closed_won,2026-02-28,O1,900,EUR,,\n")

    assert lab.fix(1, lab.folder / "row.csv", by="Ada", now=LOOK).status == "fixed"


def test_a_row_that_is_bad_again_stays_open(lab: Lab):
    """It says why, and nothing is written: no fact, no step, no ledger position."""
    position = lab.ledger.position()

    answer = lab.fix(1, edited(lab, occurred_at="2026-02-28", currency="Euro"), by="Ada", now=LOOK)

    assert (answer.status, answer.became) == ("open", None)
    assert "ISO 4217" in str(answer.why) and "Euro" in str(answer.why)
    assert (lab.ledger.position(), facts(lab).outcomes.num_rows, lab.quarantine_steps(1)) == (position, 0, ())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param("", "not JSON", id="empty"),
        pytest.param("[]", "no row", id="no row"),
        pytest.param("[{}, {}]", "2 rows", id="two rows"),
        pytest.param("7", "something else", id="a number"),
        pytest.param('{"occured_at": "2026-02-28"}', "no column 'occured_at'.*Did you mean 'occurred_at'", id="typo"),
    ],
)
def test_a_file_that_is_not_the_row_is_bad_input(lab: Lab, content: str, said: str):
    """One object with the row's columns is asked for; anything else is told and changes nothing."""
    (lab.folder / "row.json").write_text(content)

    with pytest.raises(InputError, match=said):
        lab.fix(1, lab.folder / "row.json", by="Ada", now=LOOK)

    assert lab.quarantined_row(1).status == "open"


def test_what_is_settled_is_not_settled_again(lab: Lab):
    """A second step is refused with the first one's name and time, and leaves no trace."""
    lab.discard([1], by="Ada King", because="a test", now=LOOK)

    for again in (
        lambda: lab.discard([1], by="Bob", because="again", now=LOOK),
        lambda: lab.release([1], by="Bob", now=LOOK),
        lambda: lab.fix(1, edited(lab, occurred_at="2026-02-28"), by="Bob", now=LOOK),
    ):
        with pytest.raises(RefusedError, match="row 1 was discarded already, on 2026-06-30T20:00:00Z by Ada King"):
            again()

    assert len(lab.quarantine_steps(1)) == 1


def test_discarding_needs_a_reason(lab: Lab):
    """An empty reason is none."""
    with pytest.raises(InputError, match="needs a reason"):
        lab.discard([1], by="Ada", because=" ", now=LOOK)


def test_rows_are_released_when_the_mapping_knows_them(lab: Lab):
    """With the format stated in the lab's mapping, the same rows are facts; what is still bad stays open with why."""
    take(lab, "outcomes", OUTCOMES + "L1,sql,28/02/2026,,,,,\nL1,won,2026-02-01,,,,,\n")
    (lab.folder / "deals.yaml").write_text('kind: crm-preset/v1\nid: csv\nformats: ["%d/%m/%Y"]\n')
    toml = lab.folder / "mqlab.toml"
    toml.write_text(toml.read_text() + '[crm]\nmapping = "deals.yaml"\n')
    changed = Lab.open(lab.folder)

    answers = changed.release(everything=True, by="Ada", because="formats", now=LOOK)

    assert why(answers) == [("open", None), ("released", "new"), ("open", None)]
    assert "no such date" in str(answers[0].why) and "none that mqlab knows" in str(answers[2].why)
    assert [row["kind"] for row in facts(changed).outcomes.to_pylist()] == ["sql"]
    assert [row.id for row in changed.quarantined()] == [3, 1]
    assert why(changed.release(reason="unknown_kind", by="Ada", now=LOOK)) == [("open", None)]
    changed.reading.close()


def test_a_row_read_with_a_mapping_of_its_own_is_read_with_it_again(lab: Lab):
    """A mapping named at the import only is remembered, whatever the lab's own says."""
    own = lab.folder / "own.yaml"
    own.write_text("kind: crm-preset/v1\nid: shop\noutcomes:\n  - {kind: sql, lead: person, at: day}\n")
    take(lab, "outcomes", "person,day\nL1,soon\n", mapping=own)
    own.unlink()
    (lab.folder / "row.csv").write_text("person,day\nL1,2026-03-01\n")

    assert lab.fix(2, lab.folder / "row.csv", by="Ada", now=LOOK).became == "new"
    assert [row["kind"] for row in facts(lab).outcomes.to_pylist()] == ["sql"]


def test_a_row_of_a_lead_that_is_not_there_waits(lab: Lab):
    """A fixed row whose lead is unknown is a fact that counts as soon as the lead comes."""
    answer = lab.fix(1, edited(lab, occurred_at="2026-02-28", lead_id="L3"), by="Ada", now=LOOK)
    assert (answer.status, answer.became, facts(lab).outcomes.num_rows) == ("fixed", "unmatched", 0)
    assert answer.note == "Changed too: lead_id is 'L3', it was 'L1'."

    take(lab, "leads", "lead_id,created_at\nL3,2026-02-01T00:00:00Z\n")

    assert facts(lab).outcomes.num_rows == 1


def test_another_row_is_no_edit_of_this_one(lab: Lab):
    """A file with the content of another row is refused, and nothing is written."""
    other = edited(lab, occurred_at="2026-02-28", lead_id="L2", opportunity_id="O2")

    with pytest.raises(RefusedError, match=r"another row than row 1: lead_id is 'L2', it was 'L1'; opp.*'O2'"):
        lab.fix(1, other, by="Ada", now=LOOK)

    assert (lab.quarantined_row(1).status, facts(lab).outcomes.num_rows) == ("open", 0)


def test_leads_are_released_before_what_is_said_of_them(lab: Lab):
    """A lead and its outcome that wait together are both matched by one release."""
    take(lab, "leads", "lead_id,created_at\nL9,05/02/2026\n")
    take(lab, "outcomes", OUTCOMES + "L9,sql,28/02/2026,,,,,\n")
    (lab.folder / "deals.yaml").write_text('kind: crm-preset/v1\nid: csv\nformats: ["%d/%m/%Y"]\n')

    answers = lab.release([3, 2], by="Ada", mapping=lab.folder / "deals.yaml", now=LOOK)

    assert [(one.id, one.became) for one in answers] == [(3, "new"), (2, "new")]


class TestADoubtAboutALead:
    """Two leads share an address: a row that names only the address waits in the ledger and in quarantine."""

    @pytest.fixture
    def doubtful(self, draft: Lab) -> Lab:
        """Row 1 is such a row."""
        take(draft, "leads", LEADS.replace("bob@", "ada@"))
        take(draft, "outcomes", OUTCOMES + ",sql,2026-03-01T10:00:00Z,,,,,ada@acme.com\n")
        return draft

    def merge(self, lab: Lab) -> None:
        """The two become one."""
        take(lab, "identity", "old_id,new_id,merged_at\nL2,L1,2026-04-01T00:00:00Z\n")

    def test_as_it_is_it_stays_open(self, doubtful: Lab):
        """While the tie lasts a release says so."""
        assert "belongs to several leads" in str(doubtful.release([1], by="Ada", now=LOOK)[0].why)
        assert facts(doubtful).quarantined == 1

    def test_a_fixed_row_names_its_lead_and_counts_once(self, doubtful: Lab):
        """Whoever turns out to own the address later, the row counts for the lead it was given to, and once."""
        assert doubtful.fix(1, edited(doubtful, lead_id="L2"), by="Ada", now=LOOK).became == "new"
        assert [row["lead_id"] for row in facts(doubtful).outcomes.to_pylist()] == ["L2"]
        assert facts(doubtful).unmatched_outcomes == 0

        take(doubtful, "leads", "lead_id,created_at,email\nL3,2026-02-01T00:00:00Z,ada@acme.com\n")
        self.merge(doubtful)

        assert facts(doubtful).outcomes.num_rows == 1

    def test_a_discarded_row_does_not_come_back(self, doubtful: Lab):
        """A merge ends the tie: a row that was discarded does not count, one that was not does."""
        before = doubtful.ledger.position()
        doubtful.discard([1], by="Ada", because="a test call", now=LOOK)
        self.merge(doubtful)

        assert (facts(doubtful).outcomes.num_rows, facts(doubtful).quarantined) == (0, 0)
        assert facts(doubtful, before).quarantined == 1

        take(doubtful, "outcomes", OUTCOMES + ",sql,2026-03-01T10:00:00Z,,,,,ada@acme.com\n")
        assert facts(doubtful).outcomes.num_rows == 0

    def test_a_merge_releases_the_row_by_itself(self, doubtful: Lab):
        """Without anybody's step the row counts once the tie is gone, and the ledger says who released it."""
        self.merge(doubtful)

        assert facts(doubtful).outcomes.num_rows == 1
        assert [(one.step, one.by) for one in doubtful.quarantine_steps(1)] == [("released", "mqlab")]


def test_what_was_masked_is_asked_for(draft: Lab):
    """A value that was never kept cannot be released: the answer asks for it, and fix brings it."""
    take(draft, "leads", "lead_id,created_at,first_name,company\nL1,never,Ada,Acme\n")
    raw = draft.quarantined_row(1).raw
    wanted = draft.folder / "names.yaml"
    wanted.write_text("kind: crm-preset/v1\nid: csv\npersonal: []\n")
    assert raw == {"lead_id": "L1", "created_at": "never", "first_name": "***", "company": "Acme"}

    assert "'first_name' is masked" in str(draft.release([1], by="Ada", mapping=wanted, now=LOOK)[0].why)
    path = edited(draft, created_at="2026-02-01T00:00:00Z", first_name="Ada")
    assert draft.fix(1, path, by="Ada", mapping=wanted, now=LOOK).became == "new"


def test_a_row_in_pieces_is_fixed_with_the_whole_row(draft: Lab):
    """A row with too few cells cannot be released; the whole row, given in a file, is a lead."""
    take(draft, "leads", "lead_id,created_at,company\nL1,2026-02-01\n")
    assert "cannot be told apart" in str(draft.release([1], by="Ada", now=LOOK)[0].why)
    (draft.folder / "row.csv").write_text("lead_id,created_at,company\nL1,2026-02-01,Acme\n")

    assert draft.fix(1, draft.folder / "row.csv", by="Ada", now=LOOK).became == "new"
    assert json.loads(facts(draft).leads.to_pylist()[0]["fields"]) == {"company": "acme"}


@pytest.fixture
def server(postgres_url: str) -> Iterator[str]:
    """A database of its own on a server."""
    with own_database(postgres_url) as url:
        yield url


def test_rows_of_a_company_at_the_desk(draft: Lab):
    """A fixed row still finds its lead by the domain of its masked address; a tie that is discarded never counts."""
    settings = draft.folder / "mqlab.toml"
    settings.write_text(settings.read_text() + "\n[crm]\nmatch_domains = true\n")
    lab = Lab.open(draft.folder, clock=draft.clock)
    take(lab, "leads", "lead_id,created_at,email\nL1,2026-01-06,ada@acme.com\n")
    take(lab, "outcomes", "email,kind,occurred_at\ncy@acme.com,sql,31/02/2026\n")

    assert lab.fix(1, edited(lab, occurred_at="2026-02-28"), by="Ada", now=LOOK).became == "new"
    assert facts(lab).outcomes["lead_id"].to_pylist() == ["L1"]
    take(lab, "leads", "lead_id,created_at,email\nL2,2026-01-06,bob@acme.com\n", "more.csv")
    take(lab, "outcomes", "email,kind,occurred_at\ncy@acme.com,meeting,2026-02-27\n", "more.csv")
    lab.discard([2], by="Ada", because="a test call", now=LOOK)
    take(lab, "identity", "old_id,new_id,merged_at\nL2,L1,2026-03-01T00:00:00Z\n")
    assert facts(lab).outcomes["kind"].to_pylist() == ["sql"]
    lab.let_go()


def test_the_desk_on_a_server(tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch):
    """On PostgreSQL rows are fixed, released and discarded alike; one that is bad again takes back what it appended."""
    monkeypatch.setenv("MQLAB_STORE_URL", server)
    lab = Lab.open(write_lab(tmp_path / "lab"))
    take(lab, "leads", LEADS.replace("bob@", "ada@"))
    take(lab, "outcomes", OUTCOMES + "L1,closed_won,31/02/2026,O1,900,EUR,,\n,sql,2026-03-01,,,,,ada@acme.com\n")
    take(lab, "outcomes", OUTCOMES + ",sql,2026-03-02,,,,,ada@acme.com\n")

    answers = lab.release([1, 2], by="Ada", now=LOOK)
    assert why(answers) == [("open", None)] * 2
    assert lab.fix(1, edited(lab, occurred_at="2026-02-28"), by="Ada", now=LOOK).became == "new"
    assert lab.fix(2, edited(lab, 2, lead_id="L2"), by="Ada", now=LOOK).became == "new"
    lab.discard([3], by="Ada", because="a test call", now=LOOK)
    take(lab, "identity", "old_id,new_id,merged_at\nL2,L1,2026-04-01T00:00:00Z\n")

    assert sorted(row["kind"] for row in facts(lab).outcomes.to_pylist()) == ["closed_won", "sql"]
    assert facts(lab).quarantined == 0
    lab.let_go()


def test_many_rows_are_released_at_once(draft: Lab):
    """Hundreds of rows whose format was missing are facts after one release, in the order of the file."""
    rows = "".join(f"L{n},{n % 28 + 1:02d}/02/2026\n" for n in range(300))
    take(draft, "leads", "lead_id,created_at\n" + rows)
    (draft.folder / "dates.yaml").write_text('kind: crm-preset/v1\nid: csv\nformats: ["%d/%m/%Y"]\n')

    answers = draft.release(everything=True, by="Ada", mapping=draft.folder / "dates.yaml", now=LOOK)

    assert [one.status for one in answers] == ["released"] * 300
    assert [one.id for one in answers] == list(range(1, 301))
    assert (facts(draft).leads.num_rows, facts(draft).quarantined) == (300, 0)


def test_a_conflict_is_released_with_a_version(lab: Lab):
    """Of two rows that disagree without a version, the one released as of a later export is current."""
    said = "L1,closed_won,2026-02-20T00:00:00Z,O2,{},EUR,,\n"
    for amount in (100, 200):
        take(lab, "outcomes", OUTCOMES + said.format(amount))
    assert [row.reason for row in lab.quarantined(1)] == ["conflict_without_version"]

    assert why(lab.release([2], by="Ada", now=LOOK)) == [("open", None)]
    assert why(lab.release([2], by="Ada", snapshot_at=LOOK, now=LOOK)) == [("released", "corrected")]

    assert [row["amount"] for row in facts(lab).outcomes.to_pylist()] == [200]


def test_a_past_analysis_is_the_same_after_work_at_the_desk(fed: Lab):
    """Fixing, releasing and discarding change nothing at the ledger positions before."""
    write_feeds(fed.folder)
    bad = "lead_id,kind,occurred_at,known_at,opportunity_id,amount,currency\n"
    rows = [f"L00{n:02d},sql,2026-0x-01,2026-03-01T00:00:00Z,,,\n" for n in range(10, 14)]
    take(fed, "outcomes", bad + "".join(rows))
    position = fed.ledger.position()

    def seen() -> str:
        found = fed.analyze("demo-requests", as_of=date(2026, 6, 30), ledger=position)
        return json.dumps(found.to_dict(), sort_keys=True, default=str)

    before = seen()
    fed.fix(1, edited(fed, occurred_at="2026-02-20T00:00:00Z"), by="Ada", now=LOOK)
    fed.discard([2, 3], by="Ada", because="duplicates", now=LOOK)
    fed.release(everything=True, by="Ada", now=LOOK)

    assert before == seen()
    assert (facts(fed, position).quarantined, facts(fed).quarantined) == (4, 1)
