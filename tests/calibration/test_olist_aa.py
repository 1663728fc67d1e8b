"""On real leads without an effect the intervals cover none at their level."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from scipy.stats import binom

from mqlab import Lab
from mqlab.analysis.analyze import analyze
from mqlab.lab.experiments import definitions_of
from mqlab.stats.estimate import NotEstimable
from tests.lab.olist_lab import olist_lab

SALTS = 200
WORKERS = 2


def covers(job: tuple[str, int, int]) -> Iterator[tuple[str, bool]]:
    """For the salts `first`, `first + step`, … whether each interval covers no effect."""
    folder, first, step = job
    lab = Lab.open(folder)
    protocol = lab.protocol("pages-v-channels")
    definitions = definitions_of(lab, protocol)
    from datetime import date

    from mqlab.leads.instants import end_of_day

    facts = lab.ledger.facts(as_of=end_of_day(date(2019, 12, 31), lab.settings.zone))
    found = []
    for number in range(first, SALTS, step):
        salted = replace(protocol, salt=f"olist-{number}", segments=(), beside=())
        result = analyze(
            salted,
            definitions,
            facts,
            timezone=lab.settings.zone,
            null_tokens=lab.settings.lab.null_tokens,
            currency="BRL",
        )
        for row in result.metrics:
            if not isinstance(row.absolute, NotEstimable):
                found.append((f"{row.metric} {row.estimator}", row.absolute.interval.contains(0.0)))
    return found


@pytest.mark.calibration
def test_two_hundred_salts_cover_no_effect_at_their_level(olist: Path, root: Path, tmp_path: Path):
    """Over 200 salts each 95% interval misses zero as often as a binomial count with 5% may (99.9% band)."""
    run = olist_lab(olist, tmp_path, root / "docs" / "olist")
    run.lab.ledger.close()

    with ProcessPoolExecutor(WORKERS) as pool:
        parts = list(pool.map(covers, [(str(tmp_path), first, WORKERS) for first in range(WORKERS)]))
    covered: dict[str, list[bool]] = {}
    for name, inside in (pair for part in parts for pair in part):
        covered.setdefault(name, []).append(inside)

    low, high = binom.interval(0.999, SALTS, 0.95)
    assert {"won_per_lead itt", "won_per_lead triggered"} <= set(covered)
    assert {} == {
        name: sum(hits) for name, hits in covered.items() if len(hits) == SALTS and not low <= sum(hits) <= high
    }
