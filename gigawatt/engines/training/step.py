"""Time of one optimizer step: every cause once, summed."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from gigawatt.engines.hardware.architecture import moe_layers_count
from gigawatt.engines.hardware.constants import (
    CALIBRATION,
    STRAGGLER_FROM_COUNT,
    Calibration,
    interval_factor,
)
from gigawatt.engines.hardware.power import mean_power_w
from gigawatt.engines.training import flops, memory, rules
from gigawatt.engines.training.columns import (
    FULL_RECOMPUTE_CODE,
    Column,
    JobColumns,
    LayoutColumns,
    job_columns,
    layout_columns,
    peak_flop_per_s,
)
from gigawatt.engines.training.parallelism import context, data, expert, pipeline, tensor
from gigawatt.engines.training.parallelism.shares import Shares
from gigawatt.engines.training.types import Layout, Memory, StepEstimate, TrainingJob
from gigawatt.units import BYTES_PER_GIB

# Bytes that the optimizer moves per parameter of its shard: weight, two moments read and written in 32 bits, gradient
# read, 16-bit weight written. [B]
OPTIMIZER_TRAFFIC_BYTES = 30.0
# One direction of PCIe 5.0 x16: 16 lanes of 32 GT/s in 128b/130b (PCI-SIG, PCI Express Base Specification 5.0). [B/s]
PCIE_BYTES_PER_S = 16.0 * 32e9 * 128.0 / 130.0 / 8.0
PCIE_FRAC = 0.85  # of it that large pinned copies reach, less packet headers and flow control, ESTIMATE [-]
# Gradient out and parameter back, 16 bits each (Ren et al., "ZeRO-Offload," arXiv:2101.06840, 2021, section 3). [B]
OFFLOAD_BYTES = 4.0
# Host memory bandwidth that one accelerator's share of a host has: two sockets with eight channels of DDR5-4800 each
# behind eight accelerators, as with two Xeon 8480C in a DGX H100. [B/s]
HOST_BYTES_PER_S = 2.0 * 8.0 * 38.4e9 / 8.0
HOST_UPDATE_FRAC = 0.50  # of it that a vectorised Adam on all cores reaches, ESTIMATE [-]
TERA = 1e12


class Breakdown(NamedTuple):
    """Exposed time of one step by cause; the sum is the step [s]."""

    compute: Column
    attention: Column
    elementwise: Column
    recompute: Column
    tensor_parallel: Column
    context_parallel: Column
    expert_parallel: Column
    launch: Column
    pipeline_bubble: Column
    pipeline_transfer: Column
    data_parallel: Column
    optimizer: Column
    straggler: Column
    data_loading: Column

    @property
    def total(self) -> Column:
        """Step time [s]."""
        total = self.compute
        for part in self[1:]:
            total = total + part
        return total


def _later_of(busy: Column, host: Column) -> Column:
    """Smooth maximum of device and host time: the cubic mean, so that near-ties cost something."""
    return np.asarray(np.cbrt(busy * busy * busy + host * host * host))


def _launch_s(job: JobColumns, calibration: Calibration, busy: Column) -> Column:
    """Return what host time adds to the time of one average layer and one micro-batch [s].

    The host runs beside the device and shows only where kernels are short, as those of small experts are.
    """
    moe_frac = moe_layers_count(job.model) / job.model.layers
    moe = calibration.moe_launch_s * job.moe_launch_factor
    dense = (1.0 - moe_frac) * calibration.dense_launch_s
    return _later_of(busy, dense) + moe_frac * _later_of(busy, moe) - (1.0 + moe_frac) * busy


class LayerTerms(NamedTuple):
    """Time of one average layer and one micro-batch on one rank by cause, and of the output head [s].

    They depend on the degrees within a stage and on the micro-batch alone, not on stages or replicas: a search works
    them out once for many layouts.
    """

    matrix: Column
    core: Column
    elementwise: Column
    recompute: Column
    tensor: Column
    context: Column
    expert: Column
    launch: Column
    head: Column

    @property
    def layer_s(self) -> Column:
        """Time of the layer [s]."""
        total = self.matrix
        for part in self[1:-1]:
            total = total + part
        return total


def layer_terms(job: JobColumns, layout: LayoutColumns, calibration: Calibration) -> LayerTerms:
    """Time of one average layer and one micro-batch by cause [s]."""
    kernels = flops.layer_time(job, layout, calibration)
    repeats = np.where(layout.recompute > FULL_RECOMPUTE_CODE, 1.0, 0.0)
    tensor_s = tensor.exposed_time_s(job, layout, calibration)
    context_s = context.exposed_time_s(job, layout, calibration, kernels.core, repeats)
    expert_s = expert.exposed_time_s(job, layout, calibration) if np.any(job.model.experts > 0) else np.zeros(1)
    busy = kernels.matrix + kernels.core + kernels.elementwise + kernels.recompute + tensor_s + context_s + expert_s
    launch = _launch_s(job, calibration, busy)
    head = flops.head_time_s(job, layout, calibration)
    return LayerTerms(*kernels, tensor_s, context_s, expert_s, launch, head)


def loading_s(job: JobColumns, layout: LayoutColumns) -> Column:
    """Time that a host's loader takes for one step's tokens, beside the step [s].

    Each data-parallel rank of a host reads its own sequences; ranks that share a sequence read it once.
    """
    readers = np.ceil(job.node / (layout.tensor * layout.context))
    sequences = np.minimum(readers, layout.data) * job.batch_sequences / layout.data
    return np.asarray(sequences * job.sequence_tokens / job.loader_tokens_per_s)


def with_loading(job: JobColumns, layout: LayoutColumns, parts: Breakdown) -> Breakdown:
    """Put in what the loader takes longer than the rest of the step."""
    rest = parts._replace(data_loading=np.zeros(1)).total
    return parts._replace(data_loading=np.maximum(loading_s(job, layout) - rest, 0.0))


def optimizer_s(job: JobColumns, layout: LayoutColumns, updated: Column) -> Column:
    r"""Time of the update of a rank's shard [s].

    Parameters
    ----------
    job, layout : JobColumns, LayoutColumns
        Columns that broadcast against each other.
    updated : array
        Parameters that the rank updates. [-]

    Returns
    -------
    array
        [s]

    Notes
    -----
    Traffic :math:`b` a parameter over memory bandwidth. Offloaded, the host moves the same bytes in its own memory,
    between gradients out and parameters back, nothing beside anything else [1]_:
    :math:`N (b / B_{host} + 4 / B_{PCIe})`.

    References
    ----------
    .. [1] J. Ren et al., "ZeRO-Offload: Democratizing Billion-Scale Model Training," USENIX ATC, 2021.
    """
    saved = memory.OPTIMIZER_BYTES - memory.optimizer_bytes(layout)  # of moments, which are read and written
    moved = updated * (OPTIMIZER_TRAFFIC_BYTES - 2.0 * saved)
    host = moved / (HOST_BYTES_PER_S * HOST_UPDATE_FRAC) + updated * OFFLOAD_BYTES / (PCIE_BYTES_PER_S * PCIE_FRAC)
    return np.where(layout.offload > 0, host, moved / (job.hbm_bytes_per_s * job.hbm_frac))


def assemble(
    job: JobColumns,
    layout: LayoutColumns,
    terms: LayerTerms,
    parameters: Shares,
    calibration: Calibration,
    weight_gradient_frac: float = pipeline.WEIGHT_GRADIENT_FRAC,
) -> Breakdown:
    """Build the step from the time of a layer and the parameters of a rank; see `breakdown`.

    `weight_gradient_frac` is the share of the time of products that forms weight gradients.
    """
    split = pipeline.stages(job, layout)
    micro_batches = pipeline.micro_batches(job, layout)
    layers = micro_batches * split.fullest
    layer_s = terms.layer_s
    head = terms.head + job.model.mtp_layers * (terms.head + layer_s)
    head = np.maximum(head - (split.fullest - split.last) * layer_s, 0.0)
    stage_s = split.fullest * layer_s
    trunk = parameters.trunk + parameters.norms + parameters.tables
    data_s = data.exposed_time_s(job, layout, calibration, trunk, parameters.experts, micro_batches, stage_s + head)
    share = data.optimizer_share(layout)
    updated = trunk * share.trunk + parameters.experts * share.experts
    hbm_rate = job.hbm_bytes_per_s * job.hbm_frac
    summed = np.where(layout.zero_stage > 2, updated, trunk + parameters.experts) * np.maximum(micro_batches - 1.0, 0.0)
    accumulation = summed * job.accumulation_bytes / hbm_rate
    slow = calibration.straggler_per_doubling * np.log2(np.maximum(job.gpus / STRAGGLER_FROM_COUNT, 1.0))
    factor = job.stack_factor
    scaled = factor * layers
    weights_frac = weight_gradient_frac * terms.matrix / layer_s
    parts = Breakdown(
        compute=scaled * terms.matrix + factor * micro_batches * head,
        attention=scaled * terms.core,
        elementwise=scaled * terms.elementwise + factor * accumulation,
        recompute=scaled * terms.recompute,
        tensor_parallel=scaled * terms.tensor,
        context_parallel=scaled * terms.context,
        expert_parallel=scaled * terms.expert,
        launch=scaled * terms.launch + calibration.fixed_step_s,
        pipeline_bubble=factor * pipeline.bubble_slots(layout, calibration, weights_frac) * stage_s,
        pipeline_transfer=factor * pipeline.exposed_time_s(job, layout, calibration),
        data_parallel=factor * data_s,
        optimizer=factor * optimizer_s(job, layout, updated),
        straggler=np.zeros(1),
        data_loading=np.zeros(1),
    )
    return with_loading(job, layout, parts._replace(straggler=slow * parts.total))


def breakdown(job: JobColumns, layout: LayoutColumns, calibration: Calibration = CALIBRATION) -> Breakdown:
    r"""Exposed time of one step by cause.

    Parameters
    ----------
    job, layout : JobColumns, LayoutColumns
        Columns that broadcast against each other.
    calibration : Calibration
        Constants.

    Returns
    -------
    Breakdown
        Arrays of shape (N,). [s]

    Notes
    -----
    With :math:`n` layers on the fullest stage, :math:`m` micro-batches and :math:`t` the time of one layer and
    micro-batch, :math:`T = m (n t + t_{head}) + n t (p-1)/v + t_{send} + t_{data} + t_{optimizer} + t_{fixed}`, times
    the straggler and software factors. The loader works beside the step; what it takes longer is added.
    """
    return assemble(
        job, layout, layer_terms(job, layout, calibration), memory.rank_parameters(job, layout), calibration
    )


def step_power_w(job: JobColumns, layout: LayoutColumns, parts: Breakdown) -> Column:
    """Mean all-in IT power per accelerator, which idles while the host updates [W]."""
    total = parts.total
    matrix = (parts.compute + parts.attention + parts.recompute) / total
    moving = (parts.elementwise + memory.on_accelerator(layout) * parts.optimizer) / total
    network = parts.tensor_parallel + parts.context_parallel + parts.expert_parallel + parts.pipeline_transfer
    network = (network + parts.data_parallel) / total
    return np.asarray(mean_power_w(job.idle_w, job.system_w, matrix, moving, network))


def _why_not(job: TrainingJob, layout: Layout, columns: tuple[JobColumns, LayoutColumns], used: Memory) -> str:
    """Why a layout does not fit, with what is short and by how much; empty when it fits."""
    accelerator = job.accelerator
    if peak_flop_per_s(accelerator, job.precision)[1] != job.precision:
        offered = ", ".join(sorted(accelerator.dense_flop_per_s))
        return f"{accelerator.name} has no {job.precision} products; it offers {offered}"
    broken = rules.first_broken(job, layout, *columns)
    if broken:
        return broken
    room = float(memory.usable_bytes(columns[0])[0]) / BYTES_PER_GIB
    if used.total_gib <= room:
        return ""
    parts = {
        "weights": used.weights_gib,
        "gradients": used.gradients_gib,
        "optimizer": used.optimizer_gib,
        "activations": used.activations_gib,
        "buffers": used.buffers_gib,
    }
    largest = max(parts, key=lambda name: parts[name])
    return (
        f"memory: needs {used.total_gib:.1f} GiB of {room:.1f} GiB usable, {used.total_gib - room:.1f} GiB short; "
        f"the largest part is {largest} with {parts[largest]:.1f} GiB"
    )


def _memory(bytes_: memory.MemoryBytes, row: int) -> Memory:
    """One row of memory in GiB."""
    return Memory(*(float(np.broadcast_to(part, np.shape(bytes_.total))[row]) / BYTES_PER_GIB for part in bytes_))


def estimate(job: TrainingJob, layout: Layout, calibration: Calibration = CALIBRATION) -> StepEstimate:
    """Predict one step of a job on a given layout.

    Parameters
    ----------
    job : TrainingJob
        What is trained, on what.
    layout : Layout
        How it is spread.
    calibration : Calibration
        Constants; the calibrated ones by default.

    Returns
    -------
    StepEstimate
        A layout that does not fit is not an error: `fits` is false and `reason` says what is short and by how much.

    Examples
    --------
    >>> from gigawatt.engines.hardware.types import Accelerator, Fabric, Transformer
    >>> h100 = Accelerator("h100", "hopper", {"bf16": 989e12}, 80e9, 3.35e12, 8, 8, Fabric(450e9, 0.8, 1.5e-6),
    ...                    Fabric(50e9, 0.8, 5e-6), 700.0, 1400.0, 400.0)
    >>> llama = Transformer("llama-3-8b", 32, 4096, 32, 8, 128, 14336, 128256)
    >>> step = estimate(TrainingJob(llama, h100, 8, 8192, 128), Layout(data_parallel=8, tensor_parallel=1))
    >>> step.fits, step.reason[:22]
    (False, 'memory: needs 99.7 GiB')
    """
    layout = replace(layout, precision=job.precision)
    columns = job_columns([job], calibration), layout_columns([layout])
    parts = breakdown(*columns, calibration)
    total = float(parts.total[0])
    model_flops, hardware_flops = (float(value[0]) for value in flops.step_flops(*columns))
    used = _memory(memory.peak(*columns), 0)
    reason = _why_not(job, layout, columns, used)
    tokens_per_s = job.batch_sequences * job.sequence_tokens / total
    peak = peak_flop_per_s(job.accelerator, job.precision)[0] * job.gpus_count
    spread = interval_factor(job.model.experts > 0, job.accelerator.name, job.accelerator.generation)
    return StepEstimate(
        layout=layout,
        fits=not reason,
        reason=reason,
        step_time_s=total,
        low_s=total / spread,
        high_s=total * spread,
        breakdown_s={
            name: float(part[0]) for name, part in zip(Breakdown._fields, np.broadcast_arrays(*parts), strict=True)
        },
        model_flops=model_flops,
        hardware_flops=hardware_flops,
        tokens_per_s=tokens_per_s,
        tokens_per_s_per_gpu=tokens_per_s / job.gpus_count,
        model_tflops_per_gpu=model_flops / total / job.gpus_count / TERA,
        mfu=model_flops / total / peak,
        hfu=hardware_flops / total / peak,
        memory=used,
        gpu_power_w=float(step_power_w(*columns, parts)[0]),
    )
