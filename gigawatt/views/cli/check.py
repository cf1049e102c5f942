"""Validate a scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gigawatt.errors import ScenarioError
from gigawatt.views.cli.shell import AsJson, Overlays, Quiet, Settings, put_json, resolved, say_aside

if TYPE_CHECKING:
    from gigawatt.scenario.resolve import Resolved

EXAMPLE = "Example: gigawatt check my-campus.yaml"


def run(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Scenario file, shipped name, or - for standard input.")],
    settings: Settings = None,
    overlays: Overlays = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Validate a scenario: every fault at once, with its line and its remedy."""
    from dataclasses import asdict

    try:
        found = resolved(file, settings, overlays)
        if found.scenario.fleet.policy:
            _require_policy(found)
    except ScenarioError as error:
        if not as_json:
            raise
        _document(file, [asdict(fault) for fault in error.faults], [])
        raise typer.Exit(error.exit_code) from error
    if as_json:
        _document(file, [], [asdict(warning) for warning in found.warnings])
        return
    for warning in found.warnings:
        say_aside(f"warning: {warning.path}: {warning.message}", quiet)
    typer.echo(f"{file}: no faults")


def _require_policy(found: Resolved) -> None:
    """Raise ScenarioError if the file of a policy is not there or cannot be read as one."""
    from gigawatt.planning.fleet.rules import policy_faults

    faults = policy_faults(found)
    if faults:
        raise ScenarioError(faults)


def _document(file: str, faults: list[dict[str, object]], warnings: list[dict[str, object]]) -> None:
    """Print the JSON document."""
    from gigawatt.planning.document import envelope
    from gigawatt.planning.pipeline import package_version

    put_json(envelope("check", package_version(), {"file": file}, {"faults": faults, "warnings": warnings}, []))
