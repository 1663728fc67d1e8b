"""`backtest`: a definition replayed on the lab's past leads, beside the one in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from mqlab.analysis.backtest import backtest as replay
from mqlab.analysis.backtest_result import Backtest
from mqlab.definitions.durations import parse_duration
from mqlab.errors import InputError
from mqlab.lab.definitions import resolve
from mqlab.lab.in_force import in_force
from mqlab.lab.place import leads_in_engine
from mqlab.warehouse.readings import readings_of

if TYPE_CHECKING:
    from mqlab.lab.core import Lab
    from mqlab.lab.progress import Progress

TOO_SHORT = "HalfLifeTooShort"


@dataclass(frozen=True)
class Backtested:
    """A result that prints in a terminal and converts to plain data; `note` says why nothing stands beside it."""

    result: Backtest
    zone: ZoneInfo
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The agreed JSON of `mqlab backtest`."""
        return self.result.to_dict()

    def __str__(self) -> str:
        from mqlab.reports.backtest import render

        return render(self.result, self.zone).rstrip("\n")


def backtest(
    lab: Lab,
    ref: str,
    *,
    against: str | None,
    as_of: datetime,
    created_from: datetime | None,
    created_to: datetime | None,
    qualify_within: str | None,
    sql_within_days: int,
    won_within_days: int,
    progress: Progress,
) -> Backtested:
    """Replay `ref`, and beside it `against` (default: the definition in force at `as_of`), on past leads."""
    if created_from is not None and created_to is not None and created_from > created_to:
        raise InputError("the window of leads ends before it begins.", code="EmptyWindow", hint="Swap --from and --to.")
    window_us = None
    if qualify_within is not None:
        try:
            window_us = parse_duration(qualify_within)
        except ValueError as error:
            raise InputError(f"{error}.", code="BadDuration") from error
    definition = resolve(lab, ref)
    other, note = None, ""
    if against is None:
        against = in_force(lab, as_of)
        if against is None:
            note = "No definition is in force, so nothing stands beside it: name one with --against."
        elif against == definition.ref:
            against, note = None, f"{definition.ref} is itself in force: name another one with --against."
    if against is not None:
        other = resolve(lab, against)
        if other.ref == definition.ref:
            raise InputError(f"{other.ref} cannot be compared with itself.", code="SameDefinition")
    asked = [one for one in (definition, other) if one is not None]
    with leads_in_engine(lab, readings_of(asked), as_of=as_of, progress=progress) as place:
        try:
            result = replay(
                place,
                definition,
                other,
                zone=lab.settings.zone,
                created_from=created_from,
                created_to=created_to,
                qualify_within_us=window_us,
                sql_within_days=sql_within_days,
                won_within_days=won_within_days,
                internal_domains=lab.settings.lab.internal_domains,
                null_tokens=lab.settings.lab.null_tokens,
                progress=lambda done, total: progress("judging leads", done, total),
            )
        except InputError as error:
            if error.problem.code != TOO_SHORT:
                raise
            raise InputError(
                "some lead is older than a thousand half-lives of a decay.",
                code=TOO_SHORT,
                hint="Give leads an end of their window, such as --qualify-within 60d, or name a later --from.",
            ) from error
    return Backtested(result, lab.settings.zone, note)
