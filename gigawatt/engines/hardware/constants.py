"""The calibrated constants of the hardware floor and the training engine.

Every field says what it is, its plausible range and what fixed it. "Fitted" means: by `tools/fit_training.py` on the
published training measurements named in docs/methods/training.md. "Set" means: chosen by hand from the source
named, not varied in the fit. Shares of peak are effective ones, for whole layers, not kernel measurements.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# Share of dense peak that an endless product achieves, by generation and precision [-].
GEMM_FRACTION: Mapping[str, float] = {
    "ampere.bf16": 0.95,  # 0.80-0.95; at the end of its range: it trades off against `yearly_slower`
    "hopper.bf16": 0.7439,  # 0.70-0.82
    "hopper.fp8": 0.7117,  # 0.60-0.72
    "blackwell.bf16": 0.5507,  # 0.55-0.75
    "blackwell.fp8": 0.5474,  # 0.50-0.65
    "blackwell.fp4": 0.4558,  # 0.40-0.50
    # Set, ESTIMATES without rows: below Hopper's, as software outside it is less tuned.
    "other.bf16": 0.60,
    "other.fp8": 0.50,
    "other.fp4": 0.40,
}


# Share of bf16 peak that fused attention achieves at head width 128, causal FLOPs [-].
ATTENTION_FRACTION: Mapping[str, float] = {
    "ampere": 0.1719,  # 0.15-0.60; of FlashAttention-1, in rows of 2023
    "hopper": 0.3234,  # 0.30-0.50
    "blackwell": 0.4191,  # 0.40-0.60
    "other": 0.30,  # set, ESTIMATE: no rows
}


# Time of a step over that of the Megatron-Core family of software [-].
STACK_FACTOR: Mapping[str, float] = {
    "megatron": 1.0,
    "fsdp": 1.0,
    "jax": 1.0,
    "deepspeed": 1.178,  # 1.1-1.25, MT-NLG and BLOOM
    "megascale": 0.95,  # set; 0.85-1.0, MegaScale rows
    "eager": 1.25,  # set; 1.15-1.35, torchtitan without torch.compile
}


@dataclass(frozen=True)
class Calibration:
    """All constants; the defaults are the calibrated ones."""

    gemm_fraction: Mapping[str, float] = field(default_factory=lambda: GEMM_FRACTION)
    attention_fraction: Mapping[str, float] = field(default_factory=lambda: ATTENTION_FRACTION)
    stack_factor: Mapping[str, float] = field(default_factory=lambda: STACK_FACTOR)
    # Memory traffic of matrix products not hidden behind arithmetic, over the least possible. 0.5-3; above 1 it also
    # stands for waves of tiles that do not fill the chip.
    gemm_traffic_factor: float = 1.094
    # Time of MXFP8 products over per-tensor FP8 (block scales, swizzling). 1.00-1.08.
    mxfp8_gemm_factor: float = 1.03
    # Speed of fused attention before 2024 over later on Hopper (FlashAttention-2 rather than -3). 0.6-0.9.
    early_hopper_attention_factor: float = 0.70
    # Speed of Blackwell Ultra at the same dense peak over Blackwell: more power. 1.1-1.3.
    blackwell_ultra_factor: float = 1.226
    # Element-wise bytes over the count in `elementwise_bytes_per_token`. 0.6-1.6; below 1: kernels fuse.
    elementwise_factor: float = 0.9176
    # Share of memory bandwidth that element-wise kernels and optimizers achieve. Set; 0.75-0.90.
    hbm_fraction: float = 0.80
    # Share of tensor-parallel communication hidden behind products where overlap is on. 0.6-0.9.
    tensor_overlap: float = 0.8906
    # Share of gradient and parameter traffic hidden behind compute, ZeRO stages 0-2. 0.4-1; at the end of
    # its range: traffic of thousands of ranks at small batches runs below the rate of large messages.
    data_overlap: float = 0.4
    # The same between domains when parameters are sharded as well (ZeRO-3, FSDP). 0-0.9; at the end of its range: small
    # per-layer messages run below the rate of large ones, which shows here.
    sharded_overlap: float = 0.0
    # The same inside a scale-up domain. Set; 0.8-0.95.
    sharded_overlap_inside: float = 0.90
    # Share of a micro-batch's compute that can hide data-parallel traffic. Set; 0.7-0.9.
    data_window: float = 0.80
    # Share of ring exchanges of context parallelism hidden behind attention. Set; 0.6-0.95.
    context_overlap: float = 0.80
    # Share of stage-to-stage transfers that is exposed. Set; 0.1-0.5.
    pipeline_transfer_exposed: float = 0.30
    # Efficiency of an all-to-all over that of large collectives. 0.3-0.9.
    all_to_all_fraction: float = 0.4727
    # Share of expert exchanges hidden, with software from mid-2025 on. 0.2-0.8.
    expert_overlap: float = 0.6406
    # The same under DualPipe, which pairs micro-batches to hide them. Set, 0.9-1:
    # the DeepSeek-V3 report states full overlap.
    dualpipe_expert_overlap: float = 0.95
    # Bubble under DualPipe over that of 1F1B. Set: report states (p/2-1)(F&B+B-3W) against (p-1)(F+B). 0.3-0.6.
    dualpipe_bubble: float = 0.50
    # Host time to launch one dense layer, forward and backward, one micro-batch. Set; 0.3-1 ms. [s]
    dense_launch_s: float = 0.5e-3
    # The same of a mixture-of-experts layer, which waits for token counts before it can launch. 0.5-10 ms. [s]
    moe_launch_s: float = 0.00897
    # Host time of a mixture-of-experts layer with graphs of whole steps, on rack-scale systems, over without.
    # 0-1.
    graph_launch_factor: float = 0.0
    # Time of products and attention, one year earlier over now, before 2025. 1.00-1.08.
    yearly_slower: float = 1.075
    # Slow-down for every doubling of accelerators above 8: stragglers, congestion. 0-0.015.
    straggler_per_doubling: float = 0.00258
    # Fixed time of a step: data, logging, first kernels. 20-60 ms. [s]
    fixed_step_s: float = 0.040
    # Time of unfused attention with a sink over the fused one, before 2026.6. 2-20.
    unfused_sink_factor: float = 5.777


CALIBRATION = Calibration()

# First year in which training software had ... Set from release notes. [year]
FUSED_ATTENTION_FROM = 2022.8  # FlashAttention in Megatron, MosaicML and NeMo
TENSOR_OVERLAP_FROM = 2023.0  # Transformer Engine user buffers
# FlashAttention-2 on Hopper until then: Transformer Engine took cuDNN's Hopper kernels; PyTorch's own attention, which
# torchtitan calls, ran FlashAttention-2 until cuDNN's became its default (2.5.0, taken back in 2.5.1 of October 2024).
EARLY_HOPPER_ATTENTION_UNTIL: Mapping[str, float] = {"megatron": 2024.0, "fsdp": 2025.0, "eager": 2025.0}
EXPERT_OVERLAP_FROM = 2025.5
FUSED_SINK_FROM = 2026.43
GRAPHS_FROM = 2026.43  # whole-step CUDA graphs in Megatron Bridge recipes for NVL72
KERNEL_REFERENCE_YEAR = 2025.0
# Spread of the load of an expert in one micro-batch beyond chance, standard deviation over mean. 0: as even as chance
# allows, as benchmarks that force balance run. Routers balanced by bias come to some 0.02 (the busiest of 64 experts
# 5 % over its share), by auxiliary losses to 0.2 (50 to 70 %). ESTIMATES after L. Wang et al., arXiv:2408.15664, 2024,
# whose measure is the busiest expert's excess. 0-0.3. [-]
ROUTING_SPREAD_FRAC = 0.0
# Tokens that one host's data loader delivers. ESTIMATE: workers that read memory-mapped token files of 4 bytes a token,
# 20 MB/s; text that is tokenised on the way gives about a tenth. 0.3e6-50e6. [token/s]
LOADER_TOKENS_PER_S = 5e6
# A scale-up domain above this many accelerators is a rack-scale system, with a fast host next to each pair of them. [-]
SERVER_DOMAIN_COUNT = 16
STRAGGLER_FROM_COUNT = 8.0

# Spread of the residuals: half-width of the stated 80 % interval, as a factor. Near the 80th percentile of the absolute
# log error on families and on accelerators left out of the fit; docs/methods/training.md gives the coverage.
DENSE_INTERVAL_FACTOR = 1.11
MOE_INTERVAL_FACTOR = 1.20
# The same of an accelerator without rows of its own, in a generation with rows.
UNSEEN_DENSE_INTERVAL_FACTOR = 1.14
UNSEEN_MOE_INTERVAL_FACTOR = 1.20
# The same where no accelerator of the generation has rows and the constants are estimates. ESTIMATE: a share of peak
# of 0.60 that may be 0.45 to 0.75.
UNKNOWN_INTERVAL_FACTOR = 1.30
FITTED_GENERATIONS = ("ampere", "hopper", "blackwell")  # with published rows
FITTED_ACCELERATORS = (
    *("a100-sxm", "a100-sxm-40gb", "h100-sxm", "h100-sxm-500w", "h200-sxm", "h800-sxm"),
    *("b200-sxm", "b300-sxm", "gb200-nvl72", "gb300-nvl72"),
)


def interval_factor(mixture: bool, accelerator: str = FITTED_ACCELERATORS[0], generation: str = "ampere") -> float:
    """Half-width of the stated 80 % interval of a step time, as a factor.

    Parameters
    ----------
    mixture : bool
        Whether the model is a mixture of experts.
    accelerator, generation : str
        Catalogue id and generation; an accelerator with published rows by default.

    Examples
    --------
    >>> interval_factor(False), interval_factor(False, "gh200", "hopper"), interval_factor(False, "mi300x", "cdna3")
    (1.11, 1.14, 1.3)
    """
    if generation_key(generation) not in FITTED_GENERATIONS:
        return UNKNOWN_INTERVAL_FACTOR
    if accelerator in FITTED_ACCELERATORS:
        return MOE_INTERVAL_FACTOR if mixture else DENSE_INTERVAL_FACTOR
    return UNSEEN_MOE_INTERVAL_FACTOR if mixture else UNSEEN_DENSE_INTERVAL_FACTOR


def generation_key(generation: str) -> str:
    """Key of the tables for a generation: ampere, hopper, blackwell or other."""
    for key in FITTED_GENERATIONS:
        if generation.startswith(key):
            return key
    return "other"
