"""Reading a prompt: its work, and the time it takes from the replica."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gigawatt.engines.hardware.architecture import FLOPS_PER_MAC, attended_tokens, key_width, value_width
from gigawatt.engines.hardware.types import Transformer
from gigawatt.engines.serving.constants import STEP_TOKENS, Calibration
from gigawatt.engines.serving.rates import Rates
from gigawatt.engines.serving.types import Replica, Request
from gigawatt.engines.serving.workload import Shard, tile_rows_frac


@dataclass(frozen=True, slots=True)
class Prefill:
    """One prompt on one stage.

    Attributes
    ----------
    time_s : float
        Time it takes from a stage of the replica. [s]
    bytes : float
        Memory traffic of one accelerator. [B]
    flops : float
        FLOPs of one accelerator. [FLOP]
    """

    time_s: float
    bytes: float
    flops: float


def causal_layer_pairs(model: Transformer, cached_tokens: float, total_tokens: float) -> float:
    r"""Return query-key pairs summed over layers, for the tokens after a cached prefix.

    Parameters
    ----------
    model : Transformer
        Windowed layers see no more than their window.
    cached_tokens, total_tokens : float
        Length of the cached prefix and of the prompt. [-]

    Returns
    -------
    float
        :math:`L (I \bar n(I) - h I \bar n(h I))` with the mean tokens seen :math:`\bar n` of the hardware floor;
        :math:`(I^2 - (hI)^2)/2` in a full layer. [-]
    """
    pairs = total_tokens * float(attended_tokens(model, total_tokens))
    if cached_tokens > 0.0:
        pairs -= cached_tokens * float(attended_tokens(model, cached_tokens))
    return model.layers * pairs


@dataclass(frozen=True, slots=True)
class PromptRates:
    """What a stage spends on a token of a prompt, and on a pair of query and key.

    Attributes
    ----------
    gpu_s, link_s, host_s : float
        Per token. [s]
    pair_s : float
        Per pair and layer. [s]
    bytes, flops, pair_flops : float
        Of one accelerator, per token and per pair and layer. [B], [FLOP]
    """

    gpu_s: float
    link_s: float
    host_s: float
    pair_s: float
    bytes: float
    flops: float
    pair_flops: float


def prompt_rates(
    model: Transformer, replica: Replica, part: Shard, rate: Rates, calibration: Calibration
) -> PromptRates:
    """Work out what a token of a prompt costs.

    Parameters
    ----------
    model : Transformer
        The architecture.
    replica : Replica
        How it is spread.
    part : Shard
        One accelerator's share.
    rate : Rates
        Achieved rates.
    calibration : Calibration
        Fitted constants.

    Returns
    -------
    PromptRates
        Launches and weights are shared by the `STEP_TOKENS` of a full step.
    """
    pair_flops = FLOPS_PER_MAC * model.heads * float(key_width(model) + value_width(model))
    pair_flops /= replica.tensor_parallel * replica.pipeline_parallel
    elements = calibration.elementwise_bytes * part.element_values / part.attention_ranks
    weights = part.linear_bytes / (STEP_TOKENS * rate.weight_bytes_per_s)
    dense = part.linear_flops / rate.linear_flop_per_s + part.wide_flops / rate.wide_flop_per_s
    gpu_s = max(dense, weights) + elements / rate.weight_bytes_per_s
    if part.expert_bytes:
        by_weights = part.expert_bytes / (STEP_TOKENS * rate.weight_bytes_per_s)
        rows = float(tile_rows_frac(model, np.array(STEP_TOKENS * part.attention_ranks), rate.expert_tile_rows))
        gpu_s += max(part.expert_flops * rows / rate.expert_flop_per_s, by_weights) * rate.expert_slowdown
        gpu_s += part.routed_bytes / rate.weight_bytes_per_s
    return PromptRates(
        gpu_s=gpu_s,
        link_s=part.layers * (rate.layer_prompt_link_s + rate.layer_link_s / STEP_TOKENS),
        host_s=part.layers * rate.layer_launch_s / STEP_TOKENS,
        pair_s=pair_flops / rate.attention_flop_per_s,
        bytes=(part.linear_bytes + part.expert_bytes) / STEP_TOKENS + elements + part.routed_bytes,
        flops=part.linear_flops + part.wide_flops + part.expert_flops,
        pair_flops=pair_flops,
    )


def prefill(
    model: Transformer, replica: Replica, part: Shard, rate: Rates, request: Request, calibration: Calibration
) -> Prefill:
    r"""Time a prompt.

    Parameters
    ----------
    model : Transformer
        The architecture.
    replica : Replica
        How it is spread.
    part : Shard
        One accelerator's share.
    rate : Rates
        Achieved rates.
    request : Request
        A cached prefix lowers the work, not the KV cache held.
    calibration : Calibration
        Fitted constants.

    Returns
    -------
    Prefill
        Of the mean request.

    Notes
    -----
    :math:`T_p = n \max(2 N / f, W / (b\,n_{step})) + 2 h (d_{qk} + d_v) P / f_a + ...` with n new tokens and P pairs
    of query and key; launches and weights are shared by the `STEP_TOKENS` of a full step. All ranks of a stage work on
    the prompts together, under attention data parallelism each on its own.
    """
    cached = request.input_tokens * request.cached_frac
    fresh = request.input_tokens - cached
    each = prompt_rates(model, replica, part, rate, calibration)
    pairs = causal_layer_pairs(model, cached, request.input_tokens)
    gpu_s, link_s = fresh * each.gpu_s + pairs * each.pair_s, fresh * each.link_s
    busy_s = math.hypot(gpu_s, link_s) if rate.links_overlap else gpu_s + link_s
    host_s = fresh * each.host_s + rate.request_host_s / part.attention_ranks
    return Prefill(
        time_s=(busy_s + host_s) * rate.stage_factor,
        bytes=fresh * each.bytes,
        flops=fresh * each.flops + pairs * each.pair_flops,
    )
