"""How many of some leads move in and out when one definition takes the place of another, with examples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from mqlab.definitions.evaluate import Crossing, Evaluator
from mqlab.definitions.model import Definition
from mqlab.definitions.prepare import Prepared, prepare
from mqlab.definitions.wording import plural
from mqlab.leads.instants import instant, iso
from mqlab.leads.records import History, Lead

Way = Literal["in", "out", "earlier", "later"]
VERDICT_WORDS = {"mql": "an MQL", "not_mql": "no MQL", "held": "held", "disqualified": "disqualified"}


@dataclass(frozen=True, slots=True)
class Move:
    """One lead that the two definitions judge differently."""

    lead_id: str
    way: Way
    before: Crossing
    after: Crossing

    @property
    def words(self) -> str:
        """The move in a sentence."""
        return f"{self.lead_id}: {_told(self.before)} before, now {_told(self.after)}."

    def to_dict(self) -> dict[str, Any]:
        """As JSON: lead, way, and per side verdict, path and instant."""
        return {"lead": self.lead_id, "way": self.way, "before": _plain(self.before), "after": _plain(self.after)}


@dataclass(frozen=True, slots=True)
class Moves:
    """How a set of leads moves. `both` and `neither` count leads that are MQLs under both, or under neither.

    Of `both`, `earlier` and `later` qualify at another instant than before. `examples` holds some of each way.
    """

    leads: int
    both: int
    neither: int
    moved_in: int
    moved_out: int
    earlier: int
    later: int
    examples: tuple[Move, ...]

    @property
    def words(self) -> str:
        """The whole in two sentences."""
        return (
            f"Of {plural(self.leads, 'lead')}, {self.moved_in} move in and {self.moved_out} move out. "
            f"{self.both} are MQLs under both: {self.earlier} of them earlier than before, {self.later} later."
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON; counts are whole leads."""
        return {
            "leads": self.leads,
            "both": self.both,
            "neither": self.neither,
            "moved_in": self.moved_in,
            "moved_out": self.moved_out,
            "earlier": self.earlier,
            "later": self.later,
            "examples": [move.to_dict() for move in self.examples],
        }

    def to_markdown(self) -> str:
        """The counts and the examples for a pull request."""
        lines = [self.words, *(f"- {move.words}" for move in self.examples)]
        return "\n\n".join((lines[0], "\n".join(lines[1:]))).strip() + "\n"


def by_key(lead: Lead) -> str | None:
    """The account that a lead's own key names."""
    return lead.account_key


def moves(
    before: Definition,
    after: Definition,
    histories: Sequence[History],
    *,
    as_of: datetime,
    examples: int = 3,
    account_of: Callable[[Lead], str | None] = by_key,
) -> Moves:
    """What the later definition makes of these leads, beside the earlier one; up to `examples` of each way.

    `account_of` tells a lead's account; a lead without one has no colleagues.
    """
    prepared = [prepare(history) for history in histories]
    units = [account_of(history.lead) for history in histories]
    accounts: dict[str, list[Prepared]] = {}
    for unit, lead in zip(units, prepared, strict=True):
        if unit:
            accounts.setdefault(unit, []).append(lead)
    old, new = Evaluator(before), Evaluator(after)
    found: list[Move] = []
    both = neither = 0
    for history, lead, unit in zip(histories, prepared, units, strict=True):
        colleagues = accounts.get(unit or "", ())
        earlier = old.first_crossing(lead, as_of=as_of, account=colleagues)
        later = new.first_crossing(lead, as_of=as_of, account=colleagues)
        both += earlier.verdict == later.verdict == "mql"
        neither += earlier.verdict != "mql" and later.verdict != "mql"
        if (way := _way(earlier, later)) is not None:
            found.append(Move(history.lead.lead_id, way, earlier, later))
    count = {way: sum(1 for move in found if move.way == way) for way in ("in", "out", "earlier", "later")}
    return Moves(
        leads=len(histories),
        both=both,
        neither=neither,
        moved_in=count["in"],
        moved_out=count["out"],
        earlier=count["earlier"],
        later=count["later"],
        examples=tuple(_some_of_each(found, examples)),
    )


def _way(before: Crossing, after: Crossing) -> Way | None:
    if before.qualified_at_us is None or after.qualified_at_us is None:
        if before.qualified_at_us is after.qualified_at_us:
            return None
        return "in" if before.qualified_at_us is None else "out"
    if before.qualified_at_us == after.qualified_at_us:
        return None
    return "earlier" if after.qualified_at_us < before.qualified_at_us else "later"


def _some_of_each(found: Sequence[Move], examples: int) -> Iterator[Move]:
    for way in ("in", "out", "earlier", "later"):
        yield from [move for move in found if move.way == way][:examples]


def _told(crossing: Crossing) -> str:
    what = VERDICT_WORDS[crossing.verdict]
    if crossing.qualified_at_us is not None:
        return f"{what} from {iso(instant(crossing.qualified_at_us))} by {crossing.path}"
    return f"{what} by {crossing.path}" if crossing.path else what


def _plain(crossing: Crossing) -> dict[str, Any]:
    at = crossing.qualified_at_us
    return {
        "verdict": crossing.verdict,
        "path": crossing.path,
        "qualified_at": None if at is None else iso(instant(at)),
    }
