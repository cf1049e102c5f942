"""Rules that a layout must meet, apart from memory. One row each: a check on columns and a sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.training.columns import DUALPIPE_CODE, ZERO_BUBBLE_CODE, JobColumns, LayoutColumns
from gigawatt.engines.training.types import Layout, TrainingJob

Mask = NDArray[np.bool_]
# Micro-batches over stages that DualPipe needs: its published code (deepseek-ai/DualPipe) refuses fewer. [-]
DUALPIPE_ROUNDS_COUNT = 2.0


class Rule(NamedTuple):
    """A rule: where it holds, and what to say where it does not."""

    holds: Callable[[JobColumns, LayoutColumns], Mask]
    says: Callable[[TrainingJob, Layout], str]


def _micro_batches(job: JobColumns, lay: LayoutColumns) -> NDArray[np.float64]:
    """Micro-batches that one pipeline runs per step."""
    return np.asarray(job.batch_sequences / (lay.data * lay.micro_batch))


def _divides(number: NDArray[np.float64], by: NDArray[np.float64]) -> Mask:
    """Whether `by` divides `number`, for whole numbers held as floats."""
    return np.asarray(np.fmod(number, by) == 0.0)


RULES: tuple[Rule, ...] = (
    Rule(
        lambda job, lay: np.asarray(lay.tensor * lay.pipeline * lay.context * lay.data == job.gpus),
        lambda job, lay: (
            f"tensor {lay.tensor_parallel} x pipeline {lay.pipeline_parallel} x context {lay.context_parallel} x data "
            f"{lay.data_parallel} is {lay.gpus_count}, but the job has {job.gpus_count} accelerators"
        ),
    ),
    Rule(
        lambda job, lay: _divides(job.batch_sequences, lay.data * lay.micro_batch),
        lambda job, lay: (
            f"a batch of {job.batch_sequences} sequences does not split into data {lay.data_parallel} x micro-batch "
            f"{lay.micro_batch} = {lay.data_parallel * lay.micro_batch}"
        ),
    ),
    Rule(
        lambda job, lay: _divides(job.model.heads, lay.tensor),
        lambda job, lay: f"{job.model.heads} heads do not split over tensor {lay.tensor_parallel}",
    ),
    Rule(
        lambda job, lay: (lay.context == 1.0) | _divides(job.sequence_tokens, 2.0 * lay.context),
        lambda job, lay: (
            f"a sequence of {job.sequence_tokens} tokens does not split into 2 x context {lay.context_parallel}"
        ),
    ),
    Rule(
        lambda job, lay: np.asarray(lay.pipeline * lay.virtual_stages <= job.model.layers + 2.0),
        lambda job, lay: (
            f"pipeline {lay.pipeline_parallel} x virtual {lay.virtual_stages} exceeds the {job.model.layers} layers"
        ),
    ),
    Rule(
        lambda job, lay: (lay.virtual_stages == 1.0) | (lay.pipeline > 1.0),
        lambda job, lay: f"virtual stages {lay.virtual_stages} need a pipeline",
    ),
    Rule(
        lambda job, lay: (lay.schedule != ZERO_BUBBLE_CODE) | (lay.virtual_stages == 1.0),
        lambda job, lay: f"the zero-bubble schedule has no virtual stages, but the layout has {lay.virtual_stages}",
    ),
    Rule(
        lambda job, lay: (lay.schedule != ZERO_BUBBLE_CODE) | (_micro_batches(job, lay) >= lay.pipeline),
        lambda job, lay: (
            f"the zero-bubble schedule needs at least as many micro-batches as stages, {lay.pipeline_parallel}"
        ),
    ),
    Rule(
        lambda job, lay: (
            (lay.schedule != DUALPIPE_CODE)
            | (
                (lay.virtual_stages == 1.0)
                & (np.fmod(lay.pipeline, 2.0) == 0.0)
                & (_micro_batches(job, lay) >= DUALPIPE_ROUNDS_COUNT * lay.pipeline)
            )
        ),
        lambda job, lay: (
            f"DualPipe runs an even pipeline from both ends, without virtual stages, on at least 2 x "
            f"{lay.pipeline_parallel} micro-batches"
        ),
    ),
    Rule(
        lambda job, lay: (lay.expert == 1.0) | ((job.model.experts > 0) & _divides(job.model.experts, lay.expert)),
        lambda job, lay: f"{job.model.experts} experts do not split over expert {lay.expert_parallel}",
    ),
    Rule(
        lambda job, lay: _divides(lay.tensor * lay.context * lay.data, lay.expert * lay.expert_tensor),
        lambda job, lay: (
            f"expert {lay.expert_parallel} x expert-tensor {lay.expert_tensor_parallel} does not divide the "
            f"{lay.tensor_parallel * lay.context_parallel * lay.data_parallel} accelerators of a pipeline stage"
        ),
    ),
)


def mask(job: JobColumns, layout: LayoutColumns) -> Mask:
    """Where all rules hold."""
    holds = RULES[0].holds(job, layout)
    for rule in RULES[1:]:
        holds = holds & rule.holds(job, layout)
    return holds


def first_broken(job: TrainingJob, layout: Layout, job_columns: JobColumns, layout_columns: LayoutColumns) -> str:
    """Return the sentence of the first rule that does not hold, or an empty string."""
    for rule in RULES:
        if not bool(np.all(rule.holds(job_columns, layout_columns))):
            return rule.says(job, layout)
    return ""
