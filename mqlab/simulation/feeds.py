"""The CSV files of a funnel, as `mqlab ingest` takes them, with repeated rows and rows nobody can use."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mqlab.simulation.noise import BAD_ROWS, Row, repeated
from mqlab.simulation.population import Texts
from mqlab.simulation.rows import Column, Rows


@dataclass(frozen=True, slots=True)
class Feed:
    """One file and what is in it: `rows` = distinct usable + `repeats` + `bad` + `strangers`."""

    kind: str
    path: Path
    rows: int
    repeats: int
    bad: int
    strangers: int


ORDER = ("leads", "events", "field-changes", "identity", "outcomes")
"""The feeds, by the words of `mqlab ingest`, in the order in which a lab takes them in: outcomes come last."""


def write_feeds(
    folder: Path, rows: Rows, rng: np.random.Generator, strangers: tuple[Row, ...] = ()
) -> Mapping[str, Feed]:
    """Write `leads.csv`, `events.csv`, `field-changes.csv`, `identity.csv` and `outcomes.csv`; the same bytes per seed.

    `strangers` are outcomes of leads that are in no feed. An existing file of these names is replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    feeds: dict[str, Feed] = {}
    for kind in ORDER:
        columns = {name: _texts(name, column) for name, column in getattr(rows, kind.replace("-", "_")).items()}
        twice = repeated(rng, len(next(iter(columns.values()))))
        extra = (*(strangers if kind == "outcomes" else ()), *BAD_ROWS[kind])
        full = {
            name: np.concatenate([column, column[twice], np.array([row.get(name, "") for row in extra], dtype=np.str_)])
            for name, column in columns.items()
        }
        path = folder / f"{kind}.csv"
        lines = list(zip(*(column.tolist() for column in full.values()), strict=True))
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(full)
            writer.writerows(lines)
        feeds[kind] = Feed(
            kind=kind,
            path=path,
            rows=len(lines),
            repeats=len(twice),
            bad=len(BAD_ROWS[kind]),
            strangers=len(extra) - len(BAD_ROWS[kind]),
        )
    return feeds


def _texts(name: str, column: Column) -> Texts:
    """A column as it is written: instants in ISO 8601 with a Z."""
    if not name.endswith("_at"):
        return np.asarray(column, dtype=np.str_)
    return np.char.add(np.datetime_as_string(column.astype("datetime64[s]")), "Z")
