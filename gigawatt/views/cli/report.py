"""Write a report again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gigawatt.views.cli.shell import Quiet, resolved, say_aside

EXAMPLE = "Example: gigawatt report runs/meta-2025 --html"


def run(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")],
    html: Annotated[bool, typer.Option("--html", help="Write report.html.")] = False,
    xlsx: Annotated[bool, typer.Option("--xlsx", help="Write plan.xlsx.")] = False,
    quiet: Quiet = False,
) -> None:
    """Write report.html and plan.xlsx again from a finished run; both when neither is named."""
    from gigawatt.planning.pipeline import make_plan
    from gigawatt.planning.store import load_run
    from gigawatt.views.report.html import write_report
    from gigawatt.views.report.xlsx import write_xlsx

    document = load_run(folder)
    made = make_plan(resolved(str(folder / "scenario.yaml"), None, None), seed=int(document["result"]["seed"]))
    if html or not xlsx:
        write_report(made, folder / "report.html")
        say_aside(f"wrote {folder / 'report.html'}", quiet)
    if xlsx or not html:
        write_xlsx(made, folder / "plan.xlsx")
        say_aside(f"wrote {folder / 'plan.xlsx'}", quiet)
