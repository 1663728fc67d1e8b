"""A/A on real leads: a thousand other salts for the Olist lab, each with the whole analysis."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from mqlab import Lab
from mqlab.analysis.judge import judge
from mqlab.analysis.rehash import Rerun, everyone, rerun, uniformity
from mqlab.lab.experiments import definitions_of
from mqlab.leads.instants import end_of_day
from tests.lab.olist_lab import olist_lab

SALTS = 1000
WORKERS = 2
SEED = 20250101
LAST_LOOK = date(2019, 12, 31)


def share(job: tuple[str, int]) -> tuple[Rerun, ...]:
    """Every `WORKERS`-th salt from the first one of the job on."""
    folder, first = job
    lab = Lab.open(folder)
    protocol = lab.protocol("pages-v-channels")
    definitions, settings = definitions_of(lab, protocol), lab.settings
    facts = lab.ledger.facts(as_of=end_of_day(LAST_LOOK, settings.zone))
    judged = judge(everyone(protocol), definitions, facts, null_tokens=settings.lab.null_tokens)
    salts = [f"olist-{number}" for number in range(first, SALTS, WORKERS)]
    return rerun(
        protocol, definitions, facts, judged, salts=salts, timezone=settings.zone, currency=settings.lab.currency
    )


@pytest.mark.calibration
def test_a_thousand_salts_find_no_effect_where_there_is_none(olist: Path, root: Path, tmp_path: Path):
    """p-values are uniform, 3% to 7% of them below 5%; intervals cover no effect; at most 5 splits look broken.

    Both estimators of every outcome, on real leads and deals. The intervals miss zero as often as a binomial count
    with 5% may (99.9% band).
    """
    run = olist_lab(olist, tmp_path, root / "docs" / "olist")
    run.lab.ledger.close()

    with ProcessPoolExecutor(WORKERS, mp_context=multiprocessing.get_context("spawn")) as pool:
        parts = pool.map(share, [(str(tmp_path), first) for first in range(WORKERS)])
        reruns = [each for part in parts for each in part]
    found = uniformity(sorted(reruns, key=lambda each: each.salt), np.random.default_rng(SEED))

    assert found.salts == SALTS
    assert found.failures == ()
    asked = {(row.question.metric, row.question.estimator): row for row in found.questions}
    both = {
        (metric, estimator) for metric in ("won_per_lead", "revenue_per_lead") for estimator in ("itt", "triggered")
    }
    assert both <= set(asked)
    low, high = binom.interval(0.999, SALTS, 0.95)
    assert {} == {
        key: row.covering
        for key, row in asked.items()
        if len(row.p_values) == SALTS and not low <= (row.covering or 0) * SALTS <= high
    }
