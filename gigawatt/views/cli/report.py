"""Write a report again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gigawatt.errors import InputError
from gigawatt.views.cli.shell import Quiet, counting, resolved, say_aside

if TYPE_CHECKING:
    from gigawatt.planning.run_folders import Run

EXAMPLE = "Example: gigawatt report meta-2025 --pdf"
OF_A_PLAN = ("plan", "optimise")  # verbs whose runs hold a plan


def run(
    name: Annotated[str, typer.Argument(metavar="RUN", help="Run, or its folder.")],
    html: Annotated[bool, typer.Option("--html", help="Write report.html.")] = False,
    xlsx: Annotated[bool, typer.Option("--xlsx", help="Write plan.xlsx.")] = False,
    pdf: Annotated[bool, typer.Option("--pdf", help="Print report.html as report.pdf; needs Chromium.")] = False,
    png: Annotated[bool, typer.Option("--png", help="Draw report.html as report.png; needs Chromium.")] = False,
    root: Annotated[Path, typer.Option("--in", metavar="DIR", help="Folder of the runs.")] = Path("runs"),
    quiet: Quiet = False,
) -> None:
    """Write the report of a finished run again; report.html and plan.xlsx when nothing is named."""
    from gigawatt.planning.run_folders import find_run

    found = find_run(name, root)
    again = [file for file, wanted in (("report.html", html), ("plan.xlsx", xlsx)) if wanted]
    if not (again or pdf or png):
        again = ["report.html", "plan.xlsx"]
    page = found.folder / "report.html"
    if (pdf or png) and found.verb in OF_A_PLAN and not page.is_file():
        again.append("report.html")
    if again:
        _again(found, again, quiet)
    for suffix, wanted in ((".pdf", pdf), (".png", png)):
        if wanted:
            from gigawatt.views.report.printed import print_report

            say_aside(f"wrote {print_report(page, page.with_suffix(suffix))}", quiet)


def _again(found: Run, files: list[str], quiet: bool) -> None:
    """Make the plan of a run again and write its files."""
    from gigawatt.planning.pipeline import make_plan
    from gigawatt.planning.store import load_run
    from gigawatt.views.report.html import write_report
    from gigawatt.views.report.xlsx import write_xlsx

    if found.verb not in OF_A_PLAN:
        message = f"{found.folder}: {found.verb} wrote its report as it ran; only --pdf and --png are made from it"
        raise InputError(message)
    document = load_run(found.folder)
    scenario = resolved(str(found.folder / "scenario.yaml"), None, None)
    with counting("planning", "the draws", quiet) as tell:
        made = make_plan(scenario, seed=int(document["result"]["seed"]), progress=tell)
    for file in files:
        (write_report if file == "report.html" else write_xlsx)(made, found.folder / file)
        say_aside(f"wrote {found.folder / file}", quiet)
