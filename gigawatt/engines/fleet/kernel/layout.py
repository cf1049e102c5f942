"""The state of a run: arrays of records, and the codes in their fields.

A *slot* holds a job while it waits or runs, and is reused afterwards; pools take the first slots. A *cell* is a range of
nodes with a count of free ones: the pods of a partition, and its racks where a rack has more than one node. Lists are linked
through the records by index; -1 ends them. Power is kept in whole milliwatts and counts in whole accelerators, so that sums
never drift. Times are seconds since the start.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Records = NDArray[Any]

NONE = -1
NEVER = np.inf
MILLI = 1000  # milliwatts per watt
BIN_S = 300.0  # width of the bins in which the ends of running jobs are counted for reservations [s]
BINS_COUNT = 8192  # of them: 28 days; later ends share the last
BIN_BLOCK = 64  # bins per coarse sum
HOUR_S = 3600.0
DAY_S = 86400.0
UPDATE_S = 7.0 * DAY_S  # failure streams of ageing nodes are drawn anew so often [s]

# node.state
OFFLINE, FREE, WHOLE, SHARED, DOWN, SERVICED = 0, 1, 2, 3, 4, 5
# live.status
VACANT, QUEUED, RESTARTING, RUNNING, SAVING, POOLED = 0, 1, 2, 3, 4, 5
# what a job does after a saving stop
STAY, LEAVE, GROW = 0, 1, 2
# kinds of events: of jobs, of nodes, of streams, of the calendar
JOB_UP, JOB_END, JOB_FAIL, JOB_STOP, JOB_LEAVE, JOB_SAVED, JOB_REJOIN = 0, 1, 2, 3, 4, 5, 6
NODE_DETECT, NODE_REPAIRED, TECHNICIAN = 7, 8, 9
STREAM, STREAM_UPDATE = 10, 11
HOUR, WARM, ONLINE, NOTICE, SERVICE, SERVICE_END, POWER_LIMIT = 12, 13, 14, 15, 16, 17, 18
# modes, scopes, ends: the order of the public tuples
STALL, REPLICA, ELASTIC = 0, 1, 2
ON_NODE, ON_RACK, ON_POD, ON_ZONE, ON_PARTITION = 0, 1, 2, 3, 4
# results.JOB_ENDS
COMPLETED, FAILED, CANCELLED, STILL_RUNNING, STILL_WAITING, REJECTED = 0, 1, 2, 3, 4, 5
# results.STATES, and one more at the end: work since the last checkpoint, which may still be lost
USEFUL, REWORK, CHECKPOINT, RESTART, SLOW, IDLE, FRAGMENTED, DRAINING, SPARE, OUT, MAINTAINED, UNSAVED = range(12)
LEDGER_COUNT = 12
# random streams
RANDOM_FAILURE, RANDOM_KIND, RANDOM_REPAIR, RANDOM_DETECT, RANDOM_RESTART, RANDOM_JOB, RANDOM_STOP, RANDOM_NODE = range(
    8
)
# placements: the order of `placement.PLACEMENTS`
BEST_FIT, RACK_ALIGNED, SPREAD_OUT = 0, 1, 2
# backfill: none, one reservation, one for each blocked job that is looked at
NO_BACKFILL, EASY, CONSERVATIVE = 0, 1, 2
# what advance() returns
FINISHED, PAUSED, NEEDS_HEAP, NEEDS_LOG, NEEDS_SLOTS = 0, 1, 2, 3, 4


def _record(**fields: str) -> np.dtype[Any]:
    return np.dtype({"names": list(fields), "formats": list(fields.values())}, align=True)


CLOCK = _record(
    now="f8", end_s="f8", hour_end_s="f8", seed="u8", events="i8", sequence="i8", stale="i8", heap_count="i8",
    log_count="i8", arrival="i8", jobs="i8", slot_free="i8", slots_used="i8", waiting="i8", waiting_gpus="i8",
    waiting_gpu_s="f8", waiting_mark="f8", hour="i8", version="i8", technicians="i8", crew_head="i8", crew_tail="i8",
    active="i8", power_mw="i8", power_max_mw="i8", ramp_max_mw="i8", margin="i8", hit="i8", asked_gpu_s="f8",
    policy="i8", placement="i8", depth="i8", backfill="i8", preemption="i8", estimate="f8", quotas="i8", tenants="i8",
    throttles="i8", lemon_count="i8", lemon_window_s="f8", replacement_s="f8", lemon_factor="f8", slow_frac="f8",
    slow_speed="f8", stops_per_s="f8", components="i8", warm_s="f8", admits="i8", strict_pods="i8", ranks="i8", crew="i8", limited="i8", hooks="i8", by_tenant="i8",
    wanting="i8", metered="i8", hour_start_s="f8",
)  # fmt: skip
EVENT = _record(time_s="f8", sequence="i8", id="i4", epoch="i4", kind="i4", extra="i4")
NODE = _record(
    job="i4", prv="i4", nxt="i4", rack="i4", pod="i4", partition="i4", used="i4", fails="i4", epoch="i4", queue="i4",
    component="i4", repairs="i4", state="i1", hidden="i1", slow="i1", lemon="i1", drained="i1", leaving="i1", born_s="f8", mend_s="f8",
)  # fmt: skip
CELL = _record(
    first="i4",
    count="i4",
    free="i4",
    head="i4",
    prv="i4",
    nxt="i4",
    partition="i4",
    drained="i4",
    bucket="i4",
    inner="i4",
    inners="i4",
    serviced="i4",
)
PARTITION = _record(
    first="i4", count="i4", gpus="i4", rack="i4", pod="i4", zone="i4", pods="i4", first_pod="i4", racks="i4",
    first_rack="i4", pod_buckets="i4", rack_buckets="i4", site="i4", free_nodes="i4", spare_nodes="i4", online_nodes="i4",
    most_nodes="i4", reserved_gpus="i4", shared_free="i8", online="i8", held="i8", drain="i8", down="i8", serviced="i8",
    wanting="i4", full_racks="i4", mark_s="f8", idle_mw="i8", jobs_mw="i8", busy_w="f8", idle_w="f8", stalled_w="f8", spare_frac="f8",
    throttle="f8", reserves="i4", reserve_version="i8", reserve_gpus="i8", blocked="i8", version="i8", hazard="f8", waiting="i8", coming="i8", age_s="f8", young_s="f8", ordinary="i4", lemons="i4", weight="f8",
    held_gpu_s="f8", idle_gpu_s="f8", down_gpu_s="f8", energy_mj="f8", capacity_gpu_s="f8", total_mj="f8",
)  # fmt: skip
LIVE = _record(
    job="i4", cls="i4", tenant="i4", asked="i4", partition="i4", wanted="i4", where="i4", nodes="i4", wanted_nodes="i4", head="i4",
    prv="i4", nxt="i4", node_prv="i4", node_nxt="i4", child="i4", sibling="i4", hit_nxt="i4", hits="i4", epoch="i4",
    life="i4", held="i4", hidden="i4", slow="i4", lost="i4", rejoin="i4", missing="i4", binned="i4", coming="i4", stops="i4", draws="i4", bin="i4", pods="i4",
    want_nxt="i4", queue="i4", status="i1", after="i1", hit="i1", wants="i1", whole="i1", started="i1", again="i1", pending="i1", abrupt="i1",
    key="f8", work_s="f8", done_s="f8", fresh_s="f8", phase_s="f8", mark_s="f8", rate="f8", active="f8", spoilt_s="f8",
    interval_s="f8", booked="f8", useful="f8", held_s="f8", wait_s="f8", queued_s="f8", fail_left_s="f8",
    stop_left_s="f8", leave_s="f8", taken_s="f8", first_s="f8", pad="f8", spread="f8", estimate_s="f8", power_mw="i8",
)  # fmt: skip
CLASS = _record(
    mode="i4", priority="i4", replica="i4", training="i4", interval_s="f8", write_s="f8", restart_s="f8", sigma="f8",
    swap_s="f8", fails_per_s="f8", least="f8", after_s="f8", grace_s="f8", spread="f8", load="f8",
)  # fmt: skip
COMPONENT = _record(
    scope="i4", hidden="f8", detect_s="f8", rollback_s="f8", automatic="f8", automatic_s="f8", repair_s="f8", sigma="f8",
    hands_s="f8", infant="f8", infant_s="f8", per_node_s="f8", failures="i8", stops="i8",
)  # fmt: skip
FLOW = _record(partition="i4", component="i4", epoch="i4", draws="i8", top="f8")  # a stream of failures
STEP = _record(partition="i4", nodes="i4", time_s="f8")  # nodes that come online or retire
SITE = _record(limit_w="f8", throttle="f8", power_mw="i8", starting_mw="i8")
LIMIT = _record(site="i4", limit_w="f8", time_s="f8")
QUEUE = _record(root="i4", count="i4", window="i4", place="i4", partition="i4", tenant="i4", seen="i8", halted="i8")
TENANT = _record(held="i8", quota="i8", used_gpu_s="f8", mark_s="f8")
RESERVE = _record(time_s="f8", extra="i8")
OUTCOME = _record(start_s="f8", end_s="f8", wait_s="f8", held_s="f8", useful_s="f8", stops="i4", state="i4")
HOURLY = _record(held="f8", idle="f8", down="f8", energy_mj="f8")
FAILURE = _record(time_s="f8", node="i4", component="i4", job="i4")
POOL = _record(slot="i4", partition="i4", first="i4", count="i4", cls="i4")


class World(NamedTuple):
    """All arrays of a run."""

    clock: Records  # one record
    heap: Records
    nodes: Records
    cells: Records
    buckets: NDArray[np.int32]  # first cell by partition, level and free nodes
    levels: NDArray[np.int32]  # [partition, free accelerators]: first node that is shared and has so many free
    partitions: Records
    sites: Records
    classes: Records
    chains: NDArray[np.int32]  # [partition, class, first or last]: jobs that hold nodes, oldest first
    components: Records
    flows: Records
    lemons: NDArray[np.int32]  # nodes, ordinary ones first, by partition
    lemon_first: NDArray[np.int32]  # by partition: first lemon in `lemons`
    recent: NDArray[np.float64]  # [node, k]: times of the last failures
    live: Records
    queues: Records
    windows: NDArray[np.int32]  # [queue, place]: the first waiting jobs, in order
    active: NDArray[np.int32]  # queues that are not empty
    tenants: Records
    class_order: NDArray[np.int32]  # lowest priority first
    reserves: Records  # [partition, k]: when blocked jobs should start, and what they leave free
    bins: NDArray[np.int64]  # [partition, bin]: accelerators that running jobs are expected to give back
    blocks: NDArray[np.int64]  # the same by blocks of bins
    steps: Records
    limits: Records
    pools: Records
    pool_gpus: NDArray[np.int64]
    ledger: NDArray[np.float64]  # [partition, state]
    hourly: Records  # [hour, partition]
    waiting_gpus: NDArray[np.float64]  # [hour]
    log: Records
    outcome: Records
    submit_s: NDArray[np.float64]
    work_s: NDArray[np.float64]
    gpus: NDArray[np.int64]
    job_class: NDArray[np.int64]
    tenant: NDArray[np.int64]
    wanted: NDArray[np.int64]
    job_end: NDArray[np.int64]


# array: type of its elements, dimensions
FIELDS: dict[str, tuple[Any, int]] = {
    "clock": (CLOCK, 1), "heap": (EVENT, 1), "nodes": (NODE, 1), "cells": (CELL, 1), "buckets": (np.int32, 1),
    "levels": (np.int32, 2), "partitions": (PARTITION, 1), "sites": (SITE, 1), "classes": (CLASS, 1),
    "chains": (np.int32, 3), "components": (COMPONENT, 1), "flows": (FLOW, 1), "lemons": (np.int32, 1),
    "lemon_first": (np.int32, 1), "recent": (np.float64, 2), "live": (LIVE, 1), "queues": (QUEUE, 1),
    "windows": (np.int32, 2), "active": (np.int32, 1), "tenants": (TENANT, 1), "class_order": (np.int32, 1),
    "reserves": (RESERVE, 2), "bins": (np.int64, 2), "blocks": (np.int64, 2), "steps": (STEP, 1), "limits": (LIMIT, 1),
    "pools": (POOL, 1), "pool_gpus": (np.int64, 1), "ledger": (np.float64, 2), "hourly": (HOURLY, 2),
    "waiting_gpus": (np.float64, 1), "log": (FAILURE, 1), "outcome": (OUTCOME, 1), "submit_s": (np.float64, 1),
    "work_s": (np.float64, 1), "gpus": (np.int64, 1), "job_class": (np.int64, 1), "tenant": (np.int64, 1),
    "wanted": (np.int64, 1), "job_end": (np.int64, 1),
}  # fmt: skip
