"""Tensor parallelism, with or without sequence parallelism."""

from __future__ import annotations

import numpy as np

from gigawatt.engines.hardware.architecture import moe_layers_count
from gigawatt.engines.hardware.collectives import all_reduce_time_s, gather_time_s
from gigawatt.engines.hardware.constants import TENSOR_OVERLAP_FROM, Calibration
from gigawatt.engines.hardware.topology import ranks_inside
from gigawatt.engines.training.columns import FULL_RECOMPUTE_CODE, Column, JobColumns, LayoutColumns
from gigawatt.engines.training.parallelism.shares import Shares

ACTIVATION_BYTES = 2.0  # activations travel in 16 bits [B]
# Collectives of one dense layer, Korthikanti et al. 2022 (arXiv:2205.05198) section 4.2: forward, an all-gather before
# and a reduce-scatter after each of two blocks; the backward pass mirrors them. Re-gathering for weights is hidden.
GATHERS_FORWARD = 4.0
GATHERS_BACKWARD = 4.0
REDUCES_FORWARD = 2.0  # the same without sequence parallelism: all-reduces
REDUCES_BACKWARD = 2.0


def weights_share(job: JobColumns, layout: LayoutColumns) -> Shares:
    """Trunk and tables by the tensor degree, experts by the expert-tensor degree, norms and routers whole."""
    one = np.ones(1)
    return Shares(one / layout.tensor, one / layout.expert_tensor, one, one / layout.tensor)


def work_share(job: JobColumns, layout: LayoutColumns) -> Column:
    """Share of a layer's FLOPs that one rank does."""
    return 1.0 / layout.tensor


def exposed_time_s(job: JobColumns, layout: LayoutColumns, calibration: Calibration) -> Column:
    """Exposed collectives of one average layer and one micro-batch, forward, backward and recomputed [s].

    A mixture-of-experts layer has those of attention only; its experts gather over the expert-tensor group, see
    `expert.py`.
    """
    tokens = layout.micro_batch * job.sequence_tokens / layout.context
    message = tokens * job.model.hidden * ACTIVATION_BYTES
    inside = ranks_inside(layout.tensor, 1.0, job.domain)
    gather = gather_time_s(message, layout.tensor, inside, job.tiers)
    reduce = all_reduce_time_s(message, layout.tensor, inside, job.tiers, job.in_network_frac)
    full = layout.recompute > FULL_RECOMPUTE_CODE
    gathers = GATHERS_FORWARD + GATHERS_BACKWARD + np.where(full, GATHERS_FORWARD, 0.0)
    reduces = REDUCES_FORWARD + REDUCES_BACKWARD + np.where(full, REDUCES_FORWARD, 0.0)
    total = np.where(layout.sequence_parallel > 0, gathers * gather, reduces * reduce)
    can = (layout.tensor_overlap > 0) & (layout.sequence_parallel > 0) & (job.software_date >= TENSOR_OVERLAP_FROM)
    hidden = np.where(can, calibration.tensor_overlap, 0.0)
    moe_frac = moe_layers_count(job.model) / job.model.layers
    return total * (1.0 - hidden) * (1.0 - 0.5 * moe_frac)
