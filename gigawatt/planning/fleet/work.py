"""What runs on a fleet: the jobs of a trace, jobs drawn from a cluster's statistics, one large training run."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gigawatt.catalogue import Catalogue
from gigawatt.catalogue.workloads import ClusterWorkload
from gigawatt.engines.fleet.simulation import KINDS, JobClass, Jobs
from gigawatt.errors import InfeasibleError, InputError
from gigawatt.planning.figures import Figures
from gigawatt.planning.fleet.classes import Recovery, run_class
from gigawatt.planning.fleet.hardware import gpu_watts
from gigawatt.planning.fleet.question import DAYS, LOAD_FRAC, WORKLOAD, Question
from gigawatt.planning.traces import jobs_of, quotas_of, read_quotas, read_trace
from gigawatt.planning.workload_generator import PlannedRun, generate, model_of, with_runs
from gigawatt.units import SECONDS_PER_DAY

MOST_DRAWN = 500_000  # beyond, a job stands for several side by side, then for several in a row
LARGEST_FRAC = 0.05  # of the accelerators: jobs side by side are no more than make the largest job as large
MOST_JOBS = 150_000  # beyond, the jobs with least accelerator time are thinned, each left standing for those left out
WARM_UP_DAYS, WARM_UP_FRAC = 14.0, 0.25  # an empty fleet fills with drawn jobs; at most so much of the time
RUN_STEP_GPUS = 1024  # a run that fills a fleet takes whole blocks of so many, for a layout to divide
ROOM_FRAC = 0.02  # ASSUMPTION: nodes beside a run on a fleet whose size is not said, for those under repair
BY_KIND = len(KINDS)  # classes of jobs by their kind come first; runs have classes of their own behind them


@dataclass(frozen=True, slots=True)
class Run:
    """A training run that is known beforehand.

    Attributes
    ----------
    label : str
    gpus : int
    start_s, work_s : float
        Submission; running time without failures. [s]
    tokens_per_s : float
        While it works. [1/s]
    job_class : JobClass
        Its own.
    kind : str
        Accelerator.
    """

    label: str
    gpus: int
    start_s: float
    work_s: float
    tokens_per_s: float
    job_class: JobClass
    kind: str


@dataclass(frozen=True, slots=True)
class FleetWork:
    """What a fleet is asked to do.

    Attributes
    ----------
    jobs : Jobs
        Classes index KINDS; the runs come later.
    duration_s, warm_up_s : float
        [s]
    quota_gpus : tuple of int
        Of the tenants; empty for none.
    notices : tuple of str
    many : bool
        Whether each job stands for several.
    """

    jobs: Jobs
    duration_s: float
    warm_up_s: float = 0.0
    quota_gpus: tuple[int, ...] = ()
    notices: tuple[str, ...] = ()
    many: bool = False


def no_jobs() -> Jobs:
    """Return an empty list of jobs."""
    whole = np.zeros(0, dtype=np.int64)
    return Jobs(np.zeros(0), np.zeros(0), whole, whole, whole, whole, whole)


def trace_work(asked: Question) -> FleetWork:
    """Return the jobs of a file.

    Raises
    ------
    InputError
        If the file cannot be read or a row is wrong: the message has the row.
    """
    trace = read_trace(Path(asked.trace), asked.form, dict(asked.columns), asked.clean)
    if not trace.jobs_count:
        message = f"{asked.trace}: has no job with accelerators"
        raise InputError(message)
    span_s = float((trace.submit_s_N + trace.duration_s_N).max())
    if not asked.gpus:
        mean = trace.gpu_s / span_s
        message = (
            f"{asked.trace}: {trace.jobs_count:,} jobs ask for {mean:,.0f} accelerators on average and the largest for "
            f"{trace.gpus_N.max():,}; say how many there are with --gpus"
        )
        raise InputError(message)
    duration_s = asked.days * SECONDS_PER_DAY or math.ceil(span_s)
    kept = trace.between(0.0, duration_s)
    quotas: tuple[int, ...] = ()
    if asked.quotas and asked.quota_file:
        quotas = quotas_of(kept, read_quotas(Path(asked.quota_file)))
    left_out = [
        f"{count:,} {'row' if count == 1 else 'rows'} left out: {what}" for what, count in trace.left_out.items()
    ]
    return FleetWork(jobs_of(kept), duration_s, 0.0, quotas, (*trace.notes, *left_out))


def drawn_jobs(
    entry: ClusterWorkload, gpus: int, duration_s: float, load_frac: float | None, seed: int
) -> tuple[Jobs, tuple[int, ...], bool, str]:
    """Return jobs drawn for so many accelerators, their tenants' quotas, and what a reader must know of them.

    Parameters
    ----------
    entry : ClusterWorkload
    gpus : int
    duration_s : float
        [s]
    load_frac : float or None
        As in the entry where None. [-]
    seed : int

    Returns
    -------
    Jobs
    tuple of int
    bool
        Whether all jobs stand for several.
    str
        Empty where each job is one of the cluster's.

    Notes
    -----
    What is asked for stays the same. Few jobs hold nearly all accelerator time of a cluster: those are kept one by one,
    and of the many short ones every so many stands for as many in a row. Only where more than `MOST_DRAWN` would come
    do all jobs stand for several.
    """
    model = model_of(entry, load_frac, gpus)
    times = max(math.ceil(model.jobs_per_s * duration_s / MOST_DRAWN), 1)
    side = min(max(int(gpus * LARGEST_FRAC / entry.most_gpus_count.value), 1), times)
    row = math.ceil(times / side)
    if times > 1:
        model = model_of(entry, load_frac, max(round(gpus / (side * row)), 1))
    jobs = generate(model, duration_s, seed)
    jobs = replace(jobs, gpus_N=jobs.gpus_N * side, work_s_N=jobs.work_s_N * row)
    jobs, short = thinned(jobs)
    words = []
    if times > 1:
        words.append(
            f"each job stands for {side * row:,}, {side} side by side and {row} in a row; a failure stops one node"
        )
    if short > 1:
        words.append(f"short ones stand for {short} in a row")
    return jobs, tuple(quota * side * row for quota in model.quota_gpus), times > 1, "; ".join(words)


def thinned(jobs: Jobs, most_count: int = 0) -> tuple[Jobs, int]:
    """Return at most so many jobs that ask for the same accelerator time, and how many each short one stands for.

    Parameters
    ----------
    jobs : Jobs
    most_count : int
        `MOST_JOBS` where 0.

    Returns
    -------
    Jobs
        Half of them are those with most accelerator time, as they were; the others stand for some in a row.
    int
        1 where nothing is left out.
    """
    most_count = most_count or MOST_JOBS
    count = jobs.gpus_N.size
    if count <= most_count:
        return jobs, 1
    heavy = most_count // 2
    gpu_s_N = jobs.gpus_N * jobs.work_s_N
    light_N = np.ones(count, dtype=bool)
    light_N[np.argpartition(gpu_s_N, count - heavy)[count - heavy :]] = False
    each = math.ceil((count - heavy) / (most_count - heavy))
    kept_N = ~light_N
    kept_N[np.flatnonzero(light_N)[::each]] = True
    # the light ones left stand for what all light ones ask for, to the last second
    factor = float(gpu_s_N[light_N].sum() / gpu_s_N[light_N & kept_N].sum())
    work_s_N = np.where(light_N, jobs.work_s_N * factor, jobs.work_s_N)
    columns = {name: getattr(jobs, name)[kept_N] for name in Jobs.__dataclass_fields__}
    return Jobs(**{**columns, "work_s_N": work_s_N[kept_N]}), each


def drawn_work(asked: Question, catalogue: Catalogue, gpus: int) -> FleetWork:
    """Return jobs drawn from the statistics of a cluster, for so many accelerators."""
    entry = catalogue.workloads[asked.workload or WORKLOAD]
    duration_s = (asked.days or DAYS) * SECONDS_PER_DAY
    load = asked.load_frac or (None if asked.workload else LOAD_FRAC)
    jobs, quotas, many, words = drawn_jobs(entry, gpus, duration_s, load, asked.seed)
    words = f"jobs drawn as in {entry.name}: {words}" if words else ""
    warm_up_s = min(WARM_UP_DAYS * SECONDS_PER_DAY, duration_s * WARM_UP_FRAC)
    notices = (words,) if words else ()
    return FleetWork(jobs, duration_s, warm_up_s, quotas if asked.quotas else (), notices, many)


def run_sizes(asked: Question) -> tuple[int, int]:
    """Return the accelerators of the fleet and of the run on it, from what was said of either."""
    if not asked.gpus and not asked.run_gpus:
        message = "fleet: say how many accelerators the run has (--run-gpus) or there are (--gpus)"
        raise InputError(message)
    if not asked.gpus:
        return math.ceil(asked.run_gpus * (1.0 + ROOM_FRAC) / (1.0 - asked.spare_frac)), asked.run_gpus
    if asked.run_gpus:
        return asked.gpus, asked.run_gpus
    most = int(asked.gpus * (1.0 - asked.spare_frac))
    return asked.gpus, most - most % RUN_STEP_GPUS if most >= 2 * RUN_STEP_GPUS else most


def model_run(
    asked: Question, catalogue: Catalogue, gpus: int, duration_s: float, recovery: Recovery, figures: Figures
) -> Run:
    """Return the pre-training of a model, with the step time and the power of its best layout.

    Raises
    ------
    InfeasibleError
        If no layout fits.
    """
    from gigawatt.planning.jobs import train

    answer = train(catalogue, asked.model, asked.accelerator, gpus, fixed=asked.layout or None)
    figures.used.update(answer.figures.used)
    step = answer.found.best
    if step is None:
        message = f"{asked.model} does not fit on {gpus:,} {asked.accelerator}: {answer.found.reason}"
        raise InfeasibleError(message)
    entry = catalogue.accelerators[asked.accelerator]
    replica = math.ceil(gpus / step.layout.data_parallel / entry.accelerators_per_node)
    load_frac = gpu_watts(entry, figures).load_frac(step.gpu_power_w)
    label = answer.job.model.name
    return Run(
        label=label,
        gpus=gpus,
        start_s=0.0,
        work_s=asked.tokens / step.tokens_per_s if asked.tokens else 2.0 * duration_s,
        tokens_per_s=step.tokens_per_s,
        job_class=run_class(label, recovery, load_frac, entry.accelerators_per_node, replica),
        kind=asked.accelerator,
    )


def added(work: FleetWork, runs: tuple[Run, ...], partitions: tuple[int, ...] = ()) -> FleetWork:
    """Return work with the runs among its jobs, each of a class of its own and together a tenant of their own.

    Parameters
    ----------
    work : FleetWork
    runs : tuple of Run
    partitions : tuple of int
        Where each goes; anywhere where empty.
    """
    if not runs:
        return work
    tenant = max(len(work.quota_gpus), int(work.jobs.tenant_N.max(initial=-1)) + 1)
    planned = tuple(
        PlannedRun(
            run.start_s, run.work_s, run.gpus, BY_KIND + number, tenant, partitions[number] if partitions else -1
        )
        for number, run in enumerate(runs)
    )
    quotas = (*work.quota_gpus, sum(run.gpus for run in runs)) if work.quota_gpus else ()
    return replace(work, jobs=with_runs(work.jobs, planned), quota_gpus=quotas)
