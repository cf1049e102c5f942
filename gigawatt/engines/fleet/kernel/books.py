"""Where each accelerator's time goes, hour by hour and in all, and what power it draws."""

from __future__ import annotations

from gigawatt.engines.fleet.kernel.jit import compiled
from gigawatt.engines.fleet.kernel.layout import (
    DRAINING,
    FRAGMENTED,
    IDLE,
    LEDGER_COUNT,
    MAINTAINED,
    OUT,
    SPARE,
    World,
)


@compiled
def power_mw(w: World, p: int) -> int:
    """Return what a partition draws: free accelerators at idle, held ones as their jobs say, others nothing."""
    a = w.partitions[p]
    return (a.free_nodes * a.gpus + a.shared_free + a.drain) * a.idle_mw + a.jobs_mw


@compiled
def accrue(w: World, p: int) -> None:
    """Book the time since the last change of a partition's counts; call it before changing one."""
    a = w.partitions[p]
    past_s = w.clock[0].now - a.mark_s
    if past_s <= 0.0:
        return
    a.mark_s = w.clock[0].now
    free = a.free_nodes * a.gpus + a.shared_free
    spare = min(a.free_nodes, a.spare_nodes) * a.gpus
    reserved = min(a.reserved_gpus, free - spare)
    row = w.ledger[p]
    row[SPARE] += spare * past_s
    row[DRAINING] += (a.drain + reserved) * past_s
    row[FRAGMENTED if a.waiting > 0 else IDLE] += (free - spare - reserved) * past_s
    row[OUT] += a.down * past_s
    row[MAINTAINED] += a.serviced * past_s
    a.held_gpu_s += a.held * past_s
    a.idle_gpu_s += (free + a.drain) * past_s
    a.down_gpu_s += (a.down + a.serviced) * past_s
    a.capacity_gpu_s += a.online * past_s
    a.energy_mj += power_mw(w, p) * past_s


@compiled
def weigh(w: World) -> int:
    """Read what each site draws; return what all do."""
    total_mw = 0
    for s in range(w.sites.size):
        w.sites[s].power_mw = w.sites[s].starting_mw = 0
    for p in range(w.partitions.size):
        drawn_mw = power_mw(w, p)
        w.sites[w.partitions[p].site].power_mw += drawn_mw
        total_mw += drawn_mw
    return total_mw


@compiled
def meter(w: World) -> None:
    """Read the power of the fleet after an event and its response."""
    c = w.clock[0]
    total_mw = weigh(w)
    step_mw = abs(total_mw - c.power_mw)
    c.power_mw = total_mw
    if c.metered == 0:
        c.metered = 1
        step_mw = 0
    c.ramp_max_mw = max(c.ramp_max_mw, step_mw)
    c.power_max_mw = max(c.power_max_mw, total_mw)


@compiled
def wait_changed(w: World, p: int, jobs: int, gpus: int) -> None:
    """Count jobs that come into the queue or leave it; `p` below 0 means that they may run anywhere."""
    c = w.clock[0]
    c.waiting_gpu_s += c.waiting_gpus * (c.now - c.waiting_mark)
    c.waiting_mark = c.now
    c.waiting += jobs
    c.waiting_gpus += gpus
    for other in range(w.partitions.size):
        if p < 0 or other == p:
            accrue(w, other)
            w.partitions[other].waiting += jobs


@compiled
def note_stop(w: World, slot: int, cause: int, node: int) -> None:
    """Count and log that something stops a job; the loop sees to it that there is room."""
    c = w.clock[0]
    w.components[cause].stops += 1
    line = w.stops[c.stop_count]
    line.time_s, line.job, line.cause, line.node = c.now, w.live[slot].job, cause, node
    c.stop_count += 1


@compiled
def close_hour(w: World, length_s: float) -> None:
    """Write the means of the hour that ends now."""
    c = w.clock[0]
    wait_changed(w, 0, 0, 0)
    w.waiting_gpus[c.hour] = c.waiting_gpu_s / length_s
    c.waiting_gpu_s = 0.0
    for p in range(w.partitions.size):
        accrue(w, p)
        a, out = w.partitions[p], w.hourly[c.hour, p]
        out.held, out.idle, out.down = a.held_gpu_s / length_s, a.idle_gpu_s / length_s, a.down_gpu_s / length_s
        out.energy_mj = a.energy_mj
        a.total_mj += a.energy_mj
        a.held_gpu_s = a.idle_gpu_s = a.down_gpu_s = a.energy_mj = 0.0
    c.hour += 1
    c.hour_start_s = c.now


@compiled
def clear(w: World) -> None:
    """Forget what was booked so far: the end of the warm-up."""
    c = w.clock[0]
    for p in range(w.partitions.size):
        accrue(w, p)
        a = w.partitions[p]
        a.capacity_gpu_s = 0.0
        a.total_mj = -a.energy_mj  # of the hour that has begun
        for state in range(LEDGER_COUNT):
            w.ledger[p, state] = 0.0
    for b in range(w.components.size):
        w.components[b].failures = 0
        w.components[b].stops = 0
    c.warm_failures, c.warm_stops = c.log_count, c.stop_count
    c.asked_gpu_s = 0.0
    c.power_max_mw = 0
    c.ramp_max_mw = 0
    c.metered = 0
