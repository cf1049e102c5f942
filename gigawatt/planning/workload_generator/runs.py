"""Jobs that are known beforehand, among those that are drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gigawatt.engines.fleet.simulation import Jobs


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """A job that is known beforehand, such as a training run of a plan.

    Attributes
    ----------
    start_s, work_s : float
        Submission, running time at full speed. [s]
    gpus : int
    class_index, tenant_index, partition_index : int
        As in `Jobs`.
    """

    start_s: float
    work_s: float
    gpus: int
    class_index: int = 0
    tenant_index: int = 0
    partition_index: int = -1


def with_runs(jobs: Jobs, runs: tuple[PlannedRun, ...]) -> Jobs:
    """Return jobs with runs that are known beforehand among them, in order of submission.

    Parameters
    ----------
    jobs : Jobs
    runs : tuple of PlannedRun

    Returns
    -------
    Jobs
    """
    added = Jobs(
        submit_s_N=np.array([run.start_s for run in runs], dtype=np.float64),
        work_s_N=np.array([run.work_s for run in runs], dtype=np.float64),
        gpus_N=np.array([run.gpus for run in runs], dtype=np.int64),
        class_N=np.array([run.class_index for run in runs], dtype=np.int64),
        tenant_N=np.array([run.tenant_index for run in runs], dtype=np.int64),
        partition_N=np.array([run.partition_index for run in runs], dtype=np.int64),
        end_N=np.zeros(len(runs), dtype=np.int64),
    )
    names = ("submit_s_N", "work_s_N", "gpus_N", "class_N", "tenant_N", "partition_N", "end_N")
    both = {name: np.concatenate([getattr(jobs, name), getattr(added, name)]) for name in names}
    order = np.argsort(both["submit_s_N"], kind="stable")
    return Jobs(**{name: column[order] for name, column in both.items()})
