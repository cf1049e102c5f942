"""Run a fleet: build the state, let the kernel advance it, read the result."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from gigawatt.engines.fleet.calendar import enter
from gigawatt.engines.fleet.checks import require_valid
from gigawatt.engines.fleet.invariants import largest_gap
from gigawatt.engines.fleet.kernel import layout as at
from gigawatt.engines.fleet.policies.written import HOOKS
from gigawatt.engines.fleet.results import STATES, FleetResult
from gigawatt.engines.fleet.simulation import Simulation
from gigawatt.engines.fleet.state import first_state
from gigawatt.errors import EngineError

BUDGET_EVENTS = 1 << 62  # of one call when nothing is checked in between
CHECK_EVENTS = 64  # between two checks of the whole state
GROWTH = 2  # a full array becomes so many times as long
LARGEST_GAP_FRAC = 1e-9  # of capacity, between capacity and ledger


def _readable(world: at.World) -> at.World:
    """Return views whose records have attributes for Python, too."""
    return at.World._make(array.view(np.recarray) if array.dtype.names else array for array in world)


@cache
def _kernel() -> Callable[[at.World, int], int]:
    """Compile the kernel, or load it from disk if none of its sources has changed."""
    from gigawatt.engines.fleet.kernel.entry import cached_advance
    from gigawatt.engines.fleet.kernel.jit import FROM_PARTS, INTERPRETED
    from gigawatt.engines.fleet.kernel.loop import advance

    if INTERPRETED:
        return lambda world, budget: advance(_readable(world), budget)
    here = Path(__file__).parent
    rooms = (here / "kernel", here / "policies", here.parent / "policy")
    sources = sorted(path for room in rooms for path in room.glob("*.py"))
    return cached_advance(zlib.crc32(b"".join(path.read_bytes() for path in sources), int(FROM_PARTS)))


def _grown(array: at.Records, ahead: int = 0) -> at.Records:
    """Return a longer copy of an array of records."""
    longer = at.zeroed(GROWTH * len(array), array.dtype, ahead)
    longer[: len(array)] = array
    return longer


def _advance(world: at.World, budget: int) -> tuple[at.World, bool]:
    """Advance by a number of events, with longer arrays as they fill; say whether the end is reached."""
    while True:
        why = _kernel()(world, budget)
        if why == at.NEEDS_HEAP:
            world = world._replace(heap=_grown(world.heap, 1))
        elif why == at.NEEDS_CHUNKS:
            chunks, later = _grown(world.chunks), _grown(world.later)
            world = world._replace(chunks=chunks, later=later)
        elif why == at.NEEDS_LOG:
            world = world._replace(log=_grown(world.log))
        elif why == at.NEEDS_STOPS:
            world = world._replace(stops=_grown(world.stops))
        elif why == at.NEEDS_SLOTS:
            world = world._replace(live=_grown(world.live))
        else:
            return world, why == at.FINISHED


def _ledger(world: at.World, names: list[str]) -> tuple[float, dict[str, np.ndarray], float]:
    """Return capacity, the ledger by state and partition, and the gap between them."""
    capacity_P = world.partitions["capacity_gpu_s"]
    by_state = {state: world.ledger[:, index].copy() for index, state in enumerate(STATES)}
    total_P = sum(by_state.values())
    scale = max(float(capacity_P.sum()), 1.0)
    gap = float(np.abs(total_P - capacity_P).max()) / scale
    if gap > LARGEST_GAP_FRAC:
        message = f"fleet: the ledger misses capacity by {gap:.2e} of it; partitions {names}: {total_P - capacity_P}"
        raise EngineError(message)
    return float(capacity_P.sum()), by_state, gap


def _result(sim: Simulation, world: at.World, check_gap: float) -> FleetResult:
    """Read the result out of the last state."""
    c = world.clock[0]
    capacity, ledger_P, gap = _ledger(world, [part.name for part in sim.partitions])
    hours = int(c["hour"])
    log, stops = world.log[: int(c["log_count"])], world.stops[: int(c["stop_count"])]
    out = world.outcome
    components = len(sim.hazards.components)
    hour_s = np.full(hours, at.HOUR_S)
    if hours:
        hour_s[-1] = sim.duration_s - (hours - 1) * at.HOUR_S
    hourly = world.hourly[:hours]
    written = {hook: row for hook, row in zip(HOOKS, world.programs, strict=True) if row["on"]}
    return FleetResult(
        events_count=int(c["events"]),
        capacity_gpu_s=capacity,
        ledger_gpu_s={state: float(row.sum()) for state, row in ledger_P.items()},
        ledger_gpu_s_P=ledger_P,
        start_s_N=out["start_s"],
        end_s_N=out["end_s"],
        wait_s_N=out["wait_s"],
        held_s_N=out["held_s"],
        useful_s_N=out["useful_s"],
        interruptions_N=out["stops"].astype(np.int64),
        state_N=out["state"].astype(np.int64),
        stops_B=world.components["stops"].copy(),
        failures_B=world.components["failures"][:components].copy(),
        failure_s_F=log["time_s"].copy(),
        failure_node_F=log["node"].astype(np.int64),
        failure_component_F=log["component"].astype(np.int64),
        failure_job_F=log["job"].astype(np.int64),
        stop_s_S=stops["time_s"].copy(),
        stop_job_S=stops["job"].astype(np.int64),
        stop_cause_S=stops["cause"].astype(np.int64),
        stop_node_S=stops["node"].astype(np.int64),
        warm_failures_count=int(c["warm_failures"]),
        warm_stops_count=int(c["warm_stops"]),
        busy_gpus_H=hourly["held"].sum(axis=1),
        idle_gpus_H=hourly["idle"].sum(axis=1),
        down_gpus_H=hourly["down"].sum(axis=1),
        waiting_gpus_H=world.waiting_gpus[:hours].copy(),
        power_w_PH=(hourly["energy_mj"] / at.MILLI / hour_s[:, None]).T.copy(),
        energy_j=float(world.partitions["total_mj"].sum()) / at.MILLI,
        power_max_w=float(c["power_max_mw"]) / at.MILLI,
        ramp_max_w=float(c["ramp_max_mw"]) / at.MILLI,
        work_asked_s=float(c["asked_gpu_s"]),
        residual_frac=max(gap, check_gap),
        written_calls={hook: int(row["calls"]) for hook, row in written.items()},
        written_faults={hook: int(world.stacks[index, 0]) for index, hook in enumerate(HOOKS) if hook in written},
    )


def run(sim: Simulation, check: bool) -> FleetResult:
    """Simulate; see `gigawatt.engines.fleet.simulate`."""
    require_valid(sim)
    world = enter(sim, first_state(sim))
    done, gap = False, 0.0
    while not done:
        world, done = _advance(world, CHECK_EVENTS if check else BUDGET_EVENTS)
        if check:
            gap = max(gap, largest_gap(sim, world))
    return _result(sim, world, gap)
