"""Prefill and decode in pools of their own: what each does, what moves between them, how large each must be.

Shapes: `B` batches of a decode replica.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gigawatt.engines.hardware.collectives import Tiers, send_time_s
from gigawatt.engines.serving.batching import step_of
from gigawatt.engines.serving.checks import check, check_replica
from gigawatt.engines.serving.constants import CALIBRATION, NORMAL_P99, Calibration
from gigawatt.engines.serving.frontier import replicas
from gigawatt.engines.serving.kvcache import cache, held_layer_tokens, kv_bytes_per_token_and_layer
from gigawatt.engines.serving.latency import batch_spread
from gigawatt.engines.serving.power import gpu_power_w, is_quantised, system_power_w
from gigawatt.engines.serving.prefill import prefill
from gigawatt.engines.serving.queueing import wait_s
from gigawatt.engines.serving.rates import rates
from gigawatt.engines.serving.speculation import tokens_per_step
from gigawatt.engines.serving.types import (
    DecodePool,
    PoolFrontier,
    PoolPair,
    PoolSizes,
    PromptPool,
    Replica,
    ServingInputs,
)
from gigawatt.engines.serving.workload import shard
from gigawatt.errors import InfeasibleError, InputError

Floats = NDArray[np.float64]
# Loads of a prefill replica tried against the limit on the time to first token: as high as it allows.
HIGHEST_PROMPT_LOAD, LOWEST_PROMPT_LOAD, PROMPT_LOADS_COUNT = 0.98, 0.05, 94
# Batches of a decode replica tried, spaced evenly in their logarithm.
DECODE_BATCHES_COUNT = 48
# Step of the batch by which the growth of the time per token is taken.
GROWTH_FRAC = 0.01
ROUNDING = 1e-9


def transfer(inputs: ServingInputs, source: Replica, target: Replica) -> tuple[float, float]:
    """Return time and bytes of moving the cache of the mean prompt from a prefill to a decode replica.

    Parameters
    ----------
    inputs : ServingInputs
        Model, cache precision, prompt length, links.
    source, target : Replica
        Of the two pools. Within one scale-up domain the cache moves over its links, else over the network.

    Returns
    -------
    tuple of float
        [s], [B]

    Notes
    -----
    Each accelerator of the prefill replica sends its share over its own port, those of a latent that all hold a part
    each; layers move while later ones are still read, but the last bytes leave after the last layer, so that the whole
    is counted: an upper bound.
    """
    model, chip = inputs.model, inputs.accelerator
    moved = kv_bytes_per_token_and_layer(model, inputs.kv_precision)
    moved *= held_layer_tokens(model, inputs.request.input_tokens)
    # under attention data parallelism one rank holds a prompt whole
    ports = float(source.pipeline_parallel if source.attention_data_parallel else source.gpus_count)
    crosses = source.gpus_count + target.gpus_count > chip.scale_up_domain_count
    up, out = chip.scale_up, chip.scale_out
    tiers = Tiers(
        up.bytes_per_s * up.efficiency_frac,
        up.hop_latency_s,
        out.bytes_per_s * out.efficiency_frac,
        out.hop_latency_s,
    )
    return float(send_time_s(moved / ports, crosses, tiers)), moved


def prompt_pool(
    inputs: ServingInputs, replica: Replica, target: Replica, calibration: Calibration = CALIBRATION
) -> PromptPool | None:
    """Load a prefill replica as far as the limit on the time to first token allows.

    Parameters
    ----------
    inputs : ServingInputs
        Prompts and limits.
    replica, target : Replica
        Of this pool and of the decode pool.
    calibration : Calibration, optional
        Fitted constants.

    Returns
    -------
    PromptPool or None
        None where the weights and a prompt do not fit, or no load meets the limit.
    """
    check_replica(inputs, replica, 1.0)
    model, request = inputs.model, inputs.request
    part, rate = shard(model, replica, inputs.precision), rates(inputs, replica, calibration)
    prompts_only = replace(inputs, request=replace(request, output_tokens=1.0), speculation=None)
    if cache(prompts_only, replica, part).largest_batch < 1.0:
        return None
    prompt = prefill(model, replica, part, rate, request, calibration)
    moved_s, moved_bytes = transfer(inputs, replica, target)
    load_N = np.linspace(LOWEST_PROMPT_LOAD, HIGHEST_PROMPT_LOAD, PROMPT_LOADS_COUNT)
    rate_N = load_N / prompt.time_s
    _, wait_N, wait_p99_N = wait_s(rate_N, prompt.time_s, request.length_cv)
    own_s = prompt.time_s * replica.pipeline_parallel + moved_s
    ttft_N = wait_N + own_s
    ttft_p99_N = ttft_N + np.hypot(wait_p99_N - wait_N, NORMAL_P99 * request.length_cv * own_s)
    meets_N = np.flatnonzero(ttft_p99_N <= inputs.slo.ttft_p99_s)
    if not meets_N.size:
        return None
    place = int(meets_N[-1])
    load = float(load_N[place])
    power = gpu_power_w(
        inputs.accelerator,
        np.array([load * prompt.bytes / (rate.peak_bytes_per_s * prompt.time_s)]),
        np.array([load * prompt.flops / (rate.peak_flop_per_s * prompt.time_s)]),
        bool(model.experts) and is_quantised(inputs.precision),
        calibration,
    )
    return PromptPool(
        replica,
        float(rate_N[place]),
        load,
        float(ttft_N[place]),
        float(ttft_p99_N[place]),
        moved_s,
        moved_bytes,
        float(power[0]),
    )


def decode_pools(
    inputs: ServingInputs, replica: Replica, batches: ArrayLike | None = None, calibration: Calibration = CALIBRATION
) -> list[DecodePool]:
    r"""Evaluate a decode replica at several batches.

    Parameters
    ----------
    inputs : ServingInputs
        Answers, of which the first token comes from the prefill pool.
    replica : Replica
        Of the decode pool.
    batches : array, optional
        Running sequences; by default from one for each stage to the most that fit. [-]
    calibration : Calibration, optional
        Fitted constants.

    Returns
    -------
    list of DecodePool
        In the order of the batches; empty where nothing fits.

    Notes
    -----
    :math:`\lambda = g B / ((O - 1) T_d(B))`: no prompt comes between two tokens.
    """
    check_replica(inputs, replica, 1.0)
    model, part = inputs.model, shard(inputs.model, replica, inputs.precision)
    rate, held = rates(inputs, replica, calibration), cache(inputs, replica, part)
    if held.largest_batch < 1.0:
        return []
    stages = float(replica.pipeline_parallel)
    if batches is None:
        batches = np.geomspace(min(stages, held.largest_batch), held.largest_batch, DECODE_BATCHES_COUNT)
    batch_B = np.atleast_1d(np.asarray(batches, dtype=np.float64))
    both_B = np.concatenate([batch_B, batch_B * (1.0 + GROWTH_FRAC)]) / stages
    token = step_of(inputs, replica, part, rate, held, both_B, calibration)
    count = len(batch_B)
    time_B = token.time_s_B[:count]
    elasticity_B = np.clip((token.time_s_B[count:] / time_B - 1.0) / GROWTH_FRAC, 0.0, 1.0)
    tpot_B = time_B * stages / tokens_per_step(inputs.speculation)
    room_B = np.maximum(held.largest_batch - batch_B, 0.0)
    fuller_B = np.minimum(NORMAL_P99 * batch_spread(batch_B, elasticity_B), room_B) / batch_B
    power_B = gpu_power_w(
        inputs.accelerator,
        token.bytes_B[:count] / (rate.peak_bytes_per_s * time_B),
        token.flops_B[:count] / (rate.peak_flop_per_s * time_B),
        bool(model.experts) and is_quantised(inputs.precision),
        calibration,
    )
    rate_B = batch_B / (tpot_B * max(inputs.request.output_tokens - 1.0, ROUNDING))
    p99_B = tpot_B * (1.0 + elasticity_B * fuller_B)
    columns = (batch_B, rate_B, tpot_B, p99_B, power_B)
    return [DecodePool(replica, *(float(column[place]) for column in columns)) for place in range(count)]


def pool_pair(inputs: ServingInputs, prompts: PromptPool, answers: DecodePool) -> PoolPair:
    """Balance both pools.

    Parameters
    ----------
    inputs : ServingInputs
        Answers and accelerator.
    prompts, answers : PromptPool, DecodePool
        One replica of each pool.

    Returns
    -------
    PoolPair
        So many accelerators of each that both serve the same rate.
    """
    read = prompts.replica.gpus_count / prompts.requests_per_s
    written = answers.replica.gpus_count / answers.requests_per_s
    share = read / (read + written)
    requests = 1.0 / (read + written)
    tokens = requests * inputs.request.output_tokens
    gpu_w = share * prompts.gpu_power_w + (1.0 - share) * answers.gpu_power_w
    system_w = float(system_power_w(inputs.accelerator, np.array([gpu_w]))[0])
    return PoolPair(prompts, answers, share, tokens, requests, gpu_w, system_w, system_w / tokens)


def pool_frontier(
    inputs: ServingInputs, gpus_count: int | None = None, calibration: Calibration = CALIBRATION
) -> PoolFrontier:
    """Find the trade between throughput and time per token over the splits into two pools, each with its own replica.

    Parameters
    ----------
    inputs : ServingInputs
        Model, accelerator, request, service level.
    gpus_count : int, optional
        Accelerators of both pools together: no replica of one pool may take them all.
    calibration : Calibration, optional
        Fitted constants.

    Returns
    -------
    PoolFrontier
        Where none meets the limits, `reason` says of which pool.

    Raises
    ------
    InputError
        If the inputs mean nothing.
    """
    check(inputs)
    if gpus_count is not None and gpus_count < 2:
        message = f"serving: two pools need at least 2 accelerators; {gpus_count} given"
        raise InputError(message)
    largest = inputs.max_gpus_count if gpus_count is None else min(inputs.max_gpus_count, gpus_count - 1)
    tried = tuple(replicas(replace(inputs, max_gpus_count=largest)))
    found = [prompt_pool(inputs, one, one, calibration) for one in tried]
    readers = [one for one in found if one is not None]
    if not readers:
        return PoolFrontier((), None, "no prefill replica holds the model and meets the limit on the first token")
    best = max(readers, key=lambda one: one.requests_per_s / one.replica.gpus_count)
    writers = [one for replica in tried for one in decode_pools(inputs, replica, None, calibration)]
    if not writers:
        return PoolFrontier((), None, "no decode replica holds the model and one sequence")
    pairs = [pool_pair(inputs, best, one) for one in _undominated(writers)]
    pairs = [one for one in pairs if gpus_count is None or _fits(one, gpus_count)]
    meets = [one for one in pairs if one.answers.tpot_p99_s <= inputs.slo.tpot_p99_s]
    if not meets:
        return PoolFrontier(tuple(pairs), None, "no decode replica meets the limit on the time per token")
    return PoolFrontier(tuple(pairs), max(meets, key=lambda one: one.output_tokens_per_s_per_gpu))


def _fits(pair: PoolPair, gpus_count: int) -> bool:
    """Whether one replica of each pool is at hand."""
    return pair.prompts.replica.gpus_count + pair.answers.replica.gpus_count <= gpus_count


def _undominated(writers: list[DecodePool]) -> Iterator[DecodePool]:
    """Yield decode replicas by ascending TPOT, each with more requests per accelerator than all before."""
    most = 0.0
    for one in sorted(writers, key=lambda each: each.tpot_p50_s):
        speed = one.requests_per_s / one.replica.gpus_count
        if speed > most:
            most = speed
            yield one


def size_pools(pair: PoolPair, requests_per_s: float, utilisation_frac: float = 1.0) -> PoolSizes:
    """Return the whole replicas of both pools that carry a rate.

    Parameters
    ----------
    pair : PoolPair
        What a replica of each pool carries.
    requests_per_s : float
        Demand. [1/s]
    utilisation_frac : float
        Share of what it could carry that a replica is given. [-]

    Returns
    -------
    PoolSizes

    Raises
    ------
    InputError
        If the demand is negative or the share outside 0..1.
    InfeasibleError
        If a pool serves nothing.
    """
    if not 0.0 <= requests_per_s < math.inf or not 0.0 < utilisation_frac <= 1.0:
        message = f"pools: {requests_per_s} requests/s at {utilisation_frac} utilisation mean nothing"
        raise InputError(message)
    each = (pair.prompts.requests_per_s * utilisation_frac, pair.answers.requests_per_s * utilisation_frac)
    if min(each) <= 0.0:
        message = "pools: one of them serves nothing"
        raise InfeasibleError(message)
    prompts, answers = (math.ceil(requests_per_s / one - ROUNDING) for one in each)
    return PoolSizes(
        prompts, answers, prompts * pair.prompts.replica.gpus_count, answers * pair.answers.replica.gpus_count
    )
