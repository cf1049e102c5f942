"""Policies written as text: what each hook may look at, what its score means, and what a run takes.

The language is that of `gigawatt.engines.policy`. In every hook but `checkpoint` **the highest score goes first**, and
what scores the same keeps the order of the hand-written rule. A base policy (`Rules.policy`) gives the rest: whether
others may pass a blocked job, queues by tenant, and so on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from gigawatt.engines.policy import Feature, Features, Program

LONGEST_S = 1e12  # stands for never in times that a score reads [s]
LARGEST_W = 1e15  # stands for no limit of power [W]
WEEK_H = 168.0

_JOB = (
    Feature("job_gpus", "GPU", "Accelerators that the job asks for.", 1.0, 131072.0),
    Feature("run_time_s", "s", "Running time that the user states, for the whole job.", 0.0, 5184000.0),
    Feature("priority", "-", "Of the job's class; higher is more important.", 0.0, 10.0),
    Feature("stops_count", "-", "Failures that have stopped the job so far.", 0.0, 100.0),
    Feature("write_s", "s", "Time of one checkpoint.", 0.0, 600.0),
    Feature("mttf_s", "s", "Mean time between failures of a job on its nodes; 1e12 for never.", 60.0, LONGEST_S),
)
_TENANT = (
    Feature("tenant_gpus", "GPU", "Accelerators that the tenant holds.", 0.0, 131072.0),
    Feature("tenant_quota_gpus", "GPU", "Accelerators that the tenant may hold; 0 without quotas.", 0.0, 131072.0),
    Feature(
        "tenant_used_gpu_s", "GPU s", "What the tenant used, with a half-life of seven days; 0 = nothing.", 0.0, 1e12
    ),
)
_FLEET = (
    Feature("free_gpus", "GPU", "Free in the partitions that the job may use, hot spares left out.", 0.0, 1.3e6),
    Feature("online_gpus", "GPU", "In service in those partitions, down or not.", 0.0, 1.3e6),
    Feature("shared_free_gpus", "GPU", "Of the free ones, those on nodes that are partly used.", 0.0, 10000.0),
    Feature("waiting_jobs", "-", "Jobs that wait, in the whole fleet.", 0.0, 100000.0),
    Feature("waiting_gpus", "GPU", "Accelerators that they ask for.", 0.0, 1.3e6),
    Feature("hour_of_week_h", "h", "Hours since the start, modulo 168.", 0.0, WEEK_H),
)
_QUEUE = (
    *_JOB,
    Feature("submit_s", "s", "Time of submission since the start.", 0.0, 31536000.0),
    Feature("wait_s", "s", "Time that the job has spent in queues, all of them.", 0.0, 2592000.0),
    Feature("done_frac", "-", "Share of its work that a checkpoint holds: above 0 after a stop.", 0.0, 1.0),
    *_TENANT,
    *_FLEET,
)
_PLACEMENT = (
    *_JOB,
    Feature("left_nodes", "-", "Nodes that the job still needs.", 1.0, 16384.0),
    Feature("pod_nodes", "-", "Nodes of the pod.", 1.0, 4096.0),
    Feature("pod_free_nodes", "-", "Free ones of them.", 1.0, 4096.0),
    Feature("pod_failures", "-", "Failures in the pod so far.", 0.0, 10000.0),
    Feature("idle_w", "W", "Power of a waiting accelerator there.", 0.0, 1000.0),
    Feature("busy_w", "W", "Power of a busy one.", 0.0, 3000.0),
    Feature("headroom_w", "W", "Left under the site's limit of power; 1e15 without one.", 0.0, LARGEST_W),
    *_FLEET,
)
_RUNNING = (
    *_JOB,
    Feature("running_s", "s", "Since the job got its nodes.", 0.0, 5184000.0),
    Feature("left_s", "s", "Stated running time that is left.", 0.0, 5184000.0),
    Feature("unsaved_s", "s", "Running since the last checkpoint: what a stop without notice loses.", 0.0, 86400.0),
    Feature("held_gpus", "GPU", "Accelerators that it holds, on whole nodes.", 1.0, 131072.0),
    Feature("restart_s", "s", "From being placed anew to running.", 0.0, 3600.0),
    Feature("grace_s", "s", "Notice that it gets.", 0.0, 3600.0),
    Feature("job_w", "W", "Power that it draws.", 0.0, 1e9),
    Feature("needed_gpus", "GPU", "Accelerators that are to be freed.", 1.0, 131072.0),
    *_TENANT,
    *_FLEET,
)
_CHECKPOINT = (
    *_JOB,
    Feature("best_interval_s", "s", "The interval that keeps most work by Daly's model.", 1.0, LONGEST_S),
    Feature("restart_s", "s", "From a stop to running, where a spare steps in.", 0.0, 3600.0),
    Feature("left_s", "s", "Stated running time that is left.", 0.0, 5184000.0),
)

# queue: a waiting job; the highest goes first, ties in order of submission.
# placement: a pod with room; the highest takes the job, ties the tightest.
# victim: a running job of lower priority than one that preempts; the highest leaves first, ties the newest.
# checkpoint: seconds between checkpoints of a job that starts; 0 or less takes the built-in best.
# power: a running job at a site over its limit; the highest leaves first, ties the newest.
HOOKS: dict[str, Features] = {
    "queue": Features(_QUEUE),
    "placement": Features(_PLACEMENT),
    "victim": Features(_RUNNING),
    "checkpoint": Features(_CHECKPOINT),
    "power": Features(_RUNNING),
}
# What a waiting job's score may read and still be worked out once, when the job comes into the queue.
FIXED = frozenset(
    {
        "job_gpus", "run_time_s", "priority", "stops_count", "write_s", "mttf_s", "submit_s", "done_frac",
        "tenant_quota_gpus",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Written:
    """Programs for the hooks of a run; None leaves a hook to the base policy.

    Attributes
    ----------
    queue, placement, victim, checkpoint, power : Program or None
        Compiled with the table of `HOOKS` of the same name. `victim` is asked where `Rules.preemption` is on; `power`
        where `Rules.power_response` is "preempt".
    """

    queue: Program | None = None
    placement: Program | None = None
    victim: Program | None = None
    checkpoint: Program | None = None
    power: Program | None = None

    @property
    def programs(self) -> tuple[Program | None, ...]:
        """The programs in the order of `HOOKS`."""
        return self.queue, self.placement, self.victim, self.checkpoint, self.power


def is_fixed(program: Program) -> bool:
    """Say whether a job's score stays the same while it waits.

    Parameters
    ----------
    program : Program

    Returns
    -------
    bool

    Examples
    --------
    >>> from gigawatt.engines.policy import compile_policy
    >>> is_fixed(compile_policy("-run_time_s", HOOKS["queue"])), is_fixed(compile_policy("wait_s", HOOKS["queue"]))
    (True, False)
    """
    return set(program.features) <= FIXED


def faults(written: Written) -> list[str]:
    """Return what is wrong with programs: compiled for another table than their hook's.

    Parameters
    ----------
    written : Written

    Returns
    -------
    list of str

    Examples
    --------
    >>> from gigawatt.engines.policy import compile_policy
    >>> faults(Written(queue=compile_policy("left_nodes", HOOKS["placement"])))
    ['rules: the program for queue was compiled with another table of features than its own']
    """
    found = []
    for (hook, table), program in zip(HOOKS.items(), written.programs, strict=True):
        if program is None:
            continue
        rows = [int(row) for row in program.code[1 : 1 + len(program.features), 0]]
        names = table.names
        if rows != [names.index(name) if name in names else math.nan for name in program.features]:
            found.append(f"rules: the program for {hook} was compiled with another table of features than its own")
    return found
