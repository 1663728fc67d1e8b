"""The manifest beside a report: what its file was made of, so that anybody can make it again and compare."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mqlab import __version__
from mqlab.errors import InputError, Place
from mqlab.reports.document import Document
from mqlab.reports.formats import ReportFormat
from mqlab.reports.numbers import numbers

KIND = "mqlab-manifest/v1"
_DRAWN_BY: dict[ReportFormat, tuple[str, ...]] = {
    ReportFormat.HTML: ("jinja2", "vl-convert-python"),
    ReportFormat.PDF: ("typst", "vl-convert-python"),
    ReportFormat.PPTX: ("python-pptx", "vl-convert-python"),
    ReportFormat.XLSX: ("xlsxwriter",),
    ReportFormat.MD: (),
    ReportFormat.JSON: (),
}


@dataclass(frozen=True)
class Manifest:
    """A manifest as it was read: what `report verify` needs by name, and the whole."""

    report: str
    experiment: str
    format: ReportFormat
    sha256: str
    as_of: str
    ledger: int
    locale: str
    numbers: dict[str, dict[str, Any]]
    whole: dict[str, Any]
    quarter: str = ""
    within_days: tuple[int, int] = (0, 0)
    month: str = ""
    show_arms: bool = False
    last_rows: dict[str, int] | None = None

    @property
    def sealed(self) -> bool:
        """Whether the seal, where there is one, is that of the entries."""
        if "seal" not in self.whole:
            return self.report != "experiment"
        return all(key in self.whole for key in SEALED) and self.whole["seal"] == sealed(self.whole)


def path_of(file: Path) -> Path:
    """The manifest of a file: the file's name with `.manifest.json` after it."""
    return file.with_name(f"{file.name}.manifest.json")


def sha256(data: bytes) -> str:
    """Hex digest."""
    return hashlib.sha256(data).hexdigest()


SEALED = ("report", "experiment", "as_of", "ledger", "engine", "fingerprints", "data", "analysis", "record")
"""What the hash of a manifest covers: what the report was made of and who signed, whatever it is drawn in."""


def sealed(facts: dict[str, Any]) -> str:
    """The SHA-256 of a manifest's entries of `SEALED`, as JSON with sorted keys and without spaces."""
    whole = {key: facts[key] for key in SEALED}
    return sha256(json.dumps(whole, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode())


def written(document: Document, facts: dict[str, Any], *, file: Path, to: ReportFormat, drawn: bytes) -> str:
    """The manifest's text; `facts` are those of the report, whatever format it is drawn in."""
    head = {
        "kind": KIND,
        "file": file.name,
        "format": to.value,
        "sha256": sha256(drawn),
        **facts,
        "command": f"{facts['command']} --to {to.value}",
        "locale": document.locale,
        "versions": versions(to),
    }
    lines = [f" {json.dumps(key)}: {_json(value)}," for key, value in head.items()]
    listed = ",\n".join(f"  {_json(placed.to_dict())}" for placed in numbers(document))
    return "\n".join(("{", *lines, ' "numbers": [', *([listed] if listed else []), " ]", "}")) + "\n"


def versions(to: ReportFormat) -> dict[str, str]:
    """What drew a file: mqlab, Python, and the libraries of its format."""
    found = {"mqlab": __version__, "python": platform.python_version()}
    return found | {name: version(name) for name in ("babel", *_DRAWN_BY[to])}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def read(file: Path) -> Manifest:
    """The manifest beside a report; InputError where there is none, or none that can be read."""
    beside = path_of(file)
    place = Place(file=str(beside))
    if not beside.is_file():
        raise InputError(
            f"{file} has no manifest beside it.",
            code="NoManifest",
            hint=f"`mqlab report` writes {beside.name} beside each report: keep the two together.",
        )
    try:
        whole = json.loads(beside.read_text(encoding="utf-8"))
        if whole["kind"] != KIND:
            raise ValueError(whole["kind"])
        quarterly, monthly = (whole["report"] == kind for kind in ("quarter", "feedback"))
        sql_days, won_days = whole["within_days"] if quarterly else (0, 0)
        last_rows = (whole.get("record") or {}).get("last_rows")
        return Manifest(
            report=str(whole["report"]),
            experiment=str(whole.get("experiment", "")),
            format=ReportFormat(whole["format"]),
            sha256=str(whole["sha256"]),
            as_of=str(whole["as_of"]),
            ledger=int(whole["ledger"]),
            locale=str(whole["locale"]),
            numbers={str(row["at"]): row for row in whole["numbers"]},
            whole=whole,
            quarter=str(whole["quarter"]) if quarterly else "",
            within_days=(int(sql_days), int(won_days)),
            month=str(whole["month"]) if monthly else "",
            show_arms=monthly and whole["show_arms"] is True,
            last_rows=None if last_rows is None else {str(name): int(row) for name, row in last_rows.items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            "this is no manifest of a report.",
            code="BadManifest",
            place=place,
            hint="Restore the file that was written with the report, or make the report again.",
        ) from error
