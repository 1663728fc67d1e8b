"""The definitions that ship: they load, they are clean, and they say what their teams mean."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mqlab.definitions.decision import Decision
from mqlab.definitions.evaluate import decide
from mqlab.definitions.lint import lint
from mqlab.definitions.lock import Lock, with_definition, write_lock
from mqlab.definitions.registry import LOCK_NAME, Registry
from mqlab.leads.records import Event, History, Lead, Scalar

FOLDER = Path(__file__).parents[2] / "definitions"
LAB = Registry.open(FOLDER)
AS_OF = datetime(2026, 6, 1, 12, tzinfo=UTC)
Done = tuple[str, float, Mapping[str, Scalar]]


def judge(ref: str, *done: Done, source: str = "organic", **fields: Scalar) -> Decision:
    """The decision about a lead, 100 days old, that did things so many days ago."""
    events = tuple(
        Event(name, at, at, event_id=str(number), props=props)
        for number, (name, days, props) in enumerate(done)
        for at in (AS_OF - timedelta(days=days),)
    )
    lead = Lead("lead", AS_OF - timedelta(days=100), source=source, fields=fields)
    return decide(LAB[ref], History(lead, events), as_of=AS_OF)


def page(path: str, days: float) -> Done:
    """A view of a page so many days ago."""
    return ("page_view", days, {"path": path, "is_bot": False})


def form(name: str, days: float) -> Done:
    """A form sent so many days ago."""
    return ("form_submit", days, {"form": name})


def test_the_folder_has_no_problems() -> None:
    """Every shipped file loads, and is called what it is."""
    assert LAB.problems() == ()
    assert len(LAB.refs()) >= 10


def test_the_shipped_definitions_can_be_locked(tmp_path: Path) -> None:
    """A lock of all of them is kept by the folder it was made from."""
    for path in FOLDER.glob("*.yaml"):
        shutil.copy(path, tmp_path)
    lock = Lock()
    for ref in LAB.refs():
        lock = with_definition(lock, LAB[ref])
    write_lock(tmp_path / LOCK_NAME, lock)

    assert Registry.open(tmp_path).problems() == ()


@pytest.mark.parametrize("ref", LAB.refs())
def test_shipped_definitions_are_lint_clean(ref: str) -> None:
    """What ships is what lint asks for."""
    assert lint(LAB[ref]) == ()


@pytest.mark.parametrize(
    ("answers", "score", "verdict"),
    [
        pytest.param(
            {"need": "high", "authority": "high", "budget": "high", "fit": "medium"}, 80.0, "mql", id="no time"
        ),
        pytest.param(
            dict.fromkeys(["need", "authority", "budget", "timeline", "fit"], "medium"), 200 / 3, "mql", id="medium"
        ),
        pytest.param({"need": "high", "authority": "low", "fit": "high"}, 160 / 3, "not_mql", id="no budget"),
    ],
)
def test_worked_answers_of_bant(answers: dict[str, Scalar], score: float, verdict: str) -> None:
    """The weighted BANT sheet gives the answers worked by hand in the language's page (section 1)."""
    decision = judge("bant-weighted@2.0.0", email_domain="buyer.com", **answers)

    assert decision.scores["bant"] == pytest.approx(score, abs=1e-6)
    assert decision.verdict == verdict


def test_any_engagement_takes_what_fit_and_intent_calls_noise() -> None:
    """A newsletter, an ad, a cart, a favourite or a form: an MQL for one side, noise for the other."""
    names = ("newsletter_signup", "ad_click", "cart_add", "favourite_add")
    noise: list[Done] = [(name, 1, {}) for name in names] + [form("newsletter", 1)]

    for done in noise:
        assert judge("any-engagement@1.0.0", done).verdict == "mql"
    assert judge("fit-and-intent@1.0.0", *noise, employees=500.0, industry="software", title="cto").verdict == "not_mql"


BUYER = {"employees": 500.0, "industry": "software", "title": "VP Operations", "email_type": "business"}


@pytest.mark.parametrize(
    ("done", "fields", "verdict"),
    [
        pytest.param([form("demo", 1), page("/pricing", 2)], BUYER, "mql", id="asks and looks at prices"),
        pytest.param([page("/pricing", days) for days in (1, 2, 3)], BUYER, "mql", id="prices on three days"),
        pytest.param([form("demo", 1)], BUYER, "not_mql", id="one action is not repeated"),
        pytest.param([page("/pricing", 1), page("/pricing", 1.01)], BUYER, "not_mql", id="twice in a minute is once"),
        pytest.param([form("demo", 1), form("pricing", 2)], {"employees": 3.0}, "not_mql", id="the wrong company"),
        pytest.param([form("demo", 55), form("pricing", 56)], BUYER, "mql", id="was hot, stays an MQL"),
        pytest.param([("page_view", 1, {"path": "/pricing", "is_bot": True})] * 4, BUYER, "not_mql", id="bots"),
        pytest.param(
            [form("demo", 1), form("pricing", 2)], BUYER | {"email_type": "disposable"}, "disqualified", id="disposable"
        ),
    ],
)
def test_fit_and_intent_wants_repeated_intent_of_the_right_companies(
    done: list[Done], fields: dict[str, Scalar], verdict: str
) -> None:
    """Several high-intent actions, lately, by somebody at the right kind of company make an MQL; less does not."""
    assert judge("fit-and-intent@1.0.0", *done, **fields).verdict == verdict


def test_the_qualification_matrix() -> None:
    """High need, high authority and a clear budget make an MQL; no urgency and no budget go to nurture."""
    ref = "qualification-matrix@1.0.0"
    high = judge(ref, need="high", authority="high", budget="high", urgency="low")
    cold = judge(ref, need="high", authority="high", budget="low", urgency="low")
    between = judge(ref, need="high", authority="medium", budget="high", urgency="medium")

    assert (high.verdict, high.track) == ("mql", None)
    assert (cold.verdict, cold.track) == ("not_mql", "no-urgency-no-budget")
    assert (between.verdict, between.track) == ("not_mql", None)


SOCIAL: Done = ("social_engagement", 5, {})
CLICK: Done = ("email_click", 5, {"is_bot": False})


@pytest.mark.parametrize(
    ("done", "label"),
    [
        pytest.param([SOCIAL, CLICK, page("/blog/signs", 4), form("demo", 1)], "level-4", id="asks for a demo"),
        pytest.param([CLICK, form("guide", 4), page("/compare/us", 1)], "solution-aware", id="compares"),
        pytest.param([page("/blog/signs", 9), ("webinar_attended", 4, {})], "problem-aware", id="webinar"),
        pytest.param([SOCIAL, page("/blog/signs", 9)], "symptom-aware", id="reads about symptoms"),
        pytest.param([SOCIAL, CLICK], "email", id="clicks in e-mails"),
        pytest.param([SOCIAL], "social", id="knows us from social networks"),
        pytest.param([], None, id="did nothing"),
    ],
)
def test_the_six_kinds_of_mql(done: list[Done], label: str | None) -> None:
    """A lead carries the kind that is nearest to a purchase."""
    decision = judge("mql-kinds@1.0.0", *done)

    assert decision.labels == ((label,) if label else ())


def test_a_lead_that_came_from_social_is_social() -> None:
    """The source alone makes a social lead."""
    assert judge("mql-kinds@1.0.0", source="linkedin").labels == ("social",)


def test_hand_raisers_and_points_in_a_minute() -> None:
    """The two simplest definitions do what their first line says."""
    assert judge("points@1.0.0", ("demo_request", 1, {})).verdict == "mql"
    assert judge("points@1.0.0", ("webinar_attended", 1, {}), ("webinar_attended", 2, {})).scores["interest"] == 40
    assert judge("hand-raisers@1.0.0", form("demo", 1)).verdict == "mql"
    assert judge("hand-raisers@1.0.0", form("demo", 1), title="Student").verdict == "disqualified"
