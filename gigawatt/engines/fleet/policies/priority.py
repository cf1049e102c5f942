"""Classes of higher priority first; within a class, first come, first served."""

from __future__ import annotations

from gigawatt.engines.fleet.kernel.jit import compiled
from gigawatt.engines.fleet.kernel.layout import World

CLASS_STEP_S = 2.0**32  # longer than any simulation, so that no wait outweighs a class [s]


@compiled
def key(w: World, slot: int) -> float:
    """Return the time of submission, less a constant for each step of priority."""
    job = w.live[slot]
    return w.submit_s[job.job] - CLASS_STEP_S * w.classes[job.cls].priority
