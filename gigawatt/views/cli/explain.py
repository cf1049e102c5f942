"""Where a result comes from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gigawatt.errors import InputError, nearest
from gigawatt.views.cli.shell import AsJson, put, put_json, resolved

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gigawatt.planning.plan import Origin

EXAMPLE = "Example: gigawatt explain fleet.gpus_bought meta-2025"


def run(
    figure: Annotated[str, typer.Argument(help="A metric such as finance.npv_usd, or the path of an input.")],
    scenario: Annotated[str, typer.Argument(help="Scenario, or a run folder.")] = "meta-2025",
    as_json: AsJson = False,
) -> None:
    """Show a figure's formula, its inputs and their sources."""
    from dataclasses import asdict

    from gigawatt.planning.document import envelope
    from gigawatt.planning.pipeline import make_plan, package_version

    path = Path(scenario)
    source = str(path / "scenario.yaml") if path.is_dir() else scenario
    made = make_plan(resolved(source, None, None), draws_count=0)
    origins = {origin.path: origin for origin in made.origins}
    if figure in made.explanations:
        how, metric = made.explanations[figure], made.metric(figure)
        rows = [origins[each] for each in how.origins if each in origins]
        head = {
            "figure": figure,
            "label": metric.label,
            "value": metric.value,
            "unit": metric.unit,
            "formula": how.formula,
        }
        inputs = dict(how.inputs)
    else:
        rows = [origin for each, origin in origins.items() if each == figure or each.startswith(f"{figure}.")]
        if not rows:
            message = (
                f'"{figure}" is no figure of {made.scenario_id}. {nearest(figure, [*made.explanations, *origins])}'
            )
            raise InputError(message)
        head, inputs = {"figure": figure}, {}
    if as_json:
        result = {**head, "inputs": inputs, "origins": [asdict(row) for row in rows]}
        put_json(envelope("explain", package_version(), {"figure": figure, "scenario": scenario}, result, []))
        return
    _show(head, inputs, rows)


def _show(head: dict[str, object], inputs: dict[str, str], rows: Sequence[Origin]) -> None:
    """Print a tree: figure, formula, inputs, sources."""
    from rich.markup import escape
    from rich.tree import Tree

    from gigawatt.units import say

    title = str(head.get("label", head["figure"]))
    if "value" in head:
        title += f": {say(float(str(head['value'])), str(head['unit']))}"
    tree = Tree(escape(title))
    if "formula" in head:
        tree.add(escape(f"= {head['formula']}"))
    for name, value in inputs.items():
        tree.add(escape(f"{name}: {value}"))
    branch = tree.add("figures")
    for row in rows:
        branch.add(
            escape(f"{row.path} = {row.value}  [{row.kind}; {row.source}{'; ' + row.as_of if row.as_of else ''}]")
        )
    put(tree)
