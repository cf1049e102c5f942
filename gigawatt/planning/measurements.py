"""Read timings of kernels and collectives: a CSV of documented columns, output of nccl-tests, or ranges of Nsight.

A file is read line by line, within bounds; every fault is named with file, line, column and remedy.
"""

from __future__ import annotations

import csv
import hashlib
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gigawatt.errors import Fault, InputError, nearest

COLLECTIVES = ("all_reduce", "all_gather", "reduce_scatter")
PASSES = ("forward", "training")
# Columns that each kind of timing needs, `kind` and `time_s` apart.
NEEDS: dict[str, tuple[str, ...]] = {
    "gemm": ("precision", "m", "n", "k"),
    "attention": ("batch", "heads", "sequence", "head_dim", "causal", "pass"),
    "memory_copy": ("bytes",),
    **dict.fromkeys(COLLECTIVES, ("bytes", "ranks")),
}
COLUMNS = (
    *("kind", "precision", "m", "n", "k", "batch", "heads", "sequence", "head_dim", "causal", "pass"),
    *("bytes", "ranks", "time_s"),
)
MOST_BYTES = 64 * 2**20  # a calibration has hundreds of timings; a larger file is something else
MOST_LINE_CHARACTERS = 20_000
MOST_TIMINGS = 100_000
MOST_FAULTS = 20
MOST_SIZE = 2**50  # of a dimension or message
LONGEST_S = 3600.0
SNIFFED_LINES = 5_000  # launchers and libraries print before the table
SECONDS_PER = {"ns": 1e-9, "us": 1e-6, "\u00b5s": 1e-6, "\u03bcs": 1e-6, "ms": 1e-3, "s": 1.0}
PROJECTED = re.compile(r"\b(?:Total Proj Time|Proj Avg|Proj Med) \(")  # in the header of nvtx_gpu_proj_sum
_NSYS = re.compile(r"Time \(%\)|Total Time \(ns\)|Kernel Name|Projected Duration|gpu__time_duration")


@dataclass(frozen=True, slots=True)
class Timing:
    """One measured time; sizes that its kind does not have are 0.

    Attributes
    ----------
    kind : str
        Key of `NEEDS`.
    time_s : float
        [s]
    line : int
        Where it stands in its file.
    precision : str
        Of a product.
    sizes : dict of str to int
        The kind's own columns.
    training : bool
        Of attention: forward and backward together.
    """

    kind: str
    time_s: float
    line: int
    precision: str = ""
    sizes: dict[str, int] = field(default_factory=dict)
    training: bool = False


@dataclass(frozen=True, slots=True)
class Measurements:
    """The timings of one file, with what it says about itself, and what of it was left out."""

    name: str
    digest: str
    about: dict[str, str]
    timings: tuple[Timing, ...]
    notes: tuple[str, ...] = ()


Measured = tuple[list[Timing], dict[str, str], tuple[str, ...]]


class Faults:
    """Faults of one file; raises when there are many, and at the end when there is one."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._found: list[Fault] = []

    def add(self, line: int, column: str, problem: str, remedy: str) -> None:
        """Note a fault."""
        self._found.append(Fault(self.name, line, column, problem, remedy))
        if len(self._found) >= MOST_FAULTS:
            self.close()

    def close(self) -> None:
        """Raise InputError with every fault, if there is any."""
        if self._found:
            raise InputError("\n".join(str(fault) for fault in self._found))


def lines_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text file with their numbers; raise InputError where one is no text or too long."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            number = 0
            while line := file.readline(MOST_LINE_CHARACTERS + 1):
                number += 1
                if len(line) > MOST_LINE_CHARACTERS or "\0" in line:
                    message = f"{path}:{number}: is no line of a table of timings: too long, or not text"
                    raise InputError(message)
                yield number, line.rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path}: cannot be read as UTF-8 text: {error}"
        raise InputError(message) from error


def _checked_size(path: Path) -> None:
    """Raise InputError where there is no ordinary file, none at all, an empty or a huge one."""
    if not path.is_file():
        message = f"{path}: there is no such file"
        raise InputError(message)
    size = path.stat().st_size
    if size > MOST_BYTES:
        message = (
            f"{path}: has {size / 2**20:,.0f} MiB, and a file of timings at most {MOST_BYTES / 2**20:.0f} MiB; "
            "give the median of repeated timings, one row a shape"
        )
        raise InputError(message)
    if size == 0:
        message = f"{path}: is empty"
        raise InputError(message)


def _format_of(path: Path) -> str:
    """Return csv, nccl-tests or nsight; raise InputError for anything else, and say why for other reports of Nsight."""
    for number, line in lines_of(path):
        words = line.replace("#", " ").split()
        if {"size", "time", "algbw", "busbw"} <= set(words):
            return "nccl-tests"
        if PROJECTED.search(line):
            return "nsight"
        if _NSYS.search(line):
            message = (
                f"{path}:{number}: looks like a profile of Nsight: its kernel names tell neither shapes nor bytes, and "
                "times on the host are no times of kernels, so no efficiency follows from it; export NVTX ranges that "
                "carry sizes: nsys stats --report nvtx_gpu_proj_sum --format csv, see docs/how-to/calibrate.md"
            )
            raise InputError(message)
        if not line.startswith("#") and {"kind", "time_s"} <= {cell.strip() for cell in line.split(",")}:
            return "csv"
        if number >= SNIFFED_LINES:
            break
    message = (
        f'{path}: holds neither a header line with the columns "kind" and "time_s" nor a table of nccl-tests, '
        "nor one of nvtx_gpu_proj_sum; "
        f"columns: {', '.join(COLUMNS)}"
    )
    raise InputError(message)


def read_measurements(path: Path, precision: str = "bf16", causal: bool | None = None) -> Measurements:
    """Read a file of timings.

    Parameters
    ----------
    path : Path
        A CSV with the columns `COLUMNS`, in any order, those that no row needs left out, lines of `# key: value`
        before it; or the text that a program of nccl-tests printed; or the report nvtx_gpu_proj_sum of Nsight Systems.
    precision : str
        Of products in ranges of PyTorch, which do not tell it; of no other file.
    causal : bool, optional
        Whether attention in such ranges is causal; they are left out where it is not said.

    Returns
    -------
    Measurements

    Raises
    ------
    InputError
        If the file is missing, huge, no text, cut short, has a wrong column or a value that cannot be; with every
        fault's file, line, column and remedy.
    """
    from gigawatt.planning.nccl_tests import read_tables
    from gigawatt.planning.nsight import read_ranges

    _checked_size(path)
    notes: tuple[str, ...] = ()
    match _format_of(path):
        case "nsight":
            timings, about, notes = read_ranges(path, precision, causal)
        case "nccl-tests":
            timings, about = read_tables(path)
        case _:
            timings, about = _read_csv(path)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Measurements(path.name, digest, about, tuple(timings), notes)


def _read_csv(path: Path) -> tuple[list[Timing], dict[str, str]]:
    """Read the rows of a CSV and the remarks before them."""
    faults = Faults(str(path))
    about: dict[str, str] = {}
    columns: list[str] = []
    timings: list[Timing] = []
    rows = 0
    for number, line in lines_of(path):
        if not line.strip():
            continue
        if line.startswith("#"):
            key, _, words = line[1:].partition(":")
            about[key.strip()] = words.strip()
            continue
        try:
            cells = [cell.strip() for cell in next(csv.reader([line], strict=True))]
        except csv.Error as error:
            faults.add(number, "", f"is no row of a CSV: {error}.", "Close the quotes.")
            continue
        if not columns:
            columns = _columns(cells, number, faults)
            continue
        rows += 1
        if len(cells) != len(columns):
            remedy = "A short last row means that the file was cut off; write it again."
            faults.add(number, "", f"has {len(cells)} cells where the header has {len(columns)}.", remedy)
            continue
        timing = _timing(dict(zip(columns, cells, strict=True)), number, faults)
        timings += [timing] if timing else []
        if len(timings) > MOST_TIMINGS:
            faults.add(number, "", f"is past the {MOST_TIMINGS:,} timings that are read.", "Give medians of repeats.")
            faults.close()
    stated = about.get("timings", "")
    if stated.isdigit() and int(stated) != rows:
        faults.add(0, "", f"holds {rows} of the {stated} timings that it states.", "It was cut off; measure again.")
    faults.close()
    if not timings:
        message = f"{path}: holds a header and no timing"
        raise InputError(message)
    return timings, about


def _columns(cells: list[str], number: int, faults: Faults) -> list[str]:
    """Check the header; raise at once, for no row can be read under a wrong one."""
    for cell in cells:
        if cell not in COLUMNS:
            faults.add(number, cell, "is no column of a table of timings.", nearest(cell, COLUMNS))
    for cell in sorted({cell for cell in cells if cells.count(cell) > 1}):
        faults.add(number, cell, "stands twice in the header.", "Keep one.")
    faults.close()
    return cells


def _whole(text: str, column: str, number: int, faults: Faults) -> int:
    """Read a positive whole number, written 4096 or 4.096e3; 0 and a fault otherwise."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    least = 0 if column == "causal" else 2 if column == "ranks" else 1
    most = 1 if column == "causal" else MOST_SIZE
    if not (least <= value <= most and value == int(value)):
        shown = f'"{text}" is' if text else "is empty and should be"
        faults.add(number, column, f"{shown} {'no' if text else 'a'} whole number from {least} to {most}.", "")
        return 0
    return int(value)


def read_time_s(text: str, column: str, number: int, faults: Faults, factor: float = 1.0) -> float:
    """Read a time; NaN and a fault where it cannot be one."""
    try:
        value = float(text) * factor
    except ValueError:
        value = math.nan
    if not 0.0 < value <= LONGEST_S:
        shown = f'"{text}"' if text else "an empty cell"
        faults.add(number, column, f"{shown} is no time above 0 and up to an hour.", "Give seconds of one call.")
        return math.nan
    return value


def _timing(row: dict[str, str], number: int, faults: Faults) -> Timing | None:
    """Read one row; None and faults where it is wrong."""
    kind = row["kind"]
    if kind not in NEEDS:
        faults.add(number, "kind", f'"{kind}" is no kind of timing.', nearest(kind, NEEDS))
        return None
    missing = [column for column in NEEDS[kind] if not row.get(column)]
    if missing:
        faults.add(number, missing[0], f"is missing for {kind}.", f"{kind} needs {', '.join(NEEDS[kind])}.")
        return None
    time_s = read_time_s(row["time_s"], "time_s", number, faults)
    words = ("precision", "pass")
    sizes = {column: _whole(row[column], column, number, faults) for column in NEEDS[kind] if column not in words}
    part = row.get("pass", "")
    if kind == "attention" and part not in PASSES:
        faults.add(number, "pass", f'"{part}" is no pass.', nearest(part, PASSES))
        return None
    if math.isnan(time_s):
        return None
    precision = row.get("precision", "") if kind == "gemm" else ""
    return Timing(kind, time_s, number, precision, sizes, part == "training")


def write_text(timings: list[Timing], about: dict[str, str]) -> str:
    """Return timings as the text of a CSV that `read_measurements` reads back.

    Parameters
    ----------
    timings : list of Timing
    about : dict of str to str
        Remarks; device, software and date are kept in a profile.

    Returns
    -------
    str
        Remarks with the number of timings, a header, a row each.
    """
    remarks = about | {"timings": str(len(timings))}
    lines = [f"# {key}: {' '.join(words.split())}" for key, words in remarks.items()]
    lines.append(",".join(COLUMNS))
    for timing in timings:
        part = ("training" if timing.training else "forward") if timing.kind == "attention" else ""
        row: dict[str, object] = {**timing.sizes, "kind": timing.kind, "precision": timing.precision, "pass": part}
        row["time_s"] = f"{timing.time_s:.6g}"
        lines.append(",".join(str(row.get(column, "")) for column in COLUMNS))
    return "\n".join(lines) + "\n"
