"""The `mqlab` command: parse, call a verb, show. Errors become one clear message and an exit code here."""

from __future__ import annotations

import errno
import gc
import io
import os
import signal
import sys

import typer

from mqlab.cli import (
    analyze,
    backtest,
    backup,
    definitions,
    doctor,
    experiments,
    export,
    forget,
    ingest,
    lab,
    output,
    quarantine,
    report,
)
from mqlab.errors import InputError, MqlabError, UnreachableError

NEW_OBJECTS = 1_000_000
"""A command lives for seconds and leaves few cycles behind: it looks for them only after so many new objects."""

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
backtest.register(app)
backup.register(app)
doctor.register(app)
export.register(app)
forget.register(app)
app.add_typer(definitions.app, name="definitions")
app.add_typer(experiments.app, name="experiments")
app.add_typer(ingest.app, name="ingest")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(report.app, name="report")


def main() -> None:
    """Run the command line; exit codes are those of architecture.md: 0 fine, 1 no, 2 bad input, 3 unreachable."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    gc.set_threshold(NEW_OBJECTS, 50, 50)
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(143))
    try:
        _refuse_undecodable(sys.argv[1:])
        try:
            app()
        finally:
            sys.stdout.flush()
    except MqlabError as error:
        _say(str(error))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        _say("stopped; nothing was half-written.")
        sys.exit(130)
    except BrokenPipeError:
        _drop_output()
        sys.exit(0)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO):
            raise
        _drop_output()
        _say(f"writing failed: {error.strerror}. Make room and run the same command again.")
        sys.exit(UnreachableError.exit_code)


def _say(message: str) -> None:
    """A message on stderr, wrapped at words where somebody reads it in a terminal."""
    if not message:
        return
    if sys.stderr.isatty():
        output.wrapped(output.console(stderr=True), message.splitlines())
    else:
        sys.stderr.write(message + "\n")


def _drop_output() -> None:
    """What is left of stdout goes nowhere, so that nothing is said about it again at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _refuse_undecodable(arguments: list[str]) -> None:
    """Text that is no UTF-8 can be neither stored nor printed."""
    for argument in arguments:
        if not argument.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in argument):
            raise InputError(
                f"the argument {argument!a} is not UTF-8 text.", code="Encoding", hint="Rename the file, or retype it."
            )


if __name__ == "__main__":
    main()
