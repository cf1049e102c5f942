"""Set plans side by side."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from gigawatt.errors import InputError
from gigawatt.views.cli.shell import AsJson, Quiet, put, put_json, waiting

EXAMPLE = "Example: gigawatt compare meta-2025 microsoft-fy25"


def run(
    plans: Annotated[list[str], typer.Argument(metavar="A B [C ...]", help="Scenarios or finished run folders.")],
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Return 1 when the outcomes differ.")] = False,
    all_inputs: Annotated[bool, typer.Option("--all", help="Show every input that differs.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compare scenarios or finished plans: what differs in the inputs, what in the outcome."""
    from gigawatt.planning.compare import compare

    if len(plans) < 2:
        message = f"compare takes two or more scenarios or run folders, got {len(plans)}"
        raise InputError(message)
    with waiting("planning", quiet):
        found = compare([_document(plan) for plan in plans])
    if as_json:
        from gigawatt.planning.document import envelope
        from gigawatt.planning.pipeline import package_version

        put_json(envelope("compare", package_version(), {"plans": plans}, asdict(found), []))
    else:
        _show(found, all_inputs)
    if exit_code and found.differs:
        raise typer.Exit(1)


def _document(name: str) -> dict[str, Any]:
    """Return a finished plan's document, planning the scenario where it is not one yet."""
    from gigawatt.planning.document import plan_document
    from gigawatt.planning.pipeline import make_plan
    from gigawatt.planning.store import load_run
    from gigawatt.views.cli.shell import resolved

    path = Path(name)
    if path.is_dir() or path.name.endswith("plan.json"):
        return load_run(path)
    return plan_document(make_plan(resolved(name, None, None), draws_count=0))


def _show(found: Any, all_inputs: bool) -> None:
    """Print outcome first, then the inputs that differ."""
    from gigawatt.units import say
    from gigawatt.views.terminal import show_table

    def words(value: float | None, unit: str) -> str:
        return "-" if value is None else say(value, unit)

    rows = []
    for row in found.outcome:
        change = row.change_pct[-1]
        rows.append(
            (row.label, *(words(value, row.unit) for value in row.values), "" if change is None else f"{change:+.1f} %")
        )
    put(show_table(("outcome", *found.names, "change"), rows))
    inputs = [(row.path, *("-" if value is None else str(value) for value in row.values)) for row in found.inputs]
    shown = inputs if all_inputs else inputs[:20]
    put(show_table(("input that differs", *found.names), shown))
    if len(shown) < len(inputs):
        typer.echo(f"{len(inputs) - len(shown)} more inputs differ; --all shows them")
