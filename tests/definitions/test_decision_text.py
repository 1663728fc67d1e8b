"""A decision as lines for a terminal."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from mqlab.definitions.decision import Decision
from mqlab.definitions.decision_text import decision_lines
from mqlab.definitions.evaluate import decide
from mqlab.leads.records import History
from tests.definitions.leads import NOW, ago, definition, event, lead

BERLIN = ZoneInfo("Europe/Berlin")
POINTS = definition("""\
gates:
  - {id: south, when: "region == 'south'", then: hold, on_unknown: hold}
scores:
  fit:
    rules:
      - {id: size, field: employees, bands: [[0, 100, 5], [100, null, 40]], cap: 30}
      - {id: view, event: view, where: "path == '/pricing'", points: 12, max_count: 3, decay: {half_life: 9d}}
      - {id: title, when: "has_word(title, 'head')", points: 10}
      - {id: opted, when: "opted == false", points: -7}
grades: {fit: {A: 40, B: 0}}
qualify: "fit >= 40"
classify: [{label: buyer, when: "employees > 1"}]
nurture: {when: "fit < 40", track: slow}
""")


def judged(*, definition_of: str = "north", employees: float = 400.0) -> Decision:
    visits = (event("view", ago(2), path="/pricing"), event("view", ago(1), path="/pricing"))
    return decide(POINTS, lead(*visits, employees=employees, opted=False, region=definition_of), as_of=NOW)


def test_every_part_of_a_decision_is_told() -> None:
    """Verdict, path, instants on the lab's clock, scores with grades, rules with points, events and caps, labels.

    12 points that halve in 9 days give 12·2^(-2/9) + 12·2^(-1/9) = 21.3974 after two days and one.
    """
    assert decision_lines(judged(), BERLIN) == [
        "lead-1",
        "  verdict         MQL",
        "  path            score",
        "  qualified at    2026-07-30 14:00:00",
        "  holds now       yes",
        "  scores          fit 44.3974 (grade A)",
        "  rules           +30 size (capped; 40 without its cap)",
        "                  +21.3974 view, from 2 events, the latest at",
        "                    2026-07-30 14:00:00",
        "                  -7 opted",
        "  no points       title (not known)",
        "  not known       need, title",
        "  label           buyer",
    ]


def test_what_stops_a_lead_is_told() -> None:
    """Gates that do not pass stand with what they say, and the nurture track where there is one."""
    held = decision_lines(judged(definition_of="south", employees=4.0), BERLIN)
    small = decision_lines(judged(employees=4.0), BERLIN)

    assert "  verdict         held back" in held and "  path            gate:south" in held
    assert "  gates           south (hold)" in held
    assert "  track           slow" in small and not [line for line in small if line.startswith("  gates")]


@pytest.mark.parametrize("width", [pytest.param(80, id="terminal"), pytest.param(44, id="narrow")])
def test_lines_fit_and_instants_stand_whole(width: int) -> None:
    """Long ids are broken where they must be, an instant never is."""
    long = replace(
        judged(),
        lead_id="00Q" + "x" * 200,
        missing=tuple(f"a-field-with-a-long-name-{number}" for number in range(9)),
        labels=("x" * 120,),
        crossings=tuple(ago(number) for number in range(6)),
    )

    lines = decision_lines(long, BERLIN, width=width)

    assert max(map(len, lines)) <= width
    assert sum(line.count("14:00:00") for line in lines) == sum(
        line.count(f"2026-07-{day} 14:00:00") for line in lines for day in range(20, 32)
    )
    assert "\N{NO-BREAK SPACE}" not in "".join(lines)


def test_an_empty_decision_has_no_empty_parts() -> None:
    """A definition without scores, about a lead without facts, leaves out what there is nothing to say of."""
    bare = decide(definition("qualify: employees > 3"), History(lead().lead), as_of=NOW)

    assert decision_lines(bare, BERLIN)[1:3] == ["  verdict         no MQL", "  holds now       no"]
    assert all(line.split() for line in decision_lines(bare, BERLIN))
