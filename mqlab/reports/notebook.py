"""An analysis as it shows in a notebook: the answer, the numbers people ask for first, and what does not hold."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from mqlab.analysis.results import AnalysisResult
from mqlab.experiments.protocol import Protocol
from mqlab.reports import format as fmt
from mqlab.reports import html, live, parted, sales, validity, words
from mqlab.reports.answer import answer
from mqlab.reports.asked import asked_table
from mqlab.reports.document import Block, Bullets, Chart, Document, Section
from mqlab.reports.effects import ladder


def render(result: AnalysisResult, protocol: Protocol, zone: ZoneInfo) -> str:
    """The result as an HTML fragment without charts, its blocks in the order of the report; `zone` is the lab's."""
    answers: list[Block] = []
    for arm in result.verdicts:
        answers.append(answer(result, protocol, arm))
        table = asked_table(result, arm)
        answers += [table] if table else []
    found = [
        Section("answer", "The answer", tuple(answers)),
        ladder(result, protocol),
        sales.lists(result, protocol),
        parted.gained(result),
        sales.price(result),
        validity.guardrails(result),
        _trust(result),
        validity.verdict(result, protocol, zone),
        live.live(result),
    ]
    return html.fragment(
        Document(
            title=result.title or result.experiment,
            subtitle=f"Experiment {result.experiment}",
            facts=(("as of", fmt.instant(result.as_of, zone)), ("ledger", str(result.ledger))),
            sections=tuple(
                Section(each.id, each.title, tuple(b for b in each.blocks if not isinstance(b, Chart)))
                for each in found
                if each is not None
            ),
        )
    )


def _trust(result: AnalysisResult) -> Section:
    """Checks that are not fine, with what to do; the others in one sentence."""
    advice = {found.check: found.advice for found in result.conditions if found.check}
    odd = [check for check in result.checks if check.status in ("warn", "fail")]
    fine = sum(check.status == "pass" for check in result.checks)
    items = [
        f"{words.check(check)}: {words.STATUSES[check.status][0]}. "
        f"{words.sentence(words.in_words(check.detail))} {advice.get(check.check, '')}".strip()
        for check in odd
    ]
    items.append(f"{fine} of {len(result.checks)} checks passed.")
    return Section("checks", "Can this be trusted?", (Bullets(tuple(items)), *validity.conditions(result)))
