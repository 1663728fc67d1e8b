"""The worked answers of the definitions page, to 1e-6."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from mqlab.definitions.evaluate import decide
from mqlab.definitions.model import Definition
from mqlab.definitions.registry import Registry
from mqlab.leads.records import History, Scalar
from tests.definitions.leads import NOW, ago, event, lead


@pytest.fixture(scope="module")
def shipped(root: Path) -> Registry:
    """The definitions of the example lab."""
    return Registry.open(root / "definitions")


@pytest.fixture(scope="module")
def fit_x_engagement(shipped: Registry) -> Definition:
    """Fit x engagement, as shipped."""
    return shipped["fit-x-engagement@1.4.0"]


@pytest.mark.parametrize(
    ("fields", "score", "verdict"),
    [
        pytest.param(
            {"need": "high", "authority": "high", "budget": "high", "timeline": "none", "fit": "medium"},
            80.0,
            "mql",
            id="36 of 45",
        ),
        pytest.param(
            dict.fromkeys(("need", "authority", "budget", "timeline", "fit"), "medium"), 200 / 3, "mql", id="all medium"
        ),
        pytest.param({"need": "high", "authority": "low", "fit": "high"}, 160 / 3, "not_mql", id="rest none"),
    ],
)
def test_bant_weighted(shipped: Registry, fields: Mapping[str, Scalar], score: float, verdict: str) -> None:
    """Weights over 45 raw points make 100; need at least medium and 60 points qualify."""
    decision = decide(shipped["bant-weighted@2.0.0"], lead(email_domain="buyer.com", **fields), as_of=NOW)

    assert decision.scores["bant"] == pytest.approx(score, abs=1e-6)
    assert verdict == decision.verdict


VICE_PRESIDENT = lead(
    event("page_view", ago(1), path="/pricing"),
    event("page_view", ago(1, hours=1), path="/pricing"),
    event("page_view", ago(9), path="/pricing"),
    event("webinar_attended", ago(20)),
    event("email_click", ago(2)),
    employees=420.0,
    industry="software",
    title="vp of revenue operations",
)


def test_fit_x_engagement(fit_x_engagement: Definition) -> None:
    """Fit 100 and engagement 31.355 make an A2, which is an MQL."""
    decision = decide(fit_x_engagement, VICE_PRESIDENT, as_of=NOW)

    points = {rule.id: rule.points for rule in decision.rules}
    assert decision.scores["fit"] == 100
    assert points["pricing"] == pytest.approx(12 * 2 ** (-1 / 14) + 12 * 2 ** (-9 / 14), abs=1e-6)
    assert points["webinar"] == pytest.approx(15 * 2 ** (-20 / 30), abs=1e-6)
    assert points["click"] == pytest.approx(2.8, abs=1e-6)
    assert decision.scores["engagement"] == pytest.approx(31.35506985, abs=1e-6)
    assert decision.grades == {"fit": "A", "engagement": "2"}
    assert (decision.verdict, decision.path, decision.holds_now) == ("mql", "matrix:A2", True)
    assert decision.labels == ("solution-aware",)


@pytest.mark.parametrize(
    ("days", "engagement", "dormant"),
    [pytest.param(14, 17.790749652, 0, id="14 days later"), pytest.param(61, -11.759356367, -15, id="61 days later")],
)
def test_nothing_new_later(fit_x_engagement: Definition, days: int, engagement: float, dormant: float) -> None:
    """With nothing new engagement decays to a 3, yet the lead stays an MQL; dormant for 60 days it loses 15 points."""
    decision = decide(fit_x_engagement, VICE_PRESIDENT, as_of=NOW + timedelta(days=days))

    assert decision.scores["engagement"] == pytest.approx(engagement, abs=1e-6)
    assert decision.grades["engagement"] == "3"
    assert (decision.verdict, decision.path, decision.holds_now) == ("mql", "matrix:A2", False)
    assert {rule.id: rule.points for rule in decision.rules}["dormant"] == dormant


def test_intent_fast_track(shipped: Registry) -> None:
    """A hand-raiser of fit B or better is an MQL at once; without the form the parent's matrix says no."""
    modest = {"employees": 420.0, "industry": "software", "title": "analyst"}
    raised = ago(3)

    without = decide(shipped["intent-fast-track@1.1.0"], lead(**modest), as_of=NOW)
    fast = decide(
        shipped["intent-fast-track@1.1.0"], lead(event("form_submit", raised, form="demo"), **modest), as_of=NOW
    )

    assert without.verdict == "not_mql"
    assert (fast.verdict, fast.path, fast.qualified_at) == ("mql", "fast_track:hand-raise", raised)
    assert fast.grades["fit"] == "B"


@pytest.mark.parametrize(
    ("history", "probability", "verdict"),
    [
        pytest.param(
            lead(
                event("page_view", ago(2), path="/pricing"),
                event("page_view", ago(3), path="/pricing"),
                event("webinar_attended", ago(5)),
                employees=420.0,
                seniority="vp",
            ),
            0.2013905469,
            "mql",
            id="busy vice president",
        ),
        pytest.param(lead(employees=120.0, seniority="ic"), 0.0203864725, "not_mql", id="nothing done"),
        pytest.param(lead(), 0.0112922006, "not_mql", id="everything missing"),
    ],
)
def test_logit_propensity(shipped: Registry, history: History, probability: float, verdict: str) -> None:
    """The logistic model's probability, z worked by hand from the terms; what is missing is imputed or adds nothing."""
    decision = decide(shipped["logit-propensity@0.3.0"], history, as_of=NOW)

    assert decision.probability == pytest.approx(probability, abs=1e-6)
    assert verdict == decision.verdict
