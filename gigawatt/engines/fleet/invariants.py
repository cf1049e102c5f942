"""What must hold in every state of a run; looked at only when asked, for it takes far longer than the run."""

from __future__ import annotations

import numpy as np

from gigawatt.engines.fleet.kernel import layout as at
from gigawatt.engines.fleet.simulation import Simulation
from gigawatt.errors import EngineError


def _fail(what: str, world: at.World) -> None:
    """Raise the error for a broken invariant."""
    message = f"fleet: {what} after {int(world.clock[0]['events'])} events, at {float(world.clock[0]['now'])} s"
    raise EngineError(message)


def _chain(world: at.World, slot: int) -> list[int]:
    """Return the nodes in the list of a job."""
    nodes: list[int] = []
    node = int(world.live[slot]["head"])
    while node >= 0 and len(nodes) <= len(world.nodes):
        nodes.append(node)
        node = int(world.nodes[node]["nxt"])
    return nodes


def _check_jobs(world: at.World) -> None:
    """Every node is in at most one job, and jobs hold what they say."""
    owner = np.full(len(world.nodes), at.NONE)
    shares = np.zeros(len(world.nodes), np.int64)
    for slot in range(int(world.clock[0]["slots_used"])):
        job = world.live[slot]
        if job["held"] == 0:
            continue
        if not job["whole"]:
            shares[job["head"]] += job["asked"]
            continue
        nodes = _chain(world, slot)
        gpus = int(world.partitions[job["where"]]["gpus"])
        if len(nodes) != job["nodes"] or len(nodes) * gpus != job["held"]:
            _fail(f"slot {slot} holds {len(nodes)} nodes and says {job['nodes']}", world)
        if (owner[nodes] >= 0).any():
            _fail(f"slot {slot} holds a node of another job", world)
        owner[nodes] = slot
    whole = world.nodes["state"] == at.WHOLE
    if not np.array_equal(owner >= 0, whole) or not np.array_equal(owner[whole], world.nodes["job"][whole]):
        _fail("nodes and jobs disagree on who holds what", world)
    shared = world.nodes["state"] == at.SHARED
    if not np.array_equal(shares[shared], world.nodes["used"][shared]) or shares[~shared].any():
        _fail("shared nodes and small jobs disagree on who holds what", world)


def _check_partitions(world: at.World) -> None:
    """Hold the counts of partitions against their nodes, and the lists of free nodes too."""
    for p, a in enumerate(world.partitions):
        nodes = world.nodes[int(a["first"]) : int(a["first"] + a["count"])]
        gpus = int(a["gpus"])
        state = nodes["state"]
        listed = (state == at.FREE) & (nodes["drained"] == 0)
        shared = state == at.SHARED
        open_share = shared & (nodes["drained"] == 0)
        found = {
            "free_nodes": int(listed.sum()),
            "shared_free": int((gpus - nodes["used"][open_share]).sum()),
            "held": int((state == at.WHOLE).sum()) * gpus + int(nodes["used"][shared].sum()),
            "drain": int(((state == at.FREE) & (nodes["drained"] == 1)).sum()) * gpus
            + int((gpus - nodes["used"][shared & (nodes["drained"] == 1)]).sum()),
            "down": int((state == at.DOWN).sum()) * gpus,
            "serviced": int((state == at.SERVICED).sum()) * gpus,
            "online": int((state != at.OFFLINE).sum()) * gpus,
        }
        wrong = {name: (int(a[name]), count) for name, count in found.items() if int(a[name]) != count}
        if wrong:
            _fail(f"partition {p} counts {wrong} (kept, found)", world)
        pods = world.cells[int(a["first_pod"]) : int(a["first_pod"] + a["pods"])]
        if int(pods["free"].sum()) != found["free_nodes"]:
            _fail(f"partition {p}: its pods have {int(pods['free'].sum())} free nodes of {found['free_nodes']}", world)


def _check_queues(world: at.World) -> None:
    """No job is lost: each that came has a slot or an end."""
    c = world.clock[0]
    used = world.live[: int(c["slots_used"])]
    present = int(((used["status"] != at.VACANT) & (used["work_s"] >= 0.0)).sum())
    gone = int((world.outcome["state"][: int(c["arrival"])] != at.STILL_WAITING).sum())
    if int(c["now"] < c["end_s"]) and present + gone != int(c["arrival"]):
        _fail(f"{int(c['arrival'])} jobs came, {present} are there and {gone} are gone", world)
    if int(c["waiting"]) != int((used["status"] == at.QUEUED).sum()) or int(world.queues["count"].sum()) != int(
        c["waiting"]
    ):
        _fail("the queues miscount", world)


def _check_stops(world: at.World) -> None:
    """Every stop and every failure that is counted is in its log, under its cause."""
    c, causes = world.clock[0], len(world.components)
    logged = np.bincount(world.stops["cause"][int(c["warm_stops"]) : int(c["stop_count"])], minlength=causes)
    if not np.array_equal(logged, world.components["stops"]):
        _fail(f"stops by cause are {world.components['stops']}, and {logged} in the log", world)
    failed = np.bincount(world.log["component"][int(c["warm_failures"]) : int(c["log_count"])], minlength=causes)
    if not np.array_equal(failed, world.components["failures"]):
        _fail(f"failures by component are {world.components['failures']}, and {failed} in the log", world)


def largest_gap(sim: Simulation, world: at.World) -> float:
    """Check a state; return the largest relative gap of the balances.

    Raises
    ------
    EngineError
        An invariant is broken.
    """
    _check_jobs(world)
    _check_partitions(world)
    _check_queues(world)
    _check_stops(world)
    done = world.outcome["state"] <= at.CANCELLED
    asked = float((sim.jobs.work_s_N * sim.jobs.gpus_N)[done].sum())
    useful = float((world.outcome["useful_s"] * sim.jobs.gpus_N)[done].sum())
    return abs(useful - asked) / max(asked, 1.0)
