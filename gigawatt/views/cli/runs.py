"""The run folders: list, show, query with SQL, remove."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gigawatt.errors import InputError, nearest
from gigawatt.views.cli.shell import AsJson, Quiet, put, put_json, say_aside

if TYPE_CHECKING:
    from gigawatt.planning.run_folders import Run
    from gigawatt.planning.run_queries import Found

EXAMPLE = 'Example: gigawatt runs query "SELECT run, month, gpus_online FROM months"'
ACTIONS = ("list", "show", "query", "rm")
MINUTE_CHARACTERS = 16  # of a time, up to its minutes
STEP = 1024.0  # bytes of a kibibyte, kibibytes of a mebibyte
SIZES = ("B", "KiB", "MiB", "GiB")


def run(
    action: Annotated[str, typer.Argument(help="list, show RUN, query SQL, or rm RUN ...")] = "list",
    words: Annotated[
        list[str] | None,
        typer.Argument(help="Names of runs, or their folders; of query, one SELECT, - for standard input."),
    ] = None,
    root: Annotated[Path, typer.Option("--in", metavar="DIR", help="Folder of the runs.")] = Path("runs"),
    of: Annotated[
        list[str] | None,
        typer.Option("--of", metavar="RUN", help="Of query: these runs alone; all of the folder if not given."),
    ] = None,
    rows: Annotated[int, typer.Option(min=0, help="Of query: rows shown, 0 for all.")] = 40,
    as_csv: Annotated[bool, typer.Option("--csv", help="Of query: print all rows as CSV.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Of rm: remove without asking.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """List the run folders, show one, ask their tables with SQL, or remove some."""
    asked = list(words or ())
    if action not in ACTIONS:
        message = f'"{action}" is nothing that runs does. {nearest(action, ACTIONS)}'
        raise InputError(message)
    if action == "list":
        _none_of(asked, "runs list takes no names; runs show RUN shows one")
        _list(root, as_json)
    elif action == "show":
        _show(_one_of(asked, "runs show takes one run"), root, as_json)
    elif action == "query":
        sql = _one_of(asked, "runs query takes one SELECT, in quotes")
        _query(sys.stdin.read() if sql == "-" else sql, root, of or [], 0 if as_csv else rows, as_csv, as_json)
    else:
        _remove(asked, root, yes=yes, quiet=quiet, as_json=as_json)


def _one_of(words: Sequence[str], otherwise: str) -> str:
    """Return the one word that there must be."""
    if len(words) != 1:
        message = f"{otherwise}, got {len(words)}"
        raise InputError(message)
    return words[0]


def _none_of(words: Sequence[str], otherwise: str) -> None:
    """Refuse words where none are taken."""
    if words:
        raise InputError(otherwise)


def _list(root: Path, as_json: bool) -> None:
    """Show the runs of a folder."""
    from gigawatt.planning.run_folders import list_runs

    found = list_runs(root)
    if as_json:
        put_json(_document({"in": str(root)}, {"runs": [_brief(run) for run in found]}))
        return
    if not found:
        typer.echo(f"{root}: no runs; gigawatt plan SCENARIO makes one")
        return
    from gigawatt.views.terminal import show_table

    rows = [
        (run.name, run.verb, run.about, run.status, run.created[:MINUTE_CHARACTERS].replace("T", " "), _size(run.bytes))
        for run in found
    ]
    put(show_table(("run", "verb", "about", "status", "made, UTC", "size"), rows))


def _show(name: str, root: Path, as_json: bool) -> None:
    """Show a run: its record, its figures, its tables, its files."""
    import json

    from gigawatt.planning.run_folders import find_run, run_record
    from gigawatt.planning.run_queries import tables_of

    run = find_run(name, root)
    tables = {table: len(files) for table, files in tables_of(run).items()}
    plan = run.folder / "plan.json"
    told = json.loads(plan.read_text(encoding="utf-8")) if plan.is_file() else {}
    metrics = told.get("result", {}).get("metrics", {})
    if as_json:
        put_json(_document({"run": name, "in": str(root)}, {**run_record(run), "tables": tables, "metrics": metrics}))
        return
    from gigawatt.units import say
    from gigawatt.views.terminal import show_table

    record = [
        ("verb", run.verb),
        ("about", run.about),
        ("status", run.status),
        ("why", run.words),
        ("made, UTC", run.created),
        ("ended, UTC", run.finished),
        ("gigawatt", run.version),
        ("seed", "" if run.seed is None else run.seed),
        ("inputs", run.inputs_sha256[:12]),
        ("tables", ", ".join(tables)),
    ]
    put(show_table((str(run.folder), ""), [row for row in record if row[1] != ""]))
    shown = [
        (each["label"], say(each["value"], each["unit"])) for each in metrics.values() if each["value"] is not None
    ]
    if shown:
        put(show_table(("figure", ""), shown))
    put(show_table(("file", "size"), [(file.path, _size(file.bytes)) for file in run.files]))


def _query(sql: str, root: Path, names: list[str], rows: int, as_csv: bool, as_json: bool) -> None:
    """Answer a SELECT over the tables of runs."""
    from gigawatt.planning.run_folders import find_run, list_runs
    from gigawatt.planning.run_queries import query

    runs = [find_run(name, root) for name in names] if names else list_runs(root)
    found = query(sql, runs, most_rows=rows)
    if as_csv:
        _put_csv(found)
    elif as_json:
        records = [dict(zip(found.columns, map(_plain, row), strict=True)) for row in found.rows]
        put_json(_document({"sql": sql, "runs": [run.name for run in runs]}, {"rows": records, "more": found.more}))
    else:
        from gigawatt.views.terminal import show_table

        put(
            show_table(found.columns, [["" if value is None else _plain(value) for value in row] for row in found.rows])
        )
        if found.more:
            put(f"the first {rows} rows; --rows 0 shows all")


def _put_csv(found: Found) -> None:
    """Print rows as CSV."""
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerows([found.columns, *found.rows])


def _remove(names: Sequence[str], root: Path, *, yes: bool, quiet: bool, as_json: bool) -> None:
    """Remove runs, after asking."""
    from gigawatt.planning.run_folders import find_run, remove_run

    if not names:
        message = "runs rm takes the names of the runs to remove"
        raise InputError(message)
    found = [find_run(name, root) for name in names]
    if not yes:
        if not sys.stdin.isatty():
            message = f"would remove {', '.join(str(run.folder) for run in found)}; add --yes"
            raise InputError(message)
        typer.confirm(f"Remove {', '.join(str(run.folder) for run in found)}?", abort=True, err=True)
    for run in found:
        remove_run(run)
        say_aside(f"removed {run.folder}", quiet or as_json)
    if as_json:
        put_json(_document({"in": str(root)}, {"removed": [run.name for run in found]}))


def _document(inputs: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """Return the document of the contract."""
    from gigawatt.planning.document import envelope, package_version

    return envelope("runs", package_version(), inputs, result, [])


def _brief(run: Run) -> dict[str, Any]:
    """Return a run as the list has it."""
    from gigawatt.planning.run_folders import run_record

    told = run_record(run)
    return {key: value for key, value in told.items() if key not in ("schema", "files", "process", "host")} | {
        "bytes": run.bytes
    }


def _plain(value: Any) -> Any:
    """Return a value that both JSON and a table can show."""
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _size(count: int) -> str:
    """Return a size in words."""
    size = float(count)
    for unit in SIZES:
        if size < STEP or unit == SIZES[-1]:
            break
        size /= STEP
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
