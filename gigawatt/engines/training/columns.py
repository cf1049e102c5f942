"""Jobs and layouts as columns, so that one pass of arithmetic scores one layout, a million, or a table of jobs.

Shape letter: `N` configurations. A column is an array of shape (N,) or of shape (1,), which broadcasts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.hardware.collectives import Tiers
from gigawatt.engines.hardware.constants import (
    EARLY_HOPPER_ATTENTION_UNTIL,
    FITTED_GENERATIONS,
    GRAPHS_FROM,
    KERNEL_REFERENCE_YEAR,
    SERVER_DOMAIN_COUNT,
    Calibration,
    generation_key,
)
from gigawatt.engines.hardware.efficiency import (
    gemm_frac,
    gemm_traffic_ratio,
    hbm_frac,
    in_network_frac,
    measured_gemm_precision,
    measured_hbm_frac,
    measured_training_attention_frac,
)
from gigawatt.engines.hardware.gemm import OPERAND_BYTES
from gigawatt.engines.hardware.power import capped_speed_frac, capped_system_w, clocked_hbm_frac
from gigawatt.engines.hardware.types import Accelerator, Transformer
from gigawatt.engines.training.types import Layout, TrainingJob

Column: TypeAlias = NDArray[Any]
# Precisions to fall back to where an accelerator lacks one: it then computes in the next wider format.
WIDER = {"fp4": "fp8", "mxfp8": "fp8", "fp8": "bf16", "bf16": "bf16"}
RECOMPUTE_CODES = {"none": 0.0, "selective": 1.0, "half": 1.25, "full": 2.0}
FULL_RECOMPUTE_CODE = 1.5  # codes above it mean full recomputation
DUALPIPE_CODE, ZERO_BUBBLE_CODE = 1.0, 2.0
SCHEDULE_CODES = {"1f1b": 0.0, "dualpipe": DUALPIPE_CODE, "zero-bubble": ZERO_BUBBLE_CODE}
OFFLOAD_CODES = {"none": 0.0, "optimizer": 1.0}
OPTIMIZER_BITS = (8, 32)  # widths of Adam's moments [bit]
CONTEXT_EXCHANGE_CODES = {"ring": 0.0, "all-gather": 1.0}
ULTRA = "blackwell-ultra"
# Bytes moved per parameter of a rank and micro-batch to add gradients up in 32 bits: read and written, in the product's
# epilogue; sharded gradients (ZeRO 3) are added up on the shard alone. [B]
ACCUMULATION_BYTES = 8.0
# The same where each gradient is first turned into 32 bits (2 read, 4 written) and then added (8 read, 4 written), as
# in DeepSpeed's BF16 optimizer (deepspeed/runtime/bf16_optimizer.py, update_hp_grads). [B]
UNFUSED_ACCUMULATION_BYTES = 18.0
# Software that adds gradients up so, and gathers the weights of a fully sharded layer once more to recompute it: S.
# Rajbhandari et al., "ZeRO-Infinity," arXiv:2104.07857, 2021, section 4.1.
UNFUSED_STACKS = ("deepspeed",)
# Rated package power over bf16 peak of the part that defines a generation, 700 W H100 SXM: parts with less power for
# the same peak cannot hold its clock. [J/FLOP]
RATED_J_PER_FLOP = {"hopper": 700.0 / 989.4e12}


@dataclass(frozen=True, slots=True)
class ModelColumns:
    """`Transformer` as columns, under the same names."""

    layers: Column
    hidden: Column
    heads: Column
    kv_heads: Column
    head_dim: Column
    ffn_hidden: Column
    vocabulary: Column
    gated_mlp: Column
    tied_embeddings: Column
    experts: Column
    top_k: Column
    expert_ffn_hidden: Column
    shared_expert_ffn_hidden: Column
    dense_layers: Column
    q_lora_rank: Column
    kv_lora_rank: Column
    rope_head_dim: Column
    value_head_dim: Column
    attention_window: Column
    windowed_layers: Column
    chunked_attention: Column
    attention_sink: Column
    mtp_layers: Column


@dataclass(frozen=True, slots=True)
class JobColumns:
    """What does not depend on the layout. Rates are achieved ones, except where the name says peak."""

    model: ModelColumns
    gpus: Column
    sequence_tokens: Column
    batch_sequences: Column
    software_date: Column
    operand_bytes: Column
    accumulation_bytes: Column  # moved per parameter and micro-batch to add gradients up
    gathers_to_recompute: Column  # of the weights of a fully sharded layer, besides those of both passes
    matrix_flop_per_s: Column  # of the layers' products, in the job's precision
    plain_flop_per_s: Column  # of products in bf16: router and output head
    attention_flop_per_s: Column
    peak_flop_per_s: Column
    hbm_bytes: Column
    hbm_bytes_per_s: Column
    hbm_frac: Column  # share of that bandwidth that element-wise kernels and optimizers achieve
    gemm_traffic_ratio: Column  # exposed over least memory traffic of the layers' products
    plain_traffic_ratio: Column  # the same of products in bf16
    domain: Column
    tiers: Tiers
    in_network_frac: Column
    in_network_out_frac: Column  # the same of the switches between domains
    node: Column  # accelerators of a host
    routing_spread_frac: Column
    loader_tokens_per_s: Column
    stack_factor: Column
    moe_launch_factor: Column
    idle_w: Column
    system_w: Column


@dataclass(frozen=True, slots=True)
class LayoutColumns:
    """`Layout` as columns; recompute, schedule, offload and the exchange of keys and values as codes."""

    tensor: Column
    pipeline: Column
    data: Column
    context: Column
    expert: Column
    expert_tensor: Column
    micro_batch: Column
    virtual_stages: Column
    recompute: Column
    zero_stage: Column
    sequence_parallel: Column
    tensor_overlap: Column
    shard_group: Column
    schedule: Column
    offload: Column
    optimizer_bits: Column
    context_exchange: Column

    def take(self, chosen: NDArray[Any]) -> LayoutColumns:
        """Return the chosen rows."""
        return LayoutColumns(
            *(
                column[chosen] if (column := getattr(self, name)).size > 1 else column
                for name in LayoutColumns.__dataclass_fields__
            )
        )


def peak_flop_per_s(accelerator: Accelerator, precision: str) -> tuple[float, str]:
    """Return the dense peak for a precision, and the precision really used: the next wider one where it is lacking."""
    used = precision
    for _ in WIDER:
        offered = accelerator.dense_flop_per_s.get("fp8" if used == "mxfp8" else used)
        if offered:
            return offered, used
        used = WIDER.get(used, "bf16")
    return max(accelerator.dense_flop_per_s.values()), used


def _clock(job: TrainingJob) -> float:
    """Clock over that of the generation at its rated power."""
    accelerator = job.accelerator
    cap_w = min(job.power_cap_w, accelerator.tdp_w) if job.power_cap_w > 0.0 else accelerator.tdp_w
    peak, _ = peak_flop_per_s(accelerator, "bf16")
    rating_w = RATED_J_PER_FLOP.get(accelerator.generation, 0.0) * peak or accelerator.tdp_w
    return float(capped_speed_frac(cap_w, rating_w))


def _speed(job: TrainingJob, calibration: Calibration) -> float:
    """Speed of compute over that of the generation at its rated power."""
    accelerator = job.accelerator
    ultra = calibration.blackwell_ultra_factor if accelerator.generation.startswith(ULTRA) else 1.0
    fitted = generation_key(accelerator.generation) in FITTED_GENERATIONS
    years = max(KERNEL_REFERENCE_YEAR - job.software_date, 0.0) if fitted else 0.0
    early: float = calibration.yearly_slower**years
    return ultra / early * _clock(job)


def _measured_speed(job: TrainingJob) -> float:
    """Speed under the job's power cap over that at the rating, at which an accelerator was measured."""
    rating_w = job.accelerator.tdp_w
    return float(capped_speed_frac(min(job.power_cap_w, rating_w), rating_w)) if job.power_cap_w > 0.0 else 1.0


def _matrix_rate(job: TrainingJob, calibration: Calibration, precision: str) -> float:
    """Achieved rate of large products [FLOP/s]."""
    peak, used = peak_flop_per_s(job.accelerator, precision)
    measured = measured_gemm_precision(job.accelerator, used)
    speed = _measured_speed(job) if measured else _speed(job, calibration)
    return peak * gemm_frac(job.accelerator, used, calibration) * speed


def _traffic_ratio(job: TrainingJob, calibration: Calibration, precision: str) -> float:
    """Exposed over least memory traffic of products."""
    return gemm_traffic_ratio(job.accelerator, peak_flop_per_s(job.accelerator, precision)[1], calibration)


def _attention_rate(job: TrainingJob, calibration: Calibration) -> float:
    """Achieved rate of fused attention [FLOP/s]."""
    key = generation_key(job.accelerator.generation)
    peak, _ = peak_flop_per_s(job.accelerator, "bf16")
    measured = measured_training_attention_frac(job.accelerator)
    if measured is not None:
        return peak * measured * _measured_speed(job)
    until = EARLY_HOPPER_ATTENTION_UNTIL.get(job.stack, EARLY_HOPPER_ATTENTION_UNTIL["megatron"])
    early = key == "hopper" and job.software_date < until
    factor = calibration.early_hopper_attention_factor if early else 1.0
    return peak * calibration.attention_fraction[key] * factor * _speed(job, calibration)


def _launch_factor(job: TrainingJob, calibration: Calibration) -> float:
    """Host time of this job's software over that without graphs of whole steps."""
    rack = job.accelerator.scale_up_domain_count > SERVER_DOMAIN_COUNT
    return calibration.graph_launch_factor if rack and job.software_date >= GRAPHS_FROM else 1.0


def _hbm_frac(job: TrainingJob, calibration: Calibration) -> float:
    """Share of memory bandwidth that element-wise kernels and optimizers achieve at the job's clock."""
    clock = _clock(job) if measured_hbm_frac(job.accelerator) is None else _measured_speed(job)
    return float(clocked_hbm_frac(hbm_frac(job.accelerator, calibration), clock))


def _accumulation_bytes(job: TrainingJob) -> float:
    """Bytes moved per parameter and micro-batch to add gradients up [B]."""
    return UNFUSED_ACCUMULATION_BYTES if job.stack in UNFUSED_STACKS else ACCUMULATION_BYTES


def _loaded_w(job: TrainingJob) -> float:
    """All-in power of an accelerator at load under the job's power cap [W]."""
    chip = job.accelerator
    return max(float(capped_system_w(chip.system_w, chip.tdp_w, job.power_cap_w)), chip.idle_w)


def _column(jobs: Sequence[TrainingJob], read: Callable[[TrainingJob], float]) -> Column:
    return np.array([read(job) for job in jobs], dtype=np.float64)


def model_columns(models: Sequence[Transformer]) -> ModelColumns:
    """Turn models into columns."""
    return ModelColumns(
        *(
            np.array([getattr(model, name) for model in models], dtype=np.float64)
            for name in ModelColumns.__dataclass_fields__
        )
    )


def job_columns(jobs: Sequence[TrainingJob], calibration: Calibration) -> JobColumns:
    """Turn jobs into columns, with the calibrated rates of their accelerators."""
    up = [job.accelerator.scale_up for job in jobs]
    out = [job.accelerator.scale_out for job in jobs]
    tiers = Tiers(
        np.array([fabric.bytes_per_s * fabric.efficiency_frac for fabric in up]),
        np.array([fabric.hop_latency_s for fabric in up]),
        np.array([fabric.bytes_per_s * fabric.efficiency_frac for fabric in out]),
        np.array([fabric.hop_latency_s for fabric in out]),
    )
    return JobColumns(
        model=model_columns([job.model for job in jobs]),
        gpus=_column(jobs, lambda job: job.gpus_count),
        sequence_tokens=_column(jobs, lambda job: job.sequence_tokens),
        batch_sequences=_column(jobs, lambda job: job.batch_sequences),
        software_date=_column(jobs, lambda job: job.software_date),
        operand_bytes=_column(jobs, lambda job: OPERAND_BYTES[peak_flop_per_s(job.accelerator, job.precision)[1]]),
        accumulation_bytes=_column(jobs, _accumulation_bytes),
        gathers_to_recompute=_column(jobs, lambda job: job.stack in UNFUSED_STACKS),
        matrix_flop_per_s=_column(jobs, lambda job: _matrix_rate(job, calibration, job.precision)),
        plain_flop_per_s=_column(jobs, lambda job: _matrix_rate(job, calibration, "bf16")),
        attention_flop_per_s=_column(jobs, lambda job: _attention_rate(job, calibration)),
        peak_flop_per_s=_column(jobs, lambda job: peak_flop_per_s(job.accelerator, job.precision)[0]),
        hbm_bytes=_column(jobs, lambda job: job.accelerator.hbm_bytes),
        hbm_bytes_per_s=_column(jobs, lambda job: job.accelerator.hbm_bytes_per_s),
        hbm_frac=_column(jobs, lambda job: _hbm_frac(job, calibration)),
        gemm_traffic_ratio=_column(jobs, lambda job: _traffic_ratio(job, calibration, job.precision)),
        plain_traffic_ratio=_column(jobs, lambda job: _traffic_ratio(job, calibration, "bf16")),
        domain=_column(jobs, lambda job: job.accelerator.scale_up_domain_count),
        tiers=tiers,
        in_network_frac=_column(jobs, lambda job: in_network_frac(job.accelerator)),
        in_network_out_frac=_column(jobs, lambda job: job.accelerator.scale_out.in_network_reduction),
        node=_column(jobs, lambda job: job.accelerator.accelerators_per_node),
        routing_spread_frac=_column(jobs, lambda job: job.routing_spread_frac),
        loader_tokens_per_s=_column(jobs, lambda job: job.loader_tokens_per_s),
        stack_factor=_column(jobs, lambda job: calibration.stack_factor.get(job.stack, 1.0)),
        moe_launch_factor=_column(jobs, lambda job: _launch_factor(job, calibration)),
        idle_w=_column(jobs, lambda job: job.accelerator.idle_w),
        system_w=_column(jobs, _loaded_w),
    )


def layout_columns(layouts: Sequence[Layout]) -> LayoutColumns:
    """Turn layouts into columns."""

    def column(read: Callable[[Layout], float]) -> Column:
        return np.array([read(layout) for layout in layouts], dtype=np.float64)

    return LayoutColumns(
        tensor=column(lambda layout: layout.tensor_parallel),
        pipeline=column(lambda layout: layout.pipeline_parallel),
        data=column(lambda layout: layout.data_parallel),
        context=column(lambda layout: layout.context_parallel),
        expert=column(lambda layout: layout.expert_parallel),
        expert_tensor=column(lambda layout: layout.expert_tensor_parallel),
        micro_batch=column(lambda layout: layout.micro_batch),
        virtual_stages=column(lambda layout: layout.virtual_stages),
        recompute=column(lambda layout: RECOMPUTE_CODES[layout.recompute]),
        zero_stage=column(lambda layout: layout.zero_stage),
        sequence_parallel=column(lambda layout: layout.sequence_parallel),
        tensor_overlap=column(lambda layout: layout.tensor_overlap),
        shard_group=column(lambda layout: layout.shard_group),
        schedule=column(lambda layout: SCHEDULE_CODES[layout.schedule]),
        offload=column(lambda layout: OFFLOAD_CODES[layout.offload]),
        optimizer_bits=column(lambda layout: layout.optimizer_bits),
        context_exchange=column(lambda layout: CONTEXT_EXCHANGE_CODES[layout.context_exchange]),
    )
