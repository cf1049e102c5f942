"""The calibrated constants of the serving engine, each with meaning, plausible range and what it was fitted on.

Datasheets give peaks; these say what serving software achieves of them. `tools/fit_serving.py` fits them to published
measurements by robust least squares on the logarithm of the error; where a fit ran into its bound, the bound stands.
Everything else in the engine is counted from the model's architecture and the accelerator's datasheet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gigawatt.engines.hardware.types import Accelerator

# --- fixed figures, not fitted ---------------------------------------------------------------------------
# Bytes per parameter with block scales. NVFP4: 4 bits and an 8-bit scale per 16; MXFP4: per 32; INT4: 16-bit per 64.
BYTES_PER_PARAMETER: Mapping[str, float] = {
    "fp32": 4.0,
    "bf16": 2.0,
    "fp16": 2.0,
    "fp8": 1.0,
    "int8": 1.0,
    "fp4": 0.5625,
    "mxfp4": 0.53125,
    "int4": 0.53125,
}
# Precision of the matrix products by that of the weights, best first. Weight-only formats multiply in 16 bits; MXFP4
# weights meet FP8 activations where the chip has FP4 units, else 16 bits.
MULTIPLY_IN: Mapping[str, tuple[str, ...]] = {
    "fp32": ("fp32", "tf32", "bf16"),
    "bf16": ("bf16",),
    "fp16": ("bf16",),
    "fp8": ("fp8", "bf16"),
    "int8": ("int8", "fp8", "bf16"),
    "fp4": ("fp4", "fp8", "bf16"),
    "mxfp4": ("bf16",),
    "int4": ("bf16",),
}
# Formats that shrink the experts only; attention, router and shared weights stay 16 bit (gpt-oss model card).
EXPERTS_ONLY_FORMATS = frozenset({"mxfp4"})
# Formats that leave latent attention in 16 bits: NVIDIA, hf_quant_config.json of DeepSeek-R1-0528-NVFP4 (attention of
# all layers excluded), https://huggingface.co/nvidia/DeepSeek-R1-0528-NVFP4.
LATENT_IN_16_BITS_FORMATS = frozenset({"fp4"})
# Rows of the tile that block-scaled FP4 products fill at least: NVIDIA, CUTLASS documentation, "Blackwell SM100 GEMMs",
# https://docs.nvidia.com/cutlass/media/docs/cpp/blackwell_functionality.html. An expert with fewer tokens costs as
# much as one with as many. [-]
BLOCK_SCALED_TILE_ROWS = 128.0
# Embedding and output tables stay 16 bit in every quantised checkpoint looked at.
TABLE_BYTES_PER_PARAMETER = 2.0
# Activations cross links as bf16; an expert-parallel dispatch carries 8-bit activations.
MESSAGE_BYTES_PER_VALUE = 2.0
DISPATCH_BYTES_PER_VALUE = 1.0
# Share of device memory that weights, activations and KV cache may take; the rest is CUDA context, graphs, workspace.
# vLLM's default is 0.90 of the total, TensorRT-LLM's 0.90-0.95 of what weights leave.
USABLE_MEMORY_FRAC = 0.94
# Share of the output for which a sequence holds cache, by the engine's default scheduler: TensorRT-LLM reserves all of
# it ("guaranteed no evict"), vLLM pages in on demand, which in steady state is half.
RESERVED_OUTPUT_FRAC: Mapping[str, float] = {"tensorrt-llm": 1.0, "vllm": 0.5}
# Memory traffic of routed tokens besides the weights, in bytes per chosen expert: 6 per hidden value (permuted and
# quantised, read, result written, read for the sum), 10 per inner value (two halves written and read as 16 bits, their
# product written and read as 8 bits).
ROUTED_HIDDEN_BYTES = 6.0
ROUTED_INNER_BYTES = 10.0
# Share of elementwise traffic that every rank of tensor parallelism repeats: residuals and norms, 16 of about 80 bytes
# per hidden value; activations of heads and feed-forward are split.
REPLICATED_FRAC = 0.2
# Tokens of one step at most: both engines' benchmark configurations use 8192.
STEP_TOKENS = 8192.0
# Activation workspace per step token, in values of the hidden width; an ESTIMATE from both engines' profiling runs.
ACTIVATION_WIDTHS = 4.0
# Sequences one step schedules at most: TensorRT-LLM's and vLLM's usual ceiling in published throughput runs.
SCHEDULER_SEQUENCES = 4096.0
# Share of the bf16 peak that prefill attention kernels reach (FlashAttention-3 reports 0.75 of H100's peak on long
# sequences; short and ragged batches reach less).
ATTENTION_MFU = 0.5
# Latency of one small all-reduce or all-to-all inside a scale-up domain. [s]
COLLECTIVE_LATENCY_S = 3e-6
# Slowest rank over mean rank in the experts where these are spread over nodes: such deployments keep copies of the
# busiest experts and move them by load. An ESTIMATE between 1, perfect balance, and the 1.34 of a plain expert-parallel
# node; range 1.05-1.4.
WIDE_EXPERT_IMBALANCE = 1.15
# 99th percentile of the standard normal distribution.
NORMAL_P99 = 2.326
# Dense 16-bit products per joule of rating at which a generation reaches the share of peak that is calibrated: H100 SXM
# (989 TFLOP/s at 700 W), MI325X (1,307 TFLOP/s at 1,000 W). A card rated for more work per joule is limited by power:
# H100 PCIe and NVL, MI300X. [FLOP/J]
FULL_POWER_FLOP_PER_J: Mapping[str, float] = {"hopper": 989.4e12 / 700.0, "cdna3": 1307.4e12 / 1000.0}
# Reference date of the software whose speed the constants describe (MLPerf v5.1 and TensorRT-LLM 1.0: summer 2025).
SOFTWARE_REFERENCE_DATE = 2025.6
SOFTWARE_DATE_RANGE = (2023.5, 2026.5)
# The fastest GDDR7 card moves 1.8 TB/s; a Blackwell chip below this has no HBM. [B/s]
FASTEST_GDDR_BYTES_PER_S = 1.9e12
# A link slower than this is PCI Express: PCIe 6.0 x16 moves 128 GB/s each way. [B/s]
FASTEST_PCIE_BYTES_PER_S = 130e9

FAMILY_OF_GENERATION: Mapping[str, str] = {
    "ampere": "hopper",
    "hopper": "hopper",
    "blackwell": "blackwell",
    "rubin": "blackwell",
    "cdna": "cdna",
    "ada": "gddr",
    "battlemage": "gddr",
}


@dataclass(frozen=True, slots=True)
class Calibration:
    """Fitted constants; the module's docstring says how.

    Attributes
    ----------
    bandwidth_frac : mapping
        Achieved over peak memory bandwidth when weights are read, by family. Range 0.4-1.0.
    kv_bandwidth_frac : float
        The same when the KV cache is read, on top of the family's. Not fitted. Range 0.7-1.0.
    matrix_frac : mapping
        Achieved over peak FLOP/s of large matrix products, by family and precision. Range 0.4-0.95.
    grouped_matrix_frac : float
        Speed of grouped expert products over dense ones. Range 0.4-0.8.
    expert_half_width : float
        Inner width of an expert on one rank at which its products run at half that speed. Range 100-1500.
    scale_up_frac : float
        Achieved over line rate of the small all-reduces of a decode step on NVLink or Infinity Fabric; prompts reach
        the fabric's share for large messages. Range 0.3-0.7.
    pcie_frac : float
        The same on PCI Express. Range 0.3-0.6.
    layer_launch_s : mapping
        Launch and synchronisation time per layer and step, by engine. Range 30-130 us.
    sequence_host_s : mapping
        Host time per running sequence and step, by engine. Range 3-60 us.
    request_host_s : float
        Time a request takes from its replica besides its work: admission, tables, sampling set-up, first and last
        token. Range 0.1-1.5 ms.
    elementwise_bytes : float
        Memory traffic of norms, activations, residuals per token, layer and hidden value. Range 20-120.
    attention_dp_imbalance : float
        Slowest rank over mean rank in the experts under attention data parallelism. Range 1.2-3.
    expert_imbalance : float
        The same under expert parallelism. Range 1.1-2.
    quantised_expert_slowdown : float
        vLLM's block-scaled FP8 expert kernels against its 16-bit ones. Range 1.2-2.
    software_gain_per_year : float
        Yearly logarithmic gain of the serving software on one chip. Range 0.05-0.25.
    stage_loss_frac : float
        Time lost per pipeline stage beyond the first. Not fitted. Range 0.01-0.06.
    derating_exponent : float
        Speed of products over the ratio of `FULL_POWER_FLOP_PER_J` to what a card claims per joule, where that is below
        1. Not fitted: H100 NVL against SXM in MLPerf v4.1 0.9, MI300X against MI325X in v5.1 0.9, 16-bit training at a
        500 W cap 0.4 (`gigawatt.engines.hardware.power`).
    power_floor, power_memory, power_compute, power_quantised_experts : mapping
        Share of the rating drawn: floor + memory x busy bandwidth + compute x sqrt(busy FLOP/s) + quantised experts.
    power_ceiling : float
        Share of the rating that no serving run exceeded.
    """

    bandwidth_frac: Mapping[str, float] = field(
        default_factory=lambda: {"hopper": 0.95, "blackwell": 0.891, "cdna": 0.43, "gddr": 0.92, "other": 0.75}
    )
    kv_bandwidth_frac: float = 0.94
    matrix_frac: Mapping[str, float] = field(
        default_factory=lambda: {
            "hopper-fp8": 0.676,
            "hopper": 0.676,
            "blackwell-bf16": 0.8,
            "blackwell-fp4": 0.447,
            "blackwell": 0.514,
            "cdna": 0.506,
            "gddr": 0.583,
            "other": 0.55,
        }
    )
    grouped_matrix_frac: float = 0.78
    expert_half_width: float = 1240.0
    scale_up_frac: float = 0.465
    pcie_frac: float = 0.464
    layer_launch_s: Mapping[str, float] = field(default_factory=lambda: {"tensorrt-llm": 0.000122, "vllm": 9.13e-05})
    sequence_host_s: Mapping[str, float] = field(default_factory=lambda: {"tensorrt-llm": 4.6e-06, "vllm": 4e-05})
    request_host_s: float = 0.000439
    elementwise_bytes: float = 24.4
    attention_dp_imbalance: float = 2.33
    expert_imbalance: float = 1.36
    quantised_expert_slowdown: float = 1.63
    software_gain_per_year: float = 0.15
    stage_loss_frac: float = 0.039
    derating_exponent: float = 1.0
    power_floor: Mapping[str, float] = field(default_factory=lambda: {"hopper": 0.346, "blackwell": 0.39})
    power_memory: Mapping[str, float] = field(default_factory=lambda: {"hopper": 0.332, "blackwell": 0.633})
    power_compute: Mapping[str, float] = field(default_factory=lambda: {"hopper": 0.876, "blackwell": 0.758})
    power_quantised_experts: float = 0.151
    power_ceiling: float = 0.97


CALIBRATION = Calibration()


def family(accelerator: Accelerator) -> str:
    """Return the row of the efficiency tables that an accelerator belongs to.

    Parameters
    ----------
    accelerator : Accelerator
        Its generation and memory bandwidth decide.

    Returns
    -------
    str
        hopper, blackwell, cdna, gddr, or "other" for chips without a calibrated row.
    """
    generation = accelerator.generation.lower()
    row = next((row for key, row in FAMILY_OF_GENERATION.items() if generation.startswith(key)), "other")
    if row == "blackwell" and accelerator.hbm_bytes_per_s < FASTEST_GDDR_BYTES_PER_S:
        return "gddr"
    return row


def uses_pcie(accelerator: Accelerator) -> bool:
    """Whether the scale-up link is PCI Express rather than a dedicated fabric."""
    return accelerator.scale_up.bytes_per_s < FASTEST_PCIE_BYTES_PER_S


def multiply_precision(accelerator: Accelerator, precision: str) -> str:
    """Return the precision in which an accelerator multiplies weights of a precision; the first one it has.

    Parameters
    ----------
    accelerator : Accelerator
        Its table of peaks.
    precision : str
        Of the weights, a key of `BYTES_PER_PARAMETER`.

    Returns
    -------
    str
        A key of the accelerator's `dense_flop_per_s`.
    """
    peaks = accelerator.dense_flop_per_s
    if precision in EXPERTS_ONLY_FORMATS and "fp4" in peaks and "fp8" in peaks:
        return "fp8"
    return next((name for name in MULTIPLY_IN[precision] if name in peaks), next(iter(peaks)))
