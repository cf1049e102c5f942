"""How a job starts, restarts, gives its nodes back and ends."""

from __future__ import annotations

import numpy as np

from gigawatt.engines.fleet.kernel.books import accrue
from gigawatt.engines.fleet.kernel.draws import exponential, log_normal
from gigawatt.engines.fleet.kernel.jit import compiled
from gigawatt.engines.fleet.kernel.layout import (
    BIN_BLOCK,
    BIN_S,
    BINS_COUNT,
    CANCELLED,
    CHECKPOINT_HOOK,
    COMPLETED,
    ELASTIC,
    JOB_SAVED,
    JOB_UP,
    NEVER,
    NONE,
    NOT_YET,
    QUEUE_HOOK,
    RANDOM_JOB,
    RANDOM_RESTART,
    RANDOM_STOP,
    RESTARTING,
    RUNNING,
    SAVING,
    VACANT,
    World,
)
from gigawatt.engines.fleet.kernel.order import bill, static_key
from gigawatt.engines.fleet.kernel.progress import (
    SHORTEST_INTERVAL_S,
    best_interval_s,
    fall_back,
    finish_s,
    keep,
    last_tier,
    mttf_s,
    plan_at,
    plan_next,
    refresh,
    settle,
)
from gigawatt.engines.fleet.kernel.queues import enqueue
from gigawatt.engines.fleet.kernel.scores import interval_score
from gigawatt.engines.fleet.kernel.space import drop_all, drop_share


@compiled
def new_slot(w: World, number: int) -> int:
    """Return a slot for a job that arrives; the loop sees to it that there is one."""
    c = w.clock[0]
    slot = c.slot_free
    if slot >= 0:
        c.slot_free = w.live[slot].child
    else:
        slot = c.slots_used
        c.slots_used += 1
    job = w.live[slot]
    job.job, job.cls, job.tenant = number, w.job_class[number], w.tenant[number]
    job.asked, job.partition, job.where = w.gpus[number], w.wanted[number], NONE
    job.ends = w.job_end[number]
    job.work_s, job.key = w.work_s[number], w.submit_s[number]
    job.head = job.prv = job.nxt = job.child = job.sibling = job.bin = NONE
    job.nodes = job.wanted_nodes = job.hits = job.held = job.hidden = job.slow = 0
    job.coming = job.abrupt = job.lost = job.rejoin = job.missing = job.stops = job.draws = job.pods = 0
    job.after = job.hit = job.wants = job.whole = job.started = job.again = job.pending = job.standing = 0
    job.done_s = job.fresh_s = job.phase_s = job.rate = job.active = job.booked = job.useful = 0.0
    job.held_s = job.wait_s = job.pad = job.spread = job.second_s = job.third_s = 0.0
    job.written = 0
    job.fail_left_s = job.stop_left_s = job.leave_s = job.spoilt_s = job.interval_s = NEVER
    job.power_mw = 0
    job.start_s = NOT_YET
    return slot


@compiled
def vacate(w: World, slot: int) -> None:
    """Free the slot of a job that is gone."""
    job, c = w.live[slot], w.clock[0]
    if job.pending:
        c.stale += 1
    job.epoch += 1
    job.life += 1
    job.status = VACANT
    job.child = c.slot_free
    c.slot_free = slot


@compiled
def book_bin(w: World, slot: int, sign: int) -> None:
    """Enter or strike out when a job is expected to give its accelerators back."""
    job, c = w.live[slot], w.clock[0]
    if c.backfill == 0:
        return
    if sign > 0:
        first = int(c.now / BIN_S)
        last = int(min((c.now + job.estimate_s) / BIN_S, float(first + BINS_COUNT - 1)))
        job.bin, job.binned = last % BINS_COUNT, job.held
    elif job.bin < 0:
        return
    w.bins[job.where, job.bin] += sign * job.binned
    w.blocks[job.where, job.bin // BIN_BLOCK] += sign * job.binned
    if sign < 0:
        job.bin = NONE


@compiled
def own_nodes(w: World, slot: int) -> float:
    """Return the nodes of a job, shares of one included."""
    job = w.live[slot]
    return float(job.wanted_nodes) if job.whole else job.asked / w.partitions[job.where].gpus


@compiled
def own_failures_per_s(w: World, slot: int) -> float:
    """Return how often a job on its nodes fails by itself."""
    kind = w.classes[w.live[slot].cls]
    return kind.fails_per_s + kind.node_fails_per_s * own_nodes(w, slot)


@compiled
def next_draws(w: World, slot: int, stops: bool) -> None:
    """Draw the running time until the job's own next failure, or its next planned stop."""
    job, c = w.live[slot], w.clock[0]
    kind = w.classes[job.cls]
    if stops:
        job.stop_left_s = NEVER
        if c.stops_per_s > 0.0 and kind.training:
            job.stop_left_s = exponential(c.seed, RANDOM_STOP, job.job, job.draws) / c.stops_per_s
    else:
        job.fail_left_s = NEVER
        per_s = own_failures_per_s(w, slot)
        if per_s > 0.0:
            job.fail_left_s = exponential(c.seed, RANDOM_JOB, job.job, job.draws) / per_s
    job.draws += 1


@compiled
def run(w: World, slot: int) -> None:
    """Let a job that has its nodes work."""
    job = w.live[slot]
    job.status, job.standing = RUNNING, 0
    job.spoilt_s = w.clock[0].now if job.hidden > 0 else NEVER
    refresh(w, slot)
    if w.clock[0].backfill:
        job.estimate_s = finish_s(w, slot) * w.clock[0].estimate
        book_bin(w, slot, -1)
        book_bin(w, slot, 1)
    plan_next(w, slot)


@compiled
def restart(w: World, slot: int, median_s: float) -> None:
    """Let a job that has its nodes restart, then run; it is not asked to leave any more than before."""
    job, c = w.live[slot], w.clock[0]
    time_s = log_normal(median_s, w.classes[job.cls].sigma, c.seed, RANDOM_RESTART, job.job, job.stops + job.draws)
    job.draws += 1
    job.status, job.spoilt_s, job.after, job.standing = RESTARTING, NEVER, 0, 0
    refresh(w, slot)
    plan_at(w, slot, c.now + time_s, JOB_UP)


@compiled
def _interval_s(w: World, slot: int) -> float:
    """Return the checkpoint interval of a job on its nodes."""
    job = w.live[slot]
    kind = w.classes[job.cls]
    asks = w.programs[CHECKPOINT_HOOK].on and kind.write_s < NEVER
    if kind.interval_s > 0.0 and not asks:
        return kind.interval_s
    best_s = best_interval_s(kind.write_s, mttf_s(w, job.cls, job.where, max(job.nodes, 1), own_nodes(w, slot)))
    if asks:
        wanted_s = interval_score(w, slot, best_s)
        if wanted_s > 0.0:
            return max(wanted_s, SHORTEST_INTERVAL_S)
    return best_s


@compiled
def begin(w: World, slot: int, p: int, pods: int) -> None:
    """Start a job on the nodes that it was given."""
    job, c = w.live[slot], w.clock[0]
    kind, a = w.classes[job.cls], w.partitions[p]
    job.where, job.mark_s, job.taken_s = p, c.now, c.now
    job.phase_s = 0.0
    job.wanted_nodes = job.nodes if job.whole else 0
    job.pad = 1.0 - job.asked / (job.wanted_nodes * a.gpus) if job.whole else 0.0
    least = (job.nodes + a.pod - 1) // a.pod
    job.pods = pods
    job.spread = kind.spread * np.log2(max(pods / max(least, 1), 1.0)) if kind.spread > 0.0 else 0.0
    if c.chained:
        _chain(w, slot)
    job.interval_s = _interval_s(w, slot)
    if not job.started:
        job.started = 1
        job.start_s = c.now
        next_draws(w, slot, False)
        next_draws(w, slot, True)
    if job.again:
        job.rate = 1.0
        job.estimate_s = (finish_s(w, slot) + kind.restart_s) * c.estimate
        book_bin(w, slot, 1)
        restart(w, slot, kind.restart_s)
    else:
        run(w, slot)


@compiled
def _forget_wish(w: World, slot: int) -> None:
    """Strike a job off the list of those that lack nodes."""
    job = w.live[slot]
    if not job.wants:
        return
    job.wants = 0
    at = w.partitions[job.where].wanting
    if at == slot:
        w.partitions[job.where].wanting = job.want_nxt
        return
    while w.live[at].want_nxt != slot:
        at = w.live[at].want_nxt
    w.live[at].want_nxt = job.want_nxt


@compiled
def _chain(w: World, slot: int) -> None:
    """Enter a job as the newest of its class in its partition."""
    job = w.live[slot]
    last = w.chains[job.where, job.cls, 1]
    job.prv, job.nxt = last, NONE
    if last >= 0:
        w.live[last].nxt = slot
    else:
        w.chains[job.where, job.cls, 0] = slot
    w.chains[job.where, job.cls, 1] = slot


@compiled
def _unchain(w: World, slot: int) -> None:
    """Undo `_chain`."""
    job = w.live[slot]
    if job.prv >= 0:
        w.live[job.prv].nxt = job.nxt
    else:
        w.chains[job.where, job.cls, 0] = job.nxt
    if job.nxt >= 0:
        w.live[job.nxt].prv = job.prv
    else:
        w.chains[job.where, job.cls, 1] = job.prv
    job.prv = job.nxt = NONE


@compiled
def release(w: World, slot: int) -> None:
    """Take all nodes from a job whose books are settled."""
    job = w.live[slot]
    p = job.where
    accrue(w, p)
    _forget_wish(w, slot)
    bill(w, job.tenant)
    book_bin(w, slot, -1)
    if job.whole:
        drop_all(w, slot)
    elif job.nodes > 0:
        drop_share(w, slot)
    w.partitions[p].jobs_mw -= job.power_mw
    job.power_mw = 0
    if w.clock[0].chained:
        _unchain(w, slot)
    w.partitions[p].coming -= job.coming
    job.lost = job.rejoin = job.missing = job.coming = job.abrupt = 0
    job.life += 1
    job.leave_s = job.spoilt_s = NEVER


@compiled
def requeue(w: World, slot: int) -> None:
    """Send a job that lost its place back to its queue, at its rank; the last tier of checkpoints alone is left."""
    job = w.live[slot]
    last = last_tier(w, slot)
    if last > 0:
        fall_back(w, slot, last)
    release(w, slot)
    if job.pending:
        w.clock[0].stale += 1
    job.epoch += 1
    job.pending = 0
    job.again = 1
    job.after = 0
    if w.programs[QUEUE_HOOK].on:
        job.key = static_key(w, slot)
    enqueue(w, slot)
    w.queues[job.queue].seen = NONE


@compiled
def save(w: World, slot: int, after: int) -> None:
    """Let a job write a checkpoint before a stop that was foreseen."""
    job = w.live[slot]
    job.status, job.after = SAVING, after
    refresh(w, slot)
    plan_at(w, slot, w.clock[0].now + w.classes[job.cls].write_s, JOB_SAVED)


@compiled
def record(w: World, slot: int, state: int) -> None:
    """Write down what became of a job."""
    job = w.live[slot]
    out = w.outcome[job.job]
    out.wait_s, out.held_s = job.wait_s, job.held_s
    out.useful_s = job.done_s + job.fresh_s
    out.stops, out.state = job.stops, state
    out.start_s, out.end_s = job.start_s, w.clock[0].now if state <= CANCELLED else NOT_YET


@compiled
def end(w: World, slot: int) -> None:
    """Write down a job whose work is done, and free what it held."""
    job, c = w.live[slot], w.clock[0]
    settle(w, slot)
    keep(w, slot, 0.0)
    job.done_s = job.work_s
    c.asked_gpu_s += job.work_s * job.asked
    record(w, slot, COMPLETED + job.ends)
    release(w, slot)
    vacate(w, slot)


@compiled
def elastic_enough(w: World, slot: int) -> bool:
    """Whether an elastic job may go on with the nodes that it has left."""
    job = w.live[slot]
    kind = w.classes[job.cls]
    return kind.mode == ELASTIC and job.nodes > 0 and job.nodes >= kind.least * job.wanted_nodes
