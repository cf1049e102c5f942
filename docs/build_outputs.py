"""Run the commands of the tutorial and put what they print below them.

    python docs/build_outputs.py [PAGE ...]

Every line of a console block that starts with "$" is run in one fresh folder, in order; the other lines of the block
are replaced by its output. A command that fails stops the script, so that a page with outputs is a page that works.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

PAGES = (Path(__file__).parent / "tutorial" / "first-plan.md",)
BLOCK = re.compile(r"^```console\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
WIDTH = "100"
MAX_LINES = 28  # of one command; a longer output ends in dots


def output_of(command: str, folder: str) -> str:
    """Run one command line of gigawatt and return what it prints on standard output."""
    program, *arguments = shlex.split(command)
    if program != "gigawatt":
        message = f"{command}: a page's commands begin with gigawatt"
        raise SystemExit(message)
    environment = {**os.environ, "COLUMNS": WIDTH, "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    code = "from gigawatt.views.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        message = f"{command}: exit code {done.returncode}: {done.stderr}"
        raise SystemExit(message)
    lines = [line.rstrip() for line in done.stdout.rstrip().splitlines()]
    shown = lines if len(lines) <= MAX_LINES else [*lines[:MAX_LINES], "..."]
    return "".join(f"{line}\n" for line in shown)


def with_outputs(text: str, folder: str) -> str:
    """Return a page with each block's output below its commands."""

    def fill(block: re.Match[str]) -> str:
        commands = [line for line in block[1].splitlines() if line.startswith("$ ")]
        shown = [f"{line}\n{output_of(line.removeprefix('$ '), folder)}" for line in commands]
        return "```console\n" + "".join(shown) + "```"

    return BLOCK.sub(fill, text)


def main(pages: list[Path]) -> None:
    """Fill every page."""
    for page in pages or PAGES:
        with tempfile.TemporaryDirectory() as folder:
            page.write_text(with_outputs(page.read_text(encoding="utf-8"), folder), encoding="utf-8")


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
