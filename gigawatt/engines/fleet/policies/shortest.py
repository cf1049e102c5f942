"""Shortest stated running time first: the best mean wait where times are known, at the cost of long jobs."""

from __future__ import annotations

from gigawatt.engines.fleet.kernel.jit import compiled
from gigawatt.engines.fleet.kernel.layout import World


@compiled
def key(w: World, slot: int) -> float:
    """Return the running time that the user states."""
    return w.live[slot].work_s * w.clock[0].estimate
