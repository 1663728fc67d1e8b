"""Planning in a lab: what is stated, what the ledger knows, and the files that delays are read from."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from mqlab.analysis.planning.assumed import Stated
from mqlab.errors import InputError
from mqlab.lab import Lab
from mqlab.lab.plan import Planned, plan, with_delay
from mqlab.lab.progress import silent
from tests.cli.small_lab import LOOK, START

NAME = "demo-requests"


def planned(lab: Lab, *, at=LOOK, by: date | None = None, use_history: bool = True, **stated: object) -> Planned:
    """The plan of the small lab's experiment."""
    return plan(
        lab, NAME, stated=Stated(**stated), as_of=at, by=by, use_history=use_history, progress=silent  # type: ignore[arg-type]
    )  # fmt: skip


def said(found: Planned, about: str) -> str:
    """The assumption that begins with these words."""
    return next(words for words in found.plan.assumptions if words.startswith(about))


def test_a_draft_without_a_ledger_is_planned_from_defaults(draft: Lab):
    """Nothing happened yet: every number is the experiment's or a default, and no ledger is made."""
    found = planned(draft, at=START)

    assert said(found, "SQLs per assigned lead") == "SQLs per assigned lead: 8% (default)."
    assert "experiment: the 240 it declares" in said(found, "Leads:")
    assert not (draft.folder / ".mqlab").exists()


def test_history_fills_in_what_is_not_stated(fed: Lab):
    """With 240 leads in the ledger the rate, the delays and the lateness are the lab's own."""
    found = planned(fed)

    assert "(history: 240 leads that are old enough)" in said(found, "SQLs per assigned lead")
    assert said(found, "Lateness").endswith("(history).")
    assert "4.8 a day (history" in said(found, "Leads:")


def test_what_is_known_later_is_not_known_yet(fed: Lab):
    """Standing at an instant before the leads came, a plan has the defaults."""
    assert "(default)" in said(planned(fed, at=START), "SQLs per assigned lead")


def test_history_can_be_left_alone(fed: Lab):
    """Without history a fed lab is planned as a new one."""
    assert "(default)" in said(planned(fed, use_history=False), "SQLs per assigned lead")


def test_nothing_is_written(fed: Lab):
    """A plan appends nothing to the ledger."""
    before = fed.reading.position()

    planned(fed)

    assert fed.reading.position() == before


def test_open_handling_decides_by_all_leads(draft: Lab):
    """Where handling is not declared blinded, all leads decide, and the overlap is only shown."""
    path = draft.folder / "experiments" / f"{NAME}.yaml"
    path.write_text(path.read_text().replace("handling: blinded", "handling: open"))

    found = planned(Lab.open(draft.folder), at=START)

    assert found.plan.decides == "itt"
    assert "all leads (decides)" in found.text()


def test_a_plan_prints_and_renders_in_a_notebook(draft: Lab):
    """The text is the same in a terminal and in a notebook, where it is escaped."""
    found = planned(draft, at=START, by=date(2026, 3, 1))

    assert str(found) == found.text().rstrip("\n")
    assert found._repr_html_().startswith("<pre>")
    assert found.to_dict()["smallest_effect"]["by"] == "2026-03-01"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("day,share\n5,20%\n10,60%\n30,100%\n", ((5.0, 0.2), (10.0, 0.6), (30.0, 1.0)), id="percent"),
        pytest.param("5,0.2\n30,1\n", ((5.0, 0.2), (30.0, 1.0)), id="fractions"),
        pytest.param("days\n9\n3\n3\n5\n", ((3.0, 0.5), (5.0, 0.75), (9.0, 1.0)), id="one delay a line"),
        pytest.param("\ufeff5,0.2\r\n\r\n30,1\r\n", ((5.0, 0.2), (30.0, 1.0)), id="as a spreadsheet saves it"),
    ],
)
def test_delay_files(tmp_path: Path, text: str, expected):
    """Points of the curve, or plain delays; a heading and empty lines are skipped."""
    path = tmp_path / "delays.csv"
    path.write_bytes(text.encode())

    assert with_delay(Stated(), str(path)).delay == expected


def test_a_median_is_no_file():
    """`20` and `20d` are a median of twenty days; nothing stated stays so."""
    assert with_delay(Stated(), "20").delay == with_delay(Stated(), "20d").delay == 20.0
    assert with_delay(Stated(), None).delay is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(None, "no file that can be read", id="no such file"),
        pytest.param(b"\xff\xfe\x00", "no file that can be read", id="no text"),
        pytest.param(b"", "not alike", id="empty"),
        pytest.param(b"5,0.2\n6\n", "not alike", id="lines of different length"),
        pytest.param(b"5,0.2\nten,1\n", "holds no numbers", id="words"),
        pytest.param(b"1,2,3\n", "not alike", id="three columns"),
    ],
)
def test_delay_files_that_cannot_be_used(tmp_path: Path, content: bytes | None, words: str):
    """Each is one clear error with a hint."""
    path = tmp_path / "delays.csv"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(InputError, match=words) as caught:
        with_delay(Stated(), str(path))
    assert caught.value.problem.code == "BadDelay"


def test_a_delay_curve_that_falls_is_refused(draft: Lab, tmp_path: Path):
    """Shares that fall are told with the hint of what a curve is."""
    path = tmp_path / "delays.csv"
    path.write_text("5,0.8\n10,0.4\n")

    with pytest.raises(InputError, match="never fall"):
        plan(draft, NAME, stated=with_delay(Stated(), str(path)), as_of=START, progress=silent)
