"""Descriptive rows beside the metrics: SQLs that came without a hand-over, and what sales answered about the MQLs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mqlab.analysis import rates
from mqlab.analysis.result_rows import LeakRow, MixRow
from mqlab.analysis.study import Study
from mqlab.stats.estimate import NotEstimable
from mqlab.warehouse import census
from mqlab.warehouse.census import Answered
from mqlab.warehouse.columns import Stratum
from mqlab.warehouse.sufficient import Cell

NO_ANSWERS = NotEstimable("no_answers", "Sales feedback holds neither acceptances nor rejections.")
NO_MQLS = NotEstimable("no_mqls", "The definition has handed over no lead that has been followed long enough.")


def leak_rows(study: Study, arm: str) -> tuple[LeakRow, ...]:
    """SQLs among mature leads that their own arm did not hand over, by stratum, within the primary's horizon.

    Where neither definition fires, and where only the other arm's does: r_none, r_aB and r_bA of statistics.md. Leads
    that their own definition hands over later count among the handed-over ones.
    """
    horizon = study.horizon(study.protocol.primary)
    cells = rates.comparable(study.cells(arm, horizon), study.control, arm)
    sides: tuple[tuple[Stratum, str], ...] = (
        ("none", study.control),
        ("none", arm),
        ("control_first", arm),
        ("arm_first", study.control),
    )
    return tuple(_leak(cells, arm, stratum, under) for stratum, under in sides)


def mix_rows(study: Study) -> tuple[MixRow, ...]:
    """Acceptances and rejections by reason per mature MQL of every arm, within the primary's horizon.

    Every arm has the same rows: accepted, the reasons from the most to the least frequent, and no answer yet.
    """
    answers = census.answered(study.dataset, study.horizon(study.protocol.primary))
    arms = [arm.name for arm in study.protocol.arms]
    counted = {row.kind for row in study.log if row.fate == "counted"}
    if not counted & {"accepted", "rejected"}:
        handed = {arm: _mqls(answers, arm) for arm in arms}
        why = NO_ANSWERS if any(handed.values()) else NO_MQLS
        return tuple(MixRow(arm, "accepted", None, mqls, 0, why) for arm, mqls in handed.items())
    often = Counter[str]()
    for row in answers:
        if row.rejected:
            often[row.reason] += row.leads
    reasons = sorted(often, key=lambda reason: (reason == "", -often[reason], reason))
    return tuple(row for arm in arms for row in _mix(answers, arm, reasons))


def _leak(cells: Sequence[Cell], arm: str, stratum: Stratum, under: str) -> LeakRow:
    mine = [cell for cell in cells if cell.arm == under]
    left = [cell for cell in mine if cell.stratum == stratum]
    return LeakRow(
        arm=arm,
        stratum=stratum,
        under=under,
        leads=sum(cell.mature - cell.mql for cell in left),
        sqls=sum(cell.x["sql"] - cell.mql_x["sql"] for cell in left),
        units=sum(cell.mature for cell in mine),
    )


def _mix(answers: Sequence[Answered], arm: str, reasons: Sequence[str]) -> list[MixRow]:
    mine = [row for row in answers if row.arm == arm]
    mqls = _mqls(answers, arm)

    def share(count: int) -> float | NotEstimable:
        return count / mqls if mqls else NO_MQLS

    accepted = sum(row.leads for row in mine if row.accepted)
    silent = sum(row.leads for row in mine if not row.accepted and not row.rejected)
    rejected = Counter[str]()
    for row in mine:
        if row.rejected:
            rejected[row.reason] += row.leads
    return [
        MixRow(arm, "accepted", None, mqls, accepted, share(accepted)),
        *(MixRow(arm, "rejected", code or None, mqls, rejected[code], share(rejected[code])) for code in reasons),
        MixRow(arm, "none", None, mqls, silent, share(silent)),
    ]


def _mqls(answers: Sequence[Answered], arm: str) -> int:
    return sum(row.leads for row in answers if row.arm == arm)
