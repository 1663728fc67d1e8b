"""What a start comes too late for: a protocol is registered before its first lead and before its first look."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from mqlab.experiments.protocol import Protocol
from mqlab.leads.instants import end_of_day


def lateness(protocol: Protocol, at: datetime) -> tuple[str, ...]:
    """What had happened already that a protocol started at `at` should have been registered before; each a sentence."""
    zone = ZoneInfo(protocol.timezone)
    found = []
    if at > protocol.enrolment_end:
        found.append(
            f"The enrolment ended on {protocol.enrolment_to}, before the start: no lead was assigned while it arrived."
        )
    elif at > protocol.enrolment_start:
        found.append(
            f"The enrolment began on {protocol.enrolment_from}, before the start: the leads that arrived since then "
            "are in the experiment, and were handled before anything was registered."
        )
    passed = [str(day) for day in protocol.looks.dates if end_of_day(day, zone) < at]
    if passed:
        looks = "The look on" if len(passed) == 1 else "The looks on"
        verb = "lies" if len(passed) == 1 else "lie"
        found.append(f"{looks} {', '.join(passed)} {verb} before the start: what it showed could be known by then.")
    return tuple(found)
