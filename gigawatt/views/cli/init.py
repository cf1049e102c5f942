"""Write a scenario file to edit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gigawatt.errors import InputError
from gigawatt.views.cli.shell import Quiet, say_aside

EXAMPLE = "Example: gigawatt init my-campus --from neocloud-20mw"


def run(
    name: Annotated[str, typer.Argument(help="Name of the new scenario; NAME.yaml is written.")],
    origin: Annotated[
        str, typer.Option("--from", metavar="SCENARIO", help="Shipped scenario to start from.")
    ] = "meta-2025",
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
    quiet: Quiet = False,
) -> None:
    """Write a commented scenario file to edit."""
    from gigawatt.planning.store import write_atomically
    from gigawatt.scenario.shipped import new_scenario

    path = Path(name if name.endswith(".yaml") else f"{name}.yaml")
    if path.exists() and not force:
        message = f"{path}: exists already; choose another name or add --force"
        raise InputError(message)
    write_atomically(path, new_scenario(path.stem, origin))
    say_aside(f"wrote {path}\nnext: gigawatt check {path}; gigawatt plan {path}", quiet)
