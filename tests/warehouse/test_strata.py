"""Strata in an engine are those of `first_divergence` and `spread_over_units`, batch edges and ties included."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mqlab.analysis.strata import NAMES, NEVER, first_divergence, spread_over_units
from mqlab.warehouse.columns import at_column, stratum_column
from mqlab.warehouse.engines.engine import Engine, open_engine
from mqlab.warehouse.strata import with_strata

ARMS = ("control", "one", "two")
CADENCE = 7
INSTANTS = st.one_of(st.none(), st.integers(-3 * CADENCE, 6 * CADENCE), st.just(2 * 10**17))
LEADS = st.lists(st.tuples(st.sampled_from(ARMS), st.integers(0, 3), INSTANTS, INSTANTS, INSTANTS), max_size=40)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """DuckDB in process, for every example."""
    with open_engine("duckdb://") as opened:
        yield opened


@given(leads=LEADS, as_of_us=st.integers(-CADENCE, 7 * CADENCE), by_unit=st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_strata_are_those_of_python(
    engine: Engine, leads: list[tuple[str, int, int | None, int | None, int | None]], as_of_us: int, by_unit: bool
) -> None:
    """Every pair's stratum of every lead, null outside the pair; with units of several leads and without."""
    arm = np.array([lead[0] for lead in leads], dtype=object)
    unit = np.array([lead[1] for lead in leads], dtype=np.int64)
    at = {
        name: np.array([NEVER if lead[2 + n] is None else lead[2 + n] for lead in leads], dtype=np.int64)
        for n, name in enumerate(ARMS)
    }
    columns = {
        "lead_id": pa.array(range(len(leads)), pa.int64()),
        "unit": pa.array([f"u{number}" for number in unit], pa.string()),
        "arm": pa.array(arm.tolist(), pa.string()),
        **{at_column(name): pa.array([lead[2 + n] for lead in leads], pa.int64()) for n, name in enumerate(ARMS)},
    }

    rows = with_strata(
        engine.load("leads", pa.table(columns)),
        control="control",
        challengers=ARMS[1:],
        cadence_us=CADENCE,
        as_of_us=as_of_us,
        by_unit=by_unit,
    )

    table = engine.fetched(rows.order_by("lead_id"))
    for name in ARMS[1:]:
        pair = (arm == name) | (arm == "control")
        found = first_divergence(at["control"][pair], at[name][pair], cadence_us=CADENCE, as_of_us=as_of_us)
        if by_unit:
            found = spread_over_units(found, np.unique(unit[pair], return_inverse=True)[1])
        expected = np.full(len(leads), None, dtype=object)
        expected[pair] = np.array(NAMES, dtype=object)[found.code]

        assert table[stratum_column(name)].to_pylist() == expected.tolist()


def test_a_cadence_of_nothing_is_refused(engine: Engine) -> None:
    """A cadence must be longer than nothing."""
    nobody = engine.load("nobody", pa.table({"unit": pa.array([], pa.string()), "arm": pa.array([], pa.string())}))
    with pytest.raises(ValueError, match="cadence"):
        with_strata(nobody, control="control", challengers=[], cadence_us=0, as_of_us=0, by_unit=False)
