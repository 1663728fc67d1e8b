"""From which day on an outcome counted within a horizon can be read for every lead."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from mqlab.experiments.metrics import horizon_days
from mqlab.experiments.protocol import Metric, Protocol
from mqlab.leads.instants import end_of_day, start_of_day


def mature_on(last_day: date, zone: ZoneInfo, horizon: int, lateness_days: int = 0) -> date:
    """The first day at whose end leads assigned up to the end of `last_day` have `horizon` whole days behind them.

    Days of 86 400 s, so a night in which the clocks go forward costs a day; sales may report `lateness_days` late.

    Example:
        >>> mature_on(date(2026, 9, 30), ZoneInfo("Europe/Berlin"), 180)
        datetime.date(2027, 3, 29)
    """
    needed = end_of_day(last_day, zone) + timedelta(days=horizon + lateness_days)
    day = last_day + timedelta(days=horizon + lateness_days)
    return day if end_of_day(day, zone) >= needed else day + timedelta(days=1)


def due_on(metric: Metric, protocol: Protocol, lateness_days: int = 0) -> date:
    """The first day at whose end the metric is mature for every lead of the enrolment."""
    return mature_on(protocol.enrolment_to, ZoneInfo(protocol.timezone), horizon_days(metric, protocol), lateness_days)


def first_mature_on(metric: Metric, protocol: Protocol, lateness_days: int = 0) -> date:
    """The first day at whose end any lead can be mature: one that arrives with the first phase that covers anybody."""
    zone = ZoneInfo(protocol.timezone)
    start = next((phase.start for phase in protocol.phases if phase.coverage > 0), protocol.enrolment_start)
    needed = max(start, start_of_day(protocol.enrolment_from, zone)) + timedelta(
        days=horizon_days(metric, protocol) + lateness_days
    )
    return needed.astimezone(zone).date()
