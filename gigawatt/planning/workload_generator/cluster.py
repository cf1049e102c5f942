"""A cluster as its workload knew it: equal nodes, a quota for each tenant, first fit within a tenant's queue."""

from __future__ import annotations

import numpy as np

from gigawatt.engines.fleet.generator import NODE_GPUS_COUNT, WorkloadModel, generate
from gigawatt.engines.fleet.simulation import Hazards, Jobs, Partition, Rules, Simulation
from gigawatt.planning.traces.trace import job_classes
from gigawatt.units import SECONDS_PER_DAY

WARM_UP_S = 14.0 * SECONDS_PER_DAY  # an empty cluster fills with long jobs
POLICY = "easy-backfill"  # of Slurm and its kin: a small job may pass a blocked one


def cluster_simulation(
    model: WorkloadModel,
    duration_s: float,
    seed: int = 0,
    quotas: bool = True,
    gpus_count: int = 0,
    jobs: Jobs | None = None,
    policy: str = POLICY,
) -> Simulation:
    """Return a cluster with a workload, ready to be simulated; nothing fails.

    Parameters
    ----------
    model : WorkloadModel
    duration_s : float
        [s]
    seed : int
    quotas : bool
        Whether tenants are held to theirs.
    gpus_count : int
        Accelerators of the cluster; those of all quotas where 0.
    jobs : Jobs, optional
        In place of jobs drawn from the model, such as those of a trace.
    policy : str
        Key of the simulator's policies.

    Returns
    -------
    Simulation
    """
    nodes = -(-(gpus_count or sum(model.quota_gpus)) // NODE_GPUS_COUNT)
    whole = tuple(-(-quota // NODE_GPUS_COUNT) * NODE_GPUS_COUNT for quota in model.quota_gpus)
    return Simulation(
        partitions=(Partition(model.name, model.name, nodes, NODE_GPUS_COUNT, pod_nodes_count=nodes),),
        classes=job_classes(),
        jobs=generate(model, duration_s, seed) if jobs is None else jobs,
        hazards=Hazards(()),
        duration_s=duration_s,
        rules=Rules(policy=policy, quota_gpus=whole if quotas else ()),
        warm_up_s=min(WARM_UP_S, duration_s / 2.0),
        seed=seed,
    )


def mean_wait_s(simulation: Simulation, start_s_N: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """Return the mean time from submission to start over jobs submitted after the warm-up.

    Parameters
    ----------
    simulation : Simulation
    start_s_N : Floats
        Of its result, NaN for jobs that did not start: they have waited until the end. [s]

    Returns
    -------
    float
        [s]
    """
    submit_s_N = simulation.jobs.submit_s_N
    wait_s_N = np.where(np.isfinite(start_s_N), start_s_N, simulation.duration_s) - submit_s_N
    return float(wait_s_N[submit_s_N >= simulation.warm_up_s].mean())
