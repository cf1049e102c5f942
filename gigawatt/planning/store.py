"""Files: atomic writing, the run folder, and finding it again."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from gigawatt.errors import InputError, RunNotFoundError
from gigawatt.planning.document import dumps, plan_document
from gigawatt.planning.plan import Plan

if TYPE_CHECKING:
    import duckdb
    import pandas as pd


def write_atomically(path: Path, content: bytes | str) -> None:
    """Write a file so that a reader sees the old one or the whole new one, never a part.

    Parameters
    ----------
    path : Path
        Target; its folder is made if missing.
    content : bytes or str
        What to write; text as UTF-8.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        message = f"{path}: cannot be written: {error.strerror or error}"
        raise InputError(message) from error


def write_table(
    connection: duckdb.DuckDBPyConnection, frame: pd.DataFrame | Mapping[str, NDArray[Any]], path: Path
) -> None:
    """Write a table as Parquet, whole or not at all.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    frame : pandas.DataFrame, or dict of str to array
        Arrays of one length; what is not a number is a missing value in the file.
    path : Path
        Target; its folder is made if missing.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    write_atomically(part, b"")  # makes the folder, and says so where it cannot be written
    try:
        place = str(part).replace("'", "''")
        connection.register("frame", frame)  # by name: within walls DuckDB does not look among variables
        connection.execute(f"COPY frame TO '{place}' (FORMAT parquet)")
        connection.unregister("frame")
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def save_run(plan: Plan, folder: Path) -> list[Path]:
    """Write a finished plan's data: scenario.yaml, resolved.json, tables/*.parquet and, last, plan.json.

    Parameters
    ----------
    plan : Plan
    folder : Path
        Made if missing; files of an earlier run of the same name are replaced, each atomically.

    Returns
    -------
    list of Path
        Files written.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    import duckdb  # heavy, and only needed here

    written = [folder / "scenario.yaml", folder / "resolved.json"]
    write_atomically(written[0], plan.scenario_text)
    write_atomically(written[1], dumps({"inputs": plan.inputs, "origins": [asdict(item) for item in plan.origins]}))
    tables = folder / "tables"
    write_atomically(
        tables / "units.json", dumps({name: dict(frame.attrs.get("units", {})) for name, frame in plan.tables.items()})
    )
    with duckdb.connect() as connection:
        for name, frame in plan.tables.items():
            if not len(frame.columns) or not len(frame):
                continue
            path = tables / f"{name}.parquet"
            write_table(connection, frame, path)
            written.append(path)
    write_atomically(folder / "plan.json", dumps(plan_document(plan)))
    return [*written, folder / "plan.json"]


def load_run(folder: Path) -> dict[str, Any]:
    """Read a finished plan's document.

    Parameters
    ----------
    folder : Path
        A run folder, or its plan.json.

    Returns
    -------
    dict
        `gigawatt/plan/1`.

    Raises
    ------
    RunNotFoundError
        If there is none, or it cannot be read.
    """
    path = folder if folder.name.endswith(".json") else folder / "plan.json"
    if not path.is_file():
        message = f"{path}: there is no finished plan; make one with gigawatt plan SCENARIO --out {folder}"
        raise RunNotFoundError(message)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"{path}: cannot be read as a finished plan: {error}"
        raise RunNotFoundError(message) from error
    if not isinstance(document, dict) or document.get("schema") != "gigawatt/plan/1":
        message = f"{path}: is not a finished plan (schema gigawatt/plan/1)"
        raise RunNotFoundError(message)
    return document
