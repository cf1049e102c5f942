"""Pipeline parallelism: layers over ranks, plain or interleaved 1F1B, DualPipe, or zero-bubble (ZB-H1)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gigawatt.engines.hardware.collectives import send_time_s
from gigawatt.engines.hardware.constants import Calibration
from gigawatt.engines.hardware.topology import crosses_domain
from gigawatt.engines.training.columns import DUALPIPE_CODE, ZERO_BUBBLE_CODE, Column, JobColumns, LayoutColumns
from gigawatt.engines.training.parallelism.shares import Shares

WEIGHT_GRADIENT_FRAC = 1.0 / 3.0  # of the time of products: one of their three passes forms weight gradients [-]
BOUNDARY_BYTES = 2.0  # activations between stages travel in 16 bits [B]


class Stages(NamedTuple):
    """How the layers fall on the stages [-]."""

    fullest: Column  # layers of the fullest stage
    last: Column  # layers of the last stage, which also holds the output head


def stages(job: JobColumns, layout: LayoutColumns) -> Stages:
    """Split the layers: whole layers per chunk; where they do not divide, the first and last stage get fewer.

    Llama 3 405B has 126 layers on 16 stages: eight each, seven on the first and the last [1]_.

    References
    ----------
    .. [1] Llama team, "The Llama 3 Herd of Models," arXiv:2407.21783, 2024, section 3.3.2.
    """
    chunks = layout.pipeline * layout.virtual_stages
    fullest = np.ceil(job.model.layers / chunks) * layout.virtual_stages
    short = np.maximum(fullest * layout.pipeline - job.model.layers, 0.0)
    last = np.where(layout.pipeline > 1, np.maximum(fullest - np.ceil(short / 2.0), 0.0), fullest)
    return Stages(fullest, last)


def weights_share(job: JobColumns, layout: LayoutColumns) -> Shares:
    """Share of the layers on the fullest stage; a vocabulary table lies whole on the first and last stage."""
    copies = np.where(layout.schedule == DUALPIPE_CODE, 2.0, 1.0)
    share = stages(job, layout).fullest / job.model.layers * copies
    return Shares(share, share, share, np.ones(1))


def work_share(job: JobColumns, layout: LayoutColumns) -> Column:
    """Share of the layers on the fullest stage."""
    return stages(job, layout).fullest / job.model.layers


def micro_batches(job: JobColumns, layout: LayoutColumns) -> Column:
    """Micro-batches that one pipeline runs per step [-]."""
    return np.asarray(job.batch_sequences / (layout.data * layout.micro_batch))


def bubble_slots(
    layout: LayoutColumns, calibration: Calibration, weight_gradient_frac: Column | float = WEIGHT_GRADIENT_FRAC
) -> Column:
    r"""Idle time of a stage, in passes of one micro-batch through the stage.

    Parameters
    ----------
    layout, calibration
        Columns and constants.
    weight_gradient_frac : float or array
        Share of a pass, forward and backward, that forms weight gradients. [-]

    Returns
    -------
    array
        [-]

    Notes
    -----
    :math:`(p - 1) / v` [1]_; DualPipe about half of that [2]_. ZB-H1 puts off weight gradients and fills the drain with
    them: :math:`(p - 1)(t_f + t_b - t_w)`, with :math:`t_b` the input and :math:`t_w` the weight gradients [3]_; a pass
    is :math:`t_f + t_b + t_w`, so :math:`(p - 1)(1 - 2 t_w)` passes.

    References
    ----------
    .. [1] D. Narayanan et al., "Efficient Large-Scale Language Model Training on GPU Clusters Using Megatron-LM,"
       SC21, section 2.2.
    .. [2] DeepSeek-AI, "DeepSeek-V3 Technical Report," arXiv:2412.19437, 2024, table 2.
    .. [3] P. Qi et al., "Zero Bubble Pipeline Parallelism," arXiv:2401.10241, 2023, section 2.3.
    """
    slots = (layout.pipeline - 1.0) / layout.virtual_stages
    left = np.where(layout.schedule == ZERO_BUBBLE_CODE, 1.0 - 2.0 * weight_gradient_frac, 1.0)
    return np.asarray(slots * np.where(layout.schedule == DUALPIPE_CODE, calibration.dualpipe_bubble, left))


def in_flight(job: JobColumns, layout: LayoutColumns) -> Column:
    """Micro-batches whose activations the first stage holds at once, in units of a whole stage [-]."""
    pipeline, virtual = layout.pipeline, layout.virtual_stages
    plain = np.where(virtual > 1, pipeline + (pipeline - 1.0) / virtual, pipeline)
    plain = plain + (layout.schedule == DUALPIPE_CODE)
    return np.asarray(np.minimum(plain, np.maximum(micro_batches(job, layout), 1.0)))


def exposed_time_s(job: JobColumns, layout: LayoutColumns, calibration: Calibration) -> Column:
    """Exposed transfers between stages over the whole step [s]."""
    tokens = layout.micro_batch * job.sequence_tokens / layout.context
    message = tokens * job.model.hidden * BOUNDARY_BYTES / layout.tensor
    stride = layout.tensor * layout.context * layout.data
    crosses = crosses_domain(layout.pipeline, stride, job.domain)
    transfer = send_time_s(message, crosses, job.tiers)
    steady = 2.0 * layout.virtual_stages * micro_batches(job, layout) * calibration.pipeline_transfer_exposed
    fill = 2.0 * (layout.pipeline - 1.0)
    return np.where(layout.pipeline > 1, (steady + fill) * transfer, 0.0)
