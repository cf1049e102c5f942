"""Where a result comes from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gigawatt.errors import InputError, nearest
from gigawatt.views.cli.shell import AsJson, Quiet, put, put_json, resolved, waiting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.tree import Tree

    from gigawatt.planning.plan import Origin, Plan

EXAMPLE = "Example: gigawatt explain fleet.gpus_bought meta-2025"
MAX_DEPTH = 2  # metrics below this are named, not explained again


def run(
    figure: Annotated[str, typer.Argument(help="A metric such as finance.npv_usd, or the path of an input.")],
    scenario: Annotated[str, typer.Argument(help="Scenario, or a run folder.")] = "meta-2025",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show a figure's formula, its inputs and their sources."""
    from dataclasses import asdict

    from gigawatt.planning.document import envelope
    from gigawatt.planning.pipeline import make_plan, package_version

    path = Path(scenario)
    source = str(path / "scenario.yaml") if path.is_dir() else scenario
    with waiting("planning", quiet):
        made = make_plan(resolved(source, None, None), draws_count=0)
    origins = {origin.path: origin for origin in made.origins}
    if figure in made.explanations:
        how, metric = made.explanations[figure], made.metric(figure)
        rows = [origins[each] for each in how.origins]
        result = {"figure": figure, "label": metric.label, "value": metric.value, "unit": metric.unit,
                  "formula": how.formula, "inputs": dict(how.inputs)}  # fmt: skip
    else:
        rows = [origin for each, origin in origins.items() if each == figure or each.startswith(f"{figure}.")]
        result = {"figure": figure}
    if not rows:
        known = [*made.explanations, *origins]
        message = f'"{figure}" is no figure of {made.scenario_id}. {nearest(figure, known)}'
        raise InputError(message)
    if as_json:
        result["origins"] = [asdict(row) for row in rows]
        put_json(envelope("explain", package_version(), {"figure": figure, "scenario": scenario}, result, []))
        return
    tree = _tree(made, figure) if figure in made.explanations else _listed(figure, rows)
    put(tree)


def _tree(made: Plan, name: str, depth: int = 0) -> Tree:
    """Return a metric's tree: value and formula, the metrics it is made of in turn, its own figures with sources."""
    from rich.text import Text
    from rich.tree import Tree

    from gigawatt.units import say

    metric, how = made.metric(name), made.explanations[name]
    tree = Tree(Text(f"{metric.label} ({name}): {say(metric.value, metric.unit)}"))
    tree.add(Text(f"= {how.formula}"))
    for other, value in how.inputs:
        if depth < MAX_DEPTH:
            tree.add(_tree(made, other, depth + 1))
        else:
            tree.add(Text(f"{other}: {value}"))
    if depth == 0:
        origins = {origin.path: origin for origin in made.origins}
        tree.add(_listed("figures", [origins[each] for each in how.origins]))
    return tree


def _listed(head: str, rows: Sequence[Origin]) -> Tree:
    """Return figures with their kind, source and date."""
    from rich.text import Text
    from rich.tree import Tree

    tree = Tree(Text(head))
    for row in rows:
        place = "; ".join(part for part in (row.kind, row.source, row.as_of) if part)
        tree.add(Text(f"{row.path} = {row.value}  [{place}]"))
    return tree
