"""Predictions against published measurements."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gigawatt.views.cli.shell import AsJson, put, put_json

EXAMPLE = "Example: gigawatt validate training --worst 10"
OUTSIDE_BOUND = 4


def run(
    engine: Annotated[
        str | None, typer.Argument(help="training, serving, facility, reliability, finance; all if not given.")
    ] = None,
    data: Annotated[Path | None, typer.Option("--data", metavar="CSV", help="Measurements of your own.")] = None,
    flags: Annotated[
        Path | None, typer.Option("--flags", metavar="CSV", help="Rows to mend, fill or set aside.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 4 when an engine misses its bound.")] = False,
    worst: Annotated[int, typer.Option(min=0, help="Show so many of the worst rows.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Compare predictions with published measurements, row by row, with error statistics."""
    from gigawatt.errors import InputError
    from gigawatt.validation.engines import ENGINES, validate

    if engine is None and (data or flags):
        message = (
            "--data and --flags belong to one engine; name it, for example: gigawatt validate training --data FILE"
        )
        raise InputError(message)
    found = {name: validate(name, data, flags) for name in ([engine] if engine else ENGINES)}
    if as_json:
        _json(found, engine, data)
    else:
        _show(found, worst)
    missed = [
        name
        for name, result in found.items()
        if result.summary.median_abs_error_pct > ENGINES[name][1].median_abs_error_pct
        or result.summary.p90_abs_error_pct > ENGINES[name][1].p90_abs_error_pct
    ]
    if strict and missed:
        typer.echo(f"outside its bound: {', '.join(missed)}", err=True)
        raise typer.Exit(OUTSIDE_BOUND)


def _json(found: dict[str, Any], engine: str | None, data: Path | None) -> None:
    """Print the document: one engine's result, or one a name."""
    from dataclasses import asdict

    from gigawatt.planning.document import envelope
    from gigawatt.planning.pipeline import package_version

    results = {name: asdict(result) for name, result in found.items()}
    result = results[engine] if engine else results
    put_json(envelope("validate", package_version(), {"engine": engine, "data": str(data or "")}, result, []))


def _show(found: dict[str, Any], worst: int) -> None:
    """Print a summary by group and the worst rows."""
    from gigawatt.views.terminal import show_table

    for name, result in found.items():
        rows = [("all", result.summary), *result.groups.items()]
        if result.summary_with_flagged.n != result.summary.n:
            rows.append(("with flagged rows", result.summary_with_flagged))
        heads = ("group", "n", "skipped", "median |error|", "P90 |error|", "bias", "within 10 %", "in interval")
        put(show_table(heads, [
            (group, str(item.n), str(item.skipped), f"{item.median_abs_error_pct:.1f} %",
             f"{item.p90_abs_error_pct:.1f} %",
             f"{item.bias_pct:+.1f} %", f"{item.within_10_pct:.0f} %", f"{item.interval_coverage_pct:.0f} %")
            for group, item in rows
        ], title=f"{name}: predicted against published"))  # fmt: skip
        scored = sorted((row for row in result.rows if not row.skipped), key=lambda row: -abs(row.error_pct))
        if worst and scored:
            put(show_table(("worst rows", "group", "measured", "predicted", "error", "flag"), [
                (row.id, row.group, f"{row.measured:.4g}", f"{row.predicted:.4g}", f"{row.error_pct:+.1f} %", row.flag)
                for row in scored[:worst]
            ]))  # fmt: skip
