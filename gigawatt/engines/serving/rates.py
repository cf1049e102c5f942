"""What serving software achieves of an accelerator: bytes and FLOP per second, link rates, host times."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gigawatt.engines.hardware.collectives import Tiers, all_reduce_time_s, all_to_all_time_s
from gigawatt.engines.hardware.efficiency import (
    measured_all_reduce_frac,
    measured_forward_attention_frac,
    measured_gemm_frac,
    measured_hbm_frac,
)
from gigawatt.engines.hardware.types import Accelerator
from gigawatt.engines.serving.constants import (
    ATTENTION_MFU,
    BLOCK_SCALED_TILE_ROWS,
    COLLECTIVE_LATENCY_S,
    DISPATCH_BYTES_PER_VALUE,
    FULL_POWER_FLOP_PER_J,
    MESSAGE_BYTES_PER_VALUE,
    SOFTWARE_DATE_RANGE,
    SOFTWARE_REFERENCE_DATE,
    WIDE_EXPERT_IMBALANCE,
    Calibration,
    family,
    multiply_precision,
    uses_pcie,
)
from gigawatt.engines.serving.types import Replica, ServingInputs

# Keeps the rate of experts above zero for dense models, which have none.
SMALLEST_SHARE = 1e-3


@dataclass(frozen=True, slots=True)
class Rates:
    """Achieved rates of one accelerator in one replica under one engine.

    Attributes
    ----------
    weight_bytes_per_s, kv_bytes_per_s : float
        Memory bandwidth when weights and KV cache are read. [B/s]
    linear_flop_per_s, wide_flop_per_s, expert_flop_per_s, attention_flop_per_s : float
        Dense products, dense ones in 16 bits, grouped and attention products. [FLOP/s]
    expert_tile_rows : float
        Tokens of an expert that are multiplied together at least; 0 where few cost less. [-]
    expert_slowdown : float
        Factor on expert time: imbalance of ranks and slower quantised kernels. [-]
    layer_launch_s, sequence_host_s, request_host_s : float
        Host time per layer and step, per sequence and step, and per request. [s]
    layer_token_link_s, layer_prompt_link_s : float
        Link time per layer and token of the stage, when decoding and of a prompt. [s]
    layer_link_s : float
        Latency of a layer's collectives. [s]
    links_overlap : bool
        Whether links work beside computation: expert parallelism across nodes runs two batches in turns.
    stage_factor : float
        Time lost to the pipeline, as a factor. [-]
    peak_bytes_per_s, peak_flop_per_s : float
        Datasheet figures, for the power model. [B/s], [FLOP/s]
    """

    weight_bytes_per_s: float
    kv_bytes_per_s: float
    linear_flop_per_s: float
    wide_flop_per_s: float
    expert_flop_per_s: float
    attention_flop_per_s: float
    expert_tile_rows: float
    expert_slowdown: float
    layer_launch_s: float
    sequence_host_s: float
    request_host_s: float
    layer_token_link_s: float
    layer_prompt_link_s: float
    layer_link_s: float
    links_overlap: bool
    stage_factor: float
    peak_bytes_per_s: float
    peak_flop_per_s: float


def software_factor(date: float, calibration: Calibration) -> float:
    """Return the speed of serving software of a date over that of the reference date. [-].

    Parameters
    ----------
    date : float
        Decimal year, held within `SOFTWARE_DATE_RANGE`.
    calibration : Calibration
        Its yearly gain.

    Returns
    -------
    float
        Above 1 for newer software.
    """
    low, high = SOFTWARE_DATE_RANGE
    return math.exp(calibration.software_gain_per_year * (min(max(date, low), high) - SOFTWARE_REFERENCE_DATE))


def _matrix_frac(accelerator: Accelerator, precision: str, calibration: Calibration) -> float:
    """Look up the achieved share of peak FLOP/s; a family's own precision row goes first."""
    row = family(accelerator)
    table = calibration.matrix_frac
    return table.get(f"{row}-{precision}", table.get(row, table["other"]))


def _powered_frac(accelerator: Accelerator) -> float:
    """Share of the peak of products that a card's rating can feed; memory is not slowed by it."""
    claimed = accelerator.dense_flop_per_s.get("bf16", 0.0) / accelerator.tdp_w
    fed = FULL_POWER_FLOP_PER_J.get(accelerator.generation, claimed)
    return min(fed / claimed, 1.0) if claimed else 1.0


def _achieved(measured: float | None, calibrated: float, speed: float) -> float:
    """Share of a peak: as measured, with one's own software; else the family's at the speed of the software's date."""
    return min(calibrated * speed, 1.0) if measured is None else measured


def link_times_s(
    inputs: ServingInputs, replica: Replica, calibration: Calibration, prompt: bool = False
) -> tuple[float, float]:
    r"""Return link time per layer and token of the stage, and latency per layer.

    Parameters
    ----------
    inputs : ServingInputs
        Model and accelerator.
    replica : Replica
        How the model is spread.
    calibration : Calibration
        Achieved share of the line rate.
    prompt : bool
        Whether the tokens are those of prompts, thousands in a message: a fabric then reaches its share for large
        messages, and a token crosses once to each node that holds one of its experts and is copied there. Kernels for
        decoding save that detour and send a copy to each expert [1]_.

    Returns
    -------
    tuple of float
        Seconds per layer and token; seconds per layer.

    Notes
    -----
    Tensor parallelism: two all-reduces of the hidden values a layer, as `all_reduce_time_s` of the hardware floor has
    them without its latencies. Attention data parallelism: tokens go to their experts in 8 bits and come back in 16, by
    `all_to_all_time_s`; a rank either sends each of its tokens to the ranks of its experts or all ranks gather all
    tokens, whichever is less. Of n nodes :math:`(n-1)(1 - (1-1/n)^k)` others hold one of k experts on average.

    References
    ----------
    .. [1] C. Zhao et al., "DeepEP: an efficient expert-parallel communication library," DeepSeek, 2025, normal and
       low-latency kernels.
    """
    ranks = replica.tensor_parallel
    if ranks == 1:
        return 0.0, 0.0
    accelerator, hidden, chosen = inputs.accelerator, inputs.model.hidden, inputs.model.top_k
    inside = min(ranks, max(1, accelerator.scale_up_domain_count))
    calibrated = calibration.pcie_frac if uses_pcie(accelerator) else calibration.scale_up_frac
    if prompt and not uses_pcie(accelerator):
        calibrated = max(accelerator.scale_up.efficiency_frac, calibrated)
    within = accelerator.scale_up.bytes_per_s * _achieved(measured_all_reduce_frac(accelerator), calibrated, 1.0)
    across = accelerator.scale_out.bytes_per_s * accelerator.scale_out.efficiency_frac
    tiers = Tiers(within, 0.0, across, 0.0)  # the latency of small messages is counted on its own
    nodes = ranks / inside
    if replica.attention_data_parallel:
        token_bytes = hidden * (DISPATCH_BYTES_PER_VALUE + MESSAGE_BYTES_PER_VALUE) / ranks  # of a rank's own tokens
        gathered = min(inside - 1.0, chosen * (inside - 1.0) / inside) * token_bytes / within
        if nodes > 1.0:
            # copies for other nodes, and the share of them that crosses
            copies = chosen * (nodes - 1.0) / nodes
            crossing = (nodes - 1.0) * (1.0 - (1.0 - 1.0 / nodes) ** chosen) / copies if prompt else 1.0
            sent = all_to_all_time_s(chosen * token_bytes, ranks, inside, tiers, crossing)
            gathered = max(gathered, float(sent))
        time = gathered
    else:
        time = 2.0 * float(all_reduce_time_s(hidden * MESSAGE_BYTES_PER_VALUE, ranks, inside, tiers))
    steps = 2.0 if nodes <= 1.0 else 2.0 * math.log2(nodes) + 2.0
    return time, steps * COLLECTIVE_LATENCY_S


def rates(inputs: ServingInputs, replica: Replica, calibration: Calibration) -> Rates:
    """Return the achieved rates.

    Parameters
    ----------
    inputs : ServingInputs
        Accelerator, precision, engine, date of the software.
    replica : Replica
        How the model is spread.
    calibration : Calibration
        Fitted constants.

    Returns
    -------
    Rates
        See there.
    """
    accelerator = inputs.accelerator
    row = family(accelerator)
    precision = multiply_precision(accelerator, inputs.precision)
    peak = accelerator.dense_flop_per_s[precision]
    speed = software_factor(inputs.software_date, calibration)
    compute = speed * _powered_frac(accelerator) ** calibration.derating_exponent
    calibrated = calibration.bandwidth_frac.get(row, calibration.bandwidth_frac["other"])
    bandwidth = accelerator.hbm_bytes_per_s * _achieved(measured_hbm_frac(accelerator), calibrated, speed)
    matrix, wide_matrix = (
        accelerator.dense_flop_per_s.get(name, peak)
        * _achieved(measured_gemm_frac(accelerator, name), _matrix_frac(accelerator, name, calibration), compute)
        for name in (precision, "bf16")
    )
    attention = _achieved(measured_forward_attention_frac(accelerator), ATTENTION_MFU, compute)
    slowdown = 1.0
    wide = replica.tensor_parallel > accelerator.scale_up_domain_count
    if replica.attention_data_parallel:
        slowdown = WIDE_EXPERT_IMBALANCE if wide else calibration.attention_dp_imbalance
    elif replica.expert_parallel > 1:
        slowdown = calibration.expert_imbalance
    if inputs.engine == "vllm" and inputs.precision == "fp8":
        slowdown *= calibration.quantised_expert_slowdown
    width = inputs.model.expert_ffn_hidden / (1 if replica.expert_parallel > 1 else replica.tensor_parallel)
    grouped = calibration.grouped_matrix_frac * width / (width + calibration.expert_half_width)
    link, latency = link_times_s(inputs, replica, calibration)
    prompt_link, _ = link_times_s(inputs, replica, calibration, prompt=True)
    link_speed = speed if measured_all_reduce_frac(accelerator) is None else 1.0
    engine = inputs.engine
    return Rates(
        weight_bytes_per_s=bandwidth,
        kv_bytes_per_s=bandwidth * calibration.kv_bandwidth_frac,
        linear_flop_per_s=matrix,
        wide_flop_per_s=wide_matrix,
        expert_flop_per_s=matrix * max(grouped, SMALLEST_SHARE),
        attention_flop_per_s=attention * accelerator.dense_flop_per_s.get("bf16", peak),
        expert_tile_rows=BLOCK_SCALED_TILE_ROWS if precision == "fp4" else 0.0,
        expert_slowdown=slowdown,
        layer_launch_s=calibration.layer_launch_s.get(engine, calibration.layer_launch_s["vllm"]) / speed,
        sequence_host_s=calibration.sequence_host_s.get(engine, calibration.sequence_host_s["vllm"]) / speed,
        request_host_s=calibration.request_host_s / speed,
        layer_token_link_s=link / link_speed,
        layer_prompt_link_s=prompt_link / link_speed,
        layer_link_s=latency,
        links_overlap=wide,
        stage_factor=1.0 + calibration.stage_loss_frac * (replica.pipeline_parallel - 1),
        peak_bytes_per_s=accelerator.hbm_bytes_per_s,
        peak_flop_per_s=peak,
    )
