"""How a dry run of `mqlab ingest` is told: the columns each statement is read from, and the first rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mqlab.crm.counts import ImportCounts
    from mqlab.crm.preview import Preview, Rule

_FIRST = ("kind", "lead_ref", "old_id", "new_id", "name", "field", "value", "occurred_at", "created_at")


def reading(counts: ImportCounts, file: Path) -> list[str]:
    """How the file is read, in lines; none where it was read for good."""
    preview = counts.preview
    if preview is None:
        return []
    head = f"{file.name} is read" + (f" as the table '{preview.table}'." if preview.table else ":")
    lines = [head, ""]
    for rule in preview.rules:
        lines.extend(_rule(rule))
    lines.extend(_rows(preview))
    return lines


def _rule(rule: Rule) -> list[str]:
    where = f", where {rule.where}" if rule.where else ""
    width = max((len(key) for key in rule.columns), default=0)
    lines = [f"{rule.states}{where}"]
    lines.extend(f"  {key.ljust(width)}  {column}" for key, column in rule.columns.items())
    if rule.absent:
        lines.append(f"  not in the file: {', '.join(rule.absent)}")
    return [*lines, ""]


def _rows(preview: Preview) -> list[str]:
    if not preview.rows:
        return ["No row states anything.", ""]
    lines = ["The first rows:"]
    for row in sorted(preview.rows, key=lambda one: one["line"]):
        lines.append(f"- line {row['line']}: {', '.join(_told(row))}")
    return [*lines, ""]


def _told(row: dict[str, Any]) -> list[str]:
    """What a row says, the most telling first; what it leaves open is left out."""
    names = [name for name in _FIRST if name in row]
    names += [name for name in row if name not in _FIRST and name not in {"line", "backfill", "resolution"}]
    told: list[str] = []
    for name in names:
        value = row[name]
        if value in (None, {}, "") or (name == "known_at" and row.get("backfill")):
            continue
        day = name == "occurred_at" and row.get("resolution") == "day"
        if isinstance(value, dict):
            told.extend(f"{key} {inner}" for key, inner in value.items())
        elif name in {"kind", "lead_ref"}:
            told.append(str(value))
        else:
            told.append(f"{name.removesuffix('_at').replace('_', ' ')} {value}" + (" (the day)" if day else ""))
    return told
