"""How jobs of each kind checkpoint, restart, and what they do when a node fails."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gigawatt.catalogue import Catalogue
from gigawatt.catalogue.failures import Reliability
from gigawatt.engines.fleet.simulation import KINDS, JobClass
from gigawatt.planning.figures import Figures
from gigawatt.planning.fleet.question import Question
from gigawatt.planning.traces.trace import job_classes

TRAINS = ("training", "fine-tuning")  # kinds that write checkpoints
LEAST_FRAC = 0.5  # ASSUMPTION: an elastic job goes on with half its nodes at least
# ASSUMPTION: a job gives its nodes to one of higher priority after an hour at least, with five minutes' notice
PREEMPTIBLE_AFTER_S, GRACE_S = 3600.0, 300.0
# ASSUMPTION: what a hidden failure costs a job that stands for many is half of this, not all since their starts
MANY_INTERVAL_S = 1800.0


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a failure costs a training job beside the work since its last checkpoint.

    Attributes
    ----------
    checkpoint_write_s, restart_s, swap_s : float
        Stall of a checkpoint; failure to running, anew and on a hot spare. [s]
    mode : str
        Of the simulator.
    software_failures_per_gpu_day : float
        Of the jobs' own software, which leave the nodes healthy. [1/day]
    """

    checkpoint_write_s: float
    restart_s: float
    swap_s: float
    mode: str
    software_failures_per_gpu_day: float = 0.0


def recovery_of(asked: Question, catalogue: Catalogue, entry: Reliability | None, figures: Figures) -> Recovery:
    """Return what is asked, and the reliability entry's times where nothing is said."""
    usual = JobClass("")
    write_s, restart_s, swap_s, software = usual.checkpoint_write_s, usual.restart_s, usual.swap_s, 0.0
    if entry is not None:
        named, repair = f"reliability.{entry.id}", catalogue.repairs[entry.repair]
        if asked.checkpoint_write_s < 0.0:
            write_s = figures(f"{named}.checkpoint_write_s", entry.checkpoint_write_s)
        if asked.restart_s < 0.0:
            restart_s = figures(f"{named}.restart_s", entry.restart_s)
        swap_s = figures(f"repairs.{repair.id}.swap_s", repair.swap_s)
        own = entry.software_failures_per_node_day
        software = figures(f"{named}.software_failures_per_node_day", own) / entry.node_gpus if own else 0.0
    write_s = asked.checkpoint_write_s if asked.checkpoint_write_s >= 0.0 else write_s
    restart_s = asked.restart_s if asked.restart_s >= 0.0 else restart_s
    return Recovery(write_s, restart_s, min(swap_s, restart_s), asked.recovery, software)


def classes_of_kinds(
    recovery: Recovery, load_frac: float, node_gpus_count: int, *, preemption: bool, many: bool = False
) -> tuple[JobClass, ...]:
    """Return a class for each kind of job, in the order of KINDS.

    Parameters
    ----------
    recovery : Recovery
        Of what trains; the rest starts anew after a failure.
    load_frac : float
        Mean power between idle and rated of a running job. [-]
    node_gpus_count : int
        Of the fleet's nodes.
    preemption : bool
        Whether jobs give way to those of higher priority.
    many : bool
        Whether a job stands for many smaller ones: a failure then stops the node that it hits and no more.

    Returns
    -------
    tuple of JobClass
    """
    after_s = PREEMPTIBLE_AFTER_S if preemption else float("inf")
    found = []
    for item in job_classes():
        made = replace(
            item, load_frac=load_frac, restart_s=recovery.restart_s, preemptible_after_s=after_s, grace_s=GRACE_S
        )
        made = _trains(made, recovery) if item.kind in TRAINS else made
        found.append(replace(made, mode="replica", checkpoint_interval_s=MANY_INTERVAL_S) if many else made)
    return tuple(found)


def run_class(
    name: str, recovery: Recovery, load_frac: float, node_gpus_count: int, replica_nodes_count: int = 1
) -> JobClass:
    """Return the class of one large training run: it goes before everything but serving, and is never taken off."""
    made = JobClass(
        name,
        KINDS[0],
        priority=max(item.priority for item in job_classes()),
        load_frac=load_frac,
        replica_nodes_count=replica_nodes_count,
        software_failures_per_node_day=recovery.software_failures_per_gpu_day * node_gpus_count,
    )
    return _trains(made, recovery)


def serving_class(load_frac: float) -> JobClass:
    """Return the class of a serving pool: replicas carry on without the failed one."""
    most = max(item.priority for item in job_classes())
    return JobClass("serving", KINDS[-1], "replica", most + 1, float("inf"), load_frac=load_frac)


def _trains(item: JobClass, recovery: Recovery) -> JobClass:
    """Return a class with checkpoints at the best interval for each job's size."""
    return replace(
        item,
        mode=recovery.mode,
        checkpoint_interval_s=0.0,
        checkpoint_write_s=recovery.checkpoint_write_s,
        restart_s=recovery.restart_s,
        swap_s=recovery.swap_s,
        least_frac=LEAST_FRAC if recovery.mode == "elastic" else 1.0,
    )
