"""One event after the other."""

from __future__ import annotations

from gigawatt.engines.fleet.kernel.books import clear, close_hour, meter, note_stop, weigh
from gigawatt.engines.fleet.kernel.eviction import leaves
from gigawatt.engines.fleet.kernel.hazards import aim_all, break_unit, candidate
from gigawatt.engines.fleet.kernel.heap import drop_first, look_ahead, push, sweep
from gigawatt.engines.fleet.kernel.jit import compiled
from gigawatt.engines.fleet.kernel.layout import (
    BY_PLAN,
    FINISHED,
    GROW,
    HOUR,
    HOUR_S,
    JOB_END,
    JOB_FAIL,
    JOB_LEAVE,
    JOB_REJOIN,
    JOB_SAVED,
    JOB_STOP,
    JOB_UP,
    LEAVE,
    NEEDS_CHUNKS,
    NEEDS_HEAP,
    NEEDS_LOG,
    NEEDS_SLOTS,
    NEEDS_STOPS,
    NEVER,
    NODE_DETECT,
    NODE_REPAIRED,
    NONE,
    NOTICE,
    ONLINE,
    PAUSED,
    POWER_LIMIT,
    REJECTED,
    SERVICE,
    SERVICE_END,
    STAY,
    STREAM,
    STREAM_UPDATE,
    TECHNICIAN,
    UNSAVED,
    UPDATE_S,
    USEFUL,
    WARM,
    World,
)
from gigawatt.engines.fleet.kernel.lifecycle import end, new_slot, next_draws, record, requeue, restart, run, save
from gigawatt.engines.fleet.kernel.order import static_key
from gigawatt.engines.fleet.kernel.power import hold_limits
from gigawatt.engines.fleet.kernel.progress import keep, settle
from gigawatt.engines.fleet.kernel.queues import enqueue
from gigawatt.engines.fleet.kernel.recovery import fail_alone, grow, rejoined
from gigawatt.engines.fleet.kernel.repair import repaired, technician_free
from gigawatt.engines.fleet.kernel.schedule import newcomer, schedule
from gigawatt.engines.fleet.kernel.service import come_online, notice, serve, serve_end, size_pool

STALE_LEAST = 4096  # events of jobs that moved on, below which nobody sweeps


@compiled
def _fits_somewhere(w: World, number: int) -> bool:
    """Whether a job could ever start."""
    for p in range(w.partitions.size):
        a = w.partitions[p]
        if w.wanted[number] < 0 or w.wanted[number] == p:
            gpus = w.gpus[number]
            held = gpus if gpus < a.gpus else (gpus + a.gpus - 1) // a.gpus * a.gpus
            most = (a.most_nodes - int(a.spare_frac * a.most_nodes)) * a.gpus
            if held <= most and (not w.clock[0].quotas or held <= w.tenants[w.tenant[number]].quota):
                return True
    return False


@compiled
def _arrive(w: World) -> None:
    """Take in the next job that is submitted."""
    c = w.clock[0]
    number = c.arrival
    c.arrival += 1
    if not _fits_somewhere(w, number):
        w.outcome[number].state = REJECTED
        return
    slot = new_slot(w, number)
    w.live[slot].key = static_key(w, slot)
    newcomer(w, slot, enqueue(w, slot))


@compiled
def _stop(w: World, slot: int) -> None:
    """Stop a job as planned: a checkpoint, then a restart on the same nodes."""
    settle(w, slot)
    note_stop(w, slot, w.clock[0].components + BY_PLAN, NONE)
    next_draws(w, slot, True)
    save(w, slot, STAY)


@compiled
def _job_event(w: World, kind: int, slot: int) -> None:
    """Handle an event of a job that is not stale."""
    job = w.live[slot]
    job.pending = 0
    if kind == JOB_UP:
        settle(w, slot)
        run(w, slot)
    elif kind == JOB_END:
        end(w, slot)
    elif kind == JOB_FAIL:
        fail_alone(w, slot)
    elif kind == JOB_STOP:
        _stop(w, slot)
    elif kind == JOB_LEAVE:
        leaves(w, slot)
    elif kind == JOB_SAVED:
        settle(w, slot)
        keep(w, slot, 0.0)
        job.phase_s = 0.0
        job.second_s = job.third_s = job.done_s  # what was foreseen is saved everywhere
        if job.after == LEAVE:
            requeue(w, slot)
        elif job.after == GROW:
            grow(w, slot)
        else:
            restart(w, slot, w.classes[job.cls].swap_s)


@compiled
def _planned_event(w: World, kind: int, ident: int, extra: int) -> None:
    """Handle an event of the calendar."""
    c = w.clock[0]
    if kind == HOUR:
        if ident > 0:
            close_hour(w, HOUR_S)
        for pool in range(w.pools.size):
            size_pool(w, pool)
        hold_limits(w, True)
        push(w, (ident + 1) * HOUR_S, HOUR, ident + 1, 0, 0)
    elif kind == WARM:
        _warm(w)
    elif kind == ONLINE:
        come_online(w, ident)
    elif kind == NOTICE:
        notice(w, ident, float(extra))
    elif kind == SERVICE:
        serve(w, ident)
    elif kind == SERVICE_END:
        serve_end(w, ident)
    elif kind == POWER_LIMIT:
        w.sites[w.limits[ident].site].limit_w = w.limits[ident].limit_w
        hold_limits(w, True)
        c.version += 1
    elif kind == STREAM_UPDATE:
        aim_all(w, ident)
        push(w, c.now + UPDATE_S, STREAM_UPDATE, ident, 0, 0)


@compiled
def _handle(w: World) -> None:
    """Handle the earliest event, unless it is stale."""
    e = w.heap[0]
    kind, ident, epoch, extra = e.kind, e.id, e.epoch, e.extra
    drop_first(w)
    c = w.clock[0]
    if kind <= JOB_SAVED:
        if epoch == w.live[ident].epoch:
            _job_event(w, kind, ident)
        else:
            c.stale -= 1
            c.events -= 1
    elif kind == JOB_REJOIN:
        if epoch == w.live[ident].life:
            rejoined(w, ident, extra)
    elif kind == NODE_DETECT:
        if epoch == w.nodes[ident].epoch:
            break_unit(w, ident, extra)
    elif kind == NODE_REPAIRED:
        if epoch == w.nodes[ident].epoch:
            repaired(w, ident)
    elif kind == TECHNICIAN:
        technician_free(w)
    elif kind == STREAM:
        if epoch == w.flows[ident].epoch:
            candidate(w, ident)
    else:
        _planned_event(w, kind, ident, extra)


@compiled
def _warm(w: World) -> None:
    """End the warm-up."""
    for slot in range(w.clock[0].slots_used):
        if w.live[slot].held > 0:
            settle(w, slot)
            w.live[slot].booked = w.live[slot].useful = 0.0
    clear(w)


@compiled
def close(w: World) -> None:
    """Settle everything at the end; work in progress counts as useful."""
    c = w.clock[0]
    for slot in range(c.slots_used):
        job = w.live[slot]
        if job.status == 0 or job.work_s < 0.0:
            if job.held > 0:
                settle(w, slot)
            continue
        if job.held > 0:
            settle(w, slot)
            record(w, slot, 3)
        else:
            job.wait_s += c.now - job.queued_s
            record(w, slot, 4)
    if c.now > c.hour_start_s:
        close_hour(w, c.now - c.hour_start_s)
    for p in range(w.partitions.size):
        w.ledger[p, USEFUL] += w.ledger[p, UNSAVED]
        w.ledger[p, UNSAVED] = 0.0


@compiled
def advance(w: World, budget: int) -> int:
    """Handle up to so many events; say why it stopped."""
    c = w.clock[0]
    last = c.events + budget
    while c.events < last:
        if c.stale > STALE_LEAST and 2 * c.stale > c.heap_count + c.later_count:
            sweep(w)
        most = c.margin + 2 * c.slots_used  # events, and stops of jobs, that one event may bring
        if c.heap_count + c.later_count + most >= w.heap.size:
            return NEEDS_HEAP
        if c.chunks_used + most >= w.chunks.size:
            return NEEDS_CHUNKS
        if c.log_count + 1 >= w.log.size:
            return NEEDS_LOG
        if c.stop_count + most >= w.stops.size:
            return NEEDS_STOPS
        if c.slots_used + 1 >= w.live.size:
            return NEEDS_SLOTS
        look_ahead(w)
        next_s = w.heap[0].time_s if c.heap_count > 0 else NEVER
        arrival_s = w.submit_s[c.arrival] if c.arrival < c.jobs else NEVER
        if min(next_s, arrival_s) > c.end_s:
            c.now = c.end_s
            close(w)
            return FINISHED
        c.events += 1
        if arrival_s < next_s:
            c.now = arrival_s
            _arrive(w)
        else:
            c.now = next_s
            _handle(w)
        schedule(w)
        if c.limited:
            weigh(w)
            hold_limits(w, False)
        meter(w)
    return PAUSED
