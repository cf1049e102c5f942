"""Sparklines of block characters, for a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float]) -> str:
    """Write a series as block characters, from its lowest or zero to its highest.

    Parameters
    ----------
    values : sequence of float
        Any unit; what is not finite becomes a blank.

    Returns
    -------
    str
        One character a value.

    Examples
    --------
    >>> sparkline([0, 1, 2, 3, 4, 5, 6, 7])
    '▁▂▃▄▅▆▇█'
    """
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return " " * len(values)
    low, high = min(0.0, *finite), max(0.0, *finite)
    top = len(BLOCKS) - 1
    return "".join(
        BLOCKS[round((value - low) / ((high - low) or 1.0) * top)] if math.isfinite(value) else " " for value in values
    )
