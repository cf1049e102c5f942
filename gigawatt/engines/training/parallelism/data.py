"""Data parallelism, with ZeRO sharding of optimizer state, gradients and parameters."""

from __future__ import annotations

import numpy as np

from gigawatt.engines.hardware.collectives import gather_time_s
from gigawatt.engines.hardware.constants import Calibration
from gigawatt.engines.hardware.topology import ranks_inside
from gigawatt.engines.training.columns import Column, JobColumns, LayoutColumns
from gigawatt.engines.training.parallelism.shares import Shares

PARAMETER_BYTES = 2.0  # parameters are gathered in 16 bits [B]
GRADIENT_BYTES = 2.0  # gradients are reduced in 16 bits, as the published recipes do [B]


def trunk_ranks(layout: LayoutColumns) -> Column:
    """Ranks that share the gradients of everything but routed experts [-]."""
    return layout.data * layout.context


def expert_ranks(layout: LayoutColumns) -> Column:
    """Ranks that share the gradients of an expert [-]."""
    ranks = layout.tensor * layout.context * layout.data / (layout.expert * layout.expert_tensor)
    return np.asarray(np.maximum(ranks, 1.0))


def _sharded(layout: LayoutColumns, ranks: Column) -> Column:
    """Ranks over which state is sharded: all, or one of as many equal parts as the sharding group leaves of the trunk.

    Experts have ranks of their own and are sharded in the same number of parts.
    """
    group = np.where(layout.shard_group > 0, layout.shard_group, trunk_ranks(layout))
    parts = np.maximum(trunk_ranks(layout) / group, 1.0)
    return np.asarray(np.maximum(ranks / parts, 1.0))


def optimizer_share(layout: LayoutColumns) -> Shares:
    """Share of optimizer state on one rank: all of it at ZeRO stage 0, else one over the sharding ranks."""
    on = layout.zero_stage > 0
    trunk = np.where(on, 1.0 / _sharded(layout, trunk_ranks(layout)), 1.0)
    experts = np.where(on, 1.0 / _sharded(layout, expert_ranks(layout)), 1.0)
    return Shares(trunk, experts, trunk, trunk)


def gradient_share(layout: LayoutColumns) -> Shares:
    """Share of gradients: sharded from ZeRO stage 2 on."""
    on = layout.zero_stage > 1
    return Shares(*(np.where(on, share, 1.0) for share in optimizer_share(layout)))


def weights_share(job: JobColumns, layout: LayoutColumns) -> Shares:
    """Share of weights: sharded at ZeRO stage 3."""
    on = layout.zero_stage > 2
    return Shares(*(np.where(on, share, 1.0) for share in optimizer_share(layout)))


def work_share(job: JobColumns, layout: LayoutColumns) -> Column:
    """Share of the batch's sequences."""
    return 1.0 / layout.data


def exposed_time_s(
    job: JobColumns,
    layout: LayoutColumns,
    calibration: Calibration,
    trunk_parameters: Column,
    expert_parameters: Column,
    micro_batches: Column,
    micro_batch_s: Column,
) -> Column:
    """Exposed gradient reduction and parameter gathering over the whole step.

    Parameters
    ----------
    job, layout, calibration
        Columns and constants.
    trunk_parameters, expert_parameters : array
        Parameters of a rank, before ZeRO: without and of the routed experts. [-]
    micro_batches : array
        Per step. [-]
    micro_batch_s : array
        Time of one micro-batch on the fullest stage, which can hide traffic. [s]

    Returns
    -------
    array
        [s]

    Notes
    -----
    Stages 0 to 2 reduce gradients and gather parameters once a step, beside the last backward and the next
    forward micro-batch. Stage 3 gathers twice and reduces once for every micro-batch. Outside the sharding group the
    gradients of the shards are reduced once more.
    """
    full = layout.zero_stage > 2
    window = calibration.data_window * micro_batch_s
    sent = PARAMETER_BYTES + GRADIENT_BYTES
    within, across = _traffic_s(job, layout, trunk_parameters, expert_parameters, sent)
    once = within + across
    once_exposed = np.maximum(once * (1.0 - calibration.data_overlap), once - window)
    sent = 2.0 * PARAMETER_BYTES + GRADIENT_BYTES
    within, across = _traffic_s(job, layout, trunk_parameters, expert_parameters, sent)
    missed = within * (1.0 - calibration.sharded_overlap_inside) + across * (1.0 - calibration.sharded_overlap)
    each_exposed = micro_batches * np.maximum(missed, within + across - window)
    return np.where(full, each_exposed, once_exposed)


def _traffic_s(
    job: JobColumns, layout: LayoutColumns, trunk_parameters: Column, expert_parameters: Column, sent_bytes: float
) -> tuple[Column, Column]:
    """Time of gathering and reducing a rank's parameters once: inside scale-up domains, and between them."""
    within, across = np.zeros(1), np.zeros(1)
    for parameters, ranks, stride in (
        (trunk_parameters, trunk_ranks(layout), layout.tensor),
        (expert_parameters, expert_ranks(layout), layout.expert * layout.expert_tensor),
    ):
        group = _sharded(layout, ranks)
        inside = ranks_inside(group, stride, job.domain)
        message = parameters * sent_bytes
        whole = gather_time_s(message, group, inside, job.tiers)
        near = gather_time_s(message, inside, inside, job.tiers)
        replicas = ranks / group
        outer = ranks_inside(replicas, stride * group, job.domain)
        shard = parameters / group * GRADIENT_BYTES
        beyond = whole - near + 2.0 * gather_time_s(shard, replicas, outer, job.tiers)
        within = within + np.where(parameters > 0, near, 0.0)  # no message, no latency
        across = across + np.where(parameters > 0, beyond, 0.0)
    return within, across
