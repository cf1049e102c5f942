"""First come, first served: strict, so that a large job is never passed."""

from __future__ import annotations

from gigawatt.engines.fleet.kernel.jit import compiled
from gigawatt.engines.fleet.kernel.layout import World


@compiled
def key(w: World, slot: int) -> float:
    """Return the time of submission."""
    return w.submit_s[w.live[slot].job]
