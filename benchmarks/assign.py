"""How long one assignment takes in Python, as a ratio to a loop that does nothing but hashlib.md5 (goal: at most 3).

Run: python benchmarks/assign.py [UNITS]
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable
from decimal import Decimal

from mqlab.assignment.position import bound, position
from mqlab.assignment.split import Split

SALT = "2026q3-intent"
REPEATS = 7


def best_of(work: Callable[[], None]) -> float:
    """Seconds of the fastest of several runs."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def main(count: int) -> None:
    """Print microseconds per unit and the ratios."""
    units = [f"company-{number}.example.com" for number in range(count)]
    split = Split.of(SALT, [("current", Decimal(1)), ("challenger", Decimal(1))])
    half = bound(Decimal("0.5"))

    def reference() -> None:
        for unit in units:
            hashlib.md5(f"{SALT}-split-{unit}".encode()).hexdigest()

    def one_position() -> None:
        for unit in units:
            position(unit, "2026q3-intent-split")

    def assign() -> None:
        place = split.placer()
        for unit in units:
            place(unit, half)

    base = best_of(reference)
    for name, work in (("position", one_position), ("assign (coverage and split)", assign)):
        seconds = best_of(work)
        print(f"{name:30} {seconds / count * 1e6:6.3f} us per unit, {seconds / base:4.2f} x the md5 loop")
    print(f"{'md5 loop':30} {base / count * 1e6:6.3f} us per unit")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
