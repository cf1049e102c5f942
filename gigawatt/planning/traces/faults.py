"""What can be wrong with the jobs of a trace, found in arrays, said with file, row, field and remedy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gigawatt.errors import InputError
from gigawatt.planning.traces.source import Source

Floats = NDArray[np.float64]

MOST_GPUS = 2_000_000  # of one job: more than the largest fleet planned
LONGEST_S = 10.0 * 365.25 * 86400.0
RELATIVE_S = 20.0 * 365.25 * 86400.0  # times below are counted from the start of the trace
EARLIEST_S, LATEST_S = 631152000.0, 4102444800.0  # 1990 and 2100: no cluster of accelerators ran before


@dataclass(frozen=True, slots=True)
class Wrong:
    """One kind of fault: which part of a job it is in, its rows, what is wrong, what to do."""

    part: str
    rows_N: NDArray[np.bool_]
    label: str
    problem: str
    remedy: str = ""


def find(parts: Mapping[str, Floats], ordered: bool) -> list[Wrong]:
    """Return every kind of fault that the jobs have.

    Parameters
    ----------
    parts : mapping of str to Floats
        "submit", "duration", "gpus", "wait"; NaN where a row has no number.
    ordered : bool
        Whether rows must come in order of submission.

    Returns
    -------
    list of Wrong
    """
    submit, duration, gpus, wait = (parts[name] for name in ("submit", "duration", "gpus", "wait"))
    absolute = bool(np.nanmedian(submit) > RELATIVE_S) if np.isfinite(submit).any() else False
    found = [
        Wrong(part, ~np.isfinite(parts[part]), f"no {name}", f"is missing or no {name}")
        for part, name in (("submit", "time"), ("duration", "duration"), ("gpus", "number of accelerators"))
    ]
    if absolute:
        remedy = "Give seconds since 1970 or a date; a missing time is often written as 0, milliseconds as seconds."
        outside = (submit < EARLIEST_S) | (submit > LATEST_S)
        found.append(Wrong("submit", outside, "submitted outside 1990 to 2100", "is outside 1990 to 2100", remedy))
    else:
        found.append(Wrong("submit", submit < 0.0, "submitted before the start", "is before the start of the trace"))
    found += [
        Wrong("duration", duration < 0.0, "negative duration", "is negative", "Start and end may be swapped."),
        Wrong(
            "duration", duration > LONGEST_S, "longer than ten years", "is longer than ten years", "In milliseconds?"
        ),
        Wrong("gpus", gpus < 0.0, "negative accelerators", "is negative"),
        Wrong("gpus", gpus > MOST_GPUS, "too many accelerators", f"is more than {MOST_GPUS:,} accelerators"),
        Wrong("wait", wait < 0.0, "started before it was submitted", "is before its submission"),
    ]
    if ordered and len(submit):
        with np.errstate(invalid="ignore"):
            highest = np.fmax.accumulate(submit)
            late = np.zeros(len(submit), dtype=bool)
            late[1:] = submit[1:] < highest[:-1]
        found.append(Wrong("submit", late, "out of order", "is before the row above it", "Sort by submission."))
    return [item for item in found if item.rows_N.any()]


def error_of(
    source: Source,
    found: list[Wrong],
    row_N: NDArray[np.int64],
    fields: Mapping[str, str],
    raw: str,
    cleaning: str = "clean=True",
) -> InputError:
    """Return one error for the first faulty row, with how many rows are faulty in all.

    Parameters
    ----------
    source : Source
    found : list of Wrong
        At least one.
    row_N : array
        Row of each job in the file, from 1.
    fields : mapping of str to str
        What the file calls the parts.
    raw : str
        What the file has in that place.
    cleaning : str
        What leaves faulty rows out.

    Returns
    -------
    InputError
    """
    first = first_of(found)
    place = source.place(int(row_N[int(np.argmax(first.rows_N))]))
    faulty = int(np.logical_or.reduce([item.rows_N for item in found]).sum())
    shown = f'"{raw}" ' if raw else ""
    cut = "A line that is cut off or no JSON object looks so." if source.container == "json" and not raw else ""
    lines = [f"{place}: {fields.get(first.part, first.part)}: {shown}{first.problem}. {first.remedy}{cut}".rstrip()]
    if faulty > 1:
        kinds = ", ".join(f"{int(item.rows_N.sum()):,} {item.label}" for item in found)
        lines.append(
            f"{source.path}: {faulty:,} rows have faults: {kinds}; {cleaning} leaves them out and counts them."
        )
    else:
        lines.append(f"{source.path}: {cleaning} leaves the row out.")
    return InputError("\n".join(lines))


def leave_out(found: Sequence[Wrong], rows_count: int, left_out: dict[str, int]) -> NDArray[np.bool_]:
    """Return which rows are right, and add those that are not to the counts; a row counts once, under its first fault.

    Parameters
    ----------
    found : sequence of Wrong
    rows_count : int
    left_out : dict of str to int
        Rows by what they are.

    Returns
    -------
    array of bool
    """
    kept_N = np.ones(rows_count, dtype=bool)
    for item in found:
        fresh = int((item.rows_N & kept_N).sum())
        left_out |= {item.label: fresh} if fresh else {}
        kept_N &= ~item.rows_N
    return kept_N


def first_of(found: list[Wrong]) -> Wrong:
    """Return the fault that comes first in the file."""
    return min(found, key=lambda item: int(np.argmax(item.rows_N)))
