"""Continuous batching in steady state: a batch of running sequences, the rate it serves, the latency it costs.

Shapes: `B` operating points evaluated together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gigawatt.engines.serving.checks import check, check_replica
from gigawatt.engines.serving.constants import CALIBRATION, Calibration
from gigawatt.engines.serving.decode import Step, drafting, step
from gigawatt.engines.serving.kvcache import Cache, cache
from gigawatt.engines.serving.latency import Load, latency
from gigawatt.engines.serving.power import gpu_power_w, is_quantised, system_power_w
from gigawatt.engines.serving.prefill import prefill
from gigawatt.engines.serving.rates import Rates, rates
from gigawatt.engines.serving.speculation import tokens_per_step, verified_tokens
from gigawatt.engines.serving.types import Deployment, Replica, ServingInputs, ServingMemory
from gigawatt.engines.serving.workload import Shard, shard
from gigawatt.units import BYTES_PER_GIB

Floats = NDArray[np.float64]
# Keep divisions finite: a batch of nothing, and what rounding may add to a batch that just fits.
SMALLEST_BATCH = 1e-9
ROUNDING_FRAC = 1e-9
# Step of the batch by which the growth of the time per token is taken.
GROWTH_FRAC = 0.01
MILLI = 1e3  # per unit


@dataclass(frozen=True, slots=True)
class Points:
    """Operating points of one replica.

    Attributes
    ----------
    batch_B : array
        Running sequences of the replica. [-]
    ttft_p50_s_B, ttft_p99_s_B, tpot_p50_s_B, tpot_p99_s_B : array
        Time to first token; time per output token averaged over an answer. [s]
    gap_p50_s_B, gap_p99_s_B : array
        Gap between two tokens; most prefills miss the median one. [s]
    requests_per_s_B : array
        Of the replica. [1/s]
    gpu_power_w_B : array
        [W]
    held : Cache
        Memory and the largest batch.
    """

    batch_B: Floats
    ttft_p50_s_B: Floats
    ttft_p99_s_B: Floats
    tpot_p50_s_B: Floats
    tpot_p99_s_B: Floats
    gap_p50_s_B: Floats
    gap_p99_s_B: Floats
    requests_per_s_B: Floats
    gpu_power_w_B: Floats
    held: Cache


def points(
    inputs: ServingInputs,
    replica: Replica,
    batches: ArrayLike,
    calibration: Calibration = CALIBRATION,
    copies_count: int = 1,
) -> Points:
    r"""Evaluate a replica at several batches at once.

    Parameters
    ----------
    inputs : ServingInputs
        Model, accelerator, request, precision, engine.
    replica : Replica
        How the model is spread.
    batches : array
        Running sequences; values above the largest batch are evaluated all the same. [-]
    calibration : Calibration, optional
        Fitted constants.
    copies_count : int
        Such replicas that share the arrivals.

    Returns
    -------
    Points
        Rates, latencies and power.

    Notes
    -----
    Each request costs a stage its prefill and, for each step it takes, its share of the step:
    :math:`\lambda = 1 / (T_p + O T_d(B) / (g B))` with g tokens gained a step. Then :math:`TPOT = T_d / g + B T_p / O`,
    and Little's law holds: :math:`B = \lambda O \cdot TPOT`.
    """
    batch_B = np.maximum(np.atleast_1d(np.asarray(batches, dtype=np.float64)), SMALLEST_BATCH)
    model, request, accelerator = inputs.model, inputs.request, inputs.accelerator
    part = shard(model, replica, inputs.precision)
    rate: Rates = rates(inputs, replica, calibration)
    held = cache(inputs, replica, part)
    stages = replica.pipeline_parallel
    stage_batch_B = batch_B / stages
    both_B = np.concatenate([stage_batch_B, stage_batch_B * (1.0 + GROWTH_FRAC)])  # and a little more, for the growth
    token = step_of(inputs, replica, part, rate, held, both_B, calibration)
    prompt = prefill(model, replica, part, rate, request, calibration)
    count = len(batch_B)
    time_B, bytes_B, flops_B = token.time_s_B[:count], token.bytes_B[:count], token.flops_B[:count]
    gained = tokens_per_step(inputs.speculation)
    steps_B = request.output_tokens / (gained * stage_batch_B)
    per_request_s_B = prompt.time_s + steps_B * time_B
    requests_B = 1.0 / per_request_s_B
    memory_frac_B = (prompt.bytes + steps_B * bytes_B) / (rate.peak_bytes_per_s * per_request_s_B)
    compute_frac_B = (prompt.flops + steps_B * flops_B) / (rate.peak_flop_per_s * per_request_s_B)
    quantised = bool(model.experts) and is_quantised(inputs.precision)
    power_B = gpu_power_w(accelerator, memory_frac_B, compute_frac_B, quantised, calibration)
    more_s_B = (
        token.time_s_B[count:] - time_B
    ) / GROWTH_FRAC + stage_batch_B * gained / request.output_tokens * prompt.time_s
    elasticity_B = np.clip(more_s_B / (per_request_s_B / steps_B), 0.0, 1.0)
    load = Load(
        batch_B,
        requests_B,
        time_B * stages,
        gained,
        elasticity_B,
        prompt.time_s,
        float(stages),
        held.largest_batch,
        copies_count,
    )
    found = latency(inputs, load)
    return Points(
        batch_B,
        found.ttft_p50_s_B,
        found.ttft_p99_s_B,
        found.tpot_p50_s_B,
        found.tpot_p99_s_B,
        found.gap_p50_s_B,
        found.gap_p99_s_B,
        requests_B,
        power_B,
        held,
    )


def step_of(
    inputs: ServingInputs,
    replica: Replica,
    part: Shard,
    rate: Rates,
    held: Cache,
    batch_B: Floats,
    calibration: Calibration,
) -> Step:
    """Time a step of a stage, with what is drafted for it.

    Parameters
    ----------
    inputs, replica : ServingInputs, Replica
        As in `points`.
    part : Shard
        One accelerator's share.
    rate : Rates
        Achieved rates.
    held : Cache
        KV cache of one sequence.
    batch_B : array
        Sequences of the stage in the step. [-]
    calibration : Calibration
        Fitted constants.

    Returns
    -------
    Step
        Time, traffic and work.
    """
    tokens_each = verified_tokens(inputs.speculation)
    one = step(inputs.model, replica, part, rate, held, batch_B, calibration, tokens_each)
    draft = drafting(inputs, replica, held, batch_B, calibration)
    if draft is None:
        return one
    return Step(one.time_s_B + draft.time_s_B, one.bytes_B + draft.bytes_B, one.flops_B + draft.flops_B)


def _shortage(inputs: ServingInputs, replica: Replica, held: Cache, batch: float) -> str:
    """Say what is short and by how much; empty where the batch fits."""
    gib = 1.0 / BYTES_PER_GIB
    if held.free_bytes < 0:
        return (
            f"weights need {held.weights_bytes * gib:.1f} GiB per accelerator, "
            f"{-held.free_bytes * gib:.1f} GiB more than {inputs.accelerator.name} has left"
        )
    if held.largest_batch < 1.0:
        total = inputs.request.input_tokens + inputs.request.output_tokens
        short = held.reserved_bytes * total / held.reserved_tokens - held.free_bytes
        return (
            f"one sequence of {total:.0f} tokens does not fit: {short * gib:.1f} GiB of KV cache short per accelerator"
        )
    if batch > held.largest_batch * (1.0 + ROUNDING_FRAC):
        short = (batch - held.largest_batch) * held.reserved_bytes / max(1, _groups(replica))
        return (
            f"{batch:.0f} sequences need {short * gib:.1f} GiB more KV cache per accelerator; "
            f"at most {int(held.largest_batch)} run at once"
        )
    return ""


def _groups(replica: Replica) -> int:
    """Return the groups among which sequences are split."""
    return replica.tensor_parallel if replica.attention_data_parallel else 1


def _miss(inputs: ServingInputs, ttft_p99_s: float, tpot_p99_s: float) -> str:
    """Say which latency limit is missed and by how much; empty where both hold."""
    limits = (("TTFT", ttft_p99_s, inputs.slo.ttft_p99_s), ("TPOT", tpot_p99_s, inputs.slo.tpot_p99_s))
    return "; ".join(
        f"p99 {name} {value * MILLI:.1f} ms exceeds the limit of {limit * MILLI:.1f} ms"
        for name, value, limit in limits
        if value > limit
    )


def deployments(
    inputs: ServingInputs, replica: Replica, found: Points, places: Sequence[int] | None = None
) -> list[Deployment]:
    """Turn evaluated points into deployments, with fit and service level judged.

    Parameters
    ----------
    inputs : ServingInputs
        As evaluated.
    replica : Replica
        As evaluated.
    found : Points
        From `points`.
    places : sequence of int, optional
        Which of the points; all by default.

    Returns
    -------
    list of Deployment
        In the order of the batches.
    """
    held = found.held
    memory = ServingMemory(
        weights_gib=held.weights_bytes / BYTES_PER_GIB,
        kv_cache_gib=max(held.free_bytes, 0.0) / BYTES_PER_GIB,
        activations_gib=held.activations_bytes / BYTES_PER_GIB,
        overhead_gib=held.overhead_bytes / BYTES_PER_GIB,
    )
    system_B = system_power_w(inputs.accelerator, found.gpu_power_w_B)
    made = []
    for index in range(len(found.batch_B)) if places is None else places:
        batch = float(found.batch_B[index])
        ttft_p99, tpot_p99 = float(found.ttft_p99_s_B[index]), float(found.tpot_p99_s_B[index])
        shortage = _shortage(inputs, replica, held, batch)
        miss = _miss(inputs, ttft_p99, tpot_p99)
        requests = float(found.requests_per_s_B[index])
        tokens = requests * inputs.request.output_tokens
        made.append(
            Deployment(
                replica=replica,
                batch=batch,
                fits=not shortage,
                reason=shortage or miss,
                meets_slo=not shortage and not miss,
                ttft_p50_s=float(found.ttft_p50_s_B[index]),
                ttft_p99_s=ttft_p99,
                tpot_p50_s=float(found.tpot_p50_s_B[index]),
                tpot_p99_s=tpot_p99,
                gap_p99_s=float(found.gap_p99_s_B[index]),
                requests_per_s=requests,
                output_tokens_per_s=tokens,
                output_tokens_per_s_per_gpu=tokens / replica.gpus_count,
                gpu_power_w=float(found.gpu_power_w_B[index]),
                system_power_w=float(system_B[index]),
                j_per_output_token=float(system_B[index]) * replica.gpus_count / tokens,
                memory=memory,
                kv_capacity_tokens=held.capacity_tokens,
                precision=inputs.precision,
            )
        )
    return made


def operating_point(
    inputs: ServingInputs, replica: Replica, batch: float, calibration: Calibration = CALIBRATION
) -> Deployment:
    """Evaluate one replica at one batch.

    Parameters
    ----------
    inputs : ServingInputs
        Model, accelerator, request, service level.
    replica : Replica
        How the model is spread.
    batch : float
        Running sequences of the replica. [-]
    calibration : Calibration, optional
        Fitted constants.

    Returns
    -------
    Deployment
        Where it does not fit, `fits` is false and `reason` says what is short and by how much.

    Raises
    ------
    InputError
        If the inputs mean nothing: no tokens, an unknown precision or engine, a degree below one.
    """
    check(inputs)
    check_replica(inputs, replica, batch)
    return deployments(inputs, replica, points(inputs, replica, batch, calibration))[0]
