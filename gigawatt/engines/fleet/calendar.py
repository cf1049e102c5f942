"""The calendar of a run, known before it starts: hours, builds, maintenance, limits, the first failures."""

from __future__ import annotations

import numpy as np

from gigawatt.engines.fleet.kernel import layout as at
from gigawatt.engines.fleet.simulation import Partition, Simulation

Entry = tuple[float, int, int, int, int]  # time, kind, id, epoch, extra


def _maintenance(sim: Simulation, world: at.World, index: int, entries: list[Entry]) -> None:
    """Enter the rounds over the pods of a partition."""
    plan, a = sim.maintenance, world.partitions[index]
    round_s = plan.interval_s
    while round_s < sim.duration_s:
        for pod in range(int(a["pods"])):
            start_s = round_s + pod // plan.pods_at_once_count * plan.duration_s
            cell = int(a["first_pod"]) + pod
            entries.append((max(start_s - plan.notice_s, 0.0), at.NOTICE, cell, 0, int(plan.notice_s)))
            entries.append((start_s, at.SERVICE, cell, 0, 0))
            entries.append((start_s + plan.duration_s, at.SERVICE_END, cell, 0, 0))
        round_s += plan.interval_s


def _steps(part: Partition) -> tuple[tuple[float, int], ...]:
    """Return when how many nodes of a partition are online."""
    return tuple(zip(part.online_s, part.online_nodes or (part.nodes_count,), strict=True))


def _write(entries: list[Entry], world: at.World) -> at.World:
    """Return the state with the entries in its heap: in order of time they are one."""
    entries.sort(key=lambda entry: entry[0])  # stable: what was entered first comes first
    count = len(entries)
    heap = at.zeroed(len(world.heap) + count, at.EVENT, 1)
    for name, values in zip(("time_s", "kind", "id", "epoch", "extra"), zip(*entries, strict=True), strict=True):
        heap[name][:count] = values
    heap["sequence"][:count] = np.arange(count)
    world.clock["heap_count"] = world.clock["sequence"] = count
    return world._replace(heap=heap)


def enter(sim: Simulation, world: at.World) -> at.World:
    """Return the state with what is known ahead in its heap; nodes come online by events at time 0."""
    entries: list[Entry] = []
    number = 0
    for index, part in enumerate(sim.partitions):
        for time_s, nodes in _steps(part):
            step = world.steps[number]
            step["partition"], step["nodes"], step["time_s"] = index, nodes, time_s
            entries.append((time_s, at.ONLINE, number, 0, 0))
            number += 1
        if any(b.infant_factor != 1.0 or b.worn_s > 0.0 for b in sim.hazards.components):
            entries.append((at.UPDATE_S, at.STREAM_UPDATE, index, 0, 0))
        if sim.maintenance.interval_s > 0.0:
            _maintenance(sim, world, index, entries)
    sites = sorted({part.site for part in sim.partitions})
    for index, limit in enumerate(sim.power_limits):
        row = world.limits[index]
        row["site"], row["limit_w"] = sites.index(limit.site), limit.limit_w
        entries.append((limit.start_s, at.POWER_LIMIT, index, 0, 0))
    entries.append((0.0, at.HOUR, 0, 0, 0))
    if sim.warm_up_s > 0.0:
        entries.append((sim.warm_up_s, at.WARM, 0, 0, 0))
    _pools(sim, world)
    return _write([entry for entry in entries if entry[0] <= sim.duration_s], world)


def _pools(sim: Simulation, world: at.World) -> None:
    """Give each serving pool a slot; its nodes come with the first hour."""
    first = 0
    for index, pool in enumerate(sim.pools):
        row, live = world.pools[index], world.live[index]
        row["slot"], row["partition"], row["cls"] = index, pool.partition_index, pool.class_index
        row["first"], row["count"] = first, len(pool.gpus_by_hour)
        first += len(pool.gpus_by_hour)
        live["job"] = live["head"] = live["prv"] = live["nxt"] = live["bin"] = at.NONE
        live["cls"], live["tenant"] = pool.class_index, world.tenants.size - 1
        live["where"] = live["partition"] = pool.partition_index
        live["status"], live["whole"], live["work_s"] = at.POOLED, 1, -1.0
        live["interval_s"] = live["leave_s"] = live["spoilt_s"] = at.NEVER
    world.clock[0]["slots_used"] = len(sim.pools)
