"""The canonical tables of a funnel as columns: what the CSV feeds and the Arrow facts are both made of.

Text columns hold "" for no value; instants are seconds since 1970 UTC in columns ending `_at`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mqlab.simulation.behaviour import FORMS, NAMES, PAGE_VIEW, PATHS, SYSTEMS, Events
from mqlab.simulation.noise import Duplicates
from mqlab.simulation.population import DAY_S, HOUR_S, NEVER, Ints, Population, Texts
from mqlab.simulation.sales import Played
from mqlab.simulation.words import LAST_NAMES

Column = NDArray[Any]
Columns = Mapping[str, Column]

FIELDS = ("employees", "industry", "title", "email_type", "country")
PROPS = ("path", "form", "seconds_since_delivery", "is_bot")
OUTCOME_COLUMNS = (
    "lead_id", "kind", "occurred_at", "known_at", "opportunity_id", "amount", "currency", "quantity", "reason_code",
    "owner", "row_id", "modified_at",
)  # fmt: skip
PARTNER = "partner"
REPS = 12
CORRECTED_SHARE = 0.02


@dataclass(frozen=True, slots=True)
class Rows:
    """One set of columns per canonical table, sorted by when the business knew."""

    leads: Columns
    events: Columns
    field_changes: Columns
    identity: Columns
    outcomes: Columns


def lead_rows(who: Population, twice: Duplicates) -> Columns:
    """The rows of `leads`, second records included: the same facts under another address, brought in by a partner."""
    employees = np.where(who.employees_missing, "", who.employees.astype(np.str_))
    values = {
        "source": who.source,
        "email": who.email,
        "account_key": who.account_key,
        "employees": employees,
        "industry": np.where(who.industry_missing, "", who.industry),
        "title": np.where(who.title_missing, "", who.title),
        "email_type": who.email_type,
        "country": who.country,
    }
    both = {name: np.concatenate([column, column[twice.of]]) for name, column in values.items()}
    both["email"] = np.concatenate([who.email, np.char.add("x", who.email[twice.of])])
    both["source"] = np.concatenate([who.source, np.full(len(twice), PARTNER)])
    created = np.concatenate([who.created_s, twice.created_s])
    columns = {
        "lead_id": np.concatenate([who.lead_id, twice.lead_id]),
        "created_at": created,
        **both,
        "known_at": created + 2,
    }
    return _sorted(columns, "lead_id")


def event_rows(who: Population, events: Events, twice: Duplicates) -> Columns:
    """The rows of `events`: what happened, and the one look at the home page by which a second record came about."""
    number = np.arange(len(events)) - np.searchsorted(events.lead, events.lead)
    event_id = _join("EV-", _tail(who.lead_id[events.lead]), "-", number.astype(np.str_))
    is_click = events.seconds_since_delivery >= 0
    names, systems = np.array(NAMES), np.array(SYSTEMS)
    seconds = np.where(is_click, events.seconds_since_delivery.astype(np.str_), "")
    blank = np.full(len(twice), "")
    columns = {
        "event_id": np.concatenate([event_id, _join("EV-", _tail(twice.lead_id), "-0")]),
        "lead_id": np.concatenate([who.lead_id[events.lead], twice.lead_id]),
        "name": np.concatenate([names[events.name], np.full(len(twice), NAMES[PAGE_VIEW])]),
        "occurred_at": np.concatenate([events.occurred_s, twice.created_s]),
        "known_at": np.concatenate([events.known_s, twice.created_s + 2]),
        "source": np.concatenate([systems[events.name], np.full(len(twice), SYSTEMS[PAGE_VIEW])]),
        "path": np.concatenate([np.array(PATHS)[events.path], np.full(len(twice), "/")]),
        "form": np.concatenate([np.array(FORMS)[events.form], blank]),
        "seconds_since_delivery": np.concatenate([seconds, blank]),
        "is_bot": np.concatenate([np.where(is_click, np.where(events.is_bot, "true", "false"), ""), blank]),
    }
    return _sorted(columns, "event_id")


def field_change_rows(who: Population) -> Columns:
    """The rows of `field_changes`: what enrichment found out about blank fields, some time after arrival."""
    parts: list[Columns] = []
    for field, missing, value in (
        ("employees", who.employees_missing, who.employees.astype(np.str_)),
        ("industry", who.industry_missing, who.industry),
        ("title", who.title_missing, who.title),
    ):
        which = np.flatnonzero(missing & (who.enriched_s != NEVER))
        parts.append(
            {
                "lead_id": who.lead_id[which],
                "field": np.full(len(which), field),
                "value": value[which],
                "changed_at": who.enriched_s[which],
                "known_at": who.enrichment_known_s[which],
            }
        )
    return _sorted(_stack(parts), "lead_id")


def identity_rows(who: Population, twice: Duplicates) -> Columns:
    """The rows of `identity`: second records become the first."""
    columns = {
        "old_id": twice.lead_id,
        "new_id": who.lead_id[twice.of],
        "merged_at": twice.merged_s,
        "known_at": twice.merge_known_s,
    }
    return _sorted(columns, "old_id")


def outcome_rows(rng: np.random.Generator, who: Population, played: Played, currency: str) -> Columns:
    """The rows of `outcomes`: everything sales reported, each with the delay of the person who typed it in.

    A few rejections are corrected later: the same `row_id` with a later `modified_at`.
    """
    owner = np.array([f"{name}-{number}" for number, name in enumerate(LAST_NAMES[:REPS])])[
        rng.integers(0, REPS, len(who))
    ]
    opportunity = _join("OP-", _tail(who.lead_id))
    reject_reason, lost_reason = _reject_reasons(rng, who), _lost_reasons(rng, len(who))
    nobody = np.full(len(who), "")
    one = np.full(len(who), "1")
    deal = np.char.mod("%.2f", played.deal)
    money = np.full(len(who), currency)

    def stage(kind: str, at: Ints, *, mean_delay_s: float, tag: str = "0", **columns: Texts) -> Columns:
        which = np.flatnonzero(at != NEVER)
        known = at[which] + 1 + rng.exponential(mean_delay_s, len(which)).astype(np.int64)
        rest = {
            "opportunity_id": nobody,
            "amount": nobody,
            "currency": nobody,
            "quantity": nobody,
            "reason_code": nobody,
        }
        return {
            "lead_id": who.lead_id[which],
            "kind": np.full(len(which), kind),
            "occurred_at": at[which],
            "known_at": known,
            **{name: columns.get(name, column)[which] for name, column in rest.items()},
            "owner": columns.get("owner", owner)[which],
            "row_id": _join("OC-", _tail(who.lead_id[which]), f"-{kind}-{tag}"),
            "modified_at": known,
        }

    again = rng.integers(0, 4, len(who))
    touches = [stage("touched", played.touched_s, mean_delay_s=0.4 * HOUR_S, quantity=one)]
    for number in range(1, 4):
        more = (played.touched_s != NEVER) & (again >= number)
        base = np.where(more, played.touched_s, 0)
        later = np.where(more, base + (number * 1.5 * DAY_S + rng.exponential(DAY_S, len(who))).astype(np.int64), NEVER)
        touches.append(stage("touched", later, mean_delay_s=0.4 * HOUR_S, tag=str(number), quantity=one))
    rejected = stage("rejected", played.rejected_s, mean_delay_s=HOUR_S, reason_code=reject_reason)
    parts = [
        stage("handed_off", played.handed_over_s, mean_delay_s=1.0, owner=nobody),
        *touches,
        stage("accepted", played.accepted_s, mean_delay_s=HOUR_S),
        rejected,
        _corrected(rng, rejected),
        stage("recycled", played.recycled_s, mean_delay_s=2.0 * HOUR_S, reason_code=reject_reason),
        stage("meeting", played.met_s, mean_delay_s=3.0 * HOUR_S, quantity=one),
        stage("sql", played.sql_s, mean_delay_s=6.0 * HOUR_S),
        stage("opportunity", played.opportunity_s, mean_delay_s=6.0 * HOUR_S, opportunity_id=opportunity),
        stage(
            "closed_won",
            played.won_s,
            mean_delay_s=10.0 * HOUR_S,
            opportunity_id=opportunity,
            amount=deal,
            currency=money,
        ),
        stage(
            "closed_lost",
            played.lost_s,
            mean_delay_s=14.0 * HOUR_S,
            opportunity_id=opportunity,
            reason_code=lost_reason,
        ),
    ]
    return _sorted(_stack(parts), "row_id")


def no_outcomes() -> Columns:
    """The columns of `outcomes` without rows."""
    return {name: np.array([], dtype=np.int64 if name.endswith("_at") else np.str_) for name in OUTCOME_COLUMNS}


def _corrected(rng: np.random.Generator, rejected: Columns) -> Columns:
    which = np.flatnonzero(rng.random(len(rejected["row_id"])) < CORRECTED_SHARE)
    columns = {name: column[which] for name, column in rejected.items()}
    later = columns["known_at"] + rng.integers(HOUR_S, DAY_S, len(which))
    return {**columns, "reason_code": np.full(len(which), "QUAL-03"), "known_at": later, "modified_at": later}


def _reject_reasons(rng: np.random.Generator, who: Population) -> Texts:
    """Why a lead is sent back: too small where it is small, else mostly too early or no answer."""
    general = np.array(["HAND-01", "ENG-01", "ENG-02", "QUAL-01", "QUAL-03", "FIT-03", "DATA-01"])
    reason = general[rng.choice(len(general), size=len(who), p=[0.34, 0.22, 0.12, 0.1, 0.1, 0.08, 0.04])]
    return np.where((who.employees < 20) & (rng.random(len(who)) < 0.7), "FIT-01", reason)


def _lost_reasons(rng: np.random.Generator, leads: int) -> Texts:
    reasons = np.array(["QUAL-01", "QUAL-02", "ENG-02", "QUAL-03"])
    return reasons[rng.choice(len(reasons), size=leads, p=[0.4, 0.25, 0.2, 0.15])]


def _stack(parts: list[Columns]) -> Columns:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _sorted(columns: Columns, key: str) -> Columns:
    order = np.lexsort((columns[key], columns["known_at"]))
    return {name: column[order] for name, column in columns.items()}


def _tail(lead_id: Texts) -> Texts:
    """A lead's id without its prefix."""
    return np.array([text[3:] for text in lead_id.tolist()], dtype=np.str_)


def _join(*parts: Texts | str) -> Texts:
    joined = parts[0]
    for part in parts[1:]:
        joined = np.char.add(joined, part)
    return np.asarray(joined, dtype=np.str_)
