"""Mapping files: a lab's own column names on top of a preset, every mistake told at its line."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from mqlab.crm.mapping import PRESETS, Mapping, load_mapping, load_preset, overridden
from mqlab.crm.quarantine import Reason
from mqlab.crm.rules import Events, Leads, Outcomes
from mqlab.definitions.strict import read_as
from mqlab.definitions.yaml import read_yaml
from mqlab.errors import InputError, ProblemsFound
from mqlab.leads.records import OutcomeKind
from tests.crm.conftest import Desk

HEAD = "kind: crm-preset/v1\nid: x\n"
FUNNEL = """
kind: crm-preset/v1
id: shop
timezone: America/Sao_Paulo
leads:
  id: person_id
  created_at: first_seen
  source: channel
outcomes:
  - kind: closed_won
    lead: person_id
    at: won_date
    opportunity: seller
    amount: revenue
    currency: {constant: BRL}
"""


def test_a_funnel_of_two_tables_is_read_by_its_own_names(desk: Desk):
    """A leads table with a date and further columns, and a table in which each row is one win with its amount."""
    desk.take(
        "leads", "person_id,first_seen,page,channel\np1,2019-03-01,home,social\np2,2019-03-02,,\n", mapping=FUNNEL
    )
    wins = desk.take(
        "outcomes",
        "person_id,seller,won_date,segment,revenue\np1,s1,2019-03-05 14:20:30,pet,1300.25\n"
        "p2,s2,2019-03-01 10:00:00,,\n",
        mapping=FUNNEL,
    )

    facts = desk.facts()
    first, second = facts.leads.to_pylist()
    assert (first["source"], json.loads(first["fields"]), second["source"]) == ("social", {"page": "home"}, None)
    assert first["created_at"] == datetime(2019, 3, 1, 3, tzinfo=UTC)
    won = {row["lead_id"]: row for row in facts.outcomes.to_pylist()}
    assert (wins.new, wins.backfilled) == (2, 2)
    assert (won["p1"]["amount"], won["p1"]["currency"], won["p1"]["opportunity_id"]) == (
        Decimal("1300.2500"),
        "BRL",
        "s1",
    )
    assert won["p1"]["occurred_at"] == datetime(2019, 3, 5, 17, 20, 30, tzinfo=UTC)
    assert (won["p2"]["amount"], won["p2"]["kind"]) == (None, "closed_won")


def test_words_of_a_crm_are_given_a_meaning(desk: Desk):
    """A status column becomes kinds by `values`; rows of skipped words state nothing and are not counted as read."""
    mapping = """
kind: crm-preset/v1
id: words
outcomes:
  - kind: {column: Status, values: {Working: accepted, Unqualified: rejected}, skip: [Open]}
    lead: Lead ID
    at: {column: Date, format: "%d.%m.%Y"}
"""
    desk.take("leads", "lead_id,created_at\nL1,2026-07-01\n", name="leads.csv")

    counts = desk.take(
        "outcomes",
        "lead id;STATUS;Date\nL1;working;10.07.2026\nL1;open;11.07.2026\nL1;Lost;12.07.2026\n",
        mapping=mapping,
    )

    assert (counts.read, counts.new, counts.blank, dict(counts.reasons)) == (2, 1, 1, {"unknown_kind": 1})
    assert desk.facts().outcomes["kind"].to_pylist() == ["accepted"]


def test_one_wide_row_may_state_several_outcomes(desk: Desk):
    """A row with an instant per stage gives one outcome per stage reached; the stages not reached state nothing."""
    mapping = "kind: crm-preset/v1\nid: wide\noutcomes:\n" + "".join(
        f"  - {{kind: {kind}, lead: lead_id, at: {kind}_at}}\n" for kind in ("accepted", "sql", "closed_won")
    )
    desk.take("leads", "lead_id,created_at\nL1,2026-07-01\nL2,2026-07-01\n", name="leads.csv")

    counts = desk.take(
        "outcomes",
        "lead_id,accepted_at,sql_at,closed_won_at\nL1,2026-07-02,2026-07-03,\nL2,2026-07-04,,oops\n",
        mapping=mapping,
    )

    assert (counts.read, counts.new, counts.quarantined) == (4, 3, 1)
    assert (counts.rows, counts.blank) == (2, 0)


@pytest.mark.parametrize(
    ("decimal", "text", "amount"),
    [
        pytest.param(",", "1.234,56", "1234.5600", id="German"),
        pytest.param(",", "99", "99.0000", id="German, whole"),
        pytest.param(".", "1234.56", "1234.5600", id="plain"),
        pytest.param(".", "1e3", "1000.0000", id="an exponent"),
        pytest.param(".", "0.00005", "0.0001", id="rounded half up"),
    ],
)
def test_the_decimal_mark_is_stated(desk: Desk, decimal: str, text: str, amount: str):
    """Amounts are read with the mark the mapping states, exactly, to four places."""
    desk.take("leads", "lead_id,created_at\nL1,2026-07-01\n", name="leads.csv")

    desk.take(
        "outcomes", f"lead_id;kind;occurred_at;amount\nL1;closed_won;2026-07-02;{text}\n",
        mapping=f"kind: crm-preset/v1\nid: money\ndecimal: '{decimal}'\n",
    )  # fmt: skip

    assert desk.facts().outcomes["amount"].to_pylist() == [Decimal(amount)]


def test_dates_that_fit_two_stated_formats_are_not_guessed(desk: Desk):
    """Day and month are only told apart where one of the formats fits; the rest is quarantined."""
    mapping = "kind: crm-preset/v1\nid: dates\nformats: ['%d/%m/%Y', '%m/%d/%Y']\n"

    counts = desk.take(
        "leads",
        "lead_id,created_at\nL1,31/12/2025\nL2,12/31/2025\nL3,01/02/2026\nL4,03/03/2026\nL5,2026-07-01\n",
        mapping=mapping,
    )

    assert (counts.new, dict(counts.reasons)) == (4, {"ambiguous_date": 1})


def test_epochs_are_read_where_they_are_stated(desk: Desk):
    """Seconds and milliseconds since 1970 are formats like any other."""
    mapping = (
        "kind: crm-preset/v1\nid: epochs\nleads:\n  created_at: {column: at, format: epoch_ms}\n"
        "  known_at: {column: seen, format: epoch_s}\n"
    )

    desk.take("leads", "lead_id,at,seen\nL1,1782864000000,1782864005\n", mapping=mapping)

    lead = desk.facts().leads.to_pylist()[0]
    assert (lead["created_at"], lead["known_at"]) == (
        datetime(2026, 7, 1, tzinfo=UTC),
        datetime(2026, 7, 1, 0, 0, 5, tzinfo=UTC),
    )


def test_chosen_fields_only(desk: Desk):
    """With fields listed, no other column is stored; one that is named and personal is stored because it is named."""
    mapping = "kind: crm-preset/v1\nid: few\nleads:\n  fields: {size: employees, caller: phone}\n"

    desk.take("leads", "lead_id,created_at,employees,phone,other\nL1,2026-07-01,40,123,x\n", mapping=mapping)

    assert json.loads(desk.facts().leads["fields"][0].as_py()) == {"size": "40", "caller": "123"}


def test_a_named_column_must_be_there(desk: Desk):
    """A column that a mapping names is needed, even where the preset could do without it."""
    with pytest.raises(ProblemsFound, match=r"'origin' is missing; it is needed for 'source'.*Did you mean 'orgin'"):
        desk.take("leads", "lead_id,created_at,orgin\n", mapping=HEAD + "leads:\n  source: origin\n")


def test_a_further_column_may_not_hide_the_source(desk: Desk):
    """A column called `source` beside a mapped one would be read as if it were it."""
    with pytest.raises(ProblemsFound, match=r"'source' would become 'source'.*ignore"):
        desk.take("leads", "lead_id,created_at,origin,source\n", mapping=HEAD + "leads:\n  source: origin\n")

    desk.take(
        "leads",
        "lead_id,created_at,origin,source\nL1,2026-07-01,a,b\n",
        mapping=HEAD + "leads: {source: origin, ignore: source}\n",
    )
    assert desk.facts().leads["source"].to_pylist() == ["a"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(HEAD + "ledas: {}\n", r"mapping.yaml:3.*Unknown key 'ledas'.*'leads'", id="an unknown key"),
        pytest.param(HEAD + "leads:\n  identity: a\n", r"mapping.yaml:4.*Unknown key 'identity'", id="an unknown name"),
        pytest.param(HEAD + "timezone: Berlin\n", "'Berlin' is not an IANA time zone", id="an unknown zone"),
        pytest.param(HEAD + "encoding: latin-99\n", "'latin-99' is not an encoding", id="an unknown encoding"),
        pytest.param(HEAD + "outcomes: [{kind: won, lead: a, at: b}]\n", "'won' is not a kind", id="an unknown kind"),
        pytest.param(HEAD + "outcomes: [{kind: sql, at: b}]\n", "'lead' or 'email'", id="nobody"),
        pytest.param(HEAD + "leads: {id: {constant: a, column: b}}\n", "either 'column' or 'constant'", id="both"),
        pytest.param("kind: mapping\nid: x\n", "crm-preset/v1", id="another kind of file"),
        pytest.param("kind: crm-preset/v1\n", "'id' is needed", id="no id"),
        pytest.param("", "empty", id="an empty mapping"),
    ],
)
def test_a_mistake_in_a_mapping_is_told(desk: Desk, text: str, said: str):
    """Each mistake names the file, the line and what is allowed; nothing is read."""
    with pytest.raises(InputError, match="(?s)" + said):
        desk.take("leads", "lead_id,created_at\nL1,2026-07-01\n", mapping=text)

    assert desk.ledger.imports.list() == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            "tables: {opportunty: {columns: {}}}", r":3:10.*'opportunty'.*Did you mean 'opportunity'", id="table"
        ),
        pytest.param(
            "tables:\n  opportunity:\n    columns:\n      curency: Code\n",
            r":6:7.*'curency' of the table 'opportunity'.*Did you mean 'currency'",
            id="column",
        ),
        pytest.param("statuses:\n  acepted: [Neu]\n", r":4:3.*list 'acepted'.*Did you mean 'accepted'", id="statuses"),
        pytest.param("stages: {onboarding: [Weg]}\n", r":3:10.*list 'onboarding'.*Lists: accepted, .*won", id="stages"),
    ],
)
def test_a_name_that_nothing_reads_is_a_mistake(desk: Desk, text: str, said: str):
    """A table, column or list that no rule reads is told at its line, with the nearest there is."""
    own = desk.write("kind: crm-preset/v1\nid: salesforce\n" + text, "mapping.yaml")

    with pytest.raises(InputError, match="(?s)mapping.yaml" + said):
        load_mapping(own, load_preset("salesforce"))


def test_names_that_a_rule_of_the_lab_reads_are_none(desk: Desk):
    """Columns, tables and lists of the lab's own stand where its rules or conditions read them."""
    own = desk.write(
        "kind: crm-preset/v1\nid: salesforce\nstatuses: {trial: [Trial]}\n"
        "restrict: {opportunity: \"team == 'New' and kept in trial\"}\ntables:\n"
        "  opportunity: {columns: {team: Team__c, kept: Kept__c}}\n  trial: {columns: {id: Id, other: Other}}\n"
        "outcomes: [{kind: pql, from: trial, lead: id, at: Started}]\n",
        "mapping.yaml",
    )

    mapping = load_mapping(own, load_preset("salesforce"))

    assert mapping.tables["opportunity"].columns["team"].column == ["Team__c"]


def test_a_mapping_replaces_names_and_leaves_the_rest(desk: Desk):
    """What a mapping does not name stands as the preset says."""
    own = desk.write("kind: crm-preset/v1\nid: mine\nleads:\n  id: key\n", "mapping.yaml")

    mapping = load_mapping(own, load_preset("csv"))

    assert mapping.leads is not None and mapping.leads.id is not None and mapping.leads.created_at is not None
    assert (mapping.leads.id.column, mapping.leads.created_at.column, mapping.system) == (
        ["key"],
        ["created_at"],
        "mine",
    )
    assert overridden(load_preset("csv"), load_preset("csv")) == load_preset("csv")


def test_an_unknown_preset_is_told():
    """A preset that does not exist is told with the ones that do."""
    with pytest.raises(InputError, match=r"no preset 'cvs'.*Did you mean 'csv'"):
        load_preset("cvs")


def test_the_guide_names_every_reason_kind_and_key(root: Path):
    """`docs/ingest.md` tells all of them, and its mappings are read as they stand there."""
    guide = (root / "docs" / "ingest.md").read_text()

    words = [
        *Reason,
        *OutcomeKind,
        *Mapping.model_fields,
        *Leads.model_fields,
        *Events.model_fields,
        *Outcomes.model_fields,
    ]
    assert [word for word in words if word not in guide] == []
    systems = (root / "docs" / "crm.md").read_text()
    assert [name for name in PRESETS if f"`{name}`" not in systems] == []
    blocks = [part.split("```")[0] for page in (guide, systems) for part in page.split("```yaml\n")[1:]]
    for block in blocks:
        text = block if block.startswith("kind:") else "kind: crm-preset/v1\n" + block
        text = text if "\nid:" in text else HEAD + block
        found, problems = read_as(Mapping, read_yaml(text, file="ingest.md"))
        assert (problems, found is not None) == ((), True)


@pytest.mark.parametrize(
    ("amounts", "told"),
    [
        pytest.param(("7.000", "25.000"), True, id="as where the point parts thousands"),
        pytest.param(("7.000", "25.50"), False, id="two digits behind a point"),
        pytest.param(("7.000", "1250"), False, id="thousands without a point"),
        pytest.param(("7", "25"), False, id="no point at all"),
    ],
)
def test_a_point_that_may_part_thousands_is_told(desk: Desk, amounts: tuple[str, ...], told: bool):
    """Where no amount shows what the point means, the import says how it read it, before it is done and after."""
    rows = "".join(f"L1,closed_won,2026-07-0{day}T10:00:00Z,{one}\n" for day, one in enumerate(amounts, 1))

    for dry_run in (True, False):
        notes = desk.take("outcomes", f"lead_id,kind,occurred_at,amount\n{rows}", dry_run=dry_run).notes
        assert any("such as '25.000', read as 25 and 0 thousandths" in note for note in notes) is told


def test_a_corrected_mapping_that_corrects_nothing_is_told(desk: Desk):
    """The same rows of the same version, read in another way: some stand as they were, and the import says so."""
    days = range(1, 9)
    wins = "".join(f"L1,closed_won,2026-07-0{day}T10:00:00Z,{day}.000,R{day},2026-08-01T00:00:00Z\n" for day in days)
    content = "lead_id,kind,occurred_at,amount,row_id,modified_at\n" + wins
    desk.take("leads", "lead_id,created_at\nL1,2026-06-01T00:00:00Z\n")
    first = desk.take("outcomes", content)

    again = desk.take("outcomes", content, mapping="kind: crm-preset/v1\nid: csv\ndecimal: ','\n")
    later = content.replace("2026-08-01T", "2026-08-02T")
    corrected = desk.take("outcomes", later, mapping="kind: crm-preset/v1\nid: csv\ndecimal: ','\n")

    word = "something else than another one of the same version: 8."
    assert not any(word in note for note in first.notes)
    assert any(word in note for note in again.notes)
    assert not any("the same version" in note for note in corrected.notes)
    assert {row["amount"] for row in desk.facts().outcomes.to_pylist()} >= {Decimal(1000 * day) for day in days}


def test_a_mapping_that_names_another_system_is_told(desk: Desk):
    """Rows read as of a preset and then as of a mapping's own id are different facts, so a row in both counts twice."""
    content = "lead_id,kind,occurred_at,row_id\nL1,sql,2026-07-01T10:00:00Z,R1\n"
    own = "kind: crm-preset/v1\nid: ours\n"
    alone = desk.take("outcomes", content.replace("R1", "R0"), mapping=own)
    desk.take("outcomes", content)

    other = desk.take("outcomes", content, mapping=own)
    same = desk.take("outcomes", content, mapping=own + "source: csv\n")

    word = "of the system 'ours', and earlier ones of 'csv': a row in both counts twice."
    assert not any(word in note for note in alone.notes)
    assert [word in note for note in other.notes if "system" in note] == [True]
    assert not any("system" in note for note in same.notes)
    assert same.unmatched == 1
    assert len(desk.ledger.unmatched.list()) == 3
