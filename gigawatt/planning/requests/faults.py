"""What can be wrong with the requests of a trace, found in arrays."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from gigawatt.planning.traces.faults import EARLIEST_S, LATEST_S, RELATIVE_S, Wrong

Floats = NDArray[np.float64]

MOST_TOKENS = 100_000_000  # of one prompt or answer: ten times the longest context that is sold


def find(parts: Mapping[str, Floats], blocks_are_lists_N: NDArray[np.bool_] | None, ordered: bool) -> list[Wrong]:
    """Return every kind of fault that the requests have.

    Parameters
    ----------
    parts : mapping of str to Floats
        "arrival", "input", "output"; NaN where a row has no number.
    blocks_are_lists_N : array of bool, optional
        Whether each row's prefix blocks could be read; None where there are none.
    ordered : bool
        Whether rows must come in order of arrival.

    Returns
    -------
    list of Wrong
    """
    arrival = parts["arrival"]
    found = [
        Wrong(part, ~np.isfinite(parts[part]), f"no {name}", f"is missing or no {name}")
        for part, name in (("arrival", "time"), ("input", "number of tokens"), ("output", "number of tokens"))
    ]
    finite = np.isfinite(arrival)
    if finite.any() and np.median(arrival[finite]) > RELATIVE_S:
        outside = (arrival < EARLIEST_S) | (arrival > LATEST_S)
        remedy = "Give seconds since 1970 or a date; milliseconds are column arrival_ms."
        found.append(Wrong("arrival", outside, "arrived outside 1990 to 2100", "is outside 1990 to 2100", remedy))
    else:
        found.append(Wrong("arrival", arrival < 0.0, "arrived before the start", "is before the start of the trace"))
    for part, what, verb in (("input", "prompt", "read"), ("output", "answer", "written")):
        tokens = parts[part]
        found += [
            Wrong(part, tokens < 0.0, f"{what} of negative tokens", "is negative"),
            Wrong(part, (tokens >= 0.0) & (tokens < 1.0), f"{what} of no token", f"is no token {verb}"),
            Wrong(part, tokens > MOST_TOKENS, f"{what} too long", f"is more than {MOST_TOKENS:,} tokens"),
        ]
    if blocks_are_lists_N is not None:
        problem = "is no list of whole numbers"
        found.append(Wrong("blocks", ~blocks_are_lists_N, "blocks that are no list", problem))
    if ordered and len(arrival):
        with np.errstate(invalid="ignore"):
            highest = np.fmax.accumulate(arrival)
            late = np.zeros(len(arrival), dtype=bool)
            late[1:] = arrival[1:] < highest[:-1]
        found.append(Wrong("arrival", late, "out of order", "is before the row above it", "Sort by arrival."))
    return [item for item in found if item.rows_N.any()]
