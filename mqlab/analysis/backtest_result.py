"""What a backtest found: the leads that definitions would have passed, and what those went on to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from mqlab.leads.instants import iso
from mqlab.stats.estimate import NotEstimable

Cell = Literal["both", "only_this", "only_that", "neither"]
CELLS: tuple[Cell, ...] = ("both", "only_this", "only_that", "neither")
NOTE = "what these leads went on to do under whatever rule handed them over; not a causal effect"
NO_MATURE = NotEstimable("no_mature_leads", "No lead was followed long enough.")


@dataclass(frozen=True, slots=True)
class Reached:
    """Of `mature` leads, followed for `within_days` from their creation, so many reached a stage within them."""

    within_days: int
    mature: int
    reached: int

    @property
    def rate(self) -> float | NotEstimable:
        """The share of the mature leads that reached it."""
        return self.reached / self.mature if self.mature else NO_MATURE

    def to_dict(self) -> dict[str, Any]:
        """Counts and rate, or why there is none."""
        rate = self.rate
        return {
            "within_days": self.within_days,
            "mature": self.mature,
            "reached": self.reached,
            "rate": {"not_estimable": rate.reason} if isinstance(rate, NotEstimable) else rate,
        }


@dataclass(frozen=True, slots=True)
class Group:
    """Some leads, and how many of them became SQLs and wins."""

    leads: int
    sql: Reached
    won: Reached

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"leads": self.leads, "sql": self.sql.to_dict(), "won": self.won.to_dict()}


@dataclass(frozen=True, slots=True)
class Side:
    """One definition: the leads it would have passed, by path, the most first, and the median days that took them."""

    definition: str
    mqls: Group
    paths: Mapping[str, Group]
    median_days: float | None

    def to_dict(self, leads: int) -> dict[str, Any]:
        """Plain data; shares are of `leads`."""
        return {
            "definition": self.definition,
            "mqls": self.mqls.leads,
            "share": self.mqls.leads / leads if leads else {"not_estimable": "no_leads"},
            "median_days": self.median_days,
            "sql": self.mqls.sql.to_dict(),
            "won": self.mqls.won.to_dict(),
            "paths": [{"path": path, **group.to_dict()} for path, group in self.paths.items()],
        }


@dataclass(frozen=True, slots=True)
class Month:
    """Leads created in a month of the lab's zone, such as "2026-07", and how many either definition would have passed.

    `that` is None without a definition to compare with.
    """

    month: str
    leads: int
    this: int
    that: int | None


@dataclass(frozen=True)
class Backtest:
    """What a replay found. Without a definition to compare with, `that` is None and two of the `cells` are empty.

    `notes` say what is read and no table has.
    """

    this: Side
    that: Side | None
    everyone: Group
    cells: Mapping[Cell, Group]
    months: tuple[Month, ...]
    as_of: datetime
    created_from: datetime | None
    created_to: datetime | None
    qualify_within_days: float | None
    engine: str
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The agreed JSON of `mqlab backtest`."""
        leads = self.everyone.leads
        return {
            "definition": self.this.definition,
            "against": self.that.definition if self.that else None,
            "as_of": iso(self.as_of),
            "from": iso(self.created_from) if self.created_from else None,
            "to": iso(self.created_to) if self.created_to else None,
            "qualify_within_days": self.qualify_within_days,
            "engine": self.engine,
            "note": NOTE,
            "notes": list(self.notes),
            "everyone": self.everyone.to_dict(),
            "this": self.this.to_dict(leads),
            "that": self.that.to_dict(leads) if self.that else None,
            "cells": [{"cell": cell, **group.to_dict()} for cell, group in self.cells.items()],
            "months": [
                {"month": one.month, "leads": one.leads, "this": one.this, "that": one.that} for one in self.months
            ],
        }
