"""Where a unit stands on the ring, in an engine: eight hexadecimal digits of an MD5, compared with a cut as text.

`mqlab.assignment.position` is the meaning. Digits of one length in one case sort as their numbers do wherever text is
compared byte by byte. PostgreSQL may compare by a language instead (Danish sorts `aa` behind `z`, Welsh `dd` behind
`de`, numeric collations read `10` as ten), so there the comparison asks for bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis.expr import types as ir

from mqlab.assignment.position import hex_bound
from mqlab.assignment.split import Slice, Split

if TYPE_CHECKING:
    from mqlab.warehouse.engines.engine import Engine


def digits(engine: Engine, salt: str, unit: ir.StringValue) -> ir.StringValue:
    """The first eight hexadecimal digits of md5("{salt}-{unit}")."""
    return engine.md5_prefix(ibis.literal(f"{salt}-") + unit)


def below(engine: Engine, found: ir.StringValue, cut: int) -> ir.BooleanValue:
    """Whether the position that `found` spells is smaller than an integer cut of the ring; nothing lies below 0."""
    bound = hex_bound(cut)
    if bound is None or cut <= 0:
        return ibis.literal(bound is None)
    return _bytes_before(found, bound) if engine.name == "postgres" else found < bound


def number(engine: Engine, found: ir.StringValue) -> ir.IntegerValue:
    """The position itself, an int64 in [0, 2**32)."""
    if engine.name == "spark":
        return _to_base(found, 16, 10).cast("int64")
    return (ibis.literal("0x") + found).cast("int64")


def in_slice(engine: Engine, owned: Slice, unit: ir.StringValue) -> ir.BooleanValue:
    """Whether a unit lies in the slice of the layer that the experiment owns."""
    if owned.whole:
        return ibis.literal(True)
    found = digits(engine, owned.layer, unit)
    return below(engine, found, owned.high) & ~below(engine, found, owned.low)


def arm(engine: Engine, split: Split, unit: ir.StringValue) -> ir.StringValue:
    """The arm of a unit: the first whose cut is greater than its position, the last one where none is."""
    found = digits(engine, split.split_salt, unit)
    inside = [(below(engine, found, cut), name) for name, cut in zip(split.arms, split.cuts, strict=False)]
    return ibis.cases(*inside, else_=split.arms[-1]) if inside else ibis.literal(split.arms[-1])


@ibis.udf.scalar.builtin(name="text_pattern_lt")  # type: ignore[untyped-decorator]
def _bytes_before(one: str, other: str) -> bool:  # type: ignore[empty-body]
    """PostgreSQL's comparison of two texts by their bytes, whatever the collation."""


@ibis.udf.scalar.builtin(name="conv")  # type: ignore[untyped-decorator]
def _to_base(digits: str, base: int, other: int) -> str:  # type: ignore[empty-body]
    """Spark's change of the base of a number."""
