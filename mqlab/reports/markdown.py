"""A document as Markdown, as GitHub and GitLab read it: every text of the document stays text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mqlab.reports.document import Answer, Block, Bullets, Card, Cards, Chart, Document, Pairs, Table, Text

_SPECIAL = re.compile(r"[\\`*\[\]<>|~$]|(?<![^\W_])_|_(?![^\W_])")
_ENTITY = re.compile(r"&(?=[#\w])")
_OPENS = re.compile(r"^(?:(\s*)([-+=#])(?=[-+=#\s]|$)|(\s*\d+)([.)])(?=\s|$))")
_ADDRESS = re.compile(r"(?i)(https?|ftp|mailto|xmpp)(:)|(www)(\.)")
_MENTION = re.compile(r"@(?=\w)|#(?=\d)")


def render(document: Document) -> str:
    """The document, ending in a line break."""
    parts = [f"# {text(document.title)}", text(document.subtitle)]
    parts.append("\n".join(f"- {text(name)}: {text(value)}" for name, value in document.facts))
    for section in document.sections:
        parts.append(f"## {text(section.title)}")
        for block in section.blocks:
            parts += _block(block)
    parts.append(f"Made by {text(document.made_by)} from the ledger; the same inputs give the same file.")
    return "\n\n".join(part for part in parts if part) + "\n"


def text(found: str) -> str:
    """A text with everything escaped that Markdown, its tables or HTML would read as more than text.

    Example:
        >>> text("1. *bold* <b> | [x](y) sql_per_lead"), text("www.example.com")
        ('1\\\\. \\\\*bold\\\\* \\\\<b\\\\> \\\\| \\\\[x\\\\](y) sql_per_lead', 'www\\\\.example.com')
    """
    found = " ".join(found.split())
    found = _ENTITY.sub("&amp;", _SPECIAL.sub(r"\\\g<0>", found))
    found = _ADDRESS.sub(lambda m: f"{m[1] or m[3]}\\{m[2] or m[4]}", found)
    found = _MENTION.sub(r"\\\g<0>", found)
    return _OPENS.sub(lambda m: f"{m[1] or m[3] or ''}\\{m[2] or m[4]}", found)


def _block(block: Block) -> Iterator[str]:
    match block:
        case Text(found, kind):
            yield {"warning": f"> **Note.** {text(found)}", "lead": f"**{text(found)}**"}.get(kind, text(found))
        case Bullets(items):
            yield _list(items)
        case Pairs(items):
            yield "\n".join(f"- {text(name)}: {text(value)}" for name, value in items)
        case Cards(cards):
            for card in cards:
                yield from _card(card)
        case Answer(arm, _, label, _, sentence, also):
            yield f"**{text(label)}** ({text(arm)})"
            yield f"> {text(sentence)}"
            yield _list(also)
        case Table():
            yield from _table(block)
        case Chart(_, _, _, _, numbers):
            yield from _table(numbers)


def _card(card: Card) -> Iterator[str]:
    yield f"### {text(card.title)}"
    yield text(card.subtitle)
    for block in _joined((*card.blocks, *card.more)):
        yield from _block(block)


def _joined(blocks: Sequence[Text | Bullets]) -> Iterator[Text | Bullets]:
    """A list that a page folds in its middle is one list here."""
    last: Bullets | None = None
    for block in blocks:
        if isinstance(block, Bullets):
            last = Bullets((*(last.items if last else ()), *block.items))
            continue
        if last is not None:
            yield last
        yield block
        last = None
    if last is not None:
        yield last


def _list(items: tuple[str, ...]) -> str:
    return "\n".join(f"- {text(item)}" for item in items)


def _table(table: Table) -> Iterator[str]:
    yield f"**{text(table.caption)}**"
    lines = [
        _row(text(column.title) for column in table.columns),
        _row("---:" if column.numeric else "---" for column in table.columns),
    ]
    lines += [_row(text(cell.text) for cell in row) for row in table.rows]
    yield "\n".join(lines)
    yield text(table.note)


def _row(cells: Iterator[str]) -> str:
    return "| " + " | ".join(cells) + " |"
