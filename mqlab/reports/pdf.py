"""A document as PDF by typst: A4, running heads, bookmarks, a tagged structure; text is text and charts are vector.

No text of the document is ever typst markup: `templates/report.typ` reads it as data. The typefaces come with typst, so
that a page is the same on every machine; only letters they lack are drawn from the machine's.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from mqlab.reports import fitted
from mqlab.reports.data import block_dict
from mqlab.reports.document import Block, Cards, Chart, Document, Table
from mqlab.reports.theme import PAPER, svg_of_its_size

_TEMPLATE = Path(__file__).parent / "templates" / "report.typ"
SERIF = "Libertinus Serif"
_WITH_TYPST = re.compile(
    "[\u0000-\u024f\u0300-\u0304\u0370-\u03ff\u0400-\u045f\u2000-\u206f\u20ac\u2190-\u2193\u2212\u2260-\u2265]*"
)
MOST_COLUMNS = 8
_SCRIPTS = 200
_UNDRAWN = re.compile(r'the text `"(.+?)"` could not be displayed')
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LONG_WORD, _STEP, _SHORT = fitted.LONGEST_WORD, 12, 14


def render(document: Document) -> bytes:
    """The file; the same document gives the same bytes."""
    import typst

    data = json.dumps(_data(document), ensure_ascii=False, sort_keys=True)
    at = max(document.as_of.astimezone(UTC).replace(microsecond=0), _FIRST) if document.as_of else None

    own = _WITH_TYPST.fullmatch(data) is not None
    standard: Literal["ua-1"] | None = "ua-1"
    for _ in range(_SCRIPTS):
        try:
            return typst.compile(
                _template(),
                format="pdf",
                sys_inputs={"document": data},
                timestamp=at,
                ignore_system_fonts=own,
                pdf_standards=standard,
            )
        except typst.TypstError as error:
            undrawn = _UNDRAWN.search(str(error.message))
            if undrawn is not None:
                data = spelled(data, like=undrawn[1])
            elif standard is not None:
                standard = None
            else:
                raise
    raise ValueError("the texts of this report need more typefaces than this machine has")


def spelled(text: str, *, like: str) -> str:
    """The text with letters that no typeface here has spelled out: those of the scripts in `like`, or its symbols.

    Example:
        >>> spelled("go 🚀 שלום", like="🚀"), spelled("go 🚀 שב", like="ש")
        ('go (rocket) שלום', 'go 🚀 (U+05E9)(U+05D1)')
    """
    kinds = {_script(letter) for letter in like if not _WITH_TYPST.fullmatch(letter)}
    return "".join(_named(letter) if _script(letter) in kinds else letter for letter in text)


def _script(letter: str) -> str:
    """The script of a letter by its name's first word; "" for what typst's own typefaces have."""
    if _WITH_TYPST.fullmatch(letter):
        return ""
    name = unicodedata.name(letter, "UNNAMED")
    return name.split()[0] if unicodedata.category(letter)[0] in "LM" else "SYMBOLS"


def _named(letter: str) -> str:
    name = unicodedata.name(letter, "").lower()
    if unicodedata.category(letter) in ("Mn", "Me", "Sk", "Cf"):
        return ""
    return f"({name})" if name and unicodedata.category(letter)[0] == "S" else f"(U+{ord(letter):04X})"


@lru_cache(maxsize=1)
def _template() -> bytes:
    return _TEMPLATE.read_bytes()


def _data(document: Document) -> dict[str, Any]:
    at = document.as_of.astimezone(UTC) if document.as_of else None
    return {
        "title": breakable(document.title) or "Report",
        "title-size": 25 if len(document.title) <= 90 else 18 if len(document.title) <= 200 else 11,
        "subtitle": breakable(document.subtitle),
        "author": document.made_by,
        "date": {"year": at.year, "month": at.month, "day": at.day} if at else None,
        "language": document.language,
        "running": breakable(fitted.clipped(document.title, 84)),
        "dated": fitted.clipped(document.facts[0][1], 60) if document.facts else "",
        "footer": fitted.clipped(f"{document.subtitle} · made by {document.made_by} from the ledger", 100),
        "contents": "Contents",
        "fonts": [SERIF],
        "colours": PAPER,
        "facts": [
            {
                "name": name,
                "text": breakable(fitted.clipped(text, 240)),
                "weight": min(max(len(text), len(name), 8), 34),
            }
            for name, text in document.facts
        ],
        "sections": [{"title": title, "blocks": blocks} for title, blocks in _sections(document)],
    }


def _sections(document: Document) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The sections, and what a page folds away as an appendix: whole definitions, long tables, numbers of charts."""
    behind: list[tuple[str, list[dict[str, Any]]]] = []
    pictures: list[dict[str, Any]] = []
    for section in document.sections:
        shown: list[dict[str, Any]] = []
        folded: list[dict[str, Any]] = []
        for block in section.blocks:
            if isinstance(block, Table):
                tables = [_table(part) for part in fitted.in_parts(block, MOST_COLUMNS)]
                (folded if block.folded else shown).extend(tables)
            elif isinstance(block, Chart):
                shown.append(_chart(block))
                pictures += [_table(part) for part in fitted.in_parts(block.numbers, MOST_COLUMNS)]
            elif isinstance(block, Cards):
                shown.append(_cards(block, whole=False))
                folded += [_cards(block, whole=True)] if any(card.more for card in block.cards) else []
            else:
                shown.append(_words(block))
        title = breakable(section.title)
        if folded:
            behind.append((f"Appendix: {title}", folded))
            shown.append({"type": "text", "kind": "note", "text": f"In full: see the appendix “{title}”."})
        yield title, shown
    yield from behind
    if pictures:
        yield "Appendix: The numbers in the charts", pictures


def _chart(chart: Chart) -> dict[str, Any]:
    return {
        "type": "chart",
        "title": breakable(chart.title),
        "alternative": chart.alternative or chart.title,
        "svg": re.sub(r'font-family="[^"]*"', f'font-family="{SERIF}"', svg_of_its_size(chart)),
    }


def _cards(block: Cards, *, whole: bool) -> dict[str, Any]:
    return {
        "type": "cards",
        "cards": [
            {
                "title": breakable(card.title),
                "subtitle": breakable(card.subtitle),
                "blocks": [_broken(block_dict(item)) for item in (*card.blocks, *(card.more if whole else ()))],
            }
            for card in block.cards
        ],
    }


def _words(block: Block) -> dict[str, Any]:
    found = block_dict(block)
    if found["type"] == "pairs":
        found["items"] = [[item["name"], item["text"]] for item in found["items"]]
    return {"type": found["type"], **_broken(found)}


def _broken(found: Any) -> Any:
    """With every text breakable."""
    if isinstance(found, str):
        return breakable(found)
    if isinstance(found, dict):
        return {key: _broken(value) for key, value in found.items()}
    return [_broken(item) for item in found] if isinstance(found, list) else found


def _table(table: Table) -> dict[str, Any]:
    return {
        "type": "table",
        "caption": breakable(table.caption),
        "width": 1.0 if table.note else fitted.fill(table),
        "widths": [round(width, 4) for width in fitted.widths(table)],
        "columns": [{"title": breakable(column.title), "numeric": column.numeric} for column in table.columns],
        "rows": [[_cell(cell.text, cell.kind, cell.tone) for cell in row] for row in table.rows],
        "note": breakable(table.note),
    }


def _cell(text: str, kind: str, tone: str) -> dict[str, str]:
    value, interval = fitted.parts(text) if kind == "number" else (text, "")
    if kind == "number" and len(value) <= _SHORT:
        value = value.replace(" ", "\u00a0")
        text = value if not interval else text
    return {"text": breakable(text), "kind": kind, "tone": tone, "value": value, "interval": interval}


def breakable(text: str) -> str:
    """The text, with places where a word that no line could hold may break.

    Example:
        >>> breakable("short words"), breakable("x" * 30).count("\\u200b")
        ('short words', 2)
    """
    return re.sub(rf"\S{{{_LONG_WORD},}}", _broken_up, text)


def _broken_up(word: re.Match[str]) -> str:
    """Behind its punctuation, and within what is long without any."""
    pieces = re.sub(r"([._/@:,;|=-])(?=\S)", "\\1\u200b", word.group()).split("\u200b")
    return "\u200b".join(re.sub(rf"(.{{{_STEP}}})(?=.)", "\\1\u200b", p) if len(p) > _LONG_WORD else p for p in pieces)
