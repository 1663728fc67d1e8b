"""Scores, near misses, the frontier and signals as a report tells them."""

from __future__ import annotations

from dataclasses import replace

from mqlab.reports.document import Chart, Section, Table, Text
from mqlab.reports.explored import MOST, scores, signals
from tests.reports.samples import explored


def texts(section: Section | None) -> list[str]:
    assert section is not None
    return [block.text for block in section.blocks if isinstance(block, Text)]


def test_near_misses_are_a_sentence_with_both_sides():
    """How many missed the threshold and what became of them, beside those as close above it."""
    assert texts(scores(explored()))[1] == (
        "300 of 1,000 leads missed 40 in “fit” of intent@1.1.0 by at most 20 points and reached every other score. "
        "3.0% (9 of 300) of them became SQLs within 60 days, of those as close above it 13.3% (24 of 180). The bars "
        "hold 600 of the 1,000 leads read, without those short of another score, of a fast track, or stopped by a gate."
    )


def test_the_distribution_marks_the_threshold_in_picture_and_table():
    """The bar that begins at the threshold is marked in words, and the alternative says how many stay below."""
    chart = next(block for block in scores(explored()).blocks if isinstance(block, Chart) and block.id == "score-1")

    assert [row[0].text for row in chart.numbers.rows] == ["20", "40 (threshold)", "60"]
    assert "300 leads stay below it" in chart.alternative


def test_what_was_never_handed_over_has_no_precision():
    """Below the threshold the frontier says why there is no number; above it stand volume, precision and SQLs."""
    chart = next(block for block in scores(explored()).blocks if isinstance(block, Chart) and block.id == "frontier-1")
    rows = [[cell.text for cell in row] for row in chart.numbers.rows]

    assert rows[0][2] == "No lead with such a score was handed over, so none had a chance"
    assert rows[1] == ["40 (in use)", "300.0", "20.0% (15.0% to 26.0%)", "60.0 (45.0 to 78.0)"]


def test_definitions_that_cannot_be_read_say_why():
    """A definition whose scores hang on other leads has its reason, and so have leads that nobody could read."""
    told = texts(scores(explored()))

    assert "Nothing is drawn of the scores of fit@1.4.0: Its scores hang on other leads of the account." in told
    assert "Where the lab's tables lie in a warehouse" in texts(scores(None))[0]
    assert scores(replace(explored(), scores=(), silent=())) is None
    assert signals(None) is None


def test_many_scores_are_cut_off_and_counted():
    """No more than a handful are drawn; the others are counted."""
    section = scores(replace(explored(), scores=explored().scores * (MOST + 2)))

    assert "2 more scores are not shown." in texts(section)


def test_signals_have_both_rates_and_are_called_association():
    """With and without, difference and adjusted p; a rule that gave nobody points keeps its row."""
    section = signals(explored())
    table = next(block for block in section.blocks if isinstance(block, Table))
    rows = [[cell.text for cell in row] for row in table.rows]

    assert texts(section)[0].startswith("Association, not effect.")
    assert rows[0] == ["pricing", "300", "20.0%", "10.0%", "+10.0 points (+6.0 to +14.0)", "< 0.001", "3.2%", "1.1%"]
    assert rows[1][1:6] == ["0", "–", "13.0%", "An arm has no units to count", "–"]


def test_the_threshold_in_use_is_told_as_the_definition_has_it():
    """Where the next score lies above it, the point of the frontier is the threshold's own."""
    (one,) = explored().scores
    above = replace(one, frontier=(one.frontier[0], replace(one.frontier[1], threshold=45.0), one.frontier[2]))

    section = scores(replace(explored(), scores=(above,)))

    assert section is not None
    chart = next(block for block in section.blocks if isinstance(block, Chart) and block.id == "frontier-1")
    assert [row[0].text for row in chart.numbers.rows] == ["20", "40 (in use)", "60"]
    assert '"text": "45"' not in chart.spec and "from 40: " in chart.alternative
