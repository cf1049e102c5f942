"""The parts of a long run: one Parquet file each, whole or not there, so that a run goes on where it stopped."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from gigawatt.errors import InputError
from gigawatt.planning.store import write_table

if TYPE_CHECKING:
    import duckdb

Columns = Mapping[str, NDArray[Any]]
Work = Callable[[int], Columns]
Progress = Callable[[int, int], Any]

MAGIC = b"PAR1"  # first and last bytes of every Parquet file, by the format's specification
LOCK_FILE = ".lock"


class Interrupted(KeyboardInterrupt):
    """Someone stopped a run between parts; what is done is kept.

    Parameters
    ----------
    done_count, parts_count : int
        Parts that lie in the folder, and parts in all.
    folder : Path
    """

    def __init__(self, done_count: int, parts_count: int, folder: Path) -> None:
        self.done_count, self.parts_count, self.folder = done_count, parts_count, folder
        super().__init__(
            f"{done_count} of {parts_count} parts are kept in {folder}; "
            "the same command with --resume goes on from there"
        )


def part_path(folder: Path, part: int) -> Path:
    """Return where a part lies.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    part : int
        Number, from 0.

    Returns
    -------
    Path

    Examples
    --------
    >>> part_path(Path("runs/study"), 12).as_posix()
    'runs/study/parts/part-00012.parquet'
    """
    return folder / "parts" / f"part-{part:05d}.parquet"


def write_part(columns: Columns, path: Path) -> None:
    """Write the columns of a part; a reader sees the whole file or none.

    Parameters
    ----------
    columns : mapping of str to array
        Arrays of one length.
    path : Path

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    with _database().cursor() as connection:
        write_table(connection, dict(columns), path)


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """Start DuckDB, once a process: that takes a third of the time in which it writes a part."""
    import duckdb  # heavy, and only needed here

    return duckdb.connect(config={"threads": 1})  # as many writers as workers: one thread each


def is_whole(path: Path) -> bool:
    """Return whether a part is there from its first byte to its last.

    Parameters
    ----------
    path : Path

    Returns
    -------
    bool
        False for a file that a power cut left empty or cut short.
    """
    if not path.is_file() or path.stat().st_size < 2 * len(MAGIC):
        return False
    with path.open("rb") as file:
        head = file.read(len(MAGIC))
        file.seek(-len(MAGIC), 2)
        return head == MAGIC == file.read(len(MAGIC))


def sweep(folder: Path) -> None:
    """Remove what killed processes left half-written; nobody may be writing.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    """
    for left in part_path(folder, 0).parent.glob(".part-*"):
        left.unlink(missing_ok=True)


def missing_parts(folder: Path, parts_count: int) -> list[int]:
    """Return the parts that are still to be done; remove what a killed run left half-written.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    parts_count : int
        Parts in all.

    Returns
    -------
    list of int

    Raises
    ------
    InputError
        If the folder holds parts that this run has not.
    """
    sweep(folder)
    ours = {part_path(folder, part) for part in range(parts_count)}
    strange = sorted(path.name for path in part_path(folder, 0).parent.glob("part-*.parquet") if path not in ours)
    if strange:
        message = f"{folder}: holds {strange[0]}, which is no part of this run of {parts_count}; name another folder"
        raise InputError(message)
    return [part for part in range(parts_count) if not is_whole(part_path(folder, part))]


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a run's folder, so that no second process writes the same parts; the kernel lets go if this one dies.

    Parameters
    ----------
    folder : Path
        Made if missing.

    Raises
    ------
    InputError
        If another process holds it, or it cannot be made.
    """
    place = part_path(folder, 0).parent
    try:
        place.mkdir(parents=True, exist_ok=True)
        file = (place / LOCK_FILE).open("w")
    except OSError as error:
        message = f"{folder}: cannot be written: {error.strerror or error}"
        raise InputError(message) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            message = f"{folder}: another process is writing this run; wait for it, or name another folder"
            raise InputError(message) from error
        yield
