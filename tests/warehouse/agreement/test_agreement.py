"""The evaluator against the compiled definitions: the same verdicts, paths, scores and instants, on every engine.

One example is one definition, at times two or three in one pass, and fifty leads with their histories, asked in one
query. A disagreement is made smaller and told with both answers; `ExampleMaker(seed).example()` makes it again.
"""

from __future__ import annotations

import os
import secrets

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from mqlab.definitions.evaluate import Evaluator
from mqlab.leads.instants import instant
from mqlab.warehouse.compile import crossings
from mqlab.warehouse.engines.engine import Engine, open_engine
from tests.engines import MEMORY, SMALL, engine_url, in_its_own_process
from tests.warehouse.agreement import kinds
from tests.warehouse.agreement.answers import TOLERANCE, in_engine
from tests.warehouse.agreement.makes import EXAMPLES, Example, ExampleMaker
from tests.warehouse.agreement.report import check
from tests.warehouse.agreement.shares import Tally
from tests.warehouse.agreement.view_of import view_of


def agree(engine: Engine, count: int, *, chance: int | None = None, definitions: int | None = None) -> Tally:
    """Try that many examples; the shares of what they tried, printed too."""
    ask, tolerance, tally = in_engine(engine), TOLERANCE[engine.name], Tally()
    told: dict[str, AssertionError] = {}

    @settings(
        max_examples=count,
        deadline=None,
        phases=[Phase.generate],
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(maker=EXAMPLES)
    def try_one(maker: ExampleMaker) -> None:
        if repr(maker) in told:
            raise told[repr(maker)]
        example = maker.example(definitions=definitions)
        try:
            tally.add(example, check(example, ask, tolerance))
        except AssertionError as error:
            told[repr(maker)] = error
            raise

    (try_one if chance is None else seed(chance)(try_one))()
    print(f"{engine.name}: {tally}")
    return tally


def hard_enough(tally: Tally) -> bool:
    """Whether enough pairs qualify, wait for nothing to arrive, and meet a threshold exactly."""
    return (
        tally.qualify >= 0.3 * tally.pairs and tally.at_rest >= 0.1 * tally.qualify and tally.tied >= 0.1 * tally.pairs
    )


@pytest.mark.parametrize(("name", "count"), [("duckdb", 6), ("postgres", 3)])
def test_a_few_examples_agree(name: str, count: int, request: pytest.FixtureRequest) -> None:
    """The same question in short, for every run of the suite."""
    with open_engine(engine_url(name, request), memory_limit=MEMORY) as engine:
        assert agree(engine, count).examples >= count


@pytest.mark.engines
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_duckdb_says_what_the_evaluator_says() -> None:
    """Of 120 examples every answer agrees, every kind of node and rule occurs, and the cases are hard."""
    with open_engine("duckdb://") as engine:
        tally = agree(engine, 120)

    assert kinds.wanted() - tally.kinds == set()
    assert hard_enough(tally), tally


@pytest.mark.engines
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("name", "count"), [("postgres", 40), ("spark", 6)])
def test_servers_say_what_the_evaluator_says(name: str, count: int, request: pytest.FixtureRequest) -> None:
    """PostgreSQL and Spark give the evaluator's answers, too."""
    with open_engine(engine_url(name, request), memory_limit=MEMORY) as engine:
        tally = agree(engine, count)

    assert tally.examples >= count


@pytest.mark.long
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize(("name", "count"), [("duckdb", 2_000), ("postgres", 200)])
def test_engines_say_what_the_evaluator_says_many_times(name: str, count: int, request: pytest.FixtureRequest) -> None:
    """The same for many examples, from a seed that is printed and may be given in MQLAB_SEED."""
    chance = printed_seed(count, name)
    with open_engine(engine_url(name, request), memory_limit=MEMORY) as engine:
        tally = agree(engine, count, chance=chance)

    assert kinds.wanted() - tally.kinds == set()
    assert hard_enough(tally), tally


@pytest.mark.long
@pytest.mark.timeout(7_200)
def test_spark_says_what_the_evaluator_says_many_times() -> None:
    """Fifty examples, ten to a process: Spark does not let go of all the memory that some hundred queries took."""
    chance, whole = printed_seed(50, "spark"), Tally()
    for part in range(5):
        whole += in_its_own_process(agreed, f"spark://local[2]?{SMALL}", 10, chance + part, seconds=3_000)
    print(f"spark: {whole}")

    assert whole.examples >= 50
    assert hard_enough(whole), whole


def printed_seed(count: int, name: str) -> int:
    """The seed of a long run: MQLAB_SEED, or one drawn now."""
    chance = int(os.environ.get("MQLAB_SEED") or secrets.randbelow(2**32))
    print(f"MQLAB_SEED={chance}, {count} examples on {name}")
    return chance


def agreed(url: str, count: int, chance: int) -> Tally:
    """What so many examples of a seed showed on the engine of an address."""
    with open_engine(url, memory_limit=MEMORY) as engine:
        return agree(engine, count, chance=chance)


@pytest.mark.parametrize("number", range(4))
def test_crossings_are_the_first_crossings(number: int) -> None:
    """Without how a lead stands at the end, instants and paths are those of `first_crossing`."""
    example = ExampleMaker(number).example(definitions=2)
    with open_engine("duckdb://") as engine:
        found = crossings(view_of(example, engine), example.definitions, engine, as_of_us=example.as_of_us)
        rows = {row["key"]: row for row in engine.fetched(found).to_pylist()}

    for place, definition in enumerate(example.definitions):
        evaluator = Evaluator(definition)
        for judged in example.leads:
            crossing = evaluator.first_crossing(
                judged.history,
                as_of=example.as_of,
                start=instant(judged.start_us),
                qualify_within_us=None if judged.until_us is None else judged.until_us - judged.start_us,
                account=example.colleagues(judged),
            )
            path = crossing.path if crossing.verdict == "mql" else None
            row = rows[judged.history.lead.lead_id]
            assert (row[f"at_{place}"], row[f"path_{place}"]) == (crossing.qualified_at_us, path)


def one_by_one(example: Example) -> list[Example]:
    """The example once per definition."""
    return [
        Example(example.name, (text,), (definition,), example.leads, example.as_of)
        for text, definition in zip(example.texts, example.definitions, strict=True)
    ]


def test_definitions_in_one_pass_do_not_touch_each_other() -> None:
    """Three definitions in one pass, which share what they read, say exactly what each says alone."""
    example = ExampleMaker(11).example(definitions=3)
    with open_engine("duckdb://") as engine:
        ask = in_engine(engine)

        together = ask(example)
        alone = [ask(one)[0] for one in one_by_one(example)]

    assert together == alone
