"""The tenant that used least of its share lately goes first; within a tenant, first come, first served.

Use fades with a half-life, as in Slurm's multifactor priority plug-in (PriorityDecayHalfLife, 7 days by default).
"""

from __future__ import annotations

import math

from gigawatt.engines.fleet.kernel.jit import compiled
from gigawatt.engines.fleet.kernel.layout import World

HALF_LIFE_S = 7.0 * 86400.0  # of what a tenant used [s]; Slurm's default


@compiled
def bill(w: World, tenant: int) -> None:
    """Book what a tenant used since the last change of what it holds."""
    t, now = w.tenants[tenant], w.clock[0].now
    past_s = now - t.mark_s
    if past_s > 0.0:
        fade = 0.5 ** (past_s / HALF_LIFE_S)
        # what is held all along fades while it accrues
        t.used_gpu_s = t.used_gpu_s * fade + t.held * (1.0 - fade) * HALF_LIFE_S / math.log(2.0)
        t.mark_s = now


@compiled
def share(w: World, tenant: int) -> float:
    """Return faded use over quota; without quotas all shares are equal."""
    bill(w, tenant)
    t = w.tenants[tenant]
    return t.used_gpu_s / t.quota if t.quota > 0 else t.used_gpu_s
