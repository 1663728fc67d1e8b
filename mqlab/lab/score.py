"""`definitions score`: judge the leads of a lead file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mqlab.definitions.decision import Decision
from mqlab.definitions.evaluate import Evaluator
from mqlab.definitions.lead_file import read_lead_file
from mqlab.lab.definitions import resolve
from mqlab.leads.records import History

if TYPE_CHECKING:
    from mqlab.lab.core import Lab


def score_file(lab: Lab, ref: str, file: Path, *, at: datetime) -> list[Decision]:
    """One decision per lead of the file, in its order; `account.*` counts over the file's leads of the account."""
    histories = read_lead_file(file)
    by_account: dict[str, list[History]] = {}
    for history in histories:
        if history.lead.account_key is not None:
            by_account.setdefault(history.lead.account_key, []).append(history)
    evaluator = Evaluator(resolve(lab, ref))
    return [
        evaluator.decide(
            history,
            as_of=at,
            account=[other for other in by_account.get(history.lead.account_key or "", ()) if other is not history],
        )
        for history in histories
    ]
