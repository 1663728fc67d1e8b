"""Tables as files: which Parquet or CSV files of a folder make a canonical table."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from mqlab.warehouse.engines.missing import no_folder
from mqlab.warehouse.engines.urls import EngineUrl


@dataclass(frozen=True, slots=True)
class TableFiles:
    """The files of a folder: a table is `<name>.<ending>`, or the files of that ending under `<name>/`.

    What begins with a dot or an underscore is bookkeeping of whoever wrote the folder.
    """

    folder: Path
    ending: str

    @classmethod
    def of(cls, url: EngineUrl, folder: Path | None) -> TableFiles:
        """The files at an address; UnreachableError where the folder is not there."""
        path = Path(url.resolved(folder) or ".")
        if not path.is_dir():
            raise no_folder(url, str(path))
        return cls(path, "csv" if url.kind == "csv" else "parquet")

    def of_table(self, name: str) -> list[Path]:
        """The files of a table, sorted; none where there is no such table."""
        for place in (self.folder / f"{name}.{self.ending}", self.folder / name):
            if place.is_file() and place.suffix == f".{self.ending}":
                return [place]
            if place.is_dir():
                parts = sorted(place.rglob(f"*.{self.ending}"))
                return [part for part in parts if not _hidden(part.relative_to(place))]
        return []

    def twins(self, name: str) -> tuple[str, str] | None:
        """Two columns of one file of a table whose names differ in case at most; None where there are none.

        DuckDB itself takes `plan` beside `Plan` for a second column of that name and calls it `plan_1`.
        """
        for file in self.of_table(name):
            spelled: dict[str, str] = {}
            for column in self._header(file):
                if column.lower() in spelled:
                    return spelled[column.lower()], column
                spelled[column.lower()] = column
        return None

    def _header(self, file: Path) -> list[str]:
        if self.ending == "parquet":
            return list(pq.read_schema(file).names)
        with file.open(encoding="utf-8-sig", newline="", errors="replace") as lines:
            return next(csv.reader(lines), [])

    def names(self) -> list[str]:
        """The tables that are there."""
        found = {place.name.removesuffix(f".{self.ending}") for place in self.folder.iterdir()}
        return sorted(name for name in found if self.of_table(name))


def _hidden(path: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.parts)
