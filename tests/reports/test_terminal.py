"""An analysis in a terminal: the fixed order, 80 columns whatever happens, and reasons in place of numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mqlab.analysis.result_rows import MixRow
from mqlab.analysis.results import AnalysisResult, Check, VerdictResult
from mqlab.reports.terminal import render
from mqlab.stats.estimate import Estimate, Interval, NotEstimable
from tests.reports.samples import BERLIN, hostile, ship, trap

NOT_DUE = NotEstimable("not_due", "sql_per_lead is due 2027-04-05")
LONG = "challenger-with-quite-a-long-name-for-an-arm"


def lines(result: AnalysisResult) -> list[str]:
    return render(result, BERLIN).splitlines()


def told(result: AnalysisResult) -> str:
    """The text with its line breaks undone."""
    return " ".join(render(result, BERLIN).split())


def empty() -> AnalysisResult:
    """An experiment without leads: every row is a reason."""
    base = ship()
    nobody = NotEstimable("no_units", "Nobody is enrolled yet.")
    gone = [
        replace(
            row,
            control=replace(row.control, units=0, mature_units=0, value=nobody),
            treatment=replace(row.treatment, units=0, mature_units=0, value=nobody),
            absolute=nobody, relative=nobody, p_value=nobody, look=None, always_valid=None, reading=None,
        )
        for row in base.metrics
    ]  # fmt: skip
    return replace(
        base,
        metrics=tuple(gone),
        strata=(),
        marginal=tuple(
            replace(row, leads_per_1000=nobody, rate_control=nobody, rate_treatment=nobody, outcomes_per_1000=nobody)
            for row in base.marginal
        ),
        leak=(),
        mix=tuple(MixRow(arm, "accepted", None, 0, 0, nobody) for arm in ("current", "challenger")),
        funnel=(),
        break_even={"challenger": {"not_estimable": "not_due", "detail": "revenue_per_lead is due 2027-04-05"}},
        verdicts={"challenger": VerdictResult("not_due", ("the first look is due 2026-12-05",))},
    )


def not_due() -> AnalysisResult:
    """Leads are enrolled, and nothing is due yet."""
    base = ship()
    rows = tuple(
        replace(
            row,
            control=replace(row.control, value=NOT_DUE), treatment=replace(row.treatment, value=NOT_DUE),
            absolute=NOT_DUE, relative=NOT_DUE, p_value=NOT_DUE, look=None, always_valid=None, reading=None,
        )
        for row in base.metrics
    )  # fmt: skip
    return replace(base, metrics=rows, verdicts={"challenger": VerdictResult("not_due", ("it is due",))})


def one_arm_empty() -> AnalysisResult:
    """The control has leads and the challenger nobody."""
    none = NotEstimable("no_units", "An arm has no leads that have been followed long enough.")
    base = ship()
    rows = tuple(
        replace(row, treatment=replace(row.treatment, value=none), absolute=none, relative=none, p_value=none)
        for row in base.metrics
    )
    mix = tuple(row if row.arm == "current" else replace(row, mqls=0, count=0, share=none) for row in base.mix)
    return replace(base, metrics=rows, mix=mix)


def arms(count: int, *, name: str = "arm-{}") -> AnalysisResult:
    """Several challengers, each with everything."""
    base = ship()
    names = [name.format(number) for number in range(1, count)]
    return replace(
        base,
        control="the-control-has-a-long-name-too",
        metrics=tuple(replace(row, arm=each) for each in names for row in base.metrics),
        strata=tuple(replace(row, arm=each) for each in names for row in base.strata),
        marginal=tuple(replace(row, arm=each) for each in names for row in base.marginal),
        leak=tuple(replace(row, arm=each) for each in names for row in base.leak),
        mix=tuple(
            replace(row, arm=each)
            for each in ("the-control-has-a-long-name-too", *names)
            for row in base.mix
            if row.arm == "current"
        ),
        verdicts={each: VerdictResult("keep", ("sql_per_lead [−1.0%, +2.0%]: no effect",)) for each in names},
        break_even={},
    )


SHAPES = {
    "ship": ship(),
    "trap": trap(),
    "no data": empty(),
    "nothing due": not_due(),
    "one arm empty": one_arm_empty(),
    "twelve arms": arms(12),
    "long names": arms(3, name=LONG + "-{}"),
    "hostile": hostile(),
    "bare": replace(ship(), metrics=(), strata=(), marginal=(), leak=(), mix=(), conditions=(), excluded={}, notes=()),
}


@pytest.mark.parametrize("name", list(SHAPES))
def test_nothing_is_wider_than_80_columns(name: str) -> None:
    """Whatever a result holds, no line is wider than the terminal or ends in spaces."""
    shown = lines(SHAPES[name])

    assert [line for line in shown if len(line) > 80] == []
    assert [line for line in shown if line != line.rstrip()] == []
    assert "NotEstimable" not in told(SHAPES[name]) and "nan" not in told(SHAPES[name]).split()


def test_the_blocks_stand_in_the_fixed_order() -> None:
    """The call, what people ask first, blocks 1 to 4, checks, verdict, readings."""
    shown = lines(ship())
    starts = [
        "challenger v current: SHIP", "  SQLs of 1,000 leads", "1. The same leads", "2. Of the leads",
        "3. Where the definitions part", "4. Guardrails", "Checks", "Conditions that do not hold", "Verdict",
        "5. Live reading", "Reading (Bayes, never the verdict)", "Left out",
    ]  # fmt: skip
    places = [next(k for k, line in enumerate(shown) if line.startswith(start)) for start in starts]

    assert places == sorted(places)


def test_the_first_lines_answer_the_question() -> None:
    """Within 24 lines: the call, why, what misleads, and the lifts per assigned lead and per MQL with their meaning."""
    top = "\n".join(lines(trap())[:24])

    for text in (
        "DO NOT SHIP: HARM",
        "SQLs per assigned lead [−14.8%, −4.0%]: worse.",
        "challenger's list is cleaner but the same leads produced fewer SQLs.",
        "SQLs of 1,000 leads       78.7        71.2  −9.5% (−14.8% to −4.0%)    < 0.001",
        "Won of 1,000 leads",
        "MQL→SQL                  28.0%       33.1%  +18.1% (+7.0% to +29.0%)   < 0.001",
        "The same leads: what changing the definition does (SQL within 60 days",
        "no effect",
    ):
        assert text in top


def test_margins_stand_beside_guardrails() -> None:
    """A guardrail tells how much worse it may get; one in points shows its difference in points."""
    shown = told(ship())

    assert "Deals won per 1,000 assigned leads, 180 days; margin: 10.0% lower" in shown
    assert "Rejected by sales per MQL, 30 days; margin: 3.0 points higher" in shown
    assert "−1.0pp (−4.0 to +2.0)" in shown


def test_what_to_do_stands_below_the_check_and_is_told_once() -> None:
    """A condition that a check tells of adds its advice there; any other is told with its fact."""
    shown = told(ship())

    assert "differs among leads both hand over. > Read all assigned leads." in shown
    assert "Outcomes before assignment: 12 outcome rows are too early. > Look whether the CRM backdates." in shown
    assert shown.count("the leads differ") == 0


def test_readings_never_look_like_the_verdict() -> None:
    """The live interval and the Bayesian reading have headings of their own, with what they are."""
    shown = told(ship())

    assert (
        "5. Live reading (valid at any time, however often you look) SQLs of 1,000 leads +7.7% (−1.2% to +17.0%)"
        in shown
    )
    assert "Reading (Bayes, never the verdict): lift, and probability of a gain SQLs of 1,000 leads +6.2%" in shown
    assert "97.8%" in shown
    assert "5. Live reading" not in told(not_due())


def test_several_challengers_have_an_overview() -> None:
    """Twelve arms: a line each on top, then each arm's blocks under its own heading, checks once."""
    shown = lines(arms(12))
    overview = [line for line in shown[:20] if "Keep the control" in line]

    assert len(overview) == 11
    assert all("+7.7% (+1.3% to +14.6%)" in line for line in overview)
    assert sum(line == "Checks" for line in shown) == 1
    assert sum(line.startswith("1. The same leads") for line in shown) == 11


def test_nothing_known_says_why() -> None:
    """Without data each row has its reason, and no zero stands for what is not known."""
    shown = told(empty())

    assert "TOO EARLY TO SAY The first look is due 5 Dec 2026." in shown
    assert "SQLs of 1,000 leads: nobody is enrolled yet" in shown
    assert "3. Where the definitions part Nobody is enrolled yet." in shown
    assert "What sales answered: Nobody is enrolled yet" in shown
    assert "0.0" not in shown.replace("margin: 10.0% lower", "").replace("margin: 3.0 points", "")
    assert "SQLs of 1,000 leads: due 5 Apr 2027" in told(not_due())


def test_rows_in_quarantine_are_told() -> None:
    """What could not be used counts nowhere, so the reader is told how many rows it was; without any, nothing is."""
    some, one, none = (told(replace(empty(), counts={**empty().counts, "quarantined": n})) for n in (1700, 1, 0))

    assert "1,700 rows in quarantine count nowhere: see mqlab quarantine list." in some
    assert "1 row in quarantine counts nowhere: see mqlab quarantine list." in one
    assert "quarantine" not in none


def test_values_without_a_lift_keep_their_line() -> None:
    """Where only the relative change is missing both values are shown, and the reason below."""
    few = NotEstimable("too_few_wins", "An arm has fewer than 10 leads with revenue.")
    rows = tuple(
        replace(row, relative=few, absolute=few, p_value=few) if row.metric == "revenue_per_lead" else row
        for row in ship().metrics
    )
    shown = told(replace(ship(), metrics=rows))

    assert "all leads €131.20 €142.50 – no lift: An arm has fewer than 10 leads with revenue" in shown


def test_an_open_side_is_told_in_words() -> None:
    """A control without wins has no upper limit: "at least", not an infinity."""
    rows = tuple(
        replace(row, relative=Estimate(None, Interval(0.2, None))) if row.primary else row for row in ship().metrics
    )

    assert "lift (95% interval at least +20.0%)" in told(replace(ship(), metrics=rows))


def test_checks_without_detail_and_missing_guardrails_are_said() -> None:
    """An empty detail leaves no stray mark, and no declared guardrail is a sentence."""
    rows = tuple(row for row in ship().metrics if row.role != "guardrail")
    result = replace(ship(), metrics=rows, checks=(Check("maturity", "not_applicable", ""),))

    assert "  -     Leads have been followed for the whole horizon." in lines(result)
    assert "4. Guardrails No guardrail was declared." in told(result)
