"""How long the boundaries of 26 looks take, in ms (goal: at most 50), and a repeated p-value at the last of them.

Run: python benchmarks/boundaries.py. The reference, in the same run, is the plain way to the same bounds: 25 products
of a Gaussian kernel on 2,001 points with a vector, without building the kernel and without solving for the bounds.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from mqlab.stats.sequential import boundaries, repeated_p_value

WEEKS, DAYS = 26, 180
REPEATS = 7


def best_of(work: Callable[[int], object]) -> float:
    """Milliseconds of the fastest of several runs; each gets its own number, so that nothing is remembered."""
    times = []
    for number in range(REPEATS):
        start = time.perf_counter()
        work(number)
        times.append(time.perf_counter() - start)
    return 1000 * min(times)


def main() -> None:
    """Print milliseconds and ratios to the reference."""
    points = np.linspace(-8.5, 8.5, 2_001)
    kernel = np.exp(-((points[:, None] - points[None, :]) ** 2) * WEEKS / 2)
    weekly = [float(look) for look in range(1, WEEKS + 1)]
    daily = [float(look) for look in range(1, DAYS + 1)]
    close = [float(lead) for look in range(1, WEEKS + 1) for lead in (140 * look, 140 * look + 1)]

    def reference(_: int) -> None:
        mass = np.full(points.size, 1e-3)
        for _look in range(WEEKS - 1):
            mass = kernel @ mass * 1e-3

    base = best_of(reference)
    print(f"{'25 products with a 2,001² matrix':44} {base:8.2f} ms")
    rows: tuple[tuple[str, Callable[[int], object]], ...] = (
        ("boundaries, 26 weekly looks", lambda k: boundaries(weekly, maximum=WEEKS, alpha=0.05 + k / 1e6)),
        (
            "boundaries, 26 looks each taken twice",
            lambda k: boundaries(close, maximum=140 * WEEKS, alpha=0.05 + k / 1e6),
        ),
        ("boundaries, 180 daily looks", lambda k: boundaries(daily, maximum=DAYS, alpha=0.05 + k / 1e6)),
        ("repeated p-value at the 26th look", lambda k: repeated_p_value(2.2, weekly, maximum=WEEKS + k / 1e3)),
    )
    for name, work in rows:
        took = best_of(work)
        print(f"{name:44} {took:8.2f} ms, {took / base:6.2f} x the products")


if __name__ == "__main__":
    main()
