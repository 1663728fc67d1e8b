"""The `mqlab` command: parse, call a verb, show. Errors become one clear message and an exit code here."""

from __future__ import annotations

import os
import sys

import typer

from mqlab.cli import analyze, definitions, experiments, ingest, lab, quarantine, report
from mqlab.errors import MqlabError

app = typer.Typer(
    name="mqlab",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Experiments on definitions of a marketing qualified lead (MQL): which one brings more SQLs, deals and "
    "revenue per lead.\n\nStart with **mqlab demo**, or **mqlab init my-lab**.",
)
lab.register(app)
analyze.register(app)
app.add_typer(definitions.app, name="definitions")
app.add_typer(experiments.app, name="experiments")
app.add_typer(ingest.app, name="ingest")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(report.app, name="report")


def main() -> None:
    """Run the command line; exit codes are those of architecture.md: 0 fine, 1 no, 2 bad input, 3 unreachable."""
    try:
        app()
    except MqlabError as error:
        message = str(error)
        if message:
            sys.stderr.write(message + "\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("stopped; nothing was half-written.\n")
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


if __name__ == "__main__":
    main()
