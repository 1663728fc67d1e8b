"""`mqlab experiments plan`: the screen at 80 columns, the agreed JSON, and what is refused."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from mqlab.cli import plan as command
from tests.cli.runner import Done, mqlab

INTENT, STRICT = "2026q3-intent", "any-engagement-v-fit"
KEYS = {
    "units_needed", "last_look", "expected_stop", "smallest_effect", "discordant_share", "assumptions", "feasible",
}  # fmt: skip


def plan(root: Path, experiment: str, *arguments: str) -> Done:
    """The plan of an experiment of the example lab, without its ledger."""
    return mqlab("experiments", "plan", experiment, "--no-history", *arguments, lab=root)


@pytest.mark.parametrize("experiment", [INTENT, STRICT])
def test_the_agreed_keys(root: Path, experiment: str):
    """The JSON has the agreed keys, each answer for both estimators, and dates as dates."""
    done = plan(root, experiment, "--format", "json")

    assert done.code == 0 and set(done.json) > KEYS
    for key in ("units_needed", "last_look", "expected_stop", "smallest_effect"):
        assert {"itt", "triggered"} <= set(done.json[key])
    assert done.json["last_look"]["triggered"][:2] == "20"
    assert isinstance(done.json["feasible"], bool) and done.json["smallest_effect"]["by"]
    assert done.json["guardrails"] and done.json["curve"]


@pytest.mark.parametrize("experiment", [INTENT, STRICT])
def test_the_screen_fits_80_columns(root: Path, experiment: str):
    """Both estimators stand side by side with dates in words, and no line is wider than the terminal."""
    done = plan(root, experiment, "--lift", "3%" if experiment == INTENT else "1%")

    assert max(map(len, done.lines)) <= 80
    assert "all leads" in done.out and "where they differ (decides)" in done.out
    for words in ("leads needed", "last look", "expected stop", "Guardrails", "Assumed", "○", "●"):
        assert words in done.out


def test_stated_rates_are_said_to_be_stated(root: Path):
    """Each stated number is repeated with its origin."""
    done = plan(
        root, INTENT, "--rate", "sql_per_lead=9%", "--rate", "won_per_lead=0.03", "--leads-per-day", "40", "--lift",
        "10%", "--discordant-share", "9%", "--icc", "0.02", "--leads-per-account", "2", "--account-cv", "0.5",
        "--delay", "20", "--power", "90%",
    )  # fmt: skip

    for words in (
        "SQLs per assigned lead: 9% (stated)", "Deals won per assigned lead: 3% (stated)", "Leads: 40 a day (stated)",
        "Where the definitions differ: 9% of leads (stated)", "Looked for: +10% SQLs per assigned lead (stated)",
        "Power: 90% (stated)",
    ):  # fmt: skip
        assert words in done.out


def test_the_overlap_is_years_against_weeks(root: Path):
    """At 40 leads a day the plan of all leads ends some ten years after the one of those that differ."""
    found = plan(root, INTENT, "--leads-per-day", "40", "--lift", "10%", "--format", "json").json

    assert int(found["last_look"]["itt"][:4]) - int(found["last_look"]["triggered"][:4]) >= 8


def test_rates_where_they_differ_imply_the_lift(root: Path):
    """12% against 18% on 9% of the leads, at 8% in all, is a lift of 6.75%."""
    found = plan(root, INTENT, "--discordant-share", "9%", "--discordant-rates", "12%,18%", "--format", "json").json

    assert found["lift"] == pytest.approx(0.0675)


def test_a_date_in_the_past_has_a_reason(root: Path):
    """Nothing can be found by a date before the enrolment: null, with the reason beside it."""
    found = plan(root, INTENT, "--by", "2020-01-01", "--format", "json").json

    assert found["smallest_effect"]["reason"] == {"itt": "not_due", "triggered": "not_due"}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--rate", "sql_per_lead=0%"], "BadRate", "between 0% and 100%"),
        (["--rate", "sql_per_lead=100%"], "BadRate", "between 0% and 100%"),
        (["--rate", "sql_per_leed=8%"], "UnknownMetric", "Did you mean 'sql_per_lead'?"),
        (["--rate", "sql_per_lead"], "BadRate", "names no rate"),
        (["--rate", "sql_per_lead=8%", "--rate", "sql_per_lead=9%"], "BadRate", "stated twice"),
        (["--rate", "sql_per_lead=eight"], "BadPercentage", "Write it as 8%"),
        (["--lift", "10"], "BadPercentage", "Write it as 10%"),
        (["--lift", "0%"], "BadLift", "above 0%"),
        (["--lift", "-5%"], "BadLift", "above 0%"),
        (["--lift", "900%"], "ImpossibleLift", "the definitions differ on 10% of the leads"),
        (["--discordant-share", "1%", "--lift", "30%"], "ImpossibleLift", "a larger --discordant-share"),
        (["--discordant-share", "0%"], "BadShare", "above 0%"),
        (["--discordant-rates", "12%"], "BadRate", "is not two rates"),
        (["--discordant-rates", "12%,18%", "--lift", "5%"], "TwoLifts", "State one of them"),
        (["--power", "100%"], "BadPower", "below 100%"),
        (["--leads-per-day", "0"], "BadLeadsPerDay", "40"),
        (["--icc", "2"], "BadAccounts", "--icc 0.05"),
        (["--delay", "nowhere.csv"], "BadDelay", "a file of lines day,share"),
        (["--by", "tomorrow"], "BadDate", "2026-12-31"),
        (["--by", "2026-02-30"], "BadDate", "2026-12-31"),
        (["--as-of", "soon"], "BadInstant", "2026-10-15"),
        (["--precision-lift", "10%"], "NoPrecision", "growth"),
    ],
)
def test_what_cannot_be_planned(root: Path, arguments: list[str], code: str, words: str):
    """Each mistake is one message with its code and what to write instead, exit code 2, nothing on stdout."""
    done = plan(root, INTENT, *arguments)

    assert (done.code, done.out) == (2, "")
    assert f"({code})" in done.err and words in done.err and "Traceback" not in done.err


def test_an_unknown_experiment_names_the_nearest(root: Path):
    """A typo in the id is told with the id that was meant."""
    done = plan(root, "2026q3-intnt")

    assert done.code == 2 and "Did you mean '2026q3-intent'?" in done.err


def test_a_terminal_without_unicode_gets_ascii(root: Path, monkeypatch: pytest.MonkeyPatch):
    """Where only ASCII can be shown the curve is drawn with letters, and no line holds anything else."""
    monkeypatch.setattr(command, "_can_draw", lambda: False)

    done = plan(root, INTENT)

    assert done.out.isascii() and " o " in done.out and " x" in done.out


@pytest.mark.parametrize(
    ("encoding", "able"), [("utf-8", True), ("ascii", False), ("latin-1", False), ("nonsense", False)]
)
def test_whether_a_terminal_can_draw(monkeypatch: pytest.MonkeyPatch, encoding: str, able: bool):
    """What stdout says of itself decides."""

    class Terminal(io.StringIO):
        @property
        def encoding(self) -> str:  # type: ignore[override]
            return encoding

    monkeypatch.setattr("sys.stdout", Terminal())

    assert command._can_draw() is able


def test_a_fed_lab_plans_from_its_own_past(fed_once: Path):
    """With a ledger the assumptions name the leads they come from."""
    done = mqlab("experiments", "plan", "demo-requests", "--as-of", "2026-06-30", lab=fed_once)

    assert done.code == 0 and "(history: 240 leads that are old enough)" in done.out.replace("\n    ", " ")
