"""Who gets which accelerators, month by month. Shape letters: T months, K accelerator kinds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gigawatt.planning.plan import Notice
from gigawatt.planning.workloads import ScheduledPool, Work
from gigawatt.records import TimeAxis
from gigawatt.units import SECONDS_PER_MONTH

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Allocation:
    """Who gets which accelerators; training + tuning + serving + reserved + free = online, by kind and month.

    Attributes
    ----------
    training_KT, tuning_KT, serving_KT, reserved_KT, free_KT : Floats
        Accelerators. [-]
    given : dict of str to Floats
        By workload label, by month. [-]
    it_w_KT : Floats
        Mean IT power per kind. [W]
    """

    training_KT: Floats
    tuning_KT: Floats
    serving_KT: Floats
    reserved_KT: Floats
    free_KT: Floats
    given: dict[str, Floats]
    it_w_KT: Floats


def output_tokens(pool: ScheduledPool, given_T: Floats) -> tuple[Floats, Floats, Floats]:
    """Return served share, output tokens and input tokens by month of a pool that got `given_T` accelerators."""
    needed_T = pool.gpus_needed_T
    served_T = np.divide(np.minimum(given_T, needed_T), needed_T, out=np.ones_like(needed_T), where=needed_T > 0)
    requests_T = pool.requests_per_s_T * SECONDS_PER_MONTH * served_T
    request = pool.pool.inputs.request
    return served_T, requests_T * request.output_tokens, requests_T * request.input_tokens


def allocate(
    axis: TimeAxis,
    kinds: tuple[str, ...],
    online_KT: Floats,
    work: Work,
    system_w_K: Floats,
    *,
    mean_load_frac: float,
    idle_load_frac: float,
) -> Allocation:
    """Give accelerators to training first, then serving, then fine-tuning, then the reserved shares.

    Parameters
    ----------
    axis : TimeAxis
    kinds : tuple of str
    online_KT : Floats
        Accelerators online, over all sites.
    work : Work
    system_w_K : Floats
        Rated IT power per accelerator. [W]
    mean_load_frac, idle_load_frac : float
        Mean power of a busy and of an idle accelerator, of rated.

    Returns
    -------
    Allocation
    """
    row = {kind: k for k, kind in enumerate(kinds)}
    free_KT = online_KT.copy()
    training_KT, tuning_KT, serving_KT, it_w_KT = (np.zeros_like(free_KT) for _ in range(4))
    given: dict[str, Floats] = {}
    asked: list[tuple[str, str, Floats, Floats, Floats]] = [
        (run.label, run.kind, run.gpus_T, training_KT, np.full(free_KT.shape[1], run.run.step.gpu_power_w))
        for run in work.runs
    ]
    for pool in work.pools:
        busy_w, idle_w = pool.pool.deployment.system_power_w, pool.pool.inputs.accelerator.idle_w
        asked.append(
            (pool.label, pool.kind, pool.gpus_needed_T, serving_KT, idle_w + (busy_w - idle_w) * pool.mean_load_T)
        )
    asked += [
        (
            tuning.label,
            tuning.kind,
            tuning.gpus_needed_T,
            tuning_KT,
            np.full(free_KT.shape[1], tuning.run.step.gpu_power_w),
        )
        for tuning in work.tunings
    ]
    for label, kind, wanted_T, total_KT, power_w_T in asked:
        if kind not in row:
            given[label] = np.zeros_like(wanted_T)
            work.notices.append(Notice("kind-not-in-plan", f"{label}: no {kind} is installed or on offer", "workloads"))
            continue
        k = row[kind]
        got_T = np.minimum(wanted_T, free_KT[k])
        free_KT[k] -= got_T
        total_KT[k] += got_T
        it_w_KT[k] += got_T * power_w_T
        given[label] = given.get(label, 0.0) + got_T
        short_T = wanted_T - got_T
        if (short_T > 0.5).any():
            first = axis.start.plus(int(np.argmax(short_T > 0.5)))
            message = (
                f"{label}: from {first} on {kind} are short, by up to {short_T.max():,.0f} of {wanted_T.max():,.0f}"
            )
            work.notices.append(Notice("workload-short", message, "workloads"))
    reserved_KT = np.zeros_like(free_KT)
    for label, share_T in work.reserves:
        wanted_KT = np.minimum(online_KT * share_T, free_KT)
        free_KT -= wanted_KT
        reserved_KT += wanted_KT
        given[label] = wanted_KT.sum(axis=0)
    it_w_KT += (reserved_KT * mean_load_frac + free_KT * idle_load_frac) * system_w_K[:, None]
    if work.gpu_w_KT is not None:
        it_w_KT = work.gpu_w_KT * online_KT
    return Allocation(training_KT, tuning_KT, serving_KT, reserved_KT, free_KT, given, it_w_KT)
