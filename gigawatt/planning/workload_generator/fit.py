"""From published statistics of a cluster to the model that jobs are drawn from.

Four figures fix four parameters: mean accelerators the fall of the shares of sizes, median and mean running time the
shortest median and the spread, and the accelerator time of a mean job how running time grows with size. Where the share
of jobs on one accelerator is not published, the share of accelerator time in large jobs takes its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.fleet.generator import (
    CELLS_COUNT,
    Choice,
    Moments,
    WorkloadModel,
    moments,
    tenant_odds,
)
from gigawatt.errors import InfeasibleError

Floats = NDArray[np.float64]

CLOSE_FRAC = 0.01  # largest relative gap between a statistic and its model
CLOSE_POINTS = 0.01  # the same of a share
STARTS = ((0.6, 0.5), (1.5, 0.3), (1.5, 0.0), (0.3, 0.8))  # fall of sizes, growth of running time: where to look from
MOST_STEPS = 400
TENANT_STEPS = 15  # more change little where quotas are too small for the shares that are asked
COARSE_COUNT = 100  # cells of a batch's length while tenants are fitted
TINY_FRAC = 1e-5  # share of a tenant that hardly asks for anything
START_SLOPE = 0.2  # of odds over accelerator time, where a tenant's share of time is e times that of jobs


@dataclass(frozen=True, slots=True)
class Statistics:
    """What is published of a cluster's jobs.

    Attributes
    ----------
    mean_run_s, median_run_s, longest_s : float
        Running times. [s]
    mean_gpus_count : float
        Accelerators of a mean job. [-]
    mean_gpu_s : float
        Accelerator-seconds of a mean job. [s]
    most_gpus_count : int
        Of the largest job. [-]
    single_frac : float
        Share of jobs on one accelerator; NaN where not known. [-]
    large_gpu_time_frac : float
        Share of accelerator time in jobs of eight or more; NaN where not known. [-]
    """

    mean_run_s: float
    median_run_s: float
    longest_s: float
    mean_gpus_count: float
    mean_gpu_s: float
    most_gpus_count: int
    single_frac: float = float("nan")
    large_gpu_time_frac: float = float("nan")


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes and running times that have a cluster's statistics.

    Attributes
    ----------
    single_frac : float
        Share of jobs on one accelerator. [-]
    size_exponent : float
        Shares of the other powers of two fall as this power of the size. [-]
    run_median_s : float
        Median running time on one accelerator. [s]
    run_exponent : float
        It grows as this power of the size. [-]
    run_sigma : float
        Spread of the logarithm. [-]
    """

    single_frac: float
    size_exponent: float
    run_median_s: float
    run_exponent: float
    run_sigma: float


def sizes_of(shape: Shape, most_gpus_count: int) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Return sizes, their shares of jobs and their median running times."""
    gpus_S = 2 ** np.arange(int(np.log2(most_gpus_count)) + 1)
    weight_S = gpus_S.astype(np.float64) ** -shape.size_exponent
    weight_S[0] = 0.0
    frac_S = weight_S / weight_S.sum() * (1.0 - shape.single_frac)
    frac_S[0] = shape.single_frac
    return gpus_S, frac_S, shape.run_median_s * gpus_S.astype(np.float64) ** shape.run_exponent


def _model(shape: Shape, statistics: Statistics) -> WorkloadModel:
    """Return a model of one tenant with this shape, of which only sizes and running times matter."""
    gpus_S, frac_S, median_S = sizes_of(shape, statistics.most_gpus_count)
    one = Choice(np.zeros(1), np.zeros(1))
    week = np.ones(168)
    return WorkloadModel(
        *("shape", 1.0, gpus_S, frac_S, median_S, shape.run_sigma, statistics.longest_s, 1.0, 0.0, 0.0, 0.0, week, 0.0),
        *(("all",), (statistics.most_gpus_count,), one, one, one),
    )


def fit_shape(statistics: Statistics) -> Shape:
    """Return sizes and running times that have a cluster's statistics.

    Parameters
    ----------
    statistics : Statistics
        With the share of jobs on one accelerator, or that of accelerator time in large jobs.

    Returns
    -------
    Shape

    Raises
    ------
    InfeasibleError
        If no such shape has them within one percent; says which figure is farthest off.
    """
    from scipy.optimize import least_squares

    known = np.isfinite(statistics.single_frac)

    def shape_of(values: Floats) -> Shape:
        single = statistics.single_frac if known else 1.0 / (1.0 + np.exp(-values[4]))
        return Shape(
            float(single), float(values[0]), float(np.exp(values[1])), float(values[2]), float(np.exp(values[3]))
        )

    def gaps(values: Floats) -> Floats:
        got = _gaps(moments(_model(shape_of(values), statistics)), statistics)
        return np.array(list(got.values())[: 4 if known else 5])

    low = [-0.5, 0.0, -1.0, np.log(0.3), -6.0]
    high = [5.0, np.log(statistics.longest_s), 3.0, np.log(5.0), 6.0]
    count = 4 if known else 5
    best = None
    for fall, growth in STARTS:
        first = [fall, np.log(statistics.median_run_s), growth, np.log(2.3), 1.2][:count]
        found = least_squares(gaps, first, bounds=(low[:count], high[:count]), max_nfev=MOST_STEPS)
        best = found if best is None or found.cost < best.cost else best
        if np.abs(best.fun).max() < CLOSE_FRAC / 10:
            break
    assert best is not None
    shape = shape_of(best.x)
    left = _gaps(moments(_model(shape, statistics)), statistics)
    name = max(list(left)[:count], key=lambda key: abs(left[key]))
    if abs(left[name]) > CLOSE_FRAC:
        message = (
            f"no sizes as powers of two with log-normal running times have these statistics: {name.replace('_', ' ')} "
            f"is {100 * left[name]:+.1f} % off at best; check mean, median and accelerator time against each other"
        )
        raise InfeasibleError(message)
    return shape


def _gaps(got: Moments, wanted: Statistics) -> dict[str, float]:
    """Return relative gaps of a model's moments, and the gap of a share in points."""
    names = ("mean_gpus_count", "median_run_s", "mean_run_s", "mean_gpu_s")
    gaps = {name: float(np.log(getattr(got, name) / getattr(wanted, name))) for name in names}
    return {**gaps, "large_gpu_time_frac": got.large_gpu_time_frac - wanted.large_gpu_time_frac}


def fit_choice(jobs_frac: Sequence[float], gpu_time_frac: Sequence[float], gpu_s_A: Floats, frac_A: Floats) -> Choice:
    """Return a choice by accelerator-seconds that has these shares of jobs and of accelerator time.

    Parameters
    ----------
    jobs_frac, gpu_time_frac : sequence of float
        Wanted shares, each summing to 1. [-]
    gpu_s_A, frac_A : Floats
        Accelerator-seconds of jobs and their shares of all jobs.

    Returns
    -------
    Choice
        Of one option where only one has jobs.

    Raises
    ------
    InfeasibleError
        If there is none within a point, as where an option with few jobs shall have more accelerator time than the
        largest jobs have.
    """
    from scipy.optimize import least_squares

    jobs_K = np.asarray(jobs_frac, dtype=np.float64) / np.sum(jobs_frac)
    time_K = np.asarray(gpu_time_frac, dtype=np.float64) / np.sum(gpu_time_frac)
    count = len(jobs_K)
    weight_A = frac_A * gpu_s_A / (frac_A @ gpu_s_A)
    tiny = np.finfo(np.float32).tiny

    def choice_of(values: Floats) -> Choice:
        return Choice(np.append(values[: count - 1], 0.0), np.append(values[count - 1 :], 0.0))

    def gaps(values: Floats) -> Floats:
        odds_AK = choice_of(values).odds(gpu_s_A)
        return np.concatenate([frac_A @ odds_AK - jobs_K, weight_A @ odds_AK - time_K])

    first = np.concatenate([np.log((jobs_K[:-1] + tiny) / (jobs_K[-1] + tiny)), np.zeros(count - 1)])
    if count == 1:
        return Choice(np.zeros(1), np.zeros(1))
    found = least_squares(gaps, first, bounds=(-200.0, 200.0), x_scale="jac", max_nfev=MOST_STEPS)
    if np.abs(found.fun).max() > CLOSE_POINTS:
        message = (
            f"no dependence on accelerator time gives these shares of jobs and of accelerator time: "
            f"{100 * np.abs(found.fun).max():.1f} points off at best"
        )
        raise InfeasibleError(message)
    return choice_of(found.x)


def atoms_of(model: WorkloadModel) -> tuple[Floats, Floats]:
    """Return accelerator-seconds of a model's jobs and their shares, on a grid of lengths for each size."""
    from scipy.special import ndtr, ndtri

    cut_S = (np.log(model.longest_s) - np.log(model.run_median_s_S)) / model.run_sigma
    place_SC = ndtr(cut_S)[:, None] * (np.arange(CELLS_COUNT) + 0.5)[None, :] / CELLS_COUNT
    run_s_SC = model.run_median_s_S[:, None] * np.exp(model.run_sigma * ndtri(place_SC))
    frac_SC = np.repeat(model.size_frac_S[:, None] / CELLS_COUNT, CELLS_COUNT, axis=1)
    return (model.size_gpus_S[:, None] * run_s_SC).ravel(), frac_SC.ravel()


def fit_tenants(model: WorkloadModel, jobs_frac: Sequence[float], gpu_time_frac: Sequence[float]) -> WorkloadModel:
    """Return a model whose tenants have these shares of jobs and of accelerator time.

    Parameters
    ----------
    model : WorkloadModel
        Tenants, quotas and shape; its choice of tenants is replaced.
    jobs_frac, gpu_time_frac : sequence of float
        In the order of the tenants. [-]

    Returns
    -------
    WorkloadModel
        The nearest that the sizes and quotas allow.
    """
    from scipy.optimize import least_squares

    count = len(model.tenants)
    if count == 1:
        return replace(model, tenant=Choice(np.zeros(1), np.zeros(1)))
    jobs_T = np.asarray(jobs_frac, dtype=np.float64) / np.sum(jobs_frac)
    time_T = np.asarray(gpu_time_frac, dtype=np.float64) / np.sum(gpu_time_frac)
    length_C, frac_A, weight_A = _batch_atoms(model)
    typical_A = np.log((model.size_gpus_S * model.run_median_s_S)[:, None] * np.exp(_shared(model) * length_C)).ravel()
    rows = np.stack([frac_A, weight_A])

    def with_values(values: Floats) -> WorkloadModel:
        # levels are those at the mean batch, which keeps them apart from the slopes
        slope = np.append(values[count - 1 :], 0.0)
        return replace(model, tenant=Choice(np.append(values[: count - 1], 0.0) - slope * middle, slope))

    def odds(values: Floats) -> Floats:
        return tenant_odds(with_values(values), length_C).reshape(-1, count)

    def gaps(values: Floats) -> Floats:
        return np.asarray((rows @ odds(values) - np.stack([jobs_T, time_T])).ravel())

    def slopes(values: Floats) -> Floats:
        odds_AT = odds(values)
        parts = []
        for weight in rows:
            both = []
            for factor in (weight, weight * (typical_A - middle)):
                spread = -(odds_AT * factor[:, None]).T @ odds_AT
                spread[np.diag_indices(count)] += factor @ odds_AT
                both.append(spread[:, :-1])
            parts.append(np.concatenate(both, axis=1))
        return np.concatenate(parts)

    middle = float(frac_A @ typical_A)
    slope = START_SLOPE * np.log((time_T + TINY_FRAC) / (jobs_T + TINY_FRAC))
    level = np.log(jobs_T + TINY_FRAC)
    first = np.concatenate([level[:-1] - level[-1], slope[:-1] - slope[-1]])
    found = least_squares(gaps, first, jac=slopes, x_scale="jac", ftol=CLOSE_FRAC, max_nfev=TENANT_STEPS)
    return with_values(found.x)


def _shared(model: WorkloadModel) -> float:
    """Return the part of the spread of running times that a batch shares."""
    return float(np.sqrt(model.batch_correlation_frac) * model.run_sigma)


def _batch_atoms(model: WorkloadModel) -> tuple[Floats, Floats, Floats]:
    """Return lengths of batches, and for each size and length shares of jobs and of accelerator time."""
    from scipy.special import ndtri

    length_C = ndtri((np.arange(COARSE_COUNT) + 0.5) / COARSE_COUNT)
    own = model.run_sigma * np.sqrt(1.0 - model.batch_correlation_frac)
    scatter_R = np.exp(own * length_C)
    typical_SC = model.run_median_s_S[:, None] * np.exp(_shared(model) * length_C)[None, :]
    run_SC = np.minimum(typical_SC[:, :, None] * scatter_R, model.longest_s).mean(axis=2)
    frac_SC = np.repeat(model.size_frac_S[:, None] / COARSE_COUNT, COARSE_COUNT, axis=1)
    weight_SC = frac_SC * model.size_gpus_S[:, None] * run_SC
    return length_C, frac_SC.ravel(), (weight_SC / weight_SC.sum()).ravel()


__all__ = ["Shape", "Statistics", "atoms_of", "fit_choice", "fit_shape", "fit_tenants", "sizes_of"]
