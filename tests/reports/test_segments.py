"""Segments as a picture: the change by segment below that of all leads, and how many are drawn."""

from __future__ import annotations

from dataclasses import replace

from mqlab.reports.document import Chart, Table, Text
from mqlab.reports.segments import MOST, segments
from tests.reports.samples import ship


def drawn(count: int) -> tuple[Chart, list[str], Table]:
    """The chart, the notes and the table of a result with so many segments."""
    result = ship()
    row = next(row for row in result.metrics if row.segment)
    rows = tuple(replace(row, segment=f"region=area {k}") for k in range(count))
    found = segments(replace(result, metrics=(*(one for one in result.metrics if one.segment is None), *rows)))
    assert found is not None
    charts = [block for block in found.blocks if isinstance(block, Chart)]
    tables = [block for block in found.blocks if isinstance(block, Table)]
    return charts[0], [block.text for block in found.blocks if isinstance(block, Text)], tables[0]


def test_all_leads_stand_above_their_segments():
    """Lines come in the order of the table, all leads first, by one estimator."""
    chart, _, _ = drawn(3)
    lines = [[cell.text for cell in row] for row in chart.numbers.rows]

    assert [line[0] for line in lines] == ["all leads", "region: area 0", "region: area 1", "region: area 2"]
    assert len({line[1] for line in lines}) == 1
    assert all(line[0] in chart.alternative for line in lines)


def test_sixty_segments_are_a_picture_of_some_and_a_table_of_all():
    """What is not drawn is counted."""
    chart, told, table = drawn(60)

    assert len(chart.numbers.rows) == 1 + MOST
    assert f"{60 - MOST} more are in the table." in told
    assert len(table.rows) == 60


def test_without_segments_there_is_no_section():
    """Nothing declared, nothing shown."""
    result = ship()

    assert segments(replace(result, metrics=tuple(row for row in result.metrics if row.segment is None))) is None


def test_a_segment_keeps_every_letter_of_its_value():
    """Only the first equals sign parts the field from its value; a value that is missing is called not known."""
    result = ship()
    row = next(row for row in result.metrics if row.segment)
    rows = tuple(replace(row, segment=f"source={value}") for value in ("=1+1", "a=b", "(missing)"))
    found = segments(replace(result, metrics=(*(one for one in result.metrics if one.segment is None), *rows)))
    assert found is not None
    (table,) = [block for block in found.blocks if isinstance(block, Table)]

    assert [row[0].text for row in table.rows] == ["source: =1+1", "source: a=b", "source: not known"]
