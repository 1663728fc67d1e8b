"""What a diff says, case by case; and what it leaves out because nothing changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mqlab.definitions.diff import diff, to_markdown
from mqlab.definitions.diff_moves import moves
from mqlab.definitions.fingerprint import fingerprint
from mqlab.definitions.load import load_text
from mqlab.definitions.model import Definition
from mqlab.definitions.registry import Registry
from mqlab.leads.records import Event, History, Lead
from tests.definitions.definition_edits import meaningful
from tests.definitions.test_diff import document, load, loads

LAB = Registry.open(Path(__file__).parents[2] / "definitions")
AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
BODY = """\
fields: {employees: {type: number}, industry: {type: string}}
events: {demo: {}, page_view: {props: {path: string}}}
lists: {asks: [a.com, b.com], pages: [/pricing, /demo]}
gates: [{id: rival, when: "industry in asks", then: hold, on_unknown: pass}]
scores:
  interest:
    groups:
      web: {max: 40, rules: [{id: price, event: page_view, where: "path in pages", points: 10, max_count: 5}]}
      ask: {rules: [{id: demo, event: demo, points: 30, max_count: 2}, {id: big, when: "employees > 50", points: 5}]}
      fit: {rules: [{id: soft, field: industry, map: {software: 10}}]}
qualify: "interest >= 40 and employees >= 10"
"""


def of(body: str) -> Definition:
    """A definition with this body."""
    return load_text(f"kind: mql-definition/v1\nid: case\nversion: 1.0.0\n{body}", file="case@1.0.0.yaml")


def edited(old: str, new: str) -> list[str]:
    """The words of the diff after replacing `old` by `new` in the file."""
    assert old in BODY
    return [change.words for change in diff(of(BODY), of(BODY.replace(old, new)))]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(
            "interest >= 40 and employees >= 10", "10 <= employees and not (interest < 40)", id="turned round"
        ),
        pytest.param("employees > 50", "50 < employees", id="sides swapped"),
        pytest.param("path in pages", "path == '/demo' or path == '/pricing'", id="a list written out"),
        pytest.param("path in pages", "not (path not in ['/pricing', '/demo'])", id="two nots"),
        pytest.param("/pricing, /demo", "/demo, /pricing, /demo", id="list in another order"),
        pytest.param("lists: {asks", "lists: {spare: [x], asks", id="a list that nobody uses"),
        pytest.param("fit: {rules: [{id: soft", "traits: {rules: [{id: branch", id="group and rule renamed"),
        pytest.param(
            "map: {software: 10}", "map: {software: 10, finance: 0}, default: 0", id="an entry like the default"
        ),
        pytest.param(
            ', {id: big, when: "employees > 50", points: 5}]}\n      fit: {rules: [',
            ']}\n      fit: {rules: [{id: big, when: "employees > 50", points: 5}, ',
            id="a rule in another group without bounds",
        ),
        pytest.param("interest", "engagement", id="score renamed"),
        pytest.param("id: rival", "id: competitor", id="gate renamed"),
    ],
)
def test_writing_it_another_way_changes_nothing(old: str, new: str) -> None:
    """The same meaning in other words gives no line."""
    assert edited(old, new) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        pytest.param(
            "interest >= 40",
            "interest >= 45",
            "Who qualifies: “interest is at least 40” before, now “interest is at least 45”.",
            id="threshold",
        ),
        pytest.param(
            " and employees >= 10",
            "",
            "Who qualifies: it no longer asks that employees is at least 10.",
            id="condition gone",
        ),
        pytest.param(
            "points: 30", "points: 35", "Rule demo of interest: 30 points before, now 35 points.", id="points"
        ),
        pytest.param("max: 40", "max: 50", "Group web of interest, most points: 40 before, now 50.", id="group bound"),
        pytest.param("[a.com, b.com]", "[b.com, c.com]", "List asks: c.com added, a.com removed.", id="list entries"),
        pytest.param(
            "max_count: 5",
            "max_count: 5, within: 90d",
            "Rule price of interest, how far back events count: no limit of time before, now 90 days.",
            id="window",
        ),
        pytest.param(
            ', where: "path in pages"',
            "",
            "Rule price of interest, which events count: all of them now.",
            id="condition on events gone",
        ),
        pytest.param(
            "map: {software: 10}",
            "map: {software: 10, finance: 5}",
            "Rule soft of interest: finance 0 points before, now 5 points.",
            id="map",
        ),
        pytest.param("then: hold", "then: disqualify", "Gate rival: holds before, now disqualifies.", id="gate"),
        pytest.param(
            ', {id: big, when: "employees > 50", points: 5}]}',
            "]}",
            "Rule big of interest is gone: 5 points while employees is above 50.",
            id="rule gone",
        ),
        pytest.param(
            "      fit: {rules: [{id: soft, field: industry, map: {software: 10}}]}\n",
            "",
            "The group fit of interest is gone, with 1 rule: soft.",
            id="group gone",
        ),
        pytest.param(
            "{id: demo, event: demo, points: 30",
            "{id: asked, event: demo, points: 20",
            "Rule asked of interest: 30 points before, now 20 points.",
            id="renamed and changed at once",
        ),
    ],
)
def test_one_edit_is_one_sentence(old: str, new: str, words: str) -> None:
    """The line says what was and what is, in words for a meeting."""
    assert edited(old, new) == [words]


def test_a_rule_that_moves_under_a_bound_is_told() -> None:
    """Where a group bounds its rules, it matters which rules it holds."""
    moved = BODY.replace(', {id: big, when: "employees > 50", points: 5}', "")
    moved = moved.replace(
        "points: 10, max_count: 5}", 'points: 10, max_count: 5}, {id: big, when: "employees > 50", points: 5}'
    )

    (change,) = diff(of(BODY), of(moved))

    assert change.words == "Rule big of interest moves from interest, group ask to interest, group web."
    assert (change.path, change.severity) == ("scores.interest.groups.web.rules.big", "behaviour")


def test_extends_written_out_changes_nothing() -> None:
    """A definition that extends another means the same as its full text."""
    assert diff(LAB["intent-fast-track@1.1.0"], load(document("intent-fast-track@1.1.0"))) == ()


def test_a_definition_beside_the_one_it_extends() -> None:
    """What intent-fast-track adds to fit-x-engagement is one fast track."""
    (change,) = diff(LAB["fit-x-engagement@1.4.0"], LAB["intent-fast-track@1.1.0"])

    assert change.path == "fast_track.hand-raise"
    assert change.to_dict()["before"] is None
    assert change.words.startswith(
        "Fast track hand-raise is new: in the last 7 days there is at least one form submit event"
    )


def test_what_qualifies_in_another_way_is_breaking() -> None:
    """Two unlike definitions differ in their inputs and in how they qualify, and each line has a severity."""
    changes = diff(LAB["any-engagement@1.0.0"], LAB["fit-and-intent@1.0.0"])

    by_path = {change.path: change for change in changes}

    assert by_path["qualify"].severity == "breaking"
    assert by_path["scores.fit"].severity == "breaking"
    assert by_path["events.ad_click"].words == "Event ad click is no longer read."
    assert len(by_path) == len(changes)


def test_metadata_is_told_only_when_asked_for() -> None:
    """A new title changes no meaning; with metadata it is one cosmetic line."""
    old, new = of(f"title: One\n{BODY}"), of(f"title: Two\n{BODY}")

    assert diff(old, new) == ()
    assert [(change.path, change.severity) for change in diff(old, new, metadata=True)] == [("title", "cosmetic")]


def test_markdown_for_a_pull_request() -> None:
    """A table with a line for each change, and a plain sentence where there is none."""
    old, new = of(BODY), of(BODY.replace("points: 30", "points: 35"))

    assert to_markdown(diff(old, new), before="case@1.0.0", after="case@1.1.0") == (
        "### case@1.0.0 → case@1.1.0\n\n"
        "| | what changes | where |\n| --- | --- | --- |\n"
        "| **behaviour** | Rule demo of interest: 30 points before, now 35 points. "
        "| `scores.interest.groups.ask.rules.demo.points` |\n"
    )
    assert to_markdown(diff(old, old)).endswith("No difference in meaning.\n")


@pytest.mark.parametrize("ref", ["bant-weighted@2.0.0", "points@1.0.0", "logit-propensity@0.3.0"])
def test_diff_and_fingerprint_agree(ref: str) -> None:
    """Where the diff has a line, the fingerprint of meaning or of reporting differs."""
    before = load(document(ref))
    old = fingerprint(before)
    for edit in meaningful(document(ref)):
        after = loads(edit.document)
        if after is not None:
            new = fingerprint(after)
            assert (old.meaning, old.reporting) != (new.meaning, new.reporting), edit.name


def lead(name: str, demos: list[float], employees: float | None = 100.0) -> History:
    """A lead that asked for demos so many days ago."""
    events = tuple(
        Event("demo", at, at, event_id=str(number))
        for number, days in enumerate(demos)
        for at in (AS_OF - timedelta(days=days),)
    )
    return History(Lead(name, AS_OF - timedelta(days=90), fields={"employees": employees}), events)


def test_how_leads_move() -> None:
    """Leads that come in, go out, qualify earlier, or stay, with an example of each way."""
    before = of(BODY)
    after = of(BODY.replace("points: 30", "points: 40").replace("employees >= 10", "employees >= 60"))
    leads = [
        lead("in", [5]),
        lead("stays", [9, 9]),
        lead("earlier", [20, 5]),
        lead("out", [9, 9], 50.0),
        lead("never", []),
    ]

    found = moves(before, after, leads, as_of=AS_OF)

    assert (found.leads, found.moved_in, found.moved_out, found.earlier, found.later) == (5, 1, 1, 1, 0)
    assert (found.both, found.neither) == (2, 1)
    assert [(move.lead_id, move.way) for move in found.examples] == [
        ("in", "in"),
        ("out", "out"),
        ("earlier", "earlier"),
    ]
    assert found.examples[0].words == "in: no MQL before, now an MQL from 2026-05-27T00:00:00Z by score."
    assert found.words.startswith("Of 5 leads, 1 move in and 1 move out. 2 are MQLs under both")
    assert found.to_dict()["examples"][1]["after"] == {"verdict": "not_mql", "path": None, "qualified_at": None}
    assert found.to_markdown().count("\n- ") == 3


def test_moves_look_at_whole_accounts() -> None:
    """A definition that counts what colleagues do sees them when leads move."""
    plain = of("events: {demo: {}}\nqualify: count(demo) >= 2")
    account = of("events: {demo: {}}\nqualify: account.count(demo) >= 2")
    one, two = lead("one", [5]), lead("two", [6])
    together = [
        History(Lead(known.lead.lead_id, known.lead.created_at, account_key="acme"), known.events)
        for known in (one, two)
    ]

    assert moves(plain, account, together, as_of=AS_OF).moved_in == 2
    assert moves(plain, account, [one, two], as_of=AS_OF).moved_in == 0
