"""Who was left out, how every number was made, and what it takes to make it again."""

from __future__ import annotations

from collections.abc import Sequence

from mqlab.analysis.results import AnalysisResult
from mqlab.experiments.protocol import Protocol
from mqlab.reports import format as fmt
from mqlab.reports import sentences, words
from mqlab.reports.document import Block, Bullets, Cell, Column, Number, Pairs, Section, Table, Text


def left_out(result: AnalysisResult) -> Section:
    """Who is not counted, and why; every reason, also those nobody fell under."""
    blocks: list[Block] = []
    if result.excluded:
        blocks.append(
            Table(
                "excluded",
                "Left out, by reason",
                (Column("Reason"), Column("Count", True)),
                tuple(
                    (
                        Cell(words.excluded(name)),
                        Cell(
                            fmt.count(number),
                            "number",
                            source="/excluded/" + name.replace("~", "~0").replace("/", "~1"),
                            number=Number(number, "count"),
                        ),
                    )
                    for name, number in result.excluded.items()
                ),
            )
        )
    else:
        blocks.append(Text("Nobody was left out."))
    return Section("left-out", "Left out", tuple(blocks))


def methods(result: AnalysisResult, protocol: Protocol, manifest: Sequence[tuple[str, str]]) -> Section:
    """How every number was made, and what it takes to make it again."""
    used = dict.fromkeys(row.method for row in result.metrics if row.method)
    look = next((row.look for row in result.metrics if row.primary and row.look), None)
    blocks: list[Block] = [Bullets(tuple(words.sentence(method) for method in used))] if used else []
    if look is not None:
        blocks.append(
            Text(
                f"This look stands at {fmt.rate(look.information)} of the planned information; its boundary on |z| is "
                f"{fmt.bound(look.bound)} at a level of {fmt.rate(protocol.alpha)}. Intervals and p-values hold "
                f"however many of the declared looks were taken."
            )
        )
    if told := sentences.in_quarantine(result):
        blocks.append(Text(told, "note"))
    blocks += [Text(words.sentence(words.in_words(note)), "note") for note in result.notes]
    known = {"Experiment": result.experiment, "Ledger position": str(result.ledger), "Engine": result.engine}
    known |= {f"Definition of {arm.name}": arm.definition for arm in protocol.arms}
    blocks.append(Pairs(tuple({**known, **dict(manifest)}.items())))
    return Section("methods", "Methods and manifest", tuple(blocks))
