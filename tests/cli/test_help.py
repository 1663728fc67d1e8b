"""The command line explains itself, and starts fast."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import typer.main

from mqlab.cli.main import app

HEAVY = {"pandas", "scipy", "statsmodels", "ibis", "duckdb", "sqlalchemy", "altair"}


def commands(command: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    """Every command below `command` that does something."""
    if hasattr(command, "commands"):
        return [found for name, child in sorted(command.commands.items()) for found in commands(child, (*path, name))]
    return [(path, command)]


ALL = commands(typer.main.get_command(app))


def test_help_imports_nothing_heavy():
    """`mqlab --help` imports none of the libraries that take long to load."""
    script = (
        "import sys; sys.argv = ['mqlab', '--help']\n"
        "from mqlab.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"heavy = sorted({HEAVY!r} & set(sys.modules))\n"
        "sys.stderr.write(','.join(heavy)); raise SystemExit(bool(heavy))"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("path", "command"), [pytest.param(path, command, id=" ".join(path)) for path, command in ALL])
def test_every_command_shows_an_example(path: tuple[str, ...], command: Any):
    """Each command's help says what it does and shows one line that can be typed."""
    assert "Example: `mqlab " + " ".join(path) in (command.help or "")


@pytest.mark.parametrize(("path", "command"), [pytest.param(path, command, id=" ".join(path)) for path, command in ALL])
def test_every_command_can_be_pointed_at_a_lab(path: tuple[str, ...], command: Any):
    """Each command that needs a lab takes --lab DIR."""
    options = {option for parameter in command.params for option in parameter.opts}

    assert path in {("init",), ("demo",), ("schema",)} or "--lab" in options
