"""Jobs drawn from a model of a cluster's workload.

People submit jobs in batches: variants of one experiment, of one size and of much the same length, within minutes. A
batch has a size, a tenant and a length; its jobs scatter about that. Lengths are log-normal, cut at the longest that
the cluster allows, with a median that grows with size. Which tenant a batch is of, how a job ends and what kind it is
depend on its accelerator-seconds, so that both the share of jobs and the share of accelerator time come out right.
Shape letters: N jobs, M batches, S sizes, T tenants, C lengths, W hours of a week, K options of a choice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from gigawatt.engines.fleet.pacing import released_s
from gigawatt.engines.fleet.simulation import Jobs
from gigawatt.errors import EngineError
from gigawatt.units import HOURS_PER_DAY, SECONDS_PER_HOUR

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

NODE_GPUS_COUNT = 8  # accelerators of a node: jobs of that many or more are "large" in published shares
HOURS_PER_WEEK = 168
SHORTEST_S = 1.0  # logs count whole seconds
# Share of its quota that a tenant asks for in one job: in May 2020 all but one in a hundred jobs asked for at most half
# of their virtual cluster, or a node, in 15 of the 16 of Helios Earth.
QUOTA_SIZE_FRAC = 0.5
GOLDEN = (5.0**0.5 - 1.0) / 2.0  # its multiples, whole parts left off, spread evenly however many there are
CELLS_COUNT = 256  # of a batch's length, for choosing its tenant
# Jobs of a batch fall as this power of their accelerator-seconds: in May 2020 the virtual cluster vchbv of Helios Earth
# had 19.6 jobs a batch of 2,400 accelerator-seconds each, the others 1.7 of 191,000; Philly's fall much the same.
BATCH_EXPONENT = 0.5
MOST_BATCH_JOBS_COUNT = 200.0  # mean of a batch of the shortest jobs: beyond, people submit arrays through one name
CHOICE_CELLS_COUNT = 4096  # of a job's accelerator-seconds, for choosing its end and kind
STREAMS = ("batches", "sizes", "lengths", "tenants", "days", "times", "looks", "scatter", "ends", "kinds")


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several by accelerator-seconds: odds exp(level + slope * logarithm of accelerator-seconds).

    Attributes
    ----------
    level_K, slope_K : Floats
        One for each of what is chosen from.
    """

    level_K: Floats
    slope_K: Floats

    def odds(self, gpu_s_N: Floats) -> Floats:
        """Return the probability of each, shape (N, K)."""
        score_NK = self.level_K + np.log(gpu_s_N)[:, None] * self.slope_K
        score_NK -= score_NK.max(axis=1, keepdims=True)
        np.exp(score_NK, out=score_NK)
        return np.asarray(score_NK / score_NK.sum(axis=1, keepdims=True))


@dataclass(frozen=True, slots=True)
class WorkloadModel:
    """What a cluster's people ask for.

    Attributes
    ----------
    name : str
    jobs_per_s : float
        Mean rate of submission. [1/s]
    size_gpus_S : Whole
        Accelerators of a job, rising.
    size_frac_S : Floats
        Share of jobs of each size. [-]
    run_median_s_S : Floats
        Median running time of each size, before the cut. [s]
    run_sigma : float
        Standard deviation of the logarithm of running times of one size. [-]
    longest_s : float
        No job runs longer. [s]
    batch_jobs_count : float
        Mean jobs of a batch, for jobs of the median accelerator-seconds; geometric, fewer for larger jobs. [-]
    batch_correlation_frac : float
        Correlation of the logarithms of running times in a batch. [-]
    batch_span_s : float
        Mean delay of a batch's jobs after its start, exponential. [s]
    looking_frac : float
        Share of batches that people submit only when their quota has room for them. [-]
    hour_ratio_W : Floats
        Rate of submission by hour of the week over its mean, from Monday 0 h. [-]
    day_spread_ratio : float
        Standard deviation over mean of a tenant's rate from day to day; gamma. [-]
    tenants : tuple of str
    quota_gpus : tuple of int
        Accelerators that each tenant may hold; a job asks for a part of them.
    tenant, end, kind : Choice
        Which tenant, which of ENDS, which of KINDS.
    """

    name: str
    jobs_per_s: float
    size_gpus_S: Whole
    size_frac_S: Floats
    run_median_s_S: Floats
    run_sigma: float
    longest_s: float
    batch_jobs_count: float
    batch_correlation_frac: float
    batch_span_s: float
    looking_frac: float
    hour_ratio_W: Floats
    day_spread_ratio: float
    tenants: tuple[str, ...]
    quota_gpus: tuple[int, ...]
    tenant: Choice
    end: Choice
    kind: Choice


@dataclass(frozen=True, slots=True)
class Moments:
    """What a model amounts to, without drawing.

    Attributes
    ----------
    mean_run_s, median_run_s : float
        Over jobs. [s]
    mean_gpus_count : float
        Over jobs. [-]
    mean_gpu_s : float
        Accelerator-seconds of a job. [s]
    large_gpu_time_frac : float
        Share of accelerator time in jobs of a node or more. [-]
    """

    mean_run_s: float
    median_run_s: float
    mean_gpus_count: float
    mean_gpu_s: float
    large_gpu_time_frac: float


def cut_of(model: WorkloadModel) -> Floats:
    """Return where the longest running time lies in each size's log-normal, in standard deviations, shape (S,)."""
    return np.asarray((np.log(model.longest_s) - np.log(model.run_median_s_S)) / model.run_sigma)


def moments(model: WorkloadModel) -> Moments:
    """Return mean and median running time, sizes and accelerator time of a model in closed form.

    Parameters
    ----------
    model : WorkloadModel

    Returns
    -------
    Moments

    Notes
    -----
    A log-normal of median m and spread s, cut at m exp(s z), has the mean m exp(s^2 / 2) F(z - s) / F(z) with the
    normal distribution function F [1]_.

    References
    ----------
    .. [1] N. L. Johnson, S. Kotz, N. Balakrishnan, Continuous Univariate Distributions, volume 1, 2nd edition, Wiley
       1994, chapter 14.
    """
    cut_S = cut_of(model)
    sigma = model.run_sigma
    mean_S = model.run_median_s_S * np.exp(0.5 * sigma * sigma) * ndtr(cut_S - sigma) / ndtr(cut_S)
    gpu_s_S = model.size_frac_S * model.size_gpus_S * mean_S
    low, high = np.log(SHORTEST_S), np.log(model.longest_s)
    while high - low > np.finfo(np.float64).eps * high * CELLS_COUNT:  # the median of the mixture, by halving
        middle = 0.5 * (low + high)
        below = ndtr((middle - np.log(model.run_median_s_S)) / sigma) / ndtr(cut_S)
        low, high = (middle, high) if model.size_frac_S @ below < 0.5 else (low, middle)
    large = model.size_gpus_S >= NODE_GPUS_COUNT
    return Moments(
        mean_run_s=float(model.size_frac_S @ mean_S),
        median_run_s=float(np.exp(0.5 * (low + high))),
        mean_gpus_count=float(model.size_frac_S @ model.size_gpus_S),
        mean_gpu_s=float(gpu_s_S.sum()),
        large_gpu_time_frac=float(gpu_s_S[large].sum() / gpu_s_S.sum()),
    )


def allowed(model: WorkloadModel) -> NDArray[np.bool_]:
    """Return which tenant submits which size, shape (S, T): up to half its quota or a node."""
    quota_T = np.asarray(model.quota_gpus, dtype=np.int64)
    most_T = np.maximum(quota_T * QUOTA_SIZE_FRAC, np.minimum(quota_T, NODE_GPUS_COUNT))
    allowed_ST = model.size_gpus_S[:, None] <= most_T[None, :]
    nobody_S = ~allowed_ST.any(axis=1)
    allowed_ST[nobody_S] = quota_T == quota_T.max()
    return np.asarray(allowed_ST)


def tenant_odds(model: WorkloadModel, length_M: Floats) -> Floats:
    """Return the probability of each tenant by size and by a batch's length, shape (S, M, T).

    Parameters
    ----------
    model : WorkloadModel
    length_M : Floats
        Length of a batch in standard deviations of the logarithm.
    """
    shared = np.sqrt(model.batch_correlation_frac) * model.run_sigma
    typical_SM = (model.size_gpus_S * model.run_median_s_S)[:, None] * np.exp(shared * length_M)[None, :]
    odds_SMT = model.tenant.odds(typical_SM.ravel()).reshape(*typical_SM.shape, -1)
    odds_SMT = odds_SMT * allowed(model)[:, None, :] + np.finfo(np.float64).tiny * allowed(model)[:, None, :]
    return np.asarray(odds_SMT / odds_SMT.sum(axis=2, keepdims=True))


def generate(model: WorkloadModel, duration_s: float, seed: int = 0) -> Jobs:
    """Draw the jobs that a cluster's people submit.

    Parameters
    ----------
    model : WorkloadModel
    duration_s : float
        From Monday 0 h on. [s]
    seed : int
        The same seed gives the same jobs; each part of a job has its own stream of numbers.

    Returns
    -------
    Jobs
        In order of submission; classes index KINDS, ends ENDS, tenants those of the model.

    Raises
    ------
    EngineError
        If the time is not above 0.
    """
    if not 0.0 < duration_s < np.inf:
        message = f"a workload is drawn for a time above 0 s, not {duration_s}"
        raise EngineError(message)
    children = np.random.SeedSequence(seed).spawn(len(STREAMS))
    stream = {name: np.random.Generator(np.random.PCG64(child)) for name, child in zip(STREAMS, children, strict=True)}
    jobs_count = int(stream["batches"].poisson(model.jobs_per_s * duration_s))
    size_N, length_N = _strata(model, jobs_count, stream["sizes"])
    first_N = _firsts(model, size_N, length_N, stream["batches"])
    batch_N = np.cumsum(first_N) - 1
    tenant_M = _tenants(model, size_N[first_N], length_N[first_N], stream["tenants"])
    work_s_N = _run_times(model, size_N, length_N, stream["lengths"])
    start_s_M = _starts(model, tenant_M, duration_s, stream["days"], stream["times"])
    looks_M = stream["looks"].random(len(start_s_M)) < model.looking_frac
    quota_T = np.asarray(model.quota_gpus, dtype=np.int64)
    held_N = model.size_gpus_S[size_N]
    start_s_M = released_s(tenant_M, start_s_M, looks_M, batch_N, held_N, work_s_N, quota_T, duration_s)
    submit_s_N = start_s_M[batch_N] + stream["scatter"].exponential(model.batch_span_s, jobs_count)
    order_N = np.argsort(submit_s_N)
    submit_s_N = submit_s_N[order_N]
    order_N = order_N[: np.searchsorted(submit_s_N, duration_s)]
    work_s_N = work_s_N[order_N]
    gpus_N = model.size_gpus_S[size_N[order_N]]
    gpu_s_N = gpus_N * work_s_N
    return Jobs(
        submit_s_N=submit_s_N[: len(order_N)],
        work_s_N=work_s_N,
        gpus_N=gpus_N,
        class_N=_chosen(model.kind, gpu_s_N, stream["kinds"]),
        tenant_N=tenant_M[batch_N[order_N]],
        partition_N=np.full(len(order_N), -1, dtype=np.int64),
        end_N=_chosen(model.end, gpu_s_N, stream["ends"]),
    )


def _strata(model: WorkloadModel, jobs_count: int, random: np.random.Generator) -> tuple[Whole, Floats]:
    """Return sizes, rising, and within each the shared part of lengths, rising: strata, for few jobs hold most time."""
    bounds_S = np.cumsum(model.size_frac_S) / model.size_frac_S.sum()
    edges_S = np.floor(bounds_S * jobs_count + random.random()).astype(np.int64)
    count_S = np.diff(np.minimum(edges_S, jobs_count), prepend=0)
    count_S[-1] = jobs_count - count_S[:-1].sum()
    size_N = np.repeat(np.arange(len(bounds_S)), count_S)
    place_N = random.random(jobs_count)
    place_N += np.arange(jobs_count) - (np.cumsum(count_S) - count_S)[size_N]
    return size_N, ndtri(place_N / count_S[size_N])


def _firsts(model: WorkloadModel, size_N: Whole, length_N: Floats, random: np.random.Generator) -> NDArray[np.bool_]:
    """Return which jobs are the first of their batch: jobs next to each other in size and length are one."""
    shared = np.sqrt(model.batch_correlation_frac) * model.run_sigma
    typical_N = np.log(model.size_gpus_S * model.run_median_s_S)[size_N] + shared * length_N
    fall_N = np.exp(-BATCH_EXPONENT * (typical_N - np.median(typical_N))) if len(typical_N) else typical_N
    mean_N = np.minimum(1.0 + (model.batch_jobs_count - 1.0) * fall_N, MOST_BATCH_JOBS_COUNT)
    first_N = random.random(len(size_N)) * mean_N < 1.0
    first_N[1:] |= size_N[1:] != size_N[:-1]
    first_N[:1] = True
    return np.asarray(first_N)


def _tenants(model: WorkloadModel, size_M: Whole, length_M: Floats, random: np.random.Generator) -> Whole:
    """Return the tenant of each batch, by its size and the cell of its length."""
    middle = ndtri((np.arange(CELLS_COUNT) + 0.5) / CELLS_COUNT)
    bounds_RT = np.cumsum(tenant_odds(model, middle), axis=2).reshape(-1, len(model.tenants))
    cell_M = np.minimum((ndtr(length_M) * CELLS_COUNT).astype(np.int64), CELLS_COUNT - 1)
    # Neighbours in size and length go to tenants in even proportion, since the longest few hold most of the time.
    place_M = np.asarray((random.random() + GOLDEN * np.arange(len(size_M))) % 1.0, dtype=np.float64)
    return _rows_chosen(bounds_RT, size_M * CELLS_COUNT + cell_M, place_M)


def _rows_chosen(bounds_RK: Floats, row_M: Whole, place_M: Floats) -> Whole:
    """Return a column of each row of a table of cumulative weights, by a number from 0 to 1."""
    chosen_M = np.zeros(len(row_M), dtype=np.int64)
    for bound_R in bounds_RK.T[:-1]:
        chosen_M += place_M >= bound_R[row_M]
    return chosen_M


def _starts(
    model: WorkloadModel, tenant_M: Whole, duration_s: float, days: np.random.Generator, times: np.random.Generator
) -> Floats:
    """Return when each batch starts: hours of the week, times days of its tenant, uniform within the hour."""
    hours_count = int(np.ceil(duration_s / SECONDS_PER_HOUR))
    hour_H = np.arange(hours_count)
    part_H = np.minimum(duration_s / SECONDS_PER_HOUR - hour_H, 1.0)  # the last hour may be cut
    day_H = hour_H // int(HOURS_PER_DAY)
    factor_TD = np.ones((len(model.tenants), int(day_H[-1]) + 1))
    if model.day_spread_ratio > 0.0:
        shape = 1.0 / model.day_spread_ratio**2
        factor_TD = days.gamma(shape, 1.0 / shape, factor_TD.shape)
    weight_TH = (model.hour_ratio_W[hour_H % HOURS_PER_WEEK] * part_H)[None, :] * factor_TD[:, day_H]
    bounds_TH = np.cumsum(weight_TH, axis=1)
    bounds_TH /= bounds_TH[:, -1:]
    edges = (bounds_TH + np.arange(len(model.tenants))[:, None]).ravel()  # tenants end to end, each from t to t + 1
    where_M = tenant_M + times.random(len(tenant_M))
    cell_M = np.minimum(np.searchsorted(edges, where_M, side="right"), len(edges) - 1)
    hour_M = np.clip(cell_M - tenant_M * hours_count, 0, hours_count - 1)
    return np.asarray((hour_M + times.random(len(tenant_M)) * part_H[hour_M]) * SECONDS_PER_HOUR)


def _run_times(model: WorkloadModel, size_N: Whole, length_N: Floats, random: np.random.Generator) -> Floats:
    """Return running times: a batch's length and a job's own, cut so that the rest keeps its shape."""
    shared = model.batch_correlation_frac
    place_N = ndtr(np.sqrt(shared) * length_N + np.sqrt(1.0 - shared) * random.standard_normal(len(size_N)))
    place_N *= ndtr(cut_of(model))[size_N]
    work_s_N = np.exp(np.log(model.run_median_s_S)[size_N] + model.run_sigma * ndtri(place_N))
    return np.asarray(np.clip(work_s_N, SHORTEST_S, model.longest_s))


def _chosen(choice: Choice, gpu_s_N: Floats, random: np.random.Generator) -> Whole:
    """Return which of a choice each job is, by the cell of the logarithm of its accelerator-seconds."""
    if not len(gpu_s_N):
        return np.zeros(0, dtype=np.int64)
    size_N = np.log(gpu_s_N)
    low, high = float(size_N.min()), float(size_N.max())
    width = max(high - low, 1.0) / CHOICE_CELLS_COUNT
    middle = np.exp(low + width * (np.arange(CHOICE_CELLS_COUNT) + 0.5))
    bounds_RK = np.cumsum(choice.odds(middle), axis=1)
    row_N = np.minimum(((size_N - low) / width).astype(np.int64), CHOICE_CELLS_COUNT - 1)
    return _rows_chosen(bounds_RK, row_N, random.random(len(gpu_s_N)))


def scaled(model: WorkloadModel, gpus_count: int, load_frac: float, size_ratio: int = 1) -> WorkloadModel:
    """Return the workload of a larger fleet.

    Parameters
    ----------
    model : WorkloadModel
    gpus_count : int
        Accelerators of the fleet; quotas keep their shares of it.
    load_frac : float
        Accelerators asked for over those there are, on average. [-]
    size_ratio : int
        Jobs of a node or more grow so many times: a fleet 500 times as large hardly runs 500 times as many experiments
        of the same size. [-]

    Returns
    -------
    WorkloadModel

    Raises
    ------
    EngineError
        If the fleet, the load or the ratio is not above 0.
    """
    if gpus_count < 1 or not 0.0 < load_frac < np.inf or size_ratio < 1:
        message = (
            f"a fleet has accelerators and a load above 0, not {gpus_count}, {load_frac}, sizes times {size_ratio}"
        )
        raise EngineError(message)
    size_gpus_S = np.where(model.size_gpus_S >= NODE_GPUS_COUNT, model.size_gpus_S * size_ratio, model.size_gpus_S)
    share = gpus_count / sum(model.quota_gpus)
    quotas = tuple(max(round(quota * share), 1) for quota in model.quota_gpus)
    larger = replace(model, size_gpus_S=size_gpus_S, quota_gpus=quotas)
    return replace(larger, jobs_per_s=load_frac * gpus_count / moments(larger).mean_gpu_s)
