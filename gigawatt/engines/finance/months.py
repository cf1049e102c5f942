"""From month to month: what a level changes by, what twelve months come to. Shape letter: T months."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gigawatt.units import MONTHS_PER_YEAR

Floats = NDArray[np.float64]


def changes(level_T: Floats) -> Floats:
    """Return what a level that starts at zero changes by in each month: the inverse of a running sum.

    Parameters
    ----------
    level_T : Floats
        At the end of each month; months along the last axis.

    Returns
    -------
    Floats
        Same shape.

    Examples
    --------
    >>> changes(np.array([2.0, 5.0, 4.0]))
    array([ 2.,  3., -1.])
    """
    change_T = level_T.copy()
    change_T[..., 1:] -= level_T[..., :-1]
    return change_T


def last_twelve_months(flow_T: Floats) -> Floats:
    """Sum each month and the eleven before it; NaN in the first eleven.

    Parameters
    ----------
    flow_T : Floats
        By month.

    Returns
    -------
    Floats
        Shape (T,).

    Examples
    --------
    >>> last_twelve_months(np.ones(13))[10:]
    array([nan, 12., 12.])
    """
    span = int(MONTHS_PER_YEAR)
    found_T = np.full(flow_T.size, np.nan)
    if flow_T.size >= span:
        found_T[span - 1 :] = np.convolve(flow_T, np.ones(span), mode="valid")
    return found_T
