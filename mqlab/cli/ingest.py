"""`mqlab ingest …`: read a file, or rows of a database, into the ledger; every row read is accounted for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mqlab.cli import output
from mqlab.cli.ingest_preview import reading
from mqlab.cli.options import Format, FormatOption, LabOption, now, parse_instant
from mqlab.errors import InputError

if TYPE_CHECKING:
    from mqlab.crm.counts import ImportCounts
    from mqlab.crm.sql_source import SqlRead

app = typer.Typer(
    no_args_is_help=True,
    help="Read leads, events, field changes, sales outcomes or merges into the ledger, from a file or a database.",
)

FileArgument = Annotated[
    Path | None,
    typer.Argument(help="CSV, JSON, JSONL (also .gz) or Parquet; none with --from-sql.", show_default=False),
]
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
SqlOption = Annotated[
    str | None,
    typer.Option(
        "--from-sql",
        metavar="URL",
        help="Read a database instead of a file, such as postgresql://reader@host/warehouse; it is never written to.",
        show_default=False,
    ),
]
QueryOption = Annotated[
    str | None, typer.Option("--query", help="With --from-sql: the SELECT to read.", show_default=False)
]
TableOption = Annotated[
    str | None,
    typer.Option(
        "--table", help="With --from-sql: the table or view to read, such as raw.lead. Of a file: as --as-table.",
        show_default=False,
    ),
]  # fmt: skip
AsTableOption = Annotated[
    str | None,
    typer.Option(
        "--as-table", help="Which of the preset's tables the rows are. Default: found out by the columns.",
        show_default=False,
    ),
]  # fmt: skip
CursorOption = Annotated[
    str | None,
    typer.Option(
        "--cursor",
        metavar="COLUMN",
        help="With --from-sql: only rows from this column's highest value that an earlier import saw.",
        show_default=False,
    ),
]
LookbackOption = Annotated[
    str | None,
    typer.Option(
        "--lookback",
        help="With --cursor: begin so much before that value: 3d, or 1000 where it holds whole numbers.",
        show_default=False,
    ),
]
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
        file: FileArgument = None,
        from_sql: SqlOption = None,
        query: QueryOption = None,
        table: TableOption = None,
        cursor: CursorOption = None,
        lookback: LookbackOption = None,
        preset: PresetOption = None,
        mapping: MappingOption = None,
        as_table: AsTableOption = None,
        snapshot_at: SnapshotOption = None,
        dry_run: DryRunOption = False,
        lab: LabOption = None,
        output_format: FormatOption = Format.TABLE,
    ) -> None:
        from mqlab.lab import Lab
        from mqlab.lab.ingest import ingest, ingest_sql

        asked = _asked(file, from_sql, query=query, table=table, cursor=cursor, lookback=lookback)
        if file is not None and table is not None and as_table is not None:
            raise InputError("of a file, --table and --as-table say the same.", code="TwoTables", hint="Keep one.")
        opened = Lab.open(lab)
        with output.progress() as progress:
            given: dict[str, Any] = {
                "preset": preset,
                "mapping": mapping,
                "table": as_table or (None if asked else table),
                "snapshot_at": parse_instant(snapshot_at, opened.settings.zone, option="--snapshot-at")
                if snapshot_at is not None
                else None,
                "dry_run": dry_run,
                "now": now(),
                "progress": progress,
            }
            counts = (
                ingest_sql(opened, kind, asked, **given)
                if asked is not None
                else ingest(opened, kind, file or Path(), **given)
            )
        name = Path(file.name if file is not None else asked.what if asked else "")
        output.show(
            counts.to_dict(),
            output_format,
            lambda console: output.wrapped(console, [*reading(counts, name), *_lines(counts, name, dry_run)]),
        )

    command.__doc__ = f"Read {what} from a file, or from a database.\n\nExample: `{example}`"
    app.command(kind)(command)


def _asked(
    file: Path | None,
    url: str | None,
    *,
    query: str | None,
    table: str | None,
    cursor: str | None,
    lookback: str | None,
) -> SqlRead | None:
    """What to read from a database, None where a file is read; InputError for options that contradict each other."""
    if url is None:
        alone = {"--query": query, "--cursor": cursor, "--lookback": lookback}
        idle = next((option for option, value in alone.items() if value is not None), None)
        if idle is not None:
            raise InputError(
                f"{idle} needs a database.", code="NoDatabase", hint="Name it: --from-sql postgresql://reader@host/name"
            )
        if file is None:
            raise InputError("there is nothing to read.", code="NoFile", hint="Name a file, or a database: --from-sql")
        return None
    if file is not None:
        raise InputError(
            f"both a file ('{file}') and a database are named.", code="FileAndDatabase", hint="Leave one of them out."
        )
    if lookback is not None and cursor is None:
        raise InputError("--lookback goes back from a cursor.", code="NoCursor", hint="Name it: --cursor COLUMN")
    from mqlab.crm.sql_source import SqlRead

    if lookback is not None and lookback.strip().isdigit():
        return SqlRead(url, table, query, cursor, lookback_steps=int(lookback))
    return SqlRead(url, table, query, cursor, 0 if lookback is None else _length(lookback))


def _length(text: str) -> int:
    from mqlab.definitions.durations import parse_duration

    if text.strip().startswith("-"):
        hint = "Write how far before the cursor to begin: 3d, or 1000 where it holds whole numbers."
        raise InputError(f"--lookback '{text}' is negative.", code="BadDuration", hint=hint)
    try:
        return parse_duration(text)
    except ValueError as error:
        hint = "Where the cursor holds whole numbers, a whole number will do."
        raise InputError(f"--lookback {error}.", code="BadDuration", hint=hint) from error


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
    if counts.settled:
        which = "All" if counts.settled == counts.quarantined else "Of these"
        verb = "was" if counts.settled == 1 else "were"
        tail.append(f"{which} {counts.settled:,} {verb} settled before: mqlab quarantine list --status all")
    if counts.quarantined > counts.settled and not dry_run:
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
