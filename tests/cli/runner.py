"""The command line as a user types it, run in this process through `mqlab.cli.main.main`."""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from mqlab.cli.main import main


@dataclass(frozen=True)
class Done:
    """What a command left behind: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Stdout as JSON; there may be nothing else on it."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        """Stdout by line."""
        return self.out.splitlines()


def mqlab(*arguments: object, lab: Path | None = None) -> Done:
    """Run a command; anything but an orderly exit is a test failure."""
    typed = ["mqlab", *(str(argument) for argument in arguments), *(["--lab", str(lab)] if lab else [])]
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with mock.patch.object(sys, "argv", typed), redirect_stdout(out), redirect_stderr(err):
        try:
            main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return Done(code, out.getvalue(), err.getvalue())
