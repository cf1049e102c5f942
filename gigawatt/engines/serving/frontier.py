"""Throughput against latency: every sensible replica at every sensible batch.

Shapes: `B` batches of one replica, `P` points of all replicas.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.serving.batching import Points, deployments, points
from gigawatt.engines.serving.checks import check
from gigawatt.engines.serving.constants import CALIBRATION, NORMAL_P99, Calibration
from gigawatt.engines.serving.kvcache import cache
from gigawatt.engines.serving.types import Deployment, Frontier, Replica, ServingInputs
from gigawatt.engines.serving.workload import shard
from gigawatt.errors import InputError

# Batches tried per replica, spaced evenly in their logarithm, and again around the limit of the service level.
COARSE_COUNT = 32
FINE_COUNT = 16
Floats = NDArray[np.float64]


def _powers_of_two(largest: int) -> list[int]:
    """1, 2, 4, ... up to the largest."""
    return [1 << exponent for exponent in range(max(largest, 1).bit_length()) if 1 << exponent <= largest]


def replicas(inputs: ServingInputs, gpus_count: int | None = None, most_stages: int | None = None) -> Iterator[Replica]:
    """Yield the replicas worth trying.

    Parameters
    ----------
    inputs : ServingInputs
        The model's heads and layers, the accelerator's scale-up domain, the largest replica.
    gpus_count : int, optional
        Accelerators at hand: replicas must divide them.
    most_stages : int, optional
        Pipeline stages at most; by default one for each layer.

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
        for stages in _powers_of_two(min(largest // tensor, most_stages or model.layers)):
            if gpus_count and gpus_count % (tensor * stages):
                continue
            if tensor <= domain and model.heads % tensor == 0:
                yield Replica(tensor, stages)
            if model.experts and tensor > 1 and model.experts % tensor == 0:
                if tensor <= domain and model.heads % tensor == 0:
                    yield Replica(tensor, stages, expert_parallel=tensor)
                yield Replica(tensor, stages, expert_parallel=tensor, attention_data_parallel=True)


def _excess(inputs: ServingInputs, found: Points) -> Floats:
    """By what factor points miss the worse of the two limits; at most 1 where they meet both."""
    excess: Floats = np.maximum(found.ttft_p99_s_B / inputs.slo.ttft_p99_s, found.tpot_p99_s_B / inputs.slo.tpot_p99_s)
    return excess


def batches_to_try(
    inputs: ServingInputs, replica: Replica, calibration: Calibration = CALIBRATION, copies_count: int = 1
) -> Floats:
    """Return the batches worth evaluating on a replica.

    Parameters
    ----------
    inputs : ServingInputs
        Model, accelerator, request, service level.
    replica : Replica
        How the model is spread.
    calibration : Calibration, optional
        Fitted constants.
    copies_count : int
        Such replicas that share the arrivals.

    Returns
    -------
    array
        Ascending, from one sequence (one per rank under attention data parallelism) to the largest batch, denser around
        the last batch that meets the service level; empty where nothing fits.
    """
    largest = cache(inputs, replica, shard(inputs.model, replica, inputs.precision)).largest_batch
    if min(inputs.slo.ttft_p99_s, inputs.slo.tpot_p99_s) < float("inf"):
        # under Poisson arrivals the batch spreads like a Poisson count, and its 99th percentile must fit
        largest = (np.sqrt(largest + (0.5 * NORMAL_P99) ** 2) - 0.5 * NORMAL_P99) ** 2
    least = float(replica.pipeline_parallel)
    if largest < least:
        return np.empty(0) if largest < 1.0 else np.array([largest])
    coarse_B = np.geomspace(least, largest, COARSE_COUNT)
    meets_B = _excess(inputs, points(inputs, replica, coarse_B, calibration, copies_count)) <= 1.0
    if not meets_B.any() or meets_B.all():
        return coarse_B
    last = int(np.flatnonzero(meets_B)[-1])
    if last + 1 >= COARSE_COUNT:
        return coarse_B
    fine_B = np.linspace(coarse_B[last], coarse_B[last + 1], FINE_COUNT + 2)[1:-1]
    return np.sort(np.concatenate([coarse_B, fine_B]))


def evaluate(
    inputs: ServingInputs,
    gpus_count: int | None = None,
    calibration: Calibration = CALIBRATION,
    only: Replica | None = None,
    most_stages: int | None = None,
) -> list[tuple[Replica, Points]]:
    """Evaluate every replica on which something fits, at every batch worth trying.

    Parameters
    ----------
    inputs : ServingInputs
        Model, accelerator, request, service level.
    gpus_count : int, optional
        Accelerators at hand; replicas must divide them.
    calibration : Calibration, optional
        Fitted constants.
    only : Replica, optional
        The one replica to evaluate.
    most_stages : int, optional
        Pipeline stages at most.

    Returns
    -------
    list of (Replica, Points)
        All points fit in memory.
    """
    found = []
    for replica in replicas(inputs, gpus_count, most_stages) if only is None else (only,):
        copies = max(gpus_count // replica.gpus_count, 1) if gpus_count else 1
        batches_B = batches_to_try(inputs, replica, calibration, copies)
        if len(batches_B):
            found.append((replica, points(inputs, replica, batches_B, calibration, copies)))
    return found


def best_of(inputs: ServingInputs, found: list[tuple[Replica, Points]]) -> tuple[Replica, Points, int] | None:
    """Return the point with the most requests per second and accelerator that meets the service level.

    Parameters
    ----------
    inputs : ServingInputs
        Its latency limits.
    found : list of (Replica, Points)
        From `evaluate`.

    Returns
    -------
    tuple of Replica, Points and place, or None
        None where no point meets the limits.
    """
    best: tuple[Replica, Points, int] | None = None
    fastest = 0.0
    for replica, one in found:
        speed_B = np.where(_excess(inputs, one) <= 1.0, one.requests_per_s_B, 0.0) / replica.gpus_count
        place = int(np.argmax(speed_B))
        if speed_B[place] > fastest:
            best, fastest = (replica, one, place), float(speed_B[place])
    return best


def _shortage(inputs: ServingInputs, gpus_count: int | None, calibration: Calibration) -> str:
    """Say what is short on the replica that comes nearest to fitting."""
    refused = [
        deployments(inputs, replica, points(inputs, replica, 1.0, calibration))[0]
        for replica in replicas(inputs, gpus_count)
    ]
    if not refused:
        return "no replica within the accelerators allowed"
    nearest = min(refused, key=lambda one: one.memory.weights_gib)
    return f"on {nearest.replica.gpus_count} accelerators: {nearest.reason}"


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
    if inputs.max_gpus_count < 1 or (gpus_count is not None and gpus_count < 1):
        message = (
            f"serving: {inputs.max_gpus_count if gpus_count is None else gpus_count} accelerators; at least 1 is needed"
        )
        raise InputError(message)
    found = evaluate(inputs, gpus_count, calibration)
    if not found:
        return Frontier((), None, _shortage(inputs, gpus_count, calibration))
    sizes = [len(one.batch_B) for _, one in found]
    owner_P = np.repeat(np.arange(len(found)), sizes)
    place_P = np.concatenate([np.arange(size) for size in sizes])
    tpot_P = np.concatenate([one.tpot_p50_s_B for _, one in found])
    speed_P = np.concatenate([one.requests_per_s_B / replica.gpus_count for replica, one in found])

    def deployment(index: int) -> Deployment:
        """Turn one point into a deployment."""
        replica, one = found[owner_P[index]]
        return deployments(inputs, replica, one, [int(place_P[index])])[0]

    order_P = np.lexsort((-speed_P, tpot_P))
    best_P = np.maximum.accumulate(speed_P[order_P])
    kept_P = order_P[np.concatenate([[True], best_P[1:] > best_P[:-1]])]
    curve = tuple(deployment(int(index)) for index in kept_P)
    best = best_of(inputs, found)
    if best is None:
        nearest = deployment(int(np.argmin(np.concatenate([_excess(inputs, one) for _, one in found]))))
        return Frontier(curve, None, f"no batch meets the service level; nearest: {nearest.reason}")
    return Frontier(curve, deployments(inputs, best[0], best[1], [best[2]])[0])
