"""The smallest hardware that fine-tunes a model: fewest accelerators first, then the fastest layout on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np

from gigawatt.engines.hardware.constants import CALIBRATION, Calibration
from gigawatt.engines.training import memory, rules
from gigawatt.engines.training.columns import JobColumns, job_columns, layout_columns
from gigawatt.engines.training.finetune import finetune_estimate, peak_memory, step_breakdown
from gigawatt.engines.training.search import search
from gigawatt.engines.training.tuning import MOMENTS_BYTES, FinetuneEstimate, Tuning
from gigawatt.engines.training.types import Layout, Recompute, TrainingJob
from gigawatt.errors import InfeasibleError
from gigawatt.units import BYTES_PER_GIB

LARGEST_TENSOR_COUNT = 16  # tensor parallelism beyond this is not used to fine-tune [-]
LARGEST_MICRO_BATCH_COUNT = 16
SHORTEST_PART_TOKENS = 4096  # tokens of a sequence per context-parallel rank below which it is not split here [-]
LARGEST_COUNT = 1024  # accelerators beyond which the search gives up [-]
RECOMPUTES: tuple[Recompute, ...] = ("none", "selective", "full")
ZERO_STAGES = (1, 3)  # replicated weights, or fully sharded


def _powers(limit: int) -> list[int]:
    """Powers of two up to a limit."""
    return [1 << exponent for exponent in range(max(limit, 1).bit_length())]


def accelerator_counts(node_count: int, largest_count: int = LARGEST_COUNT, *, whole_nodes: bool = False) -> list[int]:
    """Accelerators to try, fewest first: parts of a node unless it is to be whole, then nodes in powers of two.

    Examples
    --------
    >>> accelerator_counts(8, 32), accelerator_counts(6, 24)
    ([1, 2, 4, 8, 16, 32], [1, 2, 4, 6, 12, 24])
    """
    inside = [] if whole_nodes else [count for count in _powers(node_count) if count < node_count]
    outside = [node_count * nodes for nodes in _powers(max(largest_count // node_count, 1))]
    return [*inside, *outside]


def layouts_of(job: TrainingJob) -> Iterator[Layout]:
    """Layouts to try: tensor parallelism in a scale-up domain, data parallelism or FSDP across, no pipeline."""
    gpus, model = job.gpus_count, job.model
    domain = min(job.accelerator.scale_up_domain_count, LARGEST_TENSOR_COUNT, gpus)
    tensors = [count for count in _powers(domain) if gpus % count == 0 and model.heads % count == 0]
    contexts = _powers(job.sequence_tokens // SHORTEST_PART_TOKENS)
    experts = [count for count in _powers(gpus) if model.experts % count == 0] if model.experts else [1]
    micros = _powers(min(LARGEST_MICRO_BATCH_COUNT, job.batch_sequences))
    for tensor, context, expert, micro, recompute, zero in product(
        tensors, contexts, experts, micros, RECOMPUTES, ZERO_STAGES
    ):
        if gpus % (tensor * context) == 0:
            yield Layout(
                tensor_parallel=tensor,
                data_parallel=gpus // (tensor * context),
                context_parallel=context,
                expert_parallel=expert,
                micro_batch=micro,
                recompute=recompute,
                zero_stage=zero,
                precision=job.precision,
            )


def fastest_layout(
    job: TrainingJob, tuning: Tuning, calibration: Calibration = CALIBRATION
) -> tuple[Layout | None, str]:
    """Find the fastest layout that fits a number of accelerators.

    Parameters
    ----------
    job : TrainingJob
    tuning : Tuning
    calibration : Calibration

    Returns
    -------
    tuple of Layout or None, str
        The layout; without one, what is short and by how much.

    Notes
    -----
    All weights with 32-bit moments are plain training, and every layout of `search` is tried. With adapters or 8-bit
    moments those of `layouts_of` are: fine-tuning libraries shard weights rather than cut a model into stages.
    """
    if tuning.method == "full" and tuning.moments_bytes == MOMENTS_BYTES:
        training = search(job, 1, calibration=calibration)
        return (training.best.layout, "") if training.best else (None, training.reason)
    found = list(layouts_of(job))
    columns: JobColumns = job_columns([job], calibration)
    allowed = rules.mask(columns, layout_columns(found))
    found = [layout for layout, holds in zip(found, np.broadcast_to(allowed, len(found)), strict=True) if holds]
    if not found:
        return None, f"a batch of {job.batch_sequences} sequences does not split over {job.gpus_count} accelerators"
    used = np.broadcast_to(peak_memory(tuning, job, columns, layout_columns(found)).total, len(found))
    room = float(memory.usable_bytes(columns)[0])
    inside = np.flatnonzero(used <= room)
    if not inside.size:
        needed = float(used.min())
        return None, (
            f"memory: the leanest of {len(found)} layouts needs {needed / BYTES_PER_GIB:.1f} GiB of "
            f"{room / BYTES_PER_GIB:.1f} GiB usable on each of {job.gpus_count:,} {job.accelerator.name}, "
            f"{(needed - room) / BYTES_PER_GIB:.1f} GiB short"
        )
    fitting = [found[row] for row in inside]
    times = np.broadcast_to(
        step_breakdown(tuning, job, columns, layout_columns(fitting), calibration).total, len(fitting)
    )
    return fitting[int(np.lexsort((used[inside], times))[0])], ""


def smallest_hardware(
    job: TrainingJob,
    tuning: Tuning,
    largest_count: int = LARGEST_COUNT,
    calibration: Calibration = CALIBRATION,
    *,
    whole_nodes: bool = False,
) -> FinetuneEstimate:
    """Find the fewest accelerators, and so the fewest nodes, that fine-tune a model.

    Parameters
    ----------
    job : TrainingJob
        Model, accelerator, sequence and batch; its number of accelerators is not used.
    tuning : Tuning
        What is trained.
    largest_count : int
        Accelerators to try at most.
    calibration : Calibration
        Constants of training.
    whole_nodes : bool
        Take whole nodes only: fewer hours for a stream of runs, where small jobs would fill their memory with weights.

    Returns
    -------
    FinetuneEstimate
        On the fewest accelerators of `accelerator_counts`, in the layout of `fastest_layout`.

    Raises
    ------
    InfeasibleError
        If not even the largest number fits; says what is short and by how much.
    """
    reason = ""
    for count in accelerator_counts(job.accelerator.accelerators_per_node, largest_count, whole_nodes=whole_nodes):
        tried = replace(job, gpus_count=count)
        layout, why = fastest_layout(tried, tuning, calibration)
        if layout is not None:
            return finetune_estimate(tried, tuning, layout, calibration)
        reason = why if why.startswith("memory") or not reason else reason
    message = f"{job.model.name} cannot be fine-tuned ({tuning.method}) on {job.accelerator.name}: {reason}"
    raise InfeasibleError(message)
