"""The state of a run: arrays of records, and the codes in their fields.

A *slot* holds a job while it waits or runs, and is reused afterwards; pools take the first slots. A *cell* is a range
of nodes with a count of free ones: the pods of a partition, and its racks where a rack has more than one node. Lists
are linked through the records by index; -1 ends them. Power is kept in whole milliwatts and counts in whole
accelerators, so that sums never drift. Times are seconds since the start.
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

Records = NDArray[Any]

NONE = -1
NEVER = np.inf
NOT_YET = np.nan
MILLI = 1000  # milliwatts per watt
BIN_S = 300.0  # width of the bins in which the ends of running jobs are counted for reservations [s]
BINS_COUNT = 8192  # of them: 28 days; later ends share the last
BIN_BLOCK = 64  # bins per coarse sum
HOUR_S = 3600.0
DAY_S = 86400.0
LINE_BYTES = 64  # of a processor's cache
STRETCHES_COUNT = 1 << 14  # of time, into which a run is cut
CHUNK = 8  # events of one stretch that lie side by side
MOST_COUNTED = 2**15 - 1  # failures and repairs of one node: 16 bits
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
# causes of stops behind the components, in the order of results.OTHER_CAUSES
(
    BY_SOFTWARE, BY_PLAN, BY_PRIORITY, BY_MOVE, BY_SERVICE, BY_POWER, BY_RETIREMENT, BY_GROWTH,
) = range(8)  # fmt: skip
# results.JOB_ENDS
COMPLETED, FAILED, CANCELLED, STILL_RUNNING, STILL_WAITING, REJECTED = 0, 1, 2, 3, 4, 5
# results.STATES, and one more at the end: work since the last checkpoint, which may still be lost
USEFUL, REWORK, CHECKPOINT, RESTART, SLOW, IDLE, FRAGMENTED, DRAINING, SPARE, OUT, MAINTAINED, UNSAVED = range(12)
LEDGER_COUNT = 12
# random streams
(
    RANDOM_FAILURE, RANDOM_KIND, RANDOM_REPAIR, RANDOM_DETECT, RANDOM_RESTART, RANDOM_JOB, RANDOM_STOP, RANDOM_NODE,
    RANDOM_TIER, RANDOM_REPLICA,
) = range(10)  # fmt: skip
# placements: the order of `placement.PLACEMENTS`
BEST_FIT, RACK_ALIGNED, SPREAD_OUT = 0, 1, 2
# backfill: none, one reservation, one for each blocked job that is looked at
NO_BACKFILL, EASY, CONSERVATIVE = 0, 1, 2
# hooks of written policies: the order of `written.HOOKS`
QUEUE_HOOK, PLACEMENT_HOOK, VICTIM_HOOK, CHECKPOINT_HOOK, POWER_HOOK = 0, 1, 2, 3, 4
# what takes time to find is found only for programs that read it: bits of PROGRAM.reads
MTTF_READ, FLEET_READ = 1, 2
# what advance() returns
FINISHED, PAUSED, NEEDS_HEAP, NEEDS_LOG, NEEDS_SLOTS, NEEDS_CHUNKS, NEEDS_STOPS = 0, 1, 2, 3, 4, 5, 6


def _record(**names: str) -> np.dtype[Any]:
    """Return a record from the names of its fields by type."""
    return np.dtype(_fields(names), align=True)


def _fields(names: dict[str, str]) -> list[tuple[str, str]]:
    """Return names and types of fields."""
    return [(name, kind) for kind, listed in names.items() for name in listed.split()]


def _lines(*lines: dict[str, str]) -> np.dtype[Any]:
    """Return a record of whole cache lines, each with the fields that are used together."""
    places: list[tuple[str, str, int]] = []
    for number, names in enumerate(lines):
        line = np.dtype(_fields(names), align=True)
        if line.fields is None or line.itemsize > LINE_BYTES:
            message = f"line {number} has {line.itemsize} bytes"
            raise ValueError(message)
        places += [(name, kind.str, number * LINE_BYTES + at) for name, (kind, at, *_) in line.fields.items()]
    columns: dict[str, Any] = dict(zip(("names", "formats", "offsets"), zip(*places, strict=True), strict=True))
    columns["itemsize"] = len(lines) * LINE_BYTES
    return np.dtype(cast(Any, columns), align=True)


def zeroed(count: int, kind: np.dtype[Any], ahead: int = 0) -> Records:
    """Return zeroed records of which number `ahead` begins a cache line."""
    room = np.zeros(count * kind.itemsize + 2 * LINE_BYTES, np.uint8)
    skipped = -(room.ctypes.data + ahead * kind.itemsize) % (2 * LINE_BYTES)
    return room[skipped : skipped + count * kind.itemsize].view(kind)


CLOCK = _record(
    f8="now end_s waiting_gpu_s waiting_mark asked_gpu_s estimate lemon_window_s replacement_s lemon_factor"
    " slow_frac slow_speed stops_per_s warm_s hour_start_s scored_s stretches_per_s",
    u8="seed",
    i8="events sequence stale heap_count log_count arrival jobs slot_free slots_used waiting waiting_gpus"
    " hour version technicians crew_head crew_tail active power_mw power_max_mw ramp_max_mw margin hit"
    " policy placement depth backfill preemption quotas tenants throttles lemon_count components admits"
    " strict_pods ranks crew limited by_tenant wanting metered bills changing credit chained"
    " defragments stretch later_count chunk_free chunks_used stop_count warm_failures warm_stops",
)
EVENT = _record(
    f8="time_s",
    i8="sequence",
    i4="id epoch kind extra",
)
NODE = _lines(
    {
        "i4": "job prv nxt skip rack pod epoch queue",
        "i2": "partition used component fails repairs",
        "i1": "state hidden slow lemon drained leaving",
        "f8": "born_s mend_s",
    }
)
CELL = _record(
    i4="first count free head prv nxt partition drained bucket inner inners serviced fails",
)
PARTITION = _record(
    i8="shared_free online held drain down serviced idle_mw jobs_mw reserve_version reserve_gpus blocked"
    " version waiting coming",
    f8="mark_s busy_w idle_w stalled_w spare_frac throttle age_s young_s old_s weight held_gpu_s idle_gpu_s"
    " down_gpu_s energy_mj capacity_gpu_s total_mj score",
    i4="first count gpus rack pod zone pods first_pod racks first_rack pod_buckets rack_buckets site"
    " free_nodes spare_nodes online_nodes most_nodes reserved_gpus wanting full_racks reserves ordinary"
    " lemons",
)
LIVE = _lines(
    {  # in the queue
        "f8": "key work_s queued_s wait_s",
        "i4": "job asked tenant child sibling partition cls queue",
    },
    {  # at an event
        "f8": "mark_s held_s spoilt_s interval_s phase_s",
        "i4": "epoch held where head",
        "i1": "status pending whole wants started again abrupt ends",
    },
    {  # at work
        "f8": "done_s fresh_s rate active booked fail_left_s stop_left_s pad",
    },
    {
        "f8": "leave_s useful start_s",
        "i8": "power_mw",
        "i4": "nodes wanted_nodes life hidden slow stops draws coming",
    },
    {  # lists, losses
        "f8": "estimate_s spread",
        "i4": "prv nxt node_prv node_nxt bin binned pods lost rejoin missing",
        "i1": "after hit standing why",
    },
    {  # seldom
        "f8": "taken_s second_s third_s score",
        "i8": "written",
        "i4": "hit_nxt hits want_nxt",
    },
)
CLASS = _record(
    f8="interval_s write_s restart_s sigma swap_s fails_per_s node_fails_per_s least after_s grace_s spread load"
    " stall_s confined second_needed second_restore_s third_needed third_restore_s",
    i4="mode priority replica training second_every third_every",
)
COMPONENT = _record(
    f8="hidden detect_s rollback_s automatic automatic_s repair_s sigma hands_s infant infant_s worn_s wear per_node_s",
    i8="failures stops",
    i4="scope under_load",
)
FLOW = _record(
    i8="draws",
    f8="top",
    i4="partition component epoch",
)
STEP = _record(
    f8="time_s",
    i4="partition nodes",
)
SITE = _record(
    f8="limit_w throttle",
    i8="power_mw starting_mw",
)
LIMIT = _record(
    f8="limit_w time_s",
    i4="site",
)
QUEUE = _record(
    i8="seen halted",
    i4="first last root count window place partition tenant",
)
TENANT = _record(
    i8="held quota",
    f8="used_gpu_s mark_s",
)
PROGRAM = _record(
    i8="calls",
    i4="on reads code code_end constant constant_end",
)
RESERVE = _record(
    f8="time_s",
    i8="extra",
)
OUTCOME = _record(
    f8="start_s end_s wait_s held_s useful_s",
    i4="stops state",
)
HOURLY = _record(
    f8="held idle down energy_mj",
)
FAILURE = _record(
    f8="time_s",
    i4="node component job",
)
STOP = _record(
    f8="time_s",
    i4="job cause node",
)
POOL = _record(
    i4="slot partition first count cls",
)


class World(NamedTuple):
    """All arrays of a run."""

    clock: Records  # one record
    heap: Records
    stretches: NDArray[np.int32]  # by stretch of time: the last place taken in `later`
    chunks: NDArray[np.int32]  # by chunk of places: the next of its stretch
    later: Records
    nodes: Records
    cells: Records
    buckets: NDArray[np.int32]  # first cell by partition, level and free nodes
    levels: NDArray[np.int32]  # [partition, free accelerators]: first node that is shared and has so many free
    partitions: Records
    sites: Records
    classes: Records
    chains: NDArray[np.int32]  # [partition, class, first or last]: jobs that hold nodes, oldest first, if `chained`
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
    log: Records  # failures of nodes
    stops: Records  # of jobs
    outcome: Records
    submit_s: NDArray[np.float64]
    work_s: NDArray[np.float64]
    gpus: NDArray[np.int64]
    job_class: NDArray[np.int64]
    tenant: NDArray[np.int64]
    wanted: NDArray[np.int64]
    job_end: NDArray[np.int64]
    programs: Records  # by hook
    code: NDArray[np.int32]  # of all programs, one after the other
    constants: NDArray[np.float64]
    features: NDArray[np.float64]  # [hook, feature]
    stacks: NDArray[np.float64]  # [hook, register]; the first counts faults


# array: type of its elements, dimensions
FIELDS: dict[str, tuple[Any, int]] = {
    "clock": (CLOCK, 1), "heap": (EVENT, 1),
    "stretches": (np.int32, 1), "chunks": (np.int32, 1), "later": (EVENT, 1),
    "nodes": (NODE, 1), "cells": (CELL, 1), "buckets": (np.int32, 1),
    "levels": (np.int32, 2), "partitions": (PARTITION, 1), "sites": (SITE, 1), "classes": (CLASS, 1),
    "chains": (np.int32, 3), "components": (COMPONENT, 1), "flows": (FLOW, 1), "lemons": (np.int32, 1),
    "lemon_first": (np.int32, 1), "recent": (np.float64, 2), "live": (LIVE, 1), "queues": (QUEUE, 1),
    "windows": (np.int32, 2), "active": (np.int32, 1), "tenants": (TENANT, 1), "class_order": (np.int32, 1),
    "reserves": (RESERVE, 2), "bins": (np.int64, 2), "blocks": (np.int64, 2), "steps": (STEP, 1), "limits": (LIMIT, 1),
    "pools": (POOL, 1), "pool_gpus": (np.int64, 1), "ledger": (np.float64, 2), "hourly": (HOURLY, 2),
    "waiting_gpus": (np.float64, 1), "log": (FAILURE, 1), "stops": (STOP, 1), "outcome": (OUTCOME, 1),
    "submit_s": (np.float64, 1), "work_s": (np.float64, 1), "gpus": (np.int64, 1), "job_class": (np.int64, 1),
    "tenant": (np.int64, 1), "wanted": (np.int64, 1), "job_end": (np.int64, 1), "programs": (PROGRAM, 1),
    "code": (np.int32, 2), "constants": (np.float64, 1), "features": (np.float64, 2), "stacks": (np.float64, 2),
}  # fmt: skip
