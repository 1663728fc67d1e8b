"""Commands run in a process of their own that may not write: a full disk, or files whose rights are respected."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

PR_CAPBSET_DROP = 24
OVERRIDE_RIGHTS = (1, 2)
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: what lets root write where nobody may."""


def run(lab: Path | None, *arguments: object, full_at: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run mqlab; no file may grow beyond `full_at` bytes, and read-only files are read-only even to root."""

    def limited() -> None:
        if os.geteuid() == 0:
            libc = ctypes.CDLL(None)
            for capability in OVERRIDE_RIGHTS:
                libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
        if full_at is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (full_at, full_at))

    typed = [*(str(argument) for argument in arguments), *(["--lab", str(lab)] if lab else [])]
    return subprocess.run(
        [sys.executable, "-B", "-m", "mqlab.cli.main", *typed],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=limited,
    )
