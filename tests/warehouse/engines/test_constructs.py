"""What the compiler relies on, engine by engine: an upgrade of Ibis or an engine says here what it broke."""

from __future__ import annotations

import math
from typing import Any

import ibis
import pyarrow as pa
from ibis.expr import types as ir

from mqlab.warehouse.engines.engine import Engine

STREAM = pa.table(
    {
        "id": range(9),
        "lead": ["a", "a", "a", "a", "b", "b", "b", "c", "c"],
        "t": pa.array([0, 5, 5, 9, 1, 2, 2, 7, 8], pa.int64()),
        "w": [1.0, 2.0, 4.0, 8.0, None, 1.5, 0.5, None, None],
    }
)
"""Ties in `t` on purpose; nulls, too."""


def F(value: float) -> ir.FloatingValue:
    """A literal of 64 bits: a bare one is a decimal on PostgreSQL, and Ibis drops a cast of a number to its type."""
    return ibis.literal(repr(float(value))).cast("float64")


def by_id(engine: Engine, table: ir.Table) -> list[dict[str, Any]]:
    """The rows of a table in the order of `id`, without it."""
    return [{key: row[key] for key in row if key != "id"} for row in engine.fetched(table.order_by("id")).to_pylist()]


def column(engine: Engine, rows: ir.Table, value: ir.Value) -> list[Any]:
    """One computed column, in the order of `id`."""
    return [row["v"] for row in by_id(engine, rows.select("id", v=value))]


def test_running_sums_take_ties_whole(engine: Engine) -> None:
    """A RANGE window adds all rows of an instant at once; nulls add nothing; the frame is per lead."""
    s = engine.load("stream", STREAM)
    w = ibis.window(group_by=s.lead, order_by=s.t, range=(None, 0))

    found = by_id(
        engine,
        s.select(
            "id",
            total=s.w.sum().over(w),
            count=s.w.count().over(w),
            most=s.w.max().over(w),
            first=s.id.min().over(w),
            rest=ibis.ifelse(s.lead == "a", s.w, F(0)).sum().over(w),
        ),
    )

    assert [row["total"] for row in found] == [1, 7, 7, 15, None, 2, 2, None, None]
    assert [row["count"] for row in found] == [1, 3, 3, 4, 0, 2, 2, 0, 0]
    assert [row["most"] for row in found] == [1, 4, 4, 8, None, 1.5, 1.5, None, None]
    assert [row["first"] for row in found] == [0, 0, 0, 0, 4, 4, 4, 7, 7]
    assert [row["rest"] for row in found] == [1, 7, 7, 15, 0, 0, 0, 0, 0]


def test_displacement_finds_the_kth_smallest_of_what_follows(engine: Engine) -> None:
    """Collecting what follows in a window, sorted and indexed, is null where too little follows."""
    s = engine.load("stream", STREAM)
    after = ibis.window(group_by=s.lead, order_by=[s.t, s.id], rows=(1, None))
    later = s.mutate(later=s.t.collect().over(after))
    k = 2

    value = ibis.ifelse(later.later.length() >= k, later.later.sort()[k - 1], ibis.null("int64"))

    assert column(engine, later, value) == [5, 9, None, None, 2, None, None, None, None]


def test_lead_and_lag_look_at_neighbours(engine: Engine) -> None:
    """`lead(k)` and `lag(1)` are null beyond the ends of a lead."""
    s = engine.load("stream", STREAM)
    w = ibis.window(group_by=s.lead, order_by=[s.t, s.id])

    found = by_id(engine, s.select("id", lead=s.id.lead(2).over(w), lag=s.id.lag(1).over(w)))

    assert [row["lead"] for row in found] == [2, 3, None, None, 6, None, None, None, None]
    assert [row["lag"] for row in found] == [None, 0, 1, 2, None, 4, 5, None, 7]


def test_numbering_and_forward_fill(engine: Engine) -> None:
    """Rows are numbered in an order; the last known value is found by counting what is known so far."""
    s = engine.load("stream", STREAM)
    number = ibis.row_number().over(ibis.window(group_by=s.lead, order_by=[s.t.desc(), s.id.desc()]))
    assert column(engine, s, number) == [3, 2, 1, 0, 2, 1, 0, 1, 0]

    g = s.mutate(g=s.w.count().over(ibis.window(group_by=s.lead, order_by=[s.t, s.id], rows=(None, 0))))
    filled = g.w.max().over(ibis.window(group_by=[g.lead, g.g]))
    assert column(engine, g, filled) == [1, 2, 4, 8, None, 1.5, 0.5, None, None]


def test_aggregates_of_some_rows(engine: Engine) -> None:
    """A minimum of the rows that satisfy a condition, and argmin by a unique key, agree; of none they are null."""
    s = engine.load("stream", STREAM)

    found = engine.fetched(
        s.group_by("lead")
        .aggregate(
            first=s.t.min(where=s.w > 1),
            which=s.lead.argmin(s.id, where=s.w > 1),
            last=s.w.argmax(s.id),
            n=s.t.nunique(),
        )
        .order_by("lead")
    ).to_pylist()

    assert found == [
        {"lead": "a", "first": 5, "which": "a", "last": 8.0, "n": 3},
        {"lead": "b", "first": 2, "which": "b", "last": 0.5, "n": 2},
        {"lead": "c", "first": None, "which": None, "last": None, "n": 2},
    ]


LOGIC = pa.table(
    {
        "id": range(9),
        "p": [True, True, True, False, False, False, None, None, None],
        "q": [True, False, None] * 3,
        "n": pa.array([1, 2, None, 4, 5, None, 7, 8, 9], pa.int64()),
        "s": ["x", "y", None] * 3,
    }
)


def test_logic_has_three_values(engine: Engine) -> None:
    """And, or, not, comparisons, membership and conditions treat unknown as SQL does."""
    t = engine.load("logic", LOGIC)

    found = by_id(
        engine,
        t.select(
            "id",
            both=t.p & t.q,
            either=t.p | t.q,
            neither=~t.p,
            more=t.n > 4,
            one=t.s.isin(["x", "z"]),
            none=t.s.notin(["x", "z"]),
            equal=t.s == "x",
            chosen=ibis.ifelse(t.p, ibis.literal("yes"), ibis.literal("no")),
            known=t.p.isnull(),
            case=ibis.cases((t.p & t.q, 1), (t.p, 2), else_=3),
            filled=t.p.fill_null(False),
            as_number=ibis.ifelse(t.p, 1, 0),
        ),
    )

    T, N, U = True, False, None
    assert [row["both"] for row in found] == [T, N, U, N, N, N, U, N, U]
    assert [row["either"] for row in found] == [T, T, T, T, N, U, T, U, U]
    assert [row["neither"] for row in found] == [N, N, N, T, T, T, U, U, U]
    assert [row["more"] for row in found] == [N, N, U, N, T, U, T, T, T]
    assert [row["one"] for row in found] == [T, N, U] * 3
    assert [row["none"] for row in found] == [N, T, U] * 3
    assert [row["equal"] for row in found] == [T, N, U] * 3
    assert [row["chosen"] for row in found] == ["yes"] * 3 + ["no"] * 6
    assert [row["known"] for row in found] == [N] * 6 + [T] * 3
    assert [row["case"] for row in found] == [1, 2, 2, 3, 3, 3, 3, 3, 3]
    assert [row["filled"] for row in found] == [T] * 3 + [N] * 6
    assert [row["as_number"] for row in found] == [1] * 3 + [0] * 6


NUMBERS = pa.table(
    {
        "id": range(6),
        "x": [0.5, -0.5, 2.5, 1e-12, None, -7.25],
        "y": [2.0, 0.0, -64.0, 1000.0, 1.0, None],
        "i": pa.array([7, -7, 86_399_999_999, -1, None, 0], pa.int64()),
    }
)


def test_arithmetic_is_that_of_python(engine: Engine) -> None:
    """Floors, whole division, powers within bounds, least and greatest, and quotients that may not exist."""
    t = engine.load("numbers", NUMBERS)
    day = 86_400_000_000

    found = by_id(
        engine,
        t.select(
            "id",
            q=(t.x * F(1e9) + F(0.5)).floor(),
            whole=(t.x + F(0.5)).floor().cast("int64"),
            days=(t.i / ibis.literal(day).cast("float64")).floor().cast("int64"),
            power=F(2) ** t.y.cast("float64").clip(-64, 1000),
            ratio=t.x / t.y.nullif(0),
            log=t.y.nullif(0).abs().log10(),
            least=ibis.least(t.x, t.y),
            greatest=ibis.greatest(t.x, t.y, F(0)),
            real=t.i.cast("float64") / F(2),
            e=t.x.exp(),
        ),
    )

    rows = [
        dict(zip(NUMBERS.column_names, values, strict=True))
        for values in zip(*NUMBERS.to_pydict().values(), strict=True)
    ]
    for row, got in zip(rows, found, strict=True):
        x, y, i = row["x"], row["y"], row["i"]
        assert got["q"] == (None if x is None else math.floor(x * 1e9 + 0.5))
        assert got["whole"] == (None if x is None else math.floor(x + 0.5))
        assert got["days"] == (None if i is None else i // day)
        assert (got["power"] is None) == (y is None)
        assert y is None or math.isclose(got["power"], 2.0**y, rel_tol=1e-14)
        assert got["ratio"] == (None if None in (x, y) or y == 0 else x / y)
        assert (got["log"] is None) == (not y)
        assert not y or math.isclose(got["log"], math.log10(abs(y)), rel_tol=1e-14)
        known = [value for value in (x, y) if value is not None]
        assert got["least"] == min(known)
        assert got["greatest"] == max(*known, 0.0)
        assert got["real"] == (None if i is None else i / 2)
        assert (got["e"] is None) == (x is None)
        assert x is None or math.isclose(got["e"], math.exp(x), rel_tol=1e-14)


def test_whole_division_floors(engine: Engine) -> None:
    """`//` of integers goes down, also below zero, and a difference of instants is a whole number of days."""
    t = engine.load("numbers", NUMBERS)

    expected = [1, -1, 12_342_857_142, -1, None, 0]
    assert column(engine, t, t.i // 7) == expected
    beside = engine.fetched(t.select("id", "i", v=t.i // 7).order_by("i", "id")).to_pylist()
    assert sorted((row["id"], row["v"]) for row in beside) == list(enumerate(expected))


def test_instants_become_microseconds(engine: Engine) -> None:
    """A time stamp is exactly its microseconds since 1970, also before then and where clocks change."""
    from datetime import UTC, datetime

    instants = [datetime(1969, 12, 31, 23, 59, 59, 999999, UTC), datetime(2026, 10, 25, 0, 30, 0, 1, UTC), None]
    t = engine.load("instants", pa.table({"id": range(3), "at": pa.array(instants, pa.timestamp("us", tz="UTC"))}))
    epoch = ibis.timestamp("1970-01-01")

    found = column(engine, t, t.at.cast("timestamp").delta(epoch, unit="microsecond"))

    assert found == [-1, 1_792_888_200_000_001, None]


def test_wide_sums_are_exact(engine: Engine) -> None:
    """Squares of 64-bit amounts are summed in a wide decimal and leave as text."""
    amounts = [3_000_000_000_000, 3_000_000_000_001, -5]
    t = engine.load("amounts", pa.table({"id": range(3), "a": pa.array(amounts, pa.int64())}))
    wide = t.a.cast("decimal(38, 0)")

    found = engine.fetched(t.aggregate(total=t.a.sum(), squares=(wide * wide).sum().cast("string"))).to_pylist()[0]

    assert found["total"] == sum(amounts)
    assert int(found["squares"].split(".")[0]) == sum(amount**2 for amount in amounts)


def test_unions_joins_and_hex_order(engine: Engine) -> None:
    """Unions of equal columns, left joins on text, and hexadecimal digits compared as text."""
    left = engine.load("left_rows", pa.table({"id": range(4), "h": ["00000000", "7fffffff", "80000000", "ffffffff"]}))
    right = engine.load("right_rows", pa.table({"key": ["7fffffff", "zz"], "found": ["yes", "no"]}))
    both = left.select("id", "h").union(left.select(id=left.id + 10, h="h"))

    joined = both.left_join(right, both.h == right.key).select("id", low=both.h < "80000000", found=right.found)
    found = by_id(engine, joined)

    assert [row["low"] for row in found] == [True, True, False, False] * 2
    assert [row["found"] for row in found] == [None, "yes", None, None] * 2


def test_float_sums_of_literals_are_binary(engine: Engine) -> None:
    """Literals cast from text add as Python's floats do, not as decimals."""
    t = engine.load("numbers", NUMBERS)

    assert column(engine, t.filter(t.id == 0), F(0.1) + F(0.2)) == [0.1 + 0.2]
