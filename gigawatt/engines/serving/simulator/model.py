"""Tabulate the analytic engine for the simulator: the same terms, so that both agree where both apply."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from gigawatt.engines.hardware.types import Transformer
from gigawatt.engines.serving.checks import check, check_replica
from gigawatt.engines.serving.constants import CALIBRATION, Calibration, family
from gigawatt.engines.serving.decode import Parts, attention_flops, parts
from gigawatt.engines.serving.kvcache import (
    cache,
    held_layer_tokens,
    kv_bytes_per_token_and_layer,
    rank_share_frac,
)
from gigawatt.engines.serving.power import is_quantised
from gigawatt.engines.serving.prefill import prompt_rates
from gigawatt.engines.serving.rates import rates
from gigawatt.engines.serving.simulator.types import Floats, StepModel
from gigawatt.engines.serving.speculation import draft_inputs, draft_replica, tokens_per_step, verified_tokens
from gigawatt.engines.serving.types import Replica, ServingInputs
from gigawatt.engines.serving.workload import Shard, shard

NO_WINDOW_TOKENS = 1e18  # more than any sequence has


def step_model(
    inputs: ServingInputs,
    replica: Replica,
    max_sequences_count: int,
    calibration: Calibration = CALIBRATION,
    *,
    idle_system_w: float | None = None,
) -> StepModel:
    """Tabulate a replica's iteration over the number of running sequences.

    Parameters
    ----------
    inputs : ServingInputs
        Model, accelerator, precision, engine; the request tells only how full sequences hold the cache.
    replica : Replica
        How the model is spread.
    max_sequences_count : int
        Largest batch tabulated.
    calibration : Calibration, optional
        Fitted constants.
    idle_system_w : float, optional
        All-in power of an idle accelerator; the accelerator entry's where not given. [W]

    Returns
    -------
    StepModel
        Its iteration is `pipeline_parallel` stage steps, in which each running sequence gains a token.

    Raises
    ------
    InputError
        If the inputs mean nothing.
    """
    check(inputs)
    check_replica(inputs, replica, float(max_sequences_count))
    model = inputs.model
    part = shard(model, replica, inputs.precision)
    rate = rates(inputs, replica, calibration)
    stages = float(replica.pipeline_parallel)
    batch_B = np.arange(max_sequences_count + 1, dtype=np.float64)
    # a step of nothing still reads the weights of one sequence: the floor of steps that only read prompts
    stage_batch_B = np.maximum(batch_B, 1.0) / stages
    apart = parts(model, replica, part, rate, stage_batch_B, calibration, verified_tokens(inputs.speculation))
    draft = _drafted(inputs, replica, stage_batch_B, calibration)
    each = prompt_rates(model, replica, part, rate, calibration)
    loss = rate.stage_factor
    full_s, window_s, full_bytes, window_bytes = _kv(inputs, replica, calibration)
    windowed = bool(model.windowed_layers)
    share = model.windowed_layers / model.layers
    return StepModel(
        gpu_s_B=(apart.gpu_s_B + draft.gpu_s_B) * stages * loss,
        link_s_B=(apart.link_s_B + draft.link_s_B) * stages * loss,
        host_s_B=(apart.host_s_B + draft.host_s_B) * stages * loss,
        bytes_B=(apart.bytes_B + draft.bytes_B) * stages,
        flops_B=(apart.flops_B + draft.flops_B) * stages,
        kv_s_per_token=full_s * loss,
        window_kv_s_per_token=window_s * loss,
        kv_read_bytes_per_token=full_bytes,
        window_kv_read_bytes_per_token=window_bytes,
        window_tokens=float(model.attention_window) if windowed else NO_WINDOW_TOKENS,
        window_seen_frac=0.5 if model.chunked_attention else 1.0,
        prompt_gpu_s_per_token=each.gpu_s * loss,
        prompt_link_s_per_token=each.link_s * loss,
        prompt_host_s_per_token=each.host_s * loss,
        pair_s=each.pair_s * model.layers * (1.0 - share) * loss,
        window_pair_s=each.pair_s * model.layers * share * loss,
        prompt_bytes_per_token=each.bytes,
        prompt_flops_per_token=each.flops,
        pair_flops=each.pair_flops * model.layers,
        request_host_s=rate.request_host_s / part.attention_ranks * loss,
        links_overlap=rate.links_overlap,
        stages=replica.pipeline_parallel,
        tokens_per_step=tokens_per_step(inputs.speculation),
        capacity_tokens=_capacity_tokens(inputs, replica, part),
        gpus_count=replica.gpus_count,
        power_w=_power(inputs, calibration, idle_system_w),
        peak_bytes_per_s=rate.peak_bytes_per_s,
        peak_flop_per_s=rate.peak_flop_per_s,
    )


def _drafted(inputs: ServingInputs, replica: Replica, batch_B: Floats, calibration: Calibration) -> Parts:
    """Return what drafting adds to a step of the last stage, for which the others wait; its cache apart."""
    if inputs.speculation is None:
        nothing_B = np.zeros_like(batch_B)
        return Parts(nothing_B, nothing_B, nothing_B, nothing_B, nothing_B)
    given = draft_inputs(inputs, inputs.speculation)
    spread = draft_replica(given.model, replica)
    part = shard(given.model, spread, given.precision)
    one = parts(given.model, spread, part, rates(given, spread, calibration), batch_B, calibration)
    count = float(inputs.speculation.draft_tokens_count)
    return Parts(*(count * getattr(one, field.name) for field in fields(Parts)))


def _kv(inputs: ServingInputs, replica: Replica, calibration: Calibration) -> tuple[float, float, float, float]:
    """Return time and traffic of reading a token of cache in an iteration: full layers, then windowed ones."""
    seconds, moved, windowed = _layer_kv(inputs, replica, calibration, verified_tokens(inputs.speculation))
    model = inputs.model
    full = float(model.layers - model.windowed_layers)
    full_s, full_bytes = seconds * full, moved * full
    if inputs.speculation is not None:
        given = draft_inputs(inputs, inputs.speculation)
        spread = draft_replica(given.model, replica)
        draft_s, draft_bytes, _ = _layer_kv(given, spread, calibration, 1.0)
        passes = float(inputs.speculation.draft_tokens_count * given.model.layers)
        full_s, full_bytes = full_s + passes * draft_s, full_bytes + passes * draft_bytes
    return full_s, seconds * windowed, full_bytes, moved * windowed


def _layer_kv(
    inputs: ServingInputs, replica: Replica, calibration: Calibration, tokens_each: float
) -> tuple[float, float, float]:
    """Return time and traffic of a token of cache in one layer, shared by the stages; and the windowed layers."""
    model: Transformer = inputs.model
    ranks = replica.tensor_parallel if replica.attention_data_parallel else 1  # sequences are split among the groups
    rate = rates(inputs, replica, calibration)
    per_layer = kv_bytes_per_token_and_layer(model, inputs.kv_precision) * rank_share_frac(model, replica)
    per_layer /= ranks * replica.pipeline_parallel
    seconds = per_layer / rate.kv_bytes_per_s
    if model.kv_lora_rank:  # all heads share one latent: products, not traffic, may bind
        heads_split = 1 if replica.attention_data_parallel else replica.tensor_parallel
        work = attention_flops(model, 1.0) / model.layers / (heads_split * ranks * replica.pipeline_parallel)
        seconds = max(seconds, work * tokens_each / rate.attention_flop_per_s)
    return seconds, per_layer, float(model.windowed_layers)


def _capacity_tokens(inputs: ServingInputs, replica: Replica, part: Shard) -> float:
    """Return the tokens of KV cache of a replica, at the mix of windowed and full layers of the usual sequence."""
    held = cache(inputs, replica, part)
    per_layer = kv_bytes_per_token_and_layer(inputs.model, inputs.kv_precision) * rank_share_frac(inputs.model, replica)
    bytes_per_sequence = per_layer / replica.pipeline_parallel * held_layer_tokens(inputs.model, held.reserved_tokens)
    sequences = max(held.free_bytes, 0.0) / bytes_per_sequence * part.attention_ranks
    return sequences * held.reserved_tokens


def _power(
    inputs: ServingInputs, calibration: Calibration, idle_system_w: float | None
) -> tuple[float, float, float, float, float, float, float, float]:
    """Return the coefficients of the power model."""
    accelerator = inputs.accelerator
    row = family(accelerator)
    row = row if row in calibration.power_floor else "hopper"
    quantised = bool(inputs.model.experts) and is_quantised(inputs.precision)
    return (
        accelerator.tdp_w,
        calibration.power_floor[row],
        calibration.power_memory[row],
        calibration.power_compute[row],
        calibration.power_quantised_experts if quantised else 0.0,
        calibration.power_ceiling,
        max(accelerator.system_w - accelerator.tdp_w, 0.0),
        accelerator.idle_w if idle_system_w is None else idle_system_w,
    )
