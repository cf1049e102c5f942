"""Fewest accelerators first: needs no running times, and starves large jobs under load."""

from __future__ import annotations

from gigawatt.engines.fleet.kernel.jit import compiled
from gigawatt.engines.fleet.kernel.layout import World


@compiled
def key(w: World, slot: int) -> float:
    """Return the accelerators."""
    return float(w.live[slot].asked)
