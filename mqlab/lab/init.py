"""`init`: a new lab, small and complete."""

from __future__ import annotations

import json
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path

from mqlab.errors import MqlabError, RefusedError
from mqlab.lab.files import write_whole

TEMPLATES = {
    "mqlab.toml": "mqlab.toml",
    "definitions/points@1.0.0.yaml": "definitions/points@1.0.0.yaml",
    "definitions/points@1.1.0.yaml": "definitions/points@1.1.0.yaml",
    "experiments/demo-requests.yaml": "experiments/demo-requests.yaml",
    "reports/README.md": "reports/README.md",
    "github/workflow.yml": ".github/workflows/mqlab.yml",
}
GITIGNORE = ".mqlab/\n"


def init_lab(folder: Path, *, today: date) -> tuple[Path, ...]:
    """Write a new lab into `folder`, which must be new or empty; its experiment enrols from next month on.

    Returns the files written. Raises RefusedError where the folder holds anything.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RefusedError(f"{folder} exists and is not empty.", code="NotEmpty", hint="Name a new folder.")
    first = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    last = (first + timedelta(days=95)).replace(day=1) - timedelta(days=1)
    values = {
        "name": json.dumps(folder.resolve().name or "lab", ensure_ascii=False)[1:-1],
        "enrol_from": first.isoformat(),
        "enrol_to": last.isoformat(),
        "look_1": (last + timedelta(days=45)).isoformat(),
        "look_2": (last + timedelta(days=120)).isoformat(),
    }
    source = files("mqlab.lab") / "new_lab"
    texts = {".gitignore": GITIGNORE}
    for template, target in TEMPLATES.items():
        text = source.joinpath(template).read_text(encoding="utf-8")
        for key, value in values.items():
            text = text.replace("{" + key + "}", value)
        texts[target] = text
    was_there = folder.exists()
    try:
        for target, text in texts.items():
            write_whole(folder / target, text)
    except MqlabError:
        for path in sorted(folder.rglob("*"), reverse=True) if folder.is_dir() else ():
            path.rmdir() if path.is_dir() else path.unlink()
        if folder.is_dir() and not was_there:
            folder.rmdir()
        raise
    return tuple(folder / target for target in sorted(texts))
