"""Are leads handled the same in every arm? What the definitions promise sales must be equal for that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mqlab.definitions.durations import duration_text
from mqlab.definitions.model import Definition, Handoff, Nurture, Requalify
from mqlab.experiments.protocol import Protocol

Block = Literal["handoff", "nurture", "requalify"]
BLOCKS: tuple[Block, ...] = ("handoff", "nurture", "requalify")


@dataclass(frozen=True, slots=True)
class HandlingDifference:
    """A block that differs between the control and another arm."""

    arm: str
    block: Block
    control_says: str
    arm_says: str

    def __str__(self) -> str:
        return f"{self.block} differs: the control says {self.control_says}, '{self.arm}' says {self.arm_says}"


def handling_differences(protocol: Protocol, definitions: Mapping[str, Definition]) -> tuple[HandlingDifference, ...]:
    """Every `handoff`, `nurture` or `requalify` block of a challenger that is not equal to the control's.

    `definitions` is by `id@version`. None at all: both definitions may act and sales cannot tell the arms apart.
    """
    refs = {arm.name: arm.definition for arm in protocol.arms}
    control = definitions[refs[protocol.control]]
    found = []
    for arm in protocol.challengers:
        other = definitions[arm.definition]
        for block in BLOCKS:
            ours, theirs = _said(getattr(control, block)), _said(getattr(other, block))
            if not _equal(getattr(control, block), getattr(other, block)):
                found.append(HandlingDifference(arm.name, block, ours, theirs))
    return tuple(found)


def same_handling(protocol: Protocol, definitions: Mapping[str, Definition]) -> bool:
    """Whether handling is declared blinded and the blocks are equal: then the triggered estimator may decide."""
    return protocol.handling == "blinded" and not handling_differences(protocol, definitions)


def _equal(control: object, other: object) -> bool:
    if isinstance(control, Nurture) and isinstance(other, Nurture):
        return control.track == other.track and control.when.tree == other.when.tree
    return control == other


def _said(block: Handoff | Nurture | Requalify | None) -> str:
    match block:
        case None:
            return "nothing"
        case Handoff(first_touch_us=touch, decide_within_us=decide):
            parts = [
                f"{name} {duration_text(value)}"
                for name, value in (("first touch", touch), ("decide within", decide))
                if value is not None
            ]
            return ", ".join(parts) or "nothing"
        case Nurture(when=when, track=track):
            return f"track {track} when {when.text}"
        case Requalify(cooldown_us=cooldown, max=most):
            return f"cooldown {duration_text(cooldown)}, {most} times at most"
