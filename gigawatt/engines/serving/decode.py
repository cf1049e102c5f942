"""One decode step: every running sequence of a stage gains a token.

Shapes: `B` operating points evaluated together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.hardware.types import Transformer
from gigawatt.engines.serving.constants import Calibration
from gigawatt.engines.serving.kvcache import (
    Cache,
    kv_bytes_per_token_and_layer,
    rank_share_frac,
    read_layer_tokens,
)
from gigawatt.engines.serving.rates import Rates, rates
from gigawatt.engines.serving.speculation import draft_inputs, draft_replica
from gigawatt.engines.serving.types import Replica, ServingInputs
from gigawatt.engines.serving.workload import Shard, shard, tile_rows_frac, touched_frac

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Step:
    """Decode steps at several batches.

    Attributes
    ----------
    time_s_B : array
        Time of a step of one pipeline stage. [s]
    bytes_B : array
        Memory traffic of one accelerator in a step. [B]
    flops_B : array
        FLOPs of one accelerator in a step. [FLOP]
    """

    time_s_B: Floats
    bytes_B: Floats
    flops_B: Floats


def touched_imbalance(model: Transformer, replica: Replica, tokens_B: Floats) -> Floats:
    r"""Return experts touched on the unluckiest rank over the mean.

    Parameters
    ----------
    model : Transformer
        Experts and how many a token chooses.
    replica : Replica
        Ranks over which experts are spread.
    tokens_B : array
        Tokens in the step. [-]

    Returns
    -------
    array
        1 without expert parallelism and once every expert is touched. [-]

    Notes
    -----
    The largest of e counts with mean :math:`\mu` and binomial spread lies near
    :math:`\mu + \sqrt{2 \mu (1 - \tau) \ln e}`, with :math:`\tau` the share touched.
    """
    ranks = replica.expert_parallel
    if ranks <= 1:
        return np.ones_like(tokens_B)
    touched_B = touched_frac(model.experts, model.top_k, tokens_B)
    mean_B = touched_B * model.experts / ranks
    excess: Floats = np.sqrt(2.0 * (1.0 - touched_B) * np.log(ranks) / mean_B)
    return np.minimum(1.0 + excess, float(ranks))


def attention_flops(model: Transformer, context_tokens: float) -> float:
    """Return the attention work of one new token against its context, over all layers.

    Parameters
    ----------
    model : Transformer
        Under latent attention the query meets the compressed latent.
    context_tokens : float
        Tokens before it. [-]

    Returns
    -------
    float
        Scores and weighted sum. [FLOP]
    """
    width = 2.0 * model.kv_lora_rank + model.rope_head_dim if model.kv_lora_rank else 2.0 * model.head_dim
    return 2.0 * model.heads * width * read_layer_tokens(model, context_tokens)


@dataclass(frozen=True, slots=True)
class Parts:
    """A decode step without its reading of the KV cache.

    Attributes
    ----------
    gpu_s_B, link_s_B, host_s_B : array
        Time of products and traffic, of links, of the host. [s]
    bytes_B, flops_B : array
        Of one accelerator. [B], [FLOP]
    """

    gpu_s_B: Floats
    link_s_B: Floats
    host_s_B: Floats
    bytes_B: Floats
    flops_B: Floats


def parts(
    model: Transformer,
    replica: Replica,
    part: Shard,
    rate: Rates,
    batch_B: Floats,
    calibration: Calibration,
    tokens_each: float = 1.0,
) -> Parts:
    """Time one decode step of a stage but for the KV cache, by what it waits for.

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
    batch_B : array
        Sequences of the stage in the step. [-]
    calibration : Calibration
        Fitted constants.
    tokens_each : float
        Tokens of each sequence in the step: more than one where drafted ones are checked. [-]

    Returns
    -------
    Parts
        See there.
    """
    per_rank_B = batch_B / part.attention_ranks
    host_B = part.layers * rate.layer_launch_s + rate.sequence_host_s * per_rank_B
    batch_B, per_rank_B = batch_B * tokens_each, per_rank_B * tokens_each
    multiplied_s = part.linear_flops / rate.linear_flop_per_s + part.wide_flops / rate.wide_flop_per_s
    dense_B = np.hypot(part.linear_bytes / rate.weight_bytes_per_s, multiplied_s * batch_B)
    element_bytes_B = part.element_values * calibration.elementwise_bytes * per_rank_B
    moved_B = part.linear_bytes + element_bytes_B
    gpu_B = dense_B + element_bytes_B / rate.weight_bytes_per_s
    flops_B = (part.linear_flops + part.wide_flops) * batch_B
    if part.expert_bytes:
        expert_bytes_B = part.expert_bytes * touched_frac(model.experts, model.top_k, batch_B)
        expert_flops_B = part.expert_flops * batch_B
        slowest_B = expert_bytes_B * touched_imbalance(model, replica, batch_B)
        filled_flops_B = expert_flops_B * tile_rows_frac(model, batch_B, rate.expert_tile_rows)
        experts_B = np.hypot(slowest_B / rate.weight_bytes_per_s, filled_flops_B / rate.expert_flop_per_s)
        routed_bytes_B = part.routed_bytes * batch_B
        gpu_B = gpu_B + experts_B * rate.expert_slowdown + routed_bytes_B / rate.weight_bytes_per_s
        moved_B = moved_B + expert_bytes_B + routed_bytes_B
        flops_B = flops_B + expert_flops_B
    link_B = part.layers * (rate.layer_token_link_s * batch_B + rate.layer_link_s)
    return Parts(gpu_B, link_B, host_B, moved_B, flops_B)


def step(
    model: Transformer,
    replica: Replica,
    part: Shard,
    rate: Rates,
    held: Cache,
    batch_B: Floats,
    calibration: Calibration,
    tokens_each: float = 1.0,
) -> Step:
    r"""Time one decode step of a stage.

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
    held : Cache
        KV cache of one sequence.
    batch_B : array
        Sequences of the stage in the step: the replica's batch over its stages. [-]
    calibration : Calibration
        Fitted constants.
    tokens_each : float
        Tokens of each sequence in the step; the cache is read once for all of them. [-]

    Returns
    -------
    Step
        Time, traffic and work.

    Notes
    -----
    :math:`T = L c_L + B c_s + \max(W/b, F/f) + s \max(W_e \tau(B)/b, F_e/f_e) + B k c/b + T_{elem} + T_{link}`:
    launches, host time per sequence, dense weights against their products, touched experts against theirs (which fill
    whole tiles where these are block-scaled, `tile_rows_frac`), KV cache,
    elementwise traffic, links. Terms add up, since one stream runs them in turn; links between nodes work beside it,
    and the two join as the root of squares, since neither hides the other whole.
    """
    per_rank_B = batch_B / part.attention_ranks
    apart = parts(model, replica, part, rate, batch_B, calibration, tokens_each)
    kv_bytes_B = held.read_bytes * per_rank_B
    kv_B = kv_bytes_B / rate.kv_bytes_per_s
    if model.kv_lora_rank:  # all heads share one latent: products, not traffic, may bind
        heads_split = 1 if replica.attention_data_parallel else replica.tensor_parallel
        work = attention_flops(model, held.mean_context_tokens) / (replica.pipeline_parallel * heads_split)
        kv_B = np.maximum(kv_B, work * tokens_each * per_rank_B / rate.attention_flop_per_s)
    gpu_B = apart.gpu_s_B + kv_B
    busy_B = np.hypot(gpu_B, apart.link_s_B) if rate.links_overlap else gpu_B + apart.link_s_B
    time_B = (busy_B + apart.host_s_B) * rate.stage_factor
    return Step(time_s_B=time_B, bytes_B=apart.bytes_B + kv_bytes_B, flops_B=apart.flops_B)


def drafting(
    inputs: ServingInputs, replica: Replica, held: Cache, batch_B: Floats, calibration: Calibration
) -> Step | None:
    """Time the drafting of a step, which the stage that ends the model does alone.

    Parameters
    ----------
    inputs : ServingInputs
        With or without speculation.
    replica : Replica
        Of the served model.
    held : Cache
        Mean context of its sequences.
    batch_B : array
        Sequences of the stage in the step. [-]
    calibration : Calibration
        Fitted constants.

    Returns
    -------
    Step or None
        One pass of the draft for each drafted token, in turn; None without speculation.
    """
    if inputs.speculation is None:
        return None
    given = draft_inputs(inputs, inputs.speculation)
    spread = draft_replica(given.model, replica)
    part = shard(given.model, spread, given.precision)
    rate = rates(given, spread, calibration)
    read = kv_bytes_per_token_and_layer(given.model, given.kv_precision) * rank_share_frac(given.model, spread)
    read *= read_layer_tokens(given.model, held.mean_context_tokens)
    one = step(given.model, spread, part, rate, replace(held, read_bytes=read), batch_B, calibration)
    count = float(inputs.speculation.draft_tokens_count)
    return Step(count * one.time_s_B, count * one.bytes_B, count * one.flops_B)
