"""Reading a prompt: its work, and the time it takes from the replica."""

from __future__ import annotations

from dataclasses import dataclass

from gigawatt.engines.hardware.types import Transformer
from gigawatt.engines.serving.constants import REQUEST_HOST_S, STEP_TOKENS, Calibration
from gigawatt.engines.serving.kvcache import read_layer_tokens
from gigawatt.engines.serving.rates import Rates
from gigawatt.engines.serving.types import Replica, Request
from gigawatt.engines.serving.workload import Shard


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
    """Return query-key pairs summed over layers, for the tokens after a cached prefix.

    Parameters
    ----------
    model : Transformer
        Windowed layers see no more than their window.
    cached_tokens, total_tokens : float
        Length of the cached prefix and of the prompt. [-]

    Returns
    -------
    float
        :math:`(I^2 - (hI)^2)/2` per full layer. [-]
    """
    full = 0.5 * (total_tokens**2 - cached_tokens**2)
    if not model.windowed_layers or total_tokens <= model.attention_window:
        return model.layers * full
    seen = read_layer_tokens(model, total_tokens) - (model.layers - model.windowed_layers) * total_tokens
    return (model.layers - model.windowed_layers) * full + seen * (total_tokens - cached_tokens)


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
    steps = fresh / STEP_TOKENS
    value_dim = model.value_head_dim or model.head_dim
    pair_flops = 2.0 * model.heads * (model.head_dim + model.rope_head_dim + value_dim)
    ranks = replica.tensor_parallel * replica.pipeline_parallel
    attention = pair_flops * causal_layer_pairs(model, cached, request.input_tokens) / ranks
    linear = part.linear_flops * fresh
    experts = part.expert_flops * fresh
    elements = calibration.elementwise_bytes * part.element_values * fresh / part.attention_ranks
    gpu_s = max(linear / rate.linear_flop_per_s, steps * part.linear_bytes / rate.weight_bytes_per_s)
    gpu_s += attention / rate.attention_flop_per_s + elements / rate.weight_bytes_per_s
    if part.expert_bytes:
        by_work = experts / rate.expert_flop_per_s
        gpu_s += max(by_work, steps * part.expert_bytes / rate.weight_bytes_per_s) * rate.expert_slowdown
        gpu_s += part.routed_bytes * fresh / rate.weight_bytes_per_s
    link_s = part.layers * (rate.layer_token_link_s * fresh + rate.layer_link_s * steps)
    busy_s = max(gpu_s, link_s) if rate.links_overlap else gpu_s + link_s
    host_s = part.layers * rate.layer_launch_s * steps + REQUEST_HOST_S / part.attention_ranks
    return Prefill(
        time_s=(busy_s + host_s) * rate.stage_factor,
        bytes=steps * (part.linear_bytes + part.expert_bytes) + elements + part.routed_bytes * fresh,
        flops=linear + experts + attention,
    )
