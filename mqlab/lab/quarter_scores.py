"""The scores with which a quarter's MQLs qualified: what its thresholds are held against."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mqlab.analysis.feedback.mqls import Rulebook
from mqlab.analysis.histories import histories
from mqlab.analysis.judge import reads_account
from mqlab.analysis.quarter.cohort import Cohort, names
from mqlab.analysis.quarter.governed import NEVER, Governed
from mqlab.analysis.quarter.thresholds import Near, near, thresholds
from mqlab.definitions.evaluate import Evaluator
from mqlab.leads.instants import instant
from mqlab.leads.tables import Facts
from mqlab.stats.binary import Counts
from mqlab.stats.estimate import NotEstimable

if TYPE_CHECKING:
    from mqlab.lab.core import Lab

MOST = 2_000
"""So many MQLs of each definition are explained, drawn by a hash of their ids."""

READS_ACCOUNTS = NotEstimable("reads_accounts", "Its scores hang on other leads of the account.")
NOT_DUE = NotEstimable("too_early", "Too early: its MQLs still have time to become SQLs.")

Silent = tuple[str, NotEstimable]


def near_thresholds(
    lab: Lab, facts: Facts, book: Rulebook, found: Governed, this: Cohort
) -> tuple[tuple[Near, ...], tuple[Silent, ...]]:
    """Every threshold of a definition that governed leads of the quarter, and of which of them nothing can be said."""
    told: list[Near] = []
    silent: list[Silent] = []
    for ref in names(this.leads.definition):
        if ref is None or not thresholds(book.definitions[ref]):
            continue
        for one in _of_definition(lab, facts, book, found, this, ref):
            if isinstance(one, Near):
                told.append(one)
            elif (ref, one) not in silent:
                silent.append((ref, one))
    return tuple(told), tuple(silent)


def _of_definition(
    lab: Lab, facts: Facts, book: Rulebook, found: Governed, this: Cohort, ref: str
) -> Iterator[Near | NotEstimable]:
    definition = book.definitions[ref]
    if reads_account(definition):
        yield READS_ACCOUNTS
        return
    if not this.due("sql"):
        yield NOT_DUE
        return
    days = this.horizons.sql_days
    mine = (this.leads.definition == ref) & (this.leads.path == "score") & this.leads.reached("mql", days)
    mqls = this.leads.where(mine)
    drawn = sorted(range(mqls.count), key=lambda place: _lot(lab.settings.lab.name, str(mqls.lead_id[place])))[:MOST]
    scored = _scores(facts, found, ref, Evaluator(definition), mqls.lead_id[drawn].tolist())
    passed_by = this.leads.where((this.leads.definition == ref) & ~this.leads.reached("mql", days))
    below = Counts(int(passed_by.reached("sql", days).sum()), passed_by.count)
    sql = dict(zip(mqls.lead_id.tolist(), mqls.reached("sql", days).tolist(), strict=True))
    for threshold in thresholds(definition):
        known = [(values[threshold.score], sql[name]) for name, values in scored.items() if threshold.score in values]
        yield near(
            threshold,
            np.array([score for score, _ in known], dtype=np.float64),
            np.array([yes for _, yes in known], dtype=bool),
            below,
            mqls=mqls.count,
            within_days=days,
        )


def _scores(
    facts: Facts, found: Governed, ref: str, evaluator: Evaluator, leads: Sequence[str]
) -> dict[str, dict[str, float]]:
    """The scores of leads at the instant at which they qualified; leads that were merged are left out."""
    place = {name: number for number, name in enumerate(found.lead_id.tolist())}
    merged = {*found.person, *found.person.values()}
    wanted = [name for name in leads if name not in merged and found.definition[place[name]] == ref]
    known = histories(_only(facts, wanted))
    scored = {}
    for name in wanted:
        at_us = int(found.qualified_us[place[name]])
        if at_us != NEVER:
            scored[name] = dict(evaluator.decide(known.by_id[name], as_of=instant(at_us)).scores)
    return scored


def _only(facts: Facts, leads: Sequence[str]) -> Facts:
    ids = pa.array(sorted(leads), pa.string())
    return replace(
        facts,
        **{
            name: getattr(facts, name).filter(pc.is_in(getattr(facts, name)["lead_id"], value_set=ids))
            for name in ("leads", "field_changes", "events", "outcomes")
        },
        identity=facts.identity.slice(0, 0),
    )


def _lot(seed: str, lead_id: str) -> bytes:
    return hashlib.sha256(f"{seed}\0score\0{lead_id}".encode()).digest()
