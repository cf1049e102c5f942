"""Taking jobs off their nodes: with notice, so that they can write a checkpoint, and the lowest priority first."""

from __future__ import annotations

from gigawatt.engines.fleet.kernel.books import note_stop
from gigawatt.engines.fleet.kernel.jit import compiled
from gigawatt.engines.fleet.kernel.layout import (
    BY_POWER,
    BY_PRIORITY,
    JOB_LEAVE,
    LEAVE,
    NEVER,
    NONE,
    POWER_HOOK,
    RESTARTING,
    RUNNING,
    SAVING,
    VICTIM_HOOK,
    World,
)
from gigawatt.engines.fleet.kernel.lifecycle import requeue, save
from gigawatt.engines.fleet.kernel.progress import lose, plan_at, plan_next, settle
from gigawatt.engines.fleet.kernel.scores import running_score

SCAN_COUNT = 4096  # running jobs of a class that are looked at for victims, newest first


@compiled
def ask_to_leave(w: World, slot: int, notice_s: float, why: int) -> None:
    """Give a job notice: it goes on, writes a checkpoint at the end if there is time for one, and leaves."""
    job, c = w.live[slot], w.clock[0]
    write_s = w.classes[job.cls].write_s
    saves = notice_s >= write_s and write_s < NEVER
    leave_s = c.now + notice_s - (write_s if saves else 0.0)
    if job.status == SAVING or leave_s >= job.leave_s:
        if job.status == SAVING and job.after != LEAVE:  # it stands already, and will not go on here
            job.after = LEAVE
            note_stop(w, slot, c.components + why, NONE)
        return
    if job.coming == 0:
        job.coming = job.held
        w.partitions[job.where].coming += job.held
    job.leave_s, job.abrupt, job.why = leave_s, int(not saves), why
    settle(w, slot)
    if job.status == RUNNING:
        plan_next(w, slot)
    elif job.status == RESTARTING:
        plan_at(w, slot, c.now, JOB_LEAVE)


@compiled
def leaves(w: World, slot: int) -> None:
    """Let a job whose notice is over leave, after a checkpoint if there was time for one."""
    job = w.live[slot]
    settle(w, slot)
    note_stop(w, slot, w.clock[0].components + job.why, NONE)
    if job.status == RUNNING and not job.abrupt and not job.spoilt_s < NEVER:
        save(w, slot, LEAVE)
    else:
        lose(w, slot, 0.0)
        requeue(w, slot)


@compiled
def _eligible(w: World, slot: int, forced: bool) -> bool:
    """Whether a job may be taken off now."""
    job = w.live[slot]
    if job.coming > 0 or not (job.whole or forced) or (job.status != RUNNING and job.status != RESTARTING):
        return False
    return forced or w.clock[0].now - job.taken_s >= w.classes[job.cls].after_s


@compiled
def _sweep_victims(w: World, p: int, below: int, gpus: int, forced: bool, act: bool) -> int:
    """Go through the jobs of lower priority, newest first, until enough is found; return what was found."""
    found = 0
    for cls in w.class_order:
        if w.classes[cls].priority >= below:
            break
        slot = w.chains[p, cls, 1]
        looked = 0
        while slot >= 0 and found < gpus and looked < SCAN_COUNT:
            before = w.live[slot].prv
            if _eligible(w, slot, forced):
                found += w.live[slot].held
                if act:
                    ask_to_leave(w, slot, w.classes[cls].grace_s, BY_POWER if forced else BY_PRIORITY)
            slot = before
            looked += 1
    return found


@compiled
def _score_victims(w: World, p: int, below: int, gpus: int, forced: bool) -> int:
    """Score the jobs of lower priority that may leave; return what they hold."""
    found = 0
    for cls in w.class_order:
        if w.classes[cls].priority >= below:
            break
        slot = w.chains[p, cls, 1]
        looked = 0
        while slot >= 0 and looked < SCAN_COUNT:
            job = w.live[slot]
            job.score = -NEVER
            if _eligible(w, slot, forced):
                job.score = running_score(w, POWER_HOOK if forced else VICTIM_HOOK, slot, gpus)
                found += job.held
            slot = job.prv
            looked += 1
    return found


@compiled
def _highest(w: World, p: int, below: int) -> int:
    """Return the job of the highest score after `_score_victims`, the newest where several have it."""
    best = NONE
    for cls in w.class_order:
        if w.classes[cls].priority >= below:
            break
        slot = w.chains[p, cls, 1]
        looked = 0
        while slot >= 0 and looked < SCAN_COUNT:
            score = w.live[slot].score
            if score > -NEVER and (best < 0 or score > w.live[best].score):
                best = slot
            slot = w.live[slot].prv
            looked += 1
    return best


@compiled
def _preempt_by_score(w: World, p: int, below: int, gpus: int, forced: bool) -> bool:
    """Take so many accelerators from the jobs that a written policy scores highest."""
    if _score_victims(w, p, below, gpus, forced) < gpus and not forced:
        return False
    found = 0
    while found < gpus:
        slot = _highest(w, p, below)
        if slot < 0:
            break
        found += w.live[slot].held
        w.live[slot].score = -NEVER
        ask_to_leave(w, slot, w.classes[w.live[slot].cls].grace_s, BY_POWER if forced else BY_PRIORITY)
    return True


@compiled
def preempt(w: World, p: int, below: int, gpus: int, forced: bool) -> bool:
    """Take so many accelerators from jobs of lower priority, all of them or none; what is on its way counts."""
    lacking = gpus - w.partitions[p].coming
    if lacking <= 0:
        return True
    if w.programs[POWER_HOOK if forced else VICTIM_HOOK].on:
        return _preempt_by_score(w, p, below, lacking, forced)
    if not forced and _sweep_victims(w, p, below, lacking, forced, False) < lacking:
        return False
    _sweep_victims(w, p, below, lacking, forced, True)
    return True
