"""The agreed JSON of each command: these keys are there, with these values, and nothing else is on stdout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.runner import mqlab

NAME = "demo-requests"
WHY = {
    "in", "coverage", "layer", "ineligible", "eligibility_unknown", "before_enrolment", "after_enrolment",
    "prior_handoff", "override",
}  # fmt: skip
CHECKS = {
    "sample_ratio", "arm_by_stratum", "same_handling", "concordant_effect", "handling_parity", "owner_balance",
    "match_rate", "maturity", "lateness", "capacity", "cross_arm", "clusters", "protocol_unchanged",
}  # fmt: skip
LEADS = [
    {
        "lead_id": "big", "created_at": "2026-07-01T08:00:00Z", "source": "organic", "account_key": "acme",
        "fields": {"employees": 400},
        "events": [
            {"name": "page_view", "occurred_at": "2026-07-02T09:00:00Z", "props": {"path": "/pricing"}},
        ],
    },
    {"lead_id": "small", "created_at": "2026-07-01T08:00:00Z", "account_key": "acme", "fields": {"employees": 4}},
]  # fmt: skip


@pytest.fixture
def lead_file(tmp_path: Path) -> Path:
    path = tmp_path / "leads.json"
    path.write_text(json.dumps(LEADS))
    return path


def test_assign(draft_lab: Path):
    """`assign` gives one object per row, in the file's order, with a reason; without created_at no date is applied."""
    path = draft_lab.parent / "leads.csv"
    path.write_text(
        "lead_id,created_at,source\nZ9,2026-01-10,organic\nA1,2025-01-10,organic\nB2,,organic\n"
        "C3,2026-06-10,organic\nD4,2026-01-10,partner\nE5,2026-01-10,\n"
    )

    rows = mqlab("assign", NAME, path, "--format", "json", lab=draft_lab).json

    keys = {"lead_id", "unit", "position", "traffic_position", "in_experiment", "arm", "phase", "why"}
    assert all(keys <= set(row) for row in rows)
    assert [(row["lead_id"], row["why"], row["phase"]) for row in rows] == [
        ("Z9", "in", 1), ("A1", "before_enrolment", None), ("B2", "in", 1), ("C3", "after_enrolment", None),
        ("D4", "ineligible", 1), ("E5", "eligibility_unknown", 1),
    ]  # fmt: skip
    assert all((row["arm"] is None) is not row["in_experiment"] for row in rows)
    assert {row["why"] for row in rows} <= WHY
    assert all(0 <= row["position"] < 2**32 and 0 <= row["traffic_position"] < 2**32 for row in rows)


def test_score(draft_lab: Path, lead_file: Path):
    """`score` gives one decision per lead: latched verdict, when, by which path, with scores and rules."""
    done = mqlab(
        "definitions", "score", "points@1.0.0", "--lead", lead_file, "--at", "2026-07-10T00:00:00Z", "--format", "json",
        lab=draft_lab,
    )  # fmt: skip
    big, small = done.json

    assert {
        "lead", "definition", "as_of", "verdict", "holds_now", "path", "qualified_at", "scores", "grades", "rules",
        "missing", "gates", "labels", "track",
    } <= set(big)  # fmt: skip
    assert (big["lead"], big["definition"], big["as_of"]) == ("big", "points@1.0.0", "2026-07-10T00:00:00Z")
    assert (big["verdict"], big["qualified_at"], big["scores"]) == ("mql", "2026-07-02T09:00:00Z", {"points": 50})
    assert [(rule["id"], rule["points"], rule["counted"]) for rule in big["rules"]] == [
        ("size", 40, None),
        ("pricing", 10, 1),
    ]
    assert (small["verdict"], small["qualified_at"], small["path"]) == ("not_mql", None, None)


def test_score_reads_the_account_in_the_file(draft_lab: Path, lead_file: Path):
    """`account.*` counts what the other leads of the account did, as far as the file holds them."""
    (draft_lab / "definitions" / "crowd@1.0.0.yaml").write_text(
        "kind: mql-definition/v1\nid: crowd\nversion: 1.0.0\nevents: {page_view: {}}\n"
        'qualify: "account.count(page_view) >= 1"\n'
    )

    rows = mqlab(
        "definitions", "score", "crowd", "--lead", lead_file, "--at", "2026-07-10", "--format", "json", lab=draft_lab
    ).json

    assert [(row["lead"], row["verdict"]) for row in rows] == [("big", "mql"), ("small", "mql")]


def test_ingest(draft_lab: Path):
    """`ingest` counts every row once: `read` is the sum of the other five."""
    path = draft_lab.parent / "leads.csv"
    path.write_text("lead_id,created_at\nA1,2026-01-10\nA2,2026-01-11\nA3,nonsense\n")

    first = mqlab("ingest", "leads", path, "--format", "json", lab=draft_lab).json
    again = mqlab("ingest", "leads", path, "--format", "json", lab=draft_lab).json

    parts = ("new", "unchanged", "corrected", "unmatched", "quarantined")
    assert {"read", "import_id", *parts} <= set(first)
    assert [first[part] for part in parts] == [2, 0, 0, 0, 1]
    assert [again[part] for part in parts] == [0, 2, 0, 0, 1]
    assert all(done["read"] == sum(done[part] for part in parts) == 3 for done in (first, again))


def test_diff_check_and_lint(draft_lab: Path):
    """`diff` lists changes with words; `check` and `lint` list findings with file, line, column, code and hint."""
    changes = mqlab("definitions", "diff", "points@1.0.0", "points@1.1.0", "--format", "json", lab=draft_lab).json
    same = mqlab("definitions", "diff", "points@1.0.0", "points@1.0.0", "--format", "json", lab=draft_lab).json
    findings = [
        *mqlab("check", "--format", "json", lab=draft_lab).json,
        *mqlab("definitions", "lint", "points@1.0.0", "--format", "json", lab=draft_lab).json,
    ]
    markdown = mqlab("definitions", "diff", "points@1.0.0", "points@1.1.0", "--format", "markdown", lab=draft_lab)

    assert [set(change) >= {"path", "severity", "before", "after", "words"} for change in changes] == [True]
    assert changes[0]["severity"] in ("breaking", "behaviour", "cosmetic")
    assert same == []
    assert findings
    assert all({"file", "line", "column", "code", "severity", "message", "hint"} <= set(row) for row in findings)
    assert {row["severity"] for row in findings} == {"warning"}
    assert "|" in markdown.out and "demo-request" in markdown.out


def test_diff_with_leads(draft_lab: Path, lead_file: Path):
    """With a lead file the JSON of `diff` also says how many leads move in and out."""
    done = mqlab(
        "definitions", "diff", "points@1.0.0", "points@1.1.0", "--leads", lead_file, "--at", "2026-07-10",
        "--format", "json", lab=draft_lab,
    )  # fmt: skip

    assert done.code == 0
    assert {"changes", "moves"} <= set(done.json)
    for shape in ("table", "markdown"):
        shown = mqlab(
            "definitions", "diff", "points@1.0.0", "points@1.1.0", "--leads", lead_file, "--at", "2026-07-10",
            "--format", shape, lab=draft_lab,
        )  # fmt: skip
        assert (shown.code, shown.err) == (0, "")
        assert shape == "markdown" or all(len(line) <= 80 for line in shown.lines)


def test_analyze(fed_once: Path):
    """`analyze` gives checks, strata, one row per metric, horizon, arm, segment and estimator, and a verdict."""
    done = mqlab("analyze", NAME, "--as-of", "2026-06-30", "--format", "json", lab=fed_once).json

    assert {"experiment", "as_of", "ledger", "engine", "checks", "strata", "metrics", "verdict"} <= set(done)
    assert done["as_of"] == "2026-06-30T21:59:59.999999Z"
    assert [check["check"] for check in done["checks"] if check["check"] not in CHECKS] == []
    assert {check["status"] for check in done["checks"]} <= {"pass", "warn", "fail", "not_applicable"}
    assert all({"check", "status", "detail", "p_value"} <= set(check) for check in done["checks"])
    assert {row["stratum"] for row in done["strata"]} == {"both", "control_first", "arm_first", "none"}
    assert sum(row["share"] for row in done["strata"]) == pytest.approx(1)
    keys = [
        (row["metric"], row["horizon_days"], row["arm"], row["segment"], row["estimator"], row["role"])
        for row in done["metrics"]
    ]
    assert len(keys) == len(set(keys))
    assert [row["metric"] for row in done["metrics"] if row["primary"]] == ["sql_per_lead"]
    for row in done["metrics"]:
        _metric_row(row)
    assert done["verdict"]["call"] in {"ship", "harm", "keep", "inconclusive", "blocked", "not_due"}
    assert done["verdict"]["why"]


def _metric_row(row: dict[str, Any]) -> None:
    """A row has every agreed key; what cannot be estimated says why, and is never a zero."""
    assert {
        "metric", "role", "primary", "estimator", "horizon_days", "arm", "segment", "control", "treatment", "absolute",
        "relative", "p_value", "p_fixed", "method", "look", "note",
    } <= set(row)  # fmt: skip
    assert row["role"] in {"primary", "then", "beside", "guardrail", "segment"}
    assert row["estimator"] in {"itt", "triggered"}
    for side in ("control", "treatment"):
        assert {"units", "mature_units", "value"} <= set(row[side])
    for interval in ("absolute", "relative"):
        assert "not_estimable" in row[interval] or {"estimate", "low", "high"} <= set(row[interval])


def test_lists_and_lifecycle(draft_lab: Path):
    """Lists, approvals, locks and steps are JSON too, from the draft to the running experiment."""
    before = mqlab("experiments", "list", "--format", "json", lab=draft_lab).json
    for ref in ("points@1.0.0", "points@1.1.0"):
        for team in ("marketing", "sales"):
            approved = mqlab(
                "definitions", "approve", ref, "--team", team, "--by", "Ada", "--format", "json", lab=draft_lab
            ).json
            assert (approved["definition"], approved["team"], approved["by"]) == (ref, team, "Ada")
    started = mqlab("experiments", "start", NAME, "--by", "Ada", "--format", "json", lab=draft_lab).json
    definitions = mqlab("definitions", "list", "--format", "json", lab=draft_lab).json
    status = mqlab("experiments", "status", NAME, "--format", "json", lab=draft_lab).json
    shown = mqlab("experiments", "show", NAME, "--format", "json", lab=draft_lab).json
    locked = mqlab("definitions", "lock", "--format", "json", lab=draft_lab).json

    assert [row["state"] for row in before] == ["draft"]
    assert started["state"] in ("running", "enrolment closed")
    assert [(row["definition"], row["locked"], row["approved_by"], row["in_force"]) for row in definitions] == [
        ("points@1.0.0", True, ["marketing", "sales"], True), ("points@1.1.0", True, ["marketing", "sales"], False),
    ]  # fmt: skip
    assert status[0]["log"] and shown["started_at"]
    assert [row["new"] for row in locked] == [False, False]


def test_why(fed_once: Path):
    """`why` gives the lead's timeline and one judgement per arm; one of them acts."""
    done = mqlab("why", "L0001", "--format", "json", lab=fed_once).json

    assert (done["lead"], done["experiment"]) == ("L0001", NAME)
    assert [judgement["arm"] for judgement in done["judgements"]] == ["current", "challenger"]
    assert sum(judgement["acts"] for judgement in done["judgements"]) == 1
    assert done["timeline"] == sorted(done["timeline"], key=lambda moment: moment["at"])


@pytest.mark.parametrize("kind", ["definition", "experiment"])
def test_schema(kind: str):
    """`schema` prints a JSON Schema of each file."""
    assert "properties" in mqlab("schema", kind).json


def test_lint_tells_of_a_file_that_does_not_load_as_check_does(draft_lab: Path):
    """A definition with errors is an answer of `lint`, the array that `check` prints; a ref of no file is bad input."""
    bad = draft_lab / "definitions" / "bad@1.0.0.yaml"
    bad.write_text("kind: mql-definition/v1\nid: bad\nversion: 1.0.0\nqualify: nothing > 1\n")

    named = mqlab("definitions", "lint", "bad@1.0.0", "--format", "json", lab=draft_lab)
    newest = mqlab("definitions", "lint", "bad", "--format", "json", lab=draft_lab)
    checked = mqlab("check", "--format", "json", lab=draft_lab)
    unknown = mqlab("definitions", "lint", "worse", "--format", "json", lab=draft_lab)

    assert (named.code, newest.code, unknown.code, unknown.out) == (1, 1, 2, "")
    assert [(row["code"], row["line"], row["severity"]) for row in named.json] == [("UnknownField", 4, "error")]
    assert newest.json == named.json == [row for row in checked.json if row["file"] == str(bad)]


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        pytest.param({"email_domain": "acme.com"}, {"email_domain": "mail.acme.com"}, True, id="one company"),
        pytest.param({"email_domain": "acme.com"}, {"account_key": "acme.com"}, True, id="key and domain"),
        pytest.param({"email_domain": "gmail.com"}, {"email_domain": "gmail.com"}, False, id="free mail"),
        pytest.param({"account_key": "n/a"}, {"account_key": "n/a"}, False, id="no account"),
        pytest.param({"email_domain": "ours.example"}, {"email_domain": "ours.example"}, False, id="ourselves"),
    ],
)
def test_an_account_is_a_key_or_a_company_s_domain(
    draft_lab: Path, first: dict[str, str], second: dict[str, str], together: bool
):
    """`score` and `diff` tell accounts as experiments do, by the lab's own domains and null tokens."""
    (draft_lab / "definitions" / "crowd@1.0.0.yaml").write_text(
        "kind: mql-definition/v1\nid: crowd\nversion: 1.0.0\nevents: {page_view: {}}\n"
        'qualify: "account.count(page_view) >= 1"\n'
    )
    (draft_lab / "definitions" / "alone@1.0.0.yaml").write_text(
        "kind: mql-definition/v1\nid: alone\nversion: 1.0.0\nevents: {page_view: {}}\n"
        'qualify: "count(page_view) >= 1"\n'
    )
    visit = {"name": "page_view", "occurred_at": "2026-07-02T09:00:00Z"}
    path = draft_lab.parent / "leads.json"
    path.write_text(
        json.dumps(
            [
                {"lead_id": "a", "created_at": "2026-07-01", "events": [visit], **first},
                {"lead_id": "b", "created_at": "2026-07-01", **second},
            ]
        )
    )

    _, other = mqlab(
        "definitions", "score", "crowd", "--lead", path, "--at", "2026-07-10", "--format", "json", lab=draft_lab
    ).json
    moved = mqlab(
        "definitions", "diff", "alone", "crowd", "--leads", path, "--at", "2026-07-10", "--format", "json",
        lab=draft_lab,
    ).json["moves"]  # fmt: skip

    assert (other["verdict"], moved["moved_in"]) == (("mql", 1) if together else ("not_mql", 0))


def test_import_lists_what_it_left_out_and_what_it_guessed(draft_lab: Path):
    """Rows that could not be carried over and types that were guessed are listed, each with its line."""
    table = draft_lab.parent / "points.csv"
    table.write_text("field,operator,value,points,threshold\nCountry,is,NO,10,10\npath,matches,x,1,\n")

    done = mqlab("definitions", "import", table, "--id", "sheet", "--format", "json", lab=draft_lab)
    shown = mqlab("definitions", "import", table, "--id", "sheet", "--force", lab=draft_lab)

    assert [(row["line"], row["name"]) for row in done.json["guesses"]] == [(2, "country")]
    assert [row["line"] for row in done.json["not_carried"]] == [3]
    assert "country == 'NO'" in (draft_lab / "definitions" / "sheet@1.0.0.yaml").read_text()
    assert "Guessed; please look:" in shown.out and "- line 2: 'country' is taken as text" in shown.out
