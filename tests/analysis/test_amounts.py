"""Revenue per lead as `mqlab analyze` computes it: which rule is in force for which data, and what the row says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from scipy.stats import ttest_ind

from mqlab.analysis import amounts
from mqlab.analysis.comparison import Comparison
from mqlab.analysis.deals import deal_size, deals
from mqlab.analysis.outcome_rows import LARGEST_MINOR
from mqlab.crm.money import Numbers
from mqlab.crm.quarantine import Finding, Reason
from mqlab.stats.estimate import Estimate, NotEstimable
from mqlab.stats.permutation import Winnings, permutation_p, pooled_p
from mqlab.stats.tails import critical_z
from mqlab.warehouse.sufficient import EffortCell, MoneyCell, Winner

Z = critical_z(0.05)
CENTS = 100
Rows = tuple[tuple[MoneyCell, ...], tuple[Winner, ...]]


def money(
    control: Sequence[int], arm: Sequence[int], leads: tuple[int, int], phase: int = 0, stratum: str | None = None
) -> Rows:
    """Rows of one (phase, stratum) as the warehouse returns them; amounts in cents, all leads mature."""
    cells, winners = [], []
    for name, won, n in (("control", control, leads[0]), ("arm", arm, leads[1])):
        squares = sum(amount * amount for amount in won)
        wins = sum(amount > 0 for amount in won)
        cells.append(MoneyCell(phase, name, stratum, n, n, sum(won), squares, wins))
        winners += [Winner(phase, name, stratum, amount) for amount in sorted(won) if amount]
    return tuple(cells), tuple(winners)


def joined(*rows: Rows) -> Rows:
    return tuple(cell for cells, _ in rows for cell in cells), tuple(one for _, winners in rows for one in winners)


def revenue(rows: Rows) -> Comparison:
    return amounts.revenue(*rows, "control", "arm", CENTS)


def triggered(rows: Rows) -> Comparison:
    return amounts.revenue_triggered(*rows, "control", "arm", CENTS)


def lognormal(seed: int, wins: int) -> list[int]:
    return np.minimum(np.exp(np.random.default_rng(seed).normal(12, 1.0, wins)), 2_000_000).astype(int).tolist()


def limits(found: Estimate | NotEstimable) -> tuple[float, float]:
    assert isinstance(found, Estimate) and found.interval.low is not None and found.interval.high is not None
    return found.interval.low, found.interval.high


def test_welch_in_currency_units_with_a_permutation_p():
    """Difference and limits are those of scipy.stats.ttest_ind(equal_var=False) over all leads; the p is shuffled."""
    control, arm = lognormal(1, 40), lognormal(2, 55)
    a, b = (np.array([*won, *[0] * (n - len(won))]) / CENTS for won, n in ((control, 900), (arm, 1_000)))
    oracle = ttest_ind(b, a, equal_var=False).confidence_interval(0.95)
    found = revenue(money(control, arm, (900, 1_000)))

    assert (found.control.value, found.treatment.value) == pytest.approx((a.mean(), b.mean()))
    assert (found.control.numerator, found.treatment.numerator) == pytest.approx((a.sum(), b.sum()))
    assert limits(found.difference(Z)) == pytest.approx((oracle.low, oracle.high), rel=1e-9)
    assert found.method == "Welch on capped amounts, Fieller ratio; permutation p"
    assert found.p_value == permutation_p(
        [Winnings(control, arm, 900, 1_000)], rng=np.random.Generator(np.random.PCG64(amounts.SEED))
    )
    assert found.p_value == revenue(money(control, arm, (900, 1_000))).p_value


@pytest.mark.parametrize("method", [revenue, triggered])
@pytest.mark.parametrize(("control", "arm"), [(9, 300), (300, 9), (0, 300), (0, 0)])
def test_under_ten_wins_there_are_totals_only(method, control, arm):
    """Nine wins in an arm: its totals stand, and every comparison has the reason instead of a number."""
    rows = money([5_000] * control, [5_000] * arm, (1_000, 1_000), stratum="control_first")
    found = method(rows)

    for nothing in (found.difference(Z), found.relative(Z), found.p_value):
        assert nothing == amounts.TOO_FEW_WINS
    assert (found.control.numerator, found.treatment.numerator) == (50 * control, 50 * arm)
    assert found.control.value == pytest.approx(0.05 * control)


@pytest.mark.parametrize(
    ("wins", "said"),
    [
        pytest.param((10, 40), "few deals (10 and 40), read with care", id="ten"),
        pytest.param((200, 29), "few deals (200 and 29), read with care", id="twenty-nine"),
        pytest.param((30, 30), "", id="thirty"),
    ],
)
def test_ten_to_thirty_wins_are_flagged(wins, said):
    """From ten wins there is an interval, up to thirty with a warning."""
    found = revenue(money([5_000] * wins[0], [5_001] * wins[1], (400, 400)))

    assert isinstance(found.difference(Z), Estimate)
    assert ("few deals" in found.note) == bool(said) and said in found.note


@pytest.mark.parametrize(
    ("leads", "flagged"),
    [((900, 100), True), ((100, 900), True), ((690, 310), False), ((699, 299), True), ((500, 500), False)],
)
def test_arms_of_very_different_size_are_flagged(leads, flagged):
    """Outside 30–70% the interval is said to be unreliable and the p-value is that of the permutation."""
    found = revenue(money([5_000] * 40, [6_000] * 40, leads))

    assert ("trust the p-value, not the interval" in found.note) is flagged
    assert "permutation p" in found.method


def test_a_phase_of_unequal_arms_is_seen_behind_equal_totals():
    """90/10 and then 10/90 is half and half in all, and still not an equal allocation."""
    first, second = money([5_000] * 40, [5_000] * 20, (900, 100)), money([5_000] * 20, [5_000] * 40, (100, 900), 1)

    assert "arms of very different size" in revenue(joined(first, second)).note
    small = money([5_000] * 2, [], (30, 5), 2)
    assert "arms of very different size" not in revenue(joined(money([50] * 40, [50] * 41, (900, 900)), small)).note


def test_skewed_amounts_name_the_leads_they_ask_for():
    """One deal in a thousand leads worth a hundred others: 355·skewness² leads per arm are asked for, and named."""
    control, arm = [10_000] * 30 + [1_000_000], [10_000] * 40
    y = np.array([*control, *[0] * (1_000 - 31)], dtype=float)
    skew = float(np.mean((y - y.mean()) ** 3) / np.std(y) ** 3)
    said = f"skewed amounts: rule of thumb asks for {math.ceil(355 * skew**2):,} leads per arm (355·skewness²)"

    assert said in revenue(money(control, arm, (1_000, 1_000))).note
    assert "skewed" not in revenue(money([10_000] * 400, [10_000] * 401, (1_000, 1_000))).note


def test_a_control_not_clear_of_zero_has_no_usable_relative_bound():
    """Ten wins of which one is nearly all the money: the lift stands, Fieller's set is unbounded on both sides."""
    found = revenue(money([100] * 9 + [9_000_000], [40_000] * 12, (800, 800))).relative(Z)

    assert isinstance(found, Estimate) and found.value is not None
    assert found.interval.low is found.interval.high is None


def test_p_and_interval_agree_but_for_the_edge():
    """Equal arms: over 200 data sets the permutation p is below .05 when Welch's limits exclude 0, but for p ≈ .05."""
    rng = np.random.default_rng(4)
    clashes = []
    for seed in range(200):
        control, arm = lognormal(seed, int(rng.integers(30, 60))), lognormal(seed + 1_000, int(rng.integers(30, 80)))
        found = revenue(money(control, arm, (1_000, 1_000)))
        low, high = limits(found.difference(Z))
        assert isinstance(found.p_value, float)
        if (found.p_value < 0.05) is (low <= 0 <= high):
            clashes.append(found.p_value)

    assert len(clashes) <= 8 and all(0.03 < p < 0.07 for p in clashes)


def test_labels_are_shuffled_within_phases():
    """The allocation turns over while deals shrink: there is no effect, and neither limits nor p invent one."""
    large, small = lognormal(5, 100), [amount // 100 for amount in lognormal(6, 100)]
    first = money(large[:10], large[10:], (100, 900))
    second = money(small[:90], small[90:], (900, 100), phase=1)
    found = revenue(joined(first, second))
    together = revenue(money([*large[:10], *small[:90]], [*large[10:], *small[90:]], (1_000, 1_000)))

    assert found.method.endswith("permutation p within phases")
    assert isinstance(found.p_value, float) and found.p_value > 0.2
    low, high = limits(found.difference(Z))
    assert low < 0 < high
    assert isinstance(together.p_value, float) and together.p_value < 0.001


def test_a_phase_split_in_two_changes_next_to_nothing():
    """The same leads declared as two alike phases: the same difference; p and limits within a hair of one phase's."""
    control, arm = lognormal(7, 60), lognormal(8, 90)
    one = revenue(money(control, arm, (2_000, 2_000)))
    two = revenue(
        joined(money(control[::2], arm[::2], (1_000, 1_000)), money(control[1::2], arm[1::2], (1_000, 1_000), phase=1))
    )

    assert two.difference(Z).value == pytest.approx(one.difference(Z).value)
    assert limits(two.difference(Z)) == pytest.approx(limits(one.difference(Z)), rel=0.02)
    assert two.p_value == pytest.approx(one.p_value, abs=0.02)


def test_winners_of_a_phase_that_cannot_be_compared_stay_out():
    """A phase in which one arm has no lead is left out of difference and permutation alike."""
    phase = money(lognormal(9, 30), lognormal(10, 40), (500, 500))
    lonely = money(lognormal(11, 300), [], (300, 0), phase=1)
    found, alone = revenue((phase[0], phase[1] + lonely[1])), revenue(phase)

    assert found.p_value == alone.p_value
    assert found.note == alone.note
    with_cells = revenue(joined(phase, lonely))
    assert with_cells.p_value == alone.p_value
    assert with_cells.difference(Z) == alone.difference(Z)


def test_very_many_winners_have_the_pooled_variance():
    """Beyond 3,000 winners the p is that of the normal distribution which a permutation has, also of unequal arms."""
    control, arm = lognormal(12, 3_000), lognormal(13, 380)
    found = revenue(money(control, arm, (90_000, 10_000)))
    pair = tuple(
        amounts.Moments(n, sum(won), sum(one * one for one in won)) for won, n in ((control, 90_000), (arm, 10_000))
    )

    assert found.method.endswith("pooled-variance p")
    assert found.p_value == pooled_p([pair])


def test_beyond_its_draws_a_permutation_has_a_normal_tail():
    """No draw of 9,999 lies as far: of equal arms the pooled variance goes on, of unequal ones p stops there."""
    control, arm = lognormal(30, 40), lognormal(31, 400)
    equal, unequal = revenue(money(control, arm, (2_000, 2_000))), revenue(money(control, arm, (9_000, 1_000)))
    pair = tuple(amounts.Moments(2_000, sum(won), sum(one * one for one in won)) for won in (control, arm))

    assert equal.p_value == pooled_p([pair]) and equal.p_value < 1e-9
    assert equal.method.endswith("permutation p, beyond its draws by pooled variance")
    assert unequal.p_value == 1e-4 and unequal.method.endswith("permutation p")


def test_triggered_money_shuffles_the_leads_that_differ():
    """Same difference as the discordant leads' own, diluted by their share; labels shuffled among them only."""
    apart_a = money(lognormal(14, 20), lognormal(15, 10), (200, 210), stratum="control_first")
    apart_b = money(lognormal(16, 15), lognormal(17, 40), (190, 205), stratum="arm_first")
    alike = money(lognormal(18, 300), lognormal(19, 310), (1_000, 1_010), stratum="both")
    idle = money(lognormal(20, 10), lognormal(21, 9), (4_000, 4_050), stratum="none")
    found = triggered(joined(apart_a, apart_b, alike, idle))
    control, arm = lognormal(14, 20) + lognormal(16, 15), lognormal(15, 10) + lognormal(17, 40)
    share = (390 + 415) / (390 + 415 + 2_010 + 8_050)
    inside = revenue(money(control, arm, (390, 415)))

    assert found.difference(Z).value == pytest.approx(share * inside.difference(Z).value)
    assert found.p_value == inside.p_value
    assert found.treatment.value - found.control.value == pytest.approx(found.difference(Z).value)
    assert found.method == "first-divergence strata, Welch inside them, diluted; Fieller ratio; permutation p"
    assert "among leads the definitions disagree on" in found.note


def test_few_wins_among_the_leads_that_differ_are_flagged():
    """Ten wins in all allow an estimate; that few of them are among the discordant leads is said."""
    rows = joined(
        money([5_000] * 3, [6_000] * 4, (300, 300), stratum="arm_first"),
        money([5_000] * 40, [5_500] * 40, (900, 900), stratum="both"),
    )

    assert "few deals (3 and 4 among leads the definitions disagree on), read with care" in triggered(rows).note


def test_nobody_discordant_is_a_reason():
    """Definitions that agree on every lead leave nothing to compare."""
    found = triggered(money([5_000] * 40, [6_000] * 40, (900, 900), stratum="both"))

    assert isinstance(found.p_value, NotEstimable) and found.p_value.reason == "no_discordant_leads"


def test_everybody_winning_the_same_is_a_reason():
    """No variation at all is no interval of width zero and no p."""
    found = revenue(money([5_000] * 50, [5_000] * 60, (50, 60)))

    assert isinstance(found.difference(Z), NotEstimable) and found.difference(Z).reason == "no_variation"
    assert isinstance(found.p_value, NotEstimable)
    assert found.control.value == found.treatment.value == 50


def test_an_empty_arm_is_a_reason():
    """One arm without a mature lead, and phases that never have both arms, say so."""
    for rows in (
        money([], [5_000] * 20, (0, 50)),
        joined(money([5_000] * 20, [], (50, 0)), money([], [5_000] * 20, (0, 50), phase=1)),
        ((), ()),
    ):
        found = revenue(rows)
        assert isinstance(found.p_value, NotEstimable) and found.p_value.reason == "no_units"


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        pytest.param("0", 0, id="zero"),
        pytest.param("1000000000000", 10**16, id="a million millions"),
        pytest.param("0.004", 40, id="less than a cent"),
        pytest.param("-5", Reason.NEGATIVE_AMOUNT, id="negative"),
        pytest.param("NaN", Reason.NOT_A_NUMBER, id="no number"),
        pytest.param("inf", Reason.NOT_A_NUMBER, id="endless"),
        pytest.param("1e14", Reason.AMOUNT_TOO_LARGE, id="too large"),
    ],
)
def test_what_sales_feedback_lets_through(text, reads):
    """0 and 10¹² come in as they are; negative, missing and endless numbers go to quarantine with their reason."""
    findings: dict[int, Finding] = {}
    found = Numbers(decimal=".", null_tokens=frozenset()).amounts([text], findings, column="amount")

    assert (found[0] if found[0] is not None else findings[0].reason) == reads


def test_deals_of_nothing_and_of_a_million_millions():
    """A deal of 0 is no win and changes no number; one of 10¹² is exact in every sum and opens the relative bound."""
    control, arm = [5_000] * 20, [6_000] * 20
    plain = revenue(money(control, arm, (500, 500)))
    idle = revenue(money([*control, 0, 0], [*arm, 0], (500, 500)))
    huge = int(Decimal(10) ** 12 * CENTS)
    rich = revenue(money([*control[1:], huge], arm, (500, 500)))

    assert (idle.p_value, idle.difference(Z), idle.note) == (plain.p_value, plain.difference(Z), plain.note)
    assert huge < LARGEST_MINOR
    assert rich.control.numerator == (19 * 5_000 + huge) / CENTS
    assert isinstance(rich.p_value, float) and rich.p_value > 0.4
    found = rich.relative(Z)
    assert isinstance(found, Estimate) and found.interval.low is None
    assert "skewed amounts" in rich.note


def test_money_in_another_unit_scales_the_row():
    """Ten times the minor units: the same row, to rounding."""
    cells, winners = money(lognormal(22, 40), lognormal(23, 50), (500, 600))
    tenfold = (
        tuple(replace(cell, total=cell.total * 10, squares=cell.squares * 100) for cell in cells),
        tuple(replace(one, amount=one.amount * 10) for one in winners),
    )
    one, ten = revenue((cells, winners)), amounts.revenue(*tenfold, "control", "arm", CENTS * 10)

    assert limits(ten.difference(Z)) == pytest.approx(limits(one.difference(Z)))
    assert limits(ten.relative(Z)) == pytest.approx(limits(one.relative(Z)))
    assert (ten.p_value, ten.note) == (one.p_value, one.note)


def test_swapped_arms_negate_the_difference():
    """B against A is A against B turned round: difference negated, ratio inverted, the same p."""
    rows = money(lognormal(24, 40), lognormal(25, 50), (500, 600))
    one, other = revenue(rows), amounts.revenue(*rows, "arm", "control", CENTS)
    low, high = limits(one.difference(Z))
    ratio = [1 + limit for limit in limits(one.relative(Z))]

    assert limits(other.difference(Z)) == pytest.approx((-high, -low))
    assert [1 + limit for limit in limits(other.relative(Z))] == pytest.approx([1 / ratio[1], 1 / ratio[0]])
    assert other.p_value == one.p_value


def test_effort_per_win_is_compared_within_phases():
    """Touches per deal of two phases whose allocation turned over: each arm's value weighs phases alike."""
    cells = [
        EffortCell(0, "control", 900, 900, 1_800_000, 5_400_000_000, 180, 500_000),
        EffortCell(0, "arm", 100, 100, 200_000, 600_000_000, 20, 56_000),
        EffortCell(1, "control", 100, 100, 200_000, 600_000_000, 5, 14_000),
        EffortCell(1, "arm", 900, 900, 1_800_000, 5_400_000_000, 45, 125_000),
    ]
    found = amounts.effort(cells, "control", "arm")
    plain = 2.0 / (0.5 * 0.2 + 0.5 * 0.05)

    assert (found.control.value, found.treatment.value) == pytest.approx((plain, plain))
    assert found.difference(Z).value == pytest.approx(0.0)
    assert (found.control.mature_units, found.control.numerator) == (1_000, 2_000)
    nobody = amounts.effort([replace(cell, w=0, tw=0) for cell in cells], "control", "arm")
    assert isinstance(nobody.p_value, NotEstimable) and nobody.p_value.reason == "no_outcomes"


def test_what_lies_behind_revenue():
    """Wins, mean deal and revenue without the cap, in currency units; the size of deals as a described ratio."""
    capped = money([10_000] * 12, [20_000] * 15, (100, 120))
    whole = money([10_000] * 11 + [90_000], [20_000] * 15, (100, 120))
    control = deals(capped[0], whole[0], "control", CENTS)
    size = deal_size(capped[1], "control", "arm", CENTS)

    assert (control.leads, control.wins, control.revenue, control.mean_deal) == (100, 12, 1_200, 100)
    assert (control.uncapped, control.uncapped_per_lead) == (2_000, 20)
    assert (size.control.value, size.treatment.value) == (100, 200)
    assert size.relative(Z).value == pytest.approx(1.0)
    assert "not an effect" in size.note
    nobody = deals((), (), "control", CENTS)
    assert isinstance(nobody.mean_deal, NotEstimable) and isinstance(nobody.uncapped_per_lead, NotEstimable)


def test_deal_sizes_are_compared_on_logs():
    """The ratio of geometric means and its p are those of scipy.stats.ttest_ind on log amounts; under ten, none."""
    control, arm = lognormal(26, 40), lognormal(27, 50)
    rows = money(control, arm, (500, 500))
    oracle = ttest_ind(np.log(arm), np.log(control), equal_var=False)
    found = deal_size(rows[1], "control", "arm", CENTS)

    assert found.p_value == pytest.approx(oracle.pvalue)
    assert limits(found.relative(Z)) == pytest.approx(np.expm1(oracle.confidence_interval(0.95)))
    few = deal_size(money(control[:9], arm, (500, 500))[1], "control", "arm", CENTS)
    assert few.p_value == amounts.TOO_FEW_WINS
