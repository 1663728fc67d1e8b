"""The report of one experiment: an analysis, its protocol and its definitions in words become one document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from mqlab.analysis.explored import Explored
from mqlab.analysis.explored_json import explored_dict
from mqlab.analysis.results import AnalysisResult
from mqlab.experiments.protocol import Protocol
from mqlab.reports import effects, live, parted, sales, validity
from mqlab.reports import format as fmt
from mqlab.reports.answer import answer
from mqlab.reports.asked import asked_table, overview
from mqlab.reports.compared import Changed, Told, compared
from mqlab.reports.curves import curves
from mqlab.reports.document import Block, Document, Section
from mqlab.reports.explored import scores, signals
from mqlab.reports.look_calendar import calendar
from mqlab.reports.methods import left_out, methods
from mqlab.reports.registered import registered
from mqlab.reports.segments import segments
from mqlab.reports.signatures import OnRecord, signatures
from mqlab.reports.worked import worked


def build(
    result: AnalysisResult,
    protocol: Protocol,
    *,
    descriptions: Mapping[str, Sequence[Told | str]],
    changes: Mapping[str, Sequence[Changed]],
    timezone: ZoneInfo,
    record: OnRecord | None = None,
    explored: Explored | None = None,
    manifest: Sequence[tuple[str, str]] = (),
) -> Document:
    """The document: answer, what is compared, protocol, effect, list, leads gained, price, checks, verdict, readings.

    `descriptions` tells each definition (by reference, `intent@1.1.0`) in words, `changes` how each challenger (by
    arm) differs from the control: an arm without an entry is not compared in words, an empty entry "means the same".
    `record` is what the ledger says of approvals, decision and looks: without it nothing is said of who signed.
    `explored` is what the definitions read in a sample of leads, None where they cannot be read.
    `manifest` holds what else is needed to make the numbers again: versions, fingerprints, the command. Nothing is read
    from the clock: the same input is the same document.
    """
    found: list[Section | None] = [
        _answer(result, protocol),
        compared(result, protocol, descriptions, changes, explored, timezone),
        registered(result, protocol, record, timezone),
        effects.ladder(result, protocol),
        sales.lists(result, protocol, explored),
        parted.gained(result),
        sales.price(result),
        validity.guardrails(result),
        validity.checks(result),
        validity.verdict(result, protocol, timezone),
        calendar(result, protocol, record or OnRecord(), timezone),
        curves(result, protocol.alpha),
        worked(result),
        live.live(result),
        segments(result),
        scores(explored),
        signals(explored),
        signatures(result, protocol, record, timezone) if record is not None else None,
        left_out(result),
        methods(result, protocol, manifest),
    ]
    return Document(
        title=result.title or result.experiment,
        subtitle=f"Experiment {result.experiment}",
        facts=(
            ("As of", fmt.instant(result.as_of, timezone)),
            ("Enrolment", f"{fmt.day(protocol.enrolment_from)} to {fmt.day(protocol.enrolment_to)}"),
            ("Arms", " v ".join(arm.name for arm in protocol.arms)),
            ("Owner", protocol.owner),
            ("Ledger", str(result.ledger)),
        ),
        sections=tuple(section for section in found if section is not None),
        as_of=result.as_of,
        locale=fmt.current_locale(),
        beside={} if explored is None else {"explored": explored_dict(explored)},
    )


def _answer(result: AnalysisResult, protocol: Protocol) -> Section:
    """The verdicts, and below each the numbers people ask for first."""
    every = overview(result)
    blocks: list[Block] = [every] if every is not None else []
    for arm in result.verdicts:
        blocks.append(answer(result, protocol, arm))
        table = asked_table(result, arm)
        blocks += [table] if table else []
    return Section("answer", "The answer", tuple(blocks))
