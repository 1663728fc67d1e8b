"""A document without a medium: sections of sentences, tables and charts. Renderers draw it and decide nothing.

Every text is final: numbers were rounded by `mqlab.reports.format`. A cell keeps the number behind its words, and where
that number stands in the analysis (`source`, a JSON pointer), so that anybody can check a document against the data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

Tone = Literal["plain", "good", "bad", "warn", "quiet"]


Kind = Literal[
    "count",
    "rate",
    "change",
    "points",
    "per_thousand",
    "change_per_thousand",
    "number",
    "change_of_number",
    "money",
    "change_of_money",
    "p",
    "probability",
]
"""How a number is read, named as the functions of `mqlab.reports.format`."""


@dataclass(frozen=True, slots=True)
class Number:
    """The number behind a cell's words, unrounded: rates, changes, points and of-1,000s are fractions, money in units.

    `ranged` numbers have an interval; a limit, or the value itself, is None where that side is unbounded.
    """

    value: float | None
    kind: Kind
    low: float | None = None
    high: float | None = None
    ranged: bool = False
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. `kind`: `number` lines up right, `missing` is a reason in place of a number, `status` is a mark."""

    text: str
    kind: Literal["text", "number", "missing", "status"] = "text"
    tone: Tone = "plain"
    source: str | None = None
    number: Number | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column with its title in words, its unit included where all cells share one."""

    title: str
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first cell of a row names the row. `id` is unique in the document; `folded` opens on demand."""

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    folded: bool = False

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"table {self.id}: a row has {len(row)} cells for {len(self.columns)} columns")


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture (`spec`: Vega-Lite JSON), what it shows in words, and its numbers as a table."""

    id: str
    title: str
    alternative: str
    spec: str
    numbers: Table


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph: `lead` opens a section in larger type, `note` stands back, `warning` asks for attention."""

    text: str
    kind: Literal["plain", "lead", "note", "warning"] = "plain"


@dataclass(frozen=True, slots=True)
class Bullets:
    """Short items of equal rank."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Names with what they stand for: a manifest, a key."""

    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Card:
    """One of several things set side by side: a definition in words; `more` may be folded away."""

    title: str
    subtitle: str
    blocks: tuple[Text | Bullets, ...]
    more: tuple[Text | Bullets, ...] = ()


@dataclass(frozen=True, slots=True)
class Cards:
    """Things set side by side."""

    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A verdict on one arm: the call as a word, one sentence, and what else a reader must know at once."""

    arm: str
    call: str
    label: str
    tone: Tone
    sentence: str
    also: tuple[str, ...] = ()


Block: TypeAlias = Text | Bullets | Pairs | Cards | Answer | Table | Chart


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the document with a heading; `id` is unique in the document and stable."""

    id: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """The whole: what it is about, as of when, in which language, and its sections in reading order.

    `locale` is how its numbers and dates are written; its sentences are in `language`. `beside` are plain values that
    the analysis' JSON does not hold, by the key under which they stand in the document's own, and sources begin.
    """

    title: str
    subtitle: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    language: str = "en"
    made_by: str = "mqlab"
    as_of: datetime | None = None
    locale: str = "en"
    beside: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ids = [section.id for section in self.sections]
        ids += [block.id for section in self.sections for block in section.blocks if isinstance(block, Table | Chart)]
        ids += [b.numbers.id for section in self.sections for b in section.blocks if isinstance(b, Chart)]
        repeated = sorted({name for name in ids if ids.count(name) > 1})
        if repeated:
            raise ValueError(f"ids stand twice in the document: {', '.join(repeated)}")
