"""What a job does when nodes of it fail: a spare steps in, replicas carry on, it shrinks or it queues."""

from __future__ import annotations

from gigawatt.engines.fleet.kernel.books import note_stop
from gigawatt.engines.fleet.kernel.draws import log_normal, uniform
from gigawatt.engines.fleet.kernel.heap import push
from gigawatt.engines.fleet.kernel.jit import compiled
from gigawatt.engines.fleet.kernel.layout import (
    BY_GROWTH,
    BY_SOFTWARE,
    GROW,
    JOB_REJOIN,
    NEVER,
    NONE,
    POOLED,
    RANDOM_REPLICA,
    RANDOM_RESTART,
    RANDOM_TIER,
    REPLICA,
    RUNNING,
    STAY,
    World,
)
from gigawatt.engines.fleet.kernel.lifecycle import elastic_enough, next_draws, own_nodes, requeue, restart, save
from gigawatt.engines.fleet.kernel.place import take_near
from gigawatt.engines.fleet.kernel.progress import fall_back, lose, plan_next, refresh, settle


@compiled
def mark_hit(w: World, slot: int) -> None:
    """Put a job on the list of those that the failure at hand touches, its books settled."""
    job, c = w.live[slot], w.clock[0]
    if job.hit:
        return
    settle(w, slot)
    job.hit, job.hits = 1, 0
    job.hit_nxt = c.hit
    c.hit = slot


@compiled
def _wish(w: World, slot: int) -> None:
    """Enter a job in the list of those that lack nodes."""
    job = w.live[slot]
    if not job.wants:
        job.wants = 1
        job.want_nxt = w.partitions[job.where].wanting
        w.partitions[job.where].wanting = slot


@compiled
def _rejoin(w: World, slot: int, replicas: int) -> None:
    """Replicas that have all their nodes again restart beside the others."""
    job, c = w.live[slot], w.clock[0]
    kind = w.classes[job.cls]
    time_s = log_normal(kind.swap_s, kind.sigma, c.seed, RANDOM_RESTART, job.job, job.stops + job.draws)
    job.draws += 1
    job.rejoin += replicas
    push(w, c.now + time_s, JOB_REJOIN, slot, job.life, replicas)


@compiled
def refill(w: World, slot: int) -> None:
    """Give a job that lacks nodes what is free."""
    job = w.live[slot]
    kind = w.classes[job.cls]
    found = min(job.missing, w.partitions[job.where].free_nodes)
    if found > 0 and (job.status == POOLED or kind.mode == REPLICA):
        settle(w, slot)
        take_near(w, slot, found)
        job.missing -= found
        if job.status != POOLED:
            ready = job.lost - job.rejoin
            if job.missing > 0:
                ready = min(ready, found // kind.replica)
            if ready > 0:
                _rejoin(w, slot, ready)
        refresh(w, slot)
    elif found > 0 and found == job.missing and job.status == RUNNING:
        settle(w, slot)
        note_stop(w, slot, w.clock[0].components + BY_GROWTH, NONE)
        save(w, slot, GROW)
    if job.missing > 0:
        _wish(w, slot)


@compiled
def refill_all(w: World, p: int) -> None:
    """Serve the jobs of a partition that lack nodes; those that have all drop off the list."""
    slot = w.partitions[p].wanting
    w.partitions[p].wanting = NONE
    while slot >= 0:
        after = w.live[slot].want_nxt
        w.live[slot].wants = 0
        if w.live[slot].missing > 0:
            refill(w, slot)
        slot = after


@compiled
def rejoined(w: World, slot: int, replicas: int) -> None:
    """Replicas work again."""
    job = w.live[slot]
    settle(w, slot)
    job.lost -= replicas
    job.rejoin -= replicas
    refresh(w, slot)
    if job.status == RUNNING:
        plan_next(w, slot)


@compiled
def _tier(w: World, slot: int) -> int:
    """Draw the tier of checkpoints that a failure leaves."""
    job, c = w.live[slot], w.clock[0]
    kind = w.classes[job.cls]
    if kind.second_every == 0:
        return 0
    luck = uniform(c.seed, RANDOM_TIER, job.job, job.stops)
    return int(luck < kind.second_needed) + int(luck < kind.third_needed)


@compiled
def _stall(w: World, slot: int) -> None:
    """Stop a whole job: spares take the failed nodes' places, or it gives all up and waits."""
    job = w.live[slot]
    swap_s = w.classes[job.cls].swap_s
    tier = _tier(w, slot)
    if tier > 0:
        fall_back(w, slot, tier)
        swap_s += w.classes[job.cls].second_restore_s if tier == 1 else w.classes[job.cls].third_restore_s
    if job.lost > 0:
        job.lost = job.rejoin = 0
        job.life += 1
    lacking = job.wanted_nodes - job.nodes
    job.missing = 0
    if job.after != STAY and job.leave_s <= w.clock[0].now:
        requeue(w, slot)
    elif lacking <= w.partitions[job.where].free_nodes:
        if lacking > 0:
            take_near(w, slot, lacking)
        restart(w, slot, swap_s)
    elif elastic_enough(w, slot):
        job.missing = lacking
        restart(w, slot, swap_s)
        _wish(w, slot)
    else:
        requeue(w, slot)


@compiled
def _carry_on(w: World, slot: int) -> None:
    """Let the other replicas go on, after a moment in which all stand still where the class has one."""
    stall_s = w.classes[w.live[slot].cls].stall_s
    if stall_s > 0.0:
        restart(w, slot, stall_s)
        w.live[slot].standing = 1
    else:
        plan_next(w, slot)


@compiled
def _in_one_replica(w: World, slot: int) -> bool:
    """Draw whether a failure of a job's own takes one replica alone: some of those that come with its nodes do."""
    job, c = w.live[slot], w.clock[0]
    kind = w.classes[job.cls]
    if kind.mode != REPLICA or not job.whole or (job.lost + 1) * kind.replica >= job.wanted_nodes:
        return False
    by_nodes = kind.node_fails_per_s * own_nodes(w, slot)
    luck = uniform(c.seed, RANDOM_REPLICA, job.job, job.draws)
    return luck * (kind.fails_per_s + by_nodes) < kind.confined * by_nodes


@compiled
def fail_alone(w: World, slot: int) -> None:
    """Let a job fail by itself: its nodes are healthy, and it restarts where it is, or a replica of it does."""
    job = w.live[slot]
    settle(w, slot)
    job.stops += 1
    note_stop(w, slot, w.clock[0].components + BY_SOFTWARE, NONE)
    if _in_one_replica(w, slot):
        next_draws(w, slot, False)
        job.lost += 1
        _rejoin(w, slot, 1)
        refresh(w, slot)
        _carry_on(w, slot)
        return
    lose(w, slot, 0.0)
    next_draws(w, slot, False)
    restart(w, slot, w.classes[job.cls].swap_s)


@compiled
def interrupt(w: World, slot: int, component: int, node: int) -> None:
    """Tell a job that a failure took nodes of it or spoiled its work; its books are settled."""
    job = w.live[slot]
    kind = w.classes[job.cls]
    job.stops += 1
    note_stop(w, slot, component, node)
    if job.status == POOLED:
        job.missing += job.hits
        refresh(w, slot)
        refill(w, slot)
        return
    if kind.mode == REPLICA and job.whole and (job.status == RUNNING or job.standing) and job.hits > 0:
        new = (job.hits + kind.replica - 1) // kind.replica
        if (job.lost + new) * kind.replica < job.wanted_nodes:
            job.lost += new
            job.missing += job.hits
            if job.hidden == 0:  # what was worked in vain is lost; from now on work counts again
                job.spoilt_s = NEVER
            refresh(w, slot)
            refill(w, slot)
            _carry_on(w, slot)
            return
    lose(w, slot, w.components[component].rollback_s)
    if job.whole:
        _stall(w, slot)
    else:
        requeue(w, slot)


@compiled
def interrupt_all(w: World, component: int, node: int) -> None:
    """Interrupt every job on the list, and empty it."""
    c = w.clock[0]
    while c.hit >= 0:
        slot = c.hit
        c.hit = w.live[slot].hit_nxt
        w.live[slot].hit = 0
        interrupt(w, slot, component, node)


@compiled
def grow(w: World, slot: int) -> None:
    """Give an elastic job whose checkpoint is written the nodes that it lacks, if they are still free."""
    job = w.live[slot]
    found = min(job.missing, w.partitions[job.where].free_nodes)
    if found > 0:
        take_near(w, slot, found)
        job.missing -= found
    restart(w, slot, w.classes[job.cls].swap_s)
    if job.missing > 0:
        _wish(w, slot)
