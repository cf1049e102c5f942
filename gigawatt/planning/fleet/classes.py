"""How jobs of each kind checkpoint, restart, and what they do when a node fails."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gigawatt.catalogue import Catalogue
from gigawatt.catalogue.failures import Checkpointing, Reliability
from gigawatt.engines.fleet.simulation import KINDS, MODES, CheckpointTier, JobClass
from gigawatt.planning.figures import Figures
from gigawatt.planning.fleet.question import Question
from gigawatt.planning.traces.trace import job_classes
from gigawatt.planning.wiring.hazards import job_causes

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
        Of a large run's own software, which leave the nodes healthy. [1/day]
    drawn_failures_per_gpu_day : float
        The same of the other jobs: what their own ends do not count already. [1/day]
    job_failures_per_day : float
        Of every job, whatever its size. [1/day]
    confined_software_frac : float
        Of the failures by software that come with nodes: those that take one replica alone. [-]
    checkpoint_interval_s : float
        0 for the best for each job's size. [s]
    tiers : tuple of CheckpointTier
        Safer places behind the first.
    """

    checkpoint_write_s: float
    restart_s: float
    swap_s: float
    mode: str
    software_failures_per_gpu_day: float = 0.0
    drawn_failures_per_gpu_day: float = 0.0
    job_failures_per_day: float = 0.0
    confined_software_frac: float = 0.0
    checkpoint_interval_s: float = 0.0
    tiers: tuple[CheckpointTier, ...] = ()


def _confined(asked: Question, catalogue: Catalogue, figures: Figures) -> float:
    """Return the share of software failures that take one replica alone; none where no replica carries on. [-]."""
    if asked.recovery != "replica":
        return 0.0
    if asked.confined_software_frac >= 0.0:
        return asked.confined_software_frac
    return figures("defaults.confined_software_frac", catalogue.defaults.confined_software_frac)


def recovery_of(asked: Question, catalogue: Catalogue, entry: Reliability | None, figures: Figures) -> Recovery:
    """Return what is asked, and the figures of the catalogue where nothing is said."""
    usual = JobClass("")
    write_s, restart_s, swap_s, own, shared = usual.checkpoint_write_s, usual.restart_s, usual.swap_s, 0.0, 0.0
    if entry is not None:
        named, repair = f"reliability.{entry.id}", catalogue.repairs[entry.repair]
        if asked.checkpoint_write_s < 0.0 and not asked.tiers:
            write_s = figures(f"{named}.checkpoint_write_s", entry.checkpoint_write_s)
        if asked.restart_s < 0.0:
            restart_s = figures(f"{named}.restart_s", entry.restart_s)
        swap_s = figures(f"repairs.{repair.id}.swap_s", repair.swap_s)
        own, shared = _software(catalogue, entry, figures)
    interval_s = asked.checkpoint_interval_s
    tiers: tuple[CheckpointTier, ...] = ()
    if asked.tiers:
        places = catalogue.checkpoints[asked.tiers]
        write_s, interval_s, tiers = _places(places, asked, figures)
    said = asked.software_failures_per_gpu_day
    return Recovery(
        checkpoint_write_s=asked.checkpoint_write_s if asked.checkpoint_write_s >= 0.0 else write_s,
        restart_s=asked.restart_s if asked.restart_s >= 0.0 else restart_s,
        swap_s=min(swap_s, asked.restart_s if asked.restart_s >= 0.0 else restart_s),
        mode=asked.recovery or MODES[0],
        confined_software_frac=_confined(asked, catalogue, figures),
        software_failures_per_gpu_day=said if said >= 0.0 else own + shared,
        drawn_failures_per_gpu_day=said if said >= 0.0 else shared,
        job_failures_per_day=asked.job_failures_per_day,
        checkpoint_interval_s=interval_s,
        tiers=tiers,
    )


def _software(catalogue: Catalogue, entry: Reliability, figures: Figures) -> tuple[float, float]:
    """Return failures by accelerator and day: those of software beyond the entry's rate, and those among its causes."""
    named, own = f"reliability.{entry.id}", entry.software_failures_per_node_day
    rate = figures(f"{named}.failures_per_node_day", entry.failures_per_node_day)
    shares = [
        figures(f"{named}.causes_frac.{cause}", entry.causes_frac[cause]) for cause in job_causes(catalogue, entry)
    ]
    beyond = figures(f"{named}.software_failures_per_node_day", own) if own else 0.0
    return beyond / entry.node_gpus, rate * sum(shares) / entry.node_gpus


def _places(
    places: Checkpointing, asked: Question, figures: Figures
) -> tuple[float, float, tuple[CheckpointTier, ...]]:
    """Return the stall, the interval and the tiers of the places where checkpoints go."""
    taken = {name: figures(f"checkpoints.{places.id}.{name}", item) for name, item in places.figures().items()}
    interval_s = asked.checkpoint_interval_s or taken.get("interval_s", 0.0)
    tiers = tuple(
        CheckpointTier(
            every_count=max(round(taken[f"{name}_every_s"] / interval_s), 1),
            needed_frac=taken[f"{name}_needed_frac"],
            stall_s=taken.get(f"{name}_stall_s", 0.0),
            restore_s=taken.get(f"{name}_restore_s", 0.0),
        )
        for name in places.tiers
    )
    return taken["write_s"], interval_s, tiers


def classes_of_kinds(
    recovery: Recovery, load_frac: float, node_gpus_count: int, *, movable: bool, many: bool = False
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
    movable : bool
        Whether jobs may be taken off their nodes: for those of higher priority, or to be moved together.
    many : bool
        Whether a job stands for many smaller ones: a failure then stops the node that it hits and no more, and what
        stops whole jobs is counted among the failures of nodes.

    Returns
    -------
    tuple of JobClass
    """
    after_s = PREEMPTIBLE_AFTER_S if movable else float("inf")
    software = 0.0 if many else recovery.drawn_failures_per_gpu_day * node_gpus_count
    found = []
    for item in job_classes():
        made = replace(
            item,
            load_frac=load_frac,
            restart_s=recovery.restart_s,
            preemptible_after_s=after_s,
            grace_s=GRACE_S,
            software_failures_per_node_day=software,
            job_failures_per_day=0.0 if many else recovery.job_failures_per_day,
        )
        made = _trains(made, recovery) if item.kind in TRAINS else made
        found.append(replace(made, mode="replica", checkpoint_interval_s=MANY_INTERVAL_S, tiers=()) if many else made)
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
        job_failures_per_day=recovery.job_failures_per_day,
    )
    return _trains(made, recovery)


def serving_class(load_frac: float) -> JobClass:
    """Return the class of a serving pool: replicas carry on without the failed one."""
    most = max(item.priority for item in job_classes())
    return JobClass("serving", KINDS[-1], "replica", most + 1, float("inf"), load_frac=load_frac)


def _trains(item: JobClass, recovery: Recovery) -> JobClass:
    """Return a class with the checkpoints of what trains."""
    return replace(
        item,
        mode=recovery.mode,
        confined_software_frac=recovery.confined_software_frac,
        checkpoint_interval_s=recovery.checkpoint_interval_s,
        checkpoint_write_s=recovery.checkpoint_write_s,
        tiers=recovery.tiers,
        restart_s=recovery.restart_s,
        swap_s=recovery.swap_s,
        least_frac=LEAST_FRAC if recovery.mode == "elastic" else 1.0,
    )
