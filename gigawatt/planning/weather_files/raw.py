"""What a reader hands over: a file's hours as they stand, and the faults that can be named by file, line and field."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gigawatt.errors import Fault, InputError

Floats = NDArray[np.float64]

MOST_BYTES = 64 * 2**20  # a year of any of the formats is 0.3-4 MB; more is another thing


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file's weather is from; NaN where it does not say."""

    name: str
    latitude: float = float("nan")
    longitude: float = float("nan")
    elevation_m: float = float("nan")
    utc_offset_h: float = float("nan")


@dataclass(frozen=True, slots=True)
class RawYear:
    """Hours of a file before any check.

    Attributes
    ----------
    file : str
        As the user named it.
    lines : ndarray of int
        Line of each row in the file; 0 where the format has none.
    month, day, hour : ndarray of int
        Local standard time; the hour is that which ends, 1 to 24.
    columns : dict of ndarray
        Values by name; NaN where the file says that one is missing.
    place : Place
    notices : tuple of str
        What the reader had to change.
    """

    file: str
    lines: NDArray[np.int64]
    month: NDArray[np.int64]
    day: NDArray[np.int64]
    hour: NDArray[np.int64]
    columns: dict[str, Floats]
    place: Place
    notices: tuple[str, ...] = ()


def wrong(file: str, line: int, field: str, problem: str, remedy: str = "") -> InputError:
    """Return the error for a fault in a weather file.

    Parameters
    ----------
    file : str
    line : int
        0 where no line applies.
    field, problem, remedy : str

    Returns
    -------
    InputError
    """
    ended = problem if not remedy or problem.endswith((".", "?")) else f"{problem}."
    return InputError(str(Fault(file, line, field, ended, remedy)))


def read_text(path: Path) -> str:
    """Read a text file, gzipped or not, of a size that a year of weather may have.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str

    Raises
    ------
    InputError
        If it cannot be read, is empty, cut short, too large or no text.
    """
    file = str(path)
    too_large = f"is larger than {MOST_BYTES // 2**20} MB; a year of hours is 4 MB at most"
    try:
        if path.stat().st_size > MOST_BYTES:
            raise wrong(file, 0, "", too_large)
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            source = gzip.GzipFile(fileobj=raw) if packed else raw
            data = source.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise wrong(file, 0, "", f"cannot be read: {error}", "Is the file whole?") from error
    if len(data) > MOST_BYTES:
        raise wrong(file, 0, "", too_large)
    if not data.strip():
        raise wrong(file, 0, "", "is empty")
    if b"\0" in data:
        raise wrong(file, 0, "", "is no text file")
    return io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", errors="replace").read()


def numbers(file: str, lines: Sequence[int], field: str, cells: Sequence[str]) -> Floats:
    """Read a column of numbers, or say where one is none; empty cells and "nan" are missing values.

    Parameters
    ----------
    file : str
    lines : sequence of int
        Line of each cell.
    field : str
    cells : sequence of str

    Returns
    -------
    ndarray

    Raises
    ------
    InputError
        Naming the line.
    """
    try:
        return np.array(cells, dtype=np.str_).astype(np.float64)
    except ValueError:
        return np.array([_number(file, line, field, cell) for line, cell in zip(lines, cells, strict=True)])


def _number(file: str, line: int, field: str, cell: str) -> float:
    """Read a cell, or say that it is no number."""
    try:
        return float(cell) if cell.strip() else float("nan")
    except ValueError as error:
        raise wrong(file, line, field, f'"{cell.strip()[:20]}" is no number') from error


def whole_numbers(file: str, lines: Sequence[int], field: str, cells: Sequence[str]) -> NDArray[np.int64]:
    """Read a column of whole numbers, or say where one is none.

    Parameters
    ----------
    file : str
    lines : sequence of int
        Line of each cell.
    field : str
    cells : sequence of str

    Returns
    -------
    ndarray of int

    Raises
    ------
    InputError
        Naming the line.
    """
    values = numbers(file, lines, field, cells)
    odd = ~np.isfinite(values) | (values != np.round(values))
    if odd.any():
        at = int(np.argmax(odd))
        raise wrong(file, lines[at], field, f'"{cells[at].strip()[:20]}" is no whole number')
    return values.astype(np.int64)
