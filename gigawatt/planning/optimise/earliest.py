"""The earliest period by whose end a training run can be done, by halving. K kinds, P periods."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.buildout.optimise import Goal, OptimiseInputs, evaluate, optimise

Floats = NDArray[np.float64]
COUNT_FACTORS = (1.0, 2.0, 4.0, 8.0)  # accelerators over the scenario's on which a run is looked at
DONE_FRAC = 1.0 - 1e-6  # share of the need at which it counts as done, for the solver's rounding


def earliest(inputs: OptimiseInputs, run: int, time_limit_s: float, ordered_KP: Floats | None = None) -> int | None:
    """Return the number of periods after which a run can be done.

    Parameters
    ----------
    inputs : OptimiseInputs
    run : int
        Its place.
    time_limit_s : float
        Of each search.
    ordered_KP : Floats, optional
        Orders that are given; the best ones where not.

    Returns
    -------
    int or None
        None where it cannot be done within the plan.

    Notes
    -----
    What can be done of a run grows with the time it has, so halving finds the first period; for the one before it the
    programme proves that less than the whole is possible.
    """
    need = inputs.runs[run].need_frac * DONE_FRAC

    def done(until: int) -> bool:
        goal = Goal("work", until=until, run=run)
        if ordered_KP is not None:
            found = evaluate(inputs, goal, ordered_KP)
        else:
            found = optimise(inputs, goal, time_limit_s=time_limit_s)
        return found.choice is not None and found.value >= need

    first, last = 1, inputs.months_P.size
    if not done(last):
        return None
    while first < last:
        middle = (first + last) // 2
        if done(middle):
            last = middle
        else:
            first = middle + 1
    return first
