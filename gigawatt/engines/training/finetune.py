"""Fine-tuning: memory and step time with all weights trained, with adapters, and with adapters on 4-bit weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gigawatt.engines.hardware.architecture import (
    attention_core_flops_per_token,
    dense_ffn_parameters_count,
    expert_parameters_count,
    forward_flops_per_token,
    total_parameters_count,
)
from gigawatt.engines.hardware.constants import CALIBRATION, Calibration
from gigawatt.engines.hardware.gemm import gemm_time_s
from gigawatt.engines.training import flops, memory, rules
from gigawatt.engines.training.adapters import (
    adapter_flops_per_token,
    adapter_parameters,
    adapter_time_s,
    trainable_parameters,
)
from gigawatt.engines.training.columns import (
    FULL_RECOMPUTE_CODE,
    Column,
    JobColumns,
    LayoutColumns,
    job_columns,
    layout_columns,
    peak_flop_per_s,
)
from gigawatt.engines.training.parallelism import data
from gigawatt.engines.training.parallelism.shares import Shares
from gigawatt.engines.training.step import Breakdown, assemble, estimate, layer_terms, step_power_w, with_loading
from gigawatt.engines.training.tuning import (
    ADAPTER_GRADIENT_BYTES,
    ADAPTER_WEIGHT_BYTES,
    FROZEN_BYTES,
    MASTER_BYTES,
    NF4_BYTES,
    TRAINED_FILE_BYTES,
    FinetuneEstimate,
    Tuning,
    check,
)
from gigawatt.engines.training.types import Layout, Memory, StepEstimate, TrainingJob
from gigawatt.units import BYTES_PER_GIB

# Passes over a frozen product: forward and gradient of the input; the gradient of the weight is not formed. [-]
FROZEN_PASSES = 2.0
# Stated 80 % interval of step times with adapters: wider than that of training, whose rows have none. ESTIMATE, after
# the three published LoRA rows in the tests. [-]
ADAPTER_INTERVAL_FACTOR = 1.30
TERA = 1e12


def _held(parameters: Shares, shares: Shares, bytes_each: tuple[float, ...]) -> Column:
    """Bytes left on a rank after sharding, over all kinds of weight [B]."""
    parts = zip(parameters, shares, bytes_each, strict=True)
    return np.asarray(sum((count * share * each for count, share, each in parts), start=np.zeros(1)))


def _largest_matrix(job: TrainingJob, layout: LayoutColumns) -> Column:
    """Weights of the largest product of a rank, which 4-bit weights are unpacked into [-]."""
    model = job.model
    matrices = 2.0 + model.gated_mlp
    dense = float(dense_ffn_parameters_count(model)) / matrices / layout.tensor
    return np.maximum(dense, float(expert_parameters_count(model)) / matrices / layout.expert_tensor)


def peak_memory(tuning: Tuning, job: TrainingJob, columns: JobColumns, layout: LayoutColumns) -> memory.MemoryBytes:
    """Peak memory of the fullest rank by use.

    Parameters
    ----------
    tuning : Tuning
        What is trained.
    job : TrainingJob
        The job; `columns` holds the same.
    columns, layout : JobColumns, LayoutColumns
        One job and N layouts.

    Returns
    -------
    MemoryBytes
        Arrays of shape (N,). [B]

    Notes
    -----
    Activations are those of training: adapters need the inputs of their projections, as weight gradients would.
    """
    whole = memory.peak(columns, layout)
    if tuning.method == "full":
        each = MASTER_BYTES + tuning.moments_bytes
        return whole._replace(optimizer=whole.optimizer * each / memory.optimizer_bytes(layout))
    parameters = memory.rank_parameters(columns, layout)
    adapters = adapter_parameters(job.model, tuning.rank, tuning.targets, columns, layout)
    weights_share, optimizer_share = data.weights_share(columns, layout), data.optimizer_share(layout)
    frozen = (tuning.weight_bytes, tuning.weight_bytes, FROZEN_BYTES, FROZEN_BYTES)
    # training holds some layers whole at ZeRO stage 3; here they are gathered as they are stored
    saved = (memory.WEIGHT_BYTES - tuning.weight_bytes) * sum(parameters[:3]) / job.model.layers
    saved = np.where(layout.zero_stage > 2, memory.PREFETCHED_LAYERS * saved, 0.0)
    unpacked = FROZEN_BYTES * _largest_matrix(job, layout) if tuning.method == "qlora" else 0.0
    every = (ADAPTER_WEIGHT_BYTES,) * len(adapters)
    return memory.MemoryBytes(
        weights=_held(parameters, weights_share, frozen) + _held(adapters, weights_share, every),
        gradients=_held(adapters, data.gradient_share(layout), (ADAPTER_GRADIENT_BYTES,) * len(adapters)),
        optimizer=_held(adapters, optimizer_share, (tuning.moments_bytes,) * len(adapters))
        * memory.on_accelerator(layout),
        activations=whole.activations,
        buffers=np.asarray(whole.buffers - saved + unpacked),
    )


def step_breakdown(
    tuning: Tuning,
    job: TrainingJob,
    columns: JobColumns,
    layout: LayoutColumns,
    calibration: Calibration = CALIBRATION,
) -> Breakdown:
    r"""Exposed time of one step by cause.

    Parameters
    ----------
    tuning : Tuning
        What is trained.
    job : TrainingJob
        The job; `columns` holds the same.
    columns, layout : JobColumns, LayoutColumns
        One job and N layouts.
    calibration : Calibration
        Constants of training.

    Returns
    -------
    Breakdown
        Arrays of shape (N,). [s]

    Notes
    -----
    Frozen products take two passes instead of three; adapters add theirs to `compute`. NF4 weights are read and
    written once in 16 bits for every pass over them, :math:`n_{pass} (b_{NF4} + 2) P / B`, under `elementwise`.
    Gradients of adapters alone are reduced; at ZeRO stage 3 frozen weights are gathered as they are stored.
    """
    terms = layer_terms(columns, layout, calibration)
    parameters = memory.rank_parameters(columns, layout)
    if tuning.method == "full":
        return assemble(columns, layout, terms, parameters, calibration)
    frozen = FROZEN_PASSES / flops.TRAINING_OVER_FORWARD
    added = adapter_time_s(job.model, tuning.rank, tuning.targets, columns, layout, calibration)
    elementwise = terms.elementwise
    if tuning.method == "qlora":
        passes = FROZEN_PASSES + np.where(layout.recompute > FULL_RECOMPUTE_CODE, 1.0, 0.0)
        held = memory.model_parameters(columns)
        each = (held.trunk / layout.tensor + held.experts / (layout.expert * layout.expert_tensor)) / job.model.layers
        rate = columns.hbm_bytes_per_s * calibration.hbm_fraction
        elementwise = elementwise + passes * each * (NF4_BYTES + FROZEN_BYTES) / rate
    head = gemm_time_s(
        flops.local_tokens(columns, layout),
        columns.model.hidden,
        columns.model.vocabulary / layout.tensor,
        columns.plain_flop_per_s,
        columns.hbm_bytes_per_s,
        FROZEN_BYTES,
        calibration.gemm_traffic_factor,
    )
    terms = terms._replace(
        matrix=frozen * terms.matrix + added,
        elementwise=elementwise,
        head=np.maximum(terms.head - (flops.TRAINING_OVER_FORWARD - FROZEN_PASSES) * head, 0.0),
    )
    adapters = adapter_parameters(job.model, tuning.rank, tuning.targets, columns, layout)
    gathered = 2.0 * data.PARAMETER_BYTES + data.GRADIENT_BYTES
    scale = np.where(layout.zero_stage > 2, 2.0 * tuning.weight_bytes / gathered, 0.0)
    moved = Shares(*(scale * kept + own for kept, own in zip(parameters, adapters, strict=True)))
    parts = assemble(columns, layout, terms, moved, calibration, 0.0)  # no gradients of frozen weights to put off
    update = assemble(columns, layout, terms, adapters, calibration).optimizer
    before = parts.total - parts.straggler - parts.data_loading
    after = before - parts.optimizer + update
    parts = parts._replace(optimizer=update, straggler=parts.straggler * after / before)
    return with_loading(columns, layout, parts)


def step_flops(tuning: Tuning, job: TrainingJob, columns: JobColumns) -> float:
    """Model FLOPs of one step: frozen products twice, attention core and adapters three times [FLOP]."""
    tokens = job.batch_sequences * job.sequence_tokens
    forward = float(forward_flops_per_token(job.model, job.sequence_tokens))
    if tuning.method == "full":
        return flops.TRAINING_OVER_FORWARD * tokens * forward
    core = job.model.layers * float(attention_core_flops_per_token(job.model, job.sequence_tokens))
    own = adapter_flops_per_token(job.model, tuning.rank, tuning.targets)
    return tokens * (FROZEN_PASSES * (forward - core) + flops.TRAINING_OVER_FORWARD * (core + own))


def _reason(job: TrainingJob, layout: Layout, columns: tuple[JobColumns, LayoutColumns], used: Memory) -> str:
    """Why a layout does not fit, with what is short and by how much; empty when it fits."""
    broken = rules.first_broken(job, layout, *columns)
    room = float(memory.usable_bytes(columns[0])[0]) / BYTES_PER_GIB
    if broken or used.total_gib <= room:
        return broken
    return (
        f"memory: needs {used.total_gib:.1f} GiB of {room:.1f} GiB usable, {used.total_gib - room:.1f} GiB short; "
        f"weights take {used.weights_gib:.1f} GiB, activations {used.activations_gib:.1f} GiB"
    )


def finetune_estimate(
    job: TrainingJob, tuning: Tuning, layout: Layout, calibration: Calibration = CALIBRATION
) -> FinetuneEstimate:
    """Predict one step of fine-tuning on a given layout.

    Parameters
    ----------
    job : TrainingJob
        Model, accelerators, sequence and batch.
    tuning : Tuning
        What is trained.
    layout : Layout
        How it is spread.
    calibration : Calibration
        Constants of training.

    Returns
    -------
    FinetuneEstimate
        A layout that does not fit is not an error: `step.fits` is false and `step.reason` says what is short.

    Raises
    ------
    InputError
        If the tuning means nothing.

    Notes
    -----
    Equations in `peak_memory`, `step_breakdown` and [1]_, [2]_.

    References
    ----------
    .. [1] E. Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models," arXiv:2106.09685, 2021.
    .. [2] T. Dettmers et al., "QLoRA: Efficient Finetuning of Quantized LLMs," arXiv:2305.14314, 2023.

    Examples
    --------
    >>> from gigawatt.engines.hardware.types import Accelerator, Fabric, Transformer
    >>> l40s = Accelerator("l40s", "ada", {"bf16": 362e12}, 48 * 2.0**30, 864e9, 8, 8, Fabric(32e9, 0.7, 5e-6),
    ...                    Fabric(25e9, 0.8, 5e-6), 350.0, 600.0, 160.0)
    >>> llama = Transformer("llama-65b", 80, 8192, 64, 64, 128, 22016, 32000)
    >>> job, tuning = TrainingJob(llama, l40s, 1, 512, 16), Tuning("qlora", 64, optimizer_bits=8)
    >>> found = finetune_estimate(job, tuning, Layout(recompute="full"))
    >>> found.step.fits, round(found.step.memory.weights_gib)
    (True, 35)
    """
    check(tuning)
    layout = replace(layout, precision=job.precision)
    columns = job_columns([job], calibration), layout_columns([layout])
    base = estimate(job, layout, calibration)
    parts = step_breakdown(tuning, job, *columns, calibration)
    total = float(parts.total[0])
    bytes_ = peak_memory(tuning, job, *columns)
    used = Memory(*(float(np.ravel(part)[0]) / BYTES_PER_GIB for part in bytes_))
    reason = _reason(job, layout, columns, used)
    model_flops = step_flops(tuning, job, columns[0])
    again = base.hardware_flops - base.model_flops
    rate = model_flops / total / job.gpus_count
    peak = peak_flop_per_s(job.accelerator, job.precision)[0]
    spread = base.high_s / base.step_time_s
    spread = spread if tuning.method == "full" else max(spread, ADAPTER_INTERVAL_FACTOR)
    tokens_per_s = job.batch_sequences * job.sequence_tokens / total
    step = StepEstimate(
        layout=layout,
        fits=not reason,
        reason=reason,
        step_time_s=total,
        low_s=total / spread,
        high_s=total * spread,
        breakdown_s={name: float(np.ravel(part)[0]) for name, part in zip(Breakdown._fields, parts, strict=True)},
        model_flops=model_flops,
        hardware_flops=model_flops + again,
        tokens_per_s=tokens_per_s,
        tokens_per_s_per_gpu=tokens_per_s / job.gpus_count,
        model_tflops_per_gpu=rate / TERA,
        mfu=rate / peak,
        hfu=(rate + again / total / job.gpus_count) / peak,
        memory=used,
        gpu_power_w=float(step_power_w(*columns, parts)[0]),
    )
    weights = float(total_parameters_count(job.model))
    own = weights if tuning.method == "full" else trainable_parameters(job.model, tuning.rank, tuning.targets)
    return FinetuneEstimate(tuning, job, step, own, weights, TRAINED_FILE_BYTES * own)
