"""What an experiment compares: its definitions in words, and what changes from one to the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol as Shape
from zoneinfo import ZoneInfo

from mqlab.analysis.explored import Explored
from mqlab.analysis.results import AnalysisResult
from mqlab.definitions.wording import spoken_duration
from mqlab.experiments.protocol import Protocol
from mqlab.reports import format as fmt
from mqlab.reports import words
from mqlab.reports.document import Block, Bullets, Card, Cards, Cell, Column, Section, Table, Text
from mqlab.reports.metric_table import arm_id
from mqlab.reports.movers import examples


class Told(Shape):
    """A paragraph of a definition told in words: `mqlab.definitions.describe.Paragraph` is one."""

    @property
    def heading(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def points(self) -> Sequence[str]: ...


class Changed(Shape):
    """A difference of two definitions: `mqlab.definitions.diff.Change` is one."""

    @property
    def path(self) -> str: ...
    @property
    def severity(self) -> str: ...
    @property
    def words(self) -> str: ...


_SEVERITIES = {
    "breaking": "breaks what feeds or reads it",
    "behaviour": "moves leads",
    "cosmetic": "moves no lead",
}


def compared(
    result: AnalysisResult,
    protocol: Protocol,
    descriptions: Mapping[str, Sequence[Told | str]],
    changes: Mapping[str, Sequence[Changed]],
    explored: Explored | None,
    zone: ZoneInfo,
) -> Section:
    """What is compared, in words, how the definitions differ, and leads that move by it; `zone` is the lab's."""
    total = sum(arm.weight for arm in protocol.arms)
    cards = tuple(
        Card(
            arm.name + (" (control)" if arm.name == protocol.control else ""),
            f"{arm.definition} · {fmt.share(float(arm.weight / total))} of {protocol.unit}s",
            *_folded(descriptions.get(arm.definition, ())),
        )
        for arm in protocol.arms
    )
    blocks: list[Block] = [Text(words.sentence(protocol.hypothesis), "lead")] if protocol.hypothesis else []
    blocks.append(
        Text(
            f"Every lead is judged by every definition and handed to sales by its own arm's only. Arms are dealt by "
            f"{protocol.unit}. A lead that has not qualified within {spoken_duration(protocol.qualify_within_us)} is "
            "not an MQL."
        )
    )
    blocks.append(Cards(cards))
    for arm in protocol.challengers:
        found = changes.get(arm.name)
        if found is None:
            continue
        if not found:
            blocks.append(Text(f"{arm.name} and {protocol.control} mean the same: no lead is judged differently."))
            continue
        blocks.append(
            Table(
                f"changes-{arm_id(result, arm.name)}",
                f"What changes from {protocol.control} to {arm.name}",
                (Column("Change"), Column("Where"), Column("Effect")),
                tuple(
                    (Cell(change.words), Cell(change.path), Cell(_SEVERITIES.get(change.severity, change.severity)))
                    for change in found
                ),
            )
        )
        blocks += examples(explored, result, arm.name, zone)
    return Section("compared", "What is compared", tuple(blocks))


def _folded(paragraphs: Sequence[Told | str]) -> tuple[tuple[Text | Bullets, ...], tuple[Text | Bullets, ...]]:
    """The first paragraph with its points (who is an MQL), and all the others."""
    if not paragraphs:
        return (Text("No description was given.", "note"),), ()
    return tuple(_told(paragraphs[:1])), tuple(_told(paragraphs[1:]))


def _told(paragraphs: Sequence[Told | str]) -> Iterator[Text | Bullets]:
    for paragraph in paragraphs:
        if isinstance(paragraph, str):
            yield Text(paragraph)
            continue
        yield Text(f"{paragraph.heading}: {paragraph.text}" if paragraph.heading else paragraph.text)
        if paragraph.points:
            yield Bullets(tuple(paragraph.points))
