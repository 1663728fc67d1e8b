"""A document as JSON: its texts as they are read, its numbers unrounded beside them, its charts as Vega-Lite."""

from __future__ import annotations

import json
from typing import Any

from mqlab.leads.instants import iso
from mqlab.reports.document import Answer, Block, Bullets, Card, Cards, Cell, Chart, Document, Pairs, Table, Text
from mqlab.reports.numbers import number_dict

KIND = "mqlab-report/v1"


def render(document: Document) -> str:
    """The JSON, ending in a line break; the same document is the same text."""
    return json.dumps(to_dict(document), ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def to_dict(document: Document) -> dict[str, Any]:
    """Plain values: each block says its `type`, each number its `value` and where it stands in the analysis."""
    return {
        "kind": KIND,
        "title": document.title,
        "subtitle": document.subtitle,
        "language": document.language,
        "locale": document.locale,
        "as_of": iso(document.as_of) if document.as_of else None,
        "made_by": document.made_by,
        "facts": [{"name": name, "text": text} for name, text in document.facts],
        "sections": [
            {"id": section.id, "title": section.title, "blocks": [block_dict(block) for block in section.blocks]}
            for section in document.sections
        ],
        **document.beside,
    }


def block_dict(block: Block) -> dict[str, Any]:
    """One block."""
    match block:
        case Text(text, kind):
            return {"type": "text", "kind": kind, "text": text}
        case Bullets(items):
            return {"type": "bullets", "items": list(items)}
        case Pairs(items):
            return {"type": "pairs", "items": [{"name": name, "text": text} for name, text in items]}
        case Cards(cards):
            return {"type": "cards", "cards": [_card(card) for card in cards]}
        case Answer(arm, call, label, tone, sentence, also):
            return {
                "type": "answer",
                "arm": arm,
                "call": call,
                "label": label,
                "tone": tone,
                "sentence": sentence,
                "also": list(also),
            }
        case Table():
            return _table(block)
        case Chart(id, title, alternative, spec, numbers):
            return {
                "type": "chart",
                "id": id,
                "title": title,
                "alternative": alternative,
                "vega_lite": json.loads(spec),
                "numbers": _table(numbers),
            }


def _card(card: Card) -> dict[str, Any]:
    return {
        "title": card.title,
        "subtitle": card.subtitle,
        "blocks": [block_dict(block) for block in card.blocks],
        "more": [block_dict(block) for block in card.more],
    }


def _table(table: Table) -> dict[str, Any]:
    return {
        "type": "table",
        "id": table.id,
        "caption": table.caption,
        "columns": [{"title": column.title, "numeric": column.numeric} for column in table.columns],
        "rows": [[_cell(cell) for cell in row] for row in table.rows],
        "note": table.note,
        "folded": table.folded,
    }


def _cell(cell: Cell) -> dict[str, Any]:
    found: dict[str, Any] = {"text": cell.text, "kind": cell.kind, "tone": cell.tone}
    if cell.number is not None:
        found["number"] = number_dict(cell.number)
    return found | ({"source": cell.source} if cell.source else {})
