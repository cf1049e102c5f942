"""A trace as the simulator takes it: one table of jobs, whatever it was read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.fleet.simulation import KINDS, JobClass, Jobs

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

# Higher goes first: a session at a screen waits least, evaluation behind training.
PRIORITIES = {"training": 1, "fine-tuning": 1, "evaluation": 0, "interactive": 2, "serving": 3}


@dataclass(frozen=True, slots=True)
class Trace:
    """Jobs of a cluster, in order of submission.

    Attributes
    ----------
    name, format : str
        Of the file.
    start_s : float
        Submission of the first job, in seconds since 1970 of the source's own clock, or of its own zero. [s]
    submit_s_N, duration_s_N : Floats
        Submission after `start_s`; running time, queues not counted. [s]
    gpus_N : Whole
        Accelerators.
    tenant_N : Whole
        Index into `tenants`.
    end_N, kind_N : Whole
        Index into ENDS and KINDS of the simulator.
    wait_s_N : Floats
        Time in queues as observed: to compare a simulation with, never an input to one; NaN where not known. [s]
    tenants : tuple of str
    left_out : dict of str to int
        Rows that are no jobs with accelerators, and faulty rows that were cleaned away, by what they are.
    notes : tuple of str
        What a reader must know.
    """

    name: str
    format: str
    start_s: float
    submit_s_N: Floats
    duration_s_N: Floats
    gpus_N: Whole
    tenant_N: Whole
    end_N: Whole
    kind_N: Whole
    wait_s_N: Floats
    tenants: tuple[str, ...]
    left_out: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def jobs_count(self) -> int:
        """Number of jobs."""
        return len(self.submit_s_N)

    @property
    def gpu_s(self) -> float:
        """Accelerator-seconds of all jobs."""
        return float(self.gpus_N @ self.duration_s_N)

    def between(self, start_s: float, end_s: float) -> Trace:
        """Return the jobs submitted from one time until before another, counted from the first of them."""
        kept = (self.submit_s_N >= start_s) & (self.submit_s_N < end_s)
        arrays = ("submit_s_N", "duration_s_N", "gpus_N", "tenant_N", "end_N", "kind_N", "wait_s_N")
        parts = {name: getattr(self, name)[kept] for name in arrays}
        parts["submit_s_N"] = parts["submit_s_N"] - start_s
        return replace(self, start_s=self.start_s + start_s, **parts)


def job_classes() -> tuple[JobClass, ...]:
    """Return a class for each kind of job, in the order of KINDS: what a trace says nothing of stays as it is."""
    return tuple(
        JobClass(name=kind, kind=kind, priority=PRIORITIES[kind], checkpoint_interval_s=np.inf) for kind in KINDS
    )


def jobs_of(trace: Trace) -> Jobs:
    """Return the jobs of a trace for the simulator.

    Parameters
    ----------
    trace : Trace

    Returns
    -------
    Jobs
        Classes index `job_classes()`, tenants the trace's own; the observed wait is left behind.
    """
    anywhere = np.full(trace.jobs_count, -1, dtype=np.int64)
    return Jobs(trace.submit_s_N, trace.duration_s_N, trace.gpus_N, trace.kind_N, trace.tenant_N, anywhere, trace.end_N)


def quotas_of(trace: Trace, gpus_of_tenant: Mapping[str, float], other_gpus: int = 0) -> tuple[int, ...]:
    """Return the quotas of a trace's tenants in their order.

    Parameters
    ----------
    trace : Trace
    gpus_of_tenant : mapping of str to float
        Accelerators that each may hold; names that the trace lacks are passed over.
    other_gpus : int
        Of tenants that the mapping lacks.

    Returns
    -------
    tuple of int
    """
    return tuple(round(gpus_of_tenant.get(name, other_gpus)) for name in trace.tenants)
