"""From an entry of the catalogue to the model that jobs are drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gigawatt.catalogue.workloads import ClusterWorkload
from gigawatt.engines.fleet.generator import GOLDEN, Choice, WorkloadModel, moments
from gigawatt.engines.fleet.simulation import ENDS, KINDS
from gigawatt.errors import InputError, nearest
from gigawatt.planning.workload_generator.fit import (
    Statistics,
    atoms_of,
    fit_choice,
    fit_shape,
    fit_tenants,
    sizes_of,
)
from gigawatt.records import Quantity
from gigawatt.units import SECONDS_PER_DAY

Floats = NDArray[np.float64]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Where the shares of tenants are not published: as the 16 virtual clusters of Helios Earth were in May 2020.
QUOTA_USE_CONCENTRATION = (
    2.0  # of a beta distribution of how much of its quota a tenant uses: 0 to 93 %, deviation 29 %
)
MOST_QUOTA_USE_FRAC = 0.93  # of a tenant over weeks; more and its queue would only grow
RUN_SPREAD = 1.5  # deviation of the logarithm of a tenant's accelerator-seconds a job: 1.4 there, 1.7 in Philly


def statistics_of(entry: ClusterWorkload) -> Statistics:
    """Return the statistics of an entry that fix sizes and running times."""
    missing = float("nan")
    return Statistics(
        mean_run_s=entry.mean_run_s.value,
        median_run_s=entry.median_run_s.value,
        longest_s=entry.longest_run_s.value,
        mean_gpus_count=entry.mean_gpus_count.value,
        mean_gpu_s=entry.gpu_time_s.value / entry.jobs_count.value,
        most_gpus_count=round(entry.most_gpus_count.value),
        single_frac=entry.single_frac.value if entry.single_frac else missing,
        large_gpu_time_frac=entry.large_gpu_time_frac.value if entry.large_gpu_time_frac else missing,
    )


def load_of(entry: ClusterWorkload) -> float:
    """Return accelerators asked for over those of the cluster, on average over the entry's span."""
    busy = entry.gpu_time_s.value / (entry.span_days.value * SECONDS_PER_DAY)
    return busy / entry.gpus_count.value


def model_of(entry: ClusterWorkload, load_frac: float | None = None, quota_gpus: int | None = None) -> WorkloadModel:
    """Return the model that has an entry's statistics.

    Parameters
    ----------
    entry : ClusterWorkload
    load_frac : float, optional
        Accelerators asked for over those of all quotas; as in the entry where not given. [-]
    quota_gpus : int, optional
        Accelerators of all quotas together, which keep their shares; as in the entry where not given.

    Returns
    -------
    WorkloadModel

    Raises
    ------
    InfeasibleError
        If no model has these statistics.
    """
    quotas = {name: figure.value for name, figure in entry.quota_gpus.items()}
    factor = quota_gpus / sum(quotas.values()) if quota_gpus else 1.0
    shape = fit_shape(statistics_of(entry))
    gpus_S, frac_S, median_S = sizes_of(shape, round(entry.most_gpus_count.value))
    one = Choice(np.zeros(1), np.zeros(1))
    model = WorkloadModel(
        name=entry.id,
        jobs_per_s=0.0,
        size_gpus_S=gpus_S,
        size_frac_S=frac_S,
        run_median_s_S=median_S,
        run_sigma=shape.run_sigma,
        longest_s=entry.longest_run_s.value,
        batch_jobs_count=entry.batch_jobs_count.value,
        batch_correlation_frac=entry.batch_correlation_frac.value,
        batch_span_s=entry.batch_span_s.value,
        looking_frac=entry.looking_frac.value,
        hour_ratio_W=_week(entry),
        day_spread_ratio=entry.day_spread_ratio.value,
        tenants=tuple(quotas),
        quota_gpus=tuple(max(round(quota * factor), 1) for quota in quotas.values()),
        tenant=one,
        end=one,
        kind=one,
    )
    atoms = atoms_of(model)
    end = fit_choice(_in_order(entry.ends_jobs_frac, ENDS), _in_order(entry.ends_gpu_time_frac, ENDS), *atoms)
    kinds = [_in_order(figures, KINDS) for figures in (entry.kinds_jobs_frac, entry.kinds_gpu_time_frac)]
    named = [place for place, share in enumerate(kinds[0]) if share > 0.0]
    chosen = fit_choice([kinds[0][place] for place in named], [kinds[1][place] for place in named], *atoms)
    part = entry.part_frac.value if entry.part_frac else 1.0
    jobs_per_s = part * entry.jobs_count.value / (entry.span_days.value * SECONDS_PER_DAY)
    if load_frac is not None or quota_gpus:
        load = load_frac if load_frac is not None else part * load_of(entry)
        jobs_per_s = load * sum(model.quota_gpus) / moments(model).mean_gpu_s
    model = replace(model, jobs_per_s=jobs_per_s, end=end, kind=_spread_out(chosen, named, len(KINDS)))
    use_frac = jobs_per_s * moments(model).mean_gpu_s / sum(model.quota_gpus)
    return fit_tenants(model, *shares_of_tenants(entry, use_frac))


def shares_of_tenants(entry: ClusterWorkload, use_frac: float) -> tuple[list[float], list[float]]:
    """Return shares of jobs and of accelerator time of each tenant: the entry's own, or by rule.

    Parameters
    ----------
    entry : ClusterWorkload
    use_frac : float
        Accelerators asked for over those of all quotas. [-]

    Returns
    -------
    tuple of list of float

    Notes
    -----
    By rule, tenants use their quotas as a beta distribution of that mean has it, cut where a queue would only grow, and
    their accelerator-seconds a job are log-normal. Both are taken at even quantiles in an order that has nothing to do
    with size, so that no chance is in it.
    """
    if entry.tenants_jobs_frac:
        time_T = np.array([entry.tenants_gpu_time_frac[name].value for name in entry.quota_gpus])
        quota_T = np.array([figure.value for figure in entry.quota_gpus.values()])
        used_T = (
            _within_the_cut(time_T / time_T.sum() * use_frac * quota_T.sum() / quota_T, quota_T, use_frac) * quota_T
        )
        jobs = [entry.tenants_jobs_frac[name].value for name in entry.quota_gpus]
        return jobs, [float(share) for share in used_T / used_T.sum()]
    from scipy.special import betaincinv, ndtri

    quota_T = np.array([figure.value for figure in entry.quota_gpus.values()])
    mean = min(use_frac, MOST_QUOTA_USE_FRAC)
    place_T = (np.arange(len(quota_T)) + 1) * GOLDEN % 1.0
    alpha, beta = QUOTA_USE_CONCENTRATION * mean, QUOTA_USE_CONCENTRATION * (1.0 - mean)
    time_T = _within_the_cut(np.asarray(betaincinv(alpha, beta, place_T), dtype=np.float64), quota_T, mean) * quota_T
    jobs_T = time_T * np.exp(RUN_SPREAD * ndtri((np.arange(len(quota_T)) + 1) * GOLDEN**2 % 1.0))
    return [float(share) for share in jobs_T / jobs_T.sum()], [float(share) for share in time_T / time_T.sum()]


def _within_the_cut(use_T: Floats, quota_T: Floats, mean: float) -> Floats:
    """Return how much of its quota each tenant uses, none beyond the cut: what that takes, the others have."""
    use_T = np.minimum(use_T, MOST_QUOTA_USE_FRAC)
    for _ in range(len(quota_T)):
        room_T = use_T < MOST_QUOTA_USE_FRAC
        lack = mean * quota_T.sum() - use_T @ quota_T
        if not room_T.any() or abs(lack) < 1e-9 * quota_T.sum():
            break
        use_T = np.where(room_T, use_T * (1.0 + lack / max(use_T[room_T] @ quota_T[room_T], 1e-9)), use_T)
        use_T = np.clip(use_T, 0.0, MOST_QUOTA_USE_FRAC)
    return np.asarray(use_T)


def _week(entry: ClusterWorkload) -> Floats:
    """Return the rate by hour of the week over its mean."""
    hour_H = np.array([entry.hours_ratio[f"{hour:02d}"].value for hour in range(24)])
    day_D = np.array([entry.days_ratio[day].value for day in DAYS])
    week = np.outer(day_D, hour_H).ravel()
    return np.asarray(week / week.mean())


def _in_order(figures: Mapping[str, Quantity], names: tuple[str, ...]) -> list[float]:
    """Return shares in the order of the simulator's names; 0 where one is not given."""
    strange = [name for name in figures if name not in names]
    if strange:
        message = f'"{strange[0]}" is none of what the simulator knows. {nearest(strange[0], names)}'
        raise InputError(message)
    return [figures[name].value if name in figures else 0.0 for name in names]


def _spread_out(choice: Choice, places: list[int], count: int) -> Choice:
    """Return a choice over more options, of which only some have jobs."""
    level_K, slope_K = np.full(count, -np.inf), np.zeros(count)
    level_K[places], slope_K[places] = choice.level_K, choice.slope_K
    return Choice(level_K, slope_K)


__all__ = ["DAYS", "load_of", "model_of", "shares_of_tenants", "statistics_of"]
