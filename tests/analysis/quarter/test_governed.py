"""Who governed which lead, worked out in an engine, against the same worked out lead by lead."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mqlab.analysis.feedback.mqls import BEFORE, Mqls, Rulebook, Trial, mqls
from mqlab.analysis.histories import merges_of
from mqlab.analysis.judge_in_engine import held_of_facts
from mqlab.analysis.quarter.governed import NEVER, Governed, governed
from mqlab.leads.instants import micros
from mqlab.leads.tables import Facts
from mqlab.warehouse.engines.engine import open_engine
from mqlab.warehouse.readings import readings_of
from tests.analysis.world import DAY, HOUR, START, definitions, facts, protocol, random_facts

FORMS, VISITS, ANY = "forms@1.0.0", "visits@1.0.0", "any-visit@1.0.0"


def in_engine(known: Facts, book: Rulebook) -> Governed:
    """Every lead of the facts."""
    with open_engine("duckdb://") as engine:
        held = held_of_facts(engine, known, readings_of(list(book.definitions.values())), merges_of(known))
        return governed(engine, held, known, book, created_before_us=micros(START + 400 * DAY))


def one_by_one(known: Facts, book: Rulebook) -> Mqls:
    """The same, as the feedback report finds them."""
    return mqls(
        known, book, begin_us=micros(START - 400 * DAY), end_us=micros(START + 400 * DAY),
        said_of=known.leads["lead_id"].to_pylist(), progress=lambda _done, _total: None,
    )  # fmt: skip


def told(found: Governed) -> dict[str, tuple[object, ...]]:
    """The MQLs of it."""
    return {str(found.lead_id[k]): _row(found.mql(k)) for k in range(len(found.lead_id)) if found.since_us[k] != NEVER}


def _row(one: object) -> tuple[object, ...]:
    names = ("source", "definition", "path", "qualified_us", "handed_us", "experiment")
    return tuple(getattr(one, name) for name in names)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("in_force", "trials"),
    [
        pytest.param([(BEFORE, ANY)], [], id="in force"),
        pytest.param([(BEFORE, FORMS), (micros(START + 10 * DAY), ANY)], [], id="a change"),
        pytest.param([(BEFORE, FORMS)], [(None, {})], id="an experiment"),
        pytest.param(
            [(BEFORE, ANY)], [(micros(START + 20 * DAY), {"L00001": "challenger"})], id="an experiment that ended"
        ),
        pytest.param([], [(None, {})], id="nothing in force"),
    ],
)
def test_the_engine_and_the_feedback_report_agree(seed: int, in_force: Sequence[tuple[int, str]], trials: list):  # type: ignore[type-arg]
    """The same leads are MQLs, by the same definition and path, from the same instants."""
    known = random_facts(seed, 60)
    book = Rulebook(tuple(Trial(protocol(), *one) for one in trials), tuple(in_force), definitions())

    expected = {name: _row(one) for name, one in one_by_one(known, book).by_id.items()}

    assert told(in_engine(known, book)) == expected


def test_a_merged_lead_is_one_with_what_both_did():
    """Each id sent one form before they were one; together they qualify, when they became one."""
    events = [
        {"lead_id": one, "name": "form_submit", "occurred_at": START + day * DAY} for one, day in (("a", 1), ("b", 2))
    ]
    known = facts(
        [{"lead_id": "a", "created_at": START}, {"lead_id": "b", "created_at": START + HOUR}],
        events=events,
        merges=[{"old_id": "a", "new_id": "b", "merged_at": START + 4 * DAY}],
    )
    book = Rulebook((), ((BEFORE, FORMS),), definitions())

    assert told(in_engine(known, book)) == {"b": _row(one_by_one(known, book).by_id["b"])}
    assert in_engine(known, book).person == {"a": "b"}
