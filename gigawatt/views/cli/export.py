"""Hand a run's tables over to other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gigawatt.views.cli.shell import AsJson, Quiet, put_json, say_aside

EXAMPLE = "Example: gigawatt export meta-2025 --to xlsx --out handed-over"


def run(
    name: Annotated[str, typer.Argument(metavar="RUN", help="Run, or its folder.")],
    to: Annotated[str, typer.Option("--to", help="csv, xlsx or parquet.")] = "csv",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder to write; export in the run's own if not given.")
    ] = None,
    root: Annotated[Path, typer.Option("--in", metavar="DIR", help="Folder of the runs.")] = Path("runs"),
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write a run's tables as CSV, workbook or Parquet, with a file that names the unit of each column."""
    from gigawatt.planning.document import envelope, package_version
    from gigawatt.planning.run_folders import find_run
    from gigawatt.planning.run_queries import export

    found = find_run(name, root)
    written = export(found, out or found.folder / "export", to)
    if as_json:
        inputs = {"run": name, "to": to}
        put_json(envelope("export", package_version(), inputs, {"files": [str(path) for path in written]}, []))
        return
    for path in written:
        say_aside(f"wrote {path}", quiet)
