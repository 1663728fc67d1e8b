"""`definitions score` without a file: every lead of the lab, judged where the leads are."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from mqlab.analysis.score_in_engine import EveryLead
from mqlab.analysis.score_in_engine import score_everyone as score_leads
from mqlab.errors import InputError
from mqlab.lab.definitions import resolve
from mqlab.lab.place import leads_in_engine
from mqlab.warehouse.readings import readings_of

if TYPE_CHECKING:
    from mqlab.lab.core import Lab
    from mqlab.lab.progress import Progress

TOO_SHORT = "HalfLifeTooShort"


def score_everyone(lab: Lab, ref: str, *, at: datetime, progress: Progress) -> EveryLead:
    """Judge every lead from its creation by what is known at `at`; merged leads are one."""
    definition = resolve(lab, ref)
    with leads_in_engine(lab, readings_of([definition]), as_of=at, progress=progress) as place:
        try:
            found = score_leads(
                place,
                definition,
                internal_domains=lab.settings.lab.internal_domains,
                null_tokens=lab.settings.lab.null_tokens,
                progress=lambda done, total: progress("judging leads", done, total),
            )
        except InputError as error:
            if error.problem.code != TOO_SHORT:
                raise
            raise InputError(
                f"{definition.ref}: the lab is far older than the half-life of a decay.",
                code=TOO_SHORT,
                hint="Judge those leads from a lead file, with --lead, or give the decay a longer half-life.",
            ) from error
    return found
