"""Rows go into every engine and come out of it as they were."""

from __future__ import annotations

import hashlib
import tempfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import ibis
import pyarrow as pa
import pytest

from mqlab.errors import InputError
from mqlab.warehouse.engines.engine import Engine, open_engine

MAX, MIN = 2**63 - 1, -(2**63)
TEXTS = [
    "plain",
    "",
    None,
    "Straße İstanbul Ελλάς ς",
    'quo"te, comma\nnew line \\. \\N',
    "🎯 \U0001f1e9\U0001f1ea e\u0301",
]
EVERYTHING = pa.table(
    {
        "id": pa.array(range(6), pa.int64()),
        "text": pa.array(TEXTS),
        "whole": pa.array([MAX, MIN, None, 0, -1, 1], pa.int64()),
        "small": pa.array([127, -128, None, 0, 1, 2], pa.int16()),
        "number": pa.array([0.1 + 0.2, float("inf"), None, 5e-324, float("nan"), -1e308], pa.float64()),
        "flag": pa.array([True, False, None, True, None, False]),
        "wide": pa.array([Decimal("9" * 38), Decimal("-1"), None, Decimal(0), None, None], pa.decimal128(38, 0)),
        "money": pa.array([Decimal("0.01"), None, Decimal("-99.99"), None, None, None], pa.decimal128(12, 2)),
        "instant": pa.array(
            [datetime(1969, 12, 31, 23, 59, 59, 999999, UTC), None, datetime(2026, 3, 29, 1, 0, tzinfo=UTC)]
            + [None] * 3,
            pa.timestamp("us", tz="UTC"),
        ),
        "day": pa.array([date(2024, 2, 29), None, date(1900, 1, 1), None, None, None]),
    }
)


def same(left: pa.Table, right: pa.Table) -> bool:
    """Equal in columns, types and values; a not-a-number equals itself, a null only a null."""
    return left.schema.equals(right.schema) and repr(left.to_pylist()) == repr(right.to_pylist())


def test_every_type_comes_back_as_it_was(engine: Engine) -> None:
    """Nulls of every type, empty text, Unicode, extreme integers, decimals, instants before 1970: nothing changes."""
    loaded = engine.load("everything", EVERYTHING)

    assert same(engine.fetched(loaded.order_by("id")), EVERYTHING)
    assert engine.fetched(loaded.text.isnull().sum().name("nulls").as_table()).to_pylist() == [{"nulls": 1}]


def test_what_is_kept_has_the_columns_of_its_expression(engine: Engine) -> None:
    """Sums and counts are kept as the integers Ibis says they are, and read again without loss."""
    rows = engine.load("rows", EVERYTHING)
    asked = rows.group_by("flag").aggregate(n=rows.count(), total=rows.small.sum(), most=rows.whole.max())

    kept = engine.keep("kept", asked)

    assert kept.schema() == asked.schema()
    assert same(engine.fetched(kept.order_by("flag")), engine.fetched(asked.order_by("flag")))
    assert engine.fetched(kept.order_by("flag")).to_pylist() == [
        {"flag": False, "n": 2, "total": -126, "most": 1},
        {"flag": True, "n": 2, "total": 127, "most": MAX},
        {"flag": None, "n": 2, "total": 1, "most": -1},
    ]


def test_a_name_is_replaced_and_dropped(engine: Engine) -> None:
    """Loading or keeping under a name again replaces its rows, also from its own rows; what is dropped is gone."""
    first = engine.load("leads", pa.table({"lead_id": ["a", "b", "c"]}))
    again = engine.keep("leads", first.filter(first.lead_id != "b").mutate(more=ibis.literal(1)))

    assert engine.fetched(again.order_by("lead_id")).to_pylist() == [
        {"lead_id": "a", "more": 1},
        {"lead_id": "c", "more": 1},
    ]

    other = engine.load("leads", pa.table({"lead_id": ["z"]}))
    assert engine.fetched(other).to_pylist() == [{"lead_id": "z"}]

    engine.drop("leads", "never there")
    with pytest.raises(Exception, match="leads"):
        engine.fetched(other)


def test_what_is_divided_comes_back_in_its_parts(engine: Engine) -> None:
    """Every row is in the part of its number as it was, a part may have none, and sums stay the integers they are."""
    loaded = engine.load("everything", EVERYTHING)
    rows = loaded.mutate(part=(loaded.id % 2) * 2)

    parts = engine.divided("in_parts", rows, by="part", parts=4)
    sums = engine.divided(
        "sums", rows.group_by("part").aggregate(total=rows.small.sum(), n=rows.count()), by="part", parts=3
    )

    for number, part in enumerate(parts):
        expected = [row for row in EVERYTHING.to_pylist() if row["id"] % 2 * 2 == number]
        found = engine.fetched(part.order_by("id"))
        assert same(found, pa.Table.from_pylist(expected, schema=EVERYTHING.schema))
    assert [engine.fetched(one).to_pylist() for one in sums] == [
        [{"total": 128, "n": 3}],
        [],
        [{"total": -126, "n": 3}],
    ]
    engine.drop("in_parts", "sums", "nothing")
    assert [row.as_py() for row in engine.fetched(loaded.select("id").order_by("id"))["id"]] == list(range(6))


def test_divided_rows_leave_nothing_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files go with the name they were kept under, with one that is replaced, and where the rows cannot be computed."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with open_engine("duckdb://") as engine:
        loaded = engine.load("everything", EVERYTHING)
        for _ in range(2):
            engine.divided("in_parts", loaded.mutate(part=loaded.id % 3), by="part", parts=3)
            assert len(list(tmp_path.glob("*/divided-*"))) == 1
        with pytest.raises(InputError, match="Overflow"):
            engine.divided("broken", loaded.mutate(part=loaded.whole + loaded.whole), by="part", parts=3)
        engine.drop("in_parts")
        assert not list(tmp_path.glob("*/divided-*"))


def test_many_rows_travel(engine: Engine) -> None:
    """A table larger than one batch arrives whole, and text sorts by its bytes."""
    count = 70_000
    text = [f"{'ÄäZz_'[number % 5]}{number}" for number in range(count)]
    rows = engine.load("many", pa.table({"n": range(count), "text": text}))

    found = engine.fetched(rows.order_by("text"))

    assert found["text"].to_pylist() == sorted(text, key=lambda value: value.encode())
    assert sum(found["n"].to_pylist()) == count * (count - 1) // 2


def test_no_rows_are_a_table_too(engine: Engine) -> None:
    """Empty tables are loaded, kept and fetched with their columns."""
    empty = engine.load("empty", EVERYTHING.slice(0, 0))

    assert same(engine.fetched(engine.keep("none", empty)), EVERYTHING.slice(0, 0))


def test_hashes_are_those_of_python(engine: Engine) -> None:
    """The MD5 prefix of any text is `hashlib`'s of its UTF-8, in lower case; of nothing it is nothing."""
    rows = engine.load("texts", EVERYTHING.select(["id", "text"]))
    salted = ibis.literal("salt-") + rows.text

    found = engine.fetched(rows.select("id", prefix=engine.md5_prefix(salted)).order_by("id"))

    expected = [None if text is None else hashlib.md5(f"salt-{text}".encode()).hexdigest()[:8] for text in TEXTS]
    assert found["prefix"].to_pylist() == expected


def test_a_temporary_table_is_only_ours(engine: Engine, request: pytest.FixtureRequest) -> None:
    """Another connection to the same engine has its own tables of the same names."""
    from tests.engines import engine_url

    mine = engine.load("same_name", pa.table({"who": ["me"]}))
    with open_engine(engine_url(engine.name, request)) as second:
        theirs = second.load("same_name", pa.table({"who": ["they"]}))

        assert engine.fetched(mine).to_pylist() == [{"who": "me"}]
        assert second.fetched(theirs).to_pylist() == [{"who": "they"}]
    assert engine.fetched(mine).to_pylist() == [{"who": "me"}]
