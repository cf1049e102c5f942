"""SQL over the tables of runs: DuckDB reads their Parquet files, and nothing else."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Any

from gigawatt.errors import InputError, nearest
from gigawatt.planning.run_folders import PARTS, Run, is_run

if TYPE_CHECKING:
    import duckdb

TABLES = "tables"  # the folder of a run's tables
EXPORTED = "export"  # the folder of a run that holds what was handed over
KINDS = ("csv", "xlsx", "parquet")  # what tables are handed over as
RECORDS = "runs"  # the view of the records themselves
SHEET_CHARACTERS = 31  # the longest name that a sheet may have
NUMBERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "UBIGINT", "UINTEGER"}
PLAIN = (str, int, float, Decimal, type(None))
MOST_SHEET_ROWS = 1_048_575  # below the heading


@dataclass(frozen=True, slots=True)
class Found:
    """What a query found.

    Attributes
    ----------
    columns : tuple of str
    rows : list of tuple
    more : bool
        Whether rows were left out.
    """

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    more: bool = False


def tables_of(run: Run) -> dict[str, list[Path]]:
    """Return the Parquet files of a run by the name of their table.

    Parameters
    ----------
    run : Run

    Returns
    -------
    dict of str to list of Path
        `tables/months.parquet` is `months`, `hours.parquet` is `hours`, the files of `parts` are `parts` and those of
        `sobol/parts` are `sobol`. Links that lead out of the folder are left out, and so are runs within the run.
    """
    root = run.folder.resolve()
    found: dict[str, list[Path]] = {}
    for path in sorted(run.folder.rglob("*.parquet")):
        inner = path.relative_to(run.folder).parts
        if path.name.startswith(".") or inner[0] == EXPORTED or not path.resolve().is_relative_to(root):
            continue
        if len(inner) > 1 and is_run(run.folder / inner[0]):
            continue
        name = (inner[-3] if len(inner) > 2 else PARTS) if path.parent.name == PARTS else path.stem
        found.setdefault(name.replace("-", "_"), []).append(path.resolve())
    return found


def query(sql: str, runs: Sequence[Run], *, most_rows: int = 0, time_limit_s: float = 0.0) -> Found:
    """Answer one SELECT over the tables of runs.

    Parameters
    ----------
    sql : str
        Each table is a view, with the column `run` first; `runs` has their records. Tables of one name are put
        together, columns by name.
    runs : sequence of Run
    most_rows : int
        Rows returned; all where 0.
    time_limit_s : float
        Seconds after which the query is stopped; none where 0.

    Returns
    -------
    Found

    Raises
    ------
    InputError
        If it is no single SELECT, reads anything but these files, is wrong, or takes too long.
    """
    import duckdb

    with _opened(runs) as (connection, names):
        _refuse_all_but_a_select(connection, sql)
        timer = Timer(time_limit_s, connection.interrupt) if time_limit_s else None
        try:
            if timer:
                timer.start()
            answer = connection.execute(sql)
            columns = tuple(str(column[0]) for column in answer.description or ())
            rows = answer.fetchmany(most_rows + 1) if most_rows else answer.fetchall()
        except duckdb.InterruptException as error:
            message = f"the query took longer than {time_limit_s:g} s and was stopped"
            raise InputError(message) from error
        except duckdb.PermissionException as error:
            message = f"a query reads the tables of runs and nothing else: {_first_line(error)}"
            raise InputError(message) from error
        except duckdb.Error as error:
            message = f"{_first_line(error)}\nTables: {', '.join(names) or 'none'}"
            raise InputError(message) from error
        finally:
            if timer:
                timer.cancel()
    kept = rows[:most_rows] if most_rows else rows
    return Found(columns, kept, more=len(rows) > len(kept))


def export(run: Run, folder: Path, kind: str = "csv") -> list[Path]:
    """Hand the tables of a run over to other tools.

    Parameters
    ----------
    run : Run
    folder : Path
        Made if missing.
    kind : {"csv", "xlsx", "parquet"}
        One file a table, or one workbook with a sheet a table; parts of a long run are put together. Beside them lies
        `units.csv`: table, column, unit.

    Returns
    -------
    list of Path
        Files written.

    Raises
    ------
    InputError
        If the run has no table, the kind is unknown, or the folder cannot be written.
    """
    from gigawatt.planning.store import write_atomically

    if kind not in KINDS:
        message = f'"{kind}" is nothing that tables are exported as. {nearest(kind, KINDS)}'
        raise InputError(message)
    tables = tables_of(run)
    if not tables:
        message = f"{run.folder}: has no tables to export"
        raise InputError(message)
    with _opened([run]) as (connection, _):
        units = _units(connection, run, list(tables))
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([("table", "column", "unit"), *units])
        write_atomically(folder / "units.csv", text.getvalue())
        if kind == "xlsx":
            return [folder / "units.csv", _workbook(connection, list(tables), units, folder / "tables.xlsx")]
        written = [folder / f"{name}.{kind}" for name in tables]
        for name, path in zip(tables, written, strict=True):
            _hand_over(connection, name, path, kind)
    return [folder / "units.csv", *written]


@contextmanager
def _opened(runs: Sequence[Run]) -> Iterator[tuple[duckdb.DuckDBPyConnection, list[str]]]:
    """Open a database in memory with a view for each table, that can read the files of these runs and nothing else."""
    import duckdb

    files: dict[str, list[tuple[str, Path]]] = {}
    for run in runs:
        for name, paths in tables_of(run).items():
            files.setdefault(name, []).extend((run.name, path) for path in paths)
    with duckdb.connect() as connection:
        connection.execute("SET python_enable_replacements = false")
        connection.execute("SET autoload_known_extensions = false; SET autoinstall_known_extensions = false")
        connection.execute(f"SET allowed_paths = {_list([path for found in files.values() for _, path in found])}")
        connection.execute("SET temp_directory = ''; SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        _add_records(connection, runs)
        for name, found in files.items():
            by_run: dict[str, list[Path]] = {}
            for run_name, path in found:
                by_run.setdefault(run_name, []).append(path)
            parts = [f"SELECT {_text(of)} AS run, * FROM read_parquet({_list(paths)})" for of, paths in by_run.items()]
            try:
                connection.execute(f"CREATE VIEW {_quoted(name)} AS {' UNION ALL BY NAME '.join(parts)}")
            except duckdb.Error as error:
                message = f"table {name} cannot be read: {_first_line(error)}"
                raise InputError(message) from error
        yield connection, [RECORDS, *sorted(files)]


def _add_records(connection: duckdb.DuckDBPyConnection, runs: Sequence[Run]) -> None:
    """Put the records of the runs into a table."""
    connection.execute(
        f"CREATE TABLE {RECORDS} (run VARCHAR, verb VARCHAR, about VARCHAR, status VARCHAR, created TIMESTAMP, "
        "seed BIGINT, version VARCHAR, inputs_sha256 VARCHAR, bytes BIGINT)"
    )
    for run in runs:
        created = run.created.rstrip("Z") or None
        row = [run.name, run.verb, run.about, run.status, created, run.seed, run.version, run.inputs_sha256, run.bytes]
        connection.execute(f"INSERT INTO {RECORDS} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


def _refuse_all_but_a_select(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Refuse what is no single SELECT: COPY would write even where only reading is allowed."""
    import duckdb

    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise InputError(_first_line(error)) from error
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        message = "a query is one SELECT; nothing is written, attached, installed or set"
        raise InputError(message)


def _units(connection: duckdb.DuckDBPyConnection, run: Run, names: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return table, column and unit of each column: as the run says, else as the column's name does."""
    from gigawatt.units import unit_of_name

    file = run.folder / TABLES / "units.json"
    said = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    found = []
    for name in names:
        for column, kind, *_ in connection.execute(f"DESCRIBE SELECT * EXCLUDE (run) FROM {_quoted(name)}").fetchall():
            is_number = kind in NUMBERS or kind.startswith("DECIMAL")
            unit = said.get(name, {}).get(column) or (unit_of_name(column) if is_number else "")
            found.append((name, column, str(unit)))
    return found


def _hand_over(connection: duckdb.DuckDBPyConnection, name: str, path: Path, kind: str) -> None:
    """Write a table to a file, whole or not at all; a connection of its own, as the other may write nothing."""
    import duckdb

    (sql,) = connection.execute("SELECT sql FROM duckdb_views() WHERE view_name = ?", [name]).fetchall()[0]
    part = path.with_name(f".{path.name}.part")
    options = "FORMAT csv, HEADER" if kind == "csv" else "FORMAT parquet"
    try:
        with duckdb.connect() as writer:
            writer.execute(sql)
            writer.execute(f"COPY (SELECT * EXCLUDE (run) FROM {_quoted(name)}) TO {_text(str(part))} ({options})")
        part.replace(path)
    except duckdb.Error as error:
        message = f"{path}: cannot be written: {_first_line(error)}"
        raise InputError(message) from error
    finally:
        part.unlink(missing_ok=True)


def _workbook(
    connection: duckdb.DuckDBPyConnection, names: Sequence[str], units: Sequence[tuple[str, str, str]], path: Path
) -> Path:
    """Write a workbook: a sheet a table, units in the second line."""
    import xlsxwriter

    from gigawatt.planning.store import write_atomically

    memory = io.BytesIO()
    with xlsxwriter.Workbook(memory, {"in_memory": True, "nan_inf_to_errors": True, "remove_timezone": True}) as book:
        bold, date = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        for name in names:
            sheet = book.add_worksheet(name[:SHEET_CHARACTERS])
            sheet.freeze_panes(2, 0)
            answer = connection.execute(f"SELECT * EXCLUDE (run) FROM {_quoted(name)} LIMIT {MOST_SHEET_ROWS}")
            sheet.write_row(0, 0, [str(column[0]) for column in answer.description or ()], bold)
            sheet.write_row(1, 0, [unit for table, _, unit in units if table == name])
            for number, row in enumerate(answer.fetchall(), start=2):
                for place, value in enumerate(row):
                    if isinstance(value, datetime):
                        sheet.write_datetime(number, place, value, date)
                    else:
                        sheet.write(number, place, value if isinstance(value, PLAIN) else str(value))
    write_atomically(path, memory.getvalue())
    return path


def _quoted(name: str) -> str:
    """Return a name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def _list(paths: Sequence[Path]) -> str:
    """Return paths as SQL writes a list of them."""
    return f"[{', '.join(_text(str(path)) for path in paths)}]"


def _text(text: str) -> str:
    """Return text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def _first_line(error: Exception) -> str:
    """Return what a database says, without the lines that point into the query."""
    return str(error).strip().splitlines()[0]
