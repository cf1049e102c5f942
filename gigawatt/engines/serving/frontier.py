"""Throughput against latency: every sensible replica at every sensible batch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.serving.batching import Points, check, deployments, points
from gigawatt.engines.serving.constants import CALIBRATION, Calibration
from gigawatt.engines.serving.kvcache import cache
from gigawatt.engines.serving.types import Deployment, Frontier, Replica, ServingInputs
from gigawatt.engines.serving.workload import shard

# Batches tried per replica, spaced evenly in their logarithm, and again around the limit of the service level.
COARSE_COUNT = 32
FINE_COUNT = 16
Floats = NDArray[np.float64]


def _powers_of_two(largest: int) -> list[int]:
    """1, 2, 4, ... up to the largest."""
    return [1 << exponent for exponent in range(max(largest, 1).bit_length()) if 1 << exponent <= largest]


def replicas(inputs: ServingInputs, gpus_count: int | None = None) -> Iterator[Replica]:
    """Yield the replicas worth trying.

    Parameters
    ----------
    inputs : ServingInputs
        The model's heads and layers, the accelerator's scale-up domain, the largest replica.
    gpus_count : int, optional
        Accelerators at hand: replicas must divide them.

    Yields
    ------
    Replica
        Tensor parallelism in powers of two within the scale-up domain and up to the number of heads; pipeline stages in
        powers of two, at least one layer each; mixtures of experts also with expert parallelism, without and with
        attention data parallelism, the latter across domains too.
    """
    model, accelerator = inputs.model, inputs.accelerator
    largest = min(inputs.max_gpus_count, gpus_count or inputs.max_gpus_count)
    domain = max(1, accelerator.scale_up_domain_count)
    for tensor in _powers_of_two(largest):
        for stages in _powers_of_two(min(largest // tensor, model.layers)):
            if gpus_count and gpus_count % (tensor * stages):
                continue
            if tensor <= domain and model.heads % tensor == 0:
                yield Replica(tensor, stages)
            if model.experts and tensor > 1 and model.experts % tensor == 0:
                if tensor <= domain and model.heads % tensor == 0:
                    yield Replica(tensor, stages, expert_parallel=tensor)
                yield Replica(tensor, stages, expert_parallel=tensor, attention_data_parallel=True)


def _meets(inputs: ServingInputs, found: Points) -> NDArray[np.bool_]:
    """Which points meet both limits."""
    in_time: NDArray[np.bool_] = (found.ttft_p99_s_B <= inputs.slo.ttft_p99_s) & (
        found.tpot_p99_s_B <= inputs.slo.tpot_p99_s
    )
    return in_time


def batches_to_try(inputs: ServingInputs, replica: Replica, calibration: Calibration = CALIBRATION) -> Floats:
    """Return the batches worth evaluating on a replica.

    Parameters
    ----------
    inputs : ServingInputs
        Model, accelerator, request, service level.
    replica : Replica
        How the model is spread.
    calibration : Calibration, optional
        Fitted constants.

    Returns
    -------
    array
        Ascending, from one sequence (one per rank under attention data parallelism) to the largest batch, denser around
        the last batch that meets the service level; empty where nothing fits.
    """
    largest = cache(inputs, replica, shard(inputs.model, replica, inputs.precision)).largest_batch
    least = float(replica.pipeline_parallel)
    if largest < least:
        return np.empty(0) if largest < 1.0 else np.array([largest])
    coarse_B = np.geomspace(least, largest, COARSE_COUNT)
    meets_B = _meets(inputs, points(inputs, replica, coarse_B, calibration))
    if not meets_B.any() or meets_B.all():
        return coarse_B
    last = int(np.flatnonzero(meets_B)[-1])
    if last + 1 >= COARSE_COUNT:
        return coarse_B
    fine_B = np.linspace(coarse_B[last], coarse_B[last + 1], FINE_COUNT + 2)[1:-1]
    return np.sort(np.concatenate([coarse_B, fine_B]))


def _pareto(found: list[Deployment]) -> tuple[Deployment, ...]:
    """Keep what no other beats in both throughput per accelerator and TPOT; ascending TPOT."""
    kept: list[Deployment] = []
    best = -1.0
    for one in sorted(found, key=lambda one: (one.tpot_p50_s, -one.output_tokens_per_s_per_gpu)):
        if one.output_tokens_per_s_per_gpu > best:
            kept.append(one)
            best = one.output_tokens_per_s_per_gpu
    return tuple(kept)


def frontier(inputs: ServingInputs, gpus_count: int | None = None, calibration: Calibration = CALIBRATION) -> Frontier:
    """Find the trade between throughput per accelerator and time per output token.

    Parameters
    ----------
    inputs : ServingInputs
        Model, accelerator, request, service level.
    gpus_count : int, optional
        Accelerators at hand; replicas must divide them. Otherwise up to `inputs.max_gpus_count`.
    calibration : Calibration, optional
        Fitted constants.

    Returns
    -------
    Frontier
        Deployments that nothing beats in both, by ascending TPOT; `chosen` has the most output tokens per second and
        accelerator among all that meet the service level. Where none does, `reason` names the nearest miss.

    Raises
    ------
    InputError
        If the inputs mean nothing.
    """
    check(inputs)
    found: list[Deployment] = []
    shortage: Deployment | None = None
    for replica in replicas(inputs, gpus_count):
        batches_B = batches_to_try(inputs, replica, calibration)
        if len(batches_B):
            found += deployments(inputs, replica, points(inputs, replica, batches_B, calibration))
        else:
            refused = deployments(inputs, replica, points(inputs, replica, 1.0, calibration))[0]
            if shortage is None or refused.memory.weights_gib < shortage.memory.weights_gib:
                shortage = refused
    fitting = [one for one in found if one.fits]
    if not fitting:
        return Frontier((), None, shortage.reason if shortage else "no replica within the accelerators allowed")
    meeting = [one for one in fitting if one.meets_slo]
    if not meeting:
        nearest = min(fitting, key=lambda one: _excess(inputs, one))
        return Frontier(_pareto(fitting), None, f"no batch meets the service level; nearest: {nearest.reason}")
    return Frontier(_pareto(fitting), max(meeting, key=lambda one: one.output_tokens_per_s_per_gpu))


def _excess(inputs: ServingInputs, one: Deployment) -> float:
    """By what factor a deployment misses the worse of its limits."""
    return max(one.ttft_p99_s / inputs.slo.ttft_p99_s, one.tpot_p99_s / inputs.slo.tpot_p99_s)
