"""All leads of a lab under one definition, as text for a terminal of 80 columns: verdicts, paths, spreads of scores."""

from __future__ import annotations

import textwrap
from zoneinfo import ZoneInfo

from mqlab.analysis.score_in_engine import SHARES, EveryLead
from mqlab.definitions.decision_text import VERDICTS
from mqlab.reports import format as fmt

WIDTH = 80
VERDICT, PATH, LEADS, SHARE = 14, 44, 12, 10
SCORE, KNOWN, VALUE = 20, 10, 7


def render(found: EveryLead, zone: ZoneInfo) -> str:
    """Everything, ending in a line break; times are on the clock of `zone`."""
    head = f"{fmt.counted(found.leads, 'lead')} judged by {found.definition} at {fmt.instant(found.as_of, zone)}"
    lines = [
        *textwrap.wrap(head, WIDTH, break_on_hyphens=False),
        "",
        f"{'verdict':<{VERDICT}}{'path':<{PATH}}{'leads':>{LEADS}}{'share':>{SHARE}}",
    ]
    for one in found.standings:
        paths = textwrap.wrap(one.path or "-", PATH - 1) or ["-"]
        counts = f"{fmt.count(one.leads):>{LEADS}}{fmt.rate(one.leads / found.leads):>{SHARE}}"
        lines.append(f"{VERDICTS[one.verdict]:<{VERDICT}}{paths[0]:<{PATH}}{counts}")
        lines += [" " * VERDICT + path for path in paths[1:]]
    if found.spreads:
        heads = ("least", *(f"{share:.0%}" for share in SHARES[1:-1]), "most")
        lines += ["", f"{'score':<{SCORE}}{'leads':>{KNOWN}}" + "".join(f"{head:>{VALUE}}" for head in heads)]
    for spread in found.spreads:
        names = textwrap.wrap(spread.score, SCORE - 1)
        values = "".join(f"{value:>{VALUE}.4g}" for value in spread.quantiles)
        lines.append(f"{names[0]:<{SCORE}}{fmt.count(spread.leads):>{KNOWN}}{values}")
        lines += names[1:]
    return "\n".join(lines) + "\n"
