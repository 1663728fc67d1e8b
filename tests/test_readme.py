"""The README shows what the commands print."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

LEAD = re.compile(r"mqlab why (\S+)")
BLOCK = re.compile(r"(```console\n)(.*?)(```\n)", re.DOTALL)


def run(command: str, folder: Path) -> str:
    """What a command prints on stdout at 80 columns."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLUMNS": "80"}
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.stderr == ""
    return "\n".join(line.rstrip() for line in done.stdout.splitlines())


def shown(text: str, folder: Path) -> str:
    """The README with every console block's output as the commands print it now."""

    suggested = ""

    def renewed(match: re.Match[str]) -> str:
        nonlocal suggested
        commands = [line[2:] for line in match[2].splitlines() if line.startswith("$ ")]
        outputs = []
        for command in commands:
            where = folder if command.startswith("mqlab demo") else folder / "mqlab-demo"
            if suggested:  # the demo names a lead worth a look; the README asks about that one
                command = LEAD.sub(f"mqlab why {suggested}", command)  # noqa: PLW2901
            printed = run(command, where)
            if found := LEAD.search(printed):
                suggested = found[1]
            outputs.append(f"$ {command}\n{printed}")
        return match[1] + "\n".join(outputs) + "\n" + match[3]

    return BLOCK.sub(renewed, text)


def test_the_sample_report_is_the_one_of_the_readme(root: Path):
    """The committed sample is a whole page about the demo's challenger, with its verdict."""
    page = (root / "reports" / "sample-challenger.html").read_text(encoding="utf-8")

    assert "Does weighing buying intent find the leads that buy?" in page
    assert page.rstrip().endswith("</html>")


@pytest.mark.engines
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_golden_output_of_the_readme_is_what_the_commands_print(root: Path, tmp_path: Path):
    """Every console block of the README, run in a fresh demo with the default seed, prints what stands there."""
    readme = root / "README.md"
    before = readme.read_text(encoding="utf-8")

    now = shown(before, tmp_path)
    if os.environ.get("MQLAB_GOLDEN") == "write":
        readme.write_text(now, encoding="utf-8")
        sample = next((tmp_path / "mqlab-demo" / "reports").glob("challenger-*.html"))
        (root / "reports" / "sample-challenger.html").write_bytes(sample.read_bytes())
        return

    assert before == now
