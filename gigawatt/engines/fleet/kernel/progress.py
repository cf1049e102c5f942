"""What a job has done: work, checkpoints and losses, by arithmetic between events, so that checkpoints are none.

A job works for `interval_s`, stands still for the write, and so on; `phase_s` is where it stands in that cycle. Work
up to the last checkpoint is `done_s`, later work `fresh_s`; both count at full speed on all nodes.
"""

from __future__ import annotations

import math

from gigawatt.engines.fleet.kernel.books import accrue
from gigawatt.engines.fleet.kernel.heap import push
from gigawatt.engines.fleet.kernel.jit import compiled
from gigawatt.engines.fleet.kernel.layout import (
    CHECKPOINT,
    ELASTIC,
    FRAGMENTED,
    JOB_END,
    JOB_FAIL,
    JOB_LEAVE,
    JOB_STOP,
    MILLI,
    NEVER,
    ON_PARTITION,
    ON_POD,
    ON_RACK,
    ON_ZONE,
    POOLED,
    RESTART,
    RESTARTING,
    REWORK,
    RUNNING,
    SAVING,
    SLOW,
    UNSAVED,
    USEFUL,
    World,
)

SHORTEST_INTERVAL_S = 1.0  # between checkpoints, as in `checkpoint`: a training step
NEWTON_STEPS = 8  # more than double precision needs from Young's interval on
NEGLIGIBLE = 1e-9  # of an interval: a cycle that ends so close to a checkpoint has written it [-]


@compiled
def best_interval_s(write_s: float, mttf_s: float) -> float:
    """Return the interval that keeps most work: u = 1 - exp(-u - w/M) by Newton's method, as in `checkpoint`."""
    if write_s <= 0.0 or not mttf_s < NEVER:
        return SHORTEST_INTERVAL_S if write_s <= 0.0 else NEVER
    ratio = write_s / mttf_s
    u = math.sqrt(2.0 * ratio)
    for _ in range(NEWTON_STEPS):
        u -= (u + math.expm1(-u - ratio)) / (1.0 - math.exp(-u - ratio))
    return max(u * mttf_s, SHORTEST_INTERVAL_S)


@compiled
def mttf_s(w: World, cls: int, p: int, nodes: int, own_nodes: float) -> float:
    """Return the mean time between failures of a job of a class on so many nodes, shares of which are its own."""
    a, kind = w.partitions[p], w.classes[cls]
    per_s = kind.fails_per_s + kind.node_fails_per_s * own_nodes
    for b in range(w.clock[0].components):
        unit = 1
        if w.components[b].scope == ON_RACK:
            unit = a.rack
        elif w.components[b].scope == ON_POD:
            unit = a.pod
        elif w.components[b].scope == ON_ZONE:
            unit = a.zone
        elif w.components[b].scope == ON_PARTITION:
            unit = a.count
        per_s += w.components[b].per_node_s * max(nodes, min(unit, a.count))
    return 1.0 / per_s if per_s > 0.0 else NEVER


@compiled
def unsaved_s(w: World, slot: int) -> float:
    """Return how long a running job has worked since its last checkpoint, as of now."""
    job = w.live[slot]
    at_s = job.phase_s + w.clock[0].now - job.mark_s
    cycle_s = job.interval_s + w.classes[job.cls].write_s
    if cycle_s < NEVER:
        at_s -= math.floor(at_s / cycle_s) * cycle_s
    return min(at_s, job.interval_s)


@compiled
def keep(w: World, slot: int, fresh_s: float) -> None:
    """Complete a checkpoint: all work but `fresh_s` is safe."""
    job = w.live[slot]
    job.done_s += job.fresh_s - fresh_s
    safe = max(job.booked - fresh_s * job.asked, 0.0)
    job.fresh_s = fresh_s
    job.booked -= safe
    job.useful += safe
    w.ledger[job.where, UNSAVED] -= safe
    w.ledger[job.where, USEFUL] += safe


@compiled
def _undo(w: World, slot: int, back_s: float) -> None:
    """Lose work that was safe."""
    job = w.live[slot]
    row = w.ledger[job.where]
    job.done_s -= back_s
    lost = min(back_s * job.asked, job.useful)
    job.useful -= lost
    row[USEFUL] -= lost
    row[REWORK] += lost
    job.second_s, job.third_s = min(job.second_s, job.done_s), min(job.third_s, job.done_s)


@compiled
def lose(w: World, slot: int, beyond_s: float) -> None:
    """Work since the last checkpoint is lost, and `beyond_s` of time before it."""
    job = w.live[slot]
    row = w.ledger[job.where]
    row[UNSAVED] -= job.booked
    row[REWORK] += job.booked
    job.booked = 0.0
    job.fresh_s = 0.0
    job.phase_s = 0.0
    if beyond_s > 0.0:
        _undo(w, slot, min(beyond_s * job.rate, job.done_s))


@compiled
def fall_back(w: World, slot: int, tier: int) -> None:
    """Go back to the last checkpoint of the second or third tier; call it after `lose`."""
    job = w.live[slot]
    every = w.classes[job.cls].second_every if tier == 1 else w.classes[job.cls].third_every
    _undo(w, slot, job.done_s - (job.second_s if tier == 1 else job.third_s))
    job.written -= job.written % every


@compiled
def last_tier(w: World, slot: int) -> int:
    """Return the last tier of checkpoints of a job: 0 where there is but one."""
    kind = w.classes[w.live[slot].cls]
    return int(kind.second_every > 0) + int(kind.third_every > 0)


@compiled
def _note_tiers(w: World, slot: int, written: int) -> None:
    """Note what is safe in the second and third tier after so many checkpoints of the first, the last at `done_s`."""
    job = w.live[slot]
    kind = w.classes[job.cls]
    before = job.written
    job.written += written
    if kind.second_every > 0 and job.written // kind.second_every > before // kind.second_every:
        job.second_s = max(job.done_s - job.written % kind.second_every * job.interval_s * job.rate, job.second_s)
    if kind.third_every > 0 and job.written // kind.third_every > before // kind.third_every:
        job.third_s = max(job.done_s - job.written % kind.third_every * job.interval_s * job.rate, job.third_s)


@compiled
def _work(w: World, slot: int, past_s: float) -> None:
    """Let a running job work for a time."""
    job = w.live[slot]
    write_s = w.classes[job.cls].write_s
    cycle_s = job.interval_s + write_s
    stood_s = 0.0
    written = 0.0
    at_s = job.phase_s + past_s
    if cycle_s < NEVER:
        written = math.floor(at_s / cycle_s + NEGLIGIBLE)
        at_s = max(at_s - written * cycle_s, 0.0)
        stood_s = written * write_s + max(at_s - job.interval_s, 0.0) - max(job.phase_s - job.interval_s, 0.0)
    work_s = past_s - stood_s
    job.phase_s = at_s
    job.fail_left_s -= past_s
    job.stop_left_s -= past_s
    row = w.ledger[job.where]
    pad = job.held * job.pad
    full = job.asked * job.rate
    row[CHECKPOINT] += job.held * stood_s
    row[FRAGMENTED] += pad * work_s
    row[RESTART] += (job.held - pad - job.active) * work_s
    row[SLOW] += (job.active - full) * work_s
    row[UNSAVED] += full * work_s
    job.booked += full * work_s
    job.fresh_s += work_s * job.rate
    if written > 0.0:
        keep(w, slot, min(min(at_s, job.interval_s) * job.rate, job.fresh_s))
        if w.classes[job.cls].second_every > 0:
            _note_tiers(w, slot, int(written))


@compiled
def settle(w: World, slot: int) -> None:
    """Bring a job's books up to now; call it before anything about the job changes."""
    job = w.live[slot]
    past_s = w.clock[0].now - job.mark_s
    if past_s <= 0.0:
        return
    job.mark_s = w.clock[0].now
    job.held_s += past_s
    row = w.ledger[job.where]
    if job.status == RESTARTING:
        row[RESTART] += job.held * past_s
    elif job.status == SAVING:
        row[CHECKPOINT] += job.held * past_s
    elif job.status == POOLED:
        row[USEFUL] += job.active * past_s
        row[RESTART] += (job.held - job.active) * past_s
    elif job.spoilt_s < NEVER:
        row[REWORK] += job.held * past_s
    else:
        _work(w, slot, past_s)


@compiled
def finish_s(w: World, slot: int) -> float:
    """Return how long a running job takes from now to its end, checkpoints included; the end itself writes none."""
    job = w.live[slot]
    left_s = max(job.work_s - job.done_s - job.fresh_s, 0.0)
    if job.rate <= 0.0:
        return NEVER
    left_s /= job.rate
    if not job.interval_s < NEVER or left_s <= job.interval_s - job.phase_s:
        return left_s
    from_s = min(job.phase_s, job.interval_s) + left_s
    writes = max(math.ceil(from_s / job.interval_s - NEGLIGIBLE) - 1.0, 0.0)
    return max(from_s + writes * w.classes[job.cls].write_s - job.phase_s, left_s)


@compiled
def refresh(w: World, slot: int) -> None:
    """Work out speed and power of a job anew, after `settle`, when its nodes or its state changed."""
    job = w.live[slot]
    kind, a = w.classes[job.cls], w.partitions[job.where]
    share = 1.0
    if job.status == POOLED:
        share = job.held / job.asked if job.asked > 0 else 0.0
    elif kind.mode == ELASTIC and job.whole:
        share = job.nodes / job.wanted_nodes
    if job.lost > 0:
        share = max(share - job.lost * kind.replica / max(job.wanted_nodes, 1), 0.0)
    job.active = job.asked * share
    speed = a.throttle / (1.0 + job.spread)
    if job.slow > 0:
        speed *= w.clock[0].slow_speed
    job.rate = share * speed
    busy_w = a.idle_w + kind.load * (a.busy_w - a.idle_w) * a.throttle
    drawn_w = a.stalled_w
    if (job.status == RUNNING and not job.spoilt_s < NEVER) or job.status == POOLED:
        stood = kind.write_s / (job.interval_s + kind.write_s) if job.interval_s < NEVER else 0.0
        drawn_w = busy_w + stood * (a.stalled_w - busy_w)
        idle = max(job.held * (1.0 - job.pad) - job.active, 0.0) / max(job.held, 1)
        drawn_w += idle * (a.stalled_w - drawn_w)
    new_mw = round(job.held * drawn_w * MILLI)
    accrue(w, job.where)
    a.jobs_mw += new_mw - job.power_mw
    job.power_mw = new_mw


@compiled
def plan_next(w: World, slot: int) -> None:
    """Enter the next event of a running job: its end, its own failure, a planned stop, or notice to leave."""
    job = w.live[slot]
    if job.pending:
        w.clock[0].stale += 1
    job.epoch += 1
    job.pending = 1
    next_s, kind = job.leave_s, JOB_LEAVE
    now = w.clock[0].now
    if not job.spoilt_s < NEVER:
        end_s = now + finish_s(w, slot)
        if end_s <= next_s:
            next_s, kind = end_s, JOB_END
        if now + job.fail_left_s < next_s:
            next_s, kind = now + max(job.fail_left_s, 0.0), JOB_FAIL
        if now + job.stop_left_s < next_s:
            next_s, kind = now + max(job.stop_left_s, 0.0), JOB_STOP
    push(w, max(next_s, now), kind, slot, job.epoch, job.head)


@compiled
def plan_at(w: World, slot: int, time_s: float, kind: int) -> None:
    """Enter the next event of a job that restarts or saves."""
    job = w.live[slot]
    if job.pending:
        w.clock[0].stale += 1
    job.epoch += 1
    job.pending = 1
    push(w, time_s, kind, slot, job.epoch, job.head)
