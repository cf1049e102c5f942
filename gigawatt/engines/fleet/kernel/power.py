"""Limits of a site's power: jobs run slower, or some of them go."""

from __future__ import annotations

import numpy as np

from gigawatt.engines.fleet.kernel.books import weigh
from gigawatt.engines.fleet.kernel.eviction import preempt
from gigawatt.engines.fleet.kernel.jit import compiled
from gigawatt.engines.fleet.kernel.layout import MILLI, NEVER, RUNNING, World
from gigawatt.engines.fleet.kernel.progress import plan_next, refresh, settle

STEPS_COUNT = 100  # speed is throttled in steps of a hundredth
ALL_PRIORITIES = 2**30


@compiled
def _set_throttle(w: World, site: int, throttle: float) -> None:
    """Run all jobs of a site at a speed."""
    w.sites[site].throttle = throttle
    for p in range(w.partitions.size):
        a = w.partitions[p]
        if a.site != site:
            continue
        for cls in range(w.classes.size):
            slot = w.chains[p, cls, 0]
            while slot >= 0:
                settle(w, slot)
                slot = w.live[slot].nxt
        a.throttle = throttle
        for cls in range(w.classes.size):
            slot = w.chains[p, cls, 0]
            while slot >= 0:
                refresh(w, slot)
                if w.live[slot].status == RUNNING:
                    plan_next(w, slot)
                slot = w.live[slot].nxt


@compiled
def _floor_mw(w: World, site: int) -> float:
    """Return what a site draws with its jobs at no speed: idle power of what is held or free."""
    total = 0.0
    for p in range(w.partitions.size):
        a = w.partitions[p]
        if a.site == site:
            total += (a.free_nodes * a.gpus + a.shared_free + a.drain + a.held) * float(a.idle_mw)
    return total


@compiled
def throttle(w: World, site: int, loosen: bool) -> None:
    """Slow the jobs of a site that draws more than its limit; speed them up again only when asked."""
    s = w.sites[site]
    limit_mw = s.limit_w * MILLI
    if s.power_mw <= limit_mw and (s.throttle == 1.0 or not loosen):
        return
    floor_mw = _floor_mw(w, site)
    full_mw = max((s.power_mw - floor_mw) / max(s.throttle, 1.0 / STEPS_COUNT), 1.0)
    share = (limit_mw - floor_mw) / full_mw
    step = max(min(np.floor(share * STEPS_COUNT) / STEPS_COUNT, 1.0), 0.0) if limit_mw < NEVER else 1.0
    if step < s.throttle or (loosen and step > s.throttle):
        _set_throttle(w, site, step)


@compiled
def _shed(w: World, site: int) -> None:
    """Ask jobs of the lowest priority to leave until the site is under its limit."""
    s = w.sites[site]
    over_mw = s.power_mw - s.limit_w * MILLI
    for p in range(w.partitions.size):
        a = w.partitions[p]
        if a.site != site or over_mw <= 0.0 or a.held == 0:
            continue
        each_mw = max(a.jobs_mw / a.held - a.idle_mw, 1.0)
        over_mw -= a.coming * each_mw
        if over_mw > 0.0:
            preempt(w, p, ALL_PRIORITIES, a.coming + int(over_mw / each_mw) + 1, True)
            over_mw -= min(over_mw, a.held * each_mw)


@compiled
def hold_limits(w: World, loosen: bool) -> None:
    """Bring every site under its limit, as the rules say."""
    for site in range(w.sites.size):
        if w.clock[0].throttles:
            throttle(w, site, loosen)
            s, tries = w.sites[site], 0
            while s.power_mw > s.limit_w * MILLI and s.throttle > 0.0 and tries < STEPS_COUNT:
                weigh(w)
                throttle(w, site, False)  # jobs that restart draw what they draw: the others slow down once more
                tries += 1
        elif w.sites[site].power_mw > w.sites[site].limit_w * MILLI:
            _shed(w, site)
