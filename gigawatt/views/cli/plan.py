"""Plan a scenario: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gigawatt.errors import InputError
from gigawatt.views.cli.shell import AsJson, Overlays, Quiet, Settings, counting, put, put_json, resolved, say_aside

EXAMPLE = "Example: gigawatt plan meta-2025 --set budget.0.capex='70 B USD' --out runs/meta-70"


def run(
    scenario: Annotated[str, typer.Argument(help="Shipped scenario, scenario file, or - for standard input.")],
    settings: Settings = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Run folder; runs/SCENARIO if not given.")
    ] = None,
    draws: Annotated[int, typer.Option(min=0, max=100_000, help="Draws for the P10-P90 bands; 0 for none.")] = 64,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 0,
    strict: Annotated[bool, typer.Option("--strict", help="Treat warnings as errors.")] = False,
    overlays: Overlays = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Plan a scenario month by month; write plan.json, tables, report.html and plan.xlsx."""
    from gigawatt.planning.document import plan_document
    from gigawatt.planning.pipeline import make_plan
    from gigawatt.planning.run_folders import RUNS, recorded
    from gigawatt.planning.store import save_run

    asked = resolved(scenario, settings, overlays)
    with counting("planning", "the draws", quiet) as tell:
        made = make_plan(asked, draws_count=draws, seed=seed, progress=tell)
    if strict and made.notices:
        message = "\n".join(f"{notice.path}: {notice.message} ({notice.code})" for notice in made.notices)
        raise InputError(message)
    folder = out or RUNS / made.scenario_id
    from gigawatt.views.report.html import write_report
    from gigawatt.views.report.xlsx import write_xlsx

    with recorded(folder, "plan", made.scenario_id, inputs=made.inputs, seed=seed):
        save_run(made, folder)
        write_report(made, folder / "report.html")
        write_xlsx(made, folder / "plan.xlsx")
    if as_json:
        put_json(plan_document(made))
        return
    from gigawatt.views.terminal import console, render

    put(render(made, console().width, report=folder / "report.html"))
    for notice in made.notices:
        say_aside(f"warning: {notice.message}", quiet)
