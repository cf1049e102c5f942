"""Scores of written policies: what a hook may look at is filled in, then the policy's program runs on it."""

from __future__ import annotations

from gigawatt.engines.fleet.kernel.jit import compiled
from gigawatt.engines.fleet.kernel.layout import (
    CHECKPOINT_HOOK,
    FLEET_READ,
    HOUR_S,
    MILLI,
    MTTF_READ,
    NEVER,
    NONE,
    PLACEMENT_HOOK,
    QUEUE_HOOK,
    QUEUED,
    RUNNING,
    World,
)
from gigawatt.engines.fleet.kernel.progress import mttf_s, unsaved_s
from gigawatt.engines.fleet.policies.fair_share import bill
from gigawatt.engines.fleet.policies.written import HOOKS, LARGEST_W, LONGEST_S, WEEK_H
from gigawatt.engines.policy.machine import run

# places of features in the tables of `written.HOOKS`; those of a job come first in each
JOB_GPUS, RUN_TIME, PRIORITY, STOPS, WRITE, MTTF = range(6)
_QUEUE, _POD, _RUNNING = HOOKS["queue"].names, HOOKS["placement"].names, HOOKS["victim"].names
SUBMIT, WAIT, DONE = _QUEUE.index("submit_s"), _QUEUE.index("wait_s"), _QUEUE.index("done_frac")
QUEUE_TENANT, QUEUE_FLEET = _QUEUE.index("tenant_gpus"), _QUEUE.index("free_gpus")
LEFT_NODES, POD_NODES, POD_FREE = (_POD.index(name) for name in ("left_nodes", "pod_nodes", "pod_free_nodes"))
POD_FAILURES, IDLE_W, BUSY_W = (_POD.index(name) for name in ("pod_failures", "idle_w", "busy_w"))
HEADROOM, POD_FLEET = _POD.index("headroom_w"), _POD.index("free_gpus")
SINCE, LEFT, UNSAVED, HELD = (_RUNNING.index(name) for name in ("running_s", "left_s", "unsaved_s", "held_gpus"))
RESTART, GRACE, JOB_W, NEEDED = (_RUNNING.index(name) for name in ("restart_s", "grace_s", "job_w", "needed_gpus"))
RUNNING_TENANT, RUNNING_FLEET = _RUNNING.index("tenant_gpus"), _RUNNING.index("free_gpus")
_SAVED = HOOKS["checkpoint"].names
BEST, RESUMED, SAVED_LEFT = (_SAVED.index(name) for name in ("best_interval_s", "restart_s", "left_s"))


@compiled
def _score(w: World, hook: int) -> float:
    """Run a hook's program on its features."""
    h = w.programs[hook]
    h.calls += 1
    code, constants = w.code[h.code : h.code_end], w.constants[h.constant : h.constant_end]
    return run(code, constants, w.features[hook], w.stacks[hook])


@compiled
def _job(w: World, hook: int, slot: int, p: int) -> None:
    """Fill in what belongs to a job; `p` is the partition in question, or below 0 for any."""
    job = w.live[slot]
    f, kind = w.features[hook], w.classes[job.cls]
    f[JOB_GPUS] = float(job.asked)
    f[RUN_TIME] = job.work_s * w.clock[0].estimate
    f[PRIORITY] = float(kind.priority)
    f[STOPS] = float(job.stops)
    f[WRITE] = min(kind.write_s, LONGEST_S)
    if w.programs[hook].reads & MTTF_READ:
        at = max(p, 0)
        gpus = w.partitions[at].gpus
        nodes = (job.asked + gpus - 1) // gpus
        own_nodes = float(nodes) if job.asked >= gpus else job.asked / gpus
        f[MTTF] = min(mttf_s(w, job.cls, at, nodes, own_nodes), LONGEST_S)


@compiled
def _tenant(w: World, hook: int, slot: int, first: int) -> None:
    """Fill in what belongs to the tenant of a job, from a place in the table on."""
    tenant = w.live[slot].tenant
    f, t = w.features[hook], w.tenants[tenant]
    if w.clock[0].bills:
        bill(w, tenant)
    f[first], f[first + 1], f[first + 2] = float(t.held), float(t.quota), t.used_gpu_s


@compiled
def _fleet(w: World, hook: int, p: int, first: int) -> None:
    """Fill in what belongs to the fleet, from a place in the table on; `p` as for `_job`."""
    f, c = w.features[hook], w.clock[0]
    if not w.programs[hook].reads & FLEET_READ:
        return
    free = online = shared = 0
    for other in range(w.partitions.size):
        if p < 0 or other == p:
            a = w.partitions[other]
            free += max(a.free_nodes - a.spare_nodes, 0) * a.gpus + a.shared_free
            online += a.online
            shared += a.shared_free
    f[first], f[first + 1], f[first + 2] = float(free), float(online), float(shared)
    f[first + 3], f[first + 4] = float(c.waiting), float(c.waiting_gpus)
    f[first + 5] = c.now / HOUR_S % WEEK_H


@compiled
def queue_score(w: World, slot: int) -> float:
    """Return the score of a waiting job; the highest goes first."""
    job = w.live[slot]
    f, now = w.features[QUEUE_HOOK], w.clock[0].now
    _job(w, QUEUE_HOOK, slot, job.partition)
    f[SUBMIT] = w.submit_s[job.job]
    f[WAIT] = job.wait_s + (now - job.queued_s if job.status == QUEUED else 0.0)
    f[DONE] = job.done_s / job.work_s if job.work_s > 0.0 else 0.0
    _tenant(w, QUEUE_HOOK, slot, QUEUE_TENANT)
    _fleet(w, QUEUE_HOOK, job.partition, QUEUE_FLEET)
    return _score(w, QUEUE_HOOK)


@compiled
def before_pods(w: World, slot: int, p: int, left: int) -> None:
    """Fill in what all pods of a partition have in common for a job that needs so many nodes there."""
    f, a = w.features[PLACEMENT_HOOK], w.partitions[p]
    s = w.sites[a.site]
    _job(w, PLACEMENT_HOOK, slot, p)
    f[LEFT_NODES] = float(left)
    f[IDLE_W], f[BUSY_W] = a.idle_w, a.busy_w
    f[HEADROOM] = LARGEST_W if not s.limit_w < NEVER else s.limit_w - s.power_mw / MILLI
    _fleet(w, PLACEMENT_HOOK, p, POD_FLEET)


@compiled
def pod_score(w: World, pod: int) -> float:
    """Return the score of a pod after `before_pods`; the highest takes the job."""
    f, cell = w.features[PLACEMENT_HOOK], w.cells[pod]
    f[POD_NODES], f[POD_FREE], f[POD_FAILURES] = float(cell.count), float(cell.free), float(cell.fails)
    return _score(w, PLACEMENT_HOOK)


@compiled
def running_score(w: World, hook: int, slot: int, needed: int) -> float:
    """Return the score of a running job that may have to leave; the highest leaves first."""
    job, c = w.live[slot], w.clock[0]
    f, kind = w.features[hook], w.classes[job.cls]
    _job(w, hook, slot, job.where)
    fresh_s = unsaved_s(w, slot) if job.status == RUNNING else 0.0
    done_s = job.done_s + job.fresh_s
    if job.status == RUNNING:
        done_s += (c.now - job.mark_s) * job.rate
    f[SINCE] = c.now - job.taken_s
    f[LEFT] = max(job.work_s - done_s, 0.0) * c.estimate
    f[UNSAVED], f[HELD] = fresh_s, float(job.held)
    f[RESTART], f[GRACE] = kind.restart_s, kind.grace_s
    f[JOB_W], f[NEEDED] = job.power_mw / MILLI, float(needed)
    _tenant(w, hook, slot, RUNNING_TENANT)
    _fleet(w, hook, NONE, RUNNING_FLEET)
    return _score(w, hook)


@compiled
def interval_score(w: World, slot: int, best_s: float) -> float:
    """Return the checkpoint interval that a policy wants for a job that starts."""
    job, c = w.live[slot], w.clock[0]
    f = w.features[CHECKPOINT_HOOK]
    _job(w, CHECKPOINT_HOOK, slot, job.where)
    f[BEST], f[RESUMED] = min(best_s, LONGEST_S), w.classes[job.cls].swap_s
    f[SAVED_LEFT] = max(job.work_s - job.done_s, 0.0) * c.estimate
    return _score(w, CHECKPOINT_HOOK)
