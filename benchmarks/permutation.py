"""How long the permutation p of revenue takes: 10,000 draws over 1,000 winners (goal: under 1 s), in ms.

Beside it, per draw and in the same run: labels of all leads shuffled by numpy, and `scipy.stats.permutation_test`.

Run: python benchmarks/permutation.py [WINNERS]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
from scipy.stats import permutation_test

from mqlab.stats.permutation import Winnings, permutation_p

DRAWS, REPEATS = 9_999, 5
SHUFFLES = 300
"""Draws of the references, which are slow: their times are scaled up."""
WIN_RATE = 0.05


def best_of(work: Callable[[], object], repeats: int) -> float:
    """Seconds of the fastest of several runs."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def main(winners: int) -> None:
    """Print milliseconds of our test, equal and unequal arms, and its ratio to the references."""
    rng = np.random.default_rng(1)
    deals = np.exp(rng.normal(12, 1.5, winners)).astype(int).tolist()
    leads = int(winners / WIN_RATE)
    for name, share in (("50/50", 0.5), ("90/10", 0.1)):
        in_b, won_b = round(leads * share), round(winners * share)
        a, b, leads_a = deals[won_b:], deals[:won_b], leads - in_b
        phase = Winnings(a, b, leads_a, in_b)
        units = np.zeros(leads)
        units[: len(a)], units[leads_a : leads_a + len(b)] = a, b

        def ours(phase: Winnings = phase) -> None:
            permutation_p([phase], rng=np.random.default_rng(2), draws=DRAWS)

        def shuffled(units: np.ndarray = units, in_b: int = in_b) -> None:
            draw = np.random.default_rng(2)
            for _ in range(SHUFFLES):
                draw.permutation(units)[:in_b].sum()

        def by_scipy(units: np.ndarray = units, leads_a: int = leads_a) -> None:
            permutation_test(
                (units[:leads_a], units[leads_a:]),
                lambda one, other, axis: other.mean(axis=axis) - one.mean(axis=axis),
                n_resamples=SHUFFLES,
                batch=50,
                rng=np.random.default_rng(2),
            )

        seconds = best_of(ours, REPEATS)
        print(f"{name}, {winners:,} winners of {leads:,} leads, {DRAWS:,} draws: {seconds * 1e3:6.1f} ms")
        for reference, work in (("labels shuffled by numpy", shuffled), ("scipy.stats.permutation_test", by_scipy)):
            scaled = best_of(work, 2) / SHUFFLES * DRAWS
            print(f"  {reference:30} {scaled * 1e3:9.0f} ms, ours takes {seconds / scaled:.4f} of it")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000)
