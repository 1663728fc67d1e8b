"""`mqlab ingest …`: read a file into the ledger; every row read is accounted for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mqlab.cli import output
from mqlab.cli.ingest_preview import reading
from mqlab.cli.options import Format, FormatOption, LabOption, now, parse_instant

if TYPE_CHECKING:
    from mqlab.crm.counts import ImportCounts

app = typer.Typer(
    no_args_is_help=True,
    help="Read leads, events, field changes, sales outcomes or merges from a file into the ledger.",
)

FileArgument = Annotated[Path, typer.Argument(help="CSV (also .gz), Parquet or JSONL.", show_default=False)]
PresetOption = Annotated[
    str | None,
    typer.Option("--preset", help="How the file is spelt. Default: [crm] preset of mqlab.toml.", show_default=False),
]
MappingOption = Annotated[
    Path | None,
    typer.Option(
        "--mapping", help="A YAML file with your own column names. Default: [crm] mapping.", show_default=False
    ),
]
TableOption = Annotated[
    str | None,
    typer.Option(
        "--table", help="Which of the preset's tables the file is. Default: found out by its columns.",
        show_default=False,
    ),
]  # fmt: skip
SnapshotOption = Annotated[
    str | None,
    typer.Option(
        "--snapshot-at", help="When the file was exported: the version of rows without one.", show_default=False
    ),
]
DryRunOption = Annotated[
    bool,
    typer.Option("--dry-run", help="Show how the file is read, its first rows and the match rate; write nothing."),
]


def _command(kind: str, what: str, example: str) -> None:
    def command(
        file: FileArgument,
        preset: PresetOption = None,
        mapping: MappingOption = None,
        table: TableOption = None,
        snapshot_at: SnapshotOption = None,
        dry_run: DryRunOption = False,
        lab: LabOption = None,
        output_format: FormatOption = Format.TABLE,
    ) -> None:
        from mqlab.lab import Lab

        opened = Lab.open(lab)
        snapshot = (
            parse_instant(snapshot_at, opened.settings.zone, option="--snapshot-at")
            if snapshot_at is not None
            else None
        )
        with output.progress() as progress:
            counts = opened.ingest(
                kind,
                file,
                preset=preset,
                mapping=mapping,
                table=table,
                snapshot_at=snapshot,
                dry_run=dry_run,
                now=now(),
                progress=progress,
            )
        output.show(
            counts.to_dict(),
            output_format,
            lambda console: output.wrapped(console, [*reading(counts, file), *_lines(counts, file, dry_run)]),
        )

    command.__doc__ = f"Read {what} from a file.\n\nExample: `{example}`"
    app.command(kind)(command)


def _lines(counts: ImportCounts, file: Path, dry_run: bool) -> list[str]:
    row = counts.to_dict()
    parts = [f"{row[key]:,} {key}" for key in ("new", "unchanged", "corrected", "unmatched", "quarantined")]
    rows = _counted(counts.read, "row")
    if counts.rows != counts.read:
        rows = f"{_counted(counts.read, 'statement')} in {_counted(counts.rows, 'row')}"
    head = f"{file.name}: {rows} read = " + " + ".join(parts)
    tail = [f"- {note}" for note in counts.notes]
    if counts.match_rate is not None:
        tail.append(f"Match rate: {counts.match_rate:.1%} of what can be used found its lead.")
    if counts.reasons:
        tail.append("Quarantined: " + ", ".join(f"{n} {reason.replace('_', ' ')}" for reason, n in counts.reasons))
    if counts.quarantined and not dry_run:
        tail.append("See why with: mqlab quarantine list")
    if dry_run:
        tail.append("Nothing was written (--dry-run).")
    return [head, *tail]


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


_command("leads", "leads", "mqlab ingest leads leads.csv")
_command("events", "what leads did", "mqlab ingest events events.parquet")
_command("field-changes", "changed field values", "mqlab ingest field-changes changes.csv.gz")
_command("outcomes", "what sales reported", "mqlab ingest outcomes deals.csv --preset salesforce --dry-run")
_command("identity", "merges of leads", "mqlab ingest identity merges.csv")
