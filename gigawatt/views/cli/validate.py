"""Predictions against published measurements."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gigawatt.views.cli.shell import AsJson, Quiet, counting, put, put_json, say_aside
from gigawatt.views.cli.validate_server import benchmarked, show_benchmark

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gigawatt.validation.compare import Row, Summary, Validation

EXAMPLE = "Example: gigawatt validate training --worst 10 --report training.html"
OUTSIDE_BOUND = 4
FEW_GROUPS = 10  # so many groups are all shown; of more only those with GROUP_ROWS rows
NUMBERS_CHARACTERS = 38  # of the columns of a table of rows beside its name and group
NARROWEST_GROUP = 12


def run(
    engine: Annotated[
        str | None,
        typer.Argument(
            help="training, training-runs, serving, facility, energy, construction, reliability, fleet or finance; "
            "all else."
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="FILE",
            help="Measurements of your own: a CSV; for serving also the JSON of vllm bench serve or GuideLLM.",
        ),
    ] = None,
    flags: Annotated[
        Path | None, typer.Option("--flags", metavar="CSV", help="Rows to mend, fill or set aside.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 4 when an engine misses its bound.")] = False,
    worst: Annotated[int, typer.Option(min=0, help="Show so many of the worst rows.")] = 5,
    all_groups: Annotated[bool, typer.Option("--all-groups", help="Show groups of fewer than 5 rows too.")] = False,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="HTML", help="Write a page with figures and tables.")
    ] = None,
    accelerator: Annotated[str | None, typer.Option(help="Of a JSON: the accelerator of the server.")] = None,
    model: Annotated[str | None, typer.Option(help="Of a JSON: the model; told from the file if not given.")] = None,
    launch: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Of a JSON: launch flags of the server (vllm, sglang, tensorrt-llm)."),
    ] = None,
    tp: Annotated[int, typer.Option(min=1, help="Of a JSON: tensor parallel.")] = 1,
    precision: Annotated[str | None, typer.Option(help="Of a JSON: of the weights; fp8 if not given.")] = None,
    replicas: Annotated[int, typer.Option(min=1, help="Of a JSON: replicas behind the address.")] = 1,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compare predictions with published measurements, row by row, with error statistics."""
    is_benchmark = data is not None and data.suffix == ".json"
    if data is not None and is_benchmark:
        server = {"accelerator": accelerator, "model": model, "launch": launch, "tp": tp, "precision": precision}
        found = {"serving": benchmarked(engine, data, server | {"replicas": replicas})}
    else:
        found = _validated(engine, data, flags, quiet=quiet)
    if report is not None:
        _write(found, report, data)
    if as_json:
        _json(found, engine, data)
    elif is_benchmark:
        show_benchmark(found["serving"])
    else:
        for name, result in found.items():
            _show(name, result, worst, all_groups)
    if report is not None:
        say_aside(f"report: {report}", quiet=quiet or as_json)
    if strict and (missed := _missed(found)):
        typer.echo(f"outside its bound: {', '.join(missed)}", err=True)
        raise typer.Exit(OUTSIDE_BOUND)


def _validated(engine: str | None, data: Path | None, flags: Path | None, *, quiet: bool) -> dict[str, Validation]:
    """Validate one engine, or all."""
    from gigawatt.errors import InputError
    from gigawatt.validation.engines import ENGINES, validate

    if engine is None and (data or flags):
        message = (
            "--data and --flags belong to one engine; name it, for example: gigawatt validate training --data FILE"
        )
        raise InputError(message)
    names, found = [engine] if engine else list(ENGINES), {}
    with counting("validating", "the engines", quiet) as tell:
        for done, name in enumerate(names):
            found[name] = validate(name, data, flags)
            tell(done + 1, len(names))
    return found


def _missed(found: Mapping[str, Validation]) -> list[str]:
    """Engines outside their bound."""
    from gigawatt.validation.engines import ENGINES

    return [
        name
        for name, result in found.items()
        if result.summary.median_abs_error_pct > ENGINES[name][1].median_abs_error_pct
        or result.summary.p90_abs_error_pct > ENGINES[name][1].p90_abs_error_pct
    ]


def _write(found: Mapping[str, Validation], path: Path, data: Path | None) -> None:
    """Write the page."""
    from gigawatt.planning.pipeline import package_version
    from gigawatt.views.report.validation import write_validation

    write_validation(found, path, package_version(), data.name if data else "")


def _json(found: Mapping[str, Any], engine: str | None, data: Path | None) -> None:
    """Print the document: one engine's result, or one a name."""
    from dataclasses import asdict

    from gigawatt.planning.document import envelope
    from gigawatt.planning.pipeline import package_version

    results = {name: asdict(result) for name, result in found.items()}
    result = results[engine] if engine else results
    put_json(envelope("validate", package_version(), {"engine": engine, "data": str(data or "")}, result, []))


def _show(name: str, result: Validation, worst: int, all_groups: bool) -> None:
    """Print a summary by group and the worst rows."""
    from rich.text import Text

    from gigawatt.views.figures.validation import GROUP_ROWS, finding
    from gigawatt.views.terminal import show_table

    least = 0 if all_groups or len(result.groups) <= FEW_GROUPS else GROUP_ROWS
    shown = {group: summary for group, summary in result.groups.items() if summary.n >= least}
    rows = [("all", result.summary), *shown.items()]
    if result.summary_with_flagged.n != result.summary.n:
        rows.append(("with flagged rows", result.summary_with_flagged))
    heads = ("group", "n", "median\n%", "P90\n%", "bias\n%", "within\n10 %", "in its\nrange %")
    put(Text(f"{name}: {finding(name, result.summary)}", "bold"))
    put(show_table(heads, [(group, *_numbers(item)) for group, item in rows]))
    skipped = sum(bool(row.skipped) for row in result.rows)
    notes = [f"{skipped} of {len(result.rows)} rows cannot be predicted"] if skipped else []
    if hidden := len(result.groups) - len(shown):
        notes.append(f"{hidden} {'group' if hidden == 1 else 'groups'} of fewer than {GROUP_ROWS} rows: --all-groups")
    if notes:
        put("; ".join(notes) + "\n")
    scored = sorted((row for row in result.rows if not row.skipped), key=lambda row: -abs(row.error_pct))
    if worst and scored:
        _show_worst(scored[:worst])


def _numbers(summary: Summary) -> list[str]:
    """Put a summary into cells; a group without rows has dashes."""
    if not summary.n:
        return ["0", *["–"] * 5]
    return [
        str(summary.n),
        *(f"{error_pct:.1f}" for error_pct in (summary.median_abs_error_pct, summary.p90_abs_error_pct)),
        f"{summary.bias_pct:+z.1f}",
        *(f"{share_pct:.0f}" for share_pct in (summary.within_10_pct, summary.interval_coverage_pct)),
    ]


def _show_worst(rows: Sequence[Row]) -> None:
    """Print rows, their groups cut to the room there is, and below them why which are doubted."""
    from gigawatt.views.terminal import console, show_table

    head = "worst rows"
    names = [row.id + ("*" if row.flag else "") for row in rows]
    room = max(console().width - max(map(len, [head, *names])) - NUMBERS_CHARACTERS, NARROWEST_GROUP)
    groups = [row.group if len(row.group) <= room else f"{row.group[: room - 1]}…" for row in rows]
    put(show_table((head, "group", "measured", "predicted", "error %"), [
        (name, group, f"{row.measured:.4g}", f"{row.predicted:.4g}", f"{row.error_pct:+.1f}")
        for name, group, row in zip(names, groups, rows, strict=True)
    ]))  # fmt: skip
    for reason in dict.fromkeys(row.flag for row in rows if row.flag):
        put(f"* {', '.join(row.id for row in rows if row.flag == reason)}: {reason}")
