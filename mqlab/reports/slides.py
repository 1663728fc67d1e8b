"""What stands on which slide: one message each, its proof below, how it was made in the notes. Drawing is elsewhere.

What a page folds away, the numbers behind charts, and what it takes to make the report again stand in an appendix.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from mqlab.reports.document import (
    Answer,
    Block,
    Bullets,
    Card,
    Cards,
    Cell,
    Chart,
    Column,
    Document,
    Pairs,
    Section,
    Table,
    Text,
)

APPENDIX = "Appendix"
_CARDS = 3
_BESIDE = 340
"""A text of so many letters stands above the table or chart it goes with; a longer one has a slide of its own."""


@dataclass(frozen=True, slots=True)
class Slide:
    """One message: `title` says it, `kicker` names the part of the report, `body` proves it, `notes` are for speaking.

    `caption` stands above the body where the title does not name it, `told` above both: a sentence that goes with the
    body, or what a title has no room for. `letters` are those of a table, in points. `appendix` slides come last.
    """

    kicker: str
    title: str
    body: Answer | Table | Chart | Cards | Bullets
    caption: str = ""
    notes: tuple[str, ...] = ()
    letters: int = 0
    told: str = ""
    appendix: bool = False


@dataclass(slots=True)
class _Open:
    """What was read and has no slide yet."""

    message: str = ""
    notes: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


def plan(document: Document) -> tuple[Slide, ...]:
    """The slides after the first, which is the document's head."""
    main: list[Slide] = []
    behind: list[Slide] = []
    for section in document.sections:
        folded: list[Slide] = []
        main += _section(section, folded)
        behind += folded
    return (*_once(main), *behind)


def _once(slides: list[Slide]) -> Iterator[Slide]:
    """Each verdict once, where it comes first: a page may repeat it, in a deck it is the same slide again."""
    seen = set[Answer]()
    for slide in slides:
        if isinstance(slide.body, Answer):
            if slide.body in seen:
                continue
            seen.add(slide.body)
        yield slide


def _section(section: Section, behind: list[Slide]) -> list[Slide]:
    """The slides of one section; those for the appendix go to `behind`."""
    waiting = _Open()
    shown = list(_blocks(section, waiting, behind))
    notes, waiting.notes = tuple(waiting.notes), []
    if waiting.texts and not waiting.message and shown and _takes(shown[-1], waiting.texts):
        shown[-1] = replace(shown[-1], told=" ".join(waiting.texts))
        waiting.texts = []
    if waiting.texts or waiting.message:
        waiting.notes += notes
        return [*shown, *_told(section, waiting)]
    for found in (shown, behind):
        if notes and found:
            found[-1] = replace(found[-1], notes=(*found[-1].notes, *notes))
            return shown
    return [Slide(section.title, section.title, Bullets(notes))] if notes else shown


def _blocks(section: Section, waiting: _Open, behind: list[Slide]) -> Iterator[Slide]:
    for block in section.blocks:
        match block:
            case Text(text, "lead"):
                yield from _told(section, waiting)
                waiting.message = text
            case Text(text, "note"):
                waiting.notes.append(text)
            case Text(text):
                waiting.texts.append(text)
            case Bullets(items):
                waiting.texts += items
            case Answer():
                yield Slide(section.title, block.sentence, block, notes=(*block.also, *waiting.notes))
            case Cards(cards):
                yield from _cards(section, cards, waiting)
            case Table(folded=True):
                behind.append(_behind(section, _proof(section, block, _Open())))
            case Table() | Chart():
                if waiting.texts and (waiting.message or len(" ".join(waiting.texts)) > _BESIDE):
                    yield from _told(section, waiting)
                beside, waiting.texts = " ".join(waiting.texts), []
                yield replace(_proof(section, block, waiting), told=beside)
                if isinstance(block, Chart):
                    table = block.numbers
                    behind.append(_behind(section, Slide("", f"The numbers in “{table.caption}”", table)))
            case Pairs(items):
                title = "What it takes to make this report again"
                behind.append(_behind(section, Slide("", title, _pairs(section, items))))


def _behind(section: Section, slide: Slide) -> Slide:
    return replace(slide, kicker=f"{APPENDIX}: {section.title}", appendix=True)


def _takes(slide: Slide, texts: list[str]) -> bool:
    """Whether texts that follow a table or a chart can stand with it."""
    return isinstance(slide.body, Table | Chart) and not slide.told and len(" ".join(texts)) <= _BESIDE


def _proof(section: Section, block: Table | Chart, waiting: _Open) -> Slide:
    """A table or a chart under the message before it, or under its own title."""
    caption = block.caption if isinstance(block, Table) else block.title
    said = (block.note,) if isinstance(block, Table) and block.note else ()
    notes = (*waiting.notes, *said)
    told = waiting.message
    waiting.message, waiting.notes = "", []
    return Slide(section.title, told or caption, block, caption if told else "", notes)


def _told(section: Section, waiting: _Open) -> Iterator[Slide]:
    """Texts that belong to no table or chart: a slide of their own."""
    if waiting.texts or waiting.message:
        title = waiting.message or section.title
        yield Slide(section.title, title, Bullets(tuple(waiting.texts)), notes=tuple(waiting.notes))
        waiting.message, waiting.notes, waiting.texts = "", [], []


def _cards(section: Section, cards: tuple[Card, ...], waiting: _Open) -> Iterator[Slide]:
    notes = [*waiting.texts, *waiting.notes]
    title = waiting.message or section.title
    for start in range(0, len(cards), _CARDS):
        shown = cards[start : start + _CARDS]
        whole = [line for card in shown for line in whole_text(card)]
        yield Slide(section.title, title, Cards(shown), notes=(*notes, *whole))
    waiting.message, waiting.notes, waiting.texts = "", [], []


def whole_text(card: Card) -> Iterator[str]:
    """A card, line by line."""
    yield f"{card.title} ({card.subtitle})"
    for block in (*card.blocks, *card.more):
        yield from lines(block)


def lines(block: Block) -> Iterator[str]:
    """The lines of a text or of a list."""
    if isinstance(block, Bullets):
        yield from (f"• {item}" for item in block.items)
    elif isinstance(block, Text):
        yield block.text


def _pairs(section: Section, items: tuple[tuple[str, str], ...]) -> Table:
    return Table(
        f"{section.id}-pairs",
        section.title,
        (Column("Name"), Column("Value")),
        tuple((Cell(name), Cell(value)) for name, value in items),
    )
